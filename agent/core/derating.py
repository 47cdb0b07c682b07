"""What a warm charger may still offer: a curve from temperature to current, down at once, up only after a while."""

from __future__ import annotations

from typing import Final

import msgspec

from agent.core.limits import MAX_OFFER_A, LimitInput, LimitSource

RISE_WAIT_S: Final = 60.0  # our policy: cooler for a minute before more is offered again
SILENT_S: Final = 30.0  # our policy: a sensor that has said nothing for so long counts as silent
FALLBACK_A: Final = 6.0  # our policy: what a charger whose sensor is silent may offer


class Curve(msgspec.Struct, frozen=True):
    """Full current up to `full_c`, down in a line to `low_a` at `low_c`, nothing from `off_c` on."""

    full_c: float = 60.0
    low_c: float = 80.0
    off_c: float = 85.0
    low_a: float = 6.0
    full_a: float = MAX_OFFER_A

    def current_a(self, celsius: float) -> float:
        """The current at this temperature; none for what is no number."""
        if not celsius < self.off_c:
            return 0.0
        if celsius <= self.full_c:
            return self.full_a
        share = (self.low_c - min(celsius, self.low_c)) / (self.low_c - self.full_c)
        return self.low_a + (self.full_a - self.low_a) * share


class Heard(msgspec.Struct, frozen=True):
    """What a sensor said last, and when."""

    celsius: float
    at_mono_s: float


class Derating(msgspec.Struct, frozen=True):
    """What the warmest sensor allows, since when it would allow more, and what each has said."""

    allowed_a: float = MAX_OFFER_A
    rising_since_mono_s: float | None = None
    sensors: dict[str, Heard] = {}


CURVE: Final = Curve()


def measured(state: Derating, sensor: str, celsius: float, now_mono_s: float, curve: Curve = CURVE) -> Derating:
    """A sensor speaks; the warmest one decides, and a silent one allows no more than the fail-safe value."""
    sensors = state.sensors | {sensor: Heard(celsius, now_mono_s)}
    wanted_a = min(_allowed_a(one, now_mono_s, curve) for one in sensors.values())
    if wanted_a <= state.allowed_a:
        return Derating(wanted_a, None, sensors)
    since_s = state.rising_since_mono_s if state.rising_since_mono_s is not None else now_mono_s
    if now_mono_s - since_s >= RISE_WAIT_S:
        return Derating(wanted_a, None, sensors)
    return Derating(state.allowed_a, since_s, sensors)


def limit(state: Derating, now_mono_s: float) -> LimitInput:
    """The limit that follows, until the next sensor would be silent; then the fail-safe value counts."""
    silences = (one.at_mono_s + SILENT_S for one in state.sensors.values())
    until_s = min((due_s for due_s in silences if due_s > now_mono_s), default=now_mono_s)
    return LimitInput(LimitSource.TEMPERATURE, state.allowed_a, until_s, min(FALLBACK_A, state.allowed_a))


def _allowed_a(heard: Heard, now_mono_s: float, curve: Curve) -> float:
    current_a = curve.current_a(heard.celsius)
    return current_a if now_mono_s - heard.at_mono_s < SILENT_S else min(current_a, FALLBACK_A)
