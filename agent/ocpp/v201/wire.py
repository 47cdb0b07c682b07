"""Messages of OCPP 2.0.1, made from its JSON schemas by tools/generate_wire.py; do not edit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from agent.ocpp.stamps import PATTERN


class Wire(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Base of everything that OCPP 2.0.1 sends. An absent field is UNSET."""


class CustomDataType(dict[str, Any]):
    """Extension data of a vendor: `vendorId` (at most 255 characters) and any other property."""


DateTime = Annotated[str, Meta(pattern=PATTERN)]
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
IntegerFrom0 = Annotated[int, Meta(ge=0, le=2**63 - 1)]
IntegerFrom0To100 = Annotated[int, Meta(ge=0, le=100)]
Text6 = Annotated[str, Meta(max_length=6)]
Text8 = Annotated[str, Meta(max_length=8)]
Text16 = Annotated[str, Meta(max_length=16)]
Text20 = Annotated[str, Meta(max_length=20)]
Text25 = Annotated[str, Meta(max_length=25)]
Text32 = Annotated[str, Meta(max_length=32)]
Text36 = Annotated[str, Meta(max_length=36)]
Text40 = Annotated[str, Meta(max_length=40)]
Text50 = Annotated[str, Meta(max_length=50)]
Text64 = Annotated[str, Meta(max_length=64)]
Text128 = Annotated[str, Meta(max_length=128)]
Text255 = Annotated[str, Meta(max_length=255)]
Text500 = Annotated[str, Meta(max_length=500)]
Text512 = Annotated[str, Meta(max_length=512)]
Text800 = Annotated[str, Meta(max_length=800)]
Text1000 = Annotated[str, Meta(max_length=1000)]
Text2500 = Annotated[str, Meta(max_length=2500)]
Text5500 = Annotated[str, Meta(max_length=5500)]
Text5600 = Annotated[str, Meta(max_length=5600)]
Text7500 = Annotated[str, Meta(max_length=7500)]
Text10000 = Annotated[str, Meta(max_length=10000)]

APNAuthenticationEnumType = Literal[
    "CHAP", "NONE", "PAP", "AUTO",
]
AttributeEnumType = Literal[
    "Actual", "Target", "MinSet", "MaxSet",
]
AuthorizationStatusEnumType = Literal[
    "Accepted", "Blocked", "ConcurrentTx", "Expired", "Invalid", "NoCredit", "NotAllowedTypeEVSE", "NotAtThisLocation",
    "NotAtThisTime", "Unknown",
]
AuthorizeCertificateStatusEnumType = Literal[
    "Accepted", "SignatureError", "CertificateExpired", "CertificateRevoked", "NoCertificateAvailable",
    "CertChainError", "ContractCancelled",
]
BootReasonEnumType = Literal[
    "ApplicationReset", "FirmwareUpdate", "LocalReset", "PowerUp", "RemoteReset", "ScheduledReset", "Triggered",
    "Unknown", "Watchdog",
]
CancelReservationStatusEnumType = Literal[
    "Accepted", "Rejected",
]
CertificateActionEnumType = Literal[
    "Install", "Update",
]
CertificateSignedStatusEnumType = Literal[
    "Accepted", "Rejected",
]
CertificateSigningUseEnumType = Literal[
    "ChargingStationCertificate", "V2GCertificate",
]
ChangeAvailabilityStatusEnumType = Literal[
    "Accepted", "Rejected", "Scheduled",
]
ChargingLimitSourceEnumType = Literal[
    "EMS", "Other", "SO", "CSO",
]
ChargingProfileKindEnumType = Literal[
    "Absolute", "Recurring", "Relative",
]
ChargingProfilePurposeEnumType = Literal[
    "ChargingStationExternalConstraints", "ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile",
]
ChargingProfileStatusEnumType = Literal[
    "Accepted", "Rejected",
]
ChargingRateUnitEnumType = Literal[
    "W", "A",
]
ChargingStateEnumType = Literal[
    "Charging", "EVConnected", "SuspendedEV", "SuspendedEVSE", "Idle",
]
ClearCacheStatusEnumType = Literal[
    "Accepted", "Rejected",
]
ClearChargingProfileStatusEnumType = Literal[
    "Accepted", "Unknown",
]
ClearMessageStatusEnumType = Literal[
    "Accepted", "Unknown",
]
ClearMonitoringStatusEnumType = Literal[
    "Accepted", "Rejected", "NotFound",
]
ComponentCriterionEnumType = Literal[
    "Active", "Available", "Enabled", "Problem",
]
ConnectorEnumType = Literal[
    "cCCS1", "cCCS2", "cG105", "cTesla", "cType1", "cType2", "s309-1P-16A", "s309-1P-32A", "s309-3P-16A", "s309-3P-32A",
    "sBS1361", "sCEE-7-7", "sType2", "sType3", "Other1PhMax16A", "Other1PhOver16A", "Other3Ph", "Pan", "wInductive",
    "wResonant", "Undetermined", "Unknown",
]
ConnectorStatusEnumType = Literal[
    "Available", "Occupied", "Reserved", "Unavailable", "Faulted",
]
CostKindEnumType = Literal[
    "CarbonDioxideEmission", "RelativePricePercentage", "RenewableGenerationPercentage",
]
CustomerInformationStatusEnumType = Literal[
    "Accepted", "Rejected", "Invalid",
]
DataEnumType = Literal[
    "string", "decimal", "integer", "dateTime", "boolean", "OptionList", "SequenceList", "MemberList",
]
DataTransferStatusEnumType = Literal[
    "Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId",
]
DeleteCertificateStatusEnumType = Literal[
    "Accepted", "Failed", "NotFound",
]
DisplayMessageStatusEnumType = Literal[
    "Accepted", "NotSupportedMessageFormat", "Rejected", "NotSupportedPriority", "NotSupportedState",
    "UnknownTransaction",
]
EnergyTransferModeEnumType = Literal[
    "DC", "AC_single_phase", "AC_two_phase", "AC_three_phase",
]
EventNotificationEnumType = Literal[
    "HardWiredNotification", "HardWiredMonitor", "PreconfiguredMonitor", "CustomMonitor",
]
EventTriggerEnumType = Literal[
    "Alerting", "Delta", "Periodic",
]
FirmwareStatusEnumType = Literal[
    "Downloaded", "DownloadFailed", "Downloading", "DownloadScheduled", "DownloadPaused", "Idle", "InstallationFailed",
    "Installing", "Installed", "InstallRebooting", "InstallScheduled", "InstallVerificationFailed", "InvalidSignature",
    "SignatureVerified",
]
GenericDeviceModelStatusEnumType = Literal[
    "Accepted", "Rejected", "NotSupported", "EmptyResultSet",
]
GenericStatusEnumType = Literal[
    "Accepted", "Rejected",
]
GetCertificateIdUseEnumType = Literal[
    "V2GRootCertificate", "MORootCertificate", "CSMSRootCertificate", "V2GCertificateChain",
    "ManufacturerRootCertificate",
]
GetCertificateStatusEnumType = Literal[
    "Accepted", "Failed",
]
GetChargingProfileStatusEnumType = Literal[
    "Accepted", "NoProfiles",
]
GetDisplayMessagesStatusEnumType = Literal[
    "Accepted", "Unknown",
]
GetInstalledCertificateStatusEnumType = Literal[
    "Accepted", "NotFound",
]
GetVariableStatusEnumType = Literal[
    "Accepted", "Rejected", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType",
]
HashAlgorithmEnumType = Literal[
    "SHA256", "SHA384", "SHA512",
]
IdTokenEnumType = Literal[
    "Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization",
]
InstallCertificateStatusEnumType = Literal[
    "Accepted", "Rejected", "Failed",
]
InstallCertificateUseEnumType = Literal[
    "V2GRootCertificate", "MORootCertificate", "CSMSRootCertificate", "ManufacturerRootCertificate",
]
Iso15118EVCertificateStatusEnumType = Literal[
    "Accepted", "Failed",
]
LocationEnumType = Literal[
    "Body", "Cable", "EV", "Inlet", "Outlet",
]
LogEnumType = Literal[
    "DiagnosticsLog", "SecurityLog",
]
LogStatusEnumType = Literal[
    "Accepted", "Rejected", "AcceptedCanceled",
]
MeasurandEnumType = Literal[
    "Current.Export", "Current.Import", "Current.Offered", "Energy.Active.Export.Register",
    "Energy.Active.Import.Register", "Energy.Reactive.Export.Register", "Energy.Reactive.Import.Register",
    "Energy.Active.Export.Interval", "Energy.Active.Import.Interval", "Energy.Active.Net",
    "Energy.Reactive.Export.Interval", "Energy.Reactive.Import.Interval", "Energy.Reactive.Net", "Energy.Apparent.Net",
    "Energy.Apparent.Import", "Energy.Apparent.Export", "Frequency", "Power.Active.Export", "Power.Active.Import",
    "Power.Factor", "Power.Offered", "Power.Reactive.Export", "Power.Reactive.Import", "SoC", "Voltage",
]
MessageFormatEnumType = Literal[
    "ASCII", "HTML", "URI", "UTF8",
]
MessagePriorityEnumType = Literal[
    "AlwaysFront", "InFront", "NormalCycle",
]
MessageStateEnumType = Literal[
    "Charging", "Faulted", "Idle", "Unavailable",
]
MessageTriggerEnumType = Literal[
    "BootNotification", "LogStatusNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues",
    "SignChargingStationCertificate", "SignV2GCertificate", "StatusNotification", "TransactionEvent",
    "SignCombinedCertificate", "PublishFirmwareStatusNotification",
]
MonitorEnumType = Literal[
    "UpperThreshold", "LowerThreshold", "Delta", "Periodic", "PeriodicClockAligned",
]
MonitoringBaseEnumType = Literal[
    "All", "FactoryDefault", "HardWiredOnly",
]
MonitoringCriterionEnumType = Literal[
    "ThresholdMonitoring", "DeltaMonitoring", "PeriodicMonitoring",
]
MutabilityEnumType = Literal[
    "ReadOnly", "WriteOnly", "ReadWrite",
]
NotifyEVChargingNeedsStatusEnumType = Literal[
    "Accepted", "Rejected", "Processing",
]
OCPPInterfaceEnumType = Literal[
    "Wired0", "Wired1", "Wired2", "Wired3", "Wireless0", "Wireless1", "Wireless2", "Wireless3",
]
OCPPTransportEnumType = Literal[
    "JSON", "SOAP",
]
OCPPVersionEnumType = Literal[
    "OCPP12", "OCPP15", "OCPP16", "OCPP20",
]
OperationalStatusEnumType = Literal[
    "Inoperative", "Operative",
]
PhaseEnumType = Literal[
    "L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1",
]
PublishFirmwareStatusEnumType = Literal[
    "Idle", "DownloadScheduled", "Downloading", "Downloaded", "Published", "DownloadFailed", "DownloadPaused",
    "InvalidChecksum", "ChecksumVerified", "PublishFailed",
]
ReadingContextEnumType = Literal[
    "Interruption.Begin", "Interruption.End", "Other", "Sample.Clock", "Sample.Periodic", "Transaction.Begin",
    "Transaction.End", "Trigger",
]
ReasonEnumType = Literal[
    "DeAuthorized", "EmergencyStop", "EnergyLimitReached", "EVDisconnected", "GroundFault", "ImmediateReset", "Local",
    "LocalOutOfCredit", "MasterPass", "Other", "OvercurrentFault", "PowerLoss", "PowerQuality", "Reboot", "Remote",
    "SOCLimitReached", "StoppedByEV", "TimeLimitReached", "Timeout",
]
RecurrencyKindEnumType = Literal[
    "Daily", "Weekly",
]
RegistrationStatusEnumType = Literal[
    "Accepted", "Pending", "Rejected",
]
ReportBaseEnumType = Literal[
    "ConfigurationInventory", "FullInventory", "SummaryInventory",
]
RequestStartStopStatusEnumType = Literal[
    "Accepted", "Rejected",
]
ReservationUpdateStatusEnumType = Literal[
    "Expired", "Removed",
]
ReserveNowStatusEnumType = Literal[
    "Accepted", "Faulted", "Occupied", "Rejected", "Unavailable",
]
ResetEnumType = Literal[
    "Immediate", "OnIdle",
]
ResetStatusEnumType = Literal[
    "Accepted", "Rejected", "Scheduled",
]
SendLocalListStatusEnumType = Literal[
    "Accepted", "Failed", "VersionMismatch",
]
SetMonitoringStatusEnumType = Literal[
    "Accepted", "UnknownComponent", "UnknownVariable", "UnsupportedMonitorType", "Rejected", "Duplicate",
]
SetNetworkProfileStatusEnumType = Literal[
    "Accepted", "Rejected", "Failed",
]
SetVariableStatusEnumType = Literal[
    "Accepted", "Rejected", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType", "RebootRequired",
]
TransactionEventEnumType = Literal[
    "Ended", "Started", "Updated",
]
TriggerMessageStatusEnumType = Literal[
    "Accepted", "Rejected", "NotImplemented",
]
TriggerReasonEnumType = Literal[
    "Authorized", "CablePluggedIn", "ChargingRateChanged", "ChargingStateChanged", "Deauthorized", "EnergyLimitReached",
    "EVCommunicationLost", "EVConnectTimeout", "MeterValueClock", "MeterValuePeriodic", "TimeLimitReached", "Trigger",
    "UnlockCommand", "StopAuthorized", "EVDeparted", "EVDetected", "RemoteStop", "RemoteStart", "AbnormalCondition",
    "SignedDataReceived", "ResetCommand",
]
UnlockStatusEnumType = Literal[
    "Unlocked", "UnlockFailed", "OngoingAuthorizedTransaction", "UnknownConnector",
]
UnpublishFirmwareStatusEnumType = Literal[
    "DownloadOngoing", "NoFirmware", "Unpublished",
]
UpdateEnumType = Literal[
    "Differential", "Full",
]
UpdateFirmwareStatusEnumType = Literal[
    "Accepted", "Rejected", "AcceptedCanceled", "InvalidCertificate", "RevokedCertificate",
]
UploadLogStatusEnumType = Literal[
    "BadMessage", "Idle", "NotSupportedOperation", "PermissionDenied", "Uploaded", "UploadFailure", "Uploading",
    "AcceptedCanceled",
]
VPNEnumType = Literal[
    "IKEv2", "IPSec", "L2TP", "PPTP",
]


class ACChargingParametersType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    energyAmount: Integer
    evMinCurrent: Integer
    evMaxCurrent: Integer
    evMaxVoltage: Integer


class APNType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    apn: Text512
    apnUserName: Text20 | UnsetType = UNSET
    apnPassword: Text20 | UnsetType = UNSET
    simPin: Integer | UnsetType = UNSET
    preferredNetwork: Text6 | UnsetType = UNSET
    useOnlyPreferredNetwork: bool | UnsetType = UNSET
    apnAuthentication: APNAuthenticationEnumType


class AdditionalInfoType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    additionalIdToken: Text36
    type: Text50


class AuthorizationData(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    idToken: IdTokenType
    idTokenInfo: IdTokenInfoType | UnsetType = UNSET


class CertificateHashDataChainType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    certificateHashData: CertificateHashDataType
    certificateType: GetCertificateIdUseEnumType
    childCertificateHashData: Annotated[list[CertificateHashDataType], Meta(min_length=1, max_length=4)] | UnsetType = UNSET


class CertificateHashDataType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    hashAlgorithm: HashAlgorithmEnumType
    issuerNameHash: Text128
    issuerKeyHash: Text128
    serialNumber: Text40


class ChargingLimitType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    chargingLimitSource: ChargingLimitSourceEnumType
    isGridCritical: bool | UnsetType = UNSET


class ChargingNeedsType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    acChargingParameters: ACChargingParametersType | UnsetType = UNSET
    dcChargingParameters: DCChargingParametersType | UnsetType = UNSET
    requestedEnergyTransfer: EnergyTransferModeEnumType
    departureTime: DateTime | UnsetType = UNSET


class ChargingProfileCriterionType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    chargingProfilePurpose: ChargingProfilePurposeEnumType | UnsetType = UNSET
    stackLevel: Integer | UnsetType = UNSET
    chargingProfileId: Annotated[list[Integer], Meta(min_length=1)] | UnsetType = UNSET
    chargingLimitSource: Annotated[list[ChargingLimitSourceEnumType], Meta(min_length=1, max_length=4)] | UnsetType = UNSET


class ChargingProfileType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Integer
    stackLevel: Integer
    chargingProfilePurpose: ChargingProfilePurposeEnumType
    chargingProfileKind: ChargingProfileKindEnumType
    recurrencyKind: RecurrencyKindEnumType | UnsetType = UNSET
    validFrom: DateTime | UnsetType = UNSET
    validTo: DateTime | UnsetType = UNSET
    chargingSchedule: Annotated[list[ChargingScheduleType], Meta(min_length=1, max_length=3)]
    transactionId: Text36 | UnsetType = UNSET


class ChargingSchedulePeriodType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    startPeriod: Integer
    limit: float
    numberPhases: Integer | UnsetType = UNSET
    phaseToUse: Integer | UnsetType = UNSET


class ChargingScheduleType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Integer
    startSchedule: DateTime | UnsetType = UNSET
    duration: Integer | UnsetType = UNSET
    chargingRateUnit: ChargingRateUnitEnumType
    chargingSchedulePeriod: Annotated[list[ChargingSchedulePeriodType], Meta(min_length=1, max_length=1024)]
    minChargingRate: float | UnsetType = UNSET
    salesTariff: SalesTariffType | UnsetType = UNSET


class ChargingStationType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    serialNumber: Text25 | UnsetType = UNSET
    model: Text20
    modem: ModemType | UnsetType = UNSET
    vendorName: Text50
    firmwareVersion: Text50 | UnsetType = UNSET


class ClearChargingProfileType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    evseId: Integer | UnsetType = UNSET
    chargingProfilePurpose: ChargingProfilePurposeEnumType | UnsetType = UNSET
    stackLevel: Integer | UnsetType = UNSET


class ClearMonitoringResultType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: ClearMonitoringStatusEnumType
    id: Integer
    statusInfo: StatusInfoType | UnsetType = UNSET


class ComponentType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    evse: EVSEType | UnsetType = UNSET
    name: Text50
    instance: Text50 | UnsetType = UNSET


class ComponentVariableType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    component: ComponentType
    variable: VariableType | UnsetType = UNSET


class CompositeScheduleType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    chargingSchedulePeriod: Annotated[list[ChargingSchedulePeriodType], Meta(min_length=1)]
    evseId: Integer
    duration: Integer
    scheduleStart: DateTime
    chargingRateUnit: ChargingRateUnitEnumType


class ConsumptionCostType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    startValue: float
    cost: Annotated[list[CostType], Meta(min_length=1, max_length=3)]


class CostType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    costKind: CostKindEnumType
    amount: Integer
    amountMultiplier: Integer | UnsetType = UNSET


class DCChargingParametersType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    evMaxCurrent: Integer
    evMaxVoltage: Integer
    energyAmount: Integer | UnsetType = UNSET
    evMaxPower: Integer | UnsetType = UNSET
    stateOfCharge: IntegerFrom0To100 | UnsetType = UNSET
    evEnergyCapacity: Integer | UnsetType = UNSET
    fullSoC: IntegerFrom0To100 | UnsetType = UNSET
    bulkSoC: IntegerFrom0To100 | UnsetType = UNSET


class EVSEType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Integer
    connectorId: Integer | UnsetType = UNSET


class EventDataType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    eventId: Integer
    timestamp: DateTime
    trigger: EventTriggerEnumType
    cause: Integer | UnsetType = UNSET
    actualValue: Text2500
    techCode: Text50 | UnsetType = UNSET
    techInfo: Text500 | UnsetType = UNSET
    cleared: bool | UnsetType = UNSET
    transactionId: Text36 | UnsetType = UNSET
    component: ComponentType
    variableMonitoringId: Integer | UnsetType = UNSET
    eventNotificationType: EventNotificationEnumType
    variable: VariableType


class FirmwareType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    location: Text512
    retrieveDateTime: DateTime
    installDateTime: DateTime | UnsetType = UNSET
    signingCertificate: Text5500 | UnsetType = UNSET
    signature: Text800 | UnsetType = UNSET


class GetVariableDataType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    attributeType: AttributeEnumType | UnsetType = UNSET
    component: ComponentType
    variable: VariableType


class GetVariableResultType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    attributeStatusInfo: StatusInfoType | UnsetType = UNSET
    attributeStatus: GetVariableStatusEnumType
    attributeType: AttributeEnumType | UnsetType = UNSET
    attributeValue: Text2500 | UnsetType = UNSET
    component: ComponentType
    variable: VariableType


class IdTokenInfoType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: AuthorizationStatusEnumType
    cacheExpiryDateTime: DateTime | UnsetType = UNSET
    chargingPriority: Integer | UnsetType = UNSET
    language1: Text8 | UnsetType = UNSET
    evseId: Annotated[list[Integer], Meta(min_length=1)] | UnsetType = UNSET
    groupIdToken: IdTokenType | UnsetType = UNSET
    language2: Text8 | UnsetType = UNSET
    personalMessage: MessageContentType | UnsetType = UNSET


class IdTokenType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    additionalInfo: Annotated[list[AdditionalInfoType], Meta(min_length=1)] | UnsetType = UNSET
    idToken: Text36
    type: IdTokenEnumType


class LogParametersType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    remoteLocation: Text512
    oldestTimestamp: DateTime | UnsetType = UNSET
    latestTimestamp: DateTime | UnsetType = UNSET


class MessageContentType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    format: MessageFormatEnumType
    language: Text8 | UnsetType = UNSET
    content: Text512


class MessageInfoType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    display: ComponentType | UnsetType = UNSET
    id: Integer
    priority: MessagePriorityEnumType
    state: MessageStateEnumType | UnsetType = UNSET
    startDateTime: DateTime | UnsetType = UNSET
    endDateTime: DateTime | UnsetType = UNSET
    transactionId: Text36 | UnsetType = UNSET
    message: MessageContentType


class MeterValueType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    sampledValue: Annotated[list[SampledValueType], Meta(min_length=1)]
    timestamp: DateTime


class ModemType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    iccid: Text20 | UnsetType = UNSET
    imsi: Text20 | UnsetType = UNSET


class MonitoringDataType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    component: ComponentType
    variable: VariableType
    variableMonitoring: Annotated[list[VariableMonitoringType], Meta(min_length=1)]


class NetworkConnectionProfileType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    apn: APNType | UnsetType = UNSET
    ocppVersion: OCPPVersionEnumType
    ocppTransport: OCPPTransportEnumType
    ocppCsmsUrl: Text512
    messageTimeout: Integer
    securityProfile: Integer
    ocppInterface: OCPPInterfaceEnumType
    vpn: VPNType | UnsetType = UNSET


class OCSPRequestDataType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    hashAlgorithm: HashAlgorithmEnumType
    issuerNameHash: Text128
    issuerKeyHash: Text128
    serialNumber: Text40
    responderURL: Text512


class RelativeTimeIntervalType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    start: Integer
    duration: Integer | UnsetType = UNSET


class ReportDataType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    component: ComponentType
    variable: VariableType
    variableAttribute: Annotated[list[VariableAttributeType], Meta(min_length=1, max_length=4)]
    variableCharacteristics: VariableCharacteristicsType | UnsetType = UNSET


class SalesTariffEntryType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    relativeTimeInterval: RelativeTimeIntervalType
    ePriceLevel: IntegerFrom0 | UnsetType = UNSET
    consumptionCost: Annotated[list[ConsumptionCostType], Meta(min_length=1, max_length=3)] | UnsetType = UNSET


class SalesTariffType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Integer
    salesTariffDescription: Text32 | UnsetType = UNSET
    numEPriceLevels: Integer | UnsetType = UNSET
    salesTariffEntry: Annotated[list[SalesTariffEntryType], Meta(min_length=1, max_length=1024)]


class SampledValueType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    value: float
    context: ReadingContextEnumType | UnsetType = UNSET
    measurand: MeasurandEnumType | UnsetType = UNSET
    phase: PhaseEnumType | UnsetType = UNSET
    location: LocationEnumType | UnsetType = UNSET
    signedMeterValue: SignedMeterValueType | UnsetType = UNSET
    unitOfMeasure: UnitOfMeasureType | UnsetType = UNSET


class SetMonitoringDataType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Integer | UnsetType = UNSET
    transaction: bool | UnsetType = UNSET
    value: float
    type: MonitorEnumType
    severity: Integer
    component: ComponentType
    variable: VariableType


class SetMonitoringResultType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Integer | UnsetType = UNSET
    statusInfo: StatusInfoType | UnsetType = UNSET
    status: SetMonitoringStatusEnumType
    type: MonitorEnumType
    component: ComponentType
    variable: VariableType
    severity: Integer


class SetVariableDataType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    attributeType: AttributeEnumType | UnsetType = UNSET
    attributeValue: Text1000
    component: ComponentType
    variable: VariableType


class SetVariableResultType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    attributeType: AttributeEnumType | UnsetType = UNSET
    attributeStatus: SetVariableStatusEnumType
    attributeStatusInfo: StatusInfoType | UnsetType = UNSET
    component: ComponentType
    variable: VariableType


class SignedMeterValueType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    signedMeterData: Text2500
    signingMethod: Text50
    encodingMethod: Text50
    publicKey: Text2500


class StatusInfoType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    reasonCode: Text20
    additionalInfo: Text512 | UnsetType = UNSET


class TransactionType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    transactionId: Text36
    chargingState: ChargingStateEnumType | UnsetType = UNSET
    timeSpentCharging: Integer | UnsetType = UNSET
    stoppedReason: ReasonEnumType | UnsetType = UNSET
    remoteStartId: Integer | UnsetType = UNSET


class UnitOfMeasureType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    unit: Text20 | UnsetType = UNSET
    multiplier: Integer | UnsetType = UNSET


class VPNType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    server: Text512
    user: Text20
    group: Text20 | UnsetType = UNSET
    password: Text20
    key: Text255
    type: VPNEnumType


class VariableAttributeType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    type: AttributeEnumType | UnsetType = UNSET
    value: Text2500 | UnsetType = UNSET
    mutability: MutabilityEnumType | UnsetType = UNSET
    persistent: bool | UnsetType = UNSET
    constant: bool | UnsetType = UNSET


class VariableCharacteristicsType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    unit: Text16 | UnsetType = UNSET
    dataType: DataEnumType
    minLimit: float | UnsetType = UNSET
    maxLimit: float | UnsetType = UNSET
    valuesList: Text1000 | UnsetType = UNSET
    supportsMonitoring: bool


class VariableMonitoringType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Integer
    transaction: bool
    value: float
    type: MonitorEnumType
    severity: Integer


class VariableType(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    name: Text50
    instance: Text50 | UnsetType = UNSET


class AuthorizeRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    idToken: IdTokenType
    certificate: Text5500 | UnsetType = UNSET
    iso15118CertificateHashData: Annotated[list[OCSPRequestDataType], Meta(min_length=1, max_length=4)] | UnsetType = UNSET


class AuthorizeResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    idTokenInfo: IdTokenInfoType
    certificateStatus: AuthorizeCertificateStatusEnumType | UnsetType = UNSET


class BootNotificationRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    chargingStation: ChargingStationType
    reason: BootReasonEnumType


class BootNotificationResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    currentTime: DateTime
    interval: Integer
    status: RegistrationStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class CancelReservationRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    reservationId: Integer


class CancelReservationResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: CancelReservationStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class CertificateSignedRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    certificateChain: Text10000
    certificateType: CertificateSigningUseEnumType | UnsetType = UNSET


class CertificateSignedResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: CertificateSignedStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class ChangeAvailabilityRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    evse: EVSEType | UnsetType = UNSET
    operationalStatus: OperationalStatusEnumType


class ChangeAvailabilityResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: ChangeAvailabilityStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class ClearCacheRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class ClearCacheResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: ClearCacheStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class ClearChargingProfileRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    chargingProfileId: Integer | UnsetType = UNSET
    chargingProfileCriteria: ClearChargingProfileType | UnsetType = UNSET


class ClearChargingProfileResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: ClearChargingProfileStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class ClearDisplayMessageRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Integer


class ClearDisplayMessageResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: ClearMessageStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class ClearVariableMonitoringRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Annotated[list[Integer], Meta(min_length=1)]


class ClearVariableMonitoringResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    clearMonitoringResult: Annotated[list[ClearMonitoringResultType], Meta(min_length=1)]


class ClearedChargingLimitRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    chargingLimitSource: ChargingLimitSourceEnumType
    evseId: Integer | UnsetType = UNSET


class ClearedChargingLimitResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class CostUpdatedRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    totalCost: float
    transactionId: Text36


class CostUpdatedResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class CustomerInformationRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    customerCertificate: CertificateHashDataType | UnsetType = UNSET
    idToken: IdTokenType | UnsetType = UNSET
    requestId: Integer
    report: bool
    clear: bool
    customerIdentifier: Text64 | UnsetType = UNSET


class CustomerInformationResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: CustomerInformationStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class DataTransferRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    messageId: Text50 | UnsetType = UNSET
    data: Any | UnsetType = UNSET
    vendorId: Text255


class DataTransferResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: DataTransferStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET
    data: Any | UnsetType = UNSET


class DeleteCertificateRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    certificateHashData: CertificateHashDataType


class DeleteCertificateResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: DeleteCertificateStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class FirmwareStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: FirmwareStatusEnumType
    requestId: Integer | UnsetType = UNSET


class FirmwareStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class Get15118EVCertificateRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    iso15118SchemaVersion: Text50
    action: CertificateActionEnumType
    exiRequest: Text5600


class Get15118EVCertificateResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: Iso15118EVCertificateStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET
    exiResponse: Text7500


class GetBaseReportRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    requestId: Integer
    reportBase: ReportBaseEnumType


class GetBaseReportResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GenericDeviceModelStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class GetCertificateStatusRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    ocspRequestData: OCSPRequestDataType


class GetCertificateStatusResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GetCertificateStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET
    ocspResult: Text5500 | UnsetType = UNSET


class GetChargingProfilesRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    requestId: Integer
    evseId: Integer | UnsetType = UNSET
    chargingProfile: ChargingProfileCriterionType


class GetChargingProfilesResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GetChargingProfileStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class GetCompositeScheduleRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    duration: Integer
    chargingRateUnit: ChargingRateUnitEnumType | UnsetType = UNSET
    evseId: Integer


class GetCompositeScheduleResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GenericStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET
    schedule: CompositeScheduleType | UnsetType = UNSET


class GetDisplayMessagesRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Annotated[list[Integer], Meta(min_length=1)] | UnsetType = UNSET
    requestId: Integer
    priority: MessagePriorityEnumType | UnsetType = UNSET
    state: MessageStateEnumType | UnsetType = UNSET


class GetDisplayMessagesResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GetDisplayMessagesStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class GetInstalledCertificateIdsRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    certificateType: Annotated[list[GetCertificateIdUseEnumType], Meta(min_length=1)] | UnsetType = UNSET


class GetInstalledCertificateIdsResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GetInstalledCertificateStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET
    certificateHashDataChain: Annotated[list[CertificateHashDataChainType], Meta(min_length=1)] | UnsetType = UNSET


class GetLocalListVersionRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class GetLocalListVersionResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    versionNumber: Integer


class GetLogRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    log: LogParametersType
    logType: LogEnumType
    requestId: Integer
    retries: Integer | UnsetType = UNSET
    retryInterval: Integer | UnsetType = UNSET


class GetLogResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: LogStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET
    filename: Text255 | UnsetType = UNSET


class GetMonitoringReportRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    componentVariable: Annotated[list[ComponentVariableType], Meta(min_length=1)] | UnsetType = UNSET
    requestId: Integer
    monitoringCriteria: Annotated[list[MonitoringCriterionEnumType], Meta(min_length=1, max_length=3)] | UnsetType = UNSET


class GetMonitoringReportResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GenericDeviceModelStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class GetReportRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    componentVariable: Annotated[list[ComponentVariableType], Meta(min_length=1)] | UnsetType = UNSET
    requestId: Integer
    componentCriteria: Annotated[list[ComponentCriterionEnumType], Meta(min_length=1, max_length=4)] | UnsetType = UNSET


class GetReportResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GenericDeviceModelStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class GetTransactionStatusRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    transactionId: Text36 | UnsetType = UNSET


class GetTransactionStatusResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    ongoingIndicator: bool | UnsetType = UNSET
    messagesInQueue: bool


class GetVariablesRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    getVariableData: Annotated[list[GetVariableDataType], Meta(min_length=1)]


class GetVariablesResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    getVariableResult: Annotated[list[GetVariableResultType], Meta(min_length=1)]


class HeartbeatRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class HeartbeatResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    currentTime: DateTime


class InstallCertificateRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    certificateType: InstallCertificateUseEnumType
    certificate: Text5500


class InstallCertificateResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: InstallCertificateStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class LogStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: UploadLogStatusEnumType
    requestId: Integer | UnsetType = UNSET


class LogStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class MeterValuesRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    evseId: Integer
    meterValue: Annotated[list[MeterValueType], Meta(min_length=1)]


class MeterValuesResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class NotifyChargingLimitRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    chargingSchedule: Annotated[list[ChargingScheduleType], Meta(min_length=1)] | UnsetType = UNSET
    evseId: Integer | UnsetType = UNSET
    chargingLimit: ChargingLimitType


class NotifyChargingLimitResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class NotifyCustomerInformationRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    data: Text512
    tbc: bool | UnsetType = UNSET
    seqNo: Integer
    generatedAt: DateTime
    requestId: Integer


class NotifyCustomerInformationResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class NotifyDisplayMessagesRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    messageInfo: Annotated[list[MessageInfoType], Meta(min_length=1)] | UnsetType = UNSET
    requestId: Integer
    tbc: bool | UnsetType = UNSET


class NotifyDisplayMessagesResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class NotifyEVChargingNeedsRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    maxScheduleTuples: Integer | UnsetType = UNSET
    chargingNeeds: ChargingNeedsType
    evseId: Integer


class NotifyEVChargingNeedsResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: NotifyEVChargingNeedsStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class NotifyEVChargingScheduleRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    timeBase: DateTime
    chargingSchedule: ChargingScheduleType
    evseId: Integer


class NotifyEVChargingScheduleResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GenericStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class NotifyEventRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    generatedAt: DateTime
    tbc: bool | UnsetType = UNSET
    seqNo: Integer
    eventData: Annotated[list[EventDataType], Meta(min_length=1)]


class NotifyEventResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class NotifyMonitoringReportRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    monitor: Annotated[list[MonitoringDataType], Meta(min_length=1)] | UnsetType = UNSET
    requestId: Integer
    tbc: bool | UnsetType = UNSET
    seqNo: Integer
    generatedAt: DateTime


class NotifyMonitoringReportResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class NotifyReportRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    requestId: Integer
    generatedAt: DateTime
    reportData: Annotated[list[ReportDataType], Meta(min_length=1)] | UnsetType = UNSET
    tbc: bool | UnsetType = UNSET
    seqNo: Integer


class NotifyReportResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class PublishFirmwareRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    location: Text512
    retries: Integer | UnsetType = UNSET
    checksum: Text32
    requestId: Integer
    retryInterval: Integer | UnsetType = UNSET


class PublishFirmwareResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GenericStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class PublishFirmwareStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: PublishFirmwareStatusEnumType
    location: Annotated[list[Text512], Meta(min_length=1)] | UnsetType = UNSET
    requestId: Integer | UnsetType = UNSET


class PublishFirmwareStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class ReportChargingProfilesRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    requestId: Integer
    chargingLimitSource: ChargingLimitSourceEnumType
    chargingProfile: Annotated[list[ChargingProfileType], Meta(min_length=1)]
    tbc: bool | UnsetType = UNSET
    evseId: Integer


class ReportChargingProfilesResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class RequestStartTransactionRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    evseId: Integer | UnsetType = UNSET
    groupIdToken: IdTokenType | UnsetType = UNSET
    idToken: IdTokenType
    remoteStartId: Integer
    chargingProfile: ChargingProfileType | UnsetType = UNSET


class RequestStartTransactionResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: RequestStartStopStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET
    transactionId: Text36 | UnsetType = UNSET


class RequestStopTransactionRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    transactionId: Text36


class RequestStopTransactionResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: RequestStartStopStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class ReservationStatusUpdateRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    reservationId: Integer
    reservationUpdateStatus: ReservationUpdateStatusEnumType


class ReservationStatusUpdateResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class ReserveNowRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    id: Integer
    expiryDateTime: DateTime
    connectorType: ConnectorEnumType | UnsetType = UNSET
    idToken: IdTokenType
    evseId: Integer | UnsetType = UNSET
    groupIdToken: IdTokenType | UnsetType = UNSET


class ReserveNowResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: ReserveNowStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class ResetRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    type: ResetEnumType
    evseId: Integer | UnsetType = UNSET


class ResetResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: ResetStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class SecurityEventNotificationRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    type: Text50
    timestamp: DateTime
    techInfo: Text255 | UnsetType = UNSET


class SecurityEventNotificationResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class SendLocalListRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    localAuthorizationList: Annotated[list[AuthorizationData], Meta(min_length=1)] | UnsetType = UNSET
    versionNumber: Integer
    updateType: UpdateEnumType


class SendLocalListResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: SendLocalListStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class SetChargingProfileRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    evseId: Integer
    chargingProfile: ChargingProfileType


class SetChargingProfileResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: ChargingProfileStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class SetDisplayMessageRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    message: MessageInfoType


class SetDisplayMessageResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: DisplayMessageStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class SetMonitoringBaseRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    monitoringBase: MonitoringBaseEnumType


class SetMonitoringBaseResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GenericDeviceModelStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class SetMonitoringLevelRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    severity: Integer


class SetMonitoringLevelResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GenericStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class SetNetworkProfileRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    configurationSlot: Integer
    connectionData: NetworkConnectionProfileType


class SetNetworkProfileResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: SetNetworkProfileStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class SetVariableMonitoringRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    setMonitoringData: Annotated[list[SetMonitoringDataType], Meta(min_length=1)]


class SetVariableMonitoringResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    setMonitoringResult: Annotated[list[SetMonitoringResultType], Meta(min_length=1)]


class SetVariablesRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    setVariableData: Annotated[list[SetVariableDataType], Meta(min_length=1)]


class SetVariablesResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    setVariableResult: Annotated[list[SetVariableResultType], Meta(min_length=1)]


class SignCertificateRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    csr: Text5500
    certificateType: CertificateSigningUseEnumType | UnsetType = UNSET


class SignCertificateResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: GenericStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class StatusNotificationRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    timestamp: DateTime
    connectorStatus: ConnectorStatusEnumType
    evseId: Integer
    connectorId: Integer


class StatusNotificationResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET


class TransactionEventRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    eventType: TransactionEventEnumType
    meterValue: Annotated[list[MeterValueType], Meta(min_length=1)] | UnsetType = UNSET
    timestamp: DateTime
    triggerReason: TriggerReasonEnumType
    seqNo: Integer
    offline: bool | UnsetType = UNSET
    numberOfPhasesUsed: Integer | UnsetType = UNSET
    cableMaxCurrent: Integer | UnsetType = UNSET
    reservationId: Integer | UnsetType = UNSET
    transactionInfo: TransactionType
    evse: EVSEType | UnsetType = UNSET
    idToken: IdTokenType | UnsetType = UNSET


class TransactionEventResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    totalCost: float | UnsetType = UNSET
    chargingPriority: Integer | UnsetType = UNSET
    idTokenInfo: IdTokenInfoType | UnsetType = UNSET
    updatedPersonalMessage: MessageContentType | UnsetType = UNSET


class TriggerMessageRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    evse: EVSEType | UnsetType = UNSET
    requestedMessage: MessageTriggerEnumType


class TriggerMessageResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: TriggerMessageStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class UnlockConnectorRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    evseId: Integer
    connectorId: Integer


class UnlockConnectorResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: UnlockStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


class UnpublishFirmwareRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    checksum: Text32


class UnpublishFirmwareResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: UnpublishFirmwareStatusEnumType


class UpdateFirmwareRequest(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    retries: Integer | UnsetType = UNSET
    retryInterval: Integer | UnsetType = UNSET
    requestId: Integer
    firmware: FirmwareType


class UpdateFirmwareResponse(Wire, frozen=True, kw_only=True):
    customData: CustomDataType | UnsetType = UNSET
    status: UpdateFirmwareStatusEnumType
    statusInfo: StatusInfoType | UnsetType = UNSET


ACTIONS: dict[str, tuple[type[Struct], type[Struct]]] = {
    "Authorize": (AuthorizeRequest, AuthorizeResponse),
    "BootNotification": (BootNotificationRequest, BootNotificationResponse),
    "CancelReservation": (CancelReservationRequest, CancelReservationResponse),
    "CertificateSigned": (CertificateSignedRequest, CertificateSignedResponse),
    "ChangeAvailability": (ChangeAvailabilityRequest, ChangeAvailabilityResponse),
    "ClearCache": (ClearCacheRequest, ClearCacheResponse),
    "ClearChargingProfile": (ClearChargingProfileRequest, ClearChargingProfileResponse),
    "ClearDisplayMessage": (ClearDisplayMessageRequest, ClearDisplayMessageResponse),
    "ClearVariableMonitoring": (ClearVariableMonitoringRequest, ClearVariableMonitoringResponse),
    "ClearedChargingLimit": (ClearedChargingLimitRequest, ClearedChargingLimitResponse),
    "CostUpdated": (CostUpdatedRequest, CostUpdatedResponse),
    "CustomerInformation": (CustomerInformationRequest, CustomerInformationResponse),
    "DataTransfer": (DataTransferRequest, DataTransferResponse),
    "DeleteCertificate": (DeleteCertificateRequest, DeleteCertificateResponse),
    "FirmwareStatusNotification": (FirmwareStatusNotificationRequest, FirmwareStatusNotificationResponse),
    "Get15118EVCertificate": (Get15118EVCertificateRequest, Get15118EVCertificateResponse),
    "GetBaseReport": (GetBaseReportRequest, GetBaseReportResponse),
    "GetCertificateStatus": (GetCertificateStatusRequest, GetCertificateStatusResponse),
    "GetChargingProfiles": (GetChargingProfilesRequest, GetChargingProfilesResponse),
    "GetCompositeSchedule": (GetCompositeScheduleRequest, GetCompositeScheduleResponse),
    "GetDisplayMessages": (GetDisplayMessagesRequest, GetDisplayMessagesResponse),
    "GetInstalledCertificateIds": (GetInstalledCertificateIdsRequest, GetInstalledCertificateIdsResponse),
    "GetLocalListVersion": (GetLocalListVersionRequest, GetLocalListVersionResponse),
    "GetLog": (GetLogRequest, GetLogResponse),
    "GetMonitoringReport": (GetMonitoringReportRequest, GetMonitoringReportResponse),
    "GetReport": (GetReportRequest, GetReportResponse),
    "GetTransactionStatus": (GetTransactionStatusRequest, GetTransactionStatusResponse),
    "GetVariables": (GetVariablesRequest, GetVariablesResponse),
    "Heartbeat": (HeartbeatRequest, HeartbeatResponse),
    "InstallCertificate": (InstallCertificateRequest, InstallCertificateResponse),
    "LogStatusNotification": (LogStatusNotificationRequest, LogStatusNotificationResponse),
    "MeterValues": (MeterValuesRequest, MeterValuesResponse),
    "NotifyChargingLimit": (NotifyChargingLimitRequest, NotifyChargingLimitResponse),
    "NotifyCustomerInformation": (NotifyCustomerInformationRequest, NotifyCustomerInformationResponse),
    "NotifyDisplayMessages": (NotifyDisplayMessagesRequest, NotifyDisplayMessagesResponse),
    "NotifyEVChargingNeeds": (NotifyEVChargingNeedsRequest, NotifyEVChargingNeedsResponse),
    "NotifyEVChargingSchedule": (NotifyEVChargingScheduleRequest, NotifyEVChargingScheduleResponse),
    "NotifyEvent": (NotifyEventRequest, NotifyEventResponse),
    "NotifyMonitoringReport": (NotifyMonitoringReportRequest, NotifyMonitoringReportResponse),
    "NotifyReport": (NotifyReportRequest, NotifyReportResponse),
    "PublishFirmware": (PublishFirmwareRequest, PublishFirmwareResponse),
    "PublishFirmwareStatusNotification": (PublishFirmwareStatusNotificationRequest, PublishFirmwareStatusNotificationResponse),
    "ReportChargingProfiles": (ReportChargingProfilesRequest, ReportChargingProfilesResponse),
    "RequestStartTransaction": (RequestStartTransactionRequest, RequestStartTransactionResponse),
    "RequestStopTransaction": (RequestStopTransactionRequest, RequestStopTransactionResponse),
    "ReservationStatusUpdate": (ReservationStatusUpdateRequest, ReservationStatusUpdateResponse),
    "ReserveNow": (ReserveNowRequest, ReserveNowResponse),
    "Reset": (ResetRequest, ResetResponse),
    "SecurityEventNotification": (SecurityEventNotificationRequest, SecurityEventNotificationResponse),
    "SendLocalList": (SendLocalListRequest, SendLocalListResponse),
    "SetChargingProfile": (SetChargingProfileRequest, SetChargingProfileResponse),
    "SetDisplayMessage": (SetDisplayMessageRequest, SetDisplayMessageResponse),
    "SetMonitoringBase": (SetMonitoringBaseRequest, SetMonitoringBaseResponse),
    "SetMonitoringLevel": (SetMonitoringLevelRequest, SetMonitoringLevelResponse),
    "SetNetworkProfile": (SetNetworkProfileRequest, SetNetworkProfileResponse),
    "SetVariableMonitoring": (SetVariableMonitoringRequest, SetVariableMonitoringResponse),
    "SetVariables": (SetVariablesRequest, SetVariablesResponse),
    "SignCertificate": (SignCertificateRequest, SignCertificateResponse),
    "StatusNotification": (StatusNotificationRequest, StatusNotificationResponse),
    "TransactionEvent": (TransactionEventRequest, TransactionEventResponse),
    "TriggerMessage": (TriggerMessageRequest, TriggerMessageResponse),
    "UnlockConnector": (UnlockConnectorRequest, UnlockConnectorResponse),
    "UnpublishFirmware": (UnpublishFirmwareRequest, UnpublishFirmwareResponse),
    "UpdateFirmware": (UpdateFirmwareRequest, UpdateFirmwareResponse),
}

# Unconfirmed messages (SEND).
SENDS: dict[str, type[Struct]] = {}
