"""A signing meter's own transaction within ours, and what was signed in it beside the readings. Pure values.

`agent.core.signing` says when the meter is asked for what.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec
from msgspec.structs import replace

from agent.core.values import Measurand, Reading, SampledValue
from hal.types import SignedReading

MAX_SIGNED: Final = 20  # our policy: signed readings kept for an end message; each is about a kilobyte on the wire


class Stage(enum.StrEnum):
    """How the meter's transaction stands."""

    DUE = "due"  # to be opened as soon as it is known for whom
    OPENING = "opening"  # the meter was asked to sign the beginning
    OPEN = "open"
    CLOSING = "closing"  # it was asked to sign the end
    CLOSED = "closed"  # it has, or will not


class MeterTx(msgspec.Struct, frozen=True, omit_defaults=True):
    """The meter's transaction. `token`: whose it is, as the meter was told. `again_mono_s`: not asked before then."""

    stage: Stage = Stage.DUE
    token: str = ""
    begin: SignedReading | None = None  # of a transaction of ours that starts with it
    end: SignedReading | None = None
    ended_utc_s: float | None = None  # when it was asked for the end, which is when the charge was over
    again_mono_s: float | None = None

    @property
    def under_way(self) -> bool:
        """Whether the meter may have begun, and has not ended."""
        return self.stage in {Stage.OPENING, Stage.OPEN, Stage.CLOSING}


def restored(mine: MeterTx | None) -> MeterTx | None:
    """What a restart leaves: a question that was open may have been answered, and the answer is lost."""
    if mine is None:
        return None
    return replace(mine, stage=Stage.OPEN if mine.under_way else mine.stage, ended_utc_s=None, again_mono_s=None)


def with_signature(reading: Reading, signed: SignedReading | None) -> Reading:
    """The reading with what was signed at its moment, which is its register: it is among its values then."""
    if signed is None:
        return reading
    values = reading.values
    if not any(one.measurand is Measurand.ENERGY_IMPORT and one.phase is None for one in values):
        values = (SampledValue(Measurand.ENERGY_IMPORT, reading.energy_wh, "Wh"), *values)
    return replace(reading, values=values, signed=signed)


def sparing(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Readings of which at most `MAX_SIGNED` are signed: first and newest stay so, between them every second one."""
    signed = [place for place, one in enumerate(readings) if one.signed is not None]
    if len(signed) <= MAX_SIGNED:
        return readings
    plain = set(signed[1:-1:2])
    return tuple(replace(one, signed=None) if place in plain else one for place, one in enumerate(readings))
