"""Messages of OCPP 1.6, made from its JSON schemas by tools/generate_wire.py; do not edit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from agent.ocpp.stamps import PATTERN


class Wire(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Base of everything that OCPP 1.6 sends. An absent field is UNSET."""


DateTime = Annotated[str, Meta(pattern=PATTERN)]
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Text20 = Annotated[str, Meta(max_length=20)]
Text25 = Annotated[str, Meta(max_length=25)]
Text40 = Annotated[str, Meta(max_length=40)]
Text50 = Annotated[str, Meta(max_length=50)]
Text128 = Annotated[str, Meta(max_length=128)]
Text255 = Annotated[str, Meta(max_length=255)]
Text500 = Annotated[str, Meta(max_length=500)]
Text512 = Annotated[str, Meta(max_length=512)]
Text800 = Annotated[str, Meta(max_length=800)]
Text5500 = Annotated[str, Meta(max_length=5500)]
Text10000 = Annotated[str, Meta(max_length=10000)]

BootNotificationStatus = Literal[
    "Accepted", "Pending", "Rejected",
]
CancelReservationStatus = Literal[
    "Accepted", "Rejected",
]
CertificateSignedStatusEnumType = Literal[
    "Accepted", "Rejected",
]
CertificateUseEnumType = Literal[
    "CentralSystemRootCertificate", "ManufacturerRootCertificate",
]
ChangeAvailabilityStatus = Literal[
    "Accepted", "Rejected", "Scheduled",
]
ChangeAvailabilityType = Literal[
    "Inoperative", "Operative",
]
ChangeConfigurationStatus = Literal[
    "Accepted", "Rejected", "RebootRequired", "NotSupported",
]
ChargingProfileKind = Literal[
    "Absolute", "Recurring", "Relative",
]
ChargingProfilePurpose = Literal[
    "ChargePointMaxProfile", "TxDefaultProfile", "TxProfile",
]
ChargingRateUnit = Literal[
    "A", "W",
]
ClearChargingProfileStatus = Literal[
    "Accepted", "Unknown",
]
Context = Literal[
    "Interruption.Begin", "Interruption.End", "Sample.Clock", "Sample.Periodic", "Transaction.Begin", "Transaction.End",
    "Trigger", "Other",
]
DataTransferStatus = Literal[
    "Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId",
]
DeleteCertificateStatusEnumType = Literal[
    "Accepted", "Failed", "NotFound",
]
DiagnosticsStatusNotificationStatus = Literal[
    "Idle", "Uploaded", "UploadFailed", "Uploading",
]
ErrorCode = Literal[
    "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature", "InternalError",
    "LocalListConflict", "NoError", "OtherError", "OverCurrentFailure", "PowerMeterFailure", "PowerSwitchFailure",
    "ReaderFailure", "ResetFailure", "UnderVoltage", "OverVoltage", "WeakSignal",
]
FirmwareStatusEnumType = Literal[
    "Downloaded", "DownloadFailed", "Downloading", "DownloadScheduled", "DownloadPaused", "Idle", "InstallationFailed",
    "Installing", "Installed", "InstallRebooting", "InstallScheduled", "InstallVerificationFailed", "InvalidSignature",
    "SignatureVerified",
]
FirmwareStatusNotificationStatus = Literal[
    "Downloaded", "DownloadFailed", "Downloading", "Idle", "InstallationFailed", "Installing", "Installed",
]
Format = Literal[
    "Raw", "SignedData",
]
GenericStatusEnumType = Literal[
    "Accepted", "Rejected",
]
GetInstalledCertificateStatusEnumType = Literal[
    "Accepted", "NotFound",
]
HashAlgorithmEnumType = Literal[
    "SHA256", "SHA384", "SHA512",
]
IdTagInfoStatus = Literal[
    "Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx",
]
InstallCertificateStatusEnumType = Literal[
    "Accepted", "Failed", "Rejected",
]
Location = Literal[
    "Cable", "EV", "Inlet", "Outlet", "Body",
]
LogEnumType = Literal[
    "DiagnosticsLog", "SecurityLog",
]
LogStatusEnumType = Literal[
    "Accepted", "Rejected", "AcceptedCanceled",
]
Measurand = Literal[
    "Energy.Active.Export.Register", "Energy.Active.Import.Register", "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Register", "Energy.Active.Export.Interval", "Energy.Active.Import.Interval",
    "Energy.Reactive.Export.Interval", "Energy.Reactive.Import.Interval", "Power.Active.Export", "Power.Active.Import",
    "Power.Offered", "Power.Reactive.Export", "Power.Reactive.Import", "Power.Factor", "Current.Import",
    "Current.Export", "Current.Offered", "Voltage", "Frequency", "Temperature", "SoC", "RPM",
]
MessageTriggerEnumType = Literal[
    "BootNotification", "LogStatusNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues",
    "SignChargePointCertificate", "StatusNotification",
]
Phase = Literal[
    "L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1",
]
Reason = Literal[
    "EmergencyStop", "EVDisconnected", "HardReset", "Local", "Other", "PowerLoss", "Reboot", "Remote", "SoftReset",
    "UnlockCommand", "DeAuthorized",
]
RecurrencyKind = Literal[
    "Daily", "Weekly",
]
RequestedMessage = Literal[
    "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues",
    "StatusNotification",
]
ReserveNowStatus = Literal[
    "Accepted", "Faulted", "Occupied", "Rejected", "Unavailable",
]
ResetType = Literal[
    "Hard", "Soft",
]
SendLocalListStatus = Literal[
    "Accepted", "Failed", "NotSupported", "VersionMismatch",
]
SetChargingProfileStatus = Literal[
    "Accepted", "Rejected", "NotSupported",
]
StatusNotificationStatus = Literal[
    "Available", "Preparing", "Charging", "SuspendedEVSE", "SuspendedEV", "Finishing", "Reserved", "Unavailable",
    "Faulted",
]
TriggerMessageStatus = Literal[
    "Accepted", "Rejected", "NotImplemented",
]
TriggerMessageStatusEnumType = Literal[
    "Accepted", "Rejected", "NotImplemented",
]
UnitOfMeasure = Literal[
    "Wh", "kWh", "varh", "kvarh", "W", "kW", "VA", "kVA", "var", "kvar", "A", "V", "K", "Celcius", "Celsius",
    "Fahrenheit", "Percent", "Hertz",
]
UnlockConnectorStatus = Literal[
    "Unlocked", "UnlockFailed", "NotSupported",
]
UpdateFirmwareStatusEnumType = Literal[
    "Accepted", "Rejected", "AcceptedCanceled", "InvalidCertificate", "RevokedCertificate",
]
UpdateType = Literal[
    "Differential", "Full",
]
UploadLogStatusEnumType = Literal[
    "BadMessage", "Idle", "NotSupportedOperation", "PermissionDenied", "Uploaded", "UploadFailure", "Uploading",
]


class AuthorizationData(Wire, frozen=True, kw_only=True):
    idTag: Text20
    idTagInfo: IdTagInfo | UnsetType = UNSET


class CertificateHashDataType(Wire, frozen=True, kw_only=True):
    hashAlgorithm: HashAlgorithmEnumType
    issuerNameHash: Text128
    issuerKeyHash: Text128
    serialNumber: Text40


class ChargingProfile(Wire, frozen=True, kw_only=True):
    chargingProfileId: Integer
    transactionId: Integer | UnsetType = UNSET
    stackLevel: Integer
    chargingProfilePurpose: ChargingProfilePurpose
    chargingProfileKind: ChargingProfileKind
    recurrencyKind: RecurrencyKind | UnsetType = UNSET
    validFrom: DateTime | UnsetType = UNSET
    validTo: DateTime | UnsetType = UNSET
    chargingSchedule: ChargingSchedule


class ChargingSchedule(Wire, frozen=True, kw_only=True):
    duration: Integer | UnsetType = UNSET
    startSchedule: DateTime | UnsetType = UNSET
    chargingRateUnit: ChargingRateUnit
    chargingSchedulePeriod: list[ChargingSchedulePeriod]
    minChargingRate: float | UnsetType = UNSET


class ChargingSchedulePeriod(Wire, frozen=True, kw_only=True):
    startPeriod: Integer
    limit: float
    numberPhases: Integer | UnsetType = UNSET


class FirmwareType(Wire, frozen=True, kw_only=True):
    location: Text512
    retrieveDateTime: DateTime
    installDateTime: DateTime | UnsetType = UNSET
    signingCertificate: Text5500
    signature: Text800


class IdTagInfo(Wire, frozen=True, kw_only=True):
    expiryDate: DateTime | UnsetType = UNSET
    parentIdTag: Text20 | UnsetType = UNSET
    status: IdTagInfoStatus


class KeyValue(Wire, frozen=True, kw_only=True):
    key: Text50
    readonly: bool
    value: Text500 | UnsetType = UNSET


class LogParametersType(Wire, frozen=True, kw_only=True):
    remoteLocation: Text512
    oldestTimestamp: DateTime | UnsetType = UNSET
    latestTimestamp: DateTime | UnsetType = UNSET


class MeterValue(Wire, frozen=True, kw_only=True):
    timestamp: DateTime
    sampledValue: Annotated[list[SampledValue], Meta(min_length=1)]


class SampledValue(Wire, frozen=True, kw_only=True):
    value: str
    context: Context | UnsetType = UNSET
    format: Format | UnsetType = UNSET
    measurand: Measurand | UnsetType = UNSET
    phase: Phase | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    unit: UnitOfMeasure | UnsetType = UNSET


class TransactionData(Wire, frozen=True, kw_only=True):
    timestamp: DateTime
    sampledValue: list[SampledValue]


class AuthorizeRequest(Wire, frozen=True, kw_only=True):
    idTag: Text20


class AuthorizeResponse(Wire, frozen=True, kw_only=True):
    idTagInfo: IdTagInfo


class BootNotificationRequest(Wire, frozen=True, kw_only=True):
    chargePointVendor: Text20
    chargePointModel: Text20
    chargePointSerialNumber: Text25 | UnsetType = UNSET
    chargeBoxSerialNumber: Text25 | UnsetType = UNSET
    firmwareVersion: Text50 | UnsetType = UNSET
    iccid: Text20 | UnsetType = UNSET
    imsi: Text20 | UnsetType = UNSET
    meterType: Text25 | UnsetType = UNSET
    meterSerialNumber: Text25 | UnsetType = UNSET


class BootNotificationResponse(Wire, frozen=True, kw_only=True):
    status: BootNotificationStatus
    currentTime: DateTime
    interval: Integer


class CancelReservationRequest(Wire, frozen=True, kw_only=True):
    reservationId: Integer


class CancelReservationResponse(Wire, frozen=True, kw_only=True):
    status: CancelReservationStatus


class CertificateSignedRequest(Wire, frozen=True, kw_only=True):
    certificateChain: Text10000


class CertificateSignedResponse(Wire, frozen=True, kw_only=True):
    status: CertificateSignedStatusEnumType


class ChangeAvailabilityRequest(Wire, frozen=True, kw_only=True):
    connectorId: Integer
    type: ChangeAvailabilityType


class ChangeAvailabilityResponse(Wire, frozen=True, kw_only=True):
    status: ChangeAvailabilityStatus


class ChangeConfigurationRequest(Wire, frozen=True, kw_only=True):
    key: Text50
    value: Text500


class ChangeConfigurationResponse(Wire, frozen=True, kw_only=True):
    status: ChangeConfigurationStatus


class ClearCacheRequest(Wire, frozen=True, kw_only=True):
    pass


class ClearCacheResponse(Wire, frozen=True, kw_only=True):
    status: CancelReservationStatus


class ClearChargingProfileRequest(Wire, frozen=True, kw_only=True):
    id: Integer | UnsetType = UNSET
    connectorId: Integer | UnsetType = UNSET
    chargingProfilePurpose: ChargingProfilePurpose | UnsetType = UNSET
    stackLevel: Integer | UnsetType = UNSET


class ClearChargingProfileResponse(Wire, frozen=True, kw_only=True):
    status: ClearChargingProfileStatus


class DataTransferRequest(Wire, frozen=True, kw_only=True):
    vendorId: Text255
    messageId: Text50 | UnsetType = UNSET
    data: str | UnsetType = UNSET


class DataTransferResponse(Wire, frozen=True, kw_only=True):
    status: DataTransferStatus
    data: str | UnsetType = UNSET


class DeleteCertificateRequest(Wire, frozen=True, kw_only=True):
    certificateHashData: CertificateHashDataType


class DeleteCertificateResponse(Wire, frozen=True, kw_only=True):
    status: DeleteCertificateStatusEnumType


class DiagnosticsStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    status: DiagnosticsStatusNotificationStatus


class DiagnosticsStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    pass


class ExtendedTriggerMessageRequest(Wire, frozen=True, kw_only=True):
    requestedMessage: MessageTriggerEnumType
    connectorId: Integer | UnsetType = UNSET


class ExtendedTriggerMessageResponse(Wire, frozen=True, kw_only=True):
    status: TriggerMessageStatusEnumType


class FirmwareStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    status: FirmwareStatusNotificationStatus


class FirmwareStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    pass


class GetCompositeScheduleRequest(Wire, frozen=True, kw_only=True):
    connectorId: Integer
    duration: Integer
    chargingRateUnit: ChargingRateUnit | UnsetType = UNSET


class GetCompositeScheduleResponse(Wire, frozen=True, kw_only=True):
    status: CancelReservationStatus
    connectorId: Integer | UnsetType = UNSET
    scheduleStart: DateTime | UnsetType = UNSET
    chargingSchedule: ChargingSchedule | UnsetType = UNSET


class GetConfigurationRequest(Wire, frozen=True, kw_only=True):
    key: list[Text50] | UnsetType = UNSET


class GetConfigurationResponse(Wire, frozen=True, kw_only=True):
    configurationKey: list[KeyValue] | UnsetType = UNSET
    unknownKey: list[Text50] | UnsetType = UNSET


class GetDiagnosticsRequest(Wire, frozen=True, kw_only=True):
    location: str
    retries: Integer | UnsetType = UNSET
    retryInterval: Integer | UnsetType = UNSET
    startTime: DateTime | UnsetType = UNSET
    stopTime: DateTime | UnsetType = UNSET


class GetDiagnosticsResponse(Wire, frozen=True, kw_only=True):
    fileName: Text255 | UnsetType = UNSET


class GetInstalledCertificateIdsRequest(Wire, frozen=True, kw_only=True):
    certificateType: CertificateUseEnumType


class GetInstalledCertificateIdsResponse(Wire, frozen=True, kw_only=True):
    certificateHashData: Annotated[list[CertificateHashDataType], Meta(min_length=1)] | UnsetType = UNSET
    status: GetInstalledCertificateStatusEnumType


class GetLocalListVersionRequest(Wire, frozen=True, kw_only=True):
    pass


class GetLocalListVersionResponse(Wire, frozen=True, kw_only=True):
    listVersion: Integer


class GetLogRequest(Wire, frozen=True, kw_only=True):
    log: LogParametersType
    logType: LogEnumType
    requestId: Integer
    retries: Integer | UnsetType = UNSET
    retryInterval: Integer | UnsetType = UNSET


class GetLogResponse(Wire, frozen=True, kw_only=True):
    status: LogStatusEnumType
    filename: Text255 | UnsetType = UNSET


class HeartbeatRequest(Wire, frozen=True, kw_only=True):
    pass


class HeartbeatResponse(Wire, frozen=True, kw_only=True):
    currentTime: DateTime


class InstallCertificateRequest(Wire, frozen=True, kw_only=True):
    certificateType: CertificateUseEnumType
    certificate: Text5500


class InstallCertificateResponse(Wire, frozen=True, kw_only=True):
    status: InstallCertificateStatusEnumType


class LogStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    status: UploadLogStatusEnumType
    requestId: Integer | UnsetType = UNSET


class LogStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    pass


class MeterValuesRequest(Wire, frozen=True, kw_only=True):
    connectorId: Integer
    transactionId: Integer | UnsetType = UNSET
    meterValue: Annotated[list[MeterValue], Meta(min_length=1)]


class MeterValuesResponse(Wire, frozen=True, kw_only=True):
    pass


class RemoteStartTransactionRequest(Wire, frozen=True, kw_only=True):
    connectorId: Integer | UnsetType = UNSET
    idTag: Text20
    chargingProfile: ChargingProfile | UnsetType = UNSET


class RemoteStartTransactionResponse(Wire, frozen=True, kw_only=True):
    status: CancelReservationStatus


class RemoteStopTransactionRequest(Wire, frozen=True, kw_only=True):
    transactionId: Integer


class RemoteStopTransactionResponse(Wire, frozen=True, kw_only=True):
    status: CancelReservationStatus


class ReserveNowRequest(Wire, frozen=True, kw_only=True):
    connectorId: Integer
    expiryDate: DateTime
    idTag: Text20
    parentIdTag: Text20 | UnsetType = UNSET
    reservationId: Integer


class ReserveNowResponse(Wire, frozen=True, kw_only=True):
    status: ReserveNowStatus


class ResetRequest(Wire, frozen=True, kw_only=True):
    type: ResetType


class ResetResponse(Wire, frozen=True, kw_only=True):
    status: CancelReservationStatus


class SecurityEventNotificationRequest(Wire, frozen=True, kw_only=True):
    type: Text50
    timestamp: DateTime
    techInfo: Text255 | UnsetType = UNSET


class SecurityEventNotificationResponse(Wire, frozen=True, kw_only=True):
    pass


class SendLocalListRequest(Wire, frozen=True, kw_only=True):
    listVersion: Integer
    localAuthorizationList: list[AuthorizationData] | UnsetType = UNSET
    updateType: UpdateType


class SendLocalListResponse(Wire, frozen=True, kw_only=True):
    status: SendLocalListStatus


class SetChargingProfileRequest(Wire, frozen=True, kw_only=True):
    connectorId: Integer
    csChargingProfiles: ChargingProfile


class SetChargingProfileResponse(Wire, frozen=True, kw_only=True):
    status: SetChargingProfileStatus


class SignCertificateRequest(Wire, frozen=True, kw_only=True):
    csr: Text5500


class SignCertificateResponse(Wire, frozen=True, kw_only=True):
    status: GenericStatusEnumType


class SignedFirmwareStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    status: FirmwareStatusEnumType
    requestId: Integer | UnsetType = UNSET


class SignedFirmwareStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    pass


class SignedUpdateFirmwareRequest(Wire, frozen=True, kw_only=True):
    retries: Integer | UnsetType = UNSET
    retryInterval: Integer | UnsetType = UNSET
    requestId: Integer
    firmware: FirmwareType


class SignedUpdateFirmwareResponse(Wire, frozen=True, kw_only=True):
    status: UpdateFirmwareStatusEnumType


class StartTransactionRequest(Wire, frozen=True, kw_only=True):
    connectorId: Integer
    idTag: Text20
    meterStart: Integer
    reservationId: Integer | UnsetType = UNSET
    timestamp: DateTime


class StartTransactionResponse(Wire, frozen=True, kw_only=True):
    idTagInfo: IdTagInfo
    transactionId: Integer


class StatusNotificationRequest(Wire, frozen=True, kw_only=True):
    connectorId: Integer
    errorCode: ErrorCode
    info: Text50 | UnsetType = UNSET
    status: StatusNotificationStatus
    timestamp: DateTime | UnsetType = UNSET
    vendorId: Text255 | UnsetType = UNSET
    vendorErrorCode: Text50 | UnsetType = UNSET


class StatusNotificationResponse(Wire, frozen=True, kw_only=True):
    pass


class StopTransactionRequest(Wire, frozen=True, kw_only=True):
    idTag: Text20 | UnsetType = UNSET
    meterStop: Integer
    timestamp: DateTime
    transactionId: Integer
    reason: Reason | UnsetType = UNSET
    transactionData: list[TransactionData] | UnsetType = UNSET


class StopTransactionResponse(Wire, frozen=True, kw_only=True):
    idTagInfo: IdTagInfo | UnsetType = UNSET


class TriggerMessageRequest(Wire, frozen=True, kw_only=True):
    requestedMessage: RequestedMessage
    connectorId: Integer | UnsetType = UNSET


class TriggerMessageResponse(Wire, frozen=True, kw_only=True):
    status: TriggerMessageStatus


class UnlockConnectorRequest(Wire, frozen=True, kw_only=True):
    connectorId: Integer


class UnlockConnectorResponse(Wire, frozen=True, kw_only=True):
    status: UnlockConnectorStatus


class UpdateFirmwareRequest(Wire, frozen=True, kw_only=True):
    location: str
    retries: Integer | UnsetType = UNSET
    retrieveDate: DateTime
    retryInterval: Integer | UnsetType = UNSET


class UpdateFirmwareResponse(Wire, frozen=True, kw_only=True):
    pass


ACTIONS: dict[str, tuple[type[Struct], type[Struct]]] = {
    "Authorize": (AuthorizeRequest, AuthorizeResponse),
    "BootNotification": (BootNotificationRequest, BootNotificationResponse),
    "CancelReservation": (CancelReservationRequest, CancelReservationResponse),
    "CertificateSigned": (CertificateSignedRequest, CertificateSignedResponse),
    "ChangeAvailability": (ChangeAvailabilityRequest, ChangeAvailabilityResponse),
    "ChangeConfiguration": (ChangeConfigurationRequest, ChangeConfigurationResponse),
    "ClearCache": (ClearCacheRequest, ClearCacheResponse),
    "ClearChargingProfile": (ClearChargingProfileRequest, ClearChargingProfileResponse),
    "DataTransfer": (DataTransferRequest, DataTransferResponse),
    "DeleteCertificate": (DeleteCertificateRequest, DeleteCertificateResponse),
    "DiagnosticsStatusNotification": (DiagnosticsStatusNotificationRequest, DiagnosticsStatusNotificationResponse),
    "ExtendedTriggerMessage": (ExtendedTriggerMessageRequest, ExtendedTriggerMessageResponse),
    "FirmwareStatusNotification": (FirmwareStatusNotificationRequest, FirmwareStatusNotificationResponse),
    "GetCompositeSchedule": (GetCompositeScheduleRequest, GetCompositeScheduleResponse),
    "GetConfiguration": (GetConfigurationRequest, GetConfigurationResponse),
    "GetDiagnostics": (GetDiagnosticsRequest, GetDiagnosticsResponse),
    "GetInstalledCertificateIds": (GetInstalledCertificateIdsRequest, GetInstalledCertificateIdsResponse),
    "GetLocalListVersion": (GetLocalListVersionRequest, GetLocalListVersionResponse),
    "GetLog": (GetLogRequest, GetLogResponse),
    "Heartbeat": (HeartbeatRequest, HeartbeatResponse),
    "InstallCertificate": (InstallCertificateRequest, InstallCertificateResponse),
    "LogStatusNotification": (LogStatusNotificationRequest, LogStatusNotificationResponse),
    "MeterValues": (MeterValuesRequest, MeterValuesResponse),
    "RemoteStartTransaction": (RemoteStartTransactionRequest, RemoteStartTransactionResponse),
    "RemoteStopTransaction": (RemoteStopTransactionRequest, RemoteStopTransactionResponse),
    "ReserveNow": (ReserveNowRequest, ReserveNowResponse),
    "Reset": (ResetRequest, ResetResponse),
    "SecurityEventNotification": (SecurityEventNotificationRequest, SecurityEventNotificationResponse),
    "SendLocalList": (SendLocalListRequest, SendLocalListResponse),
    "SetChargingProfile": (SetChargingProfileRequest, SetChargingProfileResponse),
    "SignCertificate": (SignCertificateRequest, SignCertificateResponse),
    "SignedFirmwareStatusNotification": (SignedFirmwareStatusNotificationRequest, SignedFirmwareStatusNotificationResponse),
    "SignedUpdateFirmware": (SignedUpdateFirmwareRequest, SignedUpdateFirmwareResponse),
    "StartTransaction": (StartTransactionRequest, StartTransactionResponse),
    "StatusNotification": (StatusNotificationRequest, StatusNotificationResponse),
    "StopTransaction": (StopTransactionRequest, StopTransactionResponse),
    "TriggerMessage": (TriggerMessageRequest, TriggerMessageResponse),
    "UnlockConnector": (UnlockConnectorRequest, UnlockConnectorResponse),
    "UpdateFirmware": (UpdateFirmwareRequest, UpdateFirmwareResponse),
}

# Unconfirmed messages (SEND).
SENDS: dict[str, type[Struct]] = {}
