"""Messages of ISO 15118-20 that every session uses, made from its schema by tools/generate_exi.py; do not edit."""

from __future__ import annotations

from typing import Literal

from agent.iso15118.exi import iso20_types, xmldsig
from agent.iso15118.exi.message import Message

AuthorizationType = Literal[
    "EIM", "PnC",
]

ChannelSelectionType = Literal[
    "Charge", "Discharge",
]

ChargeProgressType = Literal[
    "Start", "Stop", "Standby", "ScheduleRenegotiation",
]

ChargingSessionType = Literal[
    "Pause", "Terminate", "ServiceRenegotiation",
]

EcdhCurveType = Literal[
    "SECP521", "X448",
]

EvCheckInStatusType = Literal[
    "CheckIn", "Processing", "Completed",
]

EvCheckOutStatusType = Literal[
    "CheckOut", "Processing", "Completed",
]

EvseCheckOutStatusType = Literal[
    "Scheduled", "Completed",
]

ParkingMethodType = Literal[
    "AutoParking", "MVGuideManual", "Manual",
]

PowerToleranceAcceptanceType = Literal[
    "PowerToleranceNotConfirmed", "PowerToleranceConfirmed",
]


class AbsolutePriceScheduleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id?:text^13 TimeAnchor:unsignedLong PriceScheduleID:1..4294967295 "
        "PriceScheduleDescription?:text[0..160] Currency:text[0..3] Language:text[0..3] "
        "PriceAlgorithm:text[0..255] MinimumCost?:iso20_types.RationalNumberType "
        "MaximumCost?:iso20_types.RationalNumberType TaxRules?:TaxRuleListType "
        "PriceRuleStacks:PriceRuleStackListType OverstayRules?:OverstayRuleListType "
        "AdditionalSelectedServices?:AdditionalServiceListType"
    )
    Id: str | None = None
    TimeAnchor: int
    PriceScheduleID: int
    PriceScheduleDescription: str | None = None
    Currency: str
    Language: str
    PriceAlgorithm: str
    MinimumCost: iso20_types.RationalNumberType | None = None
    MaximumCost: iso20_types.RationalNumberType | None = None
    TaxRules: TaxRuleListType | None = None
    PriceRuleStacks: PriceRuleStackListType
    OverstayRules: OverstayRuleListType | None = None
    AdditionalSelectedServices: AdditionalServiceListType | None = None


class AdditionalServiceListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "AdditionalService{1,5}:AdditionalServiceType"
    AdditionalService: tuple[AdditionalServiceType, ...]


class AdditionalServiceType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceName:text[0..80] ServiceFee:iso20_types.RationalNumberType"
    ServiceName: str
    ServiceFee: iso20_types.RationalNumberType


class AuthorizationReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType SelectedAuthorizationService:$AuthorizationType "
        "(EIM_AReqAuthorizationMode:EIM_AReqAuthorizationModeType|PnC_AReqAuthorizationMode:PnC_AReqAuthorizationModeType)"
    )
    Header: iso20_types.MessageHeaderType
    SelectedAuthorizationService: AuthorizationType
    EIM_AReqAuthorizationMode: EIM_AReqAuthorizationModeType | None = None
    PnC_AReqAuthorizationMode: PnC_AReqAuthorizationModeType | None = None


class AuthorizationRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEProcessing:$iso20_types.ProcessingType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEProcessing: iso20_types.ProcessingType


class AuthorizationSetupReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType"
    Header: iso20_types.MessageHeaderType


class AuthorizationSetupRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "AuthorizationServices{1,2}:$AuthorizationType CertificateInstallationService:bool "
        "(EIM_ASResAuthorizationMode:EIM_ASResAuthorizationModeType|PnC_ASResAuthorizationMode:PnC_ASResAuthorizationModeType)"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    AuthorizationServices: tuple[AuthorizationType, ...]
    CertificateInstallationService: bool
    EIM_ASResAuthorizationMode: EIM_ASResAuthorizationModeType | None = None
    PnC_ASResAuthorizationMode: PnC_ASResAuthorizationModeType | None = None


class CertificateChainType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Certificate:base64[0..1600] SubCertificates?:SubCertificatesType"
    Certificate: bytes
    SubCertificates: SubCertificatesType | None = None


class CertificateInstallationReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType OEMProvisioningCertificateChain:SignedCertificateChainType "
        "ListOfRootCertificateIDs:iso20_types.ListOfRootCertificateIDsType "
        "MaximumContractCertificateChains:unsignedByte PrioritizedEMAIDs?:EMAIDListType"
    )
    Header: iso20_types.MessageHeaderType
    OEMProvisioningCertificateChain: SignedCertificateChainType
    ListOfRootCertificateIDs: iso20_types.ListOfRootCertificateIDsType
    MaximumContractCertificateChains: int
    PrioritizedEMAIDs: EMAIDListType | None = None


class CertificateInstallationRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEProcessing:$iso20_types.ProcessingType CPSCertificateChain:CertificateChainType "
        "SignedInstallationData:SignedInstallationDataType RemainingContractCertificateChains:unsignedByte"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEProcessing: iso20_types.ProcessingType
    CPSCertificateChain: CertificateChainType
    SignedInstallationData: SignedInstallationDataType
    RemainingContractCertificateChains: int


class ChargingScheduleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "PowerSchedule:PowerScheduleType "
        "(AbsolutePriceSchedule:AbsolutePriceScheduleType|PriceLevelSchedule:PriceLevelScheduleType)?"
    )
    PowerSchedule: PowerScheduleType
    AbsolutePriceSchedule: AbsolutePriceScheduleType | None = None
    PriceLevelSchedule: PriceLevelScheduleType | None = None


class ContractCertificateChainType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Certificate:base64[0..1600] SubCertificates:SubCertificatesType"
    Certificate: bytes
    SubCertificates: SubCertificatesType


class Dynamic_EVPPTControlModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = ""


class Dynamic_SEReqControlModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime:unsignedInt MinimumSOC?:0..100 TargetSOC?:0..100 "
        "EVTargetEnergyRequest:iso20_types.RationalNumberType "
        "EVMaximumEnergyRequest:iso20_types.RationalNumberType "
        "EVMinimumEnergyRequest:iso20_types.RationalNumberType "
        "EVMaximumV2XEnergyRequest?:iso20_types.RationalNumberType "
        "EVMinimumV2XEnergyRequest?:iso20_types.RationalNumberType"
    )
    DepartureTime: int
    MinimumSOC: int | None = None
    TargetSOC: int | None = None
    EVTargetEnergyRequest: iso20_types.RationalNumberType
    EVMaximumEnergyRequest: iso20_types.RationalNumberType
    EVMinimumEnergyRequest: iso20_types.RationalNumberType
    EVMaximumV2XEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMinimumV2XEnergyRequest: iso20_types.RationalNumberType | None = None


class Dynamic_SEResControlModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt MinimumSOC?:0..100 TargetSOC?:0..100 "
        "(AbsolutePriceSchedule:AbsolutePriceScheduleType|PriceLevelSchedule:PriceLevelScheduleType)?"
    )
    DepartureTime: int | None = None
    MinimumSOC: int | None = None
    TargetSOC: int | None = None
    AbsolutePriceSchedule: AbsolutePriceScheduleType | None = None
    PriceLevelSchedule: PriceLevelScheduleType | None = None


class Dynamic_SMDTControlModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = ""


class EIM_AReqAuthorizationModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = ""


class EIM_ASResAuthorizationModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = ""


class EMAIDListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "EMAID{1,8}:text[0..255]"
    EMAID: tuple[str, ...]


class EVAbsolutePriceScheduleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "TimeAnchor:unsignedLong Currency:text[0..3] PriceAlgorithm:text[0..255] "
        "EVPriceRuleStacks:EVPriceRuleStackListType"
    )
    TimeAnchor: int
    Currency: str
    PriceAlgorithm: str
    EVPriceRuleStacks: EVPriceRuleStackListType


class EVEnergyOfferType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "EVPowerSchedule:EVPowerScheduleType EVAbsolutePriceSchedule:EVAbsolutePriceScheduleType"
    EVPowerSchedule: EVPowerScheduleType
    EVAbsolutePriceSchedule: EVAbsolutePriceScheduleType


class EVPowerProfileEntryListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "EVPowerProfileEntry{1,2048}:PowerScheduleEntryType"
    EVPowerProfileEntry: tuple[PowerScheduleEntryType, ...]


class EVPowerProfileType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "TimeAnchor:unsignedLong "
        "(Dynamic_EVPPTControlMode:Dynamic_EVPPTControlModeType|Scheduled_EVPPTControlMode:Scheduled_EVPPTControlModeType) "
        "EVPowerProfileEntries:EVPowerProfileEntryListType"
    )
    TimeAnchor: int
    Dynamic_EVPPTControlMode: Dynamic_EVPPTControlModeType | None = None
    Scheduled_EVPPTControlMode: Scheduled_EVPPTControlModeType | None = None
    EVPowerProfileEntries: EVPowerProfileEntryListType


class EVPowerScheduleEntryListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "EVPowerScheduleEntry{1,1024}:EVPowerScheduleEntryType"
    EVPowerScheduleEntry: tuple[EVPowerScheduleEntryType, ...]


class EVPowerScheduleEntryType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Duration:unsignedInt Power:iso20_types.RationalNumberType"
    Duration: int
    Power: iso20_types.RationalNumberType


class EVPowerScheduleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "TimeAnchor:unsignedLong EVPowerScheduleEntries:EVPowerScheduleEntryListType"
    TimeAnchor: int
    EVPowerScheduleEntries: EVPowerScheduleEntryListType


class EVPriceRuleStackListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "EVPriceRuleStack{1,1024}:EVPriceRuleStackType"
    EVPriceRuleStack: tuple[EVPriceRuleStackType, ...]


class EVPriceRuleStackType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Duration:unsignedInt EVPriceRule{1,8}:EVPriceRuleType"
    Duration: int
    EVPriceRule: tuple[EVPriceRuleType, ...]


class EVPriceRuleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "EnergyFee:iso20_types.RationalNumberType PowerRangeStart:iso20_types.RationalNumberType"
    EnergyFee: iso20_types.RationalNumberType
    PowerRangeStart: iso20_types.RationalNumberType


class MeteringConfirmationReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType SignedMeteringData:SignedMeteringDataType"
    Header: iso20_types.MessageHeaderType
    SignedMeteringData: SignedMeteringDataType


class MeteringConfirmationRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType"
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType


class OverstayRuleListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "OverstayTimeThreshold?:unsignedInt OverstayPowerThreshold?:iso20_types.RationalNumberType "
        "OverstayRule{1,5}:OverstayRuleType"
    )
    OverstayTimeThreshold: int | None = None
    OverstayPowerThreshold: iso20_types.RationalNumberType | None = None
    OverstayRule: tuple[OverstayRuleType, ...]


class OverstayRuleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "OverstayRuleDescription?:text[0..160] StartTime:unsignedInt OverstayFee:iso20_types.RationalNumberType "
        "OverstayFeePeriod:unsignedInt"
    )
    OverstayRuleDescription: str | None = None
    StartTime: int
    OverstayFee: iso20_types.RationalNumberType
    OverstayFeePeriod: int


class ParameterSetType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ParameterSetID:unsignedShort Parameter{1,32}:ParameterType"
    ParameterSetID: int
    Parameter: tuple[ParameterType, ...]


class ParameterType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Name:text[0..80] "
        "(boolValue:bool|byteValue:byte|shortValue:short|intValue:int|rationalNumber:iso20_types.RationalNumberType|finiteString:text[0..80])"
    )
    Name: str
    boolValue: bool | None = None
    byteValue: int | None = None
    shortValue: int | None = None
    intValue: int | None = None
    rationalNumber: iso20_types.RationalNumberType | None = None
    finiteString: str | None = None


class PnC_AReqAuthorizationModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id:text^13 GenChallenge:base64[16..16] ContractCertificateChain:ContractCertificateChainType"
    Id: str
    GenChallenge: bytes
    ContractCertificateChain: ContractCertificateChainType


class PnC_ASResAuthorizationModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "GenChallenge:base64[16..16] SupportedProviders?:SupportedProvidersListType"
    GenChallenge: bytes
    SupportedProviders: SupportedProvidersListType | None = None


class PowerDeliveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType EVProcessing:$iso20_types.ProcessingType "
        "ChargeProgress:$ChargeProgressType EVPowerProfile?:EVPowerProfileType "
        "BPT_ChannelSelection?:$ChannelSelectionType"
    )
    Header: iso20_types.MessageHeaderType
    EVProcessing: iso20_types.ProcessingType
    ChargeProgress: ChargeProgressType
    EVPowerProfile: EVPowerProfileType | None = None
    BPT_ChannelSelection: ChannelSelectionType | None = None


class PowerDeliveryRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEStatus?:iso20_types.EVSEStatusType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEStatus: iso20_types.EVSEStatusType | None = None


class PowerScheduleEntryListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "PowerScheduleEntry{1,1024}:PowerScheduleEntryType"
    PowerScheduleEntry: tuple[PowerScheduleEntryType, ...]


class PowerScheduleEntryType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Duration:unsignedInt Power:iso20_types.RationalNumberType Power_L2?:iso20_types.RationalNumberType "
        "Power_L3?:iso20_types.RationalNumberType"
    )
    Duration: int
    Power: iso20_types.RationalNumberType
    Power_L2: iso20_types.RationalNumberType | None = None
    Power_L3: iso20_types.RationalNumberType | None = None


class PowerScheduleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "TimeAnchor:unsignedLong AvailableEnergy?:iso20_types.RationalNumberType "
        "PowerTolerance?:iso20_types.RationalNumberType PowerScheduleEntries:PowerScheduleEntryListType"
    )
    TimeAnchor: int
    AvailableEnergy: iso20_types.RationalNumberType | None = None
    PowerTolerance: iso20_types.RationalNumberType | None = None
    PowerScheduleEntries: PowerScheduleEntryListType


class PriceLevelScheduleEntryListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "PriceLevelScheduleEntry{1,1024}:PriceLevelScheduleEntryType"
    PriceLevelScheduleEntry: tuple[PriceLevelScheduleEntryType, ...]


class PriceLevelScheduleEntryType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Duration:unsignedInt PriceLevel:unsignedByte"
    Duration: int
    PriceLevel: int


class PriceLevelScheduleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id?:text^13 TimeAnchor:unsignedLong PriceScheduleID:1..4294967295 "
        "PriceScheduleDescription?:text[0..160] NumberOfPriceLevels:unsignedByte "
        "PriceLevelScheduleEntries:PriceLevelScheduleEntryListType"
    )
    Id: str | None = None
    TimeAnchor: int
    PriceScheduleID: int
    PriceScheduleDescription: str | None = None
    NumberOfPriceLevels: int
    PriceLevelScheduleEntries: PriceLevelScheduleEntryListType


class PriceRuleStackListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "PriceRuleStack{1,1024}:PriceRuleStackType"
    PriceRuleStack: tuple[PriceRuleStackType, ...]


class PriceRuleStackType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Duration:unsignedInt PriceRule{1,8}:PriceRuleType"
    Duration: int
    PriceRule: tuple[PriceRuleType, ...]


class PriceRuleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EnergyFee:iso20_types.RationalNumberType ParkingFee?:iso20_types.RationalNumberType "
        "ParkingFeePeriod?:unsignedInt CarbonDioxideEmission?:unsignedShort "
        "RenewableGenerationPercentage?:unsignedByte PowerRangeStart:iso20_types.RationalNumberType"
    )
    EnergyFee: iso20_types.RationalNumberType
    ParkingFee: iso20_types.RationalNumberType | None = None
    ParkingFeePeriod: int | None = None
    CarbonDioxideEmission: int | None = None
    RenewableGenerationPercentage: int | None = None
    PowerRangeStart: iso20_types.RationalNumberType


class ScheduleExchangeReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType MaximumSupportingPoints:12..1024 "
        "(Dynamic_SEReqControlMode:Dynamic_SEReqControlModeType|Scheduled_SEReqControlMode:Scheduled_SEReqControlModeType)"
    )
    Header: iso20_types.MessageHeaderType
    MaximumSupportingPoints: int
    Dynamic_SEReqControlMode: Dynamic_SEReqControlModeType | None = None
    Scheduled_SEReqControlMode: Scheduled_SEReqControlModeType | None = None


class ScheduleExchangeRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEProcessing:$iso20_types.ProcessingType GoToPause?:bool "
        "(Dynamic_SEResControlMode:Dynamic_SEResControlModeType|Scheduled_SEResControlMode:Scheduled_SEResControlModeType)"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEProcessing: iso20_types.ProcessingType
    GoToPause: bool | None = None
    Dynamic_SEResControlMode: Dynamic_SEResControlModeType | None = None
    Scheduled_SEResControlMode: Scheduled_SEResControlModeType | None = None


class ScheduleTupleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ScheduleTupleID:1..4294967295 ChargingSchedule:ChargingScheduleType "
        "DischargingSchedule?:ChargingScheduleType"
    )
    ScheduleTupleID: int
    ChargingSchedule: ChargingScheduleType
    DischargingSchedule: ChargingScheduleType | None = None


class Scheduled_EVPPTControlModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SelectedScheduleTupleID:1..4294967295 PowerToleranceAcceptance?:$PowerToleranceAcceptanceType"
    SelectedScheduleTupleID: int
    PowerToleranceAcceptance: PowerToleranceAcceptanceType | None = None


class Scheduled_SEReqControlModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt EVTargetEnergyRequest?:iso20_types.RationalNumberType "
        "EVMaximumEnergyRequest?:iso20_types.RationalNumberType "
        "EVMinimumEnergyRequest?:iso20_types.RationalNumberType EVEnergyOffer?:EVEnergyOfferType"
    )
    DepartureTime: int | None = None
    EVTargetEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMaximumEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMinimumEnergyRequest: iso20_types.RationalNumberType | None = None
    EVEnergyOffer: EVEnergyOfferType | None = None


class Scheduled_SEResControlModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ScheduleTuple{1,3}:ScheduleTupleType"
    ScheduleTuple: tuple[ScheduleTupleType, ...]


class Scheduled_SMDTControlModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SelectedScheduleTupleID:1..4294967295"
    SelectedScheduleTupleID: int


class SelectedServiceListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SelectedService{1,16}:SelectedServiceType"
    SelectedService: tuple[SelectedServiceType, ...]


class SelectedServiceType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceID:unsignedShort ParameterSetID:unsignedShort"
    ServiceID: int
    ParameterSetID: int


class ServiceDetailReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType ServiceID:unsignedShort"
    Header: iso20_types.MessageHeaderType
    ServiceID: int


class ServiceDetailRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType ServiceID:unsignedShort "
        "ServiceParameterList:ServiceParameterListType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    ServiceID: int
    ServiceParameterList: ServiceParameterListType


class ServiceDiscoveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType SupportedServiceIDs?:ServiceIDListType"
    Header: iso20_types.MessageHeaderType
    SupportedServiceIDs: ServiceIDListType | None = None


class ServiceDiscoveryRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "ServiceRenegotiationSupported:bool EnergyTransferServiceList:ServiceListType VASList?:ServiceListType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    ServiceRenegotiationSupported: bool
    EnergyTransferServiceList: ServiceListType
    VASList: ServiceListType | None = None


class ServiceIDListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceID{1,16}:unsignedShort"
    ServiceID: tuple[int, ...]


class ServiceListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Service{1,8}:ServiceType"
    Service: tuple[ServiceType, ...]


class ServiceParameterListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ParameterSet{1,32}:ParameterSetType"
    ParameterSet: tuple[ParameterSetType, ...]


class ServiceSelectionReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType SelectedEnergyTransferService:SelectedServiceType "
        "SelectedVASList?:SelectedServiceListType"
    )
    Header: iso20_types.MessageHeaderType
    SelectedEnergyTransferService: SelectedServiceType
    SelectedVASList: SelectedServiceListType | None = None


class ServiceSelectionRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType"
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType


class ServiceType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ServiceID:unsignedShort FreeService:bool"
    ServiceID: int
    FreeService: bool


class SessionSetupReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType EVCCID:text[0..255]"
    Header: iso20_types.MessageHeaderType
    EVCCID: str


class SessionSetupRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType EVSEID:text[0..255]"
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEID: str


class SessionStopReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ChargingSession:$ChargingSessionType EVTerminationCode?:text[0..80] "
        "EVTerminationExplanation?:text[0..160]"
    )
    Header: iso20_types.MessageHeaderType
    ChargingSession: ChargingSessionType
    EVTerminationCode: str | None = None
    EVTerminationExplanation: str | None = None


class SessionStopRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType"
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType


class SignedCertificateChainType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id:text^13 Certificate:base64[0..1600] SubCertificates?:SubCertificatesType"
    Id: str
    Certificate: bytes
    SubCertificates: SubCertificatesType | None = None


class SignedInstallationDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id:text^13 ContractCertificateChain:ContractCertificateChainType ECDHCurve:$EcdhCurveType "
        "DHPublicKey:base64[133..133] "
        "(SECP521_EncryptedPrivateKey:base64[94..94]|X448_EncryptedPrivateKey:base64[84..84]|TPM_EncryptedPrivateKey:base64[206..206])"
    )
    Id: str
    ContractCertificateChain: ContractCertificateChainType
    ECDHCurve: EcdhCurveType
    DHPublicKey: bytes
    SECP521_EncryptedPrivateKey: bytes | None = None
    X448_EncryptedPrivateKey: bytes | None = None
    TPM_EncryptedPrivateKey: bytes | None = None


class SignedMeteringDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id:text^13 SessionID:hex[8..8] MeterInfo:iso20_types.MeterInfoType Receipt?:iso20_types.ReceiptType "
        "(Dynamic_SMDTControlMode:Dynamic_SMDTControlModeType|Scheduled_SMDTControlMode:Scheduled_SMDTControlModeType)"
    )
    Id: str
    SessionID: bytes
    MeterInfo: iso20_types.MeterInfoType
    Receipt: iso20_types.ReceiptType | None = None
    Dynamic_SMDTControlMode: Dynamic_SMDTControlModeType | None = None
    Scheduled_SMDTControlMode: Scheduled_SMDTControlModeType | None = None


class SubCertificatesType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Certificate{1,3}:base64[0..1600]"
    Certificate: tuple[bytes, ...]


class SupportedProvidersListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ProviderID{1,128}:text[0..80]"
    ProviderID: tuple[str, ...]


class TargetPositionType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "TargetOffsetX:unsignedShort TargetOffsetY:unsignedShort"
    TargetOffsetX: int
    TargetOffsetY: int


class TaxRuleListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "TaxRule{1,10}:TaxRuleType"
    TaxRule: tuple[TaxRuleType, ...]


class TaxRuleType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "TaxRuleID:1..4294967295 TaxRuleName?:text[0..80] TaxRate:iso20_types.RationalNumberType "
        "TaxIncludedInPrice?:bool AppliesToEnergyFee:bool AppliesToParkingFee:bool AppliesToOverstayFee:bool "
        "AppliesMinimumMaximumCost:bool"
    )
    TaxRuleID: int
    TaxRuleName: str | None = None
    TaxRate: iso20_types.RationalNumberType
    TaxIncludedInPrice: bool | None = None
    AppliesToEnergyFee: bool
    AppliesToParkingFee: bool
    AppliesToOverstayFee: bool
    AppliesMinimumMaximumCost: bool


class VehicleCheckInReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType EVCheckInStatus:$EvCheckInStatusType "
        "ParkingMethod:$ParkingMethodType VehicleFrame?:short DeviceOffset?:short VehicleTravel?:short"
    )
    Header: iso20_types.MessageHeaderType
    EVCheckInStatus: EvCheckInStatusType
    ParkingMethod: ParkingMethodType
    VehicleFrame: int | None = None
    DeviceOffset: int | None = None
    VehicleTravel: int | None = None


class VehicleCheckInRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType ParkingSpace?:short "
        "DeviceLocation?:short TargetDistance?:short"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    ParkingSpace: int | None = None
    DeviceLocation: int | None = None
    TargetDistance: int | None = None


class VehicleCheckOutReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType EVCheckOutStatus:$EvCheckOutStatusType CheckOutTime:unsignedLong"
    Header: iso20_types.MessageHeaderType
    EVCheckOutStatus: EvCheckOutStatusType
    CheckOutTime: int


class VehicleCheckOutRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSECheckOutStatus:$EvseCheckOutStatusType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSECheckOutStatus: EvseCheckOutStatusType


ROOTS = (
    "AuthorizationReq AuthorizationRes AuthorizationSetupReq AuthorizationSetupRes CLReqControlMode! "
    "CLResControlMode! CanonicalizationMethod=xmldsig.CanonicalizationMethodType CertificateInstallationReq "
    "CertificateInstallationRes DSAKeyValue=xmldsig.DSAKeyValueType DigestMethod=xmldsig.DigestMethodType "
    "DigestValue! KeyInfo=xmldsig.KeyInfoType KeyName! KeyValue=xmldsig.KeyValueType Manifest=xmldsig.Manifest "
    "MeteringConfirmationReq MeteringConfirmationRes MgmtData! Object=xmldsig.ObjectType PGPData=xmldsig.PGPDataType "
    "PowerDeliveryReq PowerDeliveryRes RSAKeyValue=xmldsig.RSAKeyValueType Reference=xmldsig.ReferenceType "
    "RetrievalMethod=xmldsig.RetrievalMethodType SPKIData=xmldsig.SPKIDataType ScheduleExchangeReq "
    "ScheduleExchangeRes ServiceDetailReq ServiceDetailRes ServiceDiscoveryReq ServiceDiscoveryRes "
    "ServiceSelectionReq ServiceSelectionRes SessionSetupReq SessionSetupRes SessionStopReq SessionStopRes "
    "Signature=xmldsig.SignatureType SignatureMethod=xmldsig.SignatureMethodType "
    "SignatureProperties=xmldsig.SignatureProperties SignatureProperty=xmldsig.SignaturePropertyType "
    "SignatureValue=xmldsig.SignatureValueType SignedInfo=xmldsig.SignedInfoType "
    "SignedInstallationData=SignedInstallationDataType SignedMeteringData=SignedMeteringDataType "
    "Transform=xmldsig.TransformType Transforms=xmldsig.TransformsType VehicleCheckInReq VehicleCheckInRes "
    "VehicleCheckOutReq VehicleCheckOutRes X509Data=xmldsig.X509DataType"
)

FRAGMENTS = (
    "AbsolutePriceSchedule:AbsolutePriceScheduleType AckMaxDelay:unsignedShort "
    "AdditionalSelectedServices:AdditionalServiceListType AdditionalService:AdditionalServiceType "
    "AdditionalServicesCosts:iso20_types.DetailedCostType Amount:iso20_types.RationalNumberType "
    "AppliesMinimumMaximumCost:bool AppliesToEnergyFee:bool AppliesToOverstayFee:bool AppliesToParkingFee:bool "
    "AuthorizationReq:AuthorizationReq AuthorizationRes:AuthorizationRes AuthorizationServices:$AuthorizationType "
    "AuthorizationSetupReq:AuthorizationSetupReq AuthorizationSetupRes:AuthorizationSetupRes "
    "AvailableEnergy:iso20_types.RationalNumberType BPT_ChannelSelection:$ChannelSelectionType "
    "BPT_DischargedEnergyReadingWh:unsignedLong BPT_InductiveEnergyReadingVARh:unsignedLong "
    "BatteryEnergyCapacity:iso20_types.RationalNumberType CLReqControlMode! CLResControlMode! "
    "CPSCertificateChain:CertificateChainType CanonicalizationMethod:xmldsig.CanonicalizationMethodType "
    "CapacitiveEnergyReadingVARh:unsignedLong CarbonDioxideEmission:unsignedShort Certificate:base64[0..1600] "
    "CertificateInstallationReq:CertificateInstallationReq CertificateInstallationRes:CertificateInstallationRes "
    "CertificateInstallationService:bool ChargeProgress:$ChargeProgressType ChargedEnergyReadingWh:unsignedLong "
    "ChargingComplete:bool ChargingSchedule:ChargingScheduleType ChargingSession:$ChargingSessionType "
    "CheckOutTime:unsignedLong ContractCertificateChain:ContractCertificateChainType "
    "CostPerUnit:iso20_types.RationalNumberType Currency:text[0..3] DHPublicKey:base64[133..133] "
    "DSAKeyValue:xmldsig.DSAKeyValueType DepartureTime^13:unsignedInt DepartureTime^14:unsignedInt "
    "DeviceLocation:short DeviceOffset:short DigestMethod:xmldsig.DigestMethodType DigestValue:base64 "
    "DischargingSchedule:ChargingScheduleType DisplayParameters:iso20_types.DisplayParametersType "
    "Duration:unsignedInt Dynamic_EVPPTControlMode:Dynamic_EVPPTControlModeType "
    "Dynamic_SEReqControlMode:Dynamic_SEReqControlModeType Dynamic_SEResControlMode:Dynamic_SEResControlModeType "
    "Dynamic_SMDTControlMode:Dynamic_SMDTControlModeType ECDHCurve:$EcdhCurveType "
    "EIM_AReqAuthorizationMode:EIM_AReqAuthorizationModeType "
    "EIM_ASResAuthorizationMode:EIM_ASResAuthorizationModeType EMAID:text[0..255] "
    "EVAbsolutePriceSchedule:EVAbsolutePriceScheduleType EVCCID:text[0..255] EVCheckInStatus:$EvCheckInStatusType "
    "EVCheckOutStatus:$EvCheckOutStatusType EVEnergyOffer:EVEnergyOfferType "
    "EVMaximumEnergyRequest^13:iso20_types.RationalNumberType "
    "EVMaximumEnergyRequest^14:iso20_types.RationalNumberType "
    "EVMaximumV2XEnergyRequest:iso20_types.RationalNumberType "
    "EVMinimumEnergyRequest^13:iso20_types.RationalNumberType "
    "EVMinimumEnergyRequest^14:iso20_types.RationalNumberType "
    "EVMinimumV2XEnergyRequest:iso20_types.RationalNumberType EVPowerProfile:EVPowerProfileType "
    "EVPowerProfileEntries:EVPowerProfileEntryListType EVPowerProfileEntry:PowerScheduleEntryType "
    "EVPowerSchedule:EVPowerScheduleType EVPowerScheduleEntries:EVPowerScheduleEntryListType "
    "EVPowerScheduleEntry:EVPowerScheduleEntryType EVPriceRule:EVPriceRuleType EVPriceRuleStack:EVPriceRuleStackType "
    "EVPriceRuleStacks:EVPriceRuleStackListType EVProcessing:$iso20_types.ProcessingType "
    "EVSECheckOutStatus:$EvseCheckOutStatusType EVSEID:text[0..255] "
    "EVSENotification:$iso20_types.EvseNotificationType EVSEProcessing:$iso20_types.ProcessingType "
    "EVSEStatus^13:iso20_types.EVSEStatusType EVSEStatus^14:iso20_types.EVSEStatusType "
    "EVTargetEnergyRequest^13:iso20_types.RationalNumberType EVTargetEnergyRequest^14:iso20_types.RationalNumberType "
    "EVTerminationCode:text[0..80] EVTerminationExplanation:text[0..160] EnergyCosts:iso20_types.DetailedCostType "
    "EnergyFee:iso20_types.RationalNumberType EnergyTransferServiceList:ServiceListType Exponent^1:base64 "
    "Exponent^14:byte FreeService:bool G:base64 GenChallenge:base64[16..16] GoToPause:bool HMACOutputLength:integer "
    "Header:iso20_types.MessageHeaderType InletHot:bool J:base64 KeyInfo:xmldsig.KeyInfoType KeyName:text "
    "KeyValue:xmldsig.KeyValueType Language:text[0..3] "
    "ListOfRootCertificateIDs:iso20_types.ListOfRootCertificateIDsType Manifest:xmldsig.Manifest "
    "MaximumContractCertificateChains:unsignedByte MaximumCost:iso20_types.RationalNumberType MaximumSOC:0..100 "
    "MaximumSupportingPoints:12..1024 MeterID:text[0..32] MeterInfo^13:iso20_types.MeterInfoType "
    "MeterInfo^14:iso20_types.MeterInfoType MeterInfoRequested:bool MeterSignature:base64[0..64] MeterStatus:short "
    "MeterTimestamp:unsignedLong MeteringConfirmationReq:MeteringConfirmationReq "
    "MeteringConfirmationRes:MeteringConfirmationRes MgmtData:text MinimumCost:iso20_types.RationalNumberType "
    "MinimumSOC^13:0..100 MinimumSOC^14:0..100 Modulus:base64 NotificationMaxDelay:unsignedShort "
    "NumberOfPriceLevels:unsignedByte OEMProvisioningCertificateChain:SignedCertificateChainType "
    "Object:xmldsig.ObjectType OccupancyCosts:iso20_types.DetailedCostType OverstayCosts:iso20_types.DetailedCostType "
    "OverstayFee:iso20_types.RationalNumberType OverstayFeePeriod:unsignedInt "
    "OverstayPowerThreshold:iso20_types.RationalNumberType OverstayRule:OverstayRuleType "
    "OverstayRuleDescription:text[0..160] OverstayRules:OverstayRuleListType OverstayTimeThreshold:unsignedInt "
    "P:base64 PGPData:xmldsig.PGPDataType PGPKeyID:base64 PGPKeyPacket:base64 Parameter:ParameterType "
    "ParameterSet:ParameterSetType ParameterSetID:unsignedShort ParkingFee:iso20_types.RationalNumberType "
    "ParkingFeePeriod:unsignedInt ParkingMethod:$ParkingMethodType ParkingSpace:short PgenCounter:base64 "
    "PnC_AReqAuthorizationMode:PnC_AReqAuthorizationModeType "
    "PnC_ASResAuthorizationMode:PnC_ASResAuthorizationModeType Power:iso20_types.RationalNumberType "
    "PowerDeliveryReq:PowerDeliveryReq PowerDeliveryRes:PowerDeliveryRes "
    "PowerRangeStart:iso20_types.RationalNumberType PowerSchedule:PowerScheduleType "
    "PowerScheduleEntries:PowerScheduleEntryListType PowerScheduleEntry:PowerScheduleEntryType "
    "PowerTolerance:iso20_types.RationalNumberType PowerToleranceAcceptance:$PowerToleranceAcceptanceType "
    "Power_L2:iso20_types.RationalNumberType Power_L3:iso20_types.RationalNumberType PresentSOC:0..100 "
    "PriceAlgorithm:text[0..255] PriceLevel:unsignedByte PriceLevelSchedule:PriceLevelScheduleType "
    "PriceLevelScheduleEntries:PriceLevelScheduleEntryListType PriceLevelScheduleEntry:PriceLevelScheduleEntryType "
    "PriceRule:PriceRuleType PriceRuleStack:PriceRuleStackType PriceRuleStacks:PriceRuleStackListType "
    "PriceScheduleDescription:text[0..160] PriceScheduleID:1..4294967295 PrioritizedEMAIDs:EMAIDListType "
    "ProviderID:text[0..80] Q:base64 RSAKeyValue:xmldsig.RSAKeyValueType Receipt^13:iso20_types.ReceiptType "
    "Receipt^14:iso20_types.ReceiptType Reference:xmldsig.ReferenceType "
    "RemainingContractCertificateChains:unsignedByte RemainingTimeToMaximumSOC:unsignedInt "
    "RemainingTimeToMinimumSOC:unsignedInt RemainingTimeToTargetSOC:unsignedInt "
    "RenewableGenerationPercentage:unsignedByte ResponseCode:$iso20_types.ResponseCodeType "
    "RetrievalMethod:xmldsig.RetrievalMethodType RootCertificateID:xmldsig.X509IssuerSerialType "
    "SECP521_EncryptedPrivateKey:base64[94..94] SPKIData:xmldsig.SPKIDataType SPKISexp:base64 "
    "ScheduleExchangeReq:ScheduleExchangeReq ScheduleExchangeRes:ScheduleExchangeRes ScheduleTuple:ScheduleTupleType "
    "ScheduleTupleID:1..4294967295 Scheduled_EVPPTControlMode:Scheduled_EVPPTControlModeType "
    "Scheduled_SEReqControlMode:Scheduled_SEReqControlModeType "
    "Scheduled_SEResControlMode:Scheduled_SEResControlModeType "
    "Scheduled_SMDTControlMode:Scheduled_SMDTControlModeType Seed:base64 "
    "SelectedAuthorizationService:$AuthorizationType SelectedEnergyTransferService:SelectedServiceType "
    "SelectedScheduleTupleID:1..4294967295 SelectedService:SelectedServiceType "
    "SelectedVASList:SelectedServiceListType Service:ServiceType ServiceDetailReq:ServiceDetailReq "
    "ServiceDetailRes:ServiceDetailRes ServiceDiscoveryReq:ServiceDiscoveryReq "
    "ServiceDiscoveryRes:ServiceDiscoveryRes ServiceFee:iso20_types.RationalNumberType ServiceID:unsignedShort "
    "ServiceName:text[0..80] ServiceParameterList:ServiceParameterListType ServiceRenegotiationSupported:bool "
    "ServiceSelectionReq:ServiceSelectionReq ServiceSelectionRes:ServiceSelectionRes SessionID^13:hex[8..8] "
    "SessionID^14:hex[8..8] SessionSetupReq:SessionSetupReq SessionSetupRes:SessionSetupRes "
    "SessionStopReq:SessionStopReq SessionStopRes:SessionStopRes Signature:xmldsig.SignatureType "
    "SignatureMethod:xmldsig.SignatureMethodType SignatureProperties:xmldsig.SignatureProperties "
    "SignatureProperty:xmldsig.SignaturePropertyType SignatureValue:xmldsig.SignatureValueType "
    "SignedInfo:xmldsig.SignedInfoType SignedInstallationData:SignedInstallationDataType "
    "SignedMeteringData:SignedMeteringDataType StartTime:unsignedInt SubCertificates:SubCertificatesType "
    "SupportedProviders:SupportedProvidersListType SupportedServiceIDs:ServiceIDListType "
    "TPM_EncryptedPrivateKey:base64[206..206] TargetDistance:short TargetOffsetX:unsignedShort "
    "TargetOffsetY:unsignedShort TargetSOC^13:0..100 TargetSOC^14:0..100 TaxCosts:iso20_types.DetailedTaxType "
    "TaxIncludedInPrice:bool TaxRate:iso20_types.RationalNumberType TaxRule:TaxRuleType TaxRuleID^13:1..4294967295 "
    "TaxRuleID^14:1..4294967295 TaxRuleName:text[0..80] TaxRules:TaxRuleListType TimeAnchor^13:unsignedLong "
    "TimeAnchor^14:unsignedLong TimeStamp:unsignedLong Transform:xmldsig.TransformType "
    "Transforms:xmldsig.TransformsType VASList:ServiceListType Value:short VehicleCheckInReq:VehicleCheckInReq "
    "VehicleCheckInRes:VehicleCheckInRes VehicleCheckOutReq:VehicleCheckOutReq VehicleCheckOutRes:VehicleCheckOutRes "
    "VehicleFrame:short VehicleTravel:short X448_EncryptedPrivateKey:base64[84..84] X509CRL:base64 "
    "X509Certificate:base64 X509Data:xmldsig.X509DataType X509IssuerName:text "
    "X509IssuerSerial:xmldsig.X509IssuerSerialType X509SKI:base64 X509SerialNumber:integer X509SubjectName:text "
    "XPath:text Y:base64 boolValue:bool byteValue:byte finiteString:text[0..80] intValue:int "
    "rationalNumber:iso20_types.RationalNumberType shortValue:short"
)

ATTRIBUTES = (
    "Algorithm Encoding Id^0 Id^13 MimeType Name Target Type URI"
)
