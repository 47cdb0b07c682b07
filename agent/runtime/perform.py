"""The only code that executes effects: hardware on lanes of its own, facts to the journal, questions to the authoriser.

Nothing here is awaited by the EVSE's own task, and power-off is asked for at once, whatever else is under way.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from agent.core.effects import (
    AnyEffect,
    ArmTimer,
    Authorize,
    CancelTimer,
    Checkpoint,
    DrawId,
    Emit,
    LockConnector,
    OfferCurrent,
    PermitPower,
    Pilot,
    PrepareDc,
    Record,
    RestDc,
    SelfTestRcd,
    SetPilot,
    SignMeter,
    SupplyDc,
    SwitchPhases,
    Timer,
)
from agent.core.events import (
    AnyEvent,
    DcPrepared,
    IdDrawn,
    MonitorTested,
    PhasesSwitched,
    Recorded,
    RecordFailed,
    TimerDue,
)
from agent.core.facts import AnyFact, ConnectorStatusChanged
from agent.core.recovery import kept
from agent.core.session import Session
from agent.core.signage_words import Language
from agent.ocpp.outbox import StoredFact
from agent.ocpp.screen import Page
from agent.runtime.front import Front
from agent.runtime.journal import AddFact, Journal, JournalError, SaveSession
from agent.runtime.lane import Lane
from agent.runtime.signer import Signer
from hal import board as ports
from hal.errors import HalError
from hal.iec61851 import DIGITAL_DUTY_PCT, duty_for_current
from hal.types import DcMode, FaultCleared, FaultKind, FaultRaised

log = logging.getLogger(__name__)

STORAGE_RETRY_S: Final = 5.0  # our policy: how soon a full disk is tried again


class Performer:
    """Executes the effects of one EVSE's session."""

    def __init__(
        self,
        evse: int,
        hardware: ports.EvseHardware,
        journal: Journal,
        *,
        post: Callable[[AnyEvent], None],
        authorize: Callable[[int, Authorize], None],
        offer: Callable[[StoredFact], None],
        online: Callable[[], bool],
        new_id: Callable[[], str],
        signer: Signer | None = None,
        language: Language = "en",
    ) -> None:
        self._evse = evse
        self._hardware = hardware
        self._journal = journal
        self._post = post
        self._authorize = authorize
        self._offer = offer
        self._online = online
        self._new_id = new_id
        self._signer = signer or Signer(evse, lambda: hardware.meter, post)
        self._timers: dict[Timer, asyncio.TimerHandle] = {}
        self._permit = Lane(f"EVSE {evse} contactor", self._board_says)
        self._pilot = Lane(f"EVSE {evse} pilot", self._board_says)
        self._lock = Lane(f"EVSE {evse} lock", self._board_says)
        self._phases = Lane(f"EVSE {evse} phase switch", self._board_says)
        self._monitor = Lane(f"EVSE {evse} residual-current monitor", self._board_says)
        self._supply = Lane(f"EVSE {evse} DC supply", self._board_says)
        self._guards = Lane(f"EVSE {evse} DC monitors", self._board_says)
        self._disobeying = 0  # outputs that do not do what they are told
        self._front = Front(hardware, f"EVSE {evse}", language)
        self._permitted: str | None = None
        self._latest: Session
        self._unsaved: list[StoredFact] = []
        self._undurable: set[int] = set()  # ids of facts that are on their way to disk, or wait for another try
        self._durable: list[StoredFact] = []  # but one that happened before them is not yet
        self._storage_failed = False
        self._storage_retry: asyncio.TimerHandle | None = None

    @property
    def permitted(self) -> bool:
        """Whether the lease has to be renewed."""
        return self._permitted is not None

    def renew(self) -> None:
        """Renew the lease; called by the EVSE's own task, so a stuck one loses its permission."""
        reason = self._permitted
        if reason is not None:
            self._permit.want(lambda: self._hardware.contactor.permit(True, reason))

    def perform(self, session: Session, effects: tuple[AnyEffect, ...]) -> None:
        """Execute the effects of one step, in order; everything that must be durable goes into one commit."""
        facts: list[AnyFact] = []
        record: int | None = None
        checkpoint: Checkpoint | None = None
        for effect in effects:
            match effect:
                case PermitPower(on, reason):
                    self._permit_power(on, reason)
                case OfferCurrent() | SetPilot():
                    self._set_pilot(effect)
                case SwitchPhases(count):
                    self._phases.want(partial(self._switch_phases, count))
                case SelfTestRcd():
                    self._monitor.want(self._test_monitor)
                case SupplyDc():
                    self._supply_dc(effect)
                case PrepareDc(test_v, limit_v):
                    self._guards.want(partial(self._prepare_dc, test_v, limit_v))
                case RestDc():
                    self._guards.overtake(self._rest_dc)
                case LockConnector(locked):
                    self._drive_lock(locked)
                case Emit(fact):
                    facts.append(fact)
                case Record(number, more):
                    facts.extend(more)
                    record = number
                case Checkpoint():
                    checkpoint = effect
                case Authorize():
                    self._authorize(self._evse, effect)
                case SignMeter():
                    self._signer.ask(effect)
                case DrawId():
                    self._post(IdDrawn(self._new_id()))
                case ArmTimer(timer, at_mono_s):
                    self._arm(timer, at_mono_s)
                case CancelTimer(timer):
                    self._cancel(timer)
        if facts or checkpoint is not None or record is not None:
            self._write(session, facts, record, checkpoint or Checkpoint())

    def show(self, before: Session, event: AnyEvent | None, session: Session) -> None:
        """Let the driver see and hear what this step means."""
        self._front.follow(before, event, session)

    def show_page(self, page: Page) -> None:
        """Let the display say this, too."""
        self._front.turn_to(page)

    async def withdraw(self) -> None:
        """Withdraw permission for good, as the last thing an agent does; a board that is away has its lease."""
        self._permitted = None
        try:
            await self._hardware.contactor.permit(False, "the agent stops")
        except HalError as error:
            log.warning("EVSE %d: permission ends with its lease: %s", self._evse, error)

    def close(self) -> None:
        """Stop timers and lanes."""
        for handle in self._timers.values():
            handle.cancel()
        if self._storage_retry is not None:
            self._storage_retry.cancel()
        for lane in (self._permit, self._pilot, self._lock, self._phases, self._monitor, self._supply, self._guards):
            lane.stop()
        self._signer.close()
        self._front.close()

    def start(self) -> None:
        """The EVSE's task begins."""
        self._signer.start()

    def _permit_power(self, on: bool, reason: str) -> None:
        contactor = self._hardware.contactor
        if on:
            self._permitted = reason
            self._permit.want(lambda: contactor.permit(True, reason))
        else:
            self._permitted = None
            self._permit.overtake(lambda: contactor.permit(False, reason))

    def _set_pilot(self, effect: OfferCurrent | SetPilot) -> None:
        pilot = self._hardware.pilot
        match effect:
            case OfferCurrent(current_a):
                duty_pct = duty_for_current(current_a)
                self._pilot.want(lambda: pilot.pwm(duty_pct))
            case SetPilot(Pilot.DIGITAL):
                self._pilot.want(lambda: pilot.pwm(DIGITAL_DUTY_PCT))
            case SetPilot(Pilot.X1):
                self._pilot.want(pilot.x1)
            case SetPilot(Pilot.E):
                self._pilot.want(pilot.state_e)
            case SetPilot(Pilot.F):
                self._pilot.want(pilot.state_f)

    async def _switch_phases(self, count: int) -> None:
        switch = self._hardware.phase_switch
        if switch is not None:
            await switch.phases(count)
            self._post(PhasesSwitched(count))

    async def _test_monitor(self) -> None:
        rcd = self._hardware.rcd
        if rcd is not None:
            await rcd.self_test()
            self._post(MonitorTested())

    def _supply_dc(self, effect: SupplyDc) -> None:
        supply = self._hardware.dc_supply
        if supply is None:
            return
        if effect.mode is DcMode.OFF:
            self._supply.overtake(lambda: supply.mode(DcMode.OFF))
            return

        async def bring() -> None:
            await supply.set(effect.voltage_v, effect.current_a)
            await supply.mode(effect.mode)

        self._supply.want(bring)

    async def _prepare_dc(self, test_v: float, limit_v: float) -> None:
        """A monitor that cannot be tested is no fault of the board's that is tried again: the car is turned away."""
        insulation, over_voltage = self._hardware.insulation, self._hardware.over_voltage
        if insulation is None or over_voltage is None:
            return
        try:
            await over_voltage.watch(limit_v)
            await insulation.test(test_v)
            await insulation.start()
        except HalError as error:
            log.warning("EVSE %d: the cable check cannot be prepared: %s", self._evse, error)
            self._post(DcPrepared(ok=False))
        else:
            self._post(DcPrepared(ok=True))

    async def _rest_dc(self) -> None:
        insulation, over_voltage = self._hardware.insulation, self._hardware.over_voltage
        if insulation is not None and over_voltage is not None:
            await insulation.stop()
            await over_voltage.watch(None)

    def _drive_lock(self, locked: bool) -> None:
        lock = self._hardware.lock
        if lock is not None:
            self._lock.want(lock.lock if locked else lock.unlock)

    def _board_says(self, event: AnyEvent) -> None:
        """One output does not obey, or does again: the fault BOARD stands until the last of them obeys."""
        before = self._disobeying
        self._disobeying += 1 if isinstance(event, FaultRaised) else -1
        if 0 in {before, self._disobeying}:
            self._post(event)

    # Timers

    def _arm(self, timer: Timer, at_mono_s: float) -> None:
        armed = self._timers.get(timer)
        if armed is not None:
            if armed.when() == at_mono_s and not armed.cancelled():
                return
            armed.cancel()
        self._timers[timer] = asyncio.get_running_loop().call_at(at_mono_s, self._due, timer)

    def _due(self, timer: Timer) -> None:
        self._timers.pop(timer, None)
        self._post(TimerDue(timer))

    def _cancel(self, timer: Timer) -> None:
        armed = self._timers.pop(timer, None)
        if armed is not None:
            armed.cancel()

    # The journal

    def _write(self, session: Session, facts: list[AnyFact], record: int | None, how: Checkpoint) -> None:
        self._latest = session
        if record is not None and not self._storage_failed and not (facts or how.synced):
            # All that lasts of it is in earlier commits: they only have to be done.
            self._journal.commit(synced=False).add_done_callback(lambda future: self._all_written(future, record))
            return
        first_id, offline = self._journal.next_fact_id, not self._online()
        new = [StoredFact(first_id + n, self._evse, fact, offline=offline) for n, fact in enumerate(facts)]
        stored, self._unsaved = [*self._unsaved, *new], []
        self._undurable.update(one.id for one in new)
        blob = msgspec.msgpack.encode(kept(session))
        firmly = how.synced or self._storage_failed  # what could not be stored may have been of any kind
        written = self._journal.commit(
            *map(AddFact, stored), SaveSession(self._evse, blob), within_s=how.within_s, synced=firmly
        )
        written.add_done_callback(lambda future: self._written(future, stored, record))

    def _written(self, future: asyncio.Future[None], stored: list[StoredFact], record: int | None) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, JournalError):
            self._not_written(error, stored, record)
            return
        if error is not None:
            raise error
        self._offer_in_order(stored)
        if record is not None:
            self._post(Recorded(record))
        if self._storage_failed:
            self._storage_failed = False
            self._post(FaultCleared(FaultKind.STORAGE))

    def _all_written(self, barrier: asyncio.Future[None], record: int) -> None:
        """What was committed before is done; unless the disk refused it, that is the record."""
        if barrier.cancelled():
            return
        if barrier.exception() is not None or self._storage_failed:
            self._post(RecordFailed(record, "what it rests on could not be stored"))
        else:
            self._post(Recorded(record))

    def _offer_in_order(self, stored: list[StoredFact]) -> None:
        """Offer what is durable, up to the first fact that is not: the disk may refuse one write and take the next."""
        self._undurable.difference_update(one.id for one in stored)
        self._durable = sorted([*self._durable, *stored], key=lambda one: one.id)
        earliest = min(self._undurable, default=math.inf)
        while self._durable and self._durable[0].id < earliest:
            self._offer(self._durable.pop(0))

    def _not_written(self, error: JournalError, stored: list[StoredFact], record: int | None) -> None:
        """Keep the facts in memory, refuse energy to whoever waits for this record, and try again.

        A connector's status is worth nothing later: it is told now, so that the CSMS hears of the full disk.
        """
        log.error("EVSE %d: nothing can be stored: %s", self._evse, error)
        for one in stored:
            if isinstance(one.fact, ConnectorStatusChanged):
                self._undurable.discard(one.id)
                self._offer(one)
            else:
                self._unsaved.append(one)
        self._unsaved.sort(key=lambda one: one.id)
        if record is not None:
            self._post(RecordFailed(record, str(error)))
        if not self._storage_failed:
            self._storage_failed = True
            self._post(FaultRaised(FaultKind.STORAGE, str(error)))
        if self._storage_retry is None:
            self._storage_retry = asyncio.get_running_loop().call_later(STORAGE_RETRY_S, self._try_storage)

    def _try_storage(self) -> None:
        self._storage_retry = None
        self._write(self._latest, [], None, Checkpoint())
