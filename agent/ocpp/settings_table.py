"""The registry's rows: one for each setting, with its names in both worlds.

Types and units are the specifications' (1.6 chapter 9; 2.0.1 part 2, chapter "Referenced Components and Variables";
part 4 chapter 8 for the back-off). Defaults are our policy. A row that this agent cannot yet obey in full allows only
what it does.
"""

from __future__ import annotations

from typing import Any, Final

from agent.core.values import Measurand, TxPoint
from agent.ocpp.setting import DataType, Setting

DAY_S: Final = 86_400
MAX_DOUBLINGS: Final = 20  # our policy: a back-off that has doubled twenty times is longer than a week

ENERGY: Final = (Measurand.ENERGY_IMPORT.value,)
MEASURANDS: Final = tuple(  # what `agent.core.metering` can take from a meter
    one.value
    for one in (
        Measurand.ENERGY_IMPORT,
        Measurand.ENERGY_EXPORT,
        Measurand.POWER_IMPORT,
        Measurand.REACTIVE_IMPORT,
        Measurand.POWER_FACTOR,
        Measurand.CURRENT_IMPORT,
        Measurand.CURRENT_OFFERED,
        Measurand.VOLTAGE,
        Measurand.FREQUENCY,
    )
)
TX_POINTS: Final = tuple(one.value for one in TxPoint)
ROTATIONS: Final = ("NotApplicable", "Unknown", "RST", "RTS", "SRT", "STR", "TRS", "TSR")  # 1.6 9.1.7
MAX_ITEMS: Final = 100  # our policy: keys or variables in one message
MAX_BYTES: Final = 65_536  # our policy: of one message about variables


def _flag(name: str | None, key16: str | None, *, default: bool, inverted16: bool = False) -> Setting[bool]:
    return Setting(type=DataType.BOOLEAN, default=default, key16=key16, inverted16=inverted16, **_place(name))


def _integer(name: str | None, key16: str | None, default: int, **more: Any) -> Setting[int]:
    return Setting(type=DataType.INTEGER, default=default, key16=key16, **_place(name), **more)


def _seconds(name: str | None, key16: str | None, default: int, **more: Any) -> Setting[int]:
    return _integer(name, key16, default, unit="s", **more)


def _limit(name: str | None, value: int, key16: str | None = None) -> Setting[int]:
    return _integer(name, key16, value, mutable=False, derived=True)


def _list(
    name: str | None, key16: str | None, default: tuple[str, ...], values: tuple[str, ...], **more: Any
) -> Setting[tuple[str, ...]]:
    return Setting(type=DataType.MEMBER_LIST, default=default, values=values, key16=key16, **_place(name), **more)


def _text(name: str | None, key16: str | None, default: str, **more: Any) -> Setting[str]:
    return Setting(type=DataType.STRING, default=default, key16=key16, **_place(name), **more)


def _place(name: str | None) -> dict[str, Any]:
    """The parts of "Component.Variable[Instance]"."""
    if name is None:
        return {}
    component, _, rest = name.partition(".")
    variable, _, instance = rest.removesuffix("]").partition("[")
    return {"component": component, "variable": variable, "instance": instance or None}


# The link to the CSMS
HEARTBEAT_INTERVAL: Final = _seconds("OCPPCommCtrlr.HeartbeatInterval", "HeartbeatInterval", 300, minimum=1)
WEBSOCKET_PING_INTERVAL: Final = _seconds("OCPPCommCtrlr.WebSocketPingInterval", "WebSocketPingInterval", 30)
RETRY_BACK_OFF_WAIT_MINIMUM: Final = _seconds(
    "OCPPCommCtrlr.RetryBackOffWaitMinimum", "RetryBackOffWaitMinimum", 10, minimum=1, maximum=DAY_S
)
RETRY_BACK_OFF_RANDOM_RANGE: Final = _seconds(
    "OCPPCommCtrlr.RetryBackOffRandomRange", "RetryBackOffRandomRange", 10, maximum=DAY_S
)
RETRY_BACK_OFF_REPEAT_TIMES: Final = _integer(
    "OCPPCommCtrlr.RetryBackOffRepeatTimes", "RetryBackOffRepeatTimes", 5, maximum=MAX_DOUBLINGS
)
MESSAGE_TIMEOUT: Final = _seconds(
    "OCPPCommCtrlr.MessageTimeout[Default]", None, 30, minimum=1, maximum=DAY_S, mutable=False
)
MESSAGE_ATTEMPTS: Final = _integer(
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]", "TransactionMessageAttempts", 3, minimum=1
)
MESSAGE_ATTEMPT_INTERVAL: Final = _seconds(
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]", "TransactionMessageRetryInterval", 60
)
OFFLINE_THRESHOLD: Final = _seconds("OCPPCommCtrlr.OfflineThreshold", None, 60)
RESET_RETRIES: Final = _integer("OCPPCommCtrlr.ResetRetries", "ResetRetries", 1, maximum=10)
FILE_TRANSFER_PROTOCOLS: Final = _list("OCPPCommCtrlr.FileTransferProtocols", None, (), (), mutable=False, derived=True)
ITEMS_PER_GET_VARIABLES: Final = _limit("DeviceDataCtrlr.ItemsPerMessage[GetVariables]", MAX_ITEMS)
ITEMS_PER_SET_VARIABLES: Final = _limit("DeviceDataCtrlr.ItemsPerMessage[SetVariables]", MAX_ITEMS)
BYTES_PER_GET_VARIABLES: Final = _limit("DeviceDataCtrlr.BytesPerMessage[GetVariables]", MAX_BYTES)
BYTES_PER_SET_VARIABLES: Final = _limit("DeviceDataCtrlr.BytesPerMessage[SetVariables]", MAX_BYTES)

# Transactions
EV_CONNECTION_TIMEOUT: Final = _seconds("TxCtrlr.EVConnectionTimeOut", "ConnectionTimeOut", 60)
TX_START_POINT: Final = _list("TxCtrlr.TxStartPoint", None, (TxPoint.POWER_PATH_CLOSED.value,), TX_POINTS, minimum=1)
TX_STOP_POINT: Final = _list(
    "TxCtrlr.TxStopPoint", None, (TxPoint.EV_CONNECTED.value, TxPoint.AUTHORIZED.value), TX_POINTS, minimum=1
)
STOP_TX_ON_EV_SIDE_DISCONNECT: Final = _flag(
    "TxCtrlr.StopTxOnEVSideDisconnect", "StopTransactionOnEVSideDisconnect", default=True
)
STOP_TX_ON_INVALID_ID: Final = _flag("TxCtrlr.StopTxOnInvalidId", "StopTransactionOnInvalidId", default=True)
UNLOCK_ON_EV_SIDE_DISCONNECT: Final = _flag(
    "OCPPCommCtrlr.UnlockOnEVSideDisconnect", "UnlockConnectorOnEVSideDisconnect", default=True
)
# Ours: no specification names these three.
RESUME_AFTER_POWER_LOSS: Final = _flag("TxCtrlr.ResumeAfterPowerLoss", "ResumeAfterPowerLoss", default=False)
METER_GRACE_PERIOD: Final = _seconds("TxCtrlr.MeterGracePeriod", "MeterGracePeriod", 60)
FREE_VEND_TOKEN: Final = _text("AuthCtrlr.FreeVendIdToken", "FreeVendIdTag", "free", minimum=1, maximum=20)

# Authorisation
AUTH_ENABLED: Final = _flag("AuthCtrlr.Enabled", "FreeVend", default=True, inverted16=True)  # FreeVend is ours
AUTHORIZE_REMOTE_START: Final = _flag("AuthCtrlr.AuthorizeRemoteStart", "AuthorizeRemoteTxRequests", default=False)
LOCAL_AUTHORIZE_OFFLINE: Final = _flag("AuthCtrlr.LocalAuthorizeOffline", "LocalAuthorizeOffline", default=True)
LOCAL_PRE_AUTHORIZE: Final = _flag("AuthCtrlr.LocalPreAuthorize", "LocalPreAuthorize", default=False)
OFFLINE_TX_FOR_UNKNOWN_ID: Final = _flag(
    "AuthCtrlr.OfflineTxForUnknownIdEnabled", "AllowOfflineTxForUnknownId", default=False
)
AUTH_CACHE_ENABLED: Final = _flag("AuthCacheCtrlr.Enabled", "AuthorizationCacheEnabled", default=True)
LOCAL_AUTH_LIST_ENABLED: Final = _flag("LocalAuthListCtrlr.Enabled", "LocalAuthListEnabled", default=True)

# Meter values
SAMPLED_INTERVAL: Final = _seconds("SampledDataCtrlr.TxUpdatedInterval", "MeterValueSampleInterval", 60)
SAMPLED_STARTED_MEASURANDS: Final = _list("SampledDataCtrlr.TxStartedMeasurands", None, ENERGY, MEASURANDS)
SAMPLED_UPDATED_MEASURANDS: Final = _list(
    "SampledDataCtrlr.TxUpdatedMeasurands",
    "MeterValuesSampledData",
    (
        Measurand.ENERGY_IMPORT.value,
        Measurand.POWER_IMPORT.value,
        Measurand.CURRENT_IMPORT.value,
        Measurand.VOLTAGE.value,
    ),
    MEASURANDS,
)
SAMPLED_ENDED_MEASURANDS: Final = _list("SampledDataCtrlr.TxEndedMeasurands", "StopTxnSampledData", ENERGY, MEASURANDS)
SAMPLED_ENDED_INTERVAL: Final = _seconds("SampledDataCtrlr.TxEndedInterval", None, 0, mutable=False, maximum=0)
ALIGNED_INTERVAL: Final = _seconds("AlignedDataCtrlr.Interval", "ClockAlignedDataInterval", 0, maximum=DAY_S)
ALIGNED_SEND_DURING_IDLE: Final = _flag("AlignedDataCtrlr.SendDuringIdle", None, default=False)
ALIGNED_MEASURANDS: Final = _list("AlignedDataCtrlr.Measurands", "MeterValuesAlignedData", ENERGY, MEASURANDS)
ALIGNED_ENDED_MEASURANDS: Final = _list("AlignedDataCtrlr.TxEndedMeasurands", "StopTxnAlignedData", (), ())
ALIGNED_ENDED_INTERVAL: Final = _seconds("AlignedDataCtrlr.TxEndedInterval", None, 0, mutable=False, maximum=0)

# What the station is. 2.x says this elsewhere in its device model.
NUMBER_OF_CONNECTORS: Final = _integer(None, "NumberOfConnectors", 1, mutable=False, derived=True)
SUPPORTED_FEATURE_PROFILES: Final = _list(
    None,
    "SupportedFeatureProfiles",
    ("Core",),
    ("Core", "FirmwareManagement", "LocalAuthListManagement", "Reservation", "SmartCharging", "RemoteTrigger"),
    mutable=False,
    derived=True,
)
GET_CONFIGURATION_MAX_KEYS: Final = _limit(None, MAX_ITEMS, "GetConfigurationMaxKeys")
CONNECTOR_PHASE_ROTATION: Final = _list(
    None,
    "ConnectorPhaseRotation",
    ("0.Unknown",),
    tuple(f"1.{one}" for one in ROTATIONS),
    member=rf"\d{{1,3}}\.({'|'.join(ROTATIONS)})",
    minimum=1,
    maximum=20,
)
# How many members 1.6's lists can have at most (1.6 5.3)
MAX_LENGTHS: Final = tuple(
    _limit(None, min(one.maximum, len(one.values)) if one.member is None else one.maximum, f"{one.key16}MaxLength")
    for one in (
        SAMPLED_UPDATED_MEASURANDS,
        SAMPLED_ENDED_MEASURANDS,
        ALIGNED_MEASURANDS,
        ALIGNED_ENDED_MEASURANDS,
        CONNECTOR_PHASE_ROTATION,
    )
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (
    *(row for row in tuple(globals().values()) if isinstance(row, Setting)),
    *MAX_LENGTHS,
)
