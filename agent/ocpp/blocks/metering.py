"""Metering (2.0.1 J, 1.6 §4.7): which values of a reading are worth a message, in plain fields both versions share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from agent.core.values import Measurand, Reading, SampledValue

MAX_READINGS: Final = 250  # our policy: a stop message with more grows beyond what CSMSs take in one frame


def worth_telling(readings: Iterable[Reading], without: frozenset[Measurand] = frozenset()) -> list[Reading]:
    """Readings that hold values besides those `without` a word in this version, at most `MAX_READINGS`.

    Too many are thinned in the middle, every second one, never at the ends (2.0.1 E06.FR.13).
    """
    kept = [_left(one, without) for one in readings]
    kept = [one for one in kept if one.values]
    while len(kept) > MAX_READINGS:
        kept = [kept[0], *kept[2:-1:2], kept[-1]]
    return kept


def _left(reading: Reading, without: frozenset[Measurand]) -> Reading:
    if not without:
        return reading
    return replace(reading, values=tuple(one for one in reading.values if one.measurand not in without))


def is_register(value: SampledValue) -> bool:
    """Whether this is the register of imported energy, which is what meters sign."""
    return value.measurand is Measurand.ENERGY_IMPORT and value.phase is None


def phase_of(value: SampledValue) -> str | None:
    """The phase in OCPP's words: a voltage is measured against neutral."""
    if value.phase is not None and value.measurand is Measurand.VOLTAGE:
        return f"{value.phase}-N"
    return value.phase


def plain_number(value: float) -> str:
    """A number as 1.6's text: at most three decimals, no exponent, no trailing zeros."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def location_of(value: SampledValue) -> str | None:
    """Where it was measured, if not at the outlet: the state of charge is the car's word (LocationEnumType)."""
    return "EV" if value.measurand is Measurand.SOC else None
