"""Messages of ISO 15118-20 for DC charging, made from its schema by tools/generate_exi.py; do not edit."""

from __future__ import annotations

from agent.iso15118.exi import iso20_types, xmldsig
from agent.iso15118.exi.message import Message


class BPT_DC_CPDReqEnergyTransferMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVMaximumChargePower:iso20_types.RationalNumberType EVMinimumChargePower:iso20_types.RationalNumberType "
        "EVMaximumChargeCurrent:iso20_types.RationalNumberType "
        "EVMinimumChargeCurrent:iso20_types.RationalNumberType EVMaximumVoltage:iso20_types.RationalNumberType "
        "EVMinimumVoltage:iso20_types.RationalNumberType TargetSOC?:0..100 "
        "EVMaximumDischargePower:iso20_types.RationalNumberType "
        "EVMinimumDischargePower:iso20_types.RationalNumberType "
        "EVMaximumDischargeCurrent:iso20_types.RationalNumberType "
        "EVMinimumDischargeCurrent:iso20_types.RationalNumberType"
    )
    EVMaximumChargePower: iso20_types.RationalNumberType
    EVMinimumChargePower: iso20_types.RationalNumberType
    EVMaximumChargeCurrent: iso20_types.RationalNumberType
    EVMinimumChargeCurrent: iso20_types.RationalNumberType
    EVMaximumVoltage: iso20_types.RationalNumberType
    EVMinimumVoltage: iso20_types.RationalNumberType
    TargetSOC: int | None = None
    EVMaximumDischargePower: iso20_types.RationalNumberType
    EVMinimumDischargePower: iso20_types.RationalNumberType
    EVMaximumDischargeCurrent: iso20_types.RationalNumberType
    EVMinimumDischargeCurrent: iso20_types.RationalNumberType


class BPT_DC_CPDResEnergyTransferMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVSEMaximumChargePower:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower:iso20_types.RationalNumberType "
        "EVSEMaximumChargeCurrent:iso20_types.RationalNumberType "
        "EVSEMinimumChargeCurrent:iso20_types.RationalNumberType "
        "EVSEMaximumVoltage:iso20_types.RationalNumberType EVSEMinimumVoltage:iso20_types.RationalNumberType "
        "EVSEPowerRampLimitation?:iso20_types.RationalNumberType "
        "EVSEMaximumDischargePower:iso20_types.RationalNumberType "
        "EVSEMinimumDischargePower:iso20_types.RationalNumberType "
        "EVSEMaximumDischargeCurrent:iso20_types.RationalNumberType "
        "EVSEMinimumDischargeCurrent:iso20_types.RationalNumberType"
    )
    EVSEMaximumChargePower: iso20_types.RationalNumberType
    EVSEMinimumChargePower: iso20_types.RationalNumberType
    EVSEMaximumChargeCurrent: iso20_types.RationalNumberType
    EVSEMinimumChargeCurrent: iso20_types.RationalNumberType
    EVSEMaximumVoltage: iso20_types.RationalNumberType
    EVSEMinimumVoltage: iso20_types.RationalNumberType
    EVSEPowerRampLimitation: iso20_types.RationalNumberType | None = None
    EVSEMaximumDischargePower: iso20_types.RationalNumberType
    EVSEMinimumDischargePower: iso20_types.RationalNumberType
    EVSEMaximumDischargeCurrent: iso20_types.RationalNumberType
    EVSEMinimumDischargeCurrent: iso20_types.RationalNumberType


class BPT_Dynamic_DC_CLReqControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt EVTargetEnergyRequest:iso20_types.RationalNumberType "
        "EVMaximumEnergyRequest:iso20_types.RationalNumberType "
        "EVMinimumEnergyRequest:iso20_types.RationalNumberType "
        "EVMaximumChargePower:iso20_types.RationalNumberType EVMinimumChargePower:iso20_types.RationalNumberType "
        "EVMaximumChargeCurrent:iso20_types.RationalNumberType EVMaximumVoltage:iso20_types.RationalNumberType "
        "EVMinimumVoltage:iso20_types.RationalNumberType EVMaximumDischargePower:iso20_types.RationalNumberType "
        "EVMinimumDischargePower:iso20_types.RationalNumberType "
        "EVMaximumDischargeCurrent:iso20_types.RationalNumberType "
        "EVMaximumV2XEnergyRequest?:iso20_types.RationalNumberType "
        "EVMinimumV2XEnergyRequest?:iso20_types.RationalNumberType"
    )
    DepartureTime: int | None = None
    EVTargetEnergyRequest: iso20_types.RationalNumberType
    EVMaximumEnergyRequest: iso20_types.RationalNumberType
    EVMinimumEnergyRequest: iso20_types.RationalNumberType
    EVMaximumChargePower: iso20_types.RationalNumberType
    EVMinimumChargePower: iso20_types.RationalNumberType
    EVMaximumChargeCurrent: iso20_types.RationalNumberType
    EVMaximumVoltage: iso20_types.RationalNumberType
    EVMinimumVoltage: iso20_types.RationalNumberType
    EVMaximumDischargePower: iso20_types.RationalNumberType
    EVMinimumDischargePower: iso20_types.RationalNumberType
    EVMaximumDischargeCurrent: iso20_types.RationalNumberType
    EVMaximumV2XEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMinimumV2XEnergyRequest: iso20_types.RationalNumberType | None = None


class BPT_Dynamic_DC_CLResControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt MinimumSOC?:0..100 TargetSOC?:0..100 AckMaxDelay?:unsignedShort "
        "EVSEMaximumChargePower:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower:iso20_types.RationalNumberType "
        "EVSEMaximumChargeCurrent:iso20_types.RationalNumberType "
        "EVSEMaximumVoltage:iso20_types.RationalNumberType "
        "EVSEMaximumDischargePower:iso20_types.RationalNumberType "
        "EVSEMinimumDischargePower:iso20_types.RationalNumberType "
        "EVSEMaximumDischargeCurrent:iso20_types.RationalNumberType "
        "EVSEMinimumVoltage:iso20_types.RationalNumberType"
    )
    DepartureTime: int | None = None
    MinimumSOC: int | None = None
    TargetSOC: int | None = None
    AckMaxDelay: int | None = None
    EVSEMaximumChargePower: iso20_types.RationalNumberType
    EVSEMinimumChargePower: iso20_types.RationalNumberType
    EVSEMaximumChargeCurrent: iso20_types.RationalNumberType
    EVSEMaximumVoltage: iso20_types.RationalNumberType
    EVSEMaximumDischargePower: iso20_types.RationalNumberType
    EVSEMinimumDischargePower: iso20_types.RationalNumberType
    EVSEMaximumDischargeCurrent: iso20_types.RationalNumberType
    EVSEMinimumVoltage: iso20_types.RationalNumberType


class BPT_Scheduled_DC_CLReqControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVTargetEnergyRequest?:iso20_types.RationalNumberType "
        "EVMaximumEnergyRequest?:iso20_types.RationalNumberType "
        "EVMinimumEnergyRequest?:iso20_types.RationalNumberType EVTargetCurrent:iso20_types.RationalNumberType "
        "EVTargetVoltage:iso20_types.RationalNumberType EVMaximumChargePower?:iso20_types.RationalNumberType "
        "EVMinimumChargePower?:iso20_types.RationalNumberType "
        "EVMaximumChargeCurrent?:iso20_types.RationalNumberType EVMaximumVoltage?:iso20_types.RationalNumberType "
        "EVMinimumVoltage?:iso20_types.RationalNumberType EVMaximumDischargePower?:iso20_types.RationalNumberType "
        "EVMinimumDischargePower?:iso20_types.RationalNumberType "
        "EVMaximumDischargeCurrent?:iso20_types.RationalNumberType"
    )
    EVTargetEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMaximumEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMinimumEnergyRequest: iso20_types.RationalNumberType | None = None
    EVTargetCurrent: iso20_types.RationalNumberType
    EVTargetVoltage: iso20_types.RationalNumberType
    EVMaximumChargePower: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower: iso20_types.RationalNumberType | None = None
    EVMaximumChargeCurrent: iso20_types.RationalNumberType | None = None
    EVMaximumVoltage: iso20_types.RationalNumberType | None = None
    EVMinimumVoltage: iso20_types.RationalNumberType | None = None
    EVMaximumDischargePower: iso20_types.RationalNumberType | None = None
    EVMinimumDischargePower: iso20_types.RationalNumberType | None = None
    EVMaximumDischargeCurrent: iso20_types.RationalNumberType | None = None


class BPT_Scheduled_DC_CLResControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVSEMaximumChargePower?:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower?:iso20_types.RationalNumberType "
        "EVSEMaximumChargeCurrent?:iso20_types.RationalNumberType "
        "EVSEMaximumVoltage?:iso20_types.RationalNumberType "
        "EVSEMaximumDischargePower?:iso20_types.RationalNumberType "
        "EVSEMinimumDischargePower?:iso20_types.RationalNumberType "
        "EVSEMaximumDischargeCurrent?:iso20_types.RationalNumberType "
        "EVSEMinimumVoltage?:iso20_types.RationalNumberType"
    )
    EVSEMaximumChargePower: iso20_types.RationalNumberType | None = None
    EVSEMinimumChargePower: iso20_types.RationalNumberType | None = None
    EVSEMaximumChargeCurrent: iso20_types.RationalNumberType | None = None
    EVSEMaximumVoltage: iso20_types.RationalNumberType | None = None
    EVSEMaximumDischargePower: iso20_types.RationalNumberType | None = None
    EVSEMinimumDischargePower: iso20_types.RationalNumberType | None = None
    EVSEMaximumDischargeCurrent: iso20_types.RationalNumberType | None = None
    EVSEMinimumVoltage: iso20_types.RationalNumberType | None = None


class DC_CPDReqEnergyTransferModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVMaximumChargePower:iso20_types.RationalNumberType EVMinimumChargePower:iso20_types.RationalNumberType "
        "EVMaximumChargeCurrent:iso20_types.RationalNumberType "
        "EVMinimumChargeCurrent:iso20_types.RationalNumberType EVMaximumVoltage:iso20_types.RationalNumberType "
        "EVMinimumVoltage:iso20_types.RationalNumberType TargetSOC?:0..100"
    )
    EVMaximumChargePower: iso20_types.RationalNumberType
    EVMinimumChargePower: iso20_types.RationalNumberType
    EVMaximumChargeCurrent: iso20_types.RationalNumberType
    EVMinimumChargeCurrent: iso20_types.RationalNumberType
    EVMaximumVoltage: iso20_types.RationalNumberType
    EVMinimumVoltage: iso20_types.RationalNumberType
    TargetSOC: int | None = None


class DC_CPDResEnergyTransferModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVSEMaximumChargePower:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower:iso20_types.RationalNumberType "
        "EVSEMaximumChargeCurrent:iso20_types.RationalNumberType "
        "EVSEMinimumChargeCurrent:iso20_types.RationalNumberType "
        "EVSEMaximumVoltage:iso20_types.RationalNumberType EVSEMinimumVoltage:iso20_types.RationalNumberType "
        "EVSEPowerRampLimitation?:iso20_types.RationalNumberType"
    )
    EVSEMaximumChargePower: iso20_types.RationalNumberType
    EVSEMinimumChargePower: iso20_types.RationalNumberType
    EVSEMaximumChargeCurrent: iso20_types.RationalNumberType
    EVSEMinimumChargeCurrent: iso20_types.RationalNumberType
    EVSEMaximumVoltage: iso20_types.RationalNumberType
    EVSEMinimumVoltage: iso20_types.RationalNumberType
    EVSEPowerRampLimitation: iso20_types.RationalNumberType | None = None


class DC_CableCheckReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType"
    Header: iso20_types.MessageHeaderType


class DC_CableCheckRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEProcessing:$iso20_types.ProcessingType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEProcessing: iso20_types.ProcessingType


class DC_ChargeLoopReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType DisplayParameters?:iso20_types.DisplayParametersType "
        "MeterInfoRequested:bool EVPresentVoltage:iso20_types.RationalNumberType "
        "CLReqControlMode:[BPT_Dynamic_DC_CLReqControlMode,BPT_Scheduled_DC_CLReqControlMode,CLReqControlMode!,Dynamic_DC_CLReqControlMode,Scheduled_DC_CLReqControlMode]"
    )
    Header: iso20_types.MessageHeaderType
    DisplayParameters: iso20_types.DisplayParametersType | None = None
    MeterInfoRequested: bool
    EVPresentVoltage: iso20_types.RationalNumberType
    CLReqControlMode: BPT_Dynamic_DC_CLReqControlMode | BPT_Scheduled_DC_CLReqControlMode | Dynamic_DC_CLReqControlMode | Scheduled_DC_CLReqControlMode


class DC_ChargeLoopRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEStatus?:iso20_types.EVSEStatusType MeterInfo?:iso20_types.MeterInfoType "
        "Receipt?:iso20_types.ReceiptType EVSEPresentCurrent:iso20_types.RationalNumberType "
        "EVSEPresentVoltage:iso20_types.RationalNumberType EVSEPowerLimitAchieved:bool "
        "EVSECurrentLimitAchieved:bool EVSEVoltageLimitAchieved:bool "
        "CLResControlMode:[BPT_Dynamic_DC_CLResControlMode,BPT_Scheduled_DC_CLResControlMode,CLResControlMode!,Dynamic_DC_CLResControlMode,Scheduled_DC_CLResControlMode]"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEStatus: iso20_types.EVSEStatusType | None = None
    MeterInfo: iso20_types.MeterInfoType | None = None
    Receipt: iso20_types.ReceiptType | None = None
    EVSEPresentCurrent: iso20_types.RationalNumberType
    EVSEPresentVoltage: iso20_types.RationalNumberType
    EVSEPowerLimitAchieved: bool
    EVSECurrentLimitAchieved: bool
    EVSEVoltageLimitAchieved: bool
    CLResControlMode: BPT_Dynamic_DC_CLResControlMode | BPT_Scheduled_DC_CLResControlMode | Dynamic_DC_CLResControlMode | Scheduled_DC_CLResControlMode


class DC_ChargeParameterDiscoveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType "
        "DC_CPDReqEnergyTransferMode:[BPT_DC_CPDReqEnergyTransferMode,DC_CPDReqEnergyTransferMode=DC_CPDReqEnergyTransferModeType]"
    )
    Header: iso20_types.MessageHeaderType
    DC_CPDReqEnergyTransferMode: BPT_DC_CPDReqEnergyTransferMode | DC_CPDReqEnergyTransferModeType


class DC_ChargeParameterDiscoveryRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "DC_CPDResEnergyTransferMode:[BPT_DC_CPDResEnergyTransferMode,DC_CPDResEnergyTransferMode=DC_CPDResEnergyTransferModeType]"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    DC_CPDResEnergyTransferMode: BPT_DC_CPDResEnergyTransferMode | DC_CPDResEnergyTransferModeType


class DC_PreChargeReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType EVProcessing:$iso20_types.ProcessingType "
        "EVPresentVoltage:iso20_types.RationalNumberType EVTargetVoltage:iso20_types.RationalNumberType"
    )
    Header: iso20_types.MessageHeaderType
    EVProcessing: iso20_types.ProcessingType
    EVPresentVoltage: iso20_types.RationalNumberType
    EVTargetVoltage: iso20_types.RationalNumberType


class DC_PreChargeRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEPresentVoltage:iso20_types.RationalNumberType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEPresentVoltage: iso20_types.RationalNumberType


class DC_WeldingDetectionReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType EVProcessing:$iso20_types.ProcessingType"
    Header: iso20_types.MessageHeaderType
    EVProcessing: iso20_types.ProcessingType


class DC_WeldingDetectionRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEPresentVoltage:iso20_types.RationalNumberType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEPresentVoltage: iso20_types.RationalNumberType


class Dynamic_DC_CLReqControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt EVTargetEnergyRequest:iso20_types.RationalNumberType "
        "EVMaximumEnergyRequest:iso20_types.RationalNumberType "
        "EVMinimumEnergyRequest:iso20_types.RationalNumberType "
        "EVMaximumChargePower:iso20_types.RationalNumberType EVMinimumChargePower:iso20_types.RationalNumberType "
        "EVMaximumChargeCurrent:iso20_types.RationalNumberType EVMaximumVoltage:iso20_types.RationalNumberType "
        "EVMinimumVoltage:iso20_types.RationalNumberType"
    )
    DepartureTime: int | None = None
    EVTargetEnergyRequest: iso20_types.RationalNumberType
    EVMaximumEnergyRequest: iso20_types.RationalNumberType
    EVMinimumEnergyRequest: iso20_types.RationalNumberType
    EVMaximumChargePower: iso20_types.RationalNumberType
    EVMinimumChargePower: iso20_types.RationalNumberType
    EVMaximumChargeCurrent: iso20_types.RationalNumberType
    EVMaximumVoltage: iso20_types.RationalNumberType
    EVMinimumVoltage: iso20_types.RationalNumberType


class Dynamic_DC_CLResControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt MinimumSOC?:0..100 TargetSOC?:0..100 AckMaxDelay?:unsignedShort "
        "EVSEMaximumChargePower:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower:iso20_types.RationalNumberType "
        "EVSEMaximumChargeCurrent:iso20_types.RationalNumberType "
        "EVSEMaximumVoltage:iso20_types.RationalNumberType"
    )
    DepartureTime: int | None = None
    MinimumSOC: int | None = None
    TargetSOC: int | None = None
    AckMaxDelay: int | None = None
    EVSEMaximumChargePower: iso20_types.RationalNumberType
    EVSEMinimumChargePower: iso20_types.RationalNumberType
    EVSEMaximumChargeCurrent: iso20_types.RationalNumberType
    EVSEMaximumVoltage: iso20_types.RationalNumberType


class Scheduled_DC_CLReqControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVTargetEnergyRequest?:iso20_types.RationalNumberType "
        "EVMaximumEnergyRequest?:iso20_types.RationalNumberType "
        "EVMinimumEnergyRequest?:iso20_types.RationalNumberType EVTargetCurrent:iso20_types.RationalNumberType "
        "EVTargetVoltage:iso20_types.RationalNumberType EVMaximumChargePower?:iso20_types.RationalNumberType "
        "EVMinimumChargePower?:iso20_types.RationalNumberType "
        "EVMaximumChargeCurrent?:iso20_types.RationalNumberType EVMaximumVoltage?:iso20_types.RationalNumberType "
        "EVMinimumVoltage?:iso20_types.RationalNumberType"
    )
    EVTargetEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMaximumEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMinimumEnergyRequest: iso20_types.RationalNumberType | None = None
    EVTargetCurrent: iso20_types.RationalNumberType
    EVTargetVoltage: iso20_types.RationalNumberType
    EVMaximumChargePower: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower: iso20_types.RationalNumberType | None = None
    EVMaximumChargeCurrent: iso20_types.RationalNumberType | None = None
    EVMaximumVoltage: iso20_types.RationalNumberType | None = None
    EVMinimumVoltage: iso20_types.RationalNumberType | None = None


class Scheduled_DC_CLResControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVSEMaximumChargePower?:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower?:iso20_types.RationalNumberType "
        "EVSEMaximumChargeCurrent?:iso20_types.RationalNumberType "
        "EVSEMaximumVoltage?:iso20_types.RationalNumberType"
    )
    EVSEMaximumChargePower: iso20_types.RationalNumberType | None = None
    EVSEMinimumChargePower: iso20_types.RationalNumberType | None = None
    EVSEMaximumChargeCurrent: iso20_types.RationalNumberType | None = None
    EVSEMaximumVoltage: iso20_types.RationalNumberType | None = None


ROOTS = (
    "BPT_DC_CPDReqEnergyTransferMode BPT_DC_CPDResEnergyTransferMode BPT_Dynamic_DC_CLReqControlMode "
    "BPT_Dynamic_DC_CLResControlMode BPT_Scheduled_DC_CLReqControlMode BPT_Scheduled_DC_CLResControlMode "
    "CLReqControlMode! CLResControlMode! CanonicalizationMethod=xmldsig.CanonicalizationMethodType "
    "DC_CPDReqEnergyTransferMode=DC_CPDReqEnergyTransferModeType "
    "DC_CPDResEnergyTransferMode=DC_CPDResEnergyTransferModeType DC_CableCheckReq DC_CableCheckRes DC_ChargeLoopReq "
    "DC_ChargeLoopRes DC_ChargeParameterDiscoveryReq DC_ChargeParameterDiscoveryRes DC_PreChargeReq DC_PreChargeRes "
    "DC_WeldingDetectionReq DC_WeldingDetectionRes DSAKeyValue=xmldsig.DSAKeyValueType "
    "DigestMethod=xmldsig.DigestMethodType DigestValue! Dynamic_DC_CLReqControlMode Dynamic_DC_CLResControlMode "
    "KeyInfo=xmldsig.KeyInfoType KeyName! KeyValue=xmldsig.KeyValueType Manifest=xmldsig.Manifest MgmtData! "
    "Object=xmldsig.ObjectType PGPData=xmldsig.PGPDataType RSAKeyValue=xmldsig.RSAKeyValueType "
    "Reference=xmldsig.ReferenceType RetrievalMethod=xmldsig.RetrievalMethodType SPKIData=xmldsig.SPKIDataType "
    "Scheduled_DC_CLReqControlMode Scheduled_DC_CLResControlMode Signature=xmldsig.SignatureType "
    "SignatureMethod=xmldsig.SignatureMethodType SignatureProperties=xmldsig.SignatureProperties "
    "SignatureProperty=xmldsig.SignaturePropertyType SignatureValue=xmldsig.SignatureValueType "
    "SignedInfo=xmldsig.SignedInfoType Transform=xmldsig.TransformType Transforms=xmldsig.TransformsType "
    "X509Data=xmldsig.X509DataType"
)

FRAGMENTS = (
    "AckMaxDelay:unsignedShort AdditionalServicesCosts:iso20_types.DetailedCostType "
    "Amount:iso20_types.RationalNumberType BPT_DC_CPDReqEnergyTransferMode:BPT_DC_CPDReqEnergyTransferMode "
    "BPT_DC_CPDResEnergyTransferMode:BPT_DC_CPDResEnergyTransferMode BPT_DischargedEnergyReadingWh:unsignedLong "
    "BPT_Dynamic_DC_CLReqControlMode:BPT_Dynamic_DC_CLReqControlMode "
    "BPT_Dynamic_DC_CLResControlMode:BPT_Dynamic_DC_CLResControlMode BPT_InductiveEnergyReadingVARh:unsignedLong "
    "BPT_Scheduled_DC_CLReqControlMode:BPT_Scheduled_DC_CLReqControlMode "
    "BPT_Scheduled_DC_CLResControlMode:BPT_Scheduled_DC_CLResControlMode "
    "BatteryEnergyCapacity:iso20_types.RationalNumberType CLReqControlMode! CLResControlMode! "
    "CanonicalizationMethod:xmldsig.CanonicalizationMethodType CapacitiveEnergyReadingVARh:unsignedLong "
    "ChargedEnergyReadingWh:unsignedLong ChargingComplete:bool CostPerUnit:iso20_types.RationalNumberType "
    "DC_CPDReqEnergyTransferMode:DC_CPDReqEnergyTransferModeType "
    "DC_CPDResEnergyTransferMode:DC_CPDResEnergyTransferModeType DC_CableCheckReq:DC_CableCheckReq "
    "DC_CableCheckRes:DC_CableCheckRes DC_ChargeLoopReq:DC_ChargeLoopReq DC_ChargeLoopRes:DC_ChargeLoopRes "
    "DC_ChargeParameterDiscoveryReq:DC_ChargeParameterDiscoveryReq "
    "DC_ChargeParameterDiscoveryRes:DC_ChargeParameterDiscoveryRes DC_PreChargeReq:DC_PreChargeReq "
    "DC_PreChargeRes:DC_PreChargeRes DC_WeldingDetectionReq:DC_WeldingDetectionReq "
    "DC_WeldingDetectionRes:DC_WeldingDetectionRes DSAKeyValue:xmldsig.DSAKeyValueType DepartureTime:unsignedInt "
    "DigestMethod:xmldsig.DigestMethodType DigestValue:base64 DisplayParameters:iso20_types.DisplayParametersType "
    "Dynamic_DC_CLReqControlMode:Dynamic_DC_CLReqControlMode Dynamic_DC_CLResControlMode:Dynamic_DC_CLResControlMode "
    "EVMaximumChargeCurrent:iso20_types.RationalNumberType EVMaximumChargePower:iso20_types.RationalNumberType "
    "EVMaximumDischargeCurrent:iso20_types.RationalNumberType EVMaximumDischargePower:iso20_types.RationalNumberType "
    "EVMaximumEnergyRequest:iso20_types.RationalNumberType EVMaximumV2XEnergyRequest:iso20_types.RationalNumberType "
    "EVMaximumVoltage:iso20_types.RationalNumberType EVMinimumChargeCurrent:iso20_types.RationalNumberType "
    "EVMinimumChargePower:iso20_types.RationalNumberType EVMinimumDischargeCurrent:iso20_types.RationalNumberType "
    "EVMinimumDischargePower:iso20_types.RationalNumberType EVMinimumEnergyRequest:iso20_types.RationalNumberType "
    "EVMinimumV2XEnergyRequest:iso20_types.RationalNumberType EVMinimumVoltage:iso20_types.RationalNumberType "
    "EVPresentVoltage:iso20_types.RationalNumberType EVProcessing:$iso20_types.ProcessingType "
    "EVSECurrentLimitAchieved:bool EVSEMaximumChargeCurrent:iso20_types.RationalNumberType "
    "EVSEMaximumChargePower:iso20_types.RationalNumberType EVSEMaximumDischargeCurrent:iso20_types.RationalNumberType "
    "EVSEMaximumDischargePower:iso20_types.RationalNumberType EVSEMaximumVoltage:iso20_types.RationalNumberType "
    "EVSEMinimumChargeCurrent:iso20_types.RationalNumberType EVSEMinimumChargePower:iso20_types.RationalNumberType "
    "EVSEMinimumDischargeCurrent:iso20_types.RationalNumberType "
    "EVSEMinimumDischargePower:iso20_types.RationalNumberType EVSEMinimumVoltage:iso20_types.RationalNumberType "
    "EVSENotification:$iso20_types.EvseNotificationType EVSEPowerLimitAchieved:bool "
    "EVSEPowerRampLimitation:iso20_types.RationalNumberType EVSEPresentCurrent:iso20_types.RationalNumberType "
    "EVSEPresentVoltage:iso20_types.RationalNumberType EVSEProcessing:$iso20_types.ProcessingType "
    "EVSEStatus:iso20_types.EVSEStatusType EVSEVoltageLimitAchieved:bool "
    "EVTargetCurrent:iso20_types.RationalNumberType EVTargetEnergyRequest:iso20_types.RationalNumberType "
    "EVTargetVoltage:iso20_types.RationalNumberType EnergyCosts:iso20_types.DetailedCostType Exponent^1:base64 "
    "Exponent^14:byte G:base64 HMACOutputLength:integer Header:iso20_types.MessageHeaderType InletHot:bool J:base64 "
    "KeyInfo:xmldsig.KeyInfoType KeyName:text KeyValue:xmldsig.KeyValueType Manifest:xmldsig.Manifest "
    "MaximumSOC:0..100 MeterID:text[0..32] MeterInfo:iso20_types.MeterInfoType MeterInfoRequested:bool "
    "MeterSignature:base64[0..64] MeterStatus:short MeterTimestamp:unsignedLong MgmtData:text MinimumSOC:0..100 "
    "Modulus:base64 NotificationMaxDelay:unsignedShort Object:xmldsig.ObjectType "
    "OccupancyCosts:iso20_types.DetailedCostType OverstayCosts:iso20_types.DetailedCostType P:base64 "
    "PGPData:xmldsig.PGPDataType PGPKeyID:base64 PGPKeyPacket:base64 PgenCounter:base64 PresentSOC:0..100 Q:base64 "
    "RSAKeyValue:xmldsig.RSAKeyValueType Receipt:iso20_types.ReceiptType Reference:xmldsig.ReferenceType "
    "RemainingTimeToMaximumSOC:unsignedInt RemainingTimeToMinimumSOC:unsignedInt RemainingTimeToTargetSOC:unsignedInt "
    "ResponseCode:$iso20_types.ResponseCodeType RetrievalMethod:xmldsig.RetrievalMethodType "
    "RootCertificateID:xmldsig.X509IssuerSerialType SPKIData:xmldsig.SPKIDataType SPKISexp:base64 "
    "Scheduled_DC_CLReqControlMode:Scheduled_DC_CLReqControlMode "
    "Scheduled_DC_CLResControlMode:Scheduled_DC_CLResControlMode Seed:base64 SessionID:hex[8..8] "
    "Signature:xmldsig.SignatureType SignatureMethod:xmldsig.SignatureMethodType "
    "SignatureProperties:xmldsig.SignatureProperties SignatureProperty:xmldsig.SignaturePropertyType "
    "SignatureValue:xmldsig.SignatureValueType SignedInfo:xmldsig.SignedInfoType TargetSOC^14:0..100 "
    "TargetSOC^15:0..100 TaxCosts:iso20_types.DetailedTaxType TaxRuleID:1..4294967295 TimeAnchor:unsignedLong "
    "TimeStamp:unsignedLong Transform:xmldsig.TransformType Transforms:xmldsig.TransformsType Value:short "
    "X509CRL:base64 X509Certificate:base64 X509Data:xmldsig.X509DataType X509IssuerName:text "
    "X509IssuerSerial:xmldsig.X509IssuerSerialType X509SKI:base64 X509SerialNumber:integer X509SubjectName:text "
    "XPath:text Y:base64"
)

ATTRIBUTES = (
    "Algorithm Encoding Id^0 MimeType Target Type URI"
)
