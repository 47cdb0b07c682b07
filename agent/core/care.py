"""What the hardware needs now and then beside charging: phases switched, monitors tested, sleeping cars woken.

The rules are in `phases`, `selftest` and `wakeup`; here they meet the session.
"""

from __future__ import annotations

import math
from typing import Final

from agent.core import phases, selftest, wakeup
from agent.core.effects import ArmTimer, Pilot, SelfTestRcd, SwitchPhases, Timer
from agent.core.events import MonitorTested, PhasesSwitched, PhasesWanted
from agent.core.limits import MIN_OFFER_A, LimitInput, LimitSource
from agent.core.session import POWERED, Phase, Session
from agent.core.turn import Turn
from agent.core.wakeup import WakeUp
from hal.types import CpState, GridSignalled

NOMINAL_V: Final = 230.0  # EN 50160: a limit in watts becomes one in ampere at the nominal voltage
AT_REST: Final = frozenset({Phase.IDLE, Phase.CONNECTED, Phase.FINISHED})


def begin(turn: Turn) -> None:
    """After a start nobody knows how the phase switch stands, and when the monitor was tested."""
    if turn.s.switch is not None:
        turn.set(switch=phases.unknown(turn.now.mono_s))
        turn.do(SwitchPhases(turn.s.switch.wanted))


def heard(turn: Turn, event: PhasesWanted | PhasesSwitched | MonitorTested | GridSignalled) -> None:
    """What the hardware, or whoever steers it, has to say of these."""
    match event:
        case PhasesWanted(count):
            turn.set(phases_wanted=phases.checked(count))
            _want_phases(turn)
        case PhasesSwitched(count) if turn.s.switch is not None:
            turn.set(switch=phases.switched(turn.s.switch, count, turn.now.mono_s))
            _limit_to_grid(turn)
        case MonitorTested():
            turn.set(self_test=selftest.tested(turn.now.mono_s))
            turn.do(ArmTimer(Timer.SELF_TEST, selftest.due_mono_s(turn.s.self_test)))
        case GridSignalled(limit_w):
            _grid_signalled(turn, limit_w)


def attend(turn: Turn) -> None:
    """Whatever is due of phase switch and self-test."""
    _phases(turn)
    _self_test(turn)


# One phase or three


def _want_phases(turn: Turn) -> None:
    """One phase where a profile wants it, or where the grid leaves too little for three; else three.

    Only in basic charging: in digital communication the car decides.
    """
    s = turn.s
    if s.switch is None or s.digital.hoped_for:
        return
    least_w, grid_w = MIN_OFFER_A * NOMINAL_V, s.grid_w if s.grid_w is not None else math.inf
    if grid_w < least_w:
        return  # not even enough for one: nothing is gained by a switch
    scarce = grid_w < 3 * least_w
    turn.set(switch=phases.want(s.switch, 1 if scarce else s.phases_wanted, turn.now.mono_s))


def contactor_closed(turn: Turn) -> None:
    """A switch that had not been thrown yet is off."""
    if turn.s.switch is not None:
        turn.set(switch=phases.closed(turn.s.switch))


def _grid_signalled(turn: Turn, limit_w: float | None) -> None:
    """The grid's operator limits the power: fewer phases where three cannot be offered their least current."""
    turn.set(grid_w=limit_w)
    _want_phases(turn)
    _limit_to_grid(turn)


def _limit_to_grid(turn: Turn) -> None:
    s = turn.s
    others = tuple(one for one in s.limits if one.source is not LimitSource.GRID)
    if s.grid_w is None:
        turn.set(limits=others)
        return
    in_use = s.switch.phases if s.switch is not None else s.phases
    turn.set(limits=(*others, LimitInput(LimitSource.GRID, s.grid_w / (in_use * NOMINAL_V))))


def _phases(turn: Turn) -> None:
    s = turn.s
    if s.switch is None:
        return
    if s.phase in POWERED or s.contactor_closed:
        return  # whatever is due waits for the open contactor
    switch, throw = phases.advance(phases.opened(s.switch, turn.now.mono_s), turn.now.mono_s)
    if throw:
        turn.do(SwitchPhases(switch.wanted))
    due_s = phases.due_mono_s(switch)
    if due_s is not None:
        turn.do(ArmTimer(Timer.PHASES, due_s))
    if switch != s.switch:
        turn.set(switch=switch)


# The residual-current monitor


def _self_test(turn: Turn) -> None:
    s = turn.s
    if not s.has_rcd:
        return
    state = s.self_test
    at_rest = s.phase in AT_REST and s.driver is None
    if s.energized and s.tx is not None:
        state = selftest.session_ended(state)  # once it has had energy, the end of it owes a test
    if selftest.is_due(state, turn.now.mono_s, contactor_open=not s.contactor_closed, session=not at_rest):
        state = selftest.running(state)
        turn.do(SelfTestRcd())
    if state != s.self_test:
        turn.set(self_test=state)


# A car that sleeps


def woken(turn: Turn, *, offering: bool) -> Pilot | None:
    """What the pilot has to say to a car that sleeps through its offer; None: the offer, or whatever else it says."""
    s, mono_s = turn.s, turn.now.mono_s
    if not offering or s.permit_first:
        if s.wake != WakeUp():
            turn.set(wake=WakeUp())  # what is offered later is another offer: the car may have fallen asleep meanwhile
        return None
    wake = s.wake
    if s.cp is CpState.B and wake.since_mono_s is None and s.offer is not None and s.offer.current_a is not None:
        wake = wakeup.offered(wake, mono_s)
    wake = wakeup.advance(wake, mono_s)
    due_s = wakeup.due_mono_s(wake)
    if due_s is not None and wake != s.wake:
        turn.do(ArmTimer(Timer.WAKE, due_s))
    turn.set(wake=wake)
    return wakeup.PILOTS.get(wake.step)


def pilot_moved(turn: Turn, state: CpState) -> None:
    """A car that asks is awake; one that toggles S2 wants to be spoken to, and is no sleeper either."""
    s = turn.s
    toggles = (*s.toggles[-2:], (state, turn.now.mono_s))
    toggled_s = turn.now.mono_s if wakeup.is_bcb(toggles) else s.toggled_mono_s
    turn.set(wake=wakeup.moved(s.wake, state), toggles=toggles, toggled_mono_s=toggled_s if state.connected else None)


def keeps_open(session: Session) -> bool:
    """Whether the phase switch, or the monitor's self-test, keeps the contactor open."""
    busy = session.switch is not None and phases.holds_energy(session.switch)
    return busy or session.self_test.running
