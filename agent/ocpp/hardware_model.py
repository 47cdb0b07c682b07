"""The hardware as 2.x's device model tells it: made up from the sessions when it is asked for (part 2, 2.13)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from agent.core.limits import LimitSource
from agent.core.session import Session
from agent.core.values import ConnectorStatus
from agent.ocpp import connected_car
from agent.ocpp.asks import ACTUAL, VariableName
from agent.ocpp.charger import Charger
from agent.ocpp.device_model import Attribute, Nameplate, Variable
from agent.ocpp.setting import DataType
from agent.ocpp.signatures import public_key
from hal.types import EvseCapabilities, FaultKind, Signs

NOMINAL_V: Final = 230.0  # IEC 60038, of a phase against neutral
STATES: Final = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")  # ConnectorStatusEnumType
OWN_STATES: Final = frozenset({ConnectorStatus.RESERVED, ConnectorStatus.UNAVAILABLE, ConnectorStatus.FAULTED})
PHASES: Final = ("L1", "L2", "L3")
TARGET: Final = "Target"
MAX_SET: Final = "MaxSet"


class Afflicted(msgspec.Struct, frozen=True):
    """Which component a fault is a problem of, and how bad that is (2.x severity, 0: danger to life, to 9)."""

    component: str
    severity: int
    of_connector: bool = False


AFFLICTED: Final[Mapping[FaultKind, Afflicted]] = MappingProxyType(
    {
        FaultKind.CP_DIODE: Afflicted("CPPWMController", 4),
        FaultKind.CP_SHORT: Afflicted("CPPWMController", 4),
        FaultKind.CP_NOISE: Afflicted("CPPWMController", 4),
        FaultKind.PP_OPEN: Afflicted("Connector", 4, of_connector=True),
        FaultKind.PP_SHORT: Afflicted("Connector", 4, of_connector=True),
        FaultKind.PP_UNKNOWN: Afflicted("Connector", 4, of_connector=True),
        FaultKind.WELD: Afflicted("PowerContactor", 0),
        FaultKind.NO_CLOSE: Afflicted("PowerContactor", 1),
        FaultKind.LOCK_JAMMED: Afflicted("ConnectorPlugRetentionLock", 1, of_connector=True),
        FaultKind.RCD_DC: Afflicted("RCD", 0),
        FaultKind.RCD_AC: Afflicted("RCD", 0),
        FaultKind.RCD_SELF_TEST: Afflicted("RCD", 1),
        FaultKind.OVER_CURRENT: Afflicted("OverCurrentProtection", 3),
        FaultKind.OVER_TEMPERATURE: Afflicted("TemperatureSensor", 3),
        FaultKind.OVER_VOLTAGE: Afflicted("ElectricalFeed", 3),
        FaultKind.UNDER_VOLTAGE: Afflicted("ElectricalFeed", 3),
        FaultKind.PHASE_LOSS: Afflicted("ElectricalFeed", 3),
        FaultKind.PE_LOSS: Afflicted("ElectricalFeed", 0),
        FaultKind.VENTILATION: Afflicted("AreaVentilation", 3),
        FaultKind.E_STOP: Afflicted("EmergencyStopSensor", 0),
        FaultKind.DOOR: Afflicted("CaseAccessSensor", 3),
        FaultKind.TAMPER: Afflicted("ShockSensor", 3),
        FaultKind.INSULATION: Afflicted("GroundIsolationProtection", 0),
        FaultKind.INSULATION_MONITOR: Afflicted("GroundIsolationProtection", 0),
        FaultKind.DC_SUPPLY: Afflicted("AcDcConverter", 1),
        FaultKind.DC_OVER_VOLTAGE: Afflicted("AcDcConverter", 0),
        FaultKind.METER: Afflicted("FiscalMetering", 1),
        FaultKind.STORAGE: Afflicted("Controller", 2),
        FaultKind.HAL_LOST: Afflicted("Controller", 2),
        FaultKind.BOARD: Afflicted("Controller", 2),
    }
)


def connector_type(can: EvseCapabilities) -> str:
    """What hangs on the EVSE, in the words of ConnectorEnumType: a socket, or a cable of its own."""
    if can.dc is not None:
        return f"c{can.dc.plug}"
    return "sType2" if can.has_proximity else "cType2"


def availability_state(status: ConnectorStatus, *, plugged: bool) -> str:
    """A connector's status as 2.x tells it: occupied is one with something plugged in, nothing else (G01)."""
    if status in OWN_STATES:
        return str(status)
    return "Occupied" if plugged else "Available"


class HardwareModel:
    """Tells the station, EVSEs, connectors, and the pieces of hardware that can have a problem of their own."""

    def __init__(self, charger: Charger, plate: Nameplate) -> None:
        self._charger = charger
        self._plate = plate

    def variables(self) -> Iterator[Variable]:
        """All of them."""
        yield from self._of_station()
        for evse in self._charger.evse_ids:
            yield from self.of_evse(evse)

    def power(self, evse: int) -> Variable:
        """How much an EVSE gives: what is asked for most often."""
        return _power(self._charger.session(evse), self._charger.capabilities(evse))

    def of_evse(self, evse: int) -> Iterator[Variable]:
        """Those of one EVSE and what belongs to it."""
        session, can = self._charger.session(evse), self._charger.capabilities(evse)
        state, connector = _state_of(session), session.connector
        yield from _common("EVSE", state, can.phases, evse)
        yield _flag("EVSE", "AllowReset", on=True, evse=evse)
        yield _problem("EVSE", session.faults, evse)
        yield _power(session, can)
        yield from _currents(session, can)
        yield from _common("Connector", state, can.phases, evse, connector)
        yield _text("Connector", "ConnectorType", connector_type(can), evse, connector)
        yield _text("Connector", "ChargeProtocol", "CPPWM" if can.dc is None else "ISO15118", evse, connector)
        if evse in self._charger.displays():
            yield _flag("Display", "Available", on=True, evse=evse)
        yield from _metering(session)
        yield _charging_time(session)
        yield from connected_car.variables(session)
        yield _text("CPPWMController", "State", "" if session.cp is None else str(session.cp), evse)
        yield _flag("PowerContactor", "Active", on=session.contactor_closed, evse=evse)
        if can.has_lock:
            yield _flag("ConnectorPlugRetentionLock", "Active", on=session.locked, evse=evse, connector=connector)
        for component, of_connector in _components(can):
            own = [one for one in session.faults if AFFLICTED[one].component == component]
            yield _problem(component, own, evse, connector if of_connector else None)

    def _of_station(self) -> Iterator[Variable]:
        sessions = [self._charger.session(evse) for evse in self._charger.evse_ids]
        phases = max((self._charger.capabilities(evse).phases for evse in self._charger.evse_ids), default=0)
        yield from _common("ChargingStation", _together([_state_of(one) for one in sessions]), phases)
        yield _problem("ChargingStation", (fault for one in sessions for fault in one.faults))
        yield _text("ChargingStation", "Model", self._plate.model)
        yield _text("ChargingStation", "VendorName", self._plate.vendor)
        if self._plate.serial is not None:
            yield _text("ChargingStation", "SerialNumber", self._plate.serial)
        if self._plate.firmware is not None:
            yield _text("ChargingStation", "FirmwareVersion", self._plate.firmware)


def _components(can: EvseCapabilities) -> Iterator[tuple[str, bool]]:
    """What can have a problem, and whether it belongs to the connector; not what this EVSE is known to lack."""
    lacking = {
        name
        for name, has in (
            ("ConnectorPlugRetentionLock", can.has_lock),
            ("RCD", can.has_rcd),
            ("AreaVentilation", can.has_ventilation),
            ("GroundIsolationProtection", can.dc is not None),
            ("AcDcConverter", can.dc is not None),
        )
        if not has
    }
    seen = {one.component: one.of_connector for one in AFFLICTED.values()}
    return ((component, of_connector) for component, of_connector in seen.items() if component not in lacking)


def _common(
    component: str, state: str, phases: int, evse: int | None = None, connector: int | None = None
) -> Iterator[Variable]:
    """What every piece of charging infrastructure has (2.0.1 part 2, 2.13)."""
    yield _flag(component, "Available", on=True, evse=evse, connector=connector)
    yield Variable(
        name=VariableName(component, "AvailabilityState", None, evse, connector),
        attributes=(Attribute(ACTUAL, state),),
        type=DataType.OPTION_LIST.value,
        values=STATES,
        monitored=True,
    )
    yield Variable(
        name=VariableName(component, "SupplyPhases", None, evse, connector),
        attributes=(Attribute(ACTUAL, str(phases), constant=True),),
        type=DataType.INTEGER.value,
    )


def _problem(
    component: str, faults: Iterable[FaultKind], evse: int | None = None, connector: int | None = None
) -> Variable:
    kinds = sorted(set(faults))
    return Variable(
        name=VariableName(component, "Problem", None, evse, connector),
        attributes=(Attribute(ACTUAL, _truth(bool(kinds))),),
        type=DataType.BOOLEAN.value,
        monitored=True,
        detail=",".join(kinds) or None,
    )


def _power(session: Session, can: EvseCapabilities) -> Variable:
    """What is drawn, what is offered, and what the wiring bears."""
    per_a = can.phases * NOMINAL_V if can.dc is None else session.reference_v
    board_a = next((one.current_a for one in session.limits if one.source is LimitSource.BOARD), can.max_current_a)
    max_w = per_a * board_a if can.dc is None else can.dc.max_power_w
    offered_a = (session.offer.current_a if session.offer is not None else None) or 0.0  # X1 and F offer nothing
    drawn_w = session.meter.power_w if session.meter is not None else None
    return Variable(
        name=VariableName("EVSE", "Power", evse=session.evse),
        attributes=(
            Attribute(ACTUAL, _number(drawn_w, 0)),
            Attribute(TARGET, _number(offered_a * per_a, 0)),
            Attribute(MAX_SET, _number(max_w, 0)),
        ),
        type=DataType.DECIMAL.value,
        unit="W",
        minimum=0,
        maximum=max_w,
        monitored=True,
    )


def _currents(session: Session, can: EvseCapabilities) -> Iterator[Variable]:
    if can.dc is not None:
        for name, value, unit, most in (
            ("DCCurrent", session.line.current_a, "A", can.dc.max_current_a),
            ("DCVoltage", session.line.voltage_v, "V", can.dc.max_voltage_v),
        ):
            yield Variable(
                name=VariableName("EVSE", name, evse=session.evse),
                attributes=(Attribute(ACTUAL, _number(value, 2)),),
                type=DataType.DECIMAL.value,
                unit=unit,
                minimum=0,
                maximum=most,
                monitored=True,
            )
        return
    measured = session.meter.current_a if session.meter is not None else None
    for index, phase in enumerate(PHASES[: can.phases]):
        current_a = measured[index] if measured is not None and index < len(measured) else None
        yield Variable(
            name=VariableName("EVSE", "ACCurrent", phase, session.evse),
            attributes=(Attribute(ACTUAL, _number(current_a, 2)),),
            type=DataType.DECIMAL.value,
            unit="A",
            minimum=0,
            maximum=can.max_current_a,
            monitored=True,
        )


def _metering(session: Session) -> Iterator[Variable]:
    meter = session.meter
    transferred_wh = None
    if meter is not None and session.tx is not None:
        transferred_wh = max(0.0, meter.energy_import_wh - session.tx.start_energy_wh)
    yield _register("EnergyImport", transferred_wh, session.evse)
    yield _register("EnergyImportRegister", meter.energy_import_wh if meter is not None else None, session.evse)
    if meter is not None and meter.energy_export_wh is not None:
        yield _register("EnergyExportRegister", meter.energy_export_wh, session.evse)
    if meter is not None and meter.serial is not None:
        yield _text("FiscalMetering", "SerialNumber", meter.serial, session.evse)
    if session.signs is not Signs.NOTHING:
        yield _text("FiscalMetering", "PublicKey", public_key(session.meter_key), session.evse)


def _charging_time(session: Session) -> Variable:
    """How long energy has flowed within the transaction."""
    return Variable(
        name=VariableName("TxCtrlr", "ChargingTime", evse=session.evse),
        attributes=(Attribute(ACTUAL, _number(session.tx.charged_s if session.tx is not None else 0.0, 0)),),
        type=DataType.DECIMAL.value,
        unit="s",
        minimum=0,
    )


def _register(variable: str, energy_wh: float | None, evse: int) -> Variable:
    return Variable(
        name=VariableName("FiscalMetering", variable, evse=evse),
        attributes=(Attribute(ACTUAL, _number(energy_wh, 1)),),
        type=DataType.DECIMAL.value,
        unit="Wh",
        minimum=0,
        monitored=True,
    )


def _flag(component: str, variable: str, *, on: bool, evse: int | None, connector: int | None = None) -> Variable:
    name = VariableName(component, variable, None, evse, connector)
    constant = variable in {"Available", "AllowReset"}
    return Variable(
        name=name,
        attributes=(Attribute(ACTUAL, _truth(on), constant=constant),),
        type=DataType.BOOLEAN.value,
        monitored=not constant,
    )


def _text(component: str, variable: str, value: str, evse: int | None = None, connector: int | None = None) -> Variable:
    return Variable(
        name=VariableName(component, variable, None, evse, connector), attributes=(Attribute(ACTUAL, value),)
    )


def _truth(on: bool) -> str:
    return "true" if on else "false"


def _number(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def _state_of(session: Session) -> str:
    return availability_state(session.status, plugged=session.occupied)


def _together(states: list[str]) -> str:
    """What a whole station is when its EVSEs are this: the best of them, for that is what a driver can have."""
    return next((one for one in STATES if one in states), "Unavailable")
