"""Digital communication with the car (ISO 15118, DIN 70121) as the session sees it: whether, and what for.

The pilot says 5 % while it goes on or is hoped for. A car that does not begin in time, or whose session fails, is
charged by basic signalling after all (ISO 15118-3 9.1, IEC 61851-1 annex D). A car that ended its session because there
was no energy for it is woken when there is: by the pilot's going to X1 and back (ISO 15118-3 [check], B1 to B2). Direct
current knows nothing else than digital communication: its pilot says 5 % again, after X1, where a session failed.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from agent.core import dc, driver
from agent.core.effects import Timer
from agent.core.events import DigitalBegan, DigitalNeeds, DigitalOffered, DigitalOver, DigitalPower, DigitalWanted
from agent.core.faults import holds_energy
from agent.core.session import POWERED, Digital, Phase, Stop, Talk
from agent.core.turn import Turn
from agent.core.values import StopReason, Trigger
from agent.core.wakeup import X1_S

BEGIN_S: Final = 20.0  # ISO 15118-2 table 111: V2G_EVCC_CommunicationSetup_Timeout, counted from the plug


def offered(turn: Turn) -> None:
    """A car was plugged in: show it that this charger can talk."""
    if turn.s.can_talk:
        turn.set(digital=Digital(Talk.OFFERED))
        _await_begin(turn)


def gone(turn: Turn) -> None:
    """The car has left."""
    turn.cancel(Timer.TALK)
    dc.gone(turn)
    turn.set(digital=Digital())


def due(turn: Turn) -> None:
    """The car has not begun to talk in time; or X1 has stood long enough to wake it."""
    match turn.s.digital.talk:
        case Talk.OFFERED if turn.s.digital.wake and not _has_energy_for_it(turn):
            turn.set(digital=replace(turn.s.digital, talk=Talk.QUIET))  # what it was woken for has gone meanwhile
        case Talk.OFFERED:
            _give_up(turn)
        case Talk.WAKING:
            turn.set(digital=replace(turn.s.digital, talk=Talk.OFFERED))
            _await_begin(turn)


def _await_begin(turn: Turn) -> None:
    """A car that can be charged otherwise has a while to begin; direct current waits for as long as it takes."""
    if turn.s.dc is None:
        turn.arm(Timer.TALK, BEGIN_S)


def attend(turn: Turn, *, offering: bool) -> None:
    """Wake a car that has ended its session, once there is energy that it does not know of."""
    digital = turn.s.digital
    if digital.talk is not Talk.QUIET:
        return
    if turn.s.driver is None and not digital.wake:
        turn.set(digital=replace(digital, wake=True))  # whoever comes next wants energy
    elif offering and digital.wake:
        turn.set(digital=replace(digital, talk=Talk.WAKING))
        turn.arm(Timer.TALK, X1_S)


def said(
    turn: Turn,
    event: DigitalOffered | DigitalBegan | DigitalNeeds | DigitalPower | DigitalOver | DigitalWanted,
) -> None:
    """The car has made something known."""
    match event:
        case DigitalOffered(protocols, agreed) if turn.s.plugged:
            turn.set(digital=replace(turn.s.digital, protocols=protocols, agreed=agreed))
        case DigitalBegan():
            _began(turn, event)
        case DigitalNeeds(needs):
            turn.set(digital=replace(turn.s.digital, needs=needs))
        case DigitalPower():
            _power(turn, event)
        case DigitalOver():
            _over(turn, event)
        case DigitalWanted() if turn.s.digital.paused:
            turn.set(digital=replace(turn.s.digital, wake=True))


def _began(turn: Turn, event: DigitalBegan) -> None:
    """A session is set up; where the car had paused one, it goes on."""
    if turn.s.plugged and turn.s.can_talk:
        turn.cancel(Timer.TALK)
        dc.over(turn)
        turn.set(digital=replace(_known(turn), talk=Talk.TALKING, evcc_id=event.evcc_id))


def _power(turn: Turn, event: DigitalPower) -> None:
    """The car asks for energy, or for its end: then it has stopped drawing already."""
    s = turn.s
    if s.digital.talk is not Talk.TALKING:
        return
    turn.set(digital=replace(s.digital, power=event.on))
    if not event.on and s.phase is Phase.CHARGING:
        turn.go(Phase.EASING)  # settle opens once S2 is open, too
        turn.arm(Timer.EASE, driver.EASE_S)


def _over(turn: Turn, event: DigitalOver) -> None:
    """The session has ended: the car said so, or will come back to it; or it broke, and basic signalling remains."""
    s = turn.s
    if s.digital.talk is not Talk.TALKING:
        return
    own_wish = _has_energy_for_it(turn)
    wake = not (event.paused and own_wish)
    turn.set(digital=replace(s.digital, talk=Talk.QUIET, power=False, paused=event.paused, wake=wake))
    _without_power(turn)
    dc.over(turn)
    if event.failed:
        _give_up(turn)
        if s.dc is not None and s.energized:  # nothing is left to charge it with
            driver.stop(turn, Stop(Trigger.EV_COMMUNICATION_LOST, StopReason.OTHER))
    elif not event.paused and own_wish:
        driver.stop(turn, Stop(Trigger.STOP_AUTHORIZED, StopReason.STOPPED_BY_EV))  # E15.FR.04, E15.FR.05


def _has_energy_for_it(turn: Turn) -> bool:
    """Whether the car may have energy: if so, one that ends its session does it by itself; else it was asked to."""
    s = turn.s
    return s.driver is not None and not s.exhausted and not holds_energy(s.faults) and s.limit(turn.now.mono_s).offers


def _give_up(turn: Turn) -> None:
    turn.cancel(Timer.TALK)
    if turn.s.dc is not None:
        turn.set(digital=replace(_known(turn), talk=Talk.WAKING))
        turn.arm(Timer.TALK, X1_S)
        return
    turn.set(digital=replace(_known(turn), given_up_s=turn.now.mono_s))


def _known(turn: Turn) -> Digital:
    """A new beginning with the same car."""
    was = turn.s.digital
    return Digital(evcc_id=was.evcc_id, protocols=was.protocols, agreed=was.agreed)


def _without_power(turn: Turn) -> None:
    if turn.s.phase in POWERED:
        turn.cancel(Timer.EASE)
        turn.power_off("the car asks for no energy any more")
        driver.without_power(turn)
