"""Loads and checks meter profiles, and plans what to read of a meter. Pure, but for reading the file.

A profile is a TOML file in `hal/profiles/` (or anywhere, by path), in the form of `hal.modbus.schema`. On load its
register images are decoded and compared with the values that their sources state.
"""

from __future__ import annotations

import difflib
import functools
import math
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from hal.modbus.layout import decode
from hal.modbus.schema import DECIMALS, IDENTITY_POINTS, SAMPLE_POINTS, Image, Point, Profile, ReadRequest, number_range

PROFILES: Final = Path(__file__).parent.parent / "profiles"
ADDRESSES: Final = 0x10000  # Modbus Application Protocol V1.1b3, 4.3: addresses 0 to 65535
IMAGE_TOLERANCE: Final = 1e-6  # relative: the precision of a 32-bit float


class ProfileError(ValueError):
    """A profile cannot be used; the message names the file, the point and what was expected."""


def plan(profile: Profile, names: Iterable[str]) -> tuple[ReadRequest, ...]:
    """The fewest requests that read these points within the model's limits. Raises `ProfileError`."""
    points = []
    for name in set(names):
        if name not in profile.points:
            raise ProfileError(f"{profile.name}: no point {name!r}; it has {', '.join(sorted(profile.points))}")
        points.append(profile.points[name])
    requests: list[ReadRequest] = []
    grows = False  # whether the last request may take in the next point
    for point in sorted(points, key=lambda p: (profile.function_of(p), p.alone, p.start)):
        function, start, end = profile.function_of(point), point.start, point.end
        if grows and not point.alone:
            last = requests[-1]
            if (
                last.function == function
                and end - last.address <= profile.max_registers
                and profile.may_skip(function, last.end, start)
            ):
                requests[-1] = ReadRequest(function, last.address, max(end, last.end) - last.address)
                continue
        requests.append(ReadRequest(function, start, end - start))
        grows = not point.alone
    return tuple(requests)


def sample_requests(profile: Profile) -> tuple[ReadRequest, ...]:
    """What to read for a `MeterSample`."""
    return plan(profile, SAMPLE_POINTS & profile.points.keys())


def identity_requests(profile: Profile) -> dict[str, ReadRequest]:
    """What to read for each identity point the profile has."""
    return {name: plan(profile, [name])[0] for name in IDENTITY_POINTS if name in profile.points}


def probes(profile: Profile) -> tuple[ReadRequest, ...]:
    """Requests whose answers look like no other's, shortest first: each differs in function code or length.

    An RTU answer names neither its address nor its request. After a time-out the late answer may still come; a
    probe's answer proves that it cannot come any more, for a slave answers in order. Raises `ProfileError`.
    """
    kept = _probes.get(profile.name)
    if kept is None or kept[0] is not profile:
        kept = _probes[profile.name] = profile, _found_probes(profile)
    return kept[1]


# Worked out when a profile is checked, and needed by each meter of it: half of the time that a meter takes to begin.
_probes: Final[dict[str, tuple[Profile, tuple[ReadRequest, ...]]]] = {}


def _found_probes(profile: Profile) -> tuple[ReadRequest, ...]:
    used = {(r.function, r.count) for r in (*sample_requests(profile), *identity_requests(profile).values())}
    ordered = sorted(profile.points, key=lambda name: profile.points[name].start)
    found = {(r.function, r.count): r for r in profile.probe if (r.function, r.count) not in used}
    for first in range(len(ordered)):
        for last in range(first, len(ordered)):
            requests = plan(profile, ordered[first : last + 1])
            form = requests[0].function, requests[0].count
            if len(requests) == 1 and form not in used:
                found.setdefault(form, requests[0])
    if not found:
        raise ProfileError(
            f"{profile.name}: every possible request is as long as one that is polled, so a late answer could be "
            "mistaken; add a point of another length, a readable block that joins points, or a probe"
        )
    return tuple(sorted(found.values(), key=lambda r: (r.count, r.function)))


def rollover_wh(profile: Profile) -> float | None:
    """Where the register of imported energy begins anew: as the profile says, or where its type ends."""
    point = profile.points["energy_import_wh"]
    if profile.rollover_wh is not None or point.type[0] == "f" or point.type in DECIMALS:
        return profile.rollover_wh
    return (number_range(point.type)[1] + 1) * point.scale


def load_profile(name_or_path: str | Path) -> Profile:
    """Load and check a profile by its name in `hal/profiles/` or by its path. Raises `ProfileError`."""
    path = Path(name_or_path)
    return _loaded(path) if path.suffix == ".toml" else _shipped(str(name_or_path))


@functools.lru_cache(maxsize=8)
def _shipped(name: str) -> Profile:
    """One of ours, which does not change while we run."""
    path = PROFILES / f"{name}.toml"
    if not path.is_file():
        names = sorted(p.stem for p in PROFILES.glob("*.toml"))
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"
        raise ProfileError(f"no meter profile {name!r}; {hint}")
    return _loaded(path)


def _loaded(path: Path) -> Profile:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"{path}: cannot be read as TOML: {error}") from error
    return parse_profile(raw, path)


def parse_profile(raw: dict[str, Any], path: Path) -> Profile:
    """Check a profile that was read from `path`. Raises `ProfileError`."""
    known = (*sorted(SAMPLE_POINTS), *IDENTITY_POINTS)
    points = raw.get("points")
    for name, value in points.items() if isinstance(points, dict) else ():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known)}"
            raise ProfileError(f"{path}: point {name!r} is unknown; {hint}")
        try:
            msgspec.convert(value, Point)
        except msgspec.ValidationError as error:
            raise ProfileError(f"{path}: point {name!r}: {error}") from error
    try:
        profile = msgspec.convert({"name": path.stem, **raw}, Profile)
    except msgspec.ValidationError as error:
        raise ProfileError(f"{path}: {error}") from error
    try:
        _check(profile)
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}") from error
    return profile


def _check(profile: Profile) -> None:
    """What the types cannot say. Raises `ProfileError`."""
    if ("power_import_w" in profile.points) != ("power_export_w" in profile.points):
        raise ProfileError("'power_import_w' and 'power_export_w' go together; only one of them is there")
    if "energy_import_wh" not in profile.points:
        raise ProfileError("has no point 'energy_import_wh', and a meter that counts no energy is none")
    if bool(profile.model_codes) != ("model_code" in profile.points):
        raise ProfileError("'model_codes' and the point 'model_code' go together; only one of them is there")
    if profile.check == "doubt" and not profile.note:
        raise ProfileError("check = \"doubt\" wants a 'note' that says what is doubtful")
    if not profile.image:
        raise ProfileError("has no [[image]]: registers with the values expected from them, by a source of its own")
    for low, high in profile.readable:
        if low > high:
            raise ProfileError(f"readable block [{low:#06x}, {high:#06x}]: expected the first and the last address")
    for number, (low, high) in profile.valid.items():
        lowest, highest = number_range(number)
        if number[0] == "f" or number in DECIMALS or not lowest <= low <= high <= highest:
            raise ProfileError(f"valid.{number} = [{low}, {high}]: expected integers within {lowest} and {highest}")
    for name, point in profile.points.items():
        _check_point(profile, name, point)
    _check_overlaps(profile)
    for image in profile.image:
        _check_image(profile, image)
    probes(profile)


def _check_point(profile: Profile, name: str, point: Point) -> None:
    if (point.type == "str") != (point.words > 0):
        raise ProfileError(f"point {name!r}: 'words' goes with type \"str\" and with no other")
    if point.type == "str" and name != "serial":
        raise ProfileError(f'point {name!r}: expected a number type, got "str"')
    if name in IDENTITY_POINTS and point.type[0] in "ift":
        raise ProfileError(f"point {name!r}: expected an unsigned integer or a text, got {point.type!r}")
    if (point.type == "i32e") != (point.exponent_address is not None):
        raise ProfileError(f"point {name!r}: 'exponent_address' goes with type \"i32e\" and with no other")
    for address in set(range(point.start, point.end)) - set(point.own):
        if not profile.may_skip(profile.function_of(point), address, address + 1):
            raise ProfileError(f"point {name!r}: register {address:#06x} before its exponent is in no readable block")
    if point.end > ADDRESSES:
        raise ProfileError(f"point {name!r}: {point.count} registers at {point.address:#06x} end behind 0xffff")
    if point.end - point.start > profile.max_registers:
        raise ProfileError(
            f"point {name!r}: needs {point.end - point.start} registers, max_registers is {profile.max_registers}"
        )
    if not (math.isfinite(point.scale) and point.scale > 0):
        raise ProfileError(f"point {name!r}: scale {point.scale}: expected a number above 0")


def _check_overlaps(profile: Profile) -> None:
    owners: dict[tuple[int, int], str] = {}
    for name, point in profile.points.items():
        if point.alone:
            continue
        for address in point.own:
            owner = owners.setdefault((profile.function_of(point), address), name)
            if owner != name:
                raise ProfileError(f"point {name!r}: register {address:#06x} belongs to {owner!r} already")


def _check_image(profile: Profile, image: Image) -> None:
    """Whether the registers mean what the image's source says they do."""
    where = f"image at {image.address:#06x} from {image.source!r}"
    try:
        words = image.registers()
    except ValueError as error:
        raise ProfileError(f"{where}: expected registers as hexadecimal words, {error}") from error
    function = image.function or profile.function
    values = decode(profile, {(function, image.address + offset): word for offset, word in enumerate(words)})
    for name in image.absent:
        if name not in values or values[name] is not None:
            raise ProfileError(f"{where}: point {name!r}: expected no value, got {values.get(name)}")
    for name, expected in image.expect.items():
        got = values.get(name)
        if isinstance(got, float) and isinstance(expected, int | float):
            same = math.isclose(got, expected, rel_tol=IMAGE_TOLERANCE)
        else:
            same = got == expected
        if not same:
            raise ProfileError(f"{where}: point {name!r}: expected {expected}, the registers say {got}")
