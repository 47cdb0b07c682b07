"""When the stations of a fleet boot, and when their drivers come: a profile as TOML, and each station's plan. PURE."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from agent.config import Version

LIBRARY: Final = Path(__file__).with_name("profiles")
CHANGE_S: Final = 30.0  # our policy: between one driver and the next
SPREAD: Final = (
    0.6180339887498949  # the golden ratio's: neighbours go to different waves, and every wave gets its share
)

Seconds = Annotated[float, Meta(ge=0)]


class ProfileError(ValueError):
    """A profile that is none; says what is wrong."""


class Wave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`share` of the stations get a driver between `at_s` and `within_s` later, who stays for `stay_s`."""

    at_s: Seconds
    share: Annotated[float, Meta(gt=0, le=1)]
    within_s: Seconds = 0.0
    stay_s: Annotated[float, Meta(ge=10)] = 3600.0
    current_a: Annotated[float, Meta(ge=6, le=63)] = 16.0
    phases: int = 3


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a fleet lives. Times count from the start; with `period_s` the waves come again and again."""

    title: str
    boot_within_s: Seconds = 60.0
    period_s: Annotated[float, Meta(gt=0)] | None = None
    waves: tuple[Wave, ...] = msgspec.field(default=(), name="wave")


class Visit(msgspec.Struct, frozen=True):
    """A driver comes and goes, in seconds from the start."""

    at_s: float
    until_s: float
    current_a: float
    phases: int


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What a fleet, or one process of it, is to do. `first` to `first + count - 1` of `stations`."""

    stations: int
    first: int
    count: int
    url: str
    prefix: str
    versions: tuple[Version, ...]
    token: str
    profile: Profile
    sample_s: int
    poll_s: float
    modbus: bool
    seed: int = 0

    def identity(self, number: int) -> str:
        """A station's identity, with as many digits as the last one needs."""
        return f"{self.prefix}{number:0{len(str(self.stations))}}"


def load(name: str) -> Profile:
    """A profile by its name in the library, or by its path. Raises `ProfileError`."""
    path = Path(name) if name.endswith(".toml") else LIBRARY / f"{name}.toml"
    try:
        profile = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Profile)
    except FileNotFoundError:
        known = ", ".join(sorted(one.stem for one in LIBRARY.glob("*.toml")))
        raise ProfileError(f"there is no profile {name!r}; give a file, or one of {known}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ProfileError(f"{path}: {error}") from error
    if sum(wave.share for wave in profile.waves) > 1 + 1e-9:
        raise ProfileError(f"{path}: the waves' shares add up to more than 1")
    return profile


def boot_s(profile: Profile, number: int, stations: int) -> float:
    """When a station is switched on: one after the other, evenly."""
    return profile.boot_within_s * number / stations


def visits(profile: Profile, number: int, seed: int) -> Iterator[Visit]:
    """The drivers of a station, in order; without end when the profile has a period."""
    wave = _wave_of(profile, number)
    if wave is None:
        return
    round_s = free_s = 0.0
    while True:
        chance = random.Random(f"{seed}/{number}/{round_s}").random()  # a generator of its own for each would be 2.5 kB
        at_s = max(round_s + wave.at_s + chance * wave.within_s, free_s)
        yield Visit(at_s, at_s + wave.stay_s, wave.current_a, wave.phases)
        if profile.period_s is None:
            return
        round_s += profile.period_s
        free_s = at_s + wave.stay_s + CHANGE_S


def _wave_of(profile: Profile, number: int) -> Wave | None:
    place = number * SPREAD % 1.0
    for wave in profile.waves:
        if place < wave.share:
            return wave
        place -= wave.share
    return None
