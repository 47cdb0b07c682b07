"""The rules that the interlock has on every board: no board claims them, so they decide nothing about arming it. PURE.

Together with `hal.ownership.RULES` this names every rule with its source.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hal.types import Rule

POLICY: Final = "our policy"


class OwnRule(msgspec.Struct, frozen=True):
    """One rule, and where it comes from."""

    rule: Rule
    says: str
    clause: str


OWN_RULES: Final = (
    OwnRule(Rule.NO_PERMISSION, "no energy that nobody permits", POLICY),
    OwnRule(Rule.FAULTED, "no energy while a fault is active", POLICY),
    OwnRule(Rule.RECLOSE_SPACING, "no closing again at once", POLICY),
    OwnRule(Rule.PWM_OUT_OF_RANGE, "no duty cycle that means nothing to a car", "IEC 61851-1 table A.7"),
    OwnRule(Rule.PWM_SPACING, "no higher offer shortly after another", "IEC 61851-1 table A.6 [check]"),
    OwnRule(Rule.SELF_TEST_CLOSED, "no self-test of the residual-current monitor under load", POLICY),
    OwnRule(Rule.DC_RATING, "no voltage or current beyond the ratings", POLICY),
)
