"""How facts and sessions lie in the journal's rows."""

from __future__ import annotations

import hashlib
import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.facts import AnyFact
from agent.core.values import ChargingState, Measurand, Reading, ReadingContext, SampledValue
from agent.runtime.packing import DICTIONARY_1, MAX_BYTES, PackingError, pack, unpack
from tests.agent.runtime.facts import updated

ENCODE = msgspec.msgpack.encode


def test_the_dictionary_of_what_is_stored_already_never_changes():
    digest = hashlib.sha256(DICTIONARY_1).hexdigest()
    assert digest == "aba5e7500fb73d273ca9e72e9d5260d00d929b441c508fa1f19a97584841020a", (
        "what is stored could not be read: begin a format 2"
    )


@settings(max_examples=50)
@given(st.recursive(st.none() | st.text() | st.floats() | st.integers(0, 2**40), lambda one: st.lists(one, max_size=5)))
def test_a_map_comes_back_byte_for_byte_whether_it_was_packed_or_stored_by_an_agent_that_did_not(value):
    plain = ENCODE({"tx": value})
    assert unpack(pack(plain)) == plain
    assert unpack(plain) == plain


def test_a_reading_of_a_three_phase_meter_takes_less_than_half_a_small_page():
    volts = (SampledValue(Measurand.VOLTAGE, 229.7 + n / 7, "V", f"L{n}") for n in (1, 2, 3))
    amps = (SampledValue(Measurand.CURRENT_IMPORT, 15.3 + n / 7, "A", f"L{n}") for n in (1, 2, 3))
    energy = SampledValue(Measurand.ENERGY_IMPORT, 18273.4, "Wh")
    reading = Reading(1.8e9, ReadingContext.PERIODIC, 18273.4, (energy, *volts, *amps))
    fact = msgspec.structs.replace(updated(1, "f" * 36).fact, reading=reading, charging=ChargingState.CHARGING)
    stored = pack(ENCODE(fact))
    assert len(stored) < 256
    assert msgspec.msgpack.decode(unpack(stored), type=AnyFact) == fact


@pytest.mark.parametrize("damage", [b"\x01", b"\x01\xff\xff\xff", pack(ENCODE({"a": "b" * 500}))[:-4]])
def test_a_damaged_row_is_an_error_that_names_itself(damage):
    with pytest.raises(PackingError):
        unpack(damage)


def test_a_row_that_would_unpack_to_gigabytes_is_refused():
    deflate = zlib.compressobj(9, zlib.DEFLATED, -12, 5, zdict=DICTIONARY_1)
    bomb = b"\x01" + deflate.compress(bytes(MAX_BYTES + 1)) + deflate.flush()
    assert len(bomb) < 100_000
    with pytest.raises(PackingError, match="holds more"):
        unpack(bomb)
