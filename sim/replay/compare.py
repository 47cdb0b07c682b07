"""What a charger said and did then, beside what it says and does now: where the two differ. PURE."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from agent.recording import Output
from hal.types import MeterSample

UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
ENERGY: Final = "Energy.Active.Import.Register"  # what a sampled value without a measurand is, in every version
SHOWN: Final = 120  # characters of a value in a difference
DISK_S: Final = 1.0  # our policy: how long a message may have been on its way to the recorded charger's disk
UNTIMED: Final = frozenset({"Heartbeat"})  # sent by a timer that began long before the recording did
STEP_OF: Final[Mapping[str, str]] = MappingProxyType({"Energy": "energy", "Power": "power", "Current": "current"})


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a charger said or did. `kind` is what it can be compared with; `content` is JSON-like.

    `patience_s`: it may come so much later or earlier by the charger's own rules.
    """

    at_s: float
    kind: str
    content: Any
    patience_s: float = 0.0


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where a replay is not what was recorded; `at_s` counts from the beginning of the recording."""

    at_s: float
    kind: str
    what: str


class Steps(msgspec.Struct, frozen=True):
    """The largest steps between two readings: a replay may report the reading before, or after, the recorded one."""

    energy: float = 0.0
    power: float = 0.0
    current: float = 0.0
    other: float = 0.0


def act_of_effect(at_s: float, evse: int, what: Output) -> Act:
    """What a session asked of its hardware."""
    return Act(at_s=at_s, kind=f"EVSE {evse} {type(what).__name__}", content=msgspec.to_builtins(what))


def act_of_frame(at_s: float, text: str) -> Act | None:
    """A call, or an answer to one; None for what is not compared."""
    try:
        frame = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    match frame:
        case [2, _, str(action), payload] if action not in UNTIMED:
            return Act(at_s=at_s, kind=action, content=payload, patience_s=DISK_S)
        case [3, str(message_id), payload]:
            return Act(at_s=at_s, kind=f"answer to {message_id}", content=payload)
        case [4, str(message_id), code, *_]:
            return Act(at_s=at_s, kind=f"answer to {message_id}", content={"error": code})
    return None


def largest_steps(samples: Iterable[MeterSample]) -> Steps:
    """How far a meter moved between two polls, at most."""
    last: MeterSample | None = None
    energy = power = current = other = 0.0
    for one in samples:
        if last is not None:
            energy = max(energy, abs(one.energy_import_wh - last.energy_import_wh))
            power = max(power, abs((one.power_w or 0.0) - (last.power_w or 0.0)))
            current = max(current, _furthest(one.current_a, last.current_a))
            other = max(other, _furthest(one.voltage_v, last.voltage_v))
        last = one
    return Steps(energy, power, current, other)


def _furthest(new: tuple[float, ...] | None, old: tuple[float, ...] | None) -> float:
    return max((abs(a - b) for a, b in zip(new or (), old or (), strict=False)), default=0.0)


class Comparison:
    """Compares acts as `tolerance_s` allows. Ids that differ consistently are the same."""

    def __init__(self, tolerance_s: float, steps: Steps) -> None:
        self._tolerance_s = tolerance_s
        self._steps = steps if tolerance_s > 0 else Steps()
        self.ids: dict[str, str] = {}  # recorded to replayed

    def differences(self, then: Iterable[Act], now: Iterable[Act], until_s: float) -> list[Difference]:
        """Every difference, in order of time; what was done after `until_s` need not have been recorded."""
        found: list[Difference] = []
        left: defaultdict[str, list[Act]] = defaultdict(list)
        for act in now:
            left[act.kind].append(act)
        for act in then:
            found += self._looked_for(act, left[act.kind])
        for act in (one for acts in left.values() for one in acts if one.at_s <= until_s):
            found.append(Difference(at_s=act.at_s, kind=act.kind, what=f"was not recorded: {_brief(act.content)}"))
        return sorted(found, key=lambda one: (one.at_s, one.kind))

    def _looked_for(self, act: Act, left: list[Act]) -> Iterator[Difference]:
        late_s = self._tolerance_s + (act.patience_s if self._tolerance_s > 0 else 0.0) + 1e-6
        near = [one for one in left if abs(one.at_s - act.at_s) <= late_s]
        if not near:
            yield Difference(at_s=act.at_s, kind=act.kind, what=f"is missing: {_brief(act.content)}")
            return
        chosen = min(near, key=lambda one: (len(list(self._unlike("", act.content, one.content))), one.at_s))
        left.remove(chosen)
        learn(self.ids, act.content, chosen.content)
        for what in self._unlike("", act.content, chosen.content):
            yield Difference(at_s=act.at_s, kind=act.kind, what=what)

    def _unlike(self, path: str, then: Any, now: Any, step: float = 0.0) -> Iterator[str]:
        match then, now:
            case dict(), dict():
                measured = _step_name(then)
                step = getattr(self._steps, measured) if measured is not None else step
                for name in sorted(then.keys() | now.keys()):
                    here = f"{path}.{name}" if path else name
                    if name not in now:
                        yield f"{here} was {_brief(then[name])}, and is left out"
                    elif name not in then:
                        yield f"{here} was left out, and is {_brief(now[name])}"
                    else:
                        at = self._steps.energy if name in {"meterStart", "meterStop"} else step
                        yield from self._unlike(here, then[name], now[name], at)
            case list(), list() if len(then) == len(now):
                for number, (one, other) in enumerate(zip(then, now, strict=True)):
                    yield from self._unlike(f"{path}[{number}]", one, other, step)
            case _ if not self._same(then, now, step):
                yield f"{path or 'it'} was {_brief(then)}, and is {_brief(now)}"

    def _same(self, then: Any, now: Any, step: float) -> bool:
        if then == now or (isinstance(then, str) and self.ids.get(then) == now):
            return True
        match then, now:
            case str(), str() if UUID.fullmatch(then) and UUID.fullmatch(now):
                return then not in self.ids and now not in self.ids.values()
        moments = _moment(then), _moment(now)
        if moments[0] is not None and moments[1] is not None:
            return abs(moments[0] - moments[1]) <= self._tolerance_s + 1e-3
        numbers = _number(then), _number(now)
        if numbers[0] is not None and numbers[1] is not None:
            return abs(numbers[0] - numbers[1]) <= step + 1e-9
        return False


def learn(ids: dict[str, str], then: Any, now: Any) -> None:
    """Take note of ids, drawn by chance, that stand for each other."""
    match then, now:
        case dict(), dict():
            for name in then.keys() & now.keys():
                learn(ids, then[name], now[name])
        case list(), list():
            for one, other in zip(then, now, strict=False):
                learn(ids, one, other)
        case str(), str() if UUID.fullmatch(then) and UUID.fullmatch(now):
            ids.setdefault(then, now)


def _step_name(content: Mapping[str, Any]) -> str | None:
    """Which of `Steps` a sampled value may differ by."""
    if "value" not in content or not ({"measurand", "context", "unit", "unitOfMeasure"} & content.keys()):
        return None
    measurand = str(content.get("measurand", ENERGY))
    return next((step for begins, step in STEP_OF.items() if measurand.startswith(begins)), "other")


def _moment(value: Any) -> float | None:
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        return dt.datetime.fromisoformat(value).timestamp()
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _brief(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
