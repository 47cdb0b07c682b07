"""What the interlock knows of one EVSE, and its rules as two tables: when power may flow, what may be asked. PURE."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from hal import dc, overcurrent
from hal.commands import (
    Command,
    DcCommand,
    Permit,
    PilotE,
    PilotF,
    PilotPwm,
    PilotX1,
    RcdSelfTest,
    SetLock,
    SetPhases,
)
from hal.dc import Supply
from hal.iec61851 import (
    ANALOG_MAX_PCT,
    ANALOG_MIN_PCT,
    CP_SOURCE_MAX_MV,
    PWM_OFF_OPEN_S,
    PWM_SPACING_S,
    current_for_duty,
    is_digital,
)
from hal.mains import Mains
from hal.overcurrent import NEVER_S, Supervision
from hal.types import CpReading, CpState, EvseCapabilities, FaultKind, LockState, Rule

CP_MISSED_REPEATS: Final = 3.0  # our policy: a board that missed this many of its own repeats has a dead pilot watcher
RATING_SLACK_A: Final = 0.05  # our policy: rounding of a duty cycle is not an overload
CP_LABEL_SLACK_MV: Final = 2000  # our policy: the +-1 V of IEC 61851-1 plus what hysteresis may keep

LATCHING: Final = frozenset({FaultKind.RCD_DC, FaultKind.RCD_AC, FaultKind.RCD_SELF_TEST})  # until a person resets
UNTIL_UNPLUGGED: Final = frozenset(
    {FaultKind.CP_DIODE, FaultKind.OVER_CURRENT, FaultKind.NO_CLOSE, FaultKind.INSULATION}
)
HARMLESS: Final = frozenset({FaultKind.METER})  # the session has its own grace for a silent meter
NAMED: Final[Mapping[FaultKind, Rule]] = MappingProxyType(
    {FaultKind.WELD: Rule.WELDED, FaultKind.CP_DIODE: Rule.DIODE, FaultKind.OVER_CURRENT: Rule.OVERCURRENT}
)
# Rules that hold the contactor open in everyday life: they are reported when they open it, not while they keep it open.
EVERYDAY: Final = frozenset({Rule.NO_PERMISSION, Rule.CP_NOT_CD, Rule.PILOT_OFF, Rule.RECLOSE_SPACING})


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All that the interlock remembers. None of a reading: not heard since the start, or not to be believed."""

    capabilities: EvseCapabilities
    # what the hardware said
    heard_s: float = NEVER_S
    cp: CpReading | None = None
    cp_s: float = NEVER_S
    diode_seen: bool = False  # this car's diode was seen at work
    cable_a: float | None = None
    cable_ohms: float | None = None
    closed: bool | None = None  # the mirror contact
    lock: LockState | None = None
    faults: frozenset[FaultKind] = frozenset()  # active now
    latched: frozenset[FaultKind] = frozenset()  # were active, and nobody has reset them
    found: frozenset[FaultKind] = frozenset()  # of `faults`: those that the interlock found by itself
    # what was asked
    pilot: PilotPwm | PilotX1 | PilotE | PilotF | None = None
    pilot_s: float = NEVER_S
    pwm_changed_s: float = NEVER_S
    lease_until_s: float | None = None
    busy: RcdSelfTest | SetPhases | None = None  # runs on the board, and wants the contactor open until it is done
    # what follows
    permitted: bool = False  # what the raw board was last told
    reclose_s: float = NEVER_S  # not before
    mirror_due_s: float | None = None  # the mirror contact has to agree by then
    cable_due_s: float | None = None  # the cable has to say its rating by then
    told: Rule | None = None  # the refusal that was last reported
    supervision: Supervision
    mains: Mains = Mains()
    dc: Supply | None = None  # a DC EVSE's own devices

    @property
    def active(self) -> frozenset[FaultKind]:
        """Every fault that counts."""
        return self.faults | self.latched if self.latched else self.faults

    @property
    def blocking(self) -> frozenset[FaultKind]:
        """The faults that forbid energy."""
        active = self.active
        return active - HARMLESS if active else active

    @property
    def rating_a(self) -> float:
        """What board and cable carry; 0 while a socket has not told its cable."""
        if self.dc is not None:
            return self.dc.ratings.max_current_a
        if not self.capabilities.has_proximity:
            return self.capabilities.max_current_a
        return min(self.capabilities.max_current_a, self.cable_a or 0.0)

    @property
    def maybe_closed(self) -> bool:
        """Whether the contactor is, or may become, closed: what is not known to be open counts as closed."""
        return self.permitted or self.closed is not False


def initial(capabilities: EvseCapabilities) -> State:
    """Nothing heard, nothing permitted."""
    supply = None if capabilities.dc is None else Supply(capabilities.dc)
    return State(capabilities=capabilities, supervision=Supervision(offered_a=0.0, before_a=0.0), dc=supply)


def supervised(state: State, now_s: float) -> Supervision:
    """The over-current supervision of what is offered now; with digital communication, the rating is the limit."""
    if not isinstance(state.pilot, PilotPwm):
        return state.supervision  # a car that lost its offer is held to the last one while it stops
    return overcurrent.offer(state.supervision, current_for_duty(state.pilot.duty_pct) or state.rating_a, now_s)


# When power may flow: every condition, in the order in which a refusal names them


class Condition(msgspec.Struct, frozen=True):
    """One rule: it holds at this time, or `broken` says what is wrong.

    `timed`: it may cease to hold by time alone.
    """

    rule: Rule
    broken: str
    holds: Callable[[State, float], bool]
    timed: bool = False


def _cp_fresh(s: State, now_s: float) -> bool:
    repeat_s = s.capabilities.cp_repeat_s
    return s.cp is not None and (repeat_s is None or now_s < s.cp_s + CP_MISSED_REPEATS * repeat_s)


def _asks(s: State, _now_s: float) -> bool:
    """Whether a car asks; where the controller offers and closes in one, a car that is there has to be let ask."""
    if s.cp is None:
        return False
    return s.cp.state.wants_energy or (s.capabilities.permit_first and s.cp.state.connected)


def _pilot_offers(s: State, now_s: float) -> bool:
    if isinstance(s.pilot, PilotX1):  # a car that draws is given the time to stop
        return s.permitted and now_s < s.pilot_s + PWM_OFF_OPEN_S
    return isinstance(s.pilot, PilotPwm)


def _offer_within_rating(s: State, _now_s: float) -> bool:
    return not isinstance(s.pilot, PilotPwm) or _within_rating(s, s.pilot.duty_pct)


def _within_rating(s: State, duty_pct: float) -> bool:
    return (current_for_duty(duty_pct) or 0.0) <= s.rating_a + RATING_SLACK_A


def _analog(s: State) -> bool:
    return isinstance(s.pilot, PilotPwm) and not is_digital(s.pilot.duty_pct)


CONDITIONS: Final = (
    Condition(Rule.NO_PERMISSION, "nobody permits", lambda s, _: s.lease_until_s is not None),
    Condition(
        Rule.LEASE_ENDED,
        "the permission was not renewed",
        lambda s, now_s: now_s < (s.lease_until_s or 0.0),
        timed=True,
    ),
    Condition(Rule.WELDED, "the contactor is welded", lambda s, _: FaultKind.WELD not in s.active),
    Condition(Rule.DIODE, "no diode in the pilot circuit", lambda s, _: FaultKind.CP_DIODE not in s.active),
    Condition(Rule.OVERCURRENT, "the car drew too much", lambda s, _: FaultKind.OVER_CURRENT not in s.active),
    Condition(Rule.FAULTED, "a fault is active", lambda s, _: s.blocking <= NAMED.keys()),
    Condition(Rule.CP_STALE, "no fresh pilot reading", _cp_fresh, timed=True),
    Condition(Rule.CP_NOT_CD, "no car wants energy", _asks),
    Condition(
        Rule.VENTILATION,
        "the car wants ventilation",
        lambda s, _: s.capabilities.has_ventilation or (s.cp is not None and s.cp.state is not CpState.D),
    ),
    Condition(Rule.PILOT_OFF, "the pilot offers no current", _pilot_offers, timed=True),
    Condition(Rule.DIODE, "the diode was not seen yet", lambda s, _: s.diode_seen or s.capabilities.permit_first),
    Condition(Rule.NOT_DIGITAL, "DC needs digital communication", lambda s, _: s.dc is None or not _analog(s)),
    Condition(Rule.PWM_OVER_LIMIT, "the offer exceeds board or cable", _offer_within_rating),
    Condition(
        Rule.NOT_LOCKED,
        "the connector is not locked",
        lambda s, _: not s.capabilities.has_lock or s.lock is LockState.LOCKED,
    ),
    Condition(Rule.SELF_TEST_CLOSED, "the RCD self-test is running", lambda s, _: not isinstance(s.busy, RcdSelfTest)),
    Condition(Rule.PHASES_CLOSED, "phases are being switched", lambda s, _: not isinstance(s.busy, SetPhases)),
    Condition(Rule.RECLOSE_SPACING, "closed too shortly before", lambda s, now_s: s.permitted or now_s >= s.reclose_s),
)


def broken(state: State, now_s: float) -> tuple[Rule, str] | None:
    """The first condition that does not hold; None: the contactor may close."""
    for condition in CONDITIONS:
        if not condition.holds(state, now_s):
            return condition.rule, condition.broken
    return None if state.dc is None else dc.broken(state.dc, now_s, closed=state.permitted)


def overdue(state: State, now_s: float) -> tuple[Rule, str] | None:
    """The first condition that has ceased to hold by time alone; every one held in the step that left this state."""
    for condition in CONDITIONS:
        if condition.timed and not condition.holds(state, now_s):
            return condition.rule, condition.broken
    return None if state.dc is None else dc.broken(state.dc, now_s, closed=state.permitted)


def fault_rule(state: State) -> tuple[Rule, str] | None:
    """The rule by which an active fault refuses any permission; None without such a fault."""
    blocking = state.blocking
    if not blocking:
        return None
    faults = sorted(blocking)
    return next((rule for fault, rule in NAMED.items() if fault in faults), Rule.FAULTED), ", ".join(faults)


# What may be asked


def refusal(state: State, command: Command, now_s: float) -> tuple[Rule, str] | None:
    """By which rule a command is refused, and why; None: it may pass."""
    match command:
        case Permit(on=True):
            return fault_rule(state)
        case PilotPwm(duty_pct):
            return _pwm_refusal(state, duty_pct, now_s)
        case SetLock(locked=False) if state.maybe_closed:
            return Rule.UNLOCK_CLOSED, "withdraw the permission and wait until the contactor is open"
        case SetPhases() if state.maybe_closed:
            return Rule.PHASES_CLOSED, "phases are switched with the contactor open"
        case RcdSelfTest() if state.maybe_closed:
            return Rule.SELF_TEST_CLOSED, "the self-test needs the contactor open"
        case DcCommand() if state.dc is not None:
            return dc.refusal(state.dc, command, now_s, closed=state.permitted)
    return None


def _pwm_refusal(state: State, duty_pct: float, now_s: float) -> tuple[Rule, str] | None:
    if not (is_digital(duty_pct) or ANALOG_MIN_PCT <= duty_pct <= ANALOG_MAX_PCT):
        return Rule.PWM_OUT_OF_RANGE, f"{duty_pct} % is neither 5 % nor within 10 to 96 %"
    if not _within_rating(state, duty_pct):
        return Rule.PWM_OVER_LIMIT, f"{current_for_duty(duty_pct)} A offered, {state.rating_a} A carried"
    raised = (current_for_duty(duty_pct) or 0.0) > (_offered_a(state) or 0.0)
    if raised and _offering(state) and now_s < state.pwm_changed_s + PWM_SPACING_S:
        return Rule.PWM_SPACING, f"wait {state.pwm_changed_s + PWM_SPACING_S - now_s:.1f} s before raising"
    return None


def _offering(state: State) -> bool:
    """Whether the car follows an offer: one that stands, or the last one while the contactor is still permitted."""
    return isinstance(state.pilot, PilotPwm) or state.permitted


def _offered_a(state: State) -> float | None:
    return current_for_duty(state.pilot.duty_pct) if isinstance(state.pilot, PilotPwm) else None


# What may be believed


def believable(reading: CpReading) -> bool:
    """Whether a pilot reading can be true: numbers of a +-12 V source, and no C or D that its own level contradicts."""
    if abs(reading.high_mv) > CP_SOURCE_MAX_MV or abs(reading.low_mv) > CP_SOURCE_MAX_MV:
        return False
    if reading.duty_pct is not None and not math.isfinite(reading.duty_pct):
        return False
    nominal_mv = {CpState.C: 6000, CpState.D: 3000}.get(reading.state)
    return nominal_mv is None or abs(reading.high_mv - nominal_mv) <= CP_LABEL_SLACK_MV
