"""One EVSE's life as a pure function: what an event changes (here), and what follows from it (`agent.core.settle`)."""

from __future__ import annotations

import math

from msgspec.structs import replace

from agent.core import care, dc, derating, digital, driver, durability, metering, readings, recovery, signing
from agent.core.effects import AnyEffect, ArmTimer, CancelTimer, DrawId, Emit, PermitPower, Pilot, Timer
from agent.core.events import (
    AnyEvent,
    AuthorizationDecided,
    AvailabilityChanged,
    CableCheckAsked,
    ClockCorrected,
    ContractPresented,
    DcPrepared,
    DcWanted,
    Deauthorized,
    DigitalBegan,
    DigitalNeeds,
    DigitalOffered,
    DigitalOver,
    DigitalPower,
    DigitalWanted,
    EvseReset,
    GroupTold,
    IdDrawn,
    LimitSet,
    MeterKeyRead,
    MeterNotSigned,
    MeterSigned,
    MonitorTested,
    PhasesSwitched,
    PhasesWanted,
    PriorityGiven,
    ReadingAsked,
    Recorded,
    RecordFailed,
    RemoteStart,
    ReservationOver,
    ReservationsChanged,
    RulesChanged,
    StopRequested,
    TimerDue,
    UnlockRequested,
)
from agent.core.facts import ReservationEnded
from agent.core.limits import LimitInput, LimitSource, checked
from agent.core.rules import Rules
from agent.core.session import POWERED, Phase, Session, Stop
from agent.core.settle import may_have_energy, settle
from agent.core.turn import Turn
from agent.core.values import Instant, ReadingContext, StopReason, Trigger
from hal.types import (
    ContactorChanged,
    CpChanged,
    CpState,
    DcMeasured,
    FaultCleared,
    FaultKind,
    FaultRaised,
    GridSignalled,
    InsulationMeasured,
    LockChanged,
    LockState,
    MeterFailed,
    MeterSampled,
    PermitLost,
    PpChanged,
    Quality,
    TemperatureMeasured,
    TokenPresented,
)


def step(session: Session, event: AnyEvent, now: Instant) -> tuple[Session, tuple[AnyEffect, ...]]:
    """Advance one EVSE by one event. Total: every event is legal in every phase."""
    turn = Turn(session, now)
    match event:
        case CpChanged():
            _pilot(turn, event)
        case ContactorChanged():
            _contactor(turn, event)
        case MeterSampled():
            _meter(turn, event)
        case FaultRaised() | FaultCleared():
            _fault(turn, event)
        case TokenPresented():
            driver.presented(turn, event)
        case ContractPresented(token, contract):
            driver.contract_presented(turn, token, contract)
        case AuthorizationDecided():
            driver.decided(turn, event)
        case RemoteStart():
            driver.remote_start(turn, event)
        case StopRequested(trigger, reason, token):
            if session.tx is not None or session.driver is not None:
                driver.stop(turn, Stop(trigger, reason, token))
        case Deauthorized():
            driver.deauthorized(turn, event)
        case GroupTold():
            driver.group_told(turn, event)
        case PriorityGiven(tx, priority):
            if session.tx is not None and session.tx.id == tx:
                turn.set(tx=replace(session.tx, priority=priority))
                turn.checkpoint = True
        case Recorded() | RecordFailed():
            _recorded(turn, event)
        case TimerDue(timer):
            _due(turn, timer)
        case PpChanged(ampacity_a):
            _cable(turn, ampacity_a)
        case TemperatureMeasured(sensor, celsius) if math.isfinite(celsius):
            _temperature(turn, sensor, celsius)
        case LimitSet(limit):
            _limit(turn, checked(limit))
        case LockChanged(state):
            _lock(turn, state)
        case IdDrawn(new_id):
            turn.set(next_tx=new_id)
        case RulesChanged(rules):
            _go_by(turn, rules)
        case AvailabilityChanged():
            _availability(turn, event)
        case ReservationsChanged() | ReservationOver():
            _reservation(turn, event)
        case ClockCorrected():
            _clock(turn, event)
        case EvseReset() if session.tx is None:
            driver.start_anew(turn)
        case UnlockRequested(ends_transaction):
            driver.release_cable(turn, ends_transaction=ends_transaction)
        case DigitalOffered() | DigitalBegan() | DigitalNeeds() | DigitalPower() | DigitalOver() | DigitalWanted():
            digital.said(turn, event)
        case CableCheckAsked() | DcPrepared() | DcWanted() | DcMeasured() | InsulationMeasured():
            dc.said(turn, event)
        case PhasesWanted() | PhasesSwitched() | MonitorTested() | GridSignalled():
            care.heard(turn, event)
        case MeterSigned() | MeterNotSigned() | MeterKeyRead():
            _meter_answered(turn, event)
        case ReadingAsked():
            readings.due(turn, ReadingContext.TRIGGER)
        case MeterFailed() | PermitLost() | EvseReset():
            pass  # for the log; what follows from them comes as something else
    settle(turn)
    return durability.finished(turn, session)


def _go_by(turn: Turn, rules: Rules) -> None:
    turn.set(rules=rules)
    driver.welcome(turn)
    turn.arm_sample()
    _arm_aligned(turn)


def begin(session: Session, now: Instant) -> tuple[Session, tuple[AnyEffect, ...]]:
    """The first step of a fresh or restored session: permission off, ids and timers asked for."""
    turn = Turn(session, now)
    turn.do(PermitPower(False, "start-up"))
    if not session.next_tx:
        turn.do(DrawId())
    if session.phase is Phase.RECOVERING:
        turn.arm(Timer.CLOSING, recovery.METER_WAIT_S)
    _arm_aligned(turn)
    care.begin(turn)
    settle(turn)
    return durability.finished(turn, session)


def _limit(turn: Turn, limit: LimitInput) -> None:
    """What a source said before counts no longer."""
    others = tuple(one for one in turn.s.limits if one.source is not limit.source)
    turn.set(limits=(*others, limit))


def _clock(turn: Turn, event: ClockCorrected) -> None:
    if turn.s.tx is not None:
        turn.set(tx=event.correction.transaction(turn.s.tx))
        turn.checkpoint = True
    _arm_aligned(turn)


def _pilot(turn: Turn, event: CpChanged) -> None:
    s, state = turn.s, event.reading.state
    if state in {CpState.E, CpState.F} and s.offer is not None and s.offer.pilot in {Pilot.E, Pilot.F}:
        return  # our own E or F says nothing about the car
    care.pilot_moved(turn, state)
    if not state.connected and s.plugged:
        driver.car_away(turn)
        return
    was_plugged = s.plugged
    turn.set(cp=state, away=False)
    if was_plugged:
        turn.cancel(Timer.AWAY)
    elif state.connected:
        turn.cancel(Timer.CONNECT)
        turn.trigger = turn.trigger or Trigger.CABLE_PLUGGED_IN
        driver.car_came(turn)
        digital.offered(turn)


def _contactor(turn: Turn, event: ContactorChanged) -> None:
    s, mono_s = turn.s, turn.now.mono_s
    tx = s.tx
    if event.closed:
        care.contactor_closed(turn)
    if event.closed and not s.contactor_closed:
        turn.set(closed_since_mono_s=mono_s, tx=replace(tx, energized=True) if tx else None)
    elif not event.closed and s.contactor_closed and s.closed_since_mono_s is not None:
        charged_s = mono_s - s.closed_since_mono_s
        turn.set(closed_since_mono_s=None, tx=replace(tx, charged_s=tx.charged_s + charged_s) if tx else None)
    if not event.closed:
        turn.set(opened_mono_s=mono_s)
    turn.set(contactor_closed=event.closed)


def _meter(turn: Turn, event: MeterSampled) -> None:
    turn.set(meter=event.sample)
    if turn.s.phase is Phase.RECOVERING:
        if event.sample.quality is Quality.GOOD and driver.read_with_contactor_open(turn.s):
            recovery.recover(turn)
    elif turn.s.tx is not None and turn.now.mono_s - turn.s.checkpointed_mono_s >= recovery.MAX_STORED_AGE_S:
        turn.checkpoint = True


def _availability(turn: Turn, event: AvailabilityChanged) -> None:
    before, concerned = turn.s.inoperative, frozenset({event.scope})
    turn.set(inoperative=before - concerned if event.operative else before | concerned)
    driver.welcome(turn)
    turn.checkpoint = True


def _reservation(turn: Turn, event: ReservationsChanged | ReservationOver) -> None:
    match event:
        case ReservationsChanged(kept):
            turn.set(kept=kept)
            driver.welcome(turn)
            turn.checkpoint = True
        case ReservationOver(number, why):
            at_utc_s = turn.now.utc_s
            turn.do(Emit(ReservationEnded(evse=turn.s.evse, at_utc_s=at_utc_s, reservation_id=number, why=why)))


def _temperature(turn: Turn, sensor: str, celsius: float) -> None:
    warmth = derating.measured(turn.s.derating, sensor, celsius, turn.now.mono_s)
    others = tuple(one for one in turn.s.limits if one.source is not LimitSource.TEMPERATURE)
    turn.set(derating=warmth, limits=(*others, derating.limit(warmth, turn.now.mono_s)))


def _cable(turn: Turn, ampacity_a: float | None) -> None:
    cable = () if ampacity_a is None else (LimitInput(LimitSource.CABLE, ampacity_a),)
    others = tuple(one for one in turn.s.limits if one.source is not LimitSource.CABLE)
    had_one = turn.s.cable_a is not None
    turn.set(cable_a=ampacity_a, limits=others + cable)
    if ampacity_a is None:
        if turn.s.away:
            digital.gone(turn)
            driver.car_left(turn)  # no loose contact: the plug is out of the socket
        driver.no_cable(turn, pulled=had_one)


def _lock(turn: Turn, state: LockState) -> None:
    jammed = frozenset({FaultKind.LOCK_JAMMED})
    faults = turn.s.faults | jammed if state is LockState.JAMMED else turn.s.faults - jammed
    turn.set(locked=state is LockState.LOCKED, faults=faults)


def _fault(turn: Turn, event: FaultRaised | FaultCleared) -> None:
    s = turn.s
    if isinstance(event, FaultCleared):
        turn.set(faults=s.faults - {event.fault})
        if event.fault is FaultKind.METER:
            turn.cancel(Timer.METER_GRACE)
        driver.welcome(turn)
    else:
        turn.set(faults=s.faults | {event.fault})
        if event.fault is FaultKind.METER and event.fault not in s.faults:
            grace_s = s.rules.meter_grace_s if s.phase in POWERED else recovery.METER_RETURN_S
            turn.arm(Timer.METER_GRACE, grace_s)
    turn.checkpoint = True


def _recorded(turn: Turn, event: Recorded | RecordFailed) -> None:
    s = turn.s
    if s.phase is not Phase.STARTING or event.record != s.recording:
        return  # the session has moved on while the disk was busy
    turn.set(recording=None)
    if isinstance(event, RecordFailed):
        turn.set(faults=s.faults | {FaultKind.STORAGE})
        turn.go(Phase.READY)
    elif s.asks_for_power and may_have_energy(turn):
        turn.go(Phase.CHARGING)
        turn.do(PermitPower(True, "recorded"))
    else:
        turn.go(Phase.READY)


def _due(turn: Turn, timer: Timer) -> None:
    s = turn.s
    match timer:
        case Timer.CONNECT if s.phase is Phase.AUTHORIZED:
            driver.no_car_came(turn)
        case Timer.AWAY if s.away:
            digital.gone(turn)
            driver.car_left(turn)
        case Timer.TALK:
            digital.due(turn)
        case Timer.EASE if s.phase is Phase.EASING:
            turn.power_off("the car did not stop drawing")
            driver.without_power(turn)
        case Timer.CLOSING if s.phase is Phase.STOPPING:
            if driver.end_is_signed(turn):
                driver.close(turn)
        case Timer.CLOSING if s.phase is Phase.RECOVERING:
            recovery.recover(turn)
        case Timer.METER_GRACE if FaultKind.METER in s.faults:
            _meter_silent(turn)
        case Timer.SIGN:
            signing.ask_again(turn)
        case Timer.SIGNED_END:
            signing.wait_no_longer(turn)
            _recover_signed(turn)
        case Timer.SAMPLE | Timer.KEEP_SAMPLE if s.tx is not None:
            readings.due(turn, timer)
            turn.arm_sample()
        case Timer.ALIGNED | Timer.KEEP_ALIGNED:
            readings.due(turn, timer)
            _arm_aligned(turn)
        case _:
            pass  # LIMIT, PWM and SUPPLY only make settle() look again; the others came too late to matter


def _meter_answered(turn: Turn, event: MeterSigned | MeterNotSigned | MeterKeyRead) -> None:
    """A signing meter has signed, or has not, or has told its key."""
    signed = signing.answered(turn, event)
    if isinstance(event, MeterKeyRead):
        return
    if event.purpose is not None and signing.goes_on(turn.s, event.tx):
        readings.take(turn, event.purpose, signed)
    _recover_signed(turn)


def _recover_signed(turn: Turn) -> None:
    """What a recovery waited for last."""
    if turn.s.phase is Phase.RECOVERING and signing.end_is_asked_for(turn.s):
        recovery.recover(turn)


def _meter_silent(turn: Turn) -> None:
    """The grace is over: hold the energy back; when it is over again, stop with what was last read."""
    if turn.s.phase in POWERED:
        turn.power_off("the meter is silent")
        driver.without_power(turn)
        turn.arm(Timer.METER_GRACE, recovery.METER_RETURN_S)
    elif turn.s.tx is not None:
        driver.stop(turn, Stop(Trigger.ABNORMAL, StopReason.OTHER))


def _arm_aligned(turn: Turn) -> None:
    rules = turn.s.rules
    for timer, interval_s in (
        (Timer.ALIGNED, rules.aligned_interval_s),
        (Timer.KEEP_ALIGNED, rules.aligned_ended_interval_s if rules.aligned_ended_measurands else 0.0),
    ):
        due = metering.next_aligned(interval_s, turn.now)
        turn.do(CancelTimer(timer) if due is None else ArmTimer(timer, due))
