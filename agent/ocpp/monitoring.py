"""Monitors on variables (2.x N04-N08): what each watches, and when it speaks. Pure: values and time are arguments."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec.structs import replace

from agent.core.values import Instant
from agent.ocpp.asks import VariableName, VariableStatus
from agent.ocpp.device_model import Variable
from agent.ocpp.setting import DataType

DAY_S: Final = 86_400
LOWEST_SEVERITY: Final = 9  # N05
FIRST_CUSTOM_ID: Final = 10_000  # our policy: below it are the manufacturer's, whose numbers stay as they are
MAX_CUSTOM: Final = 200  # our policy: more than this many are refused
NUMERIC: Final = frozenset({DataType.INTEGER.value, DataType.DECIMAL.value})


class MonitorType(enum.StrEnum):
    """What makes a monitor speak (2.x MonitorEnumType)."""

    UPPER = "UpperThreshold"
    LOWER = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    CLOCK_ALIGNED = "PeriodicClockAligned"


THRESHOLDS: Final = frozenset({MonitorType.UPPER, MonitorType.LOWER})
PERIODIC: Final = frozenset({MonitorType.PERIODIC, MonitorType.CLOCK_ALIGNED})


class Origin(enum.StrEnum):
    """Who set a monitor (2.x EventNotificationEnumType). A notification is none: nobody can list or clear it."""

    NOTIFICATION = "HardWiredNotification"
    HARDWIRED = "HardWiredMonitor"
    PRECONFIGURED = "PreconfiguredMonitor"
    CUSTOM = "CustomMonitor"


BUILT_FIRM: Final = frozenset({Origin.NOTIFICATION, Origin.HARDWIRED})


class Cause(enum.StrEnum):
    """Why a monitor spoke (2.x EventTriggerEnumType)."""

    ALERTING = "Alerting"
    DELTA = "Delta"
    PERIODIC = "Periodic"


class Base(enum.StrEnum):
    """Which monitors are active (2.x MonitoringBaseEnumType)."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    HARDWIRED_ONLY = "HardWiredOnly"


class SetStatus(enum.StrEnum):
    """What became of a monitor that was to be set (2.x SetMonitoringStatusEnumType)."""

    ACCEPTED = "Accepted"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    UNSUPPORTED = "UnsupportedMonitorType"
    REJECTED = "Rejected"
    DUPLICATE = "Duplicate"


class ClearStatus(enum.StrEnum):
    """What became of a monitor that was to be cleared (2.x ClearMonitoringStatusEnumType)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_FOUND = "NotFound"


class Monitor(msgspec.Struct, frozen=True):
    """A monitor. `transaction`: it only watches while one runs."""

    id: int
    name: VariableName
    type: MonitorType
    value: float
    severity: int
    transaction: bool = False
    origin: Origin = Origin.CUSTOM


class Sample(msgspec.Struct, frozen=True):
    """A variable's value at one moment; `detail` says more than the value; `tx`: the transaction that ran there."""

    value: str
    detail: str | None = None
    tx: str | None = None
    numeric: bool = False
    revision: int = 0  # of a value that must not be read


class Watch(msgspec.Struct, frozen=True):
    """A monitor at work. `exceeded`: its threshold is; `told`: what it spoke of last; `due_s`: on its own clock."""

    monitor: Monitor
    exceeded: bool = False
    told: Sample | None = None
    due_s: float = math.inf


class Alarm(msgspec.Struct, frozen=True):
    """A monitor speaks. `cleared`: what it had warned of is over."""

    monitor: Monitor
    trigger: Cause
    sample: Sample
    cleared: bool = False


def begun(monitor: Monitor, sample: Sample | None, now: Instant, *, exceeded: bool = False) -> Watch:
    """A monitor that starts to watch; `exceeded`: its threshold was, when it was last known (N07.FR.11, N07.FR.14)."""
    watch = Watch(monitor, exceeded=exceeded, told=sample)
    return replace(watch, due_s=_next_due(monitor, now)) if monitor.type in PERIODIC else watch


def seen(watch: Watch, sample: Sample) -> tuple[Watch, Alarm | None]:
    """The variable has this value now (N07.FR.02, N07.FR.16-19)."""
    monitor = watch.monitor
    if monitor.transaction and sample.tx is None:
        return watch, None
    if monitor.type in THRESHOLDS:
        return _threshold(watch, sample)
    if monitor.type is MonitorType.DELTA and _differs(watch, sample):
        cleared = monitor.name.variable == "Problem" and sample.value == "false"
        return replace(watch, told=sample), Alarm(monitor, Cause.DELTA, sample, cleared)
    return watch, None


def elapsed(watch: Watch, sample: Sample, now: Instant) -> tuple[Watch, Alarm | None]:
    """Time has passed (N08.FR.05-07)."""
    monitor = watch.monitor
    if monitor.type not in PERIODIC or due_in_s(watch, now) > 0:
        return watch, None
    after = replace(watch, due_s=_next_due(monitor, now))
    if monitor.transaction and sample.tx is None:
        return after, None
    return after, Alarm(monitor, Cause.PERIODIC, sample)


def due_in_s(watch: Watch, now: Instant) -> float:
    """How long a periodic monitor stays silent; infinite for the others."""
    return watch.due_s - (now.utc_s if watch.monitor.type is MonitorType.CLOCK_ALIGNED else now.mono_s)


def _threshold(watch: Watch, sample: Sample) -> tuple[Watch, Alarm | None]:
    number = _number(sample.value)
    if number is None:
        return watch, None
    upper = watch.monitor.type is MonitorType.UPPER
    exceeds = number > watch.monitor.value if upper else number < watch.monitor.value
    if exceeds is watch.exceeded:
        return watch, None
    return replace(watch, exceeded=exceeds), Alarm(watch.monitor, Cause.ALERTING, sample, cleared=not exceeds)


def _differs(watch: Watch, sample: Sample) -> bool:
    told = watch.told
    if told is None:
        return True
    before, after = _number(told.value), _number(sample.value)
    if sample.numeric and before is not None and after is not None:
        return abs(after - before) > watch.monitor.value
    return (told.value, told.detail, told.revision) != (sample.value, sample.detail, sample.revision)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _next_due(monitor: Monitor, now: Instant) -> float:
    if monitor.type is MonitorType.PERIODIC:
        return now.mono_s + monitor.value
    midnight_s = now.utc_s - now.utc_s % DAY_S
    rounds = math.floor((now.utc_s - midnight_s) / monitor.value) + 1
    return midnight_s + min(rounds * monitor.value, DAY_S)


class Wish(msgspec.Struct, frozen=True):
    """A monitor that the CSMS wants. `id`: of the one to replace."""

    name: VariableName
    type: MonitorType
    value: float
    severity: int
    transaction: bool = False
    id: int | None = None


class Kept(msgspec.Struct, frozen=True):
    """What must outlive a restart (N07.FR.13, N07.FR.14)."""

    base: Base = Base.ALL
    level: int = LOWEST_SEVERITY
    next_id: int = FIRST_CUSTOM_ID
    custom: tuple[Monitor, ...] = ()
    removed: tuple[int, ...] = ()  # preconfigured monitors that were cleared
    exceeded: tuple[int, ...] = ()


class Monitors:
    """All monitors there are. `built_in` are hard-wired and preconfigured ones, with ids below `FIRST_CUSTOM_ID`."""

    def __init__(self, built_in: Iterable[Monitor], kept: Kept) -> None:
        self._built_in = {one.id: one for one in built_in}
        self.base, self.level, self._next_id = kept.base, kept.level, kept.next_id
        self._custom = {one.id: one for one in kept.custom}
        self._removed = set(kept.removed)
        self.watches: dict[int, Watch] = {}
        self._was_exceeded = frozenset(kept.exceeded)

    def __iter__(self) -> Iterator[Monitor]:
        yield from self._active().values()

    def listed(self) -> Iterator[Monitor]:
        """Those that the CSMS can see."""
        return (one for one in self._active().values() if one.origin is not Origin.NOTIFICATION)

    def kept(self) -> Kept:
        """What to keep."""
        return Kept(
            base=self.base,
            level=self.level,
            next_id=self._next_id,
            custom=tuple(self._custom.values()),
            removed=tuple(sorted(self._removed)),
            exceeded=tuple(sorted(one for one, watch in self.watches.items() if watch.exceeded)),
        )

    def begin(self, monitor: Monitor, sample: Sample | None, now: Instant) -> None:
        """Let a monitor watch from now on; one that did so before goes on from there (N07.FR.11)."""
        before = self.watches.get(monitor.id)
        exceeded = before.exceeded if before is not None else monitor.id in self._was_exceeded
        if before is not None and before.monitor.type is not monitor.type:
            exceeded = False
        self.watches[monitor.id] = begun(monitor, sample, now, exceeded=exceeded)

    def wish(self, wish: Wish, found: Variable | VariableStatus) -> tuple[SetStatus, Monitor | None]:
        """Set a monitor on a variable that was `found`, or not; the monitor, once it was accepted (N04.FR.03-18)."""
        status = self._judge(wish, found)
        if status is not SetStatus.ACCEPTED:
            return status, None
        monitor = Monitor(
            id=self._next_id if wish.id is None else wish.id,
            name=found.name if isinstance(found, Variable) else wish.name,
            type=wish.type,
            value=wish.value,
            severity=wish.severity,
            transaction=wish.transaction,
        )
        if wish.id is None:
            self._next_id += 1
        self._custom[monitor.id] = monitor
        return status, monitor

    def clear(self, monitor_id: int) -> ClearStatus:
        """Clear a monitor; what it had warned of is not taken back (N06.FR.01-03, N07.FR.12)."""
        monitor = self._active().get(monitor_id)
        if monitor is None or monitor.origin is Origin.NOTIFICATION:
            return ClearStatus.NOT_FOUND
        if monitor.origin is Origin.HARDWIRED:
            return ClearStatus.REJECTED
        self._custom.pop(monitor_id, None)
        if monitor_id in self._built_in:
            self._removed.add(monitor_id)
        self.watches.pop(monitor_id, None)
        return ClearStatus.ACCEPTED

    def rebase(self, base: Base) -> None:
        """SetMonitoringBase (N03.FR.03-05)."""
        self.base = base
        if base is not Base.ALL:
            self._custom.clear()
        self._removed.clear()
        active = self._active()
        self.watches = {one: watch for one, watch in self.watches.items() if active.get(one) == watch.monitor}

    def _active(self) -> dict[int, Monitor]:
        built_in = {
            one.id: one
            for one in self._built_in.values()
            if one.origin is not Origin.PRECONFIGURED
            or (self.base is not Base.HARDWIRED_ONLY and one.id not in self._removed)
        }
        return built_in | self._custom

    def _judge(self, wish: Wish, found: Variable | VariableStatus) -> SetStatus:
        match found:
            case VariableStatus.UNKNOWN_COMPONENT:
                return SetStatus.UNKNOWN_COMPONENT
            case VariableStatus():
                return SetStatus.UNKNOWN_VARIABLE
        replaced = None if wish.id is None else self._active().get(wish.id)
        if wish.id is not None and (
            replaced is None or replaced.origin in BUILT_FIRM or folded(replaced.name) != folded(wish.name)
        ):
            return SetStatus.REJECTED
        if not found.monitored or (wish.type in THRESHOLDS and found.type not in NUMERIC):
            return SetStatus.UNSUPPORTED
        if not _sensible(wish, found) or (replaced is None and len(self._custom) >= MAX_CUSTOM):
            return SetStatus.REJECTED
        rivals = (one for one in self.listed() if one.id != wish.id and folded(one.name) == folded(wish.name))
        if any((one.type, one.severity) == (wish.type, wish.severity) for one in rivals):
            return SetStatus.DUPLICATE
        return SetStatus.ACCEPTED


def _sensible(wish: Wish, found: Variable) -> bool:
    """Whether value and severity are within their bounds (N04.FR.06, N04.FR.14)."""
    if not 0 <= wish.severity <= LOWEST_SEVERITY:
        return False
    match wish.type:
        case MonitorType.UPPER | MonitorType.LOWER:
            lowest = -math.inf if found.minimum is None else found.minimum
            highest = math.inf if found.maximum is None else found.maximum
            return lowest <= wish.value <= highest
        case MonitorType.DELTA:
            return wish.value >= 0
        case MonitorType.PERIODIC:
            return wish.value >= 1  # our policy: no more than one event a second
        case MonitorType.CLOCK_ALIGNED:
            return 1 <= wish.value <= DAY_S


def folded(name: VariableName) -> VariableName:
    """A name as names are compared: without regard to case, an empty instance being none."""
    return VariableName(
        name.component.casefold(),
        name.variable.casefold(),
        (name.instance or "").casefold(),
        name.evse,
        name.connector,
        (name.component_instance or "").casefold(),
    )
