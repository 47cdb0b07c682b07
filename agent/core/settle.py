"""What follows from a session as it stands: phase changes that need no event, pilot, lock, facts and status.

Outputs are derived from state instead of being remembered at each place that might change them, so no path can
forget one.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from agent.core import care, dc, digital, driver, limits, signing
from agent.core.effects import ArmTimer, Emit, LockConnector, OfferCurrent, Pilot, Record, SetPilot, Timer
from agent.core.facts import ConnectorStatusChanged
from agent.core.faults import LETS_FINISH, end_reason, holds_energy, out_of_order, to_report
from agent.core.limits import LimitSource
from agent.core.metering import fresh
from agent.core.session import POWERED, Offer, Phase, Session, Stop, Talk
from agent.core.turn import Turn
from agent.core.values import ChargingState, ConnectorStatus, StopReason, Trigger, TxPoint
from hal.types import FaultKind

# IEC 61851-1: changes of the duty cycle at least 5 s apart; a decrease need not wait. The interlock counts from when
# the board has obeyed, so we wait a little longer than it does.
PWM_SPACING_S: Final = 5.2
X1_S: Final = 3.0  # IEC 61851-1 annex D: X1 between 5 % and the duty cycle of a current
NOT_READY_S: Final = 10.0  # our policy: a car that takes longer from offer to state C is the one that suspends
STEP_A: Final = 0.1  # our policy: a rise smaller than this is not worth a new duty cycle
SIDE_DISCONNECTED: Final = "EV side disconnected"  # 1.6 4.9
PILOT_FAULTS: Final = frozenset({FaultKind.CP_SHORT})  # end a transaction only when they outlast a loose contact
EXPECTED_SOURCES: Final = frozenset({LimitSource.BOARD, LimitSource.CABLE, LimitSource.OCPP, LimitSource.STATION})
HELD_PHASES: Final = frozenset({Phase.READY, Phase.STARTING, Phase.CHARGING, Phase.EASING, Phase.STOPPING})


def settle(turn: Turn) -> None:
    """Bring everything that depends on the session's state in line with it."""
    _fault_ends_or_holds(turn)
    _transfer_ends(turn)
    _ready(turn)
    _start_transaction(turn)
    signing.attend(turn)
    care.attend(turn)
    _move(turn)
    dc.attend(turn)
    _pilot(turn)
    _lock(turn)
    _report_transaction(turn)
    _close(turn)
    _report_status(turn)


def _fault_ends_or_holds(turn: Turn) -> None:
    s = turn.s
    reason = end_reason(s.faults - PILOT_FAULTS if s.away else s.faults)
    if reason is not None and s.stop is None and (s.driver is not None or s.tx is not None):
        driver.stop(turn, Stop(Trigger.ABNORMAL, reason))
    elif s.phase in POWERED and holds_energy(s.faults):
        turn.power_off("fault: " + ", ".join(sorted(s.faults)))
        driver.without_power(turn)
        turn.trigger = turn.trigger or Trigger.ABNORMAL


def _transfer_ends(turn: Turn) -> None:
    """Where EnergyTransfer is a stop point, whoever suspends the energy ends the transaction (E06.FR.07)."""
    s = turn.s
    if TxPoint.ENERGY_TRANSFER not in s.rules.stop_points or s.stop is not None or s.phase is Phase.RECOVERING:
        return
    if s.energized and not s.contactor_closed:
        reason = StopReason.OTHER if s.cp.wants_energy else StopReason.STOPPED_BY_EV
        reason = StopReason.DEAUTHORIZED if s.exhausted else reason
        driver.stop(turn, Stop(Trigger.CHARGING_STATE_CHANGED, reason))


def _ready(turn: Turn) -> None:
    """Note when driver and car were both there: what relative charging schedules count from (K01.FR.42)."""
    s = turn.s
    if s.driver is None and s.tx is None:
        if s.ready_utc_s is not None:
            turn.set(ready_utc_s=None, ready_mono_s=None)
    elif s.ready_utc_s is None and s.driver is not None and s.plugged:
        turn.set(ready_utc_s=turn.now.utc_s, ready_mono_s=turn.now.mono_s)


def _start_transaction(turn: Turn) -> None:
    s = turn.s
    if s.tx is not None or s.stop is not None or s.away or s.phase in {Phase.FINISHED, Phase.RECOVERING}:
        return
    reached = {
        TxPoint.EV_CONNECTED: s.plugged,
        TxPoint.AUTHORIZED: s.driver is not None,
        TxPoint.POWER_PATH_CLOSED: s.plugged and s.driver is not None,
        TxPoint.DATA_SIGNED: signing.has_begun(s)
        or (s.plugged and s.driver is not None and not signing.starts_with_it(s)),
        TxPoint.ENERGY_TRANSFER: s.plugged and s.contactor_closed,
    }
    here = {point for point in s.rules.start_points if reached[point]}
    if here:
        trigger = s.driver.trigger if s.driver is not None else Trigger.CABLE_PLUGGED_IN
        if here == {TxPoint.ENERGY_TRANSFER} and trigger is not Trigger.REMOTE_START:
            trigger = Trigger.CHARGING_STATE_CHANGED  # E01.FR.06: what started it is neither the plug nor the token
        if here == {TxPoint.DATA_SIGNED} and signing.has_begun(s) and trigger is not Trigger.REMOTE_START:
            trigger = Trigger.SIGNED_DATA
        turn.start_transaction(trigger, _charging_state(turn) if s.plugged else ChargingState.IDLE)


def may_have_energy(turn: Turn) -> bool:
    """Whether nothing but the car's own wish and the journal stands between it and energy."""
    s = turn.s
    return (
        s.driver is not None
        and s.stop is None
        and not s.exhausted
        and not holds_energy(s.faults)
        and (not s.faults & LETS_FINISH or s.phase in POWERED)
        and not care.keeps_open(s)
        and (s.dc is not None or s.limit(turn.now.mono_s).offers)  # a DC car that may have nothing waits at 0 A
    )


def _move(turn: Turn) -> None:
    s = turn.s
    match s.phase:
        case Phase.READY if s.asks_for_power and may_have_energy(turn) and fresh(s.meter, turn.now):
            if s.tx is None and TxPoint.ENERGY_TRANSFER not in s.rules.start_points:
                return  # its id or first reading is still to come
            if signing.awaited(s):
                return
            turn.set(records=s.records + 1, recording=s.records + 1)
            turn.go(Phase.STARTING)
            turn.do(Record(turn.s.records, ()))
        case Phase.STARTING if not (s.asks_for_power and may_have_energy(turn)):
            turn.set(recording=None)
            turn.go(Phase.READY)
        case Phase.CHARGING if not may_have_energy(turn):
            turn.go(Phase.EASING)
            turn.arm(Timer.EASE, driver.EASE_S)
        case Phase.EASING if s.stop is None and s.asks_for_power and may_have_energy(turn):
            turn.cancel(Timer.EASE)
            turn.go(Phase.CHARGING)
    s = turn.s
    if s.phase is Phase.EASING and (not s.cp.wants_energy or dc.at_rest(s)):
        turn.cancel(Timer.EASE)
        turn.power_off("no current is offered any more")
        driver.without_power(turn)


def _pilot(turn: Turn) -> None:
    s, mono_s = turn.s, turn.now.mono_s
    expiry = limits.next_expiry(s.limits, mono_s)
    if expiry is not None:
        turn.do(ArmTimer(Timer.LIMIT, expiry))
    offering = s.phase in {Phase.READY, Phase.STARTING, Phase.CHARGING} and may_have_energy(turn) and s.plugged
    if s.digital.hoped_for and s.plugged:
        digital.attend(turn, offering=offering)
        _pilot_digital(turn, offering=offering)
        return
    was = s.offer
    if was is not None and was.pilot == Pilot.DIGITAL:
        turn.set(offer=Offer(None, Pilot.X1, mono_s))
        turn.do(SetPilot(Pilot.X1))
        turn.arm(Timer.PWM, X1_S)
        return
    waking = care.woken(turn, offering=offering)
    s = turn.s
    if waking is not None or s.dc is not None or not offering:
        pilot = waking or _without_current(s)
        if was is None or was.pilot != pilot:
            if waking is None:
                _rate_changed(turn, 0.0)
            turn.set(offer=Offer(None, pilot, mono_s))
            turn.do(SetPilot(pilot))
        return
    limit = s.limit(mono_s)
    want_a = limit.current_a
    was_a = was.current_a if was is not None else None
    if was_a is not None and 0 <= want_a - was_a < STEP_A:
        return
    raising = was_a is None or want_a > was_a
    wait_s = was.since_mono_s + PWM_SPACING_S - mono_s if was is not None and _was_offered(turn) else 0.0
    if s.digital.given_up_s is not None and was is not None and was.pilot == Pilot.X1:
        wait_s = max(wait_s, s.digital.given_up_s + X1_S - mono_s)
    if raising and wait_s > 0:
        turn.arm(Timer.PWM, wait_s)
        return
    _rate_changed(turn, want_a)
    turn.set(offer=Offer(want_a, "PWM", mono_s, limit.source))
    turn.do(OfferCurrent(want_a))
    if was_a is None:
        turn.arm(Timer.READY, NOT_READY_S)


def _pilot_digital(turn: Turn, *, offering: bool) -> None:
    """5 %: what may be drawn is said in messages, so it may change as often as it likes. X1 for a car to be woken."""
    s, was = turn.s, turn.s.offer
    if s.digital.talk is Talk.WAKING:
        if was is None or was.pilot != Pilot.X1:
            turn.set(offer=Offer(None, Pilot.X1, turn.now.mono_s))
            turn.do(SetPilot(Pilot.X1))
        return
    limit = s.limit(turn.now.mono_s)
    want_a = limit.current_a if offering else None
    if was is None or was.pilot != Pilot.DIGITAL:
        turn.do(SetPilot(Pilot.DIGITAL))
    elif was.current_a == want_a:
        return
    _rate_changed(turn, want_a or 0.0)
    turn.set(offer=Offer(want_a, Pilot.DIGITAL, turn.now.mono_s, limit.source if offering else None))
    if want_a is not None and (was is None or was.current_a is None):
        turn.arm(Timer.READY, NOT_READY_S)


def _rate_changed(turn: Turn, to_a: float) -> None:
    """Tell of a change that the CSMS did not ask for: an external limit's, the fuse's, the temperature's.

    OCPP 2.0.1 K11.FR.04, K13.FR.03, SC.02: its own schedules are no news to it.
    """
    s, was = turn.s, turn.s.offer
    if s.tx is None or s.stop is not None or not s.contactor_closed or was is None or not was.current_a:
        return
    limit = s.limit(turn.now.mono_s)
    if to_a < limits.MIN_OFFER_A and limit.offers:
        return  # not for want of current
    change_pct = abs(to_a - was.current_a) / was.current_a * 100.0
    if change_pct >= s.rules.rate_change_pct and not {was.source, limit.source} <= EXPECTED_SOURCES:
        turn.trigger = turn.trigger or Trigger.CHARGING_RATE_CHANGED


def _without_current(s: Session) -> Pilot:
    """What the pilot says where no current is offered by it."""
    # With a car on the cable X1 stays: F would hide that the car leaves.
    out_of_service = not s.plugged and s.phase is Phase.IDLE and (not s.operative or end_reason(s.faults) is not None)
    return Pilot.F if out_of_service else Pilot.X1


def _was_offered(turn: Turn) -> bool:
    """The spacing protects a car that has seen an offer in this transaction; the first offer need not wait."""
    return turn.s.offer is not None and (turn.s.offer.current_a is not None or turn.s.energized)


def _lock(turn: Turn) -> None:
    s = turn.s
    if not s.has_lock:
        return
    # E10.FR.01: the cable of a transaction that goes on without its car stays locked until the driver is back
    suspended = s.phase is Phase.AUTHORIZED and s.energized and s.cable_a is not None
    awaits_signature = s.phase is Phase.STOPPING and signing.end_is_asked_for(s)  # no driver waits for that
    held = s.phase in HELD_PHASES and s.plugged and not awaits_signature
    want = held or suspended or s.held_by is not None or s.contactor_closed
    if want and not s.locked and FaultKind.LOCK_JAMMED not in s.faults:
        turn.set(locked=True)
        turn.do(LockConnector(True))
    elif not want and (s.locked or s.unlock_asked):
        turn.set(locked=False, unlock_asked=False)
        turn.do(LockConnector(False))


def _charging_state(turn: Turn) -> ChargingState:
    s = turn.s
    if not s.plugged:
        return ChargingState.IDLE
    before = s.tx.charging if s.tx is not None else ChargingState.EV_CONNECTED
    if s.contactor_closed and s.cp.wants_energy:
        return ChargingState.CHARGING if s.dc is None else dc.charging_state(turn, before)
    if s.phase in {Phase.STARTING, Phase.CHARGING} and s.cp.wants_energy:
        if before is ChargingState.CHARGING:
            return ChargingState.SUSPENDED_EVSE  # the interlock, or a contactor that dropped out, took the energy away
        return before if before is not ChargingState.IDLE else ChargingState.EV_CONNECTED
    if s.driver is None or s.stop is not None:
        return ChargingState.EV_CONNECTED
    offered = s.offers
    if before in {ChargingState.IDLE, ChargingState.EV_CONNECTED}:  # no energy yet since the car came
        waited_s = turn.now.mono_s - s.offer.since_mono_s if s.offer is not None else 0.0
        return ChargingState.SUSPENDED_EV if offered and waited_s >= NOT_READY_S else ChargingState.EV_CONNECTED
    return ChargingState.SUSPENDED_EV if offered else ChargingState.SUSPENDED_EVSE


def _report_transaction(turn: Turn) -> None:
    s, tx = turn.s, turn.s.tx
    if tx is None or s.away or s.phase is Phase.RECOVERING:
        return
    now_charging = _charging_state(turn)
    if s.stop is not None and s.phase in {Phase.EASING, Phase.STOPPING}:
        now_charging = tx.charging  # the end says it all; no report of the steps towards it
        turn.trigger = None
    changed = now_charging is not tx.charging
    if not changed and turn.trigger is None:
        return
    turn.set(tx=replace(tx, charging=now_charging))
    fresh_driver = s.driver if turn.trigger in {Trigger.AUTHORIZED, Trigger.REMOTE_START} else None
    turn.update_transaction(turn.trigger or Trigger.CHARGING_STATE_CHANGED, driver=fresh_driver)
    turn.trigger = None


def _close(turn: Turn) -> None:
    if turn.s.phase is not Phase.STOPPING or not driver.closing_reading_is_there(turn):
        return
    if driver.end_is_signed(turn):
        driver.close(turn)
        _report_transaction(turn)
        _pilot(turn)
    _lock(turn)


def _status(s: Session) -> ConnectorStatus:
    if end_reason(s.faults) is not None or (out_of_order(s.faults) and not s.energized):
        return ConnectorStatus.FAULTED
    if not s.operative and s.tx is None and s.driver is None:
        return ConnectorStatus.UNAVAILABLE
    if s.kept.held and s.driver is None and s.phase in {Phase.IDLE, Phase.CONNECTED}:
        return ConnectorStatus.RESERVED  # also with a stranger's car on the cable (H03, S1 of the 2025 errata)
    if s.cable_left and s.tx is None and s.driver is None:
        return ConnectorStatus.FINISHING  # a cable that was left behind keeps others away (1.6 4.9)
    if s.phase is Phase.IDLE and s.tx is None:
        return ConnectorStatus.AVAILABLE
    if s.phase is Phase.FINISHED:
        return ConnectorStatus.FINISHING
    if s.phase is Phase.RECOVERING:
        return s.status
    if s.phase is Phase.AUTHORIZED and s.energized:
        return ConnectorStatus.SUSPENDED_EV  # unplugged at the car's side, and the transaction goes on (1.6 4.9)
    charging = s.tx.charging if s.tx is not None else ChargingState.IDLE
    match charging:
        case ChargingState.CHARGING:
            return ConnectorStatus.CHARGING
        case ChargingState.SUSPENDED_EV:
            return ConnectorStatus.SUSPENDED_EV
        case ChargingState.SUSPENDED_EVSE:
            return ConnectorStatus.SUSPENDED_EVSE
        case _:
            return ConnectorStatus.PREPARING


def _detail(s: Session) -> str:
    """What 1.6 has the status say of a car that was unplugged at its own side (4.9)."""
    waits = s.phase is Phase.AUTHORIZED and s.energized
    return SIDE_DISCONNECTED if (waits or s.cable_left) and not s.faults else ""


def _report_status(turn: Turn) -> None:
    s = turn.s
    if s.away:
        return  # within a second it is the old status again, or that of a connector without a car
    status, fault, plugged = _status(s), to_report(s.faults), s.occupied
    if status is s.status and fault is s.reported_fault and plugged is s.reported_plugged:
        return
    turn.set(status=status, reported_fault=fault, reported_plugged=plugged)
    turn.do(
        Emit(
            ConnectorStatusChanged(
                evse=s.evse,
                connector=s.connector,
                at_utc_s=turn.now.utc_s,
                status=status,
                fault=fault,
                plugged=plugged,
                detail=_detail(s),
            )
        )
    )
    turn.checkpoint = True
