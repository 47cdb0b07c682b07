"""Scenario files: TOML with steps of `at`, `when`, `do`, `expect`, `until`, checked whole before anything runs.

A file that is wrong is refused with its name, the line, what is expected there, and the word that was probably meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from agent.config_text import ConfigError, Document, KeyPath, did_you_mean
from sim.stage.actions import ACTIONS, Action
from sim.stage.observed import OBSERVED
from sim.stage.place import PlaceSpec

CLOCK: Final = re.compile(r"(?P<later>\+)?(?:(?P<h>\d+):(?P<m>[0-5]\d):)?(?P<s>\d+(?:\.\d+)?)")
COMPARISON: Final = re.compile(r"(?P<how><=|>=|<|>|!=)\s*(?P<value>.+)")
PATIENCE_S: Final = 60.0  # how long `when` waits, unless the step says otherwise


class Moment(msgspec.Struct, frozen=True):
    """A point of the scenario's time, or (`later`) so long after the step before."""

    seconds: float
    later: bool = False


class _StepText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    at: str | float | None = None
    when: dict[str, Any] | None = None
    within: float = PATIENCE_S
    evse: int = 1
    do: str | None = None
    with_: dict[str, Any] = msgspec.field(default_factory=dict, name="with")
    expect: dict[str, Any] | None = None
    until: str | float | None = None


class Bill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bill that the CSMS must have at the end. `reason` in the words of OCPP 2.0.1; `wh` may be a comparison."""

    evse: int = 1
    token: str | None = None
    reason: str | None = None
    wh: str | float | None = None


class _ScenarioText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str
    step: tuple[_StepText, ...]
    place: PlaceSpec = PlaceSpec()
    versions: tuple[Literal["1.6", "2.0.1"], ...] = ("1.6", "2.0.1")
    energy: Literal["exact", "less", "unbilled"] = "exact"
    bill: tuple[Bill, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step, ready to be carried out: wait for `at`, then for `when`; act; expect, once or until a moment."""

    line: int
    evse: int
    at: Moment | None
    when: Mapping[str, Any]
    within_s: float
    action: Action | None
    expect: Mapping[str, Any]
    until: Moment | None


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A story. `energy`: all that flowed is billed exactly, billed at most (a blind meter), or not billed at all."""

    file: Path
    title: str
    place: PlaceSpec
    versions: tuple[str, ...]
    steps: tuple[Step, ...]
    energy: str
    bills: tuple[Bill, ...]


def load(file: Path) -> Scenario:
    """Read and check a scenario. Raises `ConfigError` naming file, line, key and remedy."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(file, None, "", f"cannot be read: {error}") from error
    document = Document({file: text})
    try:
        parsed = msgspec.convert(document.merged, _ScenarioText)
    except msgspec.ValidationError as error:
        raise document.translate(error, _ScenarioText) from error
    steps = tuple(_step(document, number, one, parsed.place.evses) for number, one in enumerate(parsed.step))
    return Scenario(
        file=file,
        title=parsed.title,
        place=parsed.place,
        versions=parsed.versions,
        steps=steps,
        energy=parsed.energy,
        bills=parsed.bill,
    )


def _step(document: Document, number: int, text: _StepText, evses: int) -> Step:
    here: KeyPath = ("step", number)
    if not 0 <= text.evse <= evses:
        raise document.error((*here, "evse"), f"expected 1 to {evses}, or 0 for the whole station, got {text.evse}")
    if text.do is None and not text.expect and text.at is None and text.when is None:
        raise document.error(here, "does nothing: give it at, when, do or expect")
    if text.until is not None and not text.expect:
        raise document.error((*here, "until"), "says how long `expect` holds: give the step an `expect`")
    for part, observed in (("when", text.when or {}), ("expect", text.expect or {})):
        for name in observed:
            if name not in OBSERVED:
                raise document.error(
                    (*here, part, name),
                    f"nobody observes this{did_you_mean(name, OBSERVED)}; there are {', '.join(sorted(OBSERVED))}",
                )
    return Step(
        line=document.error(here, "").line or 0,
        evse=text.evse,
        at=_moment(document, (*here, "at"), text.at),
        when=text.when or {},
        within_s=text.within,
        action=_action(document, here, text),
        expect=text.expect or {},
        until=_moment(document, (*here, "until"), text.until),
    )


def _moment(document: Document, key: KeyPath, text: str | float | None) -> Moment | None:
    if text is None:
        return None
    found = CLOCK.fullmatch(str(text))
    if found is None:
        raise document.error(key, f'expected seconds, "h:mm:ss", or "+..." after the step before, got {text!r}')
    hours, minutes = int(found["h"] or 0), int(found["m"] or 0)
    return Moment(3600 * hours + 60 * minutes + float(found["s"]), found["later"] is not None)


def _action(document: Document, here: KeyPath, text: _StepText) -> Action | None:
    if text.do is None:
        if text.with_:
            raise document.error((*here, "with"), "goes with `do`: say what to do")
        return None
    kind = ACTIONS.get(text.do)
    if kind is None:
        hint = did_you_mean(text.do, ACTIONS)
        raise document.error((*here, "do"), f"nobody can {text.do!r}{hint}; there are {', '.join(sorted(ACTIONS))}")
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for name in text.with_:
        if name not in known:
            hint = did_you_mean(name, known)
            raise document.error((*here, "with", name), f"{text.do} takes {', '.join(known) or 'nothing'}{hint}")
    try:
        return msgspec.convert(text.with_, kind)
    except (msgspec.ValidationError, ValueError) as error:
        raise document.error((*here, "with"), f"{text.do}: {error}") from error


def holds(expected: Any, found: Any) -> bool:
    """Whether an observation is what was expected: a value, one of several, or a comparison such as ">= 6"."""
    if isinstance(expected, list):
        return any(holds(one, found) for one in expected)
    compared = COMPARISON.fullmatch(expected) if isinstance(expected, str) else None
    if compared is not None:
        return found is not None and _compares(compared["how"], found, compared["value"])
    if isinstance(expected, float | int) and not isinstance(expected, bool) and isinstance(found, float | int):
        return abs(found - expected) <= TOLERANCE
    return bool(found == expected)


TOLERANCE: Final = 0.05  # of numbers: half of what a person writes


def _compares(how: str, found: Any, text: str) -> bool:
    if how == "!=":
        return str(found) != text
    value = float(text)
    match how:
        case "<=":
            return bool(found <= value + TOLERANCE)
        case ">=":
            return bool(found >= value - TOLERANCE)
        case "<":
            return bool(found < value)
        case _:
            return bool(found > value)
