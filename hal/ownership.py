"""Who enforces each safety rule on a board, and how fast: declared by the board, checked before it is armed. PURE.

Python is not the protective device. A rule is owned by hardware, by a microcontroller or, where that is early enough,
by the interlock; a board on which a mandatory rule has no owner is not armed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

import msgspec

from hal import API_VERSION
from hal.board import LEASE_S
from hal.dc import INSULATION_AGE_S, OUTPUT_AGE_S
from hal.dc_figures import OVER_VOLTAGE_S
from hal.errors import HalError
from hal.iec61851 import CLOSE_WITHIN_S, OPEN_WITHIN_S, OVERCURRENT_S, PWM_OFF_OPEN_S
from hal.observe import WELD_AFTER_S
from hal.overcurrent import SAMPLE_MAX_AGE_S
from hal.rules import CP_MISSED_REPEATS
from hal.types import BoardInfo, Claim, EvseCapabilities, Owner, Rule

SWITCHING_S: Final = 0.5  # our policy: what hardware may take on top of the time that a rule itself waits
REPEAT_MAX_S: Final = 1.0  # our policy: a board that repeats its pilot reading does so at least this often
METER_POLL_S: Final = 1.0  # our policy: how often a meter that cuts off a greedy car is read
RESIDUAL_DC_S: Final = 10.0  # [check] IEC 62955: the longest that 6 mA DC may last
EMERGENCY_S: Final = 1.0  # [check] IEC 61851-23: from the cause of an emergency shutdown to a dead output
RESIDUAL_AC_S: Final = 0.3  # [check] IEC 61008-1: at the rated residual current


class OwnershipError(HalError):
    """A mandatory rule has no owner that enforces it in time: the board is not armed."""


class SafetyRule(msgspec.Struct, frozen=True, kw_only=True):
    """A mandatory rule: where it comes from, how late it may be enforced, and the test that shows it.

    `interlock_s`: what the interlock waits by itself before it acts. `apart`: it has to hold while the agent hangs, so
    the interlock may own it only outside the agent's process. `device`: nothing in Python may own it.
    """

    rule: Rule
    says: str
    clause: str
    within_s: float
    interlock_s: float = 0.0
    apart: bool = False
    device: bool = False
    test: str
    applies: Callable[[EvseCapabilities], bool] = lambda _: True


def is_dc(capabilities: EvseCapabilities) -> bool:
    """Whether an EVSE has a DC supply."""
    return capabilities.dc is not None


POLICY: Final = "our policy"
OPENS: Final = "tests/hal/test_interlock.py::test_the_contactor_opens_in_the_step_that_breaks_a_rule"
REFUSED_CLOSED: Final = (
    "tests/hal/test_interlock_commands.py::test_it_is_refused_while_the_contactor_is_or_may_be_closed"
)
BREAKS_DC: Final = "tests/hal/test_interlock_dc.py::test_supply_and_contactor_are_off_in_the_step_that_breaks_a_rule"
TRIPS: Final = "tests/hal/test_conformance.py::test_the_simulated_board_passes"

RULES: Final = (
    SafetyRule(
        rule=Rule.CP_NOT_CD,
        says="open when the car leaves C or D",
        clause="IEC 61851-1 table A.6 [check]",
        within_s=OPEN_WITHIN_S,
        apart=True,
        test="tests/hal/test_guard.py::test_a_car_that_leaves_c_is_switched_off_at_once",
    ),
    SafetyRule(
        rule=Rule.DIODE,
        says="no energy without a diode in the pilot circuit",
        clause="IEC 61851-1 annex A",
        within_s=CLOSE_WITHIN_S,
        test=OPENS,
    ),
    SafetyRule(
        rule=Rule.VENTILATION,
        says="no energy in D without ventilation",
        clause="IEC 61851-1 table A.2",
        within_s=CLOSE_WITHIN_S,
        test=OPENS,
    ),
    SafetyRule(
        rule=Rule.PILOT_OFF,
        says="open under load when a car ignores the end of the offer",
        clause="IEC 61851-1 table A.6 [check]",
        within_s=PWM_OFF_OPEN_S + SWITCHING_S,
        interlock_s=PWM_OFF_OPEN_S,
        test="tests/hal/test_interlock_commands.py::"
        "test_a_car_that_loses_the_pwm_has_six_seconds_to_stop_before_it_is_cut_off_under_load",
    ),
    SafetyRule(
        rule=Rule.LEASE_ENDED,
        says="open when nobody renews the permission",
        clause=POLICY,
        within_s=LEASE_S + SWITCHING_S,
        interlock_s=LEASE_S,
        apart=True,
        test="tests/hal/test_guard.py::test_a_client_that_falls_silent_loses_the_contactor_when_the_lease_ends",
    ),
    SafetyRule(
        rule=Rule.CP_STALE,
        says="open when the pilot is not read any more",
        clause=POLICY,
        within_s=CP_MISSED_REPEATS * REPEAT_MAX_S + SWITCHING_S,
        interlock_s=CP_MISSED_REPEATS * REPEAT_MAX_S,
        test="tests/hal/test_interlock.py::"
        "test_a_board_that_repeats_its_readings_and_stops_doing_so_loses_the_permission",
    ),
    SafetyRule(
        rule=Rule.WELDED,
        says="never close again after a contactor that did not open",
        clause=POLICY,
        within_s=CLOSE_WITHIN_S,
        interlock_s=WELD_AFTER_S,
        test="tests/hal/test_interlock.py::test_a_contactor_that_stays_closed_is_welded_and_never_closes_again",
    ),
    SafetyRule(
        rule=Rule.OVERCURRENT,
        says="open when a car draws more than it was offered",
        clause=POLICY,
        within_s=OVERCURRENT_S + SAMPLE_MAX_AGE_S,
        interlock_s=OVERCURRENT_S + 2 * METER_POLL_S,
        test="tests/hal/test_interlock_commands.py::test_a_car_above_the_margin_is_cut_off_after_seven_seconds",
    ),
    SafetyRule(
        rule=Rule.PWM_OVER_LIMIT,
        says="never offer more than board and cable carry",
        clause="IEC 61851-1 annex B, table A.7",
        within_s=CLOSE_WITHIN_S,
        test="tests/hal/test_interlock_commands.py::"
        "test_no_more_is_offered_than_the_cable_carries_and_nothing_without_one",
    ),
    SafetyRule(
        rule=Rule.NOT_LOCKED,
        says="no energy through a plug that is not locked",
        clause="IEC 61851-1 [check]",
        within_s=CLOSE_WITHIN_S,
        test=OPENS,
        applies=lambda it: it.has_lock,
    ),
    SafetyRule(
        rule=Rule.UNLOCK_CLOSED,
        says="no unlocking while the contactor is closed",
        clause="IEC 61851-1 [check]",
        within_s=CLOSE_WITHIN_S,
        test=REFUSED_CLOSED,
        applies=lambda it: it.has_lock,
    ),
    SafetyRule(
        rule=Rule.PHASES_CLOSED,
        says="no switching of phases under load",
        clause=POLICY,
        within_s=CLOSE_WITHIN_S,
        test=REFUSED_CLOSED,
        applies=lambda it: it.has_phase_switch,
    ),
    SafetyRule(
        rule=Rule.RESIDUAL_DC,
        says="open at 6 mA DC to earth",
        clause="IEC 62955 [check]",
        within_s=RESIDUAL_DC_S,
        device=True,
        test=TRIPS,
        applies=lambda it: it.dc is None,  # an insulated output has the insulation rule instead
    ),
    SafetyRule(
        rule=Rule.RESIDUAL_AC,
        says="open at the rated residual current",
        clause="IEC 61008-1 [check]",
        within_s=RESIDUAL_AC_S,
        device=True,
        test=TRIPS,
        applies=lambda it: it.dc is None,
    ),
    SafetyRule(
        rule=Rule.NOT_DIGITAL,
        says="no DC without digital communication",
        clause="IEC 61851-23 [check]",
        within_s=CLOSE_WITHIN_S,
        test=BREAKS_DC,
        applies=is_dc,
    ),
    SafetyRule(
        rule=Rule.INSULATION,
        says="no battery behind a cable that was not checked, or is not insulated any more",
        clause="IEC 61851-23 [check]",
        within_s=INSULATION_AGE_S + SWITCHING_S,
        interlock_s=INSULATION_AGE_S,
        test=BREAKS_DC,
        applies=is_dc,
    ),
    SafetyRule(
        rule=Rule.DC_UNWATCHED,
        says="no battery without a watch for over-voltage",
        clause="IEC 61851-23 [check]",
        within_s=CLOSE_WITHIN_S,
        test=BREAKS_DC,
        applies=is_dc,
    ),
    SafetyRule(
        rule=Rule.DC_LIVE,
        says="no closing onto a live supply, or one that does not say",
        clause=POLICY,
        within_s=OUTPUT_AGE_S + SWITCHING_S,
        interlock_s=OUTPUT_AGE_S,
        test="tests/hal/test_interlock_dc.py::"
        "test_a_contactor_does_not_close_onto_a_live_supply_and_may_stay_closed_onto_one",
        applies=is_dc,
    ),
    SafetyRule(
        rule=Rule.DC_OVER_VOLTAGE,
        says="the supply off above the threshold of the car's voltage class",
        clause="IEC 61851-23 [check]",
        within_s=OVER_VOLTAGE_S + EMERGENCY_S,
        device=True,
        test="tests/hal/test_over_voltage.py::test_a_supply_above_the_threshold_is_cut_off_by_its_own_monitor",
        applies=is_dc,
    ),
)


def by_interlock(reaction_s: float, *, but: Collection[Rule] = ()) -> tuple[Claim, ...]:
    """Claims of the interlock to every rule that it may own, `but` apart.

    `reaction_s`: the board's part: from a cause to its event, and from a command to an open contactor.
    """
    return tuple(
        Claim(one.rule, Owner.INTERLOCK, one.interlock_s + reaction_s)
        for one in RULES
        if not one.device and one.rule not in but
    )


def owned_by(owner: Owner, latency_s: float, *rules: Rule) -> tuple[Claim, ...]:
    """Claims of one owner to some rules with one latency."""
    return tuple(Claim(rule, owner, latency_s) for rule in rules)


def claim_of(info: BoardInfo, rule: Rule) -> Claim | None:
    """What the board says about this rule; None: nothing."""
    return next((claim for claim in info.claims if claim.rule is rule), None)


def check(info: BoardInfo, evses: Iterable[EvseCapabilities]) -> None:
    """Whether this board may be armed as it runs now. Raises `OwnershipError` naming the rule and the remedy."""
    present = tuple(evses)
    for one in RULES:
        if any(one.applies(capabilities) for capabilities in present):
            why = _unfit(one, claim_of(info, one.rule), info)
            if why is not None:
                name = f"{info.vendor} {info.model}"
                raise OwnershipError(f"{name} is not armed: rule {one.rule} ({one.says}; {one.clause}): {why}")


def _unfit(one: SafetyRule, claim: Claim | None, info: BoardInfo) -> str | None:
    if claim is None:
        return "it has no owner; have the board file declare one in BoardInfo.claims"
    if not 0.0 <= claim.latency_s <= one.within_s:
        return f"its owner {claim.owner} takes {claim.latency_s:g} s, and {one.within_s:g} s is the most"
    if claim.owner is not Owner.INTERLOCK:
        return None
    if claim.latency_s < one.interlock_s:
        return f"{claim.latency_s:g} s is declared, but the interlock itself waits {one.interlock_s:g} s"
    if info.simulation:
        return None
    if one.device:
        return "no software on this side may own it; a device or a microcontroller has to"
    if one.apart and not info.own_process:
        return "the interlock may own it only in a process of its own; run `evse hal serve` and set hal.socket"
    return None


def check_api(info: BoardInfo, ours: tuple[int, int] = API_VERSION) -> None:
    """Whether a board that was written for `info.api` can run here. Raises `HalError` saying which side to update."""
    major, minor = info.api
    if major != ours[0] or minor > ours[1]:
        raise HalError(
            f"{info.vendor} {info.model} was written for version {major}.{minor} of the hardware API, "
            f"this is {ours[0]}.{ours[1]}; {'update evse-agent' if info.api > ours else 'update the board package'}"
        )
