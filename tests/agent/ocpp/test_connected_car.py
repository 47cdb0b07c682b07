"""The car in the device model: what it said in its messages, and nothing that it did not say."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agent.core.session import Digital, Session, Talk
from agent.ocpp.connected_car import variables
from agent.ocpp.stamps import to_wire
from hal.types import CpState
from tests.agent.ocpp.stand import EPOCH_S
from tests.agent.ocpp.test_charging_needs import AC, DC

ISO_2 = "urn:iso:15118:2:2013:MsgDef,2,0"
DIN = "urn:din:70121:2012:MsgDef,2,0"
TALKS = Digital(Talk.TALKING, evcc_id="0200000000ab", protocols=((1, ISO_2), (2, DIN)), agreed=ISO_2)


def told(session: Session) -> dict[str, str | None]:
    """By component, variable, instance and attribute, Actual unnamed."""
    found = {}
    for one in variables(session):
        assert one.name.evse == session.evse
        for attribute in one.attributes:
            kind = "" if attribute.kind == "Actual" else f".{attribute.kind}"
            component = "" if one.name.component == "ConnectedEV" else f"{one.name.component}."
            found[f"{component}{one.name.variable}{one.name.instance or ''}{kind}"] = attribute.value
    return found


def test_where_no_car_can_talk_there_is_no_component_for_it():
    assert told(Session(evse=1)) == {}


def test_before_a_car_has_spoken_only_the_plug_is_known():
    session = Session(evse=2, can_talk=True)
    assert told(session) == {"Available": "false", "VehicleId": "", "ProtocolAgreed": ""}
    assert told(Session(evse=2, can_talk=True, cp=CpState.B))["Available"] == "true"


@pytest.mark.parametrize("needs", [AC, DC], ids=["AC", "DC"])
def test_what_a_car_has_said_is_told_in_its_units(needs):
    session = Session(evse=1, can_talk=True, cp=CpState.C, digital=replace(TALKS, needs=needs))
    common = {
        "Available": "true",
        "VehicleId": "0200000000AB",
        "ProtocolAgreed": ISO_2,
        "ProtocolSupportedByEV1": ISO_2,
        "ProtocolSupportedByEV2": DIN,
        "ISO15118Ctrlr.RequestedEnergyTransferMode": needs.mode,
    }
    if needs is AC:
        own = {
            "ACCurrent.MaxSet": "31.5",
            "ACCurrent.MinSet": "6.2",
            "ACVoltage.MaxSet": "230",
            "EnergyImport.Target": "20500.4",
            "DepartureTime": to_wire(EPOCH_S + 7200.0),
            "ISO15118Ctrlr.MaxScheduleEntries": "12",
        }
    else:
        own = {
            "DCCurrent.MaxSet": "125",
            "DCVoltage.MaxSet": "450",
            "Power.MaxSet": "50000",
            "EnergyCapacity": "60000",
            "EnergyImport.Target": "30000",
            "StateOfCharge": "40",
            "StateOfCharge.MaxSet": "100",
            "StateOfChargeBulk": "80",
        }
    assert told(session) == common | own
