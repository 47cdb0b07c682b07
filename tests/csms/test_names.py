from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from csms.commands import UnsayableError
from csms.names import Name, setting_name, split_name

IDENTIFIER = "abcXYZ019*-_=:+|@."  # what OCPP 2.x allows in identifiers
WORDS = st.text(IDENTIFIER, min_size=1, max_size=50)
INSTANCES = st.just("") | WORDS
PLACES = st.just((0, 0)) | st.tuples(st.integers(1, 99), st.just(0)) | st.tuples(st.integers(1, 99), st.integers(1, 9))


@given(WORDS, WORDS, INSTANCES, INSTANCES, PLACES)
def test_every_variable_can_be_named_in_one_line(
    component: str, variable: str, component_instance: str, instance: str, place: tuple[int, int]
):
    evse, connector = place
    where = SimpleNamespace(id=evse, connectorId=connector or UNSET) if evse else UNSET
    wire_component = SimpleNamespace(name=component, instance=component_instance or UNSET, evse=where)
    wire_variable = SimpleNamespace(name=variable, instance=instance or UNSET)
    name = setting_name(wire_component, wire_variable)  # type: ignore[arg-type]
    assert split_name(name) == Name(component, variable, component_instance, instance, evse, connector)


@given(st.text(max_size=30) | st.text("/#1aé²", max_size=12))
def test_any_text_is_a_name_or_refused_with_how_to_write_one(text: str):
    try:
        parts = split_name(text)
    except UnsayableError as error:
        assert "write component/variable" in str(error)  # noqa: PT017 - it need not be refused
    else:
        assert parts.component
        assert parts.variable


@pytest.mark.parametrize("name", ["#x/Power", "EVSE/#x"])
def test_an_instance_alone_is_no_name(name: str):
    with pytest.raises(UnsayableError):
        split_name(name)
