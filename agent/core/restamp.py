"""What was stamped before the time was known, put right once it is: many controllers have no battery."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from agent.core.facts import AnyFact
from agent.core.session import Transaction
from agent.core.values import Reading


class Correction(msgspec.Struct, frozen=True):
    """Stamps from `since_utc_s` to `until_utc_s`, given by a clock that nobody had set yet, are off by `by_s`."""

    since_utc_s: float
    until_utc_s: float
    by_s: float

    def moment(self, at_utc_s: float) -> float:
        """The moment as it should have been stamped; one of an earlier life, whose clock was right, stays."""
        return at_utc_s + self.by_s if self.since_utc_s <= at_utc_s <= self.until_utc_s else at_utc_s

    def reading(self, reading: Reading) -> Reading:
        """The reading at its right moment."""
        return replace(reading, at_utc_s=self.moment(reading.at_utc_s))

    def transaction(self, tx: Transaction) -> Transaction:
        """An open transaction that began, and was read, at the right moments."""
        readings, mine = tuple(map(self.reading, tx.readings)), tx.meter_tx
        if mine is not None and mine.ended_utc_s is not None:
            mine = replace(mine, ended_utc_s=self.moment(mine.ended_utc_s))
        return replace(tx, started_utc_s=self.moment(tx.started_utc_s), readings=readings, meter_tx=mine)

    def fact(self, fact: AnyFact) -> AnyFact:
        """The fact, and every reading in it, at its right moment."""
        changes: dict[str, Any] = {"at_utc_s": self.moment(fact.at_utc_s)}
        reading = getattr(fact, "reading", None)
        if reading is not None:
            changes["reading"] = self.reading(reading)
        if hasattr(fact, "readings"):
            changes["readings"] = tuple(map(self.reading, fact.readings))
        if hasattr(fact, "started_utc_s"):
            changes["started_utc_s"] = self.moment(fact.started_utc_s)
        return replace(fact, **changes)
