"""With which signed readings their meter's key is told (Signed Meter Values in OCPP 1.0, 3.3.2 and 4.3.1). PURE.

Decided when a message is made, not when its fact is queued: what was to carry the key may be thinned, be given up, or
have no message in the version that is spoken by then, and the CSMS may have set another rule meanwhile. Only what it
has acknowledged was told. That is not kept over a restart: a key told twice verifies as well.
"""

from __future__ import annotations

import enum

import msgspec
from msgspec.structs import replace

from agent.core.facts import (
    AnyFact,
    ReadingTaken,
    TransactionEnded,
    TransactionFact,
    TransactionStarted,
    TransactionUpdated,
)
from agent.core.values import Reading
from agent.ocpp.signatures import public_key


class KeyTold(enum.StrEnum):
    """The values of PublicKeyWithSignedMeterValue."""

    NEVER = "Never"
    ONCE = "OncePerTransaction"
    ALWAYS = "EveryMeterValue"


class PublicKeys:
    """Who has been told which key: the transactions that are still to be told of."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def chosen(self, fact: AnyFact, rule: KeyTold) -> AnyFact:
        """The fact with the key in those of its signed readings that are to carry it now."""
        readings = _readings(fact)
        if not any(one.signed for one in readings):
            return fact
        due = rule is not KeyTold.NEVER and not (rule is KeyTold.ONCE and _tx(fact) in self._told)
        chosen: list[Reading] = []
        for one in readings:
            if one.signed is not None and not due:
                chosen.append(replace(one, signed=replace(one.signed, public_key="")))
                continue
            chosen.append(one)
            due = due and not (rule is KeyTold.ONCE and one.signed is not None)
        return _with_readings(fact, chosen)

    def acknowledged(self, fact: AnyFact, message: msgspec.Struct) -> None:
        """The CSMS has this message of the fact: whatever key is in it, it has."""
        keys = {public_key(one.signed.public_key) for one in _readings(fact) if one.signed is not None} - {""}
        if keys:
            text = msgspec.json.encode(message)
            if any(key.encode() in text for key in keys):
                self._told.add(_tx(fact))
        if isinstance(fact, TransactionEnded):
            self._told.discard(fact.tx)


def _tx(fact: AnyFact) -> str:
    return fact.tx if isinstance(fact, TransactionFact) else ""


def _readings(fact: AnyFact) -> list[Reading]:
    match fact:
        case TransactionEnded(readings=kept, reading=last):
            return [*kept, last]
        case TransactionStarted(reading=reading) | TransactionUpdated(reading=reading) | ReadingTaken(reading=reading):
            return [] if reading is None else [reading]
        case _:
            return []


def _with_readings(fact: AnyFact, readings: list[Reading]) -> AnyFact:
    if isinstance(fact, TransactionEnded):
        return replace(fact, readings=tuple(readings[:-1]), reading=readings[-1])
    return replace(fact, reading=readings[0])
