from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.authorize import AuthRules
from agent.core.metering import Beside, take
from agent.core.rules import Rules
from agent.core.values import Instant, Measurand, ReadingContext, TxPoint
from agent.ocpp.setting import MAX_TEXT, DataType, Setting, SettingError
from agent.ocpp.settings.authorization import AUTH_ENABLED
from agent.ocpp.settings.link import HEARTBEAT_INTERVAL, UNLOCK_ON_EV_SIDE_DISCONNECT
from agent.ocpp.settings.metering import MEASURANDS, SAMPLED_INTERVAL, SAMPLED_UPDATED_MEASURANDS
from agent.ocpp.settings.rows import count, decimal, integer, members, option, sequence
from agent.ocpp.settings.secure_link import BASIC_AUTH_PASSWORD
from agent.ocpp.settings.transactions import EV_CONNECTION_TIMEOUT, STOP_TX_ON_INVALID_ID
from agent.ocpp.variables import SETTINGS, Outcome, Settings, SettingVerdict, find_by_name
from hal.types import MeterSample

BY_BOTH = [one for one in SETTINGS if one.key16 and one.component and one.mutable]
REQUIRED_16 = [
    "AuthorizeRemoteTxRequests",
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "ConnectorPhaseRotation",
    "GetConfigurationMaxKeys",
    "HeartbeatInterval",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
    "NumberOfConnectors",
    "ResetRetries",
    "StopTransactionOnEVSideDisconnect",
    "StopTransactionOnInvalidId",
    "StopTxnAlignedData",
    "StopTxnSampledData",
    "SupportedFeatureProfiles",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
]


def values(setting: Setting[Any]) -> st.SearchStrategy[Any]:
    match setting.type:
        case DataType.BOOLEAN:
            return st.booleans()
        case DataType.INTEGER:
            return st.integers(int(setting.minimum), int(setting.maximum))
        case DataType.DECIMAL:
            return st.integers(int(setting.minimum * 100), int(setting.maximum * 100)).map(
                lambda hundredths: hundredths / 100
            )
        case DataType.STRING if setting.json:
            return st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)).map(json.dumps)
        case DataType.STRING:
            return st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=min(20, int(setting.maximum)))
        case DataType.DATE_TIME:
            return st.datetimes().map(lambda when: f"{when.isoformat()}Z")
        case DataType.OPTION_LIST:
            return st.sampled_from(setting.values)
        case DataType.SEQUENCE_LIST | DataType.MEMBER_LIST:
            members = st.sampled_from(setting.values) if setting.values else st.nothing()
            return st.lists(members, min_size=setting.minimum, unique=True).map(tuple)


EVERY_TYPE: list[Setting[Any]] = [
    integer("A.Integer", "Integer", 0, minimum=-5, maximum=5),
    decimal("A.Decimal", "Decimal", 0.0, minimum=-1000, maximum=1000),
    option("A.Option", "Option", "a", ("a", "b", "c")),
    sequence("A.Sequence", "Sequence", (), ("a", "b", "c")),
    members("A.Members", "Members", (), ("a", "b", "c")),
    Setting(type=DataType.DATE_TIME, default="", component="A", variable="Moment", key16="Moment"),
]


@pytest.mark.parametrize("setting", EVERY_TYPE, ids=lambda one: one.type)
@given(data=st.data())
def test_a_value_of_every_type_reads_as_it_was_written(setting: Setting[Any], data: st.DataObject) -> None:
    value = data.draw(values(setting))
    assert setting.parse(setting.format(value)) == value


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        (EVERY_TYPE[1], "1e2"),
        (EVERY_TYPE[1], "1000.01"),
        (EVERY_TYPE[1], "nan"),
        (EVERY_TYPE[1], ".5"),
        (EVERY_TYPE[2], "d"),
        (EVERY_TYPE[2], "a,b"),
        (EVERY_TYPE[2], ""),
        (EVERY_TYPE[3], "a,d"),
        (EVERY_TYPE[5], "tomorrow"),
        (EVERY_TYPE[5], "2026-02-30T00:00:00Z"),
    ],
)
def test_a_text_that_is_no_value_of_its_type_is_refused(setting: Setting[Any], text: str) -> None:
    with pytest.raises(SettingError, match="expected"):
        setting.parse(text)


def test_a_value_that_waits_for_the_next_start_is_shown_and_stored_but_not_in_force() -> None:
    late = integer("A.Late", "Late", 1, reboot=True)
    stored: dict[str, str] = {}
    heard: list[Setting[Any]] = []
    settings = Settings([late], persist=stored.__setitem__)
    settings.on_change(heard.append)
    assert settings.set_by_key16("Late", "2").verdict is SettingVerdict.REBOOT_REQUIRED
    assert (settings.get(late), settings.text(late), settings.text16(late)) == (1, "2", "2")
    assert heard == []
    assert Settings([late], stored_values=stored).get(late) == 2


def test_what_the_agent_finds_out_anew_each_time_is_never_stale() -> None:
    entries = count("A.Entries", None, 10)
    settings = Settings([entries])
    things: list[int] = []
    settings.follow(entries, lambda: len(things))
    things.append(1)
    assert (settings.get(entries), settings.text(entries)) == (1, "1")


def test_no_two_rows_have_a_name_in_common() -> None:
    for names in ([one.key.casefold() for one in SETTINGS], [one.key16.casefold() for one in SETTINGS if one.key16]):
        assert len(names) == len(set(names))


@given(st.data())
def test_a_setting_has_one_value_whichever_version_writes_and_reads_it(data: st.DataObject) -> None:
    setting = data.draw(st.sampled_from(BY_BOTH))
    value = data.draw(values(setting))
    assert setting.component is not None
    assert setting.variable is not None
    assert setting.key16 is not None
    by_variable, by_key = Settings(), Settings()

    assert by_variable.set_by_variable(
        setting.component, setting.variable, setting.instance, setting.format(value)
    ).accepted
    assert by_key.set_by_key16(setting.key16, by_variable.text16(setting)).accepted
    assert by_key.get(setting) == by_variable.get(setting) == value
    assert by_key.text(setting) == by_variable.text(setting)


@given(st.sampled_from(SETTINGS), st.text(max_size=40) | st.sampled_from(["9" * 5000, "1e3", "٣", "--1", "NaN", ","]))
def test_any_text_is_taken_whole_or_refused_with_a_reason(setting: Setting[Any], text: str) -> None:
    settings = Settings()
    if setting.component is not None and setting.variable is not None:
        outcome = settings.set_by_variable(setting.component, setting.variable, setting.instance, text)
    else:
        assert setting.key16 is not None
        outcome = settings.set_by_key16(setting.key16, text)
    if outcome.accepted:
        assert setting.parse(settings.text(setting)) == settings.get(setting)
    else:
        assert outcome.detail
        assert settings.get(setting) == setting.default


@given(st.data())
def test_a_value_returns_from_the_journal_as_it_was_written(data: st.DataObject) -> None:
    setting = data.draw(st.sampled_from(SETTINGS))
    stored: dict[str, str] = {}
    first = Settings(persist=stored.__setitem__)
    first.set(setting, data.draw(values(setting)))
    assert Settings(stored_values=stored).get(setting) == first.get(setting)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda one: one.key)
def test_every_default_is_a_legal_value(setting: Setting[Any]) -> None:
    assert setting.parse(setting.format(setting.default)) == setting.default
    assert len(setting.format16(setting.default)) <= MAX_TEXT


def test_no_two_settings_share_a_name() -> None:
    keys = [one.key.casefold() for one in SETTINGS] + [one.key16.casefold() for one in SETTINGS if one.key16]
    of_both = {one.key.casefold() for one in SETTINGS if one.component is None}
    assert len(keys) - len(of_both) == len(set(keys))


@pytest.mark.behaviour(16)
@pytest.mark.parametrize("key", REQUIRED_16)
def test_every_key_that_the_core_profile_requires_is_there(key: str) -> None:
    assert Settings().find16(key) is not None


def test_only_measurands_that_the_meter_code_can_take_are_offered() -> None:
    all_there = MeterSample(
        taken_mono_s=0.0,
        energy_import_wh=1.0,
        energy_export_wh=1.0,
        power_w=1.0,
        voltage_v=(230.0,) * 3,
        current_a=(1.0,) * 3,
        frequency_hz=50.0,
        power_factor=1.0,
        reactive_power_var=1.0,
    )
    beside = Beside(offered_a=16.0, offered_w=11_040.0, soc_pct=40)
    reading = take(all_there, tuple(Measurand), ReadingContext.PERIODIC, Instant(0.0, 0.0), beside)
    assert {one.measurand.value for one in reading.values} == set(MEASURANDS)


# Values in force


def test_the_journal_goes_before_the_configuration_which_goes_before_the_default() -> None:
    start = {"ConnectionTimeOut": "90", "TxCtrlr.StopTxOnInvalidId": "false"}
    settings = Settings(SETTINGS, start, {"TxCtrlr.EVConnectionTimeOut": "120"})
    assert settings.get(EV_CONNECTION_TIMEOUT) == 120
    assert settings.get(STOP_TX_ON_INVALID_ID) is False
    assert settings.get(SAMPLED_INTERVAL) == 60


def test_a_stored_value_that_this_version_cannot_use_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(SETTINGS, {}, {"TxCtrlr.EVConnectionTimeOut": "soon", "NewCtrlr.Mood": "sunny"})
    assert settings.get(EV_CONNECTION_TIMEOUT) == 60
    assert "soon" in caplog.text
    assert "NewCtrlr.Mood" in caplog.text


def test_a_start_value_that_is_wrong_stops_the_start() -> None:
    with pytest.raises(SettingError, match=r"TxCtrlr\.EVConnectionTimeOut: expected a whole number .* got 'soon'"):
        Settings(SETTINGS, {"ConnectionTimeOut": "soon"})


def test_defaults_are_the_cores_own() -> None:
    assert Settings().rules() == Rules()
    assert Settings().auth_rules() == AuthRules()


def test_rules_follow_every_setting_that_governs_a_session() -> None:
    settings = Settings()
    for key, text in {
        "FreeVend": "true",
        "FreeVendIdTag": "guest",
        "ConnectionTimeOut": "45",
        "StopTransactionOnEVSideDisconnect": "false",
        "UnlockConnectorOnEVSideDisconnect": "false",
        "StopTransactionOnInvalidId": "false",
        "MeterValueSampleInterval": "15",
        "ClockAlignedDataInterval": "900",
        "MeterValuesSampledData": "Voltage,Current.Import",
        "StopTxnSampledData": "",
        "MeterValuesAlignedData": "Frequency",
        "ResumeAfterPowerLoss": "true",
        "MeterGracePeriod": "30",
        "MaxEnergyOnInvalidId": "500",
        "StopTxnAlignedData": "Voltage",
    }.items():
        assert settings.set_by_key16(key, text).accepted, key
    for component, variable, text in (
        ("TxCtrlr", "TxStartPoint", "EVConnected,Authorized"),
        ("TxCtrlr", "TxStopPoint", "EVConnected"),
        ("SampledDataCtrlr", "TxStartedMeasurands", "Energy.Active.Import.Register,Voltage"),
    ):
        assert settings.set_by_variable(component, variable, None, text).accepted, variable
    assert settings.rules() == Rules(
        free_vend=True,
        free_vend_token="guest",
        ev_connection_timeout_s=45.0,
        stop_on_ev_side_disconnect=False,
        unlock_on_ev_side_disconnect=False,
        stop_on_invalid_id=False,
        start_points=frozenset({TxPoint.EV_CONNECTED, TxPoint.AUTHORIZED}),
        stop_points=frozenset({TxPoint.EV_CONNECTED}),
        sample_interval_s=15.0,
        aligned_interval_s=900.0,
        started_measurands=(Measurand.ENERGY_IMPORT, Measurand.VOLTAGE),
        updated_measurands=(Measurand.VOLTAGE, Measurand.CURRENT_IMPORT),
        ended_measurands=(),
        aligned_measurands=(Measurand.FREQUENCY,),
        resume_after_power_loss=True,
        meter_grace_s=30.0,
        max_energy_on_invalid_wh=500.0,
        ended_interval_s=15.0,
        aligned_ended_interval_s=900.0,
        aligned_ended_measurands=(Measurand.VOLTAGE,),
    )


def test_the_one_interval_of_1_6_is_both_of_2_x_and_each_of_those_can_be_another() -> None:
    settings = Settings()
    assert settings.set_by_key16("MeterValueSampleInterval", "15").accepted
    assert settings.set_by_variable("SampledDataCtrlr", "TxEndedInterval", None, "300").accepted
    assert (settings.rules().sample_interval_s, settings.rules().ended_interval_s) == (15.0, 300.0)
    assert not settings.set_by_key16("MeterValueSampleInterval", "soon").accepted
    assert settings.rules().ended_interval_s == 300.0


@pytest.mark.parametrize("controller", ["SampledDataCtrlr", "AlignedDataCtrlr"])
def test_readings_that_are_switched_off_have_no_intervals(controller: str) -> None:
    settings = Settings()
    for key in ("MeterValueSampleInterval", "ClockAlignedDataInterval"):
        assert settings.set_by_key16(key, "15").accepted
    assert settings.set_by_variable(controller, "Enabled", None, "false").accepted
    rules = settings.rules()
    sampled, aligned = (0.0, 15.0) if controller == "SampledDataCtrlr" else (15.0, 0.0)
    assert (rules.sample_interval_s, rules.ended_interval_s) == (sampled, sampled)
    assert (rules.aligned_interval_s, rules.aligned_ended_interval_s) == (aligned, aligned)


# Writing


def test_free_vend_in_one_six_is_no_authorisation_in_two() -> None:
    settings = Settings()
    assert settings.set_by_key16("FreeVend", "true").accepted
    assert settings.text(AUTH_ENABLED) == "false"
    assert settings.text16(AUTH_ENABLED) == "true"
    assert settings.set_by_variable("AuthCtrlr", "Enabled", None, "true").accepted
    assert settings.text16(AUTH_ENABLED) == "false"


def test_names_are_found_in_any_case() -> None:
    settings = Settings()
    assert settings.set_by_key16("connectiontimeout", "5").accepted
    assert settings.set_by_variable("txctrlr", "EVCONNECTIONTIMEOUT", None, "6").accepted
    assert settings.get(EV_CONNECTION_TIMEOUT) == 6


@pytest.mark.parametrize(
    ("component", "variable", "instance", "text", "verdict"),
    [
        ("TxCtrlr", "EVConnectionTimeOut", None, "-1", SettingVerdict.INVALID),
        ("TxCtrlr", "EVConnectionTimeOut", "1", "60", SettingVerdict.UNKNOWN_VARIABLE),
        ("TxCtrlr", "Mood", None, "60", SettingVerdict.UNKNOWN_VARIABLE),
        ("MoodCtrlr", "Mood", None, "60", SettingVerdict.UNKNOWN_COMPONENT),
        ("OCPPCommCtrlr", "MessageTimeout", "Default", "60", SettingVerdict.READ_ONLY),
        ("OCPPCommCtrlr", "MessageAttempts", None, "2", SettingVerdict.UNKNOWN_VARIABLE),
        ("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent", "2", SettingVerdict.ACCEPTED),
        ("TxCtrlr", "TxStartPoint", None, "", SettingVerdict.INVALID),
        ("AlignedDataCtrlr", "TxEndedMeasurands", None, "Voltage,Temperature", SettingVerdict.INVALID),
        ("AlignedDataCtrlr", "TxEndedMeasurands", None, "", SettingVerdict.ACCEPTED),
    ],
)
def test_a_variable_is_written_or_refused_for_the_right_reason(
    component: str, variable: str, instance: str | None, text: str, verdict: SettingVerdict
) -> None:
    assert Settings().set_by_variable(component, variable, instance, text).verdict is verdict


@pytest.mark.parametrize(
    ("key", "text", "verdict"),
    [
        ("NumberOfConnectors", "7", SettingVerdict.READ_ONLY),
        ("Mood", "sunny", SettingVerdict.UNKNOWN_VARIABLE),
        ("WebSocketPingInterval", "-1", SettingVerdict.INVALID),
        ("WebSocketPingInterval", "0", SettingVerdict.ACCEPTED),
        ("HeartbeatInterval", "99999999999", SettingVerdict.INVALID),
        ("LocalPreAuthorize", "yes", SettingVerdict.INVALID),
        ("LocalPreAuthorize", "TRUE", SettingVerdict.ACCEPTED),
        ("MeterValuesSampledData", "Voltage,Mood", SettingVerdict.INVALID),
        ("FreeVendIdTag", "x" * 21, SettingVerdict.INVALID),
        ("FreeVendIdTag", "a\x1bb", SettingVerdict.INVALID),
    ],
)
def test_a_key_is_written_or_refused_for_the_right_reason(key: str, text: str, verdict: SettingVerdict) -> None:
    assert Settings().set_by_key16(key, text).verdict is verdict


@pytest.mark.behaviour(15)
def test_a_measurand_list_with_one_unsupported_entry_is_rejected_whole() -> None:
    settings = Settings()
    assert not settings.set_by_key16("MeterValuesSampledData", "Voltage,RPM").accepted
    assert settings.get(SAMPLED_UPDATED_MEASURANDS) == SAMPLED_UPDATED_MEASURANDS.default


def test_spaces_and_repetitions_in_a_list_do_no_harm() -> None:
    settings = Settings()
    assert settings.set_by_key16("MeterValuesSampledData", " Voltage, Frequency ,Voltage").accepted
    assert settings.text16(SAMPLED_UPDATED_MEASURANDS) == "Voltage,Frequency"


def test_only_what_was_accepted_reaches_the_journal_and_the_listeners() -> None:
    stored: list[tuple[str, str]] = []
    heard: list[tuple[str, Any]] = []
    settings = Settings(persist=lambda key, text: stored.append((key, text)))
    settings.on_change(lambda setting: heard.append((setting.key, settings.get(setting))))
    settings.set_by_key16("ConnectionTimeOut", "soon")
    settings.set_by_key16("ConnectionTimeOut", "30")
    settings.set_by_key16("FreeVend", "true")
    assert stored == [("TxCtrlr.EVConnectionTimeOut", "30"), ("AuthCtrlr.Enabled", "false")]
    assert heard == [("TxCtrlr.EVConnectionTimeOut", 30), ("AuthCtrlr.Enabled", False)]


def test_writing_the_value_in_force_stores_it_once_and_tells_nobody() -> None:
    stored: list[tuple[str, str]] = []
    heard: list[Setting[Any]] = []
    settings = Settings(persist=lambda key, text: stored.append((key, text)))
    settings.on_change(heard.append)
    for _ in range(3):
        assert settings.set_by_key16("ConnectionTimeOut", "60").accepted
    assert stored == [("TxCtrlr.EVConnectionTimeOut", "60")], "a new default must not change what the CSMS wrote"
    assert heard == []


@pytest.mark.req("N07.FR.19")
async def test_a_guarded_secret_that_was_written_has_become_another_and_a_refused_one_has_not() -> None:
    heard: list[Setting[Any]] = []
    settings = Settings()
    settings.on_change(heard.append)
    verdicts = iter((SettingVerdict.INVALID, SettingVerdict.ACCEPTED))

    async def guard(_value: Any, _by16: bool) -> Outcome:
        return Outcome(next(verdicts))

    settings.guard(BASIC_AUTH_PASSWORD, guard)
    await settings.wish(BASIC_AUTH_PASSWORD, "0123456789abcdef", by16=False)
    assert (settings.revision(BASIC_AUTH_PASSWORD), heard) == (0, [])
    await settings.wish(BASIC_AUTH_PASSWORD, "0123456789abcdef", by16=False)
    assert (settings.revision(BASIC_AUTH_PASSWORD), heard) == (1, [BASIC_AUTH_PASSWORD])


def test_the_agent_itself_cannot_write_nonsense_either() -> None:
    settings = Settings()
    settings.set(HEARTBEAT_INTERVAL, 30)
    with pytest.raises(SettingError):
        settings.set(HEARTBEAT_INTERVAL, 0)
    assert settings.get(HEARTBEAT_INTERVAL) == 30


def test_an_unknown_name_is_answered_with_the_most_similar_one() -> None:
    with pytest.raises(SettingError, match="did you mean 'ConnectionTimeOut'"):
        find_by_name("ConectionTimeOut")
    with pytest.raises(SettingError, match=r"did you mean 'TxCtrlr\.EVConnectionTimeOut'"):
        find_by_name("TxCtrl.EVConnectionTimeout")


def test_what_one_station_fixes_is_not_fixed_at_another_that_shares_its_rows():
    one, other = Settings(), Settings()
    one.fix(UNLOCK_ON_EV_SIDE_DISCONNECT, False)
    for settings, verdict in ((one, SettingVerdict.READ_ONLY), (other, SettingVerdict.ACCEPTED)):
        outcome = settings.set_by_variable("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", None, "true")
        assert outcome.verdict is verdict
        assert settings.set_by_key16("UnlockConnectorOnEVSideDisconnect", "true").verdict is verdict
