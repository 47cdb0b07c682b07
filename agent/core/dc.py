"""DC charging in the session: cable check, precharge, the car's demand within every limit, and a dead output after all.

The interlock judges each command by itself (`hal.dc`); here is their order. Whatever ends the energy ends in a supply
that is off before the contactor opens; nothing waits for the car.
"""

from __future__ import annotations

import math
from typing import Final

from msgspec.structs import replace

from agent.core.dc_line import Check, Line, SetPoint
from agent.core.effects import ArmTimer, PrepareDc, RestDc, SupplyDc, Timer
from agent.core.events import CableCheckAsked, DcPrepared, DcWanted
from agent.core.session import POWERED, Session
from agent.core.turn import Turn
from agent.core.values import ChargingState
from hal.dc_figures import (
    INSULATION_MIN_OHM,
    PREPARING_MAX_A,
    RAMP_A_PER_S,
    SAFE_V,
    over_voltage_limit_v,
    test_voltage_v,
)
from hal.types import DcMeasured, DcMode, DcRatings, FaultKind, InsulationMeasured

NEAR_TEST_V: Final = 10.0  # our policy: how near the output must be to the test voltage for a reading to count
SETTLED_S: Final = 1.0  # our policy: an insulation monitor's reading that began earlier may still be of a dead line
RAMP_STEP_S: Final = 0.2  # our policy: how often a rising current is raised
STALE_S: Final = 5.0  # our policy: a demand so old is none any more; the car's session has 60 s before it ends
REST_A: Final = 1.0  # IEC 61851-23 CC.4: a contactor may open below this [check]
OFF: Final = SetPoint()

Said = CableCheckAsked | DcPrepared | DcWanted | DcMeasured | InsulationMeasured


def said(turn: Turn, event: Said) -> None:
    """The car wants something of the output, or the output's devices have something to say."""
    line = turn.s.line
    match event:
        case CableCheckAsked():
            _check(turn)
        case DcPrepared(ok):
            _prepared(turn, ok=ok)
        case DcWanted(mode, voltage_v, current_a, soc_pct):
            turn.set(
                line=replace(
                    line,
                    wanted=SetPoint(mode, voltage_v, current_a),
                    wanted_mono_s=turn.now.mono_s,
                    soc_pct=line.soc_pct if soc_pct is None else soc_pct,
                )
            )
        case DcMeasured(voltage_v, current_a) if math.isfinite(voltage_v) and math.isfinite(current_a):
            turn.set(line=replace(line, voltage_v=voltage_v, current_a=current_a))
        case InsulationMeasured(ohms):
            turn.set(line=replace(line, insulation_ohm=ohms))
            _judge(turn, ohms)


def over(turn: Turn) -> None:
    """The car has ended its session, or it broke: nothing that was checked or wanted counts any more."""
    line = turn.s.line
    if line.check is not Check.IDLE:
        turn.do(RestDc())
    turn.set(line=Line(voltage_v=line.voltage_v, current_a=line.current_a, told=line.told, soc_pct=line.soc_pct))


def gone(turn: Turn) -> None:
    """The car has left, and with it what was found about its cable."""
    s = turn.s
    if s.dc is not None:
        over(turn)
        turn.set(faults=s.faults - {FaultKind.INSULATION}, line=replace(turn.s.line, soc_pct=None))


def attend(turn: Turn) -> None:
    """Advance the cable check, and tell the supply what follows from everything."""
    s = turn.s
    if s.dc is None:
        return
    live = s.phase in POWERED and s.contactor_closed
    if s.line.check is Check.WAITING and s.line.tested and live:
        turn.set(line=replace(s.line, check=Check.MEASURING))
    _watch_test_voltage(turn)
    point = _set_point(turn, s.dc) if live else OFF
    line = turn.s.line
    if point == line.told:
        return
    turn.set(line=replace(turn.s.line, told=point, told_mono_s=turn.now.mono_s))
    turn.do(SupplyDc(point.mode, point.voltage_v, point.current_a))


def charging_state(turn: Turn, before: ChargingState) -> ChargingState:
    """What a closed contactor means: that the cable is being prepared, that energy flows, or who holds it back."""
    s = turn.s
    if not s.line.delivers:
        return before if before is not ChargingState.IDLE else ChargingState.EV_CONNECTED
    if s.limit(turn.now.mono_s).current_a <= 0.0:
        return ChargingState.SUSPENDED_EVSE
    return ChargingState.CHARGING if s.line.wanted.current_a > 0.0 else ChargingState.SUSPENDED_EV


def at_rest(session: Session) -> bool:
    """Whether the car asks for no energy any more, and hardly any flows: the contactor may open."""
    return session.dc is not None and not session.digital.power and session.line.current_a <= REST_A


# The cable check


def _check(turn: Turn) -> None:
    """The car wants its cable checked: it has agreed to be charged, and needs the contactor from now on."""
    s = turn.s
    needs = s.digital.needs
    if s.dc is None or needs is None:
        return
    line = replace(s.line, check=Check.WAITING, tested=False, at_voltage_s=math.inf, wanted=OFF)
    turn.set(line=line, digital=replace(s.digital, power=True))
    try:
        limit_v = over_voltage_limit_v(needs.max_voltage_v)
    except ValueError:  # no class of cars goes so high
        turn.set(line=replace(line, check=Check.FAILED))
        return
    turn.do(PrepareDc(_test_v(turn.s), limit_v))


def _prepared(turn: Turn, *, ok: bool) -> None:
    line = turn.s.line
    if line.check is Check.WAITING:
        turn.set(line=replace(line, tested=ok, check=Check.WAITING if ok else Check.FAILED))


def _test_v(session: Session) -> float:
    needs = session.digital.needs
    ratings = session.dc
    if ratings is None or needs is None:
        return 0.0
    return test_voltage_v(needs.max_voltage_v, ratings.max_voltage_v)


def _watch_test_voltage(turn: Turn) -> None:
    """Note since when the test voltage is there; and when, after the test, it is gone."""
    line = turn.s.line
    if line.check is Check.MEASURING:
        near = abs(line.voltage_v - _test_v(turn.s)) <= NEAR_TEST_V
        at_s = min(line.at_voltage_s, turn.now.mono_s) if near else math.inf
        turn.set(line=replace(line, at_voltage_s=at_s))
    elif line.check is Check.DISCHARGING and line.voltage_v < SAFE_V:
        turn.set(line=replace(line, check=Check.PASSED))


def _judge(turn: Turn, ohms: float) -> None:
    """A reading that began while the test voltage was there says how good the insulation is."""
    s = turn.s
    if s.line.check is not Check.MEASURING or turn.now.mono_s < s.line.at_voltage_s + SETTLED_S:
        return
    good = ohms >= INSULATION_MIN_OHM  # False for NaN
    turn.set(line=replace(s.line, check=Check.DISCHARGING if good else Check.FAILED))
    if not good:
        turn.set(faults=s.faults | {FaultKind.INSULATION})


# What the supply is told


def _set_point(turn: Turn, ratings: DcRatings) -> SetPoint:
    """What the supply should be at now; arms a timer where a rising current has further to go."""
    s, line = turn.s, turn.s.line
    if line.check is Check.MEASURING:
        return SetPoint(DcMode.CABLE_CHECK, _test_v(s), PREPARING_MAX_A)
    wanted = line.wanted
    if line.check is not Check.PASSED or not s.digital.power or wanted.mode is DcMode.OFF:
        return OFF
    needs = s.digital.needs
    most_v = ratings.max_voltage_v if needs is None else min(ratings.max_voltage_v, needs.max_voltage_v)
    voltage_v = min(max(wanted.voltage_v, 0.0), most_v)
    if wanted.mode is not DcMode.CHARGE:
        return SetPoint(wanted.mode, voltage_v, min(max(wanted.current_a, 0.0), PREPARING_MAX_A))
    if turn.now.mono_s >= line.wanted_mono_s + STALE_S:
        return SetPoint(DcMode.CHARGE, voltage_v, 0.0)
    turn.do(ArmTimer(Timer.SUPPLY, line.wanted_mono_s + STALE_S))
    return SetPoint(DcMode.CHARGE, voltage_v, _ramped(turn, _current_a(turn, ratings)))


def _current_a(turn: Turn, ratings: DcRatings) -> float:
    s = turn.s
    needs = s.digital.needs
    most_a = [s.line.wanted.current_a, ratings.max_current_a, s.limit(turn.now.mono_s).current_a]
    if needs is not None:
        most_a.append(needs.max_current_a)
    return max(0.0, min(most_a))


def _ramped(turn: Turn, target_a: float) -> float:
    """Down at once, up at the pace of IEC 61851-23 from what the supply was last told."""
    line, mono_s = turn.s.line, turn.now.mono_s
    from_a = line.told.current_a if line.delivers else 0.0
    if target_a <= from_a:
        return target_a
    passed_s = max(0.0, mono_s - line.told_mono_s) if line.delivers else 0.0
    raised_a = min(target_a, from_a + RAMP_A_PER_S * passed_s)
    if raised_a < target_a:
        turn.arm(Timer.SUPPLY, RAMP_STEP_S)
        if passed_s < RAMP_STEP_S:
            return from_a  # a step of its own each time
    return raised_a
