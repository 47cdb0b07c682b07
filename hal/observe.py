"""What the interlock makes of the hardware's events: what is known, and the faults that readings give away. PURE."""

from __future__ import annotations

import math
from typing import Final

from msgspec.structs import replace

from hal import dc, dc_figures, mains, overcurrent
from hal.commands import PilotE, PilotF
from hal.iec61851 import CLOSE_WITHIN_S, DIODE_LOW_MAX_MV, RECLOSE_S, cable_ampacity
from hal.rules import UNTIL_UNPLUGGED, State, believable, supervised
from hal.turn import Report, Turn
from hal.types import (
    ContactorChanged,
    CpChanged,
    CpState,
    DcMeasured,
    FaultCleared,
    FaultKind,
    FaultRaised,
    HalEvent,
    InsulationMeasured,
    LockChanged,
    MeterSampled,
    PpChanged,
)

WELD_AFTER_S: Final = 0.5  # our policy: a contactor opens within 0.1 s; the rest is bounce and the mirror's debounce
NO_CLOSE_AFTER_S: Final = CLOSE_WITHIN_S
PP_SETTLE_S: Final = 1.0  # our policy: while a plug moves, pilot and proximity contacts make and break apart
HELD_UP_S: Final = 0.1  # our policy: a step this late was held up, and so was what the mirror had to say
AHEAD_S: Final = 0.1  # our policy: an event from further in the future has a broken clock
PP_FAULTS: Final = frozenset({FaultKind.PP_OPEN, FaultKind.PP_SHORT, FaultKind.PP_UNKNOWN})


def observed(turn: Turn, event: HalEvent, at_s: float) -> None:
    """Take in one event, seen at `at_s`."""
    match event:
        case FaultRaised(fault, detail):
            turn.raise_fault(fault, detail)
            if fault is FaultKind.HAL_LOST:
                _forget(turn)
        case FaultCleared(fault):
            if fault is not FaultKind.WELD:  # whatever the mirror says later: never re-close
                turn.clear_fault(fault)
        case MeterSampled(sample):
            turn.set(supervision=overcurrent.sampled(turn.state.supervision, sample, turn.now_s))
            if turn.state.dc is None:  # a meter behind a DC supply says nothing of the mains
                turn.set(mains=mains.sampled(turn.state.mains, sample))
            turn.do(Report(event))
            _check_phases(turn)
            if overcurrent.tripped(turn.state.supervision):
                turn.find_fault(FaultKind.OVER_CURRENT, f"the car draws {sample.current_a} A")
        case CpChanged() | PpChanged() | ContactorChanged() | LockChanged():
            if at_s < turn.state.heard_s:
                return  # older than what is known already
            sane = at_s <= turn.now_s + AHEAD_S  # False for NaN, too
            if sane:
                turn.set(heard_s=at_s)
            _reading(turn, event, at_s, sane=sane)
        case DcMeasured() | InsulationMeasured():
            if turn.state.dc is not None:
                turn.set(dc=dc.measured(turn.state.dc, event, at_s, sane=at_s <= turn.now_s + AHEAD_S))
            turn.do(Report(event))
        case _:
            turn.do(Report(event))


def _forget(turn: Turn) -> None:
    """Nobody watches the hardware any more: what was seen and set last is no longer known."""
    turn.set(cp=None, closed=None, lock=None, cable_a=None, cable_ohms=None, diode_seen=False, pilot=None)
    if turn.state.dc is not None:
        turn.set(dc=dc.forgotten(turn.state.dc))


def _reading(
    turn: Turn, event: CpChanged | PpChanged | ContactorChanged | LockChanged, at_s: float, *, sane: bool
) -> None:
    """A state of the hardware; with a senseless time it makes the state unknown, never known."""
    match event:
        case CpChanged():
            _cp(turn, event, at_s, sane=sane)
            return
        case PpChanged(ampacity_a, ohms):
            usable = sane and ampacity_a is not None and math.isfinite(ampacity_a) and ampacity_a > 0.0
            event = PpChanged(ampacity_a if usable else None, ohms)
            turn.set(cable_a=event.ampacity_a, cable_ohms=ohms)
            turn.set(supervision=supervised(turn.state, turn.now_s))
        case ContactorChanged(closed):
            turn.set(closed=closed if sane else None)
        case LockChanged(state):
            turn.set(lock=state if sane else None)
    if sane:
        turn.do(Report(event))


def _cp(turn: Turn, event: CpChanged, at_s: float, *, sane: bool) -> None:
    was, reading = turn.state.cp, event.reading
    known = sane and believable(reading)
    turn.set(cp=reading if known else None, cp_s=at_s if known else turn.state.cp_s)
    if was is not None and was.state.wants_energy and not (known and reading.state.wants_energy):
        turn.wait_at_least(RECLOSE_S)
    if not known:
        return
    _short_over(turn, reading.state)
    if reading.state is CpState.A:
        turn.set(diode_seen=False, pwm_changed_s=-math.inf, mains=mains.unplugged(turn.state.mains))
        if turn.state.dc is not None:
            turn.set(dc=replace(turn.state.dc, tested=False))  # the next car has a cable check of its own
        _check_phases(turn)
        for fault in sorted(turn.state.faults & UNTIL_UNPLUGGED):
            turn.clear_fault(fault)
    elif reading.state.connected and reading.duty_pct is not None:
        _check_diode(turn, reading.low_mv)
    if was is None or was.state is not reading.state or (was.duty_pct is None) != (reading.duty_pct is None):
        turn.do(Report(event))  # a repeat of what is known stays here
    _check_short(turn, reading.state)  # after the level: whoever listens bears a short moment of it


def _check_phases(turn: Turn) -> None:
    """A phase that was there is gone; the fault ends when it is back."""
    lost = turn.state.mains.lost
    if lost:
        turn.find_fault(FaultKind.PHASE_LOSS, f"no voltage on {', '.join(f'L{one + 1}' for one in sorted(lost))}")
    elif FaultKind.PHASE_LOSS in turn.state.found:
        turn.clear_fault(FaultKind.PHASE_LOSS)


def _check_diode(turn: Turn, low_mv: int) -> None:
    seen = low_mv <= DIODE_LOW_MAX_MV
    turn.set(diode_seen=seen)
    if not seen:
        turn.find_fault(FaultKind.CP_DIODE, f"low level {low_mv} mV with PWM on; -12000 mV expected")


def _check_short(turn: Turn, cp: CpState) -> None:
    """0 V that nobody asked for is a short of the pilot."""
    if cp is CpState.E and not isinstance(turn.state.pilot, PilotE | PilotF):
        turn.find_fault(FaultKind.CP_SHORT, "0 V on the pilot that nobody asked for")


def _short_over(turn: Turn, cp: CpState) -> None:
    """Before the level is told, for the same reason. 0 V where -12 V is asked for is a short, too."""
    if cp is not CpState.E and FaultKind.CP_SHORT in turn.state.found:
        turn.clear_fault(FaultKind.CP_SHORT)


def check_cable(turn: Turn) -> None:
    """With a car at a socket, its cable must say what it carries."""
    s, now_s = turn.state, turn.now_s
    fault = _cable_fault(s)
    for past in sorted((s.found & PP_FAULTS) - {fault}):
        turn.clear_fault(past)
    if fault is None:
        turn.set(cable_due_s=None)
    elif s.cable_due_s is None:
        turn.set(cable_due_s=now_s + PP_SETTLE_S)
    elif now_s >= s.cable_due_s:
        turn.find_fault(fault, "no resistor seen" if s.cable_ohms is None else f"{s.cable_ohms:.0f} ohm seen")


def _cable_fault(state: State) -> FaultKind | None:
    plugged = state.cp is not None and state.cp.state.connected
    if not state.capabilities.has_proximity or not plugged or state.cable_a is not None:
        return None
    if state.cable_ohms is None:
        return FaultKind.PP_OPEN
    coded = cable_ampacity(state.cable_ohms)
    return coded if isinstance(coded, FaultKind) else FaultKind.PP_UNKNOWN


def check_insulation(turn: Turn) -> None:
    """While the supply delivers the insulation stays good; a monitor that runs and is silent is at fault."""
    supply = turn.state.dc
    if supply is None:
        return
    if supply.silent(turn.now_s):
        turn.find_fault(FaultKind.INSULATION_MONITOR, f"it said nothing for {dc.INSULATION_AGE_S:g} s")
    elif FaultKind.INSULATION_MONITOR in turn.state.found:
        turn.clear_fault(FaultKind.INSULATION_MONITOR)
    ohms = supply.insulation_ohm
    if supply.delivers and ohms is not None and ohms < dc_figures.INSULATION_MIN_OHM:
        turn.find_fault(FaultKind.INSULATION, f"{ohms:.0f} ohm; {dc_figures.INSULATION_MIN_OHM:.0f} are needed")


def check_mirror(turn: Turn) -> None:
    """The mirror contact against what the board was told: a lasting difference is a weld, or a failure to close."""
    s, now_s = turn.state, turn.now_s
    agrees = s.closed is True if s.permitted else s.closed is not True
    waits = s.capabilities.permit_first and s.closed is False and (s.cp is None or not s.cp.state.wants_energy)
    if agrees or waits or FaultKind.WELD in s.faults:
        turn.set(mirror_due_s=None)
    elif s.mirror_due_s is None:
        turn.set(mirror_due_s=now_s + (NO_CLOSE_AFTER_S if s.permitted else WELD_AFTER_S))
    elif now_s > s.mirror_due_s + HELD_UP_S:
        turn.set(mirror_due_s=now_s + HELD_UP_S)  # first hear what the mirror said meanwhile
    elif now_s >= s.mirror_due_s and s.permitted:
        turn.find_fault(FaultKind.NO_CLOSE, f"open {NO_CLOSE_AFTER_S:g} s after it was permitted to close")
    elif now_s >= s.mirror_due_s:
        turn.find_fault(FaultKind.WELD, f"closed {WELD_AFTER_S:g} s after it was told to open")
