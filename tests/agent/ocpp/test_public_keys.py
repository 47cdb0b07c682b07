"""When a meter's key goes along with what it signed (Signed Meter Values in OCPP 1.0, 3.3.2 and 4.3.1)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agent.core.facts import TransactionEnded
from agent.core.values import Measurand, Reading, ReadingContext, SampledValue, Trigger
from agent.ocpp.outbox import StoredFact
from agent.ocpp.public_keys import KeyTold, PublicKeys
from agent.ocpp.v16.dialect import DialectV16
from agent.ocpp.v201.dialect import DialectV201
from hal.types import SignedReading
from tests.agent.runtime.facts import ended, started, updated

KEY = "3059aa"


def signed(data: str, context: ReadingContext) -> Reading:
    value = SampledValue(Measurand.ENERGY_IMPORT, 500.0, "Wh")
    return Reading(1500.0, context, 500.0, (value,), signed=SignedReading(data, public_key=KEY))


BEGIN = replace(
    updated(2, "tx").fact, reading=signed("begin", ReadingContext.BEGIN), trigger=Trigger.SIGNED_DATA, seq=1
)
BETWEEN = replace(updated(3, "tx").fact, reading=signed("between", ReadingContext.PERIODIC), seq=2)
END = replace(
    ended(4, "tx").fact,
    readings=(signed("begin", ReadingContext.BEGIN), Reading(1700.0, ReadingContext.PERIODIC, 600.0)),
    reading=signed("end", ReadingContext.END),
    seq=3,
)
FACTS = (started(1, "tx").fact, BEGIN, BETWEEN, END)


def with_key(fact) -> list[bool]:
    readings = [*fact.readings, fact.reading] if isinstance(fact, TransactionEnded) else [fact.reading]
    return [one.signed.public_key == KEY for one in readings if one is not None and one.signed is not None]


def told(dialect, rule: KeyTold, facts=FACTS, *, lost: frozenset[int] = frozenset()) -> list[list[bool]]:
    """Which of the signed readings of each message had the key; those of `lost` numbers did not arrive."""
    keys, said = PublicKeys(), []
    for number, fact in enumerate(facts, 1):
        chosen = keys.chosen(fact, rule)
        message = dialect.message(StoredFact(number, 1, chosen))
        if message is not None:
            said.append(with_key(chosen))
        if message is not None and fact.seq not in lost:
            keys.acknowledged(chosen, message)
        dialect.settled(StoredFact(number, 1, fact), None)
    return [one for one in said if one]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (KeyTold.NEVER, [[False], [False], [False, False]]),
        (KeyTold.ONCE, [[True], [False], [False, False]]),
        (KeyTold.ALWAYS, [[True], [True], [True, True]]),
    ],
)
def test_it_goes_along_as_often_as_is_wanted(rule, expected):
    assert told(DialectV201(), rule) == expected


def test_what_did_not_arrive_did_not_bring_it():
    assert told(DialectV201(), KeyTold.ONCE, lost=frozenset({1})) == [[True], [True], [False, False]]


def test_what_was_thinned_from_the_queue_did_not_bring_it():
    assert told(DialectV201(), KeyTold.ONCE, (FACTS[0], END)) == [[True, False]]


def test_what_a_version_has_no_message_for_did_not_bring_it():
    """1.6 tells a signed beginning only where StartTxnSampledData asks for it (3.3.4, 3.3.5)."""
    assert told(DialectV16(), KeyTold.ONCE) == [[True], [False, False]]


def test_the_reading_after_the_start_that_16_asks_for_brings_it():
    asked_for = replace(BEGIN, trigger=Trigger.METER_PERIODIC)
    assert told(DialectV16(), KeyTold.ONCE, (FACTS[0], asked_for, BETWEEN, END)) == [[True], [False], [False, False]]


def test_a_message_that_went_without_it_did_not_bring_it():
    """The rule may change in mid-transaction; the fact in the queue has the key all along."""
    keys, dialect = PublicKeys(), DialectV201()
    without = keys.chosen(BEGIN, KeyTold.NEVER)
    keys.acknowledged(BEGIN, dialect.message(StoredFact(2, 1, without)))
    assert with_key(keys.chosen(BETWEEN, KeyTold.ONCE)) == [True]


def test_the_next_transaction_gets_it_anew():
    again = [replace(one, tx="next") for one in FACTS]
    assert told(DialectV201(), KeyTold.ONCE, (*FACTS, *again)) == 2 * [[True], [False], [False, False]]


def test_facts_without_signatures_stay_as_they_are():
    keys = PublicKeys()
    for fact in (started(1, "tx").fact, updated(2, "tx").fact, ended(3, "tx").fact):
        assert keys.chosen(fact, KeyTold.NEVER) is fact
