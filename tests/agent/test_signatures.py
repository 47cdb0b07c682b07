"""What of the settings for signing a station has: as much as its meters can keep."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from agent import signatures
from agent.config import Config, Evse, Ocpp, Station, V2g
from agent.core.effects import SignMeter
from agent.core.session import Session
from agent.ocpp.setting import SettingError
from agent.ocpp.settings import SETTINGS
from agent.ocpp.variables import Settings
from agent.runtime.clock import LoopClock
from hal.remote import RemoteBoard, RemoteEvse
from hal.types import Moment, Signs
from tests.agent.runtime.test_signer import FakeMeter

UPDATED = ("SampledDataSignUpdatedReadings", "AlignedDataSignUpdatedReadings")


def config(settings: dict[str, Any] | None = None, evses: int = 1, **evse: Any) -> Config:
    return Config(
        schema_version=1,
        station=Station(identity="CP-1", vendor="v", model="m"),
        ocpp=Ocpp(url="ws://127.0.0.1", security_profile=0, allow_plain_text=True),
        evse=tuple(Evse(id=number, **evse) for number in range(1, evses + 1)),
        settings=settings or {},
    )


def board(*signs: Signs, tmp: Any) -> Any:
    """EVSEs whose meters can sign so much."""
    remote = RemoteBoard(tmp / "hal.sock")
    evses = {}
    for number, one in enumerate(signs, 1):
        evses[number] = RemoteEvse(remote, number)
        evses[number].described = SimpleNamespace(has_meter=True, meter_signs=one)  # type: ignore[assignment]
    return SimpleNamespace(evses=evses)


def settings_of(signs: Signs, tmp_path: Any, settings: dict[str, Any] | None = None) -> Settings:
    asked = config(settings)
    return Settings(signatures.registry(asked, board(signs, tmp=tmp_path)), start_values=asked.start_values())


def test_a_station_that_signs_nothing_knows_none_of_its_settings_and_still_has_rules(tmp_path):
    settings = settings_of(Signs.NOTHING, tmp_path)
    assert {one.key for one in SETTINGS} - {one.key for one in settings} == signatures.ROWS
    assert settings.find16("MeterPublicKey1") is None
    assert not settings.rules().signing.wanted
    assert not settings.set_by_variable("TxCtrlr", "TxStartPoint", None, "DataSigned").accepted


@pytest.mark.parametrize("name", ["SampledDataCtrlr.SignReadings", "alignedDataSignReadings"])
def test_a_configuration_that_wants_signatures_of_a_meter_that_gives_none_is_refused(name, tmp_path):
    with pytest.raises(SettingError, match="no meter of this station signs"):
        settings_of(Signs.NOTHING, tmp_path, {name: True})


def test_where_meters_sign_begin_and_end_only_nobody_can_ask_for_more(tmp_path):
    settings = settings_of(Signs.ENDS, tmp_path)
    for key in UPDATED:
        assert not settings.set_by_key16(key, "true").accepted
        row = settings.find16(key)
        assert row is not None
        assert settings.text16(row) == "false"
    assert settings.set_by_key16("SampledDataSignReadings", "true").accepted
    with pytest.raises(SettingError, match="begin and end only"):
        settings_of(Signs.ENDS, tmp_path, {"SampledDataCtrlr.SignUpdatedReadings": True})


def test_where_meters_sign_at_any_time_all_can_be_written(tmp_path):
    settings = settings_of(Signs.ALL, tmp_path)
    for key in ("SampledDataSignReadings", "SampledDataSignStartedReadings", "AlignedDataSignReadings", *UPDATED):
        assert settings.set_by_key16(key, "true").accepted
    assert settings.set_by_key16("PublicKeyWithSignedMeterValue", "EveryMeterValue").accepted
    assert settings.set_by_variable("TxCtrlr", "TxStartPoint", None, "DataSigned").accepted
    assert not settings.set_by_variable("TxCtrlr", "TxStopPoint", None, "DataSigned").accepted
    assert settings.rules().signing.sampled


def test_each_connector_has_its_meters_key_and_nobody_writes_it(tmp_path):
    rows = signatures.registry(config(evses=2), board(Signs.ALL, Signs.ENDS, tmp=tmp_path))
    settings = Settings(rows)
    assert settings.find16("MeterPublicKey2") is not None
    assert not settings.set_by_key16("MeterPublicKey1", "x").accepted


@pytest.mark.parametrize(
    ("evse", "place"),
    [
        ({"meter_evse_id": "DE*ABC*E1"}, "DE*ABC*E1"),
        ({"v2g": V2g(host="::1", evse_id="DE*XYZ*E1")}, "DE*XYZ*E1"),
        ({}, ""),
    ],
)
async def test_the_meter_signs_the_evses_official_id_and_the_time_once_it_is_known(evse, place, tmp_path):
    meter, clock = FakeMeter(), LoopClock(lambda: 1.0, trusted=lambda: False)
    task: Any = SimpleNamespace(hardware=SimpleNamespace(meter=meter), post=lambda _: None, session=Session(evse=1))
    made = signatures.signer(config(**evse).evse[0], task, settings_of(Signs.ALL, tmp_path), clock)
    meter.takes_s = 0.0
    for wanted in (None, 1_800_000_000.0):
        if wanted is not None:
            clock.learn(wanted)
        await made._sign(SignMeter("tx-1", Moment.BEGIN, "AABB"))
        assert (meter.asked[-1][1].evse_id, meter.asked[-1][1].utc_s) == (place, wanted)
