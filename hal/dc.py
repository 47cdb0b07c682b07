"""DC charging as data and rules (IEC 61851-23): what a supply may give in each mode, and when. PURE.

The figures come from public sources; `[check]` marks those that need someone with the standard in hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from hal.commands import DcCommand, InsulationSelfTest, SetDc, SetDcMode, WatchInsulation, WatchVoltage
from hal.dc_figures import INSULATION_MIN_OHM, OVER_VOLTAGE_CLASSES, PREPARING_MAX_A, SAFE_V
from hal.types import DcMeasured, DcMode, DcRatings, InsulationMeasured, Rule

INSULATION_TELLS_S: Final = 1.0  # `InsulationMeasured` is repeated this often
INSULATION_AGE_S: Final = 5.0  # our policy: a monitor that runs and says nothing for so long is at fault
OUTPUT_AGE_S: Final = 3.0  # our policy: three missed repeats; what is at the output is not known any more


class Supply(msgspec.Struct, frozen=True):
    """What the interlock knows of a DC EVSE's own devices. None: not heard, or not to be believed."""

    ratings: DcRatings
    mode: DcMode = DcMode.OFF  # as asked
    voltage_v: float = 0.0  # as asked
    current_a: float = 0.0
    output: DcMeasured | None = None
    output_s: float = -math.inf
    monitoring_since_s: float | None = None  # the insulation monitor runs
    tested: bool = False  # it has passed its self-test for this car
    insulation_ohm: float | None = None
    insulation_s: float = -math.inf
    watched_v: float | None = None  # the over-voltage monitor's limit

    @property
    def delivers(self) -> bool:
        """Whether it is in a mode in which a battery is, or is about to be, behind it."""
        return self.mode in {DcMode.PRECHARGE, DcMode.CHARGE}

    def output_known(self, now_s: float) -> bool:
        """Whether the output is known at this moment; a supply that is off need not repeat itself."""
        return self.output is not None and (self.mode is DcMode.OFF or now_s < self.output_s + OUTPUT_AGE_S)

    def insulated(self, now_s: float) -> bool:
        """Whether the insulation was tested for this car, is watched, and is good."""
        ohms = self.insulation_ohm
        fresh = now_s < self.insulation_s + INSULATION_AGE_S
        return self.tested and self.monitoring_since_s is not None and fresh and (ohms or 0.0) >= INSULATION_MIN_OHM

    def silent(self, now_s: float) -> bool:
        """Whether the insulation monitor runs and says nothing."""
        if self.monitoring_since_s is None:
            return False
        return now_s >= max(self.insulation_s, self.monitoring_since_s) + INSULATION_AGE_S

    def due_s(self) -> tuple[float, ...]:
        """When time alone may break a rule."""
        due = []
        if self.monitoring_since_s is not None:
            due.append(max(self.insulation_s, self.monitoring_since_s) + INSULATION_AGE_S)
        if self.mode is not DcMode.OFF:
            due.append(self.output_s + OUTPUT_AGE_S)
        return tuple(due)


class DcCondition(msgspec.Struct, frozen=True):
    """One rule for the contactor of a DC EVSE, on top of the AC ones. `closed`: it is permitted already."""

    rule: Rule
    broken: str
    holds: Callable[[Supply, bool, float], bool]


def _may_close_onto(s: Supply, closed: bool, now_s: float) -> bool:
    if not s.output_known(now_s):
        return False
    return closed or (s.output is not None and s.output.voltage_v < SAFE_V)


CONDITIONS: Final = (
    DcCondition(Rule.DC_LIVE, "the supply carries voltage, or does not say", _may_close_onto),
    DcCondition(
        Rule.INSULATION, "the insulation is not proved", lambda s, _, now_s: not s.delivers or s.insulated(now_s)
    ),
    DcCondition(
        Rule.DC_UNWATCHED, "nobody watches for over-voltage", lambda s, *_: not s.delivers or s.watched_v is not None
    ),
)


def broken(s: Supply, now_s: float, *, closed: bool) -> tuple[Rule, str] | None:
    """The first DC rule that keeps the contactor open; None without one."""
    return next(((one.rule, one.broken) for one in CONDITIONS if not one.holds(s, closed, now_s)), None)


def refusal(s: Supply, command: DcCommand, now_s: float, *, closed: bool) -> tuple[Rule, str] | None:
    """By which rule a DC command is refused, and why; None: it may pass. `closed`: the contactor is permitted."""
    match command:
        case SetDcMode(DcMode.OFF):
            return None
        case SetDcMode() if not closed:
            return Rule.NO_PERMISSION, "the contactor is not permitted; a supply gives nothing to nobody"
        case SetDcMode(mode):
            return _values_refusal(s.ratings, mode, s.voltage_v, s.current_a) or broken(
                replace(s, mode=mode, output_s=max(s.output_s, now_s)), now_s, closed=True
            )
        case SetDc(voltage_v, current_a):
            return _values_refusal(s.ratings, s.mode, voltage_v, current_a)
        case InsulationSelfTest(voltage_v) if not 0.0 < voltage_v <= s.ratings.max_voltage_v:
            return Rule.DC_RATING, f"a test at {voltage_v} V; the supply gives {s.ratings.max_voltage_v:g} V"
        case WatchInsulation(on=False) if s.delivers:
            return Rule.INSULATION, "the supply delivers; switch it off first"
        case WatchVoltage(limit_v=None) if s.delivers:
            return Rule.DC_UNWATCHED, "the supply delivers; switch it off first"
        case WatchVoltage(limit_v=float() as limit_v) if not 0.0 < limit_v <= OVER_VOLTAGE_CLASSES[-1][1]:
            return Rule.DC_RATING, f"{limit_v} V is no threshold; the highest is {OVER_VOLTAGE_CLASSES[-1][1]:g} V"
    return None


def _values_refusal(ratings: DcRatings, mode: DcMode, voltage_v: float, current_a: float) -> tuple[Rule, str] | None:
    if not (0.0 <= voltage_v <= ratings.max_voltage_v and 0.0 <= current_a <= ratings.max_current_a):
        return Rule.DC_RATING, f"{voltage_v} V, {current_a} A; {ratings.max_voltage_v:g} V, {ratings.max_current_a:g} A"
    if mode in {DcMode.CABLE_CHECK, DcMode.PRECHARGE} and current_a > PREPARING_MAX_A:
        return Rule.DC_RATING, f"{current_a} A in {mode}; {PREPARING_MAX_A:g} A is the most"
    return None


def asked(s: Supply, command: DcCommand, now_s: float) -> Supply:
    """A command was passed on."""
    match command:
        case SetDcMode(mode):
            return replace(s, mode=mode, output_s=now_s if s.mode is DcMode.OFF else s.output_s)
        case SetDc(voltage_v, current_a):
            return replace(s, voltage_v=voltage_v, current_a=current_a)
        case WatchInsulation(on=True):
            return replace(s, monitoring_since_s=s.monitoring_since_s if s.monitoring_since_s is not None else now_s)
        case WatchInsulation():
            return replace(s, monitoring_since_s=None, insulation_ohm=None)
        case InsulationSelfTest():
            return replace(s, tested=False)
        case WatchVoltage(limit_v):
            return replace(s, watched_v=limit_v)
    return s


def done(s: Supply, command: DcCommand, *, ok: bool, faulty: bool) -> Supply:
    """The board has carried a command out, or failed to. `faulty`: the monitor has said that it is."""
    match command:
        case InsulationSelfTest():
            return replace(s, tested=ok and not faulty)
        case WatchInsulation(on=True) if not ok:
            return replace(s, monitoring_since_s=None)
        case WatchVoltage() if not ok:
            return replace(s, watched_v=None)
    return s


def measured(s: Supply, event: DcMeasured | InsulationMeasured, at_s: float, *, sane: bool) -> Supply:
    """A reading; one that is no number, or has a senseless time, makes unknown what it would tell."""
    match event:
        case DcMeasured(voltage_v, current_a):
            known = sane and math.isfinite(voltage_v) and math.isfinite(current_a)
            return replace(s, output=event if known else None, output_s=at_s if known else s.output_s)
        case InsulationMeasured(ohms):
            known = sane and ohms >= 0.0  # False for NaN; infinity is a good insulation
            return replace(s, insulation_ohm=ohms if known else None, insulation_s=at_s if known else s.insulation_s)


def forgotten(s: Supply) -> Supply:
    """Another car, or a board that was away: nothing that was seen or tested counts any more."""
    return Supply(s.ratings, mode=s.mode)
