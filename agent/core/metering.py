"""What a reading contains and when the next one is due."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from agent.core.session import Session
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


class Beside(msgspec.Struct, frozen=True):
    """What a reading holds that no meter measures. `dc`: the meter's first phase is the one pair of wires there is."""

    offered_a: float | None = None
    offered_w: float | None = None
    soc_pct: int | None = None
    dc: bool = False


NOTHING: Final = Beside()


def beside(session: Session) -> Beside:
    """What an EVSE offers, and what its car says of its battery."""
    offered_a = (session.offer.current_a if session.offer else None) or 0.0
    needs, soc_pct = session.digital.needs, session.line.soc_pct
    if soc_pct is None and needs is not None:
        soc_pct = needs.soc_pct
    offered_w = offered_a * session.reference_v if session.dc is not None else None
    return Beside(offered_a, offered_w, soc_pct, dc=session.dc is not None)


def take(
    sample: MeterSample,
    measurands: tuple[Measurand, ...],
    context: ReadingContext,
    now: Instant,
    beside: Beside = NOTHING,
) -> Reading:
    """A reading of these measurands from the sample, stamped with the moment the sample was taken.

    A clock-aligned one is stamped with its own moment: what was sampled just before stands for it (1.6 3.16.2). A
    sample that is not `fresh` is marked as estimated. Measurands that the meter does not have are left out.
    """
    aligned = context is ReadingContext.CLOCK and fresh(sample, now)
    age_s = 0.0 if aligned else max(0.0, now.mono_s - sample.taken_mono_s)
    return Reading(
        at_utc_s=now.utc_s - age_s,
        context=context,
        energy_wh=round(sample.energy_import_wh, DECIMALS),
        values=tuple(value for one in measurands for value in _values(sample, one, beside)),
        estimated=not fresh(sample, now),
    )


def _values(sample: MeterSample, measurand: Measurand, beside: Beside) -> tuple[SampledValue, ...]:
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
            return _one(measurand, beside.offered_a, "A")
        case Measurand.POWER_OFFERED:
            return _one(measurand, beside.offered_w, "W")
        case Measurand.SOC:
            return _one(measurand, beside.soc_pct, "Percent")
        case Measurand.CURRENT_IMPORT:
            return _wires(measurand, sample.current_a, "A", beside)
        case Measurand.VOLTAGE:
            return _wires(measurand, sample.voltage_v, "V", beside)
        case _:
            return ()


def _one(measurand: Measurand, value: float | None, unit: str) -> tuple[SampledValue, ...]:
    return () if value is None else (SampledValue(measurand, round(value, DECIMALS), unit),)


def _wires(
    measurand: Measurand, values: tuple[float, ...] | None, unit: str, beside: Beside
) -> tuple[SampledValue, ...]:
    """One value of direct current, one for each phase of alternating."""
    return _one(measurand, values[0] if values else None, unit) if beside.dc else _phases(measurand, values, unit)


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
