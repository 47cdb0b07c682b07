"""The car as 2.x's device model tells it, where it talks: what it said of itself and wants (part 2 appendix 3.2.13).

Made up from the session when it is asked for; what the car has not said is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agent.core.session import Needs, Session
from agent.ocpp.asks import ACTUAL, VariableName
from agent.ocpp.device_model import Attribute, Variable
from agent.ocpp.setting import DataType
from agent.ocpp.stamps import to_wire

TARGET: Final = "Target"
MIN_SET: Final = "MinSet"
MAX_SET: Final = "MaxSet"
MODES: Final = (  # ISO 15118-2 EnergyTransferModeType
    "AC_single_phase_core",
    "AC_three_phase_core",
    "DC_core",
    "DC_extended",
    "DC_combo_core",
    "DC_unique",
)


def variables(session: Session) -> Iterator[Variable]:
    """ConnectedEV, and what ISO15118Ctrlr was told by the car, of one EVSE where cars can talk."""
    if not session.can_talk:
        return
    evse, digital = session.evse, session.digital
    connected = "true" if session.plugged else "false"
    yield _variable(evse, "Available", {ACTUAL: connected}, DataType.BOOLEAN)
    yield _variable(evse, "VehicleId", {ACTUAL: digital.evcc_id.upper()})
    yield _variable(evse, "ProtocolAgreed", {ACTUAL: digital.agreed})
    for priority, protocol in digital.protocols:
        yield _variable(evse, "ProtocolSupportedByEV", {ACTUAL: protocol}, instance=str(priority))
    if digital.needs is not None:
        yield from _wishes(evse, digital.needs)


def _wishes(evse: int, needs: Needs) -> Iterator[Variable]:
    side = "DC" if needs.dc else "AC"
    limits = {MAX_SET: needs.max_current_a} | ({} if needs.min_current_a is None else {MIN_SET: needs.min_current_a})
    yield _number(evse, f"{side}Current", limits, "A")
    yield _number(evse, f"{side}Voltage", {MAX_SET: needs.max_voltage_v}, "V")
    for variable, kind, value, unit in (
        ("Power", MAX_SET, needs.max_power_w, "W"),
        ("EnergyCapacity", ACTUAL, needs.capacity_wh, "Wh"),
        ("EnergyImport", TARGET, needs.energy_wh, "Wh"),
        ("StateOfChargeBulk", ACTUAL, needs.bulk_soc_pct, "Percent"),
    ):
        if value is not None:
            yield _number(evse, variable, {kind: value}, unit)
    charge = {ACTUAL: needs.soc_pct, MAX_SET: needs.full_soc_pct}
    known = {kind: float(pct) for kind, pct in charge.items() if pct is not None}
    if known:
        yield _number(evse, "StateOfCharge", known, "Percent")
    if needs.departure_utc_s is not None:
        yield _variable(evse, "DepartureTime", {ACTUAL: to_wire(needs.departure_utc_s)}, DataType.DATE_TIME)
    yield Variable(
        name=VariableName("ISO15118Ctrlr", "RequestedEnergyTransferMode", evse=evse),
        attributes=(Attribute(ACTUAL, needs.mode),),
        type=DataType.OPTION_LIST.value,
        values=MODES,
    )
    if needs.entries is not None:
        yield Variable(
            name=VariableName("ISO15118Ctrlr", "MaxScheduleEntries", evse=evse),
            attributes=(Attribute(ACTUAL, str(needs.entries)),),
            type=DataType.INTEGER.value,
        )


def _number(evse: int, variable: str, values: dict[str, float], unit: str) -> Variable:
    texts = {kind: f"{value:.1f}".removesuffix(".0") for kind, value in values.items()}
    return _variable(evse, variable, texts, DataType.DECIMAL, unit=unit)


def _variable(
    evse: int,
    variable: str,
    values: dict[str, str],
    kind: DataType = DataType.STRING,
    *,
    unit: str | None = None,
    instance: str | None = None,
) -> Variable:
    return Variable(
        name=VariableName("ConnectedEV", variable, instance, evse),
        attributes=tuple(Attribute(one, text) for one, text in values.items()),
        type=kind.value,
        unit=unit,
    )
