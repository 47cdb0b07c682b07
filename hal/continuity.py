"""Follows a meter's energy register from sample to sample, so that what is billed never falls and never leaps. Pure.

A register may roll over, be reset, step back, stand still, or suddenly be that of another meter. What then counts:

=========  ==================================================================================================
rollover   the energy goes on; the register's width, or the next power of ten, explains the drop
reset      the energy goes on from where it was; what flowed around the reset is not counted
backward   the energy stands still until the register has made up for a small step back
jumped     no sample: more than can have flowed. The register counts anew once no car has been there for a while
swapped    no sample: another serial number. The other meter counts once no car has been there for a while
frozen     no sample, until the register moves again: power flows and it does not count
=========  ==================================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Protocol, runtime_checkable

import msgspec
from msgspec.structs import replace

from hal.types import EvseCapabilities, MeterErrorKind, MeterSample

VOLTAGE_MAX_V: Final = 253.0  # EN 50160, 5.4.2.1: 230 V + 10 %
MARGIN: Final = 1.25  # our policy: what an EVSE may deliver above its rating before a register is not believed
LAG_S: Final = 10.0  # our policy: a meter may show energy this late
JITTER_STEPS: Final = 2.0  # our policy: a register that flickers by so many of its steps has not gone back
STEP_BACK_WH: Final = 100.0  # our policy: a drop beyond this is a reset
FROZEN_WH: Final = 50.0  # our policy: a register that has not moved by then does not count
MAX_GAP_S: Final = 10.0  # our policy: power is taken for constant between two samples no further apart than this
AWAY_S: Final = 60.0  # our policy: so long after the car has left nobody wants a reading of the old register


class Limits(msgspec.Struct, frozen=True):
    """What can be: `max_power_w` through this EVSE; `rollover_wh`, where the register begins anew, if known."""

    max_power_w: float
    rollover_wh: float | None = None


class Register(msgspec.Struct, frozen=True):
    """What is known of a meter's register: the last sample taken in, and what makes it the energy counted."""

    last: MeterSample
    base_wh: float = 0.0  # what rollovers and resets have taken away
    owed_wh: float = 0.0  # how far the register is behind where it already was
    unmoved_wh: float = 0.0  # by its power the register should have counted so much since it last moved


class Followed(msgspec.Struct, frozen=True):
    """What comes of a sample: the sample to use, or None; and what happened to the register, if something did."""

    sample: MeterSample | None
    kind: MeterErrorKind | None = None
    detail: str = ""


@runtime_checkable
class Counting(Protocol):
    """A meter that knows where its register begins anew."""

    @property
    def rollover_wh(self) -> float | None:
        """Watt-hours at which it shows 0 again; None when unknown."""


def limits(capabilities: EvseCapabilities, rollover_wh: float | None) -> Limits:
    """What can flow through this EVSE."""
    rated_w = capabilities.max_current_a * max(capabilities.phases, 1) * VOLTAGE_MAX_V
    return Limits(rated_w * MARGIN, rollover_wh)


def follow(register: Register | None, sample: MeterSample, limit: Limits, *, away: bool) -> tuple[Register, Followed]:
    """Take in a sample; `away`: no car has been here for `AWAY_S`, so nobody bills what passes now."""
    if register is None:
        return Register(sample), Followed(sample)
    last = register.last
    step_wh = sample.energy_import_wh - last.energy_import_wh
    most_wh = _most_wh(limit, last, sample)
    kind, detail = None, ""
    if None not in {last.serial, sample.serial} and last.serial != sample.serial:
        kind, detail = MeterErrorKind.SWAPPED, f"serial number {sample.serial}, it was {last.serial}"
    elif step_wh > most_wh:
        kind, detail = MeterErrorKind.JUMPED, f"{step_wh:.0f} Wh more than before, {most_wh:.0f} Wh can have flowed"
    if away and (kind or register.base_wh or register.owed_wh):
        return Register(sample), Followed(sample, kind, detail)
    if kind:
        return register, Followed(None, kind, f"{detail}; unplug the car to go on")
    if step_wh < -JITTER_STEPS * sample.resolution_wh:
        return _dropped(register, sample, limit, most_wh)
    return _counted(register, sample, step_wh)


def _counted(register: Register, sample: MeterSample, step_wh: float) -> tuple[Register, Followed]:
    """An ordinary step."""
    unmoved_wh = 0.0 if step_wh else register.unmoved_wh + _by_power_wh(register.last, sample)
    owed_wh = max(register.owed_wh - step_wh, 0.0)
    following = Register(sample, register.base_wh, owed_wh, unmoved_wh)
    if unmoved_wh > FROZEN_WH + JITTER_STEPS * sample.resolution_wh:
        detail = f"{sample.power_w:.0f} W, and the register stands at {sample.energy_import_wh:.0f} Wh"
        return following, Followed(None, MeterErrorKind.FROZEN, detail)
    return following, Followed(_shown(following))


def _dropped(register: Register, sample: MeterSample, limit: Limits, most_wh: float) -> tuple[Register, Followed]:
    """The register shows less than before."""
    was_wh, is_wh = register.last.energy_import_wh, sample.energy_import_wh
    base_wh, owed_wh, kind = register.base_wh, register.owed_wh, MeterErrorKind.RESET
    for width_wh in _widths_wh(limit, was_wh):
        if 0.0 <= is_wh + width_wh - was_wh <= most_wh:
            base_wh, kind = base_wh + width_wh, MeterErrorKind.ROLLOVER
            break
    else:
        if was_wh - is_wh <= STEP_BACK_WH:
            owed_wh, kind = owed_wh + was_wh - is_wh, MeterErrorKind.BACKWARD
        else:
            base_wh += was_wh - is_wh
    following = Register(sample, base_wh, owed_wh)
    return following, Followed(_shown(following), kind, f"the register went from {was_wh:.0f} Wh to {is_wh:.0f} Wh")


def _widths_wh(limit: Limits, was_wh: float) -> list[float]:
    """Where a register that stood at `was_wh` may begin anew: where it is known to, or behind all nines."""
    nines_wh = 10.0 ** math.ceil(math.log10(max(was_wh, 1.0)))
    return [nines_wh] if limit.rollover_wh is None else [limit.rollover_wh, nines_wh]


def _most_wh(limit: Limits, last: MeterSample, sample: MeterSample) -> float:
    passed_s = sample.taken_mono_s - last.taken_mono_s + LAG_S
    return limit.max_power_w * passed_s / 3600.0 + JITTER_STEPS * sample.resolution_wh


def _by_power_wh(last: MeterSample, sample: MeterSample) -> float:
    """What must have flowed since, by the lower of the two powers."""
    power_w = min(last.power_w or 0.0, sample.power_w or 0.0)
    passed_s = min(sample.taken_mono_s - last.taken_mono_s, MAX_GAP_S)
    return max(power_w, 0.0) * passed_s / 3600.0


def _shown(register: Register) -> MeterSample:
    """The sample with the energy counted, and with what the register shows where that is less."""
    sample, added_wh = register.last, register.base_wh + register.owed_wh
    if not added_wh:
        return sample
    return replace(sample, energy_import_wh=sample.energy_import_wh + added_wh, register_wh=sample.energy_import_wh)


class Follower:
    """Follows the meter of one EVSE, sample by sample. `car_gone` says whether the pilot shows no car now."""

    def __init__(self, meter: object, capabilities: EvseCapabilities, car_gone: Callable[[], bool]) -> None:
        self._counting = meter if isinstance(meter, Counting) else None
        self._limits = limits(capabilities, None)
        self._car_gone = car_gone
        self._car_s: float | None = None  # when a car was here last, or may have been
        self._register: Register | None = None

    def __call__(self, sample: MeterSample) -> Followed:
        """What comes of the next sample."""
        now_s = sample.taken_mono_s
        if self._car_s is None or not self._car_gone():
            self._car_s = now_s
        rollover_wh = None if self._counting is None else self._counting.rollover_wh
        if rollover_wh != self._limits.rollover_wh:
            self._limits = replace(self._limits, rollover_wh=rollover_wh)
        self._register, followed = follow(self._register, sample, self._limits, away=now_s - self._car_s > AWAY_S)
        return followed
