"""What must be true of a station whatever befalls it, judged from the physics' trace and from what the CSMS stored.

Whoever plays (a state machine, a campaign) tells the judge what he does; the judge asks the agent for no opinion,
its journal's content on disk apart. Numbers in brackets are those of the invariants in docs/testing.md.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Any, Final

import msgspec

from csms.records import SessionRow
from hal.board import LEASE_S
from hal.rules import CP_MISSED_REPEATS
from sim.board import TraceEntry
from sim.ports import CP_REPEAT_S
from sim.stage.observed import is_of
from sim.stage.place import IDENTITY, Place
from sim.symptoms import Symptom
from sim.vehicle import offered_a

OPEN_WITHIN_S: Final = 0.1  # IEC 61851-1: from leaving C or D to an open contactor
PILOT_WATCHED_S: Final = CP_MISSED_REPEATS * CP_REPEAT_S  # after a converter's death nobody can know before that
SLACK_S: Final = 0.02  # the contactor's own time
LOWER_WITHIN_S: Final = 1.0  # a lower limit is on the pilot by then
WELD_SEEN_S: Final = 1.0  # closed for so long against the command: the mirror contact has told
CONNECT_S: Final = 60.0  # EVConnectionTimeOut: from the verdict until the plug is in
ANSWERED_S: Final = 60.0  # a token that was presented has its verdict, whatever the CSMS does
FUSE_SLACK_A: Final = 0.5
RESOLUTION_WH: Final = 1.0
HIGHEST_POWER_W: Final = 3 * 240.0 * 32.0
MAX_QUEUED: Final = 2_000

OPENERS: Final = frozenset(  # symptoms that a contactor must not stay closed with
    {
        Symptom.RESIDUAL_DC,
        Symptom.RESIDUAL_AC,
        Symptom.E_STOP,
        Symptom.DOOR_OPEN,
        Symptom.OVER_TEMPERATURE,
        Symptom.PE_RESISTANCE,
    }
)
DEAF: Final = frozenset({Symptom.BOARD_SLOW})  # symptoms with which no command reaches the contactor
STUCK: Final = frozenset({Symptom.WELD, Symptom.MIRROR_STUCK})


class ViolationError(AssertionError):
    """An invariant does not hold."""


class _Evse(msgspec.Struct):
    """What the trace said of one EVSE."""

    cp: str = "A"
    lock: str = "unlocked"
    closed: bool = False
    commanded: bool = False  # the coil
    closed_without_wish_s: float | None = None  # since when, against the pilot
    closed_with_fault_s: float | None = None
    closed_uncommanded_s: float | None = None
    welded: bool = False
    stuck: bool = False  # a weld was there, so the poles say nothing of the command
    unseen_until_s: float = -math.inf  # a dead converter hides what the pilot does, until it is found out
    symptoms: set[str] = msgspec.field(default_factory=set)
    offered_a: float = 0.0
    offered_s: float = 0.0
    current_a: float = 0.0
    allowed_a: float = math.inf  # by cable and limits
    allowed_s: float = -math.inf  # since when
    authorised_s: float | None = None  # when last, since the agent booted and the car came
    blind: bool = False  # its meter was disturbed: bills may fall short
    unbilled: bool = False  # energy may have flowed that nobody could stop


class Judge:
    """Watches a place from now on. `check` raises `ViolationError` with everything that went wrong so far."""

    def __init__(self, place: Place, *, fuse_a: float | None = None) -> None:
        self._place = place
        self._fuse_a = fuse_a
        self._wrong: list[str] = []
        self._dead_s: float | None = None
        self._evses = {evse: _Evse() for evse in place.board.evses}
        self._locks = any(hardware.lock is not None for hardware in place.board.evses.values())
        place.board.on_trace.append(self._saw)

    # Told by whoever plays

    def plugged(self, evse: int, cable_a: float) -> None:
        """A car came, with a cable of this rating."""
        self._allow(evse, cable_a)

    def limited(self, evse: int, limit_a: float) -> None:
        """A source of a limit spoke, for good: cable and limit both bind from now on."""
        self._allow(evse, limit_a)

    def authorised(self, evse: int) -> None:
        """Somebody who may charge has said so."""
        self._evses[evse].authorised_s = self._place.wall.mono_s

    def meter_disturbed(self, evse: int) -> None:
        """From now on bills may fall short of what flowed."""
        self._evses[evse].blind = True

    def killed(self) -> None:
        """The agent is dead."""
        self._dead_s = self._place.wall.mono_s

    def booted(self) -> None:
        """An agent begins: nobody is authorised any more."""
        self._dead_s = None
        for evse in self._evses.values():
            evse.authorised_s = None

    # Judged

    def check(self) -> None:
        """What must hold at this moment, and what has not held before. Raises `ViolationError`."""
        now_s = self._place.wall.mono_s
        for number, evse in self._evses.items():
            self._tick(number, evse, now_s)
            self._offer_is_allowed(number, evse, now_s)
        station = self._place.station
        if self._dead_s is None and not station.alive:
            self._wrong.append(f"[18] the agent has died of what befell it: {station.failure!r}")
        if station.agent is not None and len(station.agent.station.queued()) > MAX_QUEUED:
            self._wrong.append("[21] the queue to the CSMS grows without bound")
        self._raise()

    async def check_bills(self, *, settled: bool) -> list[SessionRow]:
        """What the CSMS may never have stored; `settled`: and what it must have by now. Raises `ViolationError`."""
        bills = await self._place.bills()
        given_up = self._given_up() if settled else set()
        torn = 2 * len(given_up)  # 1.6: the CSMS knows another number of a start that it has, and none of its end
        for bill in bills:
            if settled and bill.tx not in given_up and torn and not _is_whole(bill):
                torn -= 1
            else:
                await self._bill_is_sound(bill, settled=settled and bill.tx not in given_up)
        if settled:
            for number, evse in self._evses.items():
                own = [bill for bill in bills if is_of(bill, number)]
                self._energy_is_billed(own, number, evse, self._given_up_wh(number, given_up))
            self._all_are_told(bills, given_up)
        self._raise()
        return bills

    def _raise(self) -> None:
        if self._wrong:
            found, self._wrong = self._wrong, []
            raise ViolationError("; ".join(dict.fromkeys(found)))

    # The trace

    def _saw(self, entry: TraceEntry) -> None:
        evse = self._evses.get(entry.evse)
        if evse is None:
            return
        self._tick(entry.evse, evse, entry.at_s)
        match entry.what:
            case "cp":
                evse.cp = str(entry.value)
            case "lock":
                evse.lock = str(entry.value)
            case "permit":
                evse.commanded = bool(entry.value)
            case "symptom":
                self._symptom(evse, str(entry.value), entry.at_s)
            case "plug" if evse.authorised_s is not None and entry.at_s - evse.authorised_s > ANSWERED_S + CONNECT_S:
                evse.authorised_s = None  # whoever comes now has to say so again
            case "pilot":
                evse.offered_a, evse.offered_s = _offer(str(entry.value)), entry.at_s
            case "current" if isinstance(entry.value, tuple):
                evse.current_a = entry.value[0]
                self._fuse_bears(entry.at_s)
            case "contactor" if isinstance(entry.value, tuple):
                self._contactor(entry, evse, closed=any(entry.value))
        self._begin_intervals(evse, entry.at_s)

    def _symptom(self, evse: _Evse, text: str, at_s: float) -> None:
        name, _, what = text.rpartition(" ")
        if name == Symptom.CP_SILENT:
            evse.unseen_until_s = at_s + PILOT_WATCHED_S
        if what == "appears":
            evse.symptoms.add(name)
            evse.stuck = evse.stuck or name in STUCK
            evse.unbilled = evse.unbilled or name in STUCK | DEAF
        else:
            evse.symptoms.discard(name)

    def _contactor(self, entry: TraceEntry, evse: _Evse, *, closed: bool) -> None:
        if closed and not evse.closed:
            if evse.welded:
                self._wrong.append(f"[7] EVSE {entry.evse} closed at {entry.at_s:.2f} s after its contactor had welded")
            if evse.authorised_s is None:
                self._wrong.append(f"[4] EVSE {entry.evse} closed at {entry.at_s:.2f} s, and nobody was authorised")
            if not self._is_on_disk(entry.evse):
                self._wrong.append(f"[10] EVSE {entry.evse} closed at {entry.at_s:.2f} s with nothing on disk")
        evse.closed = closed
        if not closed and not evse.symptoms & STUCK:
            evse.stuck = False

    def _begin_intervals(self, evse: _Evse, at_s: float) -> None:
        """From when on a closed contactor needs an excuse."""
        free = evse.closed and not evse.stuck and not evse.symptoms & DEAF
        evse.closed_without_wish_s = _since(evse.closed_without_wish_s, at_s, free and evse.cp not in {"C", "D"})
        faulty = bool(evse.symptoms & OPENERS) or (self._locks and evse.lock != "locked")
        evse.closed_with_fault_s = _since(evse.closed_with_fault_s, at_s, free and faulty)
        evse.closed_uncommanded_s = _since(evse.closed_uncommanded_s, at_s, evse.closed and not evse.commanded)

    def _tick(self, number: int, evse: _Evse, now_s: float) -> None:
        """How long things have been as they are."""
        limit_s = OPEN_WITHIN_S + SLACK_S
        left_s = evse.closed_without_wish_s
        if left_s is not None and now_s - max(left_s, evse.unseen_until_s) > limit_s:
            self._wrong.append(f"[2] EVSE {number} stayed closed when its pilot left C at {left_s:.2f}")
        if evse.closed_with_fault_s is not None and now_s - evse.closed_with_fault_s > limit_s:
            self._wrong.append(f"[1] EVSE {number} stayed closed: {sorted(evse.symptoms)}, lock {evse.lock}")
        if evse.closed_uncommanded_s is not None and now_s - evse.closed_uncommanded_s > WELD_SEEN_S:
            evse.welded = True
        free = evse.closed and not evse.stuck and not evse.symptoms & DEAF
        if free and self._dead_s is not None and now_s - self._dead_s > LEASE_S + limit_s:
            self._wrong.append(f"[3] EVSE {number} is closed {now_s - self._dead_s:.1f} s after its agent died")

    def _offer_is_allowed(self, number: int, evse: _Evse, now_s: float) -> None:
        deaf = evse.symptoms & DEAF or self._dead_s is not None
        settled = now_s - evse.allowed_s > LOWER_WITHIN_S
        if settled and not deaf and evse.offered_a > evse.allowed_a + FUSE_SLACK_A:
            self._wrong.append(f"[5] EVSE {number} offers {evse.offered_a:g} A where {evse.allowed_a:g} A are allowed")

    def _fuse_bears(self, at_s: float) -> None:
        if self._fuse_a is None or any(evse.symptoms or evse.stuck for evse in self._evses.values()):
            return
        total_a = sum(evse.current_a for evse in self._evses.values())
        if total_a > self._fuse_a + FUSE_SLACK_A:
            self._wrong.append(f"[5] at {at_s:.2f} s {total_a:.1f} A flow through a fuse of {self._fuse_a:g} A")

    def _allow(self, evse: int, current_a: float) -> None:
        state = self._evses[evse]
        state.allowed_a, state.allowed_s = current_a, self._place.wall.mono_s

    def _is_on_disk(self, evse: int) -> bool:
        agent = self._place.station.agent
        return agent is None or any(row.evse == evse and row.ended_utc_s is None for row in agent.journal.ledger())

    # The bills

    async def _bill_is_sound(self, bill: SessionRow, *, settled: bool) -> None:
        energy_wh = bill.energy_wh if bill.energy_wh is not None else 0.0
        hours = self._place.wall.mono_s / 3600.0
        if not -RESOLUTION_WH <= energy_wh <= HIGHEST_POWER_W * hours + RESOLUTION_WH:
            self._wrong.append(f"[16] bill {bill.tx} is over {energy_wh:g} Wh, which no car can have taken")
        if bill.start_wh is not None and bill.end_wh is not None and bill.end_wh < bill.start_wh:
            self._wrong.append(f"[9] bill {bill.tx} ends below its start")
        if settled and bill.is_open:
            self._wrong.append(f"[9] bill {bill.tx} was never closed")
        if settled and bill.started_utc_s is None:
            self._wrong.append(f"[9] bill {bill.tx} was never begun")
        if settled and bill.reason is None:
            self._wrong.append(f"[9] bill {bill.tx} does not say why it ended")
        steps = await self._steps(bill.tx)
        if settled and steps != list(range(len(steps))):
            self._wrong.append(f"[13] bill {bill.tx} has gaps: {steps}")

    async def _steps(self, tx: str) -> list[int]:
        return await self._place.csms.store.read(lambda database: database.steps(IDENTITY, tx))

    def _energy_is_billed(self, bills: Iterable[SessionRow], number: int, evse: _Evse, given_up_wh: float) -> None:
        own = list(bills)
        billed_wh, true_wh = sum(bill.energy_wh or 0.0 for bill in own), self._place.true_wh(number)
        slack_wh = RESOLUTION_WH * (1 + len(own))
        if billed_wh > true_wh + slack_wh and not evse.blind:
            self._wrong.append(f"[11] EVSE {number}: {billed_wh:.1f} Wh are billed, only {true_wh:.1f} Wh have flowed")
        if billed_wh < true_wh - given_up_wh - slack_wh and not (evse.blind or evse.unbilled):
            self._wrong.append(f"[11] EVSE {number}: {true_wh:.1f} Wh have flowed, only {billed_wh:.1f} Wh are billed")

    def _given_up(self) -> set[str]:
        """The transactions of which something is a dead letter: after so many attempts, as set."""
        agent = self._place.station.agent
        dead = [] if agent is None else agent.journal.dead_letters()
        return {tx for letter in dead if (tx := _tx_of(letter.stored.fact)) is not None}

    def _given_up_wh(self, number: int, given_up: Collection[str]) -> float:
        """What the station itself has on record for those of an EVSE: nobody else can know of it."""
        agent = self._place.station.agent
        rows = [] if agent is None else agent.journal.ledger()
        own = [row for row in rows if row.evse == number and row.tx in given_up]
        return sum(row.end_energy_wh - row.start_energy_wh for row in own if row.end_energy_wh is not None)

    def _all_are_told(self, bills: Iterable[SessionRow], given_up: Collection[str]) -> None:
        """Each transaction of the ledger is one bill, or is visible among the dead letters."""
        agent = self._place.station.agent
        if agent is None:
            return
        ledger = agent.journal.ledger()
        told, known = len(list(bills)), {row.tx for row in ledger}
        if len(known) != len(ledger):
            self._wrong.append("[9] a transaction stands twice in the ledger")
        if told > len(ledger) + len(given_up):
            self._wrong.append(f"[12] {told} bills for {len(ledger)} transactions")
        if told < len(known.difference(given_up)):
            self._wrong.append(f"[12] {told} bills for {len(ledger)} transactions, {len(given_up)} of them given up")


def _is_whole(bill: SessionRow) -> bool:
    """Whether a bill has a beginning and an end."""
    return not bill.is_open and bill.started_utc_s is not None and bill.reason is not None


def _since(was_s: float | None, now_s: float, holds: bool) -> float | None:
    if not holds:
        return None
    return now_s if was_s is None else was_s


def _offer(pilot: str) -> float:
    duty, _, unit = pilot.removeprefix("PWM ").partition(" ")
    return (offered_a(float(duty)) or 0.0) if unit == "%" else 0.0


def _tx_of(fact: Any) -> str | None:
    tx = getattr(fact, "tx", None)
    return str(tx) if tx is not None else None
