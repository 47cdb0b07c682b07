"""What charging costs: a price per kWh, one per hour, a fee per session. PURE, and exact: money is `Decimal`."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

import msgspec

WH_PER_KWH = 1000
SECONDS_PER_HOUR = 3600
ENERGY_STEP_WH = Decimal("0.001")  # our policy: finer than any meter, coarse enough to drop the noise of binary floats
DURATION_STEP_S = Decimal("0.001")  # the resolution of OCPP timestamps


class Tariff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices in `currency` (ISO 4217), `decimals` being its smallest unit: 2 for cents, 0 for yen.

    The sum is rounded once, at the end, half away from zero (commercial rounding); nothing is rounded before.
    """

    per_kwh: Decimal = Decimal(0)
    per_hour: Decimal = Decimal(0)
    session_fee: Decimal = Decimal(0)
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "EUR"
    decimals: Annotated[int, msgspec.Meta(ge=0, le=4)] = 2

    def __post_init__(self) -> None:
        """Raises ValueError for prices that are none."""
        for name in ("per_kwh", "per_hour", "session_fee"):
            price: Decimal = getattr(self, name)
            if not price.is_finite() or price < 0:
                raise ValueError(f"{name} is {price}: a price is a number that is not negative")

    def cost(self, energy_wh: float, duration_s: float) -> Decimal:
        """The price of `energy_wh` (Wh) taken in `duration_s` (s).

        Raises:
            ValueError: energy or duration is negative, infinite or not a number.
        """
        energy_kwh = _exact(energy_wh, ENERGY_STEP_WH, "energy_wh") / WH_PER_KWH
        duration_h = _exact(duration_s, DURATION_STEP_S, "duration_s") / SECONDS_PER_HOUR
        total = self.session_fee + self.per_kwh * energy_kwh + self.per_hour * duration_h
        return total.quantize(Decimal(1).scaleb(-self.decimals), rounding=ROUND_HALF_UP)


def _exact(value: float, step: Decimal, name: str) -> Decimal:
    """The decimal nearest to a float, in whole steps."""
    exact = Decimal(str(value))
    if not exact.is_finite() or exact < 0:
        raise ValueError(f"{name} is {value}: a cost needs a number that is not negative")
    return exact.quantize(step, rounding=ROUND_HALF_UP)
