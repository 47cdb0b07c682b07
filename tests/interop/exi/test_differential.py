"""Random schema-valid messages of every schema judged by the jar; `make interop` runs it, docs/v2g.md explains it."""

from __future__ import annotations

import importlib
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from agent.iso15118 import exi
from agent.iso15118.exi import Message
from tests.agent.iso15118.exi import made
from tests.interop.exi.as_xml import document
from tests.interop.exi.foreign import Judge, RefusedError, UnavailableError

MESSAGES = 10_000  # of each schema, in `make interop`
FEW = 12  # in `make test`, where there is Java
# Lists that the jar's grammar of -2 lets go on when they are full (docs/v2g.md): the code after the last differs.
FULL_LISTS = {"SelectedServiceListType": 16, "ParameterSetType": 16, "ListOfRootCertificateIDsType": 20}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    try:
        found = Judge()
    except UnavailableError as error:
        pytest.skip(str(error))
    with found:
        yield found


def holds_full_list(value: Any) -> bool:
    """Whether a list that the jar spells otherwise is full."""
    match value:
        case Message():
            fields = [getattr(value, name) for name in value.__struct_fields__]
            most = FULL_LISTS.get(type(value).__name__)
            full = type(value).__module__.endswith("iso2") and any(
                isinstance(one, tuple) and len(one) == most for one in fields
            )
            return full or any(map(holds_full_list, fields))
        case tuple():
            return any(map(holds_full_list, value))
    return False


def encoded(message: Message) -> bytes:
    """The message as we send it; nothing where it is longer than anything we send."""
    try:
        return exi.encode(message)
    except exi.EncodeError as error:
        if "octets, more than" not in str(error):
            raise
        return b""


def compared(judge: Judge, name: str, count: int, seed: int) -> Counter[str]:
    """How often the bytes are the same, and which explained difference there was otherwise."""
    schema = importlib.import_module(f"agent.iso15118.exi.{name}")
    chance = random.Random(seed)
    roots = made.roots(name)
    messages = [root for root in roots if root.cls.__name__ == "V2G_Message"] or roots
    found: Counter[str] = Counter()
    for number in range(count):
        root = chance.choice(messages) if number % 2 else roots[number % len(roots)]
        message = made.message(root.cls, chance.randint)
        ours = encoded(message)
        if not ours:
            found["longer than we send"] += 1
            continue
        try:
            theirs = judge.encode(name, document(name, message))
        except RefusedError as error:
            pytest.fail(f"the jar refuses {message}: {error}")
        if ours == theirs:
            assert exi.decode(schema, theirs) == message
            found["same"] += 1
        else:
            assert holds_full_list(message), (message, ours.hex(), theirs.hex())
            found["full list"] += 1
    return found


@pytest.mark.parametrize("name", made.SCHEMAS)
def test_a_few_messages_of_every_schema_have_the_bytes_that_the_jar_gives_them(judge: Judge, name: str):
    assert compared(judge, name, FEW, seed=7)["same"] >= FEW - 2


@pytest.mark.campaign
@pytest.mark.parametrize("name", made.SCHEMAS)
def test_ten_thousand_messages_of_every_schema_have_the_bytes_that_the_jar_gives_them(judge: Judge, name: str):
    found = compared(judge, name, MESSAGES, seed=11)
    print(f"\n{name}: {dict(found)}")  # noqa: T201 - the table of docs/v2g.md
    assert found["same"] >= 0.95 * MESSAGES
