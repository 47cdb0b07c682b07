"""The device model as 2.x sees it: variables with their attributes, found, read, written and chosen for reports.

Components of the station as a whole are named in the settings' rows. Whatever else there is (the hardware, and what
blocks add) comes as parts: functions that tell their variables at the moment they are asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

import msgspec

from agent.ocpp.asks import ACTUAL, Reason, ReportBase, VariableName, VariableStatus
from agent.ocpp.asks.device import Criterion, Wanted, same
from agent.ocpp.setting import CHOICES, NUMBERS, Access, DataType, Setting
from agent.ocpp.stamps import to_wire
from agent.ocpp.variables import Outcome, Settings, SettingVerdict


class Nameplate(msgspec.Struct, frozen=True):
    """Who made the station."""

    vendor: str
    model: str
    serial: str | None = None
    firmware: str | None = None


class Attribute(msgspec.Struct, frozen=True):
    """One of a variable's values: what is (Actual), what shall be (Target), within which bounds (MinSet, MaxSet).

    `value` None: supported, and not known. `persistent`: it survives a restart; `constant`: it never changes.
    """

    kind: str  # a member of AttributeEnumType
    value: str | None
    access: Access = Access.READ_ONLY
    persistent: bool = False
    constant: bool = False


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable with its attributes and what 2.x calls its characteristics. `monitored`: a monitor can watch it.

    `detail` says more than the value does, to a technician: which of several problems it is. `revision` counts the
    changes of what must not be read.
    """

    name: VariableName
    attributes: tuple[Attribute, ...]
    type: str = DataType.STRING.value  # a member of DataEnumType
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] | None = None
    monitored: bool = False
    detail: str | None = None
    revision: int = 0

    @property
    def value(self) -> str:
        """The attribute Actual; empty when it is not known or must not be read."""
        actual = self.attribute(ACTUAL)
        return (actual.value or "") if actual is not None and actual.access is not Access.WRITE_ONLY else ""

    @property
    def mutable(self) -> bool:
        """Whether the CSMS may write any of it."""
        return any(one.access is not Access.READ_ONLY for one in self.attributes)

    def attribute(self, kind: str) -> Attribute | None:
        """An attribute; None when the variable has none of this kind."""
        return next((one for one in self.attributes if one.kind == kind), None)


Part: TypeAlias = Callable[[], Iterable[Variable]]
Write: TypeAlias = Callable[[VariableName, str], Awaitable[tuple[VariableStatus, Reason | None]]]


OF_SETTINGS: Final = {
    SettingVerdict.ACCEPTED: (VariableStatus.ACCEPTED, None),
    SettingVerdict.REBOOT_REQUIRED: (VariableStatus.REBOOT_REQUIRED, None),
    SettingVerdict.INVALID: (VariableStatus.REJECTED, Reason.INVALID_VALUE),
    SettingVerdict.READ_ONLY: (VariableStatus.REJECTED, Reason.READ_ONLY),
    SettingVerdict.UNKNOWN_COMPONENT: (VariableStatus.UNKNOWN_COMPONENT, Reason.NOT_FOUND),
    SettingVerdict.UNKNOWN_VARIABLE: (VariableStatus.UNKNOWN_VARIABLE, Reason.NOT_FOUND),
}


class DeviceModel:
    """Finds, reads, writes and chooses variables."""

    def __init__(self, settings: Settings, parts: Iterable[Part], now_utc_s: Callable[[], float]) -> None:
        self._settings = settings
        self._parts = tuple(parts)
        self._writes: dict[str, Write] = {}
        self._scoped: dict[tuple[str, str], Callable[[int, str], Outcome]] = {}
        self._now_utc_s = now_utc_s

    def join(self, component: str, part: Part, write: Write) -> None:
        """A block's own component, all variables of which it keeps itself; what it is asked to `write` is writable."""
        self._parts = (*self._parts, part)
        self._writes[component.casefold()] = write

    def scope(self, component: str, variable: str, part: Part, write: Callable[[int, str], Outcome]) -> None:
        """A setting that each EVSE can have for itself, too: `part` tells those, `write` takes an EVSE and a text."""
        self._parts = (*self._parts, part)
        self._scoped[component.casefold(), variable.casefold()] = write

    def everything(self) -> list[Variable]:
        """Every variable, settings first."""
        return [*self._of_settings(), *self._of_parts()]

    def beside_settings(self) -> list[Variable]:
        """What nobody sets: the clock and the hardware."""
        return [self._clock(), *self._of_parts()]

    def report(self, base: ReportBase) -> list[Variable]:
        """The variables that a base report tells of (B07.FR.07-09)."""
        match base:
            case ReportBase.FULL:
                return self.everything()
            case ReportBase.CONFIGURATION:
                return [one for one in self.everything() if one.mutable]
            case ReportBase.SUMMARY:
                return [one for one in self._of_parts() if _tells_of_condition(one)]

    def chosen(self, wanted: Iterable[Wanted], criteria: Iterable[Criterion]) -> list[Variable]:
        """The variables that are wanted (all where none is), of the components that meet a criterion (B08.FR.05-13)."""
        variables = self.everything()
        limits, needed = tuple(wanted), tuple(criteria)
        if needed:
            components: dict[tuple[str | int | None, ...], list[Variable]] = {}
            for one in variables:
                components.setdefault(_component(_folded(one.name)), []).append(one)
            variables = [one for own in components.values() if _meets(own, needed) for one in own]
        return [one for one in variables if any(limit.fits(one.name) for limit in limits)] if limits else variables

    def find(self, name: VariableName) -> Variable | VariableStatus:
        """A variable; if there is none, what about its name is unknown (B06.FR.06, B06.FR.07, B06.FR.15)."""
        if name.evse is None and not name.component_instance:
            setting = self._settings.find(name.component, name.variable, name.instance)
            if setting is not None:
                return self._of_setting(setting)
        wanted = _folded(name)
        component_is_known = name.evse is None and not name.component_instance and self._settings.has(name.component)
        for one in (self._clock(), *self._of_parts()):
            found = _folded(one.name)
            if found == wanted:
                return one
            component_is_known = component_is_known or _component(found) == _component(wanted)
        return VariableStatus.UNKNOWN_VARIABLE if component_is_known else VariableStatus.UNKNOWN_COMPONENT

    def write(self, name: VariableName, text: str, kind: str = ACTUAL) -> tuple[VariableStatus, Reason | None]:
        """Write an attribute of a variable (B05.FR.04-10)."""
        refusal = self._refusal(name, kind)
        if refusal is not None:
            return refusal
        write = self._scoped.get((name.component.casefold(), name.variable.casefold()))
        if name.evse is not None and write is not None:
            outcome = write(name.evse, text)
        else:
            outcome = self._settings.set_by_variable(name.component, name.variable, name.instance or None, text)
        return OF_SETTINGS[outcome.verdict]

    def takes_time(self, name: VariableName) -> bool:
        """Whether it is written by who keeps it: see `wish`."""
        return name.component.casefold() in self._writes

    async def wish(self, name: VariableName, text: str, kind: str = ACTUAL) -> tuple[VariableStatus, Reason | None]:
        """Have an attribute of such a variable written."""
        refusal = self._refusal(name, kind)
        return refusal if refusal is not None else await self._writes[name.component.casefold()](name, text)

    def _refusal(self, name: VariableName, kind: str) -> tuple[VariableStatus, Reason | None] | None:
        """Why an attribute cannot be written at all; None: it can."""
        found = self.find(name)
        if isinstance(found, VariableStatus):
            return found, Reason.NOT_FOUND
        attribute = found.attribute(kind)
        if attribute is None:
            return VariableStatus.NOT_SUPPORTED_ATTRIBUTE, None
        return (VariableStatus.REJECTED, Reason.READ_ONLY) if attribute.access is Access.READ_ONLY else None

    def _of_settings(self) -> Iterator[Variable]:
        yield from (self._of_setting(one) for one in self._settings if one.component is not None)
        yield self._clock()

    def _of_setting(self, setting: Setting[Any]) -> Variable:
        bounded = setting.type in {*NUMBERS, DataType.STRING}
        actual = Attribute(
            ACTUAL,
            self._settings.text(setting) if setting.readable else None,
            setting.access,
            persistent=setting.mutable,
            constant=not setting.mutable and not setting.derived,
        )
        return Variable(
            name=VariableName(str(setting.component), str(setting.variable), setting.instance),
            attributes=(actual,),
            type=setting.type.value,
            unit=setting.unit,
            minimum=setting.minimum if setting.type in NUMBERS else None,
            maximum=setting.maximum if bounded else None,
            values=setting.values if setting.type in CHOICES else None,
            monitored=setting.mutable,
            revision=0 if setting.readable else self._settings.revision(setting),
        )

    def _clock(self) -> Variable:
        now = Attribute(ACTUAL, to_wire(self._now_utc_s()))
        return Variable(name=VariableName("ClockCtrlr", "DateTime"), attributes=(now,), type=DataType.DATE_TIME.value)

    def _of_parts(self) -> Iterator[Variable]:
        for part in self._parts:
            yield from part()


def _meets(component: list[Variable], criteria: tuple[Criterion, ...]) -> bool:
    """Whether a component meets one of the criteria; without the variable all but Problem are met (B08.FR.07-10)."""
    for criterion in criteria:
        said = [one.value for one in component if same(criterion, one.name.variable)]
        if "true" in said or (not said and criterion is not Criterion.PROBLEM):
            return True
    return False


def _tells_of_condition(one: Variable) -> bool:
    return one.name.variable == "AvailabilityState" or (one.name.variable == "Problem" and one.value == "true")


def _folded(name: VariableName) -> tuple[str | int | None, ...]:
    """Names are compared without regard to case, and an empty instance is none (B06.FR.15)."""
    return (
        name.component.casefold(),
        (name.component_instance or "").casefold(),
        name.evse,
        name.connector,
        name.variable.casefold(),
        (name.instance or "").casefold(),
    )


def _component(folded: tuple[str | int | None, ...]) -> tuple[str | int | None, ...]:
    return folded[:4]
