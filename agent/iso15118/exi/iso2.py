"""Messages of ISO 15118-2, made from its schema by tools/generate_exi.py; do not edit."""

from __future__ import annotations

from typing import Literal

from agent.iso15118.exi import xmldsig
from agent.iso15118.exi.message import Message

ChargeProgressType = Literal[
    "Start", "Stop", "Renegotiate",
]

ChargingSessionType = Literal[
    "Terminate", "Pause",
]

CostKindType = Literal[
    "relativePricePercentage", "RenewableGenerationPercentage", "CarbonDioxideEmission",
]

DC_EVErrorCodeType = Literal[
    "NO_ERROR", "FAILED_RESSTemperatureInhibit", "FAILED_EVShiftPosition", "FAILED_ChargerConnectorLockFault",
    "FAILED_EVRESSMalfunction", "FAILED_ChargingCurrentdifferential", "FAILED_ChargingVoltageOutOfRange", "Reserved_A",
    "Reserved_B", "Reserved_C", "FAILED_ChargingSystemIncompatibility", "NoData",
]

DC_EVSEStatusCodeType = Literal[
    "EVSE_NotReady", "EVSE_Ready", "EVSE_Shutdown", "EVSE_UtilityInterruptEvent", "EVSE_IsolationMonitoringActive",
    "EVSE_EmergencyShutdown", "EVSE_Malfunction", "Reserved_8", "Reserved_9", "Reserved_A", "Reserved_B", "Reserved_C",
]

EVSENotificationType = Literal[
    "None", "StopCharging", "ReNegotiation",
]

EVSEProcessingType = Literal[
    "Finished", "Ongoing", "Ongoing_WaitingForCustomerInteraction",
]

EnergyTransferModeType = Literal[
    "AC_single_phase_core", "AC_three_phase_core", "DC_core", "DC_extended", "DC_combo_core", "DC_unique",
]

FaultCodeType = Literal[
    "ParsingError", "NoTLSRootCertificatAvailable", "UnknownError",
]

IsolationLevelType = Literal[
    "Invalid", "Valid", "Warning", "Fault", "No_IMD",
]

PaymentOptionType = Literal[
    "Contract", "ExternalPayment",
]

ResponseCodeType = Literal[
    "OK", "OK_NewSessionEstablished", "OK_OldSessionJoined", "OK_CertificateExpiresSoon", "FAILED",
    "FAILED_SequenceError", "FAILED_ServiceIDInvalid", "FAILED_UnknownSession", "FAILED_ServiceSelectionInvalid",
    "FAILED_PaymentSelectionInvalid", "FAILED_CertificateExpired", "FAILED_SignatureError",
    "FAILED_NoCertificateAvailable", "FAILED_CertChainError", "FAILED_ChallengeInvalid", "FAILED_ContractCanceled",
    "FAILED_WrongChargeParameter", "FAILED_PowerDeliveryNotApplied", "FAILED_TariffSelectionInvalid",
    "FAILED_ChargingProfileInvalid", "FAILED_MeteringSignatureNotValid", "FAILED_NoChargeServiceSelected",
    "FAILED_WrongEnergyTransferMode", "FAILED_ContactorError", "FAILED_CertificateNotAllowedAtThisEVSE",
    "FAILED_CertificateRevoked",
]

ServiceCategoryType = Literal[
    "EVCharging", "Internet", "ContractCertificate", "OtherCustom",
]

UnitSymbolType = Literal[
    "h", "m", "s", "A", "V", "W", "Wh",
]

ValueTypeType = Literal[
    "bool", "byte", "short", "int", "physicalValue", "string",
]


class AC_EVChargeParameter(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt EAmount:PhysicalValueType EVMaxVoltage:PhysicalValueType "
        "EVMaxCurrent:PhysicalValueType EVMinCurrent:PhysicalValueType"
    )
    DepartureTime: int | None = None
    EAmount: PhysicalValueType
    EVMaxVoltage: PhysicalValueType
    EVMaxCurrent: PhysicalValueType
    EVMinCurrent: PhysicalValueType


class AC_EVSEChargeParameter(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "AC_EVSEStatus:AC_EVSEStatusType EVSENominalVoltage:PhysicalValueType EVSEMaxCurrent:PhysicalValueType"
    AC_EVSEStatus: AC_EVSEStatusType
    EVSENominalVoltage: PhysicalValueType
    EVSEMaxCurrent: PhysicalValueType


class AC_EVSEStatusType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "NotificationMaxDelay:unsignedShort EVSENotification:$EVSENotificationType RCD:bool"
    NotificationMaxDelay: int
    EVSENotification: EVSENotificationType
    RCD: bool


class AuthorizationReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id?:text^7 GenChallenge?:base64[16..16]"
    Id: str | None = None
    GenChallenge: bytes | None = None


class AuthorizationRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType EVSEProcessing:$EVSEProcessingType"
    ResponseCode: ResponseCodeType
    EVSEProcessing: EVSEProcessingType


class BodyType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "BodyElement?:[AuthorizationReq,AuthorizationRes,BodyElement!,CableCheckReq,CableCheckRes,CertificateInstallationReq,CertificateInstallationRes,CertificateUpdateReq,CertificateUpdateRes,ChargeParameterDiscoveryReq,ChargeParameterDiscoveryRes,ChargingStatusReq,ChargingStatusRes,CurrentDemandReq,CurrentDemandRes,MeteringReceiptReq,MeteringReceiptRes,PaymentDetailsReq,PaymentDetailsRes,PaymentServiceSelectionReq,PaymentServiceSelectionRes,PowerDeliveryReq,PowerDeliveryRes,PreChargeReq,PreChargeRes,ServiceDetailReq,ServiceDetailRes,ServiceDiscoveryReq,ServiceDiscoveryRes,SessionSetupReq,SessionSetupRes,SessionStopReq,SessionStopRes,WeldingDetectionReq,WeldingDetectionRes]"
    BodyElement: AuthorizationReq | AuthorizationRes | CableCheckReq | CableCheckRes | CertificateInstallationReq | CertificateInstallationRes | CertificateUpdateReq | CertificateUpdateRes | ChargeParameterDiscoveryReq | ChargeParameterDiscoveryRes | ChargingStatusReq | ChargingStatusRes | CurrentDemandReq | CurrentDemandRes | MeteringReceiptReq | MeteringReceiptRes | PaymentDetailsReq | PaymentDetailsRes | PaymentServiceSelectionReq | PaymentServiceSelectionRes | PowerDeliveryReq | PowerDeliveryRes | PreChargeReq | PreChargeRes | ServiceDetailReq | ServiceDetailRes | ServiceDiscoveryReq | ServiceDiscoveryRes | SessionSetupReq | SessionSetupRes | SessionStopReq | SessionStopRes | WeldingDetectionReq | WeldingDetectionRes | None = None


class CableCheckReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "DC_EVStatus:DC_EVStatusType"
    DC_EVStatus: DC_EVStatusType


class CableCheckRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType DC_EVSEStatus:DC_EVSEStatusType EVSEProcessing:$EVSEProcessingType"
    ResponseCode: ResponseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEProcessing: EVSEProcessingType


class CertificateChainType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id?:text^8 Certificate:base64[0..800] SubCertificates?:SubCertificatesType"
    Id: str | None = None
    Certificate: bytes
    SubCertificates: SubCertificatesType | None = None


class CertificateInstallationReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id:text^7 OEMProvisioningCert:base64[0..800] ListOfRootCertificateIDs:ListOfRootCertificateIDsType"
    Id: str
    OEMProvisioningCert: bytes
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType


class CertificateInstallationRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType SAProvisioningCertificateChain:CertificateChainType "
        "ContractSignatureCertChain:CertificateChainType "
        "ContractSignatureEncryptedPrivateKey:ContractSignatureEncryptedPrivateKeyType "
        "DHpublickey:DiffieHellmanPublickeyType eMAID:EMAIDType"
    )
    ResponseCode: ResponseCodeType
    SAProvisioningCertificateChain: CertificateChainType
    ContractSignatureCertChain: CertificateChainType
    ContractSignatureEncryptedPrivateKey: ContractSignatureEncryptedPrivateKeyType
    DHpublickey: DiffieHellmanPublickeyType
    eMAID: EMAIDType


class CertificateUpdateReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id:text^7 ContractSignatureCertChain:CertificateChainType eMAID:text[14..15] "
        "ListOfRootCertificateIDs:ListOfRootCertificateIDsType"
    )
    Id: str
    ContractSignatureCertChain: CertificateChainType
    eMAID: str
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType


class CertificateUpdateRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType SAProvisioningCertificateChain:CertificateChainType "
        "ContractSignatureCertChain:CertificateChainType "
        "ContractSignatureEncryptedPrivateKey:ContractSignatureEncryptedPrivateKeyType "
        "DHpublickey:DiffieHellmanPublickeyType eMAID:EMAIDType RetryCounter?:short"
    )
    ResponseCode: ResponseCodeType
    SAProvisioningCertificateChain: CertificateChainType
    ContractSignatureCertChain: CertificateChainType
    ContractSignatureEncryptedPrivateKey: ContractSignatureEncryptedPrivateKeyType
    DHpublickey: DiffieHellmanPublickeyType
    eMAID: EMAIDType
    RetryCounter: int | None = None


class ChargeParameterDiscoveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "MaxEntriesSAScheduleTuple?:unsignedShort RequestedEnergyTransferMode:$EnergyTransferModeType "
        "EVChargeParameter:[AC_EVChargeParameter,DC_EVChargeParameter,EVChargeParameter!]"
    )
    MaxEntriesSAScheduleTuple: int | None = None
    RequestedEnergyTransferMode: EnergyTransferModeType
    EVChargeParameter: AC_EVChargeParameter | DC_EVChargeParameter


class ChargeParameterDiscoveryRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType EVSEProcessing:$EVSEProcessingType "
        "SASchedules?:[SAScheduleList,SASchedules!] "
        "EVSEChargeParameter:[AC_EVSEChargeParameter,DC_EVSEChargeParameter,EVSEChargeParameter!]"
    )
    ResponseCode: ResponseCodeType
    EVSEProcessing: EVSEProcessingType
    SASchedules: SAScheduleList | None = None
    EVSEChargeParameter: AC_EVSEChargeParameter | DC_EVSEChargeParameter


class ChargeServiceType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ServiceID:unsignedShort ServiceName?:text[0..32] ServiceCategory:$ServiceCategoryType "
        "ServiceScope?:text[0..64]^8 FreeService:bool SupportedEnergyTransferMode:SupportedEnergyTransferModeType"
    )
    ServiceID: int
    ServiceName: str | None = None
    ServiceCategory: ServiceCategoryType
    ServiceScope: str | None = None
    FreeService: bool
    SupportedEnergyTransferMode: SupportedEnergyTransferModeType


class ChargingProfileType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ProfileEntry{1,24}:ProfileEntryType"
    ProfileEntry: tuple[ProfileEntryType, ...]


class ChargingStatusReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = ""


class ChargingStatusRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType EVSEID:text[7..37] SAScheduleTupleID:1..255 "
        "EVSEMaxCurrent?:PhysicalValueType MeterInfo?:MeterInfoType ReceiptRequired?:bool "
        "AC_EVSEStatus:AC_EVSEStatusType"
    )
    ResponseCode: ResponseCodeType
    EVSEID: str
    SAScheduleTupleID: int
    EVSEMaxCurrent: PhysicalValueType | None = None
    MeterInfo: MeterInfoType | None = None
    ReceiptRequired: bool | None = None
    AC_EVSEStatus: AC_EVSEStatusType


class ConsumptionCostType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "startValue:PhysicalValueType Cost{1,3}:CostType"
    startValue: PhysicalValueType
    Cost: tuple[CostType, ...]


class ContractSignatureEncryptedPrivateKeyType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id:text^8 =value:base64[0..48]"
    Id: str
    value: bytes


class CostType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "costKind:$CostKindType amount:unsignedInt amountMultiplier?:-3..3"
    costKind: CostKindType
    amount: int
    amountMultiplier: int | None = None


class CurrentDemandReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DC_EVStatus:DC_EVStatusType EVTargetCurrent:PhysicalValueType EVMaximumVoltageLimit?:PhysicalValueType "
        "EVMaximumCurrentLimit?:PhysicalValueType EVMaximumPowerLimit?:PhysicalValueType "
        "BulkChargingComplete?:bool ChargingComplete:bool RemainingTimeToFullSoC?:PhysicalValueType "
        "RemainingTimeToBulkSoC?:PhysicalValueType EVTargetVoltage:PhysicalValueType"
    )
    DC_EVStatus: DC_EVStatusType
    EVTargetCurrent: PhysicalValueType
    EVMaximumVoltageLimit: PhysicalValueType | None = None
    EVMaximumCurrentLimit: PhysicalValueType | None = None
    EVMaximumPowerLimit: PhysicalValueType | None = None
    BulkChargingComplete: bool | None = None
    ChargingComplete: bool
    RemainingTimeToFullSoC: PhysicalValueType | None = None
    RemainingTimeToBulkSoC: PhysicalValueType | None = None
    EVTargetVoltage: PhysicalValueType


class CurrentDemandRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType DC_EVSEStatus:DC_EVSEStatusType EVSEPresentVoltage:PhysicalValueType "
        "EVSEPresentCurrent:PhysicalValueType EVSECurrentLimitAchieved:bool EVSEVoltageLimitAchieved:bool "
        "EVSEPowerLimitAchieved:bool EVSEMaximumVoltageLimit?:PhysicalValueType "
        "EVSEMaximumCurrentLimit?:PhysicalValueType EVSEMaximumPowerLimit?:PhysicalValueType EVSEID:text[7..37] "
        "SAScheduleTupleID:1..255 MeterInfo?:MeterInfoType ReceiptRequired?:bool"
    )
    ResponseCode: ResponseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType
    EVSEPresentCurrent: PhysicalValueType
    EVSECurrentLimitAchieved: bool
    EVSEVoltageLimitAchieved: bool
    EVSEPowerLimitAchieved: bool
    EVSEMaximumVoltageLimit: PhysicalValueType | None = None
    EVSEMaximumCurrentLimit: PhysicalValueType | None = None
    EVSEMaximumPowerLimit: PhysicalValueType | None = None
    EVSEID: str
    SAScheduleTupleID: int
    MeterInfo: MeterInfoType | None = None
    ReceiptRequired: bool | None = None


class DC_EVChargeParameter(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt DC_EVStatus:DC_EVStatusType EVMaximumCurrentLimit:PhysicalValueType "
        "EVMaximumPowerLimit?:PhysicalValueType EVMaximumVoltageLimit:PhysicalValueType "
        "EVEnergyCapacity?:PhysicalValueType EVEnergyRequest?:PhysicalValueType FullSOC?:0..100 BulkSOC?:0..100"
    )
    DepartureTime: int | None = None
    DC_EVStatus: DC_EVStatusType
    EVMaximumCurrentLimit: PhysicalValueType
    EVMaximumPowerLimit: PhysicalValueType | None = None
    EVMaximumVoltageLimit: PhysicalValueType
    EVEnergyCapacity: PhysicalValueType | None = None
    EVEnergyRequest: PhysicalValueType | None = None
    FullSOC: int | None = None
    BulkSOC: int | None = None


class DC_EVPowerDeliveryParameter(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "DC_EVStatus:DC_EVStatusType BulkChargingComplete?:bool ChargingComplete:bool"
    DC_EVStatus: DC_EVStatusType
    BulkChargingComplete: bool | None = None
    ChargingComplete: bool


class DC_EVSEChargeParameter(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DC_EVSEStatus:DC_EVSEStatusType EVSEMaximumCurrentLimit:PhysicalValueType "
        "EVSEMaximumPowerLimit:PhysicalValueType EVSEMaximumVoltageLimit:PhysicalValueType "
        "EVSEMinimumCurrentLimit:PhysicalValueType EVSEMinimumVoltageLimit:PhysicalValueType "
        "EVSECurrentRegulationTolerance?:PhysicalValueType EVSEPeakCurrentRipple:PhysicalValueType "
        "EVSEEnergyToBeDelivered?:PhysicalValueType"
    )
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEMaximumCurrentLimit: PhysicalValueType
    EVSEMaximumPowerLimit: PhysicalValueType
    EVSEMaximumVoltageLimit: PhysicalValueType
    EVSEMinimumCurrentLimit: PhysicalValueType
    EVSEMinimumVoltageLimit: PhysicalValueType
    EVSECurrentRegulationTolerance: PhysicalValueType | None = None
    EVSEPeakCurrentRipple: PhysicalValueType
    EVSEEnergyToBeDelivered: PhysicalValueType | None = None


class DC_EVSEStatusType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "NotificationMaxDelay:unsignedShort EVSENotification:$EVSENotificationType "
        "EVSEIsolationStatus?:$IsolationLevelType EVSEStatusCode:$DC_EVSEStatusCodeType"
    )
    NotificationMaxDelay: int
    EVSENotification: EVSENotificationType
    EVSEIsolationStatus: IsolationLevelType | None = None
    EVSEStatusCode: DC_EVSEStatusCodeType


class DC_EVStatusType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "EVReady:bool EVErrorCode:$DC_EVErrorCodeType EVRESSSOC:0..100"
    EVReady: bool
    EVErrorCode: DC_EVErrorCodeType
    EVRESSSOC: int


class DiffieHellmanPublickeyType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id:text^8 =value:base64[0..65]"
    Id: str
    value: bytes


class EMAIDType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id:text^8 =value:text[14..15]"
    Id: str
    value: str


class ListOfRootCertificateIDsType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "RootCertificateID{1,20}:xmldsig.X509IssuerSerialType"
    RootCertificateID: tuple[xmldsig.X509IssuerSerialType, ...]


class MessageHeaderType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SessionID:hex[0..8] Notification?:NotificationType Signature?:xmldsig.SignatureType"
    SessionID: bytes
    Notification: NotificationType | None = None
    Signature: xmldsig.SignatureType | None = None


class MeterInfoType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "MeterID:text[0..32] MeterReading?:unsignedLong SigMeterReading?:base64[0..64] MeterStatus?:short "
        "TMeter?:long"
    )
    MeterID: str
    MeterReading: int | None = None
    SigMeterReading: bytes | None = None
    MeterStatus: int | None = None
    TMeter: int | None = None


class MeteringReceiptReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id?:text^7 SessionID:hex[0..8] SAScheduleTupleID?:1..255 MeterInfo:MeterInfoType"
    Id: str | None = None
    SessionID: bytes
    SAScheduleTupleID: int | None = None
    MeterInfo: MeterInfoType


class MeteringReceiptRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType "
        "EVSEStatus:[AC_EVSEStatus=AC_EVSEStatusType,DC_EVSEStatus=DC_EVSEStatusType,EVSEStatus!]"
    )
    ResponseCode: ResponseCodeType
    EVSEStatus: AC_EVSEStatusType | DC_EVSEStatusType


class NotificationType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "FaultCode:$FaultCodeType FaultMsg?:text[0..64]"
    FaultCode: FaultCodeType
    FaultMsg: str | None = None


class PMaxScheduleEntryType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "TimeInterval:[RelativeTimeInterval,TimeInterval!] PMax:PhysicalValueType"
    TimeInterval: RelativeTimeInterval
    PMax: PhysicalValueType


class PMaxScheduleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "PMaxScheduleEntry{1,1024}:PMaxScheduleEntryType"
    PMaxScheduleEntry: tuple[PMaxScheduleEntryType, ...]


class ParameterSetType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ParameterSetID:short Parameter{1,16}:ParameterType"
    ParameterSetID: int
    Parameter: tuple[ParameterType, ...]


class ParameterType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Name:text "
        "(boolValue:bool|byteValue:byte|shortValue:short|intValue:int|physicalValue:PhysicalValueType|stringValue:text)"
    )
    Name: str
    boolValue: bool | None = None
    byteValue: int | None = None
    shortValue: int | None = None
    intValue: int | None = None
    physicalValue: PhysicalValueType | None = None
    stringValue: str | None = None


class PaymentDetailsReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "eMAID:text[14..15] ContractSignatureCertChain:CertificateChainType"
    eMAID: str
    ContractSignatureCertChain: CertificateChainType


class PaymentDetailsRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType GenChallenge:base64[16..16] EVSETimeStamp:long"
    ResponseCode: ResponseCodeType
    GenChallenge: bytes
    EVSETimeStamp: int


class PaymentOptionListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "PaymentOption{1,2}:$PaymentOptionType"
    PaymentOption: tuple[PaymentOptionType, ...]


class PaymentServiceSelectionReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SelectedPaymentOption:$PaymentOptionType SelectedServiceList:SelectedServiceListType"
    SelectedPaymentOption: PaymentOptionType
    SelectedServiceList: SelectedServiceListType


class PaymentServiceSelectionRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType"
    ResponseCode: ResponseCodeType


class PhysicalValueType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Multiplier:-3..3 Unit:$UnitSymbolType Value:short"
    Multiplier: int
    Unit: UnitSymbolType
    Value: int


class PowerDeliveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ChargeProgress:$ChargeProgressType SAScheduleTupleID:1..255 ChargingProfile?:ChargingProfileType "
        "EVPowerDeliveryParameter?:[DC_EVPowerDeliveryParameter,EVPowerDeliveryParameter!]"
    )
    ChargeProgress: ChargeProgressType
    SAScheduleTupleID: int
    ChargingProfile: ChargingProfileType | None = None
    EVPowerDeliveryParameter: DC_EVPowerDeliveryParameter | None = None


class PowerDeliveryRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType "
        "EVSEStatus:[AC_EVSEStatus=AC_EVSEStatusType,DC_EVSEStatus=DC_EVSEStatusType,EVSEStatus!]"
    )
    ResponseCode: ResponseCodeType
    EVSEStatus: AC_EVSEStatusType | DC_EVSEStatusType


class PreChargeReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "DC_EVStatus:DC_EVStatusType EVTargetVoltage:PhysicalValueType EVTargetCurrent:PhysicalValueType"
    DC_EVStatus: DC_EVStatusType
    EVTargetVoltage: PhysicalValueType
    EVTargetCurrent: PhysicalValueType


class PreChargeRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType DC_EVSEStatus:DC_EVSEStatusType EVSEPresentVoltage:PhysicalValueType"
    ResponseCode: ResponseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType


class ProfileEntryType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ChargingProfileEntryStart:unsignedInt ChargingProfileEntryMaxPower:PhysicalValueType "
        "ChargingProfileEntryMaxNumberOfPhasesInUse?:1..3"
    )
    ChargingProfileEntryStart: int
    ChargingProfileEntryMaxPower: PhysicalValueType
    ChargingProfileEntryMaxNumberOfPhasesInUse: int | None = None


class RelativeTimeInterval(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "start:0..16777214 duration?:0..86400"
    start: int
    duration: int | None = None


class SAScheduleList(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SAScheduleTuple{1,3}:SAScheduleTupleType"
    SAScheduleTuple: tuple[SAScheduleTupleType, ...]


class SAScheduleTupleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SAScheduleTupleID:1..255 PMaxSchedule:PMaxScheduleType SalesTariff?:SalesTariffType"
    SAScheduleTupleID: int
    PMaxSchedule: PMaxScheduleType
    SalesTariff: SalesTariffType | None = None


class SalesTariffEntryType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "TimeInterval:[RelativeTimeInterval,TimeInterval!] EPriceLevel?:unsignedByte "
        "ConsumptionCost{0,3}:ConsumptionCostType"
    )
    TimeInterval: RelativeTimeInterval
    EPriceLevel: int | None = None
    ConsumptionCost: tuple[ConsumptionCostType, ...] = ()


class SalesTariffType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id?:text^8 SalesTariffID:1..255 SalesTariffDescription?:text[0..32] NumEPriceLevels?:unsignedByte "
        "SalesTariffEntry{1,1024}:SalesTariffEntryType"
    )
    Id: str | None = None
    SalesTariffID: int
    SalesTariffDescription: str | None = None
    NumEPriceLevels: int | None = None
    SalesTariffEntry: tuple[SalesTariffEntryType, ...]


class SelectedServiceListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SelectedService{1,16}:SelectedServiceType"
    SelectedService: tuple[SelectedServiceType, ...]


class SelectedServiceType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceID:unsignedShort ParameterSetID?:short"
    ServiceID: int
    ParameterSetID: int | None = None


class ServiceDetailReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceID:unsignedShort"
    ServiceID: int


class ServiceDetailRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType ServiceID:unsignedShort ServiceParameterList?:ServiceParameterListType"
    ResponseCode: ResponseCodeType
    ServiceID: int
    ServiceParameterList: ServiceParameterListType | None = None


class ServiceDiscoveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceScope?:text[0..64]^7 ServiceCategory?:$ServiceCategoryType"
    ServiceScope: str | None = None
    ServiceCategory: ServiceCategoryType | None = None


class ServiceDiscoveryRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType PaymentOptionList:PaymentOptionListType ChargeService:ChargeServiceType "
        "ServiceList?:ServiceListType"
    )
    ResponseCode: ResponseCodeType
    PaymentOptionList: PaymentOptionListType
    ChargeService: ChargeServiceType
    ServiceList: ServiceListType | None = None


class ServiceListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Service{1,8}:ServiceType"
    Service: tuple[ServiceType, ...]


class ServiceParameterListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ParameterSet{1,255}:ParameterSetType"
    ParameterSet: tuple[ParameterSetType, ...]


class ServiceType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ServiceID:unsignedShort ServiceName?:text[0..32] ServiceCategory:$ServiceCategoryType "
        "ServiceScope?:text[0..64]^8 FreeService:bool"
    )
    ServiceID: int
    ServiceName: str | None = None
    ServiceCategory: ServiceCategoryType
    ServiceScope: str | None = None
    FreeService: bool


class SessionSetupReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "EVCCID:hex[0..6]"
    EVCCID: bytes


class SessionSetupRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType EVSEID:text[7..37] EVSETimeStamp?:long"
    ResponseCode: ResponseCodeType
    EVSEID: str
    EVSETimeStamp: int | None = None


class SessionStopReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ChargingSession:$ChargingSessionType"
    ChargingSession: ChargingSessionType


class SessionStopRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType"
    ResponseCode: ResponseCodeType


class SubCertificatesType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Certificate{1,4}:base64[0..800]"
    Certificate: tuple[bytes, ...]


class SupportedEnergyTransferModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "EnergyTransferMode{1,6}:$EnergyTransferModeType"
    EnergyTransferMode: tuple[EnergyTransferModeType, ...]


class V2G_Message(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:MessageHeaderType Body:BodyType"
    Header: MessageHeaderType
    Body: BodyType


class WeldingDetectionReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "DC_EVStatus:DC_EVStatusType"
    DC_EVStatus: DC_EVStatusType


class WeldingDetectionRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType DC_EVSEStatus:DC_EVSEStatusType EVSEPresentVoltage:PhysicalValueType"
    ResponseCode: ResponseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType


ROOTS = (
    "AC_EVChargeParameter AC_EVSEChargeParameter AC_EVSEStatus=AC_EVSEStatusType AuthorizationReq AuthorizationRes "
    "BodyElement! CableCheckReq CableCheckRes CanonicalizationMethod=xmldsig.CanonicalizationMethodType "
    "CertificateInstallationReq CertificateInstallationRes CertificateUpdateReq CertificateUpdateRes "
    "ChargeParameterDiscoveryReq ChargeParameterDiscoveryRes ChargingStatusReq ChargingStatusRes CurrentDemandReq "
    "CurrentDemandRes DC_EVChargeParameter DC_EVPowerDeliveryParameter DC_EVSEChargeParameter "
    "DC_EVSEStatus=DC_EVSEStatusType DC_EVStatus=DC_EVStatusType DSAKeyValue=xmldsig.DSAKeyValueType "
    "DigestMethod=xmldsig.DigestMethodType DigestValue! EVChargeParameter! EVPowerDeliveryParameter! "
    "EVSEChargeParameter! EVSEStatus! EVStatus! Entry! KeyInfo=xmldsig.KeyInfoType KeyName! "
    "KeyValue=xmldsig.KeyValueType Manifest=xmldsig.Manifest MeteringReceiptReq MeteringReceiptRes MgmtData! "
    "Object=xmldsig.ObjectType PGPData=xmldsig.PGPDataType PMaxScheduleEntry=PMaxScheduleEntryType PaymentDetailsReq "
    "PaymentDetailsRes PaymentServiceSelectionReq PaymentServiceSelectionRes PowerDeliveryReq PowerDeliveryRes "
    "PreChargeReq PreChargeRes RSAKeyValue=xmldsig.RSAKeyValueType Reference=xmldsig.ReferenceType "
    "RelativeTimeInterval RetrievalMethod=xmldsig.RetrievalMethodType SAScheduleList SASchedules! "
    "SPKIData=xmldsig.SPKIDataType SalesTariffEntry=SalesTariffEntryType ServiceDetailReq ServiceDetailRes "
    "ServiceDiscoveryReq ServiceDiscoveryRes SessionSetupReq SessionSetupRes SessionStopReq SessionStopRes "
    "Signature=xmldsig.SignatureType SignatureMethod=xmldsig.SignatureMethodType "
    "SignatureProperties=xmldsig.SignatureProperties SignatureProperty=xmldsig.SignaturePropertyType "
    "SignatureValue=xmldsig.SignatureValueType SignedInfo=xmldsig.SignedInfoType TimeInterval! "
    "Transform=xmldsig.TransformType Transforms=xmldsig.TransformsType V2G_Message WeldingDetectionReq "
    "WeldingDetectionRes X509Data=xmldsig.X509DataType"
)

FRAGMENTS = (
    "AC_EVChargeParameter:AC_EVChargeParameter AC_EVSEChargeParameter:AC_EVSEChargeParameter "
    "AC_EVSEStatus^7:AC_EVSEStatusType AC_EVSEStatus^8:AC_EVSEStatusType AuthorizationReq:AuthorizationReq "
    "AuthorizationRes:AuthorizationRes Body:BodyType BodyElement! BulkChargingComplete^7:bool "
    "BulkChargingComplete^8:bool BulkSOC:0..100 CableCheckReq:CableCheckReq CableCheckRes:CableCheckRes "
    "CanonicalizationMethod:xmldsig.CanonicalizationMethodType Certificate:base64[0..800] "
    "CertificateInstallationReq:CertificateInstallationReq CertificateInstallationRes:CertificateInstallationRes "
    "CertificateUpdateReq:CertificateUpdateReq CertificateUpdateRes:CertificateUpdateRes "
    "ChargeParameterDiscoveryReq:ChargeParameterDiscoveryReq ChargeParameterDiscoveryRes:ChargeParameterDiscoveryRes "
    "ChargeProgress:$ChargeProgressType ChargeService:ChargeServiceType ChargingComplete^7:bool "
    "ChargingComplete^8:bool ChargingProfile:ChargingProfileType ChargingProfileEntryMaxNumberOfPhasesInUse:1..3 "
    "ChargingProfileEntryMaxPower:PhysicalValueType ChargingProfileEntryStart:unsignedInt "
    "ChargingSession:$ChargingSessionType ChargingStatusReq:ChargingStatusReq ChargingStatusRes:ChargingStatusRes "
    "ConsumptionCost:ConsumptionCostType ContractSignatureCertChain:CertificateChainType "
    "ContractSignatureEncryptedPrivateKey:ContractSignatureEncryptedPrivateKeyType Cost:CostType "
    "CurrentDemandReq:CurrentDemandReq CurrentDemandRes:CurrentDemandRes DC_EVChargeParameter:DC_EVChargeParameter "
    "DC_EVPowerDeliveryParameter:DC_EVPowerDeliveryParameter DC_EVSEChargeParameter:DC_EVSEChargeParameter "
    "DC_EVSEStatus^7:DC_EVSEStatusType DC_EVSEStatus^8:DC_EVSEStatusType DC_EVStatus^7:DC_EVStatusType "
    "DC_EVStatus^8:DC_EVStatusType DHpublickey:DiffieHellmanPublickeyType DSAKeyValue:xmldsig.DSAKeyValueType "
    "DepartureTime:unsignedInt DigestMethod:xmldsig.DigestMethodType DigestValue:base64 EAmount:PhysicalValueType "
    "EPriceLevel:unsignedByte EVCCID:hex[0..6] EVChargeParameter! EVEnergyCapacity:PhysicalValueType "
    "EVEnergyRequest:PhysicalValueType EVErrorCode:$DC_EVErrorCodeType EVMaxCurrent:PhysicalValueType "
    "EVMaxVoltage:PhysicalValueType EVMaximumCurrentLimit^7:PhysicalValueType "
    "EVMaximumCurrentLimit^8:PhysicalValueType EVMaximumPowerLimit^7:PhysicalValueType "
    "EVMaximumPowerLimit^8:PhysicalValueType EVMaximumVoltageLimit^7:PhysicalValueType "
    "EVMaximumVoltageLimit^8:PhysicalValueType EVMinCurrent:PhysicalValueType EVPowerDeliveryParameter! "
    "EVRESSSOC:0..100 EVReady:bool EVSEChargeParameter! EVSECurrentLimitAchieved:bool "
    "EVSECurrentRegulationTolerance:PhysicalValueType EVSEEnergyToBeDelivered:PhysicalValueType EVSEID:text[7..37] "
    "EVSEIsolationStatus:$IsolationLevelType EVSEMaxCurrent^7:PhysicalValueType EVSEMaxCurrent^8:PhysicalValueType "
    "EVSEMaximumCurrentLimit^7:PhysicalValueType EVSEMaximumCurrentLimit^8:PhysicalValueType "
    "EVSEMaximumPowerLimit^7:PhysicalValueType EVSEMaximumPowerLimit^8:PhysicalValueType "
    "EVSEMaximumVoltageLimit^7:PhysicalValueType EVSEMaximumVoltageLimit^8:PhysicalValueType "
    "EVSEMinimumCurrentLimit:PhysicalValueType EVSEMinimumVoltageLimit:PhysicalValueType "
    "EVSENominalVoltage:PhysicalValueType EVSENotification:$EVSENotificationType "
    "EVSEPeakCurrentRipple:PhysicalValueType EVSEPowerLimitAchieved:bool EVSEPresentCurrent:PhysicalValueType "
    "EVSEPresentVoltage:PhysicalValueType EVSEProcessing:$EVSEProcessingType EVSEStatus! "
    "EVSEStatusCode:$DC_EVSEStatusCodeType EVSETimeStamp:long EVSEVoltageLimitAchieved:bool EVStatus! "
    "EVTargetCurrent:PhysicalValueType EVTargetVoltage:PhysicalValueType EnergyTransferMode:$EnergyTransferModeType "
    "Entry! Exponent:base64 FaultCode:$FaultCodeType FaultMsg:text[0..64] FreeService:bool FullSOC:0..100 G:base64 "
    "GenChallenge:base64[16..16] HMACOutputLength:integer Header:MessageHeaderType J:base64 "
    "KeyInfo:xmldsig.KeyInfoType KeyName:text KeyValue:xmldsig.KeyValueType "
    "ListOfRootCertificateIDs:ListOfRootCertificateIDsType Manifest:xmldsig.Manifest "
    "MaxEntriesSAScheduleTuple:unsignedShort MeterID:text[0..32] MeterInfo:MeterInfoType MeterReading:unsignedLong "
    "MeterStatus:short MeteringReceiptReq:MeteringReceiptReq MeteringReceiptRes:MeteringReceiptRes MgmtData:text "
    "Modulus:base64 Multiplier:-3..3 Notification:NotificationType NotificationMaxDelay:unsignedShort "
    "NumEPriceLevels:unsignedByte OEMProvisioningCert:base64[0..800] Object:xmldsig.ObjectType P:base64 "
    "PGPData:xmldsig.PGPDataType PGPKeyID:base64 PGPKeyPacket:base64 PMax:PhysicalValueType "
    "PMaxSchedule:PMaxScheduleType PMaxScheduleEntry:PMaxScheduleEntryType Parameter:ParameterType "
    "ParameterSet:ParameterSetType ParameterSetID:short PaymentDetailsReq:PaymentDetailsReq "
    "PaymentDetailsRes:PaymentDetailsRes PaymentOption:$PaymentOptionType PaymentOptionList:PaymentOptionListType "
    "PaymentServiceSelectionReq:PaymentServiceSelectionReq PaymentServiceSelectionRes:PaymentServiceSelectionRes "
    "PgenCounter:base64 PowerDeliveryReq:PowerDeliveryReq PowerDeliveryRes:PowerDeliveryRes PreChargeReq:PreChargeReq "
    "PreChargeRes:PreChargeRes ProfileEntry:ProfileEntryType Q:base64 RCD:bool RSAKeyValue:xmldsig.RSAKeyValueType "
    "ReceiptRequired:bool Reference:xmldsig.ReferenceType RelativeTimeInterval:RelativeTimeInterval "
    "RemainingTimeToBulkSoC:PhysicalValueType RemainingTimeToFullSoC:PhysicalValueType "
    "RequestedEnergyTransferMode:$EnergyTransferModeType ResponseCode:$ResponseCodeType "
    "RetrievalMethod:xmldsig.RetrievalMethodType RetryCounter:short RootCertificateID:xmldsig.X509IssuerSerialType "
    "SAProvisioningCertificateChain:CertificateChainType SAScheduleList:SAScheduleList "
    "SAScheduleTuple:SAScheduleTupleType SAScheduleTupleID^7:1..255 SAScheduleTupleID^8:1..255 SASchedules! "
    "SPKIData:xmldsig.SPKIDataType SPKISexp:base64 SalesTariff:SalesTariffType SalesTariffDescription:text[0..32] "
    "SalesTariffEntry:SalesTariffEntryType SalesTariffID:1..255 Seed:base64 SelectedPaymentOption:$PaymentOptionType "
    "SelectedService:SelectedServiceType SelectedServiceList:SelectedServiceListType Service:ServiceType "
    "ServiceCategory^7:$ServiceCategoryType ServiceCategory^8:$ServiceCategoryType ServiceDetailReq:ServiceDetailReq "
    "ServiceDetailRes:ServiceDetailRes ServiceDiscoveryReq:ServiceDiscoveryReq "
    "ServiceDiscoveryRes:ServiceDiscoveryRes ServiceID^7:unsignedShort ServiceID^8:unsignedShort "
    "ServiceList:ServiceListType ServiceName:text[0..32] ServiceParameterList:ServiceParameterListType "
    "ServiceScope^7:text[0..64]^7 ServiceScope^8:text[0..64]^8 SessionID^7:hex[0..8] SessionID^10:hex[0..8] "
    "SessionSetupReq:SessionSetupReq SessionSetupRes:SessionSetupRes SessionStopReq:SessionStopReq "
    "SessionStopRes:SessionStopRes SigMeterReading:base64[0..64] Signature:xmldsig.SignatureType "
    "SignatureMethod:xmldsig.SignatureMethodType SignatureProperties:xmldsig.SignatureProperties "
    "SignatureProperty:xmldsig.SignaturePropertyType SignatureValue:xmldsig.SignatureValueType "
    "SignedInfo:xmldsig.SignedInfoType SubCertificates:SubCertificatesType "
    "SupportedEnergyTransferMode:SupportedEnergyTransferModeType TMeter:long TimeInterval! "
    "Transform:xmldsig.TransformType Transforms:xmldsig.TransformsType Unit:$UnitSymbolType V2G_Message:V2G_Message "
    "Value:short WeldingDetectionReq:WeldingDetectionReq WeldingDetectionRes:WeldingDetectionRes X509CRL:base64 "
    "X509Certificate:base64 X509Data:xmldsig.X509DataType X509IssuerName:text "
    "X509IssuerSerial:xmldsig.X509IssuerSerialType X509SKI:base64 X509SerialNumber:integer X509SubjectName:text "
    "XPath:text Y:base64 amount:unsignedInt amountMultiplier:-3..3 boolValue:bool byteValue:byte "
    "costKind:$CostKindType duration:0..86400 eMAID?:EMAIDType intValue:int physicalValue:PhysicalValueType "
    "shortValue:short start:0..16777214 startValue:PhysicalValueType stringValue:text"
)

ATTRIBUTES = (
    "Algorithm Encoding Id^0 Id^7 Id^8 MimeType Name Target Type URI"
)
