"""What still has to be told to the CSMS: facts in order, retried by attempts times interval, thinned when full.

Pure: what happens to the queue comes back as changes for the caller to journal, and time comes in as an argument.

Three lanes. Transaction facts and readings go out strictly in the order in which they happened (OCPP 1.6 §3.7, 2.0.1
E04/E13): one that has to wait for its retry holds up those behind it. Connector statuses need not wait for them, nor
need security events, which are tried until the CSMS has them (A04.FR.02).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from agent.core.facts import (
    AnyFact,
    ConnectorStatusChanged,
    ReadingTaken,
    SecurityEvent,
    TransactionFact,
    TransactionUpdated,
)
from agent.core.restamp import Correction
from agent.core.values import Trigger

CAPACITY: Final = 10_000  # our policy: 30 days offline are 5,000 events
# Our policy: a link may break this often in a row under the same message by ill luck; then it is the message's fault.
MAX_DROPS: Final = 10
MAX_SECURITY_EVENTS: Final = 500  # our policy: of more, the oldest become dead letters
MAX_SECURITY_WAIT_S: Final = 3600.0  # our policy: the longest wait between two tries of a security event
METER_TRIGGERS: Final = frozenset({Trigger.METER_PERIODIC, Trigger.METER_CLOCK})
MINOR_TRIGGERS: Final = frozenset({Trigger.CHARGING_STATE_CHANGED, Trigger.CHARGING_RATE_CHANGED})


class StoredFact(msgspec.Struct, frozen=True):
    """A fact as the journal holds it. `id` is never reused; `offline`: it happened while the CSMS was out of reach."""

    id: int
    evse: int
    fact: AnyFact
    offline: bool = False
    attempts: int = 0


class Retry(msgspec.Struct, frozen=True):
    """How often a message is tried and how long is waited between, in seconds times the tries so far.

    1.6 TransactionMessageAttempts and -RetryInterval; 2.0.1 MessageAttempts and MessageAttemptInterval (E13.FR.02/03).
    """

    attempts: int
    interval_s: float


class Removed(msgspec.Struct, frozen=True):
    """It left the queue: delivered, said by no message of this version, or not worth delivering any more."""

    stored: StoredFact


class Tried(msgspec.Struct, frozen=True):
    """The CSMS failed to process it so many times; it will be tried again."""

    id: int
    attempts: int


class GivenUp(msgspec.Struct, frozen=True):
    """It left the queue undelivered; an operator sees it and can have it sent again."""

    stored: StoredFact
    why: str


class Restamped(msgspec.Struct, frozen=True):
    """It happened at another moment than was thought."""

    stored: StoredFact


Change = Removed | Tried | GivenUp | Restamped


class Outbox:
    """The queue. `next` hands out one fact at a time; it stays until one of the others says what came of it."""

    def __init__(self, stored: Iterable[StoredFact] = (), *, capacity: int = CAPACITY) -> None:
        """Start with what the journal kept: all of it is from before this connection (E11.FR.07)."""
        self._facts: dict[int, StoredFact] = {}  # transactions and readings, oldest first
        self._statuses: dict[int, StoredFact] = {}
        self._security: dict[int, StoredFact] = {}
        self._capacity = capacity
        self._not_before_s: dict[int, float] = {}
        self._in_flight: int | None = None
        self._drops = (0, 0)  # the fact under which the link broke last, and how often in a row
        for one in sorted(stored, key=lambda one: one.id):
            self._lane(one)[one.id] = _as_offline(one)

    def __len__(self) -> int:
        return len(self._facts) + len(self._statuses) + len(self._security)

    def __contains__(self, fact_id: int) -> bool:
        return any(fact_id in lane for lane in self._lanes())

    def waiting(self) -> list[StoredFact]:
        """All that is still to be delivered, oldest first; also what is in flight."""
        return sorted((one for lane in self._lanes() for one in lane.values()), key=lambda one: one.id)

    def add(self, stored: StoredFact, not_before_s: float | None = None) -> list[Change]:
        """Queue a fact: at the end, or (a dead letter that is sent again) in its old place. Returns what had to go.

        `not_before_s`: a status that has to last until then, or the CSMS never hears of it (1.6 MinimumStatusDuration).
        """
        gone: list[Change] = []
        if not_before_s is not None and isinstance(stored.fact, ConnectorStatusChanged):
            gone.extend(self._drop_unsettled(stored.fact))
            self._not_before_s[stored.id] = not_before_s
        lane = self._lane(stored)
        out_of_order = bool(lane) and stored.id < next(reversed(lane))
        lane[stored.id] = stored
        if out_of_order:
            by_id = sorted(lane.items())
            lane.clear()
            lane.update(by_id)
        if lane is self._security:
            return self._give_up_oldest_security_event()
        full = len(self._facts) + len(self._statuses) > self._capacity
        return [*gone, *self._thin()] if full else gone

    def next(self, now_s: float) -> StoredFact | None:
        """The fact to send now, which is then in flight; None while one is, or when nothing is due."""
        if self._in_flight is not None:
            return None
        due = [one for one in self._heads() if self._not_before_s.get(one.id, now_s) <= now_s]
        chosen = min(due, key=lambda one: one.id, default=None)
        if chosen is not None:
            self._in_flight = chosen.id
        return chosen

    def due_s(self) -> float | None:
        """When a waiting retry falls due; None when none waits."""
        return min((self._not_before_s[one.id] for one in self._heads() if one.id in self._not_before_s), default=None)

    def delivered(self, fact_id: int) -> Removed:
        """The CSMS has it, or this version has no message for it."""
        return self._remove(fact_id)

    def failed(self, fact_id: int, now_s: float, retry: Retry, why: str) -> Change:
        """The CSMS failed to process it: wait attempts times interval, or give it up after the last (E13.FR.02-04).

        A security event is never given up for this.
        """
        one = next(lane[fact_id] for lane in self._lanes() if fact_id in lane)
        attempts = one.attempts + 1
        wait_s = attempts * retry.interval_s
        if isinstance(one.fact, SecurityEvent):
            wait_s = min(max(wait_s, 1.0), MAX_SECURITY_WAIT_S)
        if attempts < retry.attempts or isinstance(one.fact, SecurityEvent):
            self._in_flight = None
            self._lane(one)[fact_id] = msgspec.structs.replace(one, attempts=attempts)
            self._not_before_s[fact_id] = now_s + wait_s
            return Tried(fact_id, attempts)
        return self.give_up(fact_id, why)

    def give_up(self, fact_id: int, why: str) -> Removed | GivenUp:
        """It cannot be delivered at all. A status has no worth of its own; anything else is an operator's to decide."""
        removed = self._remove(fact_id)
        return removed if isinstance(removed.stored.fact, ConnectorStatusChanged) else GivenUp(removed.stored, why)

    def released(self, fact_id: int) -> None:
        """The CSMS was not ready for it: its turn comes again, and no attempt is counted."""
        if self._in_flight == fact_id:
            self._in_flight = None

    def link_lost(self, now_s: float, retry: Retry) -> list[Change]:
        """The connection is gone: what is queued is offline (E11.FR.07), and what was in flight counts no attempt.

        Unless the link breaks under the same message again and again: then each time is an attempt, so that a message
        that the CSMS chokes on does not hold up the others for ever. Statuses that a later one has overtaken are
        history nobody asks for (1.6 §4.9).
        """
        changes: list[Change] = []
        broken, self._in_flight = self._in_flight, None
        if broken is not None:
            fact_id, drops = self._drops
            self._drops = (broken, drops + 1 if broken == fact_id else 1)
            if self._drops[1] > MAX_DROPS:
                changes.append(self.failed(broken, now_s, retry, "the link broke under it again and again"))
        self._facts = {fact_id: _as_offline(one) for fact_id, one in self._facts.items()}
        return [*changes, *self._drop_superseded()]

    def drop_statuses(self) -> list[Removed]:
        """Every connector's present status is about to be reported: the queued ones are history."""
        return [self._remove(fact_id) for fact_id in tuple(self._statuses) if fact_id != self._in_flight]

    def corrected(self, correction: Correction) -> list[Restamped]:
        """The time is known now: what was stamped before is put right."""
        changes: list[Restamped] = []
        for lane in (self._facts, self._statuses):
            for fact_id, one in lane.items():
                right = msgspec.structs.replace(one, fact=correction.fact(one.fact))
                if right != one:
                    lane[fact_id] = right
                    changes.append(Restamped(right))
        return changes

    def holds(self, tx: str | None = None) -> bool:
        """Whether anything about this transaction, or about any, is still to be delivered (E14.FR.04/07)."""
        facts = (one.fact for one in self._facts.values())
        return any(isinstance(fact, TransactionFact) and tx in {None, fact.tx} for fact in facts)

    def _lane(self, one: StoredFact) -> dict[int, StoredFact]:
        match one.fact:
            case ConnectorStatusChanged():
                return self._statuses
            case SecurityEvent():
                return self._security
            case _:
                return self._facts

    def _lanes(self) -> tuple[dict[int, StoredFact], ...]:
        return self._facts, self._statuses, self._security

    def _heads(self) -> list[StoredFact]:
        return [next(iter(lane.values())) for lane in self._lanes() if lane]

    def _remove(self, fact_id: int) -> Removed:
        one = next(lane.pop(fact_id) for lane in self._lanes() if fact_id in lane)
        self._not_before_s.pop(fact_id, None)
        if self._in_flight == fact_id:
            self._in_flight = None
        return Removed(one)

    def _give_up_oldest_security_event(self) -> list[Change]:
        oldest = next((fact_id for fact_id in self._security if fact_id != self._in_flight), None)
        if len(self._security) <= MAX_SECURITY_EVENTS or oldest is None:
            return []
        return [self.give_up(oldest, "too many security events wait")]

    def _thin(self) -> list[Removed]:
        """Make room by what is missed least; never by a start, an end, or an update that says who or what began."""
        return (
            self._drop_superseded()
            or self._drop_every_second(_reading_of)
            or self._drop_every_second(_meter_update_of)
            or self._drop_every_second(_minor_update_of)
        )

    def _drop_unsettled(self, by: ConnectorStatusChanged) -> list[Removed]:
        """Of this connector's statuses those that did not last."""
        same = [
            fact_id
            for fact_id, one in self._statuses.items()
            if isinstance(one.fact, ConnectorStatusChanged)
            and (one.fact.evse, one.fact.connector) == (by.evse, by.connector)
            and fact_id in self._not_before_s
            and fact_id != self._in_flight
        ]
        return [self._remove(fact_id) for fact_id in same]

    def _drop_superseded(self) -> list[Removed]:
        latest = {one.evse: fact_id for fact_id, one in self._statuses.items()}
        keep = {*latest.values(), self._in_flight}
        return [self._remove(fact_id) for fact_id in tuple(self._statuses) if fact_id not in keep]

    def _drop_every_second(self, group_of: Callable[[AnyFact], str | None]) -> list[Removed]:
        """Drop the first, third, fifth... of each group, not a run at either end (E11.FR.05, E12.FR.05)."""
        groups: defaultdict[str, list[int]] = defaultdict(list)
        for fact_id, one in self._facts.items():
            group = group_of(one.fact)
            if group is not None and fact_id != self._in_flight:
                groups[group].append(fact_id)
        return [self._remove(fact_id) for group in groups.values() for fact_id in group[::2]]


def _as_offline(one: StoredFact) -> StoredFact:
    return msgspec.structs.replace(one, offline=True)


def _reading_of(fact: AnyFact) -> str | None:
    return f"EVSE {fact.evse}" if isinstance(fact, ReadingTaken) else None


def _meter_update_of(fact: AnyFact) -> str | None:
    return _update_of(fact, METER_TRIGGERS)


def _minor_update_of(fact: AnyFact) -> str | None:
    return _update_of(fact, MINOR_TRIGGERS)


def _update_of(fact: AnyFact, triggers: frozenset[Trigger]) -> str | None:
    if not isinstance(fact, TransactionUpdated) or fact.trigger not in triggers:
        return None
    return fact.tx if fact.token is None and fact.remote_start_id is None else None
