"""What the specifications require of every station, or of one that has the function, is there as they say."""

from __future__ import annotations

from typing import Any

import pytest

from agent.ocpp.codec import Version
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import settled, stand

RW, RO, WO = "ReadWrite", "ReadOnly", "WriteOnly"
# 2.0.1 part 2, chapter "Referenced Components and Variables" and appendix 3.1, what is required: type, access
REQUIRED = {
    "AlignedDataCtrlr.Interval": ("integer", RW),
    "AlignedDataCtrlr.Measurands": ("MemberList", RW),
    "AlignedDataCtrlr.TxEndedInterval": ("integer", None),
    "AlignedDataCtrlr.TxEndedMeasurands": ("MemberList", RW),
    "AuthCtrlr.AuthorizeRemoteStart": ("boolean", RW),
    "AuthCtrlr.LocalAuthorizeOffline": ("boolean", RW),
    "AuthCtrlr.LocalPreAuthorize": ("boolean", RW),
    "ChargingStation.AvailabilityState": ("OptionList", RO),
    "ChargingStation.Available": ("boolean", RO),
    "ChargingStation.SupplyPhases": ("integer", RO),
    "ClockCtrlr.DateTime": ("dateTime", RO),
    "ClockCtrlr.TimeSource": ("SequenceList", RW),
    "Connector.Available": ("boolean", RO),
    "Connector.ConnectorType": ("string", RO),
    "Connector.SupplyPhases": ("integer", RO),
    "DeviceDataCtrlr.BytesPerMessage[GetReport]": ("integer", RO),
    "DeviceDataCtrlr.BytesPerMessage[GetVariables]": ("integer", RO),
    "DeviceDataCtrlr.BytesPerMessage[SetVariables]": ("integer", RO),
    "DeviceDataCtrlr.ItemsPerMessage[GetReport]": ("integer", RO),
    "DeviceDataCtrlr.ItemsPerMessage[GetVariables]": ("integer", RO),
    "DeviceDataCtrlr.ItemsPerMessage[SetVariables]": ("integer", RO),
    "DisplayMessageCtrlr.DisplayMessages": ("integer", RO),
    "DisplayMessageCtrlr.SupportedFormats": ("MemberList", RO),
    "DisplayMessageCtrlr.SupportedPriorities": ("MemberList", RO),
    "EVSE.AvailabilityState": ("OptionList", RO),
    "EVSE.Available": ("boolean", RO),
    "EVSE.Power": ("decimal", RO),
    "EVSE.SupplyPhases": ("integer", RO),
    "LocalAuthListCtrlr.BytesPerMessage": ("integer", RO),
    "LocalAuthListCtrlr.Entries": ("integer", RO),
    "LocalAuthListCtrlr.ItemsPerMessage": ("integer", RO),
    "MonitoringCtrlr.BytesPerMessage[SetVariableMonitoring]": ("integer", RO),
    "MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]": ("integer", RO),
    "ISO15118Ctrlr.ContractValidationOffline": ("boolean", RW),
    "OCPPCommCtrlr.FileTransferProtocols": ("MemberList", RO),
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": ("integer", RW),
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": ("integer", RW),
    "OCPPCommCtrlr.MessageTimeout[Default]": ("integer", RO),
    "OCPPCommCtrlr.NetworkConfigurationPriority": ("SequenceList", RW),
    "OCPPCommCtrlr.NetworkProfileConnectionAttempts": ("integer", RW),
    "OCPPCommCtrlr.OfflineThreshold": ("integer", RW),
    "OCPPCommCtrlr.ResetRetries": ("integer", RW),
    "OCPPCommCtrlr.RetryBackOffRandomRange": ("integer", RW),
    "OCPPCommCtrlr.RetryBackOffRepeatTimes": ("integer", RW),
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": ("integer", RW),
    "OCPPCommCtrlr.UnlockOnEVSideDisconnect": ("boolean", RW),
    "SampledDataCtrlr.TxEndedInterval": ("integer", None),
    "SampledDataCtrlr.TxEndedMeasurands": ("MemberList", RW),
    "SampledDataCtrlr.TxStartedMeasurands": ("MemberList", RW),
    "SampledDataCtrlr.TxUpdatedInterval": ("integer", RW),
    "SampledDataCtrlr.TxUpdatedMeasurands": ("MemberList", RW),
    "SecurityCtrlr.BasicAuthPassword": ("string", WO),
    "SecurityCtrlr.CertificateEntries": ("integer", RO),
    "SecurityCtrlr.Identity": ("string", RO),
    "SecurityCtrlr.OrganizationName": ("string", RW),
    "SecurityCtrlr.SecurityProfile": ("integer", RO),
    "SmartChargingCtrlr.Entries[ChargingProfiles]": ("integer", RO),
    "SmartChargingCtrlr.LimitChangeSignificance": ("decimal", RW),
    "SmartChargingCtrlr.PeriodsPerSchedule": ("integer", RO),
    "SmartChargingCtrlr.ProfileStackLevel": ("integer", RO),
    "SmartChargingCtrlr.RateUnit": ("MemberList", RO),
    "TariffCostCtrlr.Currency": ("string", RW),
    "TariffCostCtrlr.TariffFallbackMessage": ("string", RW),
    "TariffCostCtrlr.TotalCostFallbackMessage": ("string", RW),
    "TxCtrlr.EVConnectionTimeOut": ("integer", RW),
    "TxCtrlr.StopTxOnEVSideDisconnect": ("boolean", RW),
    "TxCtrlr.StopTxOnInvalidId": ("boolean", RW),
    "TxCtrlr.TxStartPoint": ("MemberList", RW),
    "TxCtrlr.TxStopPoint": ("MemberList", RW),
}


def name_of(data: dict[str, Any]) -> str:
    instance = f"[{data['variable']['instance']}]" if "instance" in data["variable"] else ""
    return f"{data['component']['name']}.{data['variable']['name']}{instance}"


@pytest.mark.req("B07.FR.08")
@pytest.mark.octt("TC_B_53_CS")
async def test_the_full_inventory_holds_every_required_variable_with_its_type_and_access():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, versions=[Version.V201]) as one:
        await one.accepted()
        await csms.call("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
        await settled()
        told = [data for call in csms.calls("NotifyReport") for data in call.payload["reportData"]]
        by_name = {name_of(data): data for data in told}
        for name, (kind, access) in REQUIRED.items():
            found = by_name[name]
            assert found["variableCharacteristics"]["dataType"] == kind, name
            assert access in {None, found["variableAttribute"][0]["mutability"]}, name
        for data in told:  # chapter 2: what can be written is kept, what is a list says of what
            for attribute in data["variableAttribute"]:
                assert attribute["mutability"] == RO or attribute["persistent"], data
            assert not data["variableCharacteristics"]["dataType"].endswith("List") or (
                "valuesList" in data["variableCharacteristics"]
            ), data
        assert len({str((data["component"], data["variable"])) for data in told}) == len(told)
