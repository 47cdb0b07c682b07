"""What a reading contains and when the next one is due."""

from __future__ import annotations

import math
from typing import Final

from agent.core.values import Instant, Measurand, Reading, ReadingContext, SampledValue
from hal.types import MeterSample, Quality

PHASES: Final = ("L1", "L2", "L3")
DECIMALS: Final = 3  # finer than any meter; what lies below is the noise of its 32-bit floats
DAY_S: Final = 86400.0
MAX_KEPT: Final = 101  # our policy: of a transaction; odd, so that thinning keeps the newest
MAX_READING_AGE_S: Final = 3.0  # our policy: an older sample is not what the meter says now


def fresh(sample: MeterSample | None, now: Instant) -> bool:
    """Whether the sample can stand for the meter's present value."""
    return (
        sample is not None and sample.quality is Quality.GOOD and now.mono_s - sample.taken_mono_s <= MAX_READING_AGE_S
    )


def take(
    sample: MeterSample,
    measurands: tuple[Measurand, ...],
    context: ReadingContext,
    now: Instant,
    offered_a: float | None = None,
) -> Reading:
    """A reading of these measurands from the sample, stamped with the moment the sample was taken.

    A sample that is not `fresh` is marked as estimated. Measurands that the meter does not have are left out.
    """
    return Reading(
        at_utc_s=now.utc_s - max(0.0, now.mono_s - sample.taken_mono_s),
        context=context,
        energy_wh=round(sample.energy_import_wh, DECIMALS),
        values=tuple(value for one in measurands for value in _values(sample, one, offered_a)),
        estimated=not fresh(sample, now),
    )


def _values(sample: MeterSample, measurand: Measurand, offered_a: float | None) -> tuple[SampledValue, ...]:
    match measurand:
        case Measurand.ENERGY_IMPORT:
            return _one(measurand, sample.energy_import_wh, "Wh")
        case Measurand.ENERGY_EXPORT:
            return _one(measurand, sample.energy_export_wh, "Wh")
        case Measurand.POWER_IMPORT:
            return _one(measurand, sample.power_w, "W")
        case Measurand.REACTIVE_IMPORT:
            return _one(measurand, sample.reactive_power_var, "var")
        case Measurand.POWER_FACTOR:
            return _one(measurand, sample.power_factor, "")
        case Measurand.FREQUENCY:
            return _one(measurand, sample.frequency_hz, "Hz")
        case Measurand.CURRENT_OFFERED:
            return _one(measurand, offered_a, "A")
        case Measurand.CURRENT_IMPORT:
            return _phases(measurand, sample.current_a, "A")
        case Measurand.VOLTAGE:
            return _phases(measurand, sample.voltage_v, "V")
        case _:
            return ()


def _one(measurand: Measurand, value: float | None, unit: str) -> tuple[SampledValue, ...]:
    return () if value is None else (SampledValue(measurand, round(value, DECIMALS), unit),)


def _phases(measurand: Measurand, values: tuple[float, ...] | None, unit: str) -> tuple[SampledValue, ...]:
    pairs = zip(PHASES, values or (), strict=False)
    return tuple(SampledValue(measurand, round(value, DECIMALS), unit, phase) for phase, value in pairs)


def with_one_more(readings: tuple[Reading, ...], reading: Reading) -> tuple[Reading, ...]:
    """Readings kept for an end message, the newest last; too many are thinned between the ends (E06.FR.13)."""
    kept = (*readings, reading)
    return kept if len(kept) <= MAX_KEPT else (kept[0], *kept[1::2])


def next_sample(started_mono_s: float, interval_s: float, now: Instant) -> float | None:
    """Monotonic time of the next periodic reading: on the grid of the transaction's start. None: no readings."""
    if interval_s <= 0:
        return None
    return started_mono_s + (math.floor((now.mono_s - started_mono_s) / interval_s + 1e-9) + 1) * interval_s


def next_aligned(interval_s: float, now: Instant) -> float | None:
    """Monotonic time of the next clock-aligned reading: multiples of the interval from UTC midnight (1.6 9.1.3)."""
    if interval_s <= 0:
        return None
    into_day_s = now.utc_s % DAY_S
    due_s = min((math.floor(into_day_s / interval_s + 1e-9) + 1) * interval_s, DAY_S)
    return now.mono_s + due_s - into_day_s
