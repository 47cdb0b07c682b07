"""Every key of 1.6 (chapter 9, errata 3.83 and 3.90) and of its security whitepaper (7), element by element."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from agent.ocpp.setting import DataType
from agent.ocpp.settings import SETTINGS
from agent.ocpp.settings.link import UNLOCK_ON_EV_SIDE_DISCONNECT
from hal.types import EvseCapabilities
from tests.agent.ocpp.scripted_csms import SILENCE, ScriptedCsms
from tests.agent.ocpp.stand import TOKEN, FakeCharger, Stand, stand

RW, RO, WO = "ReadWrite", "ReadOnly", "WriteOnly"
BOOLEAN, INTEGER, CSL, STRING = "boolean", "integer", "CSL", "string"
NO_KEYS: Final = ("BlinkRepeat", "LightIntensity")  # docs/configuration.md says why
KEYS: Final = {  # type, access, unit
    "AllowOfflineTxForUnknownId": (BOOLEAN, RW, None),
    "AuthorizationCacheEnabled": (BOOLEAN, RW, None),
    "AuthorizeRemoteTxRequests": (BOOLEAN, RW, None),
    "ClockAlignedDataInterval": (INTEGER, RW, "s"),
    "ConnectionTimeOut": (INTEGER, RW, "s"),
    "ConnectorPhaseRotation": (CSL, RW, None),
    "ConnectorPhaseRotationMaxLength": (INTEGER, RO, None),
    "GetConfigurationMaxKeys": (INTEGER, RO, None),
    "HeartbeatInterval": (INTEGER, RW, "s"),
    "LocalAuthorizeOffline": (BOOLEAN, RW, None),
    "LocalPreAuthorize": (BOOLEAN, RW, None),
    "MaxEnergyOnInvalidId": (INTEGER, RW, "Wh"),
    "MessageTimeout": (INTEGER, RW, "s"),
    "MeterValuesAlignedData": (CSL, RW, None),
    "MeterValuesAlignedDataMaxLength": (INTEGER, RO, None),
    "MeterValuesSampledData": (CSL, RW, None),
    "MeterValuesSampledDataMaxLength": (INTEGER, RO, None),
    "MeterValueSampleInterval": (INTEGER, RW, "s"),
    "MinimumStatusDuration": (INTEGER, RW, "s"),
    "NumberOfConnectors": (INTEGER, RO, None),
    "ResetRetries": (INTEGER, RW, None),
    "StopTransactionOnEVSideDisconnect": (BOOLEAN, RW, None),
    "StopTransactionOnInvalidId": (BOOLEAN, RW, None),
    "StopTxnAlignedData": (CSL, RW, None),
    "StopTxnAlignedDataMaxLength": (INTEGER, RO, None),
    "StopTxnSampledData": (CSL, RW, None),
    "StopTxnSampledDataMaxLength": (INTEGER, RO, None),
    "SupportedFeatureProfiles": (CSL, RO, None),
    "SupportedFeatureProfilesMaxLength": (INTEGER, RO, None),
    "SupportedFileTransferProtocols": (CSL, RO, None),
    "TransactionMessageAttempts": (INTEGER, RW, None),
    "TransactionMessageRetryInterval": (INTEGER, RW, "s"),
    "UnlockConnectorOnEVSideDisconnect": (BOOLEAN, RW, None),
    "WebSocketPingInterval": (INTEGER, RW, "s"),
    "LocalAuthListEnabled": (BOOLEAN, RW, None),
    "LocalAuthListMaxLength": (INTEGER, RO, None),
    "SendLocalListMaxLength": (INTEGER, RO, None),
    "ReserveConnectorZeroSupported": (BOOLEAN, RO, None),
    "ChargeProfileMaxStackLevel": (INTEGER, RO, None),
    "ChargingScheduleAllowedChargingRateUnit": (CSL, RO, None),
    "ChargingScheduleMaxPeriods": (INTEGER, RO, None),
    "ConnectorSwitch3to1PhaseSupported": (BOOLEAN, RO, None),
    "MaxChargingProfilesInstalled": (INTEGER, RO, None),
    # the whitepaper's
    "AdditionalRootCertificateCheck": (BOOLEAN, RO, None),
    "AuthorizationKey": (STRING, WO, None),
    "CertificateSignedMaxChainSize": (INTEGER, RO, None),
    "CertificateStoreMaxLength": (INTEGER, RO, None),
    "CpoName": (STRING, RW, None),
    "SecurityProfile": (INTEGER, RW, None),
}
TYPES: Final = {
    BOOLEAN: {DataType.BOOLEAN},
    INTEGER: {DataType.INTEGER},
    CSL: {DataType.MEMBER_LIST, DataType.SEQUENCE_LIST},
    STRING: {DataType.STRING},
}
NONSENSE: Final = {BOOLEAN: ("perhaps", ""), INTEGER: ("-1", "1.5", "some"), CSL: ("Nothing.Of.The.Kind",)}
GUARDED: Final = frozenset({"AuthorizationKey", "SecurityProfile"})  # tests of their own, in test_block_network


async def change(one: Stand, key: str, value: str) -> str:
    reply = await one.csms.call("ChangeConfiguration", {"key": key, "value": value}, f"c{len(one.csms.frames)}")
    return str(reply[2]["status"])


async def told(one: Stand, *keys: str) -> dict[str, tuple[bool, str | None]]:
    """Each key: whether it is read-only, and its value."""
    reply = await one.csms.call("GetConfiguration", {"key": list(keys)} if keys else {}, f"c{len(one.csms.frames)}")
    return {each["key"]: (each["readonly"], each.get("value")) for each in reply[2].get("configurationKey", ())}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_has_its_type_access_and_unit_and_takes_effect_at_once(key: str):
    kind, access, unit = KEYS[key]
    (row,) = [one for one in SETTINGS if one.key16 == key]
    assert row.type in TYPES[kind]
    assert (row.access16 or row.access) == access
    assert row.unit == unit
    assert not row.reboot
    if row.readable:
        assert row.parse16(row.format16(row.default)) == row.default


async def test_the_station_tells_every_key_and_which_of_them_can_be_written():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        found = await told(one)
        for key, (_, access, _) in KEYS.items():
            read_only, value = found[key]
            assert read_only is (access == RO), key
            assert (value is None) is (access == WO), key


async def test_what_makes_no_sense_is_rejected_and_changes_nothing():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        before = await told(one)
        for key, (kind, access, _) in KEYS.items():
            if key not in GUARDED:
                for nonsense in NONSENSE.get(kind, ()):
                    assert await change(one, key, nonsense) == "Rejected", key
                if access == RO:
                    assert await change(one, key, before[key][1] or "") == "Rejected", key
        assert await told(one) == before


async def test_what_makes_sense_is_accepted_and_told():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        for key, (kind, access, _) in KEYS.items():
            if access == RW and kind in {BOOLEAN, INTEGER} and key not in GUARDED:
                for value in ("true", "false") if kind == BOOLEAN else ("7", "9"):
                    assert await change(one, key, value) == "Accepted", key
                    assert (await told(one, key.upper()))[key] == (False, value)


async def test_a_list_with_one_measurand_that_the_station_has_not_is_rejected_as_a_whole():
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        mixed = "Energy.Active.Import.Register,RPM"
        for key in ("MeterValuesSampledData", "MeterValuesAlignedData", "StopTxnSampledData", "StopTxnAlignedData"):
            assert await change(one, key, mixed) == "Rejected"
            assert await change(one, key, "") == "Accepted"  # 3.16.5: none


@pytest.mark.parametrize("key", NO_KEYS)
async def test_a_key_for_what_the_hardware_layer_cannot_do_is_not_supported(key: str):
    async with stand(ScriptedCsms()) as one:
        await one.accepted()
        assert await told(one, key) == {}
        assert await change(one, key, "1") == "NotSupported"


async def test_the_time_that_an_answer_may_take_is_what_the_csms_says():
    async with stand(ScriptedCsms(answers={"Authorize": SILENCE})) as one:
        await one.accepted()
        assert await change(one, "MessageTimeout", "0") == "Rejected"
        assert await change(one, "MessageTimeout", "5") == "Accepted"
        began_s = asyncio.get_running_loop().time()
        assert await one.station.authorize(TOKEN) is None
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(5, abs=0.1)


class Tethered(FakeCharger):
    """Its cables are its own."""

    def capabilities(self, evse: int) -> EvseCapabilities:
        return EvseCapabilities(phases=self.phases, max_current_a=32.0)


async def test_a_station_of_fixed_cables_unlocks_none_and_says_so():
    wish = {UNLOCK_ON_EV_SIDE_DISCONNECT.key: "true"}
    async with stand(ScriptedCsms(), charger=Tethered(), start_values=wish) as one:
        await one.accepted()
        key = "UnlockConnectorOnEVSideDisconnect"
        assert await told(one, key) == {key: (True, "false")}
        assert await change(one, key, "true") == "Rejected"
        assert one.settings.get(UNLOCK_ON_EV_SIDE_DISCONNECT) is False
