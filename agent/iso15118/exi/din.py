"""Messages of DIN SPEC 70121, made from its schema by tools/generate_exi.py; do not edit."""

from __future__ import annotations

from typing import Literal

from agent.iso15118.exi import xmldsig
from agent.iso15118.exi.message import Message

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

EVRequestedEnergyTransferTypeType = Literal[
    "AC_single_phase_core", "AC_three_phase_core", "DC_core", "DC_extended", "DC_combo_core", "DC_unique",
]

EVSENotificationType = Literal[
    "None", "StopCharging", "ReNegotiation",
]

EVSEProcessingType = Literal[
    "Finished", "Ongoing",
]

EVSESupportedEnergyTransferType = Literal[
    "AC_single_phase_core", "AC_three_phase_core", "DC_core", "DC_extended", "DC_combo_core", "DC_dual",
    "AC_core1p_DC_extended", "AC_single_DC_core", "AC_single_phase_three_phase_core_DC_extended",
    "AC_core3p_DC_extended",
]

FaultCodeType = Literal[
    "ParsingError", "NoTLSRootCertificatAvailable", "UnknownError",
]

IsolationLevelType = Literal[
    "Invalid", "Valid", "Warning", "Fault",
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
    "FAILED_ChargingProfileInvalid", "FAILED_EVSEPresentVoltageToLow", "FAILED_MeteringSignatureNotValid",
    "FAILED_WrongEnergyTransferType",
]

ServiceCategoryType = Literal[
    "EVCharging", "Internet", "ContractCertificate", "OtherCustom",
]

UnitSymbolType = Literal[
    "h", "m", "s", "A", "Ah", "V", "VA", "W", "W/s", "Wh",
]

ValueTypeType = Literal[
    "bool", "byte", "short", "int", "physicalValue", "string",
]


class AC_EVChargeParameter(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime:unsignedInt EAmount:PhysicalValueType EVMaxVoltage:PhysicalValueType "
        "EVMaxCurrent:PhysicalValueType EVMinCurrent:PhysicalValueType"
    )
    DepartureTime: int
    EAmount: PhysicalValueType
    EVMaxVoltage: PhysicalValueType
    EVMaxCurrent: PhysicalValueType
    EVMinCurrent: PhysicalValueType


class AC_EVSEChargeParameter(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "AC_EVSEStatus:AC_EVSEStatusType EVSEMaxVoltage:PhysicalValueType EVSEMaxCurrent:PhysicalValueType "
        "EVSEMinCurrent:PhysicalValueType"
    )
    AC_EVSEStatus: AC_EVSEStatusType
    EVSEMaxVoltage: PhysicalValueType
    EVSEMaxCurrent: PhysicalValueType
    EVSEMinCurrent: PhysicalValueType


class AC_EVSEStatusType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "PowerSwitchClosed:bool RCD:bool NotificationMaxDelay:unsignedInt EVSENotification:$EVSENotificationType"
    PowerSwitchClosed: bool
    RCD: bool
    NotificationMaxDelay: int
    EVSENotification: EVSENotificationType


class BodyType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "BodyElement?:[BodyElement!,CableCheckReq,CableCheckRes,CertificateInstallationReq,CertificateInstallationRes,CertificateUpdateReq,CertificateUpdateRes,ChargeParameterDiscoveryReq,ChargeParameterDiscoveryRes,ChargingStatusReq,ChargingStatusRes,ContractAuthenticationReq,ContractAuthenticationRes,CurrentDemandReq,CurrentDemandRes,MeteringReceiptReq,MeteringReceiptRes,PaymentDetailsReq,PaymentDetailsRes,PowerDeliveryReq,PowerDeliveryRes,PreChargeReq,PreChargeRes,ServiceDetailReq,ServiceDetailRes,ServiceDiscoveryReq,ServiceDiscoveryRes,ServicePaymentSelectionReq,ServicePaymentSelectionRes,SessionSetupReq,SessionSetupRes,SessionStopReq,SessionStopRes,WeldingDetectionReq,WeldingDetectionRes]"
    BodyElement: CableCheckReq | CableCheckRes | CertificateInstallationReq | CertificateInstallationRes | CertificateUpdateReq | CertificateUpdateRes | ChargeParameterDiscoveryReq | ChargeParameterDiscoveryRes | ChargingStatusReq | ChargingStatusRes | ContractAuthenticationReq | ContractAuthenticationRes | CurrentDemandReq | CurrentDemandRes | MeteringReceiptReq | MeteringReceiptRes | PaymentDetailsReq | PaymentDetailsRes | PowerDeliveryReq | PowerDeliveryRes | PreChargeReq | PreChargeRes | ServiceDetailReq | ServiceDetailRes | ServiceDiscoveryReq | ServiceDiscoveryRes | ServicePaymentSelectionReq | ServicePaymentSelectionRes | SessionSetupReq | SessionSetupRes | SessionStopReq | SessionStopRes | WeldingDetectionReq | WeldingDetectionRes | None = None


class CableCheckReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "DC_EVStatus:DC_EVStatusType"
    DC_EVStatus: DC_EVStatusType


class CableCheckRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType DC_EVSEStatus:DC_EVSEStatusType EVSEProcessing:$EVSEProcessingType"
    ResponseCode: ResponseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEProcessing: EVSEProcessingType


class CertificateChainType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Certificate:base64[0..1200] SubCertificates?:SubCertificatesType"
    Certificate: bytes
    SubCertificates: SubCertificatesType | None = None


class CertificateInstallationReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id?:text^0 OEMProvisioningCert:base64[0..1200] ListOfRootCertificateIDs:ListOfRootCertificateIDsType "
        "DHParams:base64[0..256]"
    )
    Id: str | None = None
    OEMProvisioningCert: bytes
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType
    DHParams: bytes


class CertificateInstallationRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id:text^0 ResponseCode:$ResponseCodeType ContractSignatureCertChain:CertificateChainType "
        "ContractSignatureEncryptedPrivateKey:base64[0..128] DHParams:base64[0..256] ContractID:text[0..24]"
    )
    Id: str
    ResponseCode: ResponseCodeType
    ContractSignatureCertChain: CertificateChainType
    ContractSignatureEncryptedPrivateKey: bytes
    DHParams: bytes
    ContractID: str


class CertificateUpdateReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id?:text^0 ContractSignatureCertChain:CertificateChainType ContractID:text[0..24] "
        "ListOfRootCertificateIDs:ListOfRootCertificateIDsType DHParams:base64[0..256]"
    )
    Id: str | None = None
    ContractSignatureCertChain: CertificateChainType
    ContractID: str
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType
    DHParams: bytes


class CertificateUpdateRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id:text^0 ResponseCode:$ResponseCodeType ContractSignatureCertChain:CertificateChainType "
        "ContractSignatureEncryptedPrivateKey:base64[0..128] DHParams:base64[0..256] ContractID:text[0..24] "
        "RetryCounter:short"
    )
    Id: str
    ResponseCode: ResponseCodeType
    ContractSignatureCertChain: CertificateChainType
    ContractSignatureEncryptedPrivateKey: bytes
    DHParams: bytes
    ContractID: str
    RetryCounter: int


class ChargeParameterDiscoveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVRequestedEnergyTransferType:$EVRequestedEnergyTransferTypeType "
        "EVChargeParameter:[AC_EVChargeParameter,DC_EVChargeParameter,EVChargeParameter!]"
    )
    EVRequestedEnergyTransferType: EVRequestedEnergyTransferTypeType
    EVChargeParameter: AC_EVChargeParameter | DC_EVChargeParameter


class ChargeParameterDiscoveryRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType EVSEProcessing:$EVSEProcessingType "
        "SASchedules:[SAScheduleList,SASchedules!] "
        "EVSEChargeParameter:[AC_EVSEChargeParameter,DC_EVSEChargeParameter,EVSEChargeParameter!]"
    )
    ResponseCode: ResponseCodeType
    EVSEProcessing: EVSEProcessingType
    SASchedules: SAScheduleList
    EVSEChargeParameter: AC_EVSEChargeParameter | DC_EVSEChargeParameter


class ChargingProfileType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SAScheduleTupleID:short ProfileEntry{1,}:ProfileEntryType"
    SAScheduleTupleID: int
    ProfileEntry: tuple[ProfileEntryType, ...]


class ChargingStatusReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = ""


class ChargingStatusRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType EVSEID:hex[0..32] SAScheduleTupleID:short "
        "EVSEMaxCurrent?:PhysicalValueType MeterInfo?:MeterInfoType ReceiptRequired:bool "
        "AC_EVSEStatus:AC_EVSEStatusType"
    )
    ResponseCode: ResponseCodeType
    EVSEID: bytes
    SAScheduleTupleID: int
    EVSEMaxCurrent: PhysicalValueType | None = None
    MeterInfo: MeterInfoType | None = None
    ReceiptRequired: bool
    AC_EVSEStatus: AC_EVSEStatusType


class ConsumptionCostType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "startValue:unsignedInt Cost{0,}:CostType"
    startValue: int
    Cost: tuple[CostType, ...] = ()


class ContractAuthenticationReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id?:text^0 GenChallenge?:text"
    Id: str | None = None
    GenChallenge: str | None = None


class ContractAuthenticationRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType EVSEProcessing:$EVSEProcessingType"
    ResponseCode: ResponseCodeType
    EVSEProcessing: EVSEProcessingType


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
        "EVSEMaximumCurrentLimit?:PhysicalValueType EVSEMaximumPowerLimit?:PhysicalValueType"
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


class DC_EVChargeParameter(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DC_EVStatus:DC_EVStatusType EVMaximumCurrentLimit:PhysicalValueType "
        "EVMaximumPowerLimit?:PhysicalValueType EVMaximumVoltageLimit:PhysicalValueType "
        "EVEnergyCapacity?:PhysicalValueType EVEnergyRequest?:PhysicalValueType FullSOC?:0..100 BulkSOC?:0..100"
    )
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
        "EVSEMaximumPowerLimit?:PhysicalValueType EVSEMaximumVoltageLimit:PhysicalValueType "
        "EVSEMinimumCurrentLimit:PhysicalValueType EVSEMinimumVoltageLimit:PhysicalValueType "
        "EVSECurrentRegulationTolerance?:PhysicalValueType EVSEPeakCurrentRipple:PhysicalValueType "
        "EVSEEnergyToBeDelivered?:PhysicalValueType"
    )
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEMaximumCurrentLimit: PhysicalValueType
    EVSEMaximumPowerLimit: PhysicalValueType | None = None
    EVSEMaximumVoltageLimit: PhysicalValueType
    EVSEMinimumCurrentLimit: PhysicalValueType
    EVSEMinimumVoltageLimit: PhysicalValueType
    EVSECurrentRegulationTolerance: PhysicalValueType | None = None
    EVSEPeakCurrentRipple: PhysicalValueType
    EVSEEnergyToBeDelivered: PhysicalValueType | None = None


class DC_EVSEStatusType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVSEIsolationStatus?:$IsolationLevelType EVSEStatusCode:$DC_EVSEStatusCodeType "
        "NotificationMaxDelay:unsignedInt EVSENotification:$EVSENotificationType"
    )
    EVSEIsolationStatus: IsolationLevelType | None = None
    EVSEStatusCode: DC_EVSEStatusCodeType
    NotificationMaxDelay: int
    EVSENotification: EVSENotificationType


class DC_EVStatusType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVReady:bool EVCabinConditioning?:bool EVRESSConditioning?:bool EVErrorCode:$DC_EVErrorCodeType "
        "EVRESSSOC:0..100"
    )
    EVReady: bool
    EVCabinConditioning: bool | None = None
    EVRESSConditioning: bool | None = None
    EVErrorCode: DC_EVErrorCodeType
    EVRESSSOC: int


class ListOfRootCertificateIDsType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "RootCertificateID{1,}:text[0..40]"
    RootCertificateID: tuple[str, ...]


class MessageHeaderType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SessionID:hex[0..8] Notification?:NotificationType Signature?:xmldsig.SignatureType"
    SessionID: bytes
    Notification: NotificationType | None = None
    Signature: xmldsig.SignatureType | None = None


class MeterInfoType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "MeterID:text[0..32] MeterReading?:PhysicalValueType SigMeterReading?:base64[0..32] MeterStatus?:short "
        "TMeter?:long"
    )
    MeterID: str
    MeterReading: PhysicalValueType | None = None
    SigMeterReading: bytes | None = None
    MeterStatus: int | None = None
    TMeter: int | None = None


class MeteringReceiptReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id?:text^0 SessionID:hex[0..8] SAScheduleTupleID?:short MeterInfo:MeterInfoType"
    Id: str | None = None
    SessionID: bytes
    SAScheduleTupleID: int | None = None
    MeterInfo: MeterInfoType


class MeteringReceiptRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType AC_EVSEStatus:AC_EVSEStatusType"
    ResponseCode: ResponseCodeType
    AC_EVSEStatus: AC_EVSEStatusType


class NotificationType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "FaultCode:$FaultCodeType FaultMsg?:text[0..64]"
    FaultCode: FaultCodeType
    FaultMsg: str | None = None


class PMaxScheduleEntryType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "TimeInterval:[RelativeTimeInterval,TimeInterval!] PMax:short"
    TimeInterval: RelativeTimeInterval
    PMax: int


class PMaxScheduleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "PMaxScheduleID:short PMaxScheduleEntry{1,}:PMaxScheduleEntryType"
    PMaxScheduleID: int
    PMaxScheduleEntry: tuple[PMaxScheduleEntryType, ...]


class ParameterSetType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ParameterSetID:short Parameter{1,}:ParameterType"
    ParameterSetID: int
    Parameter: tuple[ParameterType, ...]


class ParameterType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Name:text @ValueType:$ValueTypeType "
        "(boolValue:bool|byteValue:byte|shortValue:short|intValue:int|physicalValue:PhysicalValueType|stringValue:text)"
    )
    Name: str
    ValueType: ValueTypeType
    boolValue: bool | None = None
    byteValue: int | None = None
    shortValue: int | None = None
    intValue: int | None = None
    physicalValue: PhysicalValueType | None = None
    stringValue: str | None = None


class PaymentDetailsReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ContractID:text[0..24] ContractSignatureCertChain:CertificateChainType"
    ContractID: str
    ContractSignatureCertChain: CertificateChainType


class PaymentDetailsRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType GenChallenge:text DateTimeNow:long"
    ResponseCode: ResponseCodeType
    GenChallenge: str
    DateTimeNow: int


class PaymentOptionsType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "PaymentOption{1,}:$PaymentOptionType"
    PaymentOption: tuple[PaymentOptionType, ...]


class PhysicalValueType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Multiplier:-3..3 Unit?:$UnitSymbolType Value:short"
    Multiplier: int
    Unit: UnitSymbolType | None = None
    Value: int


class PowerDeliveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ReadyToChargeState:bool ChargingProfile?:ChargingProfileType "
        "EVPowerDeliveryParameter?:[DC_EVPowerDeliveryParameter,EVPowerDeliveryParameter!]"
    )
    ReadyToChargeState: bool
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
    GRAMMAR = "ChargingProfileEntryStart:unsignedInt ChargingProfileEntryMaxPower:short"
    ChargingProfileEntryStart: int
    ChargingProfileEntryMaxPower: int


class RelativeTimeInterval(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "start:unsignedInt duration?:unsignedInt"
    start: int
    duration: int | None = None


class SAScheduleList(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SAScheduleTuple{1,}:SAScheduleTupleType"
    SAScheduleTuple: tuple[SAScheduleTupleType, ...]


class SAScheduleTupleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SAScheduleTupleID:short PMaxSchedule:PMaxScheduleType SalesTariff?:SalesTariffType"
    SAScheduleTupleID: int
    PMaxSchedule: PMaxScheduleType
    SalesTariff: SalesTariffType | None = None


class SalesTariffEntryType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "TimeInterval:[RelativeTimeInterval,TimeInterval!] EPriceLevel:unsignedByte "
        "ConsumptionCost{0,}:ConsumptionCostType"
    )
    TimeInterval: RelativeTimeInterval
    EPriceLevel: int
    ConsumptionCost: tuple[ConsumptionCostType, ...] = ()


class SalesTariffType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id:text^0 SalesTariffID:short SalesTariffDescription?:text[0..32] NumEPriceLevels:unsignedByte "
        "SalesTariffEntry{1,}:SalesTariffEntryType"
    )
    Id: str
    SalesTariffID: int
    SalesTariffDescription: str | None = None
    NumEPriceLevels: int
    SalesTariffEntry: tuple[SalesTariffEntryType, ...]


class SelectedServiceListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SelectedService{1,}:SelectedServiceType"
    SelectedService: tuple[SelectedServiceType, ...]


class SelectedServiceType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceID:unsignedShort ParameterSetID?:short"
    ServiceID: int
    ParameterSetID: int | None = None


class ServiceCharge(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceTag:ServiceTagType FreeService:bool EnergyTransferType:$EVSESupportedEnergyTransferType"
    ServiceTag: ServiceTagType
    FreeService: bool
    EnergyTransferType: EVSESupportedEnergyTransferType


class ServiceDetailReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceID:unsignedShort"
    ServiceID: int


class ServiceDetailRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType ServiceID:unsignedShort ServiceParameterList?:ServiceParameterListType"
    ResponseCode: ResponseCodeType
    ServiceID: int
    ServiceParameterList: ServiceParameterListType | None = None


class ServiceDiscoveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceScope?:text[0..32]^2 ServiceCategory?:$ServiceCategoryType"
    ServiceScope: str | None = None
    ServiceCategory: ServiceCategoryType | None = None


class ServiceDiscoveryRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ResponseCode:$ResponseCodeType PaymentOptions:PaymentOptionsType ChargeService:ServiceCharge "
        "ServiceList?:ServiceTagListType"
    )
    ResponseCode: ResponseCodeType
    PaymentOptions: PaymentOptionsType
    ChargeService: ServiceCharge
    ServiceList: ServiceTagListType | None = None


class ServiceParameterListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ParameterSet{1,}:ParameterSetType"
    ParameterSet: tuple[ParameterSetType, ...]


class ServicePaymentSelectionReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SelectedPaymentOption:$PaymentOptionType SelectedServiceList:SelectedServiceListType"
    SelectedPaymentOption: PaymentOptionType
    SelectedServiceList: SelectedServiceListType


class ServicePaymentSelectionRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType"
    ResponseCode: ResponseCodeType


class ServiceTagListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Service{1,}:ServiceType"
    Service: tuple[ServiceType, ...]


class ServiceTagType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ServiceID:unsignedShort ServiceName?:text[0..32] ServiceCategory:$ServiceCategoryType "
        "ServiceScope?:text[0..32]^3"
    )
    ServiceID: int
    ServiceName: str | None = None
    ServiceCategory: ServiceCategoryType
    ServiceScope: str | None = None


class ServiceType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceTag:ServiceTagType FreeService:bool"
    ServiceTag: ServiceTagType
    FreeService: bool


class SessionSetupReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "EVCCID:hex[0..8]"
    EVCCID: bytes


class SessionSetupRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType EVSEID:hex[0..32] DateTimeNow?:long"
    ResponseCode: ResponseCodeType
    EVSEID: bytes
    DateTimeNow: int | None = None


class SessionStopReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = ""


class SessionStopRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType"
    ResponseCode: ResponseCodeType


class SubCertificatesType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Certificate{1,}:base64[0..1200]"
    Certificate: tuple[bytes, ...]


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
    "AC_EVChargeParameter AC_EVSEChargeParameter AC_EVSEStatus=AC_EVSEStatusType BodyElement! CableCheckReq "
    "CableCheckRes CanonicalizationMethod=xmldsig.CanonicalizationMethodType CertificateInstallationReq "
    "CertificateInstallationRes CertificateUpdateReq CertificateUpdateRes ChargeParameterDiscoveryReq "
    "ChargeParameterDiscoveryRes ChargingStatusReq ChargingStatusRes ContractAuthenticationReq "
    "ContractAuthenticationRes CurrentDemandReq CurrentDemandRes DC_EVChargeParameter DC_EVPowerDeliveryParameter "
    "DC_EVSEChargeParameter DC_EVSEStatus=DC_EVSEStatusType DC_EVStatus=DC_EVStatusType "
    "DSAKeyValue=xmldsig.DSAKeyValueType DigestMethod=xmldsig.DigestMethodType DigestValue! EVChargeParameter! "
    "EVPowerDeliveryParameter! EVSEChargeParameter! EVSEStatus! EVStatus! Entry! KeyInfo=xmldsig.KeyInfoType KeyName! "
    "KeyValue=xmldsig.KeyValueType Manifest=xmldsig.Manifest MeteringReceiptReq MeteringReceiptRes MgmtData! "
    "Object=xmldsig.ObjectType PGPData=xmldsig.PGPDataType PMaxScheduleEntry=PMaxScheduleEntryType PaymentDetailsReq "
    "PaymentDetailsRes PowerDeliveryReq PowerDeliveryRes PreChargeReq PreChargeRes "
    "RSAKeyValue=xmldsig.RSAKeyValueType Reference=xmldsig.ReferenceType RelativeTimeInterval "
    "RetrievalMethod=xmldsig.RetrievalMethodType SAScheduleList SASchedules! SPKIData=xmldsig.SPKIDataType "
    "SalesTariffEntry=SalesTariffEntryType ServiceCharge ServiceDetailReq ServiceDetailRes ServiceDiscoveryReq "
    "ServiceDiscoveryRes ServicePaymentSelectionReq ServicePaymentSelectionRes SessionSetupReq SessionSetupRes "
    "SessionStopReq SessionStopRes Signature=xmldsig.SignatureType SignatureMethod=xmldsig.SignatureMethodType "
    "SignatureProperties=xmldsig.SignatureProperties SignatureProperty=xmldsig.SignaturePropertyType "
    "SignatureValue=xmldsig.SignatureValueType SignedInfo=xmldsig.SignedInfoType TimeInterval! "
    "Transform=xmldsig.TransformType Transforms=xmldsig.TransformsType V2G_Message WeldingDetectionReq "
    "WeldingDetectionRes X509Data=xmldsig.X509DataType"
)

FRAGMENTS = (
    "AC_EVChargeParameter:AC_EVChargeParameter AC_EVSEChargeParameter:AC_EVSEChargeParameter "
    "AC_EVSEStatus^2:AC_EVSEStatusType AC_EVSEStatus^3:AC_EVSEStatusType Body:BodyType BodyElement! "
    "BulkChargingComplete^2:bool BulkChargingComplete^3:bool BulkSOC:0..100 CableCheckReq:CableCheckReq "
    "CableCheckRes:CableCheckRes CanonicalizationMethod:xmldsig.CanonicalizationMethodType "
    "Certificate:base64[0..1200] CertificateInstallationReq:CertificateInstallationReq "
    "CertificateInstallationRes:CertificateInstallationRes CertificateUpdateReq:CertificateUpdateReq "
    "CertificateUpdateRes:CertificateUpdateRes ChargeParameterDiscoveryReq:ChargeParameterDiscoveryReq "
    "ChargeParameterDiscoveryRes:ChargeParameterDiscoveryRes ChargeService:ServiceCharge ChargingComplete^2:bool "
    "ChargingComplete^3:bool ChargingProfile:ChargingProfileType ChargingProfileEntryMaxPower:short "
    "ChargingProfileEntryStart:unsignedInt ChargingStatusReq:ChargingStatusReq ChargingStatusRes:ChargingStatusRes "
    "ConsumptionCost:ConsumptionCostType ContractAuthenticationReq:ContractAuthenticationReq "
    "ContractAuthenticationRes:ContractAuthenticationRes ContractID:text[0..24] "
    "ContractSignatureCertChain:CertificateChainType ContractSignatureEncryptedPrivateKey:base64[0..128] "
    "Cost:CostType CurrentDemandReq:CurrentDemandReq CurrentDemandRes:CurrentDemandRes "
    "DC_EVChargeParameter:DC_EVChargeParameter DC_EVPowerDeliveryParameter:DC_EVPowerDeliveryParameter "
    "DC_EVSEChargeParameter:DC_EVSEChargeParameter DC_EVSEStatus^2:DC_EVSEStatusType "
    "DC_EVSEStatus^3:DC_EVSEStatusType DC_EVStatus^2:DC_EVStatusType DC_EVStatus^3:DC_EVStatusType "
    "DHParams:base64[0..256] DSAKeyValue:xmldsig.DSAKeyValueType DateTimeNow:long DepartureTime:unsignedInt "
    "DigestMethod:xmldsig.DigestMethodType DigestValue:base64 EAmount:PhysicalValueType EPriceLevel:unsignedByte "
    "EVCCID:hex[0..8] EVCabinConditioning:bool EVChargeParameter! EVEnergyCapacity:PhysicalValueType "
    "EVEnergyRequest:PhysicalValueType EVErrorCode:$DC_EVErrorCodeType EVMaxCurrent:PhysicalValueType "
    "EVMaxVoltage:PhysicalValueType EVMaximumCurrentLimit^2:PhysicalValueType "
    "EVMaximumCurrentLimit^3:PhysicalValueType EVMaximumPowerLimit^2:PhysicalValueType "
    "EVMaximumPowerLimit^3:PhysicalValueType EVMaximumVoltageLimit^2:PhysicalValueType "
    "EVMaximumVoltageLimit^3:PhysicalValueType EVMinCurrent:PhysicalValueType EVPowerDeliveryParameter! "
    "EVRESSConditioning:bool EVRESSSOC:0..100 EVReady:bool "
    "EVRequestedEnergyTransferType:$EVRequestedEnergyTransferTypeType EVSEChargeParameter! "
    "EVSECurrentLimitAchieved:bool EVSECurrentRegulationTolerance:PhysicalValueType "
    "EVSEEnergyToBeDelivered:PhysicalValueType EVSEID:hex[0..32] EVSEIsolationStatus:$IsolationLevelType "
    "EVSEMaxCurrent^2:PhysicalValueType EVSEMaxCurrent^3:PhysicalValueType EVSEMaxVoltage:PhysicalValueType "
    "EVSEMaximumCurrentLimit^2:PhysicalValueType EVSEMaximumCurrentLimit^3:PhysicalValueType "
    "EVSEMaximumPowerLimit^2:PhysicalValueType EVSEMaximumPowerLimit^3:PhysicalValueType "
    "EVSEMaximumVoltageLimit^2:PhysicalValueType EVSEMaximumVoltageLimit^3:PhysicalValueType "
    "EVSEMinCurrent:PhysicalValueType EVSEMinimumCurrentLimit:PhysicalValueType "
    "EVSEMinimumVoltageLimit:PhysicalValueType EVSENotification:$EVSENotificationType "
    "EVSEPeakCurrentRipple:PhysicalValueType EVSEPowerLimitAchieved:bool EVSEPresentCurrent:PhysicalValueType "
    "EVSEPresentVoltage:PhysicalValueType EVSEProcessing:$EVSEProcessingType EVSEStatus! "
    "EVSEStatusCode:$DC_EVSEStatusCodeType EVSEVoltageLimitAchieved:bool EVStatus! EVTargetCurrent:PhysicalValueType "
    "EVTargetVoltage:PhysicalValueType EnergyTransferType:$EVSESupportedEnergyTransferType Entry! Exponent:base64 "
    "FaultCode:$FaultCodeType FaultMsg:text[0..64] FreeService:bool FullSOC:0..100 G:base64 GenChallenge:text "
    "HMACOutputLength:integer Header:MessageHeaderType J:base64 KeyInfo:xmldsig.KeyInfoType KeyName:text "
    "KeyValue:xmldsig.KeyValueType ListOfRootCertificateIDs:ListOfRootCertificateIDsType Manifest:xmldsig.Manifest "
    "MeterID:text[0..32] MeterInfo:MeterInfoType MeterReading:PhysicalValueType MeterStatus:short "
    "MeteringReceiptReq:MeteringReceiptReq MeteringReceiptRes:MeteringReceiptRes MgmtData:text Modulus:base64 "
    "Multiplier:-3..3 Notification:NotificationType NotificationMaxDelay:unsignedInt NumEPriceLevels:unsignedByte "
    "OEMProvisioningCert:base64[0..1200] Object:xmldsig.ObjectType P:base64 PGPData:xmldsig.PGPDataType "
    "PGPKeyID:base64 PGPKeyPacket:base64 PMax:short PMaxSchedule:PMaxScheduleType "
    "PMaxScheduleEntry:PMaxScheduleEntryType PMaxScheduleID:short Parameter:ParameterType "
    "ParameterSet:ParameterSetType ParameterSetID:short PaymentDetailsReq:PaymentDetailsReq "
    "PaymentDetailsRes:PaymentDetailsRes PaymentOption:$PaymentOptionType PaymentOptions:PaymentOptionsType "
    "PgenCounter:base64 PowerDeliveryReq:PowerDeliveryReq PowerDeliveryRes:PowerDeliveryRes PowerSwitchClosed:bool "
    "PreChargeReq:PreChargeReq PreChargeRes:PreChargeRes ProfileEntry:ProfileEntryType Q:base64 RCD:bool "
    "RSAKeyValue:xmldsig.RSAKeyValueType ReadyToChargeState:bool ReceiptRequired:bool Reference:xmldsig.ReferenceType "
    "RelativeTimeInterval:RelativeTimeInterval RemainingTimeToBulkSoC:PhysicalValueType "
    "RemainingTimeToFullSoC:PhysicalValueType ResponseCode:$ResponseCodeType "
    "RetrievalMethod:xmldsig.RetrievalMethodType RetryCounter:short RootCertificateID:text[0..40] "
    "SAScheduleList:SAScheduleList SAScheduleTuple:SAScheduleTupleType SAScheduleTupleID^2:short "
    "SAScheduleTupleID^3:short SASchedules! SPKIData:xmldsig.SPKIDataType SPKISexp:base64 SalesTariff:SalesTariffType "
    "SalesTariffDescription:text[0..32] SalesTariffEntry:SalesTariffEntryType SalesTariffID:short Seed:base64 "
    "SelectedPaymentOption:$PaymentOptionType SelectedService:SelectedServiceType "
    "SelectedServiceList:SelectedServiceListType Service:ServiceType ServiceCategory^2:$ServiceCategoryType "
    "ServiceCategory^3:$ServiceCategoryType ServiceCharge:ServiceCharge ServiceDetailReq:ServiceDetailReq "
    "ServiceDetailRes:ServiceDetailRes ServiceDiscoveryReq:ServiceDiscoveryReq "
    "ServiceDiscoveryRes:ServiceDiscoveryRes ServiceID^2:unsignedShort ServiceID^3:unsignedShort "
    "ServiceList:ServiceTagListType ServiceName:text[0..32] ServiceParameterList:ServiceParameterListType "
    "ServicePaymentSelectionReq:ServicePaymentSelectionReq ServicePaymentSelectionRes:ServicePaymentSelectionRes "
    "ServiceScope^2:text[0..32]^2 ServiceScope^3:text[0..32]^3 ServiceTag:ServiceTagType SessionID^2:hex[0..8] "
    "SessionID^5:hex[0..8] SessionSetupReq:SessionSetupReq SessionSetupRes:SessionSetupRes "
    "SessionStopReq:SessionStopReq SessionStopRes:SessionStopRes SigMeterReading:base64[0..32] "
    "Signature:xmldsig.SignatureType SignatureMethod:xmldsig.SignatureMethodType "
    "SignatureProperties:xmldsig.SignatureProperties SignatureProperty:xmldsig.SignaturePropertyType "
    "SignatureValue:xmldsig.SignatureValueType SignedInfo:xmldsig.SignedInfoType SubCertificates:SubCertificatesType "
    "TMeter:long TimeInterval! Transform:xmldsig.TransformType Transforms:xmldsig.TransformsType Unit:$UnitSymbolType "
    "V2G_Message:V2G_Message Value:short WeldingDetectionReq:WeldingDetectionReq "
    "WeldingDetectionRes:WeldingDetectionRes X509CRL:base64 X509Certificate:base64 X509Data:xmldsig.X509DataType "
    "X509IssuerName:text X509IssuerSerial:xmldsig.X509IssuerSerialType X509SKI:base64 X509SerialNumber:integer "
    "X509SubjectName:text XPath:text Y:base64 amount:unsignedInt amountMultiplier:-3..3 boolValue:bool byteValue:byte "
    "costKind:$CostKindType duration:unsignedInt intValue:int physicalValue:PhysicalValueType shortValue:short "
    "start:unsignedInt startValue:unsignedInt stringValue:text"
)

ATTRIBUTES = (
    "Algorithm Encoding Id^0 MimeType Name Target Type URI ValueType"
)
