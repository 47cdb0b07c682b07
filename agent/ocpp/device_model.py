"""The device model as 2.x sees it: the settings, and what the station consists of and how that is doing.

Components of the station as a whole are named in the settings' rows. `ChargingStation`, `EVSE` and `Connector` are made
up from the sessions at the moment they are asked for (2.0.1 part 2, 2.13).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from agent.core.limits import LimitSource
from agent.core.session import Session
from agent.core.values import ConnectorStatus
from agent.ocpp.asks import Reason, ReportBase, VariableName, VariableStatus
from agent.ocpp.charger import Charger
from agent.ocpp.setting import CHOICES, NUMBERS, DataType, Setting
from agent.ocpp.stamps import to_wire
from agent.ocpp.variables import Settings, SettingVerdict

NOMINAL_V: Final = 230.0  # IEC 60038, of a phase against neutral
STATES: Final = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")  # ConnectorStatusEnumType
OWN_STATES: Final = frozenset({ConnectorStatus.RESERVED, ConnectorStatus.UNAVAILABLE, ConnectorStatus.FAULTED})


class Nameplate(msgspec.Struct, frozen=True):
    """Who made the station."""

    vendor: str
    model: str
    serial: str | None = None
    firmware: str | None = None


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable with its present value (attribute Actual; empty: not known) and what 2.x calls its characteristics."""

    name: VariableName
    value: str
    type: str = DataType.STRING.value  # a member of DataEnumType
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] | None = None
    mutable: bool = False


_OF_SETTINGS: Final = {
    SettingVerdict.ACCEPTED: (VariableStatus.ACCEPTED, None),
    SettingVerdict.REBOOT_REQUIRED: (VariableStatus.REBOOT_REQUIRED, None),
    SettingVerdict.INVALID: (VariableStatus.REJECTED, Reason.INVALID_VALUE),
    SettingVerdict.READ_ONLY: (VariableStatus.REJECTED, Reason.READ_ONLY),
    SettingVerdict.UNKNOWN_COMPONENT: (VariableStatus.UNKNOWN_COMPONENT, Reason.NOT_FOUND),
    SettingVerdict.UNKNOWN_VARIABLE: (VariableStatus.UNKNOWN_VARIABLE, Reason.NOT_FOUND),
}


def availability_state(status: ConnectorStatus, *, plugged: bool) -> str:
    """A connector's status as 2.x tells it: occupied is one with something plugged in, nothing else (G01)."""
    if status in OWN_STATES:
        return str(status)
    return "Occupied" if plugged else "Available"


class DeviceModel:
    """Finds, reads and writes variables."""

    def __init__(self, settings: Settings, charger: Charger, plate: Nameplate, now_utc_s: Callable[[], float]) -> None:
        self._settings = settings
        self._charger = charger
        self._plate = plate
        self._now_utc_s = now_utc_s

    def report(self, base: ReportBase) -> list[Variable]:
        """The variables that a base report tells of (B07.FR.07-09)."""
        match base:
            case ReportBase.FULL:
                return [*self._of_settings(), *self._of_hardware()]
            case ReportBase.CONFIGURATION:
                return [one for one in self._of_settings() if one.mutable]
            case ReportBase.SUMMARY:
                return [one for one in self._of_hardware() if _tells_of_condition(one)]

    def find(self, name: VariableName) -> Variable | VariableStatus:
        """A variable; if there is none, what about its name is unknown (B06.FR.06, B06.FR.07, B06.FR.15)."""
        wanted = _folded(name)
        component_is_known = False
        for one in (*self._of_settings(), *self._of_hardware()):
            found = _folded(one.name)
            if found == wanted:
                return one
            component_is_known = component_is_known or _component(found) == _component(wanted)
        return VariableStatus.UNKNOWN_VARIABLE if component_is_known else VariableStatus.UNKNOWN_COMPONENT

    def write(self, name: VariableName, text: str) -> tuple[VariableStatus, Reason | None]:
        """Write a variable (B05.FR.04-10)."""
        found = self.find(name)
        if isinstance(found, VariableStatus):
            return found, Reason.NOT_FOUND
        if not found.mutable:
            return VariableStatus.REJECTED, Reason.READ_ONLY
        outcome = self._settings.set_by_variable(name.component, name.variable, name.instance or None, text)
        return _OF_SETTINGS[outcome.verdict]

    def _of_settings(self) -> Iterator[Variable]:
        for setting in self._settings:
            if setting.component is not None and setting.variable is not None:
                name = VariableName(setting.component, setting.variable, setting.instance)
                yield _variable(name, setting, self._settings.text(setting))
        yield Variable(name=VariableName("ClockCtrlr", "DateTime"), value=to_wire(self._now_utc_s()), type="dateTime")

    def _of_hardware(self) -> Iterator[Variable]:
        sessions = [self._charger.session(evse) for evse in self._charger.evse_ids]
        states = [_state_of(one) for one in sessions]
        phases = max((self._charger.capabilities(evse).phases for evse in self._charger.evse_ids), default=0)
        yield from _common("ChargingStation", _together(states), phases)
        yield _text("ChargingStation", "Model", self._plate.model)
        yield _text("ChargingStation", "VendorName", self._plate.vendor)
        if self._plate.serial is not None:
            yield _text("ChargingStation", "SerialNumber", self._plate.serial)
        if self._plate.firmware is not None:
            yield _text("ChargingStation", "FirmwareVersion", self._plate.firmware)
        for session, state in zip(sessions, states, strict=True):
            yield from self._of_evse(session, state)

    def _of_evse(self, session: Session, state: str) -> Iterator[Variable]:
        evse, connector = session.evse, session.connector
        can = self._charger.capabilities(evse)
        wiring_a = (one.current_a for one in session.limits if one.source is LimitSource.BOARD)
        max_w = can.phases * NOMINAL_V * next(wiring_a, can.max_current_a)
        yield from _common("EVSE", state, can.phases, evse)
        yield _flag("EVSE", "Problem", on=bool(session.faults), evse=evse)
        yield Variable(
            name=VariableName("EVSE", "Power", evse=evse),
            value=_power_w(session),
            type="decimal",
            unit="W",
            maximum=max_w,
        )
        yield from _common("Connector", state, can.phases, evse, connector)
        kind = "sType2" if can.has_proximity else "cType2"
        yield _text("Connector", "ConnectorType", kind, evse, connector)


def _common(
    component: str, state: str, phases: int, evse: int | None = None, connector: int | None = None
) -> Iterator[Variable]:
    """What every piece of charging infrastructure has (2.0.1 part 2, 2.13)."""
    yield _flag(component, "Available", on=True, evse=evse, connector=connector)
    yield Variable(
        name=VariableName(component, "AvailabilityState", None, evse, connector),
        value=state,
        type="OptionList",
        values=STATES,
    )
    name = VariableName(component, "SupplyPhases", None, evse, connector)
    yield Variable(name=name, value=str(phases), type=DataType.INTEGER.value)


def _flag(component: str, variable: str, *, on: bool, evse: int | None, connector: int | None = None) -> Variable:
    name = VariableName(component, variable, None, evse, connector)
    return Variable(name=name, value="true" if on else "false", type=DataType.BOOLEAN.value)


def _text(component: str, variable: str, value: str, evse: int | None = None, connector: int | None = None) -> Variable:
    return Variable(name=VariableName(component, variable, None, evse, connector), value=value)


def _variable(name: VariableName, setting: Setting[Any], text: str) -> Variable:
    bounded = setting.type in {*NUMBERS, DataType.STRING}
    return Variable(
        name=name,
        value=text,
        type=setting.type.value,
        unit=setting.unit,
        minimum=setting.minimum if setting.type in NUMBERS else None,
        maximum=setting.maximum if bounded else None,
        values=setting.values if setting.type in CHOICES else None,
        mutable=setting.mutable,
    )


def _tells_of_condition(one: Variable) -> bool:
    return one.name.variable == "AvailabilityState" or (one.name.variable == "Problem" and one.value == "true")


def _state_of(session: Session) -> str:
    return availability_state(session.status, plugged=session.occupied)


def _together(states: list[str]) -> str:
    """What a whole station is when its EVSEs are this: the best of them, for that is what a driver can have."""
    return next((one for one in STATES if one in states), "Unavailable")


def _power_w(session: Session) -> str:
    power_w = session.meter.power_w if session.meter is not None else None
    return "" if power_w is None else f"{power_w:.0f}"


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
