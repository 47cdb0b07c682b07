"""The figures of DC charging (IEC 61851-23) that agent, interlock and simulator share. PURE.

They come from public sources; `[check]` marks those that need someone with the standard in hand.
"""

from __future__ import annotations

from typing import Final

INSULATION_MIN_OHM: Final = 100_000.0  # [check] below it the cable check fails and charging ends
SAFE_V: Final = 60.0  # [check] below it a pole may be touched, and a contactor closed onto it
PRECHARGE_WINDOW_V: Final = 20.0  # [check] between supply and battery, before the car closes its contactor
PREPARING_MAX_A: Final = 2.0  # [check] in cable check and precharge
RAMP_A_PER_S: Final = 25.0  # [check] how fast a supply follows another current
CABLE_CHECK_S: Final = 38.0  # ISO 15118-2 table 109, time-out of the cable check
PRECHARGE_S: Final = 5.0  # the same table, time-out of the precharge

# [check] IEC 61851-23: emergency stop above the threshold of the car's voltage class, for longer than this
OVER_VOLTAGE_S: Final = 0.009
OVER_VOLTAGE_CLASSES: Final = ((500.0, 550.0), (750.0, 825.0), (850.0, 935.0), (1000.0, 1100.0))


def test_voltage_v(ev_max_v: float, evse_max_v: float) -> float:
    """The voltage of a cable check [check]: a car of up to 500 V is tested 50 V above its maximum, others at 110 %."""
    if ev_max_v <= OVER_VOLTAGE_CLASSES[0][0]:
        return min(OVER_VOLTAGE_CLASSES[0][0], ev_max_v + 50.0, evse_max_v)
    return min(evse_max_v, 1.1 * ev_max_v)


def over_voltage_limit_v(ev_max_v: float) -> float:
    """The emergency threshold of a car with this maximum. Raises ValueError above the highest class."""
    for up_to_v, limit_v in OVER_VOLTAGE_CLASSES:
        if ev_max_v <= up_to_v:
            return limit_v
    raise ValueError(
        f"a car of {ev_max_v:g} V is in no voltage class; the highest is {OVER_VOLTAGE_CLASSES[-1][0]:g} V"
    )
