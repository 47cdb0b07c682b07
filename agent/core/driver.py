"""The driver's side of a session: tokens, plugging and unplugging, and everything that ends an authorisation."""

from __future__ import annotations

import math
from typing import Final

from msgspec.structs import replace

from agent.core import signing
from agent.core.contract import Contract
from agent.core.effects import Authorize, Timer
from agent.core.events import AuthorizationDecided, Deauthorized, GroupTold, RemoteStart
from agent.core.faults import end_reason, out_of_order
from agent.core.metering import fresh
from agent.core.session import POWERED, Driver, Phase, Session, Stop
from agent.core.turn import Turn, is_drivers
from agent.core.values import IdToken, Scope, StopReason, TokenKind, Trigger, TxPoint
from hal.types import CpState, TokenPresented

EASE_S = 6.0  # IEC 61851-1: a car stops within 3 s of losing the PWM; after 6 s we open under load
ALWAYS_END = frozenset({Trigger.ABNORMAL, Trigger.RESET, Trigger.EV_CONNECT_TIMEOUT, Trigger.UNLOCK})
AWAY_S: Final = 1.0  # our policy: a loose contact is back by then, and nobody changes cars so fast (see `car_away`)
CLOSING_S = 3.0  # our policy: a meter that has not answered by then does not hold up the bill
PLUG_POINTS: Final = {TxPoint.EV_CONNECTED, TxPoint.POWER_PATH_CLOSED}  # a transaction with these ends without its car
CAR_LEFT: Final = Stop(Trigger.EV_COMMUNICATION_LOST, StopReason.EV_DISCONNECTED, unplugged=True)


def presented(turn: Turn, event: TokenPresented) -> None:
    """A token at the reader: stops its own session, otherwise the authoriser is asked."""
    token = IdToken(event.token, _kind(event.kind))
    s = turn.s
    if s.held_by is not None and s.held_by.same_as(token):
        turn.set(held_by=None)
        return
    if is_drivers(s, token):
        if s.stop is None:
            stop(turn, Stop(Trigger.STOP_AUTHORIZED, StopReason.LOCAL, token))
        return
    if s.asking is not None and s.asking[1].same_as(token):
        return  # tapped twice; one question is enough
    _ask(turn, token)


def _kind(name: str) -> TokenKind:
    try:
        return TokenKind(name)
    except ValueError:
        return TokenKind.LOCAL  # a reader of the maker's own; only the station knows its kind


def remote_start(turn: Turn, event: RemoteStart) -> None:
    """The CSMS starts for a token; it is authorised first where the CSMS's settings ask for it."""
    if turn.s.driver is not None or turn.s.stop is not None:
        return
    driver = Driver(event.token, event.group, Trigger.REMOTE_START, event.remote_start_id, profile=event.profile)
    if event.authorize:
        turn.set(remote=driver)
        _ask(turn, event.token)
    else:
        _authorized(turn, driver)


def contract_presented(turn: Turn, token: IdToken, contract: Contract) -> None:
    """A car identifies itself: it starts its session, never stops one (C07, C08)."""
    s = turn.s
    if s.driver is None and s.stop is None:
        turn.set(digital=replace(s.digital, contract=token))
        _ask(turn, token, contract)


def _ask(turn: Turn, token: IdToken, contract: Contract | None = None) -> None:
    number = turn.s.asks + 1
    turn.set(asks=number, asking=(number, token))
    s = turn.s
    vain = s.driver is not None and s.driver.group is None and not s.rules.master_pass
    turn.do(Authorize(number, token, s.group, contract, vain=vain))


def decided(turn: Turn, event: AuthorizationDecided) -> None:
    """The verdict on a token that was asked for: starts, or stops the session of its group."""
    s = turn.s
    if s.asking is None or s.asking[0] != event.ask:
        return  # an older question; the driver has tapped another card since
    remote = s.remote if s.remote is not None and s.remote.token.same_as(event.token) else None
    turn.set(asking=None, remote=None)
    if not event.info.accepted and event.token.same_as(s.digital.contract):
        turn.set(digital=replace(s.digital, refused=True))
    if not event.info.accepted or s.stop is not None or event.info.master:
        return  # C16.FR.03: a master pass starts nothing; what it stops is asked for at every EVSE
    if s.driver is None:
        found = remote or Driver(event.token)
        info = event.info
        known = replace(found, group=info.group or found.group, languages=info.languages, priority=info.priority)
        _authorized(turn, known)
    elif is_drivers(s, event.token, event.info.group):
        stop(turn, Stop(Trigger.STOP_AUTHORIZED, StopReason.LOCAL, event.token))


def _authorized(turn: Turn, driver: Driver) -> None:
    s = turn.s
    if s.phase is Phase.RECOVERING:
        return  # a transaction that is being closed is nobody else's
    if s.tx is None and not _takes_newcomers(s):
        return
    if s.kept.turns_away(driver.token, driver.group):
        turn.set(asking=None, remote=None)
        return
    claim = s.kept.claim(driver.token, driver.group)
    since_seq = s.tx.seq if s.tx is not None else 0
    driver = replace(driver, since_seq=since_seq, reservation_id=claim.id if claim is not None else None)
    turn.set(driver=driver, asking=None, remote=None)
    turn.trigger = driver.trigger
    if s.phase in {Phase.IDLE, Phase.CONNECTED, Phase.FINISHED, Phase.AUTHORIZED}:
        turn.go(Phase.READY if s.plugged else Phase.AUTHORIZED)
    if not s.plugged:
        _await_car(turn)


def _await_car(turn: Turn) -> None:
    timeout_s = turn.s.rules.ev_connection_timeout_s
    if timeout_s > 0:
        turn.arm(Timer.CONNECT, timeout_s)


def _takes_newcomers(s: Session) -> bool:
    """In service and in order (1.6 4.9: Faulted is not available); a session that runs may finish."""
    return s.operative and not out_of_order(s.faults)


def car_came(turn: Turn) -> None:
    """A car was plugged in."""
    turn.set(cable_left=False)
    if turn.s.phase is Phase.IDLE:
        turn.go(Phase.CONNECTED)
        welcome(turn)
    elif turn.s.phase is Phase.AUTHORIZED:
        s = turn.s
        if s.tx is None and s.driver is not None and s.driver.trigger is Trigger.AUTHORIZED:
            # What completes a start names it (E03); a remote start names itself until it is told (F01.FR.25).
            turn.set(driver=replace(s.driver, trigger=Trigger.CABLE_PLUGGED_IN))
        turn.go(Phase.READY)


def welcome(turn: Turn) -> None:
    """Where nobody has to say who he is: a car that waits is served, as soon as anybody is."""
    s = turn.s
    if s.phase is Phase.CONNECTED and s.tx is None and s.rules.free_vend:
        _authorized(turn, Driver(IdToken(s.rules.free_vend_token, TokenKind.NO_AUTHORIZATION)))


def car_away(turn: Turn) -> None:
    """The pilot shows no car, or is shorted: no power from now on, but it may be a loose contact.

    The contactor opens at once, as IEC 61851-1 asks; whether the driver has left is a matter of billing and of the
    lock, and waits for `AWAY_S`. The duty cycle stays: a pilot that is unplugged may carry it for 2 s (table A.6
    [check]). A car that is back in time asks for power anew, and gets it after the interlock's spacing.
    """
    s = turn.s
    if s.phase in POWERED:
        turn.power_off("unplugged")
        without_power(turn)
    if not s.away:
        turn.set(away=True)
        turn.arm(Timer.AWAY, AWAY_S)
    turn.set(cp=CpState.B)


def car_left(turn: Turn) -> None:
    """A car was unplugged; the power is off already."""
    turn.cancel(Timer.AWAY)
    turn.set(cp=CpState.A, away=False)
    s = turn.s
    fault = end_reason(s.faults)
    if fault is not None and s.tx is not None:
        stop(turn, Stop(Trigger.ABNORMAL, fault))
    turn.trigger = Trigger.EV_COMMUNICATION_LOST
    match s.phase:
        case Phase.RECOVERING | Phase.IDLE | Phase.AUTHORIZED:
            return
        case Phase.STOPPING if s.stop is not None:
            turn.set(stop=replace(s.stop, unplugged=True))
            return
    turn.set(cable_left=s.cable_a is not None)
    waits = not s.rules.stop_on_ev_side_disconnect and not PLUG_POINTS & set(s.rules.stop_points)
    if s.tx is not None and waits and s.driver is not None:
        turn.go(Phase.AUTHORIZED)  # 1.6 StopTransactionOnEVSideDisconnect=false: the driver may plug in again
        if s.cable_a is None:
            _await_car(turn)  # the station's own cable: nothing shows that the driver means to return (E10.FR.02)
        return
    if s.cable_a is not None and s.has_lock and s.driver is not None and not s.rules.unlock_on_ev_side_disconnect:
        turn.set(held_by=s.driver.token)
    stop(turn, CAR_LEFT)


def no_cable(turn: Turn, *, pulled: bool) -> None:
    """No cable is in the socket: nothing is left to lock, and no car hangs on it any more."""
    turn.set(held_by=None, cable_left=False)
    if pulled and turn.s.phase is Phase.AUTHORIZED:
        _await_car(turn)


def no_car_came(turn: Turn) -> None:
    """The driver has not plugged in in time, or not again (E03.FR.05, E10.FR.02)."""
    stop(turn, Stop(Trigger.EV_CONNECT_TIMEOUT, StopReason.TIMEOUT))


def group_told(turn: Turn, event: GroupTold) -> None:
    """The CSMS names the driver's group with the transaction only (C09.FR.12): others of it may stop him now."""
    s = turn.s
    if s.tx is not None and s.tx.id == event.tx and s.driver is not None and s.driver.token.same_as(event.token):
        turn.set(driver=replace(s.driver, group=event.group))
        turn.checkpoint = True


def deauthorized(turn: Turn, event: Deauthorized) -> None:
    """The CSMS does not accept the token of this transaction: the energy ends in every case (E05, C15).

    Unless it speaks of a driver who is gone already: a transaction can outlive its driver.
    """
    s = turn.s
    if s.tx is None or s.tx.id != event.tx or s.stop is not None or s.driver is None:
        return
    meant = is_drivers(s, event.token) if event.token is not None else event.seq >= s.driver.since_seq
    if not meant:
        return
    if s.rules.stop_on_invalid_id or not s.plugged:
        stop(turn, Stop(Trigger.DEAUTHORIZED, StopReason.DEAUTHORIZED))
        return
    # E05.FR.02, E05.FR.03: the transaction goes on, its energy ends: now, or when it has had what it may have.
    turn.set(tx=replace(s.tx, cap_wh=s.tx.start_energy_wh + s.rules.max_energy_on_invalid_wh))
    turn.checkpoint = True
    if turn.s.exhausted and turn.s.phase in POWERED:
        turn.power_off("deauthorised")
        without_power(turn)


def release_cable(turn: Turn, *, ends_transaction: bool) -> None:
    """Drive the lock open as soon as nothing holds it any more; a cable left behind is let go, too."""
    s = turn.s
    if not ends_transaction and s.driver is not None:
        return
    if ends_transaction and (s.tx is not None or s.driver is not None):
        stop(turn, Stop(Trigger.UNLOCK, StopReason.UNLOCK))
    turn.set(unlock_asked=s.has_lock, held_by=None)


def start_anew(turn: Turn) -> None:
    """Forget everybody and drive every output afresh; a car that is there is one that has just come."""
    for timer in (Timer.CONNECT, Timer.CLOSING, Timer.EASE):
        turn.cancel(timer)
    turn.power_off("reset")
    turn.set(
        driver=None,
        asking=None,
        remote=None,
        recording=None,
        stop=None,
        held_by=None,
        cable_left=False,
        unlock_asked=turn.s.has_lock,
        offer=None,
        inoperative=turn.s.inoperative - {Scope.RESET},
    )
    turn.go(Phase.IDLE)
    if turn.s.plugged:
        car_came(turn)


def stop(turn: Turn, why: Stop) -> None:
    """End the authorisation, and with it the energy: gently while the car draws, at once for a fault or no car."""
    s = turn.s
    if s.stop is not None:
        return
    if s.phase is Phase.RECOVERING:
        if s.driver is not None:
            turn.set(stop=why, driver=None)  # it would have gone on; now it ends as soon as the meter has spoken
            turn.checkpoint = True
        return
    turn.set(stop=why, asking=None, remote=None)
    turn.cancel(Timer.CONNECT)
    if s.phase in POWERED and s.cp.wants_energy and why.trigger is not Trigger.ABNORMAL:
        if s.phase is not Phase.EASING:  # there the car has its 6 s already
            turn.go(Phase.EASING)
            turn.arm(Timer.EASE, EASE_S)
        return
    if s.phase in POWERED and s.plugged:
        turn.power_off(why.reason)
    wait_for_meter(turn)


def without_power(turn: Turn) -> None:
    """Permission is gone: what was stopped comes to its end, anything else waits until it may have energy again."""
    if turn.s.stop is not None:
        wait_for_meter(turn)
    else:
        turn.go(Phase.READY)


def wait_for_meter(turn: Turn) -> None:
    """Permission is gone; the bill closes on a reading taken after the contactor opened."""
    turn.go(Phase.STOPPING)
    turn.arm(Timer.CLOSING, CLOSING_S)


def closing_reading_is_there(turn: Turn) -> bool:
    """Whether the latest sample was taken with the contactor open."""
    s = turn.s
    if s.tx is None or not s.tx.energized or signing.end_is_asked_for(s):
        return True
    return s.opened_mono_s is not None and fresh(s.meter, turn.now) and read_with_contactor_open(s)


def end_is_signed(turn: Turn) -> bool:
    """Whether the meter has signed the end, where it is one and the meter signs."""
    why = turn.s.stop
    return (why is not None and not _ends(turn, why)) or signing.end_is_there(turn)


def read_with_contactor_open(s: Session) -> bool:
    """Whether the latest sample was taken after the contactor opened, as far as it has been seen to move."""
    opened_s = s.opened_mono_s if s.opened_mono_s is not None else -math.inf
    return not s.contactor_closed and s.meter is not None and s.meter.taken_mono_s >= opened_s


def close(turn: Turn) -> None:
    """The end of an authorisation: of the transaction too, where a stop point says so."""
    s = turn.s
    why = s.stop or Stop(Trigger.ABNORMAL, StopReason.OTHER)
    turn.cancel(Timer.CLOSING)
    turn.set(stop=None, driver=None)
    if s.tx is not None:
        if _ends(turn, why):
            turn.end_transaction(why)
        else:
            turn.set(tx=replace(s.tx, unauthorized=why.reason))
            turn.trigger, turn.stopped_by = why.trigger, why.token
    if turn.s.plugged and not why.unplugged:
        turn.go(Phase.FINISHED)
        return
    turn.go(Phase.IDLE)
    if turn.s.plugged:
        car_came(turn)


def _ends(turn: Turn, why: Stop) -> bool:
    """Whether this end is one of the configured stop points (OCPP 2.0.1 E06), or ends a transaction in any case."""
    points = turn.s.rules.stop_points
    if (why.unplugged or not turn.s.plugged) and TxPoint.EV_CONNECTED in points:
        return True
    if why.trigger in ALWAYS_END:
        return True
    return bool(points & {TxPoint.AUTHORIZED, TxPoint.POWER_PATH_CLOSED, TxPoint.ENERGY_TRANSFER})
