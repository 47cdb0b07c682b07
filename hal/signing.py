"""What a meter can sign, and how it is asked for it: one call for the three moments of a transaction."""

from __future__ import annotations

from hal.board import SIGNING_DEADLINE_S, InterimSigner, Meter, SigningMeter
from hal.errors import MeterError
from hal.types import MeterErrorKind, MeterSample, MeterTransaction, Moment, Signs


def ability(meter: Meter | None) -> Signs:
    """What this meter can sign."""
    if isinstance(meter, InterimSigner):
        return Signs.ALL
    return Signs.ENDS if isinstance(meter, SigningMeter) else Signs.NOTHING


async def sign(
    meter: Meter | None, moment: Moment, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
) -> MeterSample:
    """Have it sign. Raises `MeterError` and `HalError`; also for a meter that cannot."""
    match moment:
        case Moment.BEGIN if isinstance(meter, SigningMeter):
            return await meter.start_transaction(transaction, deadline_s=deadline_s)
        case Moment.END if isinstance(meter, SigningMeter):
            return await meter.stop_transaction(transaction, deadline_s=deadline_s)
        case Moment.BETWEEN if isinstance(meter, InterimSigner):
            return await meter.sign_reading(transaction, deadline_s=deadline_s)
    raise MeterError(MeterErrorKind.SIGNATURE, f"this meter signs no {moment} of a transaction")


async def public_key(meter: Meter | None, *, deadline_s: float = SIGNING_DEADLINE_S) -> str:
    """The key that verifies what it signs. Raises `MeterError` and `HalError`; also for a meter that has none."""
    if not isinstance(meter, SigningMeter):
        raise MeterError(MeterErrorKind.SIGNATURE, "this meter signs nothing")
    return await meter.public_key(deadline_s=deadline_s)
