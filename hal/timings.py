"""The times of a charge that the standard or our policy sets, as data: every row is measured by a test. PURE.

`evse hal rules` says who enforces what; this says how long things take, whoever does them. `make rules` prints both
with what the tests measured, in simulated time.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from hal.board import LEASE_S
from hal.iec61851 import (
    CLOSE_WITHIN_S,
    LIMIT_REACTION_S,
    OPEN_WITHIN_S,
    OVERCURRENT_S,
    PWM_OFF_OPEN_S,
    PWM_SPACING_S,
    RECLOSE_AFTER_ERROR_S,
    RECLOSE_S,
)
from hal.observe import WELD_AFTER_S

FLOAT_S: Final = 1e-6  # what adding up floats may cost
POLICY: Final = "our policy"
A_6: Final = "IEC 61851-1 table A.6 [check]"


class Bound(enum.StrEnum):
    """Which side of its time a row allows."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


class Timing(msgspec.Struct, frozen=True):
    """One row: what takes how long."""

    id: str
    says: str
    bound: Bound
    seconds: float
    clause: str

    def allows(self, measured_s: float) -> bool:
        """Whether a measured time keeps to the row."""
        late_s = measured_s - self.seconds
        return late_s <= FLOAT_S if self.bound is Bound.AT_MOST else late_s >= -FLOAT_S


TIMINGS: Final = (
    Timing("T-close", "the car asks (C2) to the closed contactor", Bound.AT_MOST, CLOSE_WITHIN_S, A_6),
    Timing("T-open", "the car leaves C to the open contactor", Bound.AT_MOST, OPEN_WITHIN_S, A_6),
    Timing("T-unplug", "the plug is pulled under load to the open contactor", Bound.AT_MOST, OPEN_WITHIN_S, A_6),
    Timing("T-pwm-off", "the offer ends to opening under load", Bound.AT_LEAST, PWM_OFF_OPEN_S, A_6),
    Timing("T-spacing", "one offer to a higher one", Bound.AT_LEAST, PWM_SPACING_S, A_6),
    Timing("T-reaction", "a lower offer to its counting against the car", Bound.AT_LEAST, LIMIT_REACTION_S, A_6),
    Timing("T-overcurrent", "the car draws too much to the open contactor", Bound.AT_LEAST, OVERCURRENT_S, POLICY),
    Timing("T-lease", "the last renewal to the open contactor", Bound.AT_MOST, LEASE_S, POLICY),
    Timing("T-reclose", "the car left C to closing again", Bound.AT_LEAST, RECLOSE_S, POLICY),
    Timing("T-reclose-fault", "a fault ended to closing again", Bound.AT_LEAST, RECLOSE_AFTER_ERROR_S, POLICY),
    Timing("T-weld", "told to open to a weld found", Bound.AT_MOST, WELD_AFTER_S, POLICY),
    Timing("T-sleep", "an offer that a car in B sleeps through to the wake-up", Bound.AT_LEAST, 30.0, POLICY),
    Timing("T-x1", "the wake-up's step X1", Bound.AT_LEAST, 3.0, "IEC 61851-1 annex A.5.3 [check]"),
    Timing("T-ef", "the wake-up's step E", Bound.AT_LEAST, 4.0, "IEC 61851-1 annex A.5.3 [check]"),
    Timing("T-phases-open", "the contactor opened to the switched phases", Bound.AT_LEAST, 10.0, POLICY),
    Timing("T-phases-settle", "the switched phases to the next offer", Bound.AT_LEAST, 10.0, POLICY),
    Timing("T-self-test", "one self-test of an idle monitor to the next", Bound.AT_MOST, 24 * 3600.0, POLICY),
    Timing("T-warm", "hotter to a lower offer", Bound.AT_MOST, 0.0, POLICY),
    Timing("T-cool", "cooler to a higher offer", Bound.AT_LEAST, 60.0, POLICY),
)
