"""Messages of ISO 15118-20 for AC charging, made from its schema by tools/generate_exi.py; do not edit."""

from __future__ import annotations

from agent.iso15118.exi import iso20_types, xmldsig
from agent.iso15118.exi.message import Message


class AC_CPDReqEnergyTransferModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVMaximumChargePower:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L3?:iso20_types.RationalNumberType "
        "EVMinimumChargePower:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L3?:iso20_types.RationalNumberType"
    )
    EVMaximumChargePower: iso20_types.RationalNumberType
    EVMaximumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMaximumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower: iso20_types.RationalNumberType
    EVMinimumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower_L3: iso20_types.RationalNumberType | None = None


class AC_CPDResEnergyTransferModeType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVSEMaximumChargePower:iso20_types.RationalNumberType "
        "EVSEMaximumChargePower_L2?:iso20_types.RationalNumberType "
        "EVSEMaximumChargePower_L3?:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower_L2?:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower_L3?:iso20_types.RationalNumberType "
        "EVSENominalFrequency:iso20_types.RationalNumberType "
        "MaximumPowerAsymmetry?:iso20_types.RationalNumberType "
        "EVSEPowerRampLimitation?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L2?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L3?:iso20_types.RationalNumberType"
    )
    EVSEMaximumChargePower: iso20_types.RationalNumberType
    EVSEMaximumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVSEMaximumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVSEMinimumChargePower: iso20_types.RationalNumberType
    EVSEMinimumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVSEMinimumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVSENominalFrequency: iso20_types.RationalNumberType
    MaximumPowerAsymmetry: iso20_types.RationalNumberType | None = None
    EVSEPowerRampLimitation: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L2: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L3: iso20_types.RationalNumberType | None = None


class AC_ChargeLoopReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType DisplayParameters?:iso20_types.DisplayParametersType "
        "MeterInfoRequested:bool "
        "CLReqControlMode:[BPT_Dynamic_AC_CLReqControlMode,BPT_Scheduled_AC_CLReqControlMode,CLReqControlMode!,Dynamic_AC_CLReqControlMode,Scheduled_AC_CLReqControlMode]"
    )
    Header: iso20_types.MessageHeaderType
    DisplayParameters: iso20_types.DisplayParametersType | None = None
    MeterInfoRequested: bool
    CLReqControlMode: BPT_Dynamic_AC_CLReqControlMode | BPT_Scheduled_AC_CLReqControlMode | Dynamic_AC_CLReqControlMode | Scheduled_AC_CLReqControlMode


class AC_ChargeLoopRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEStatus?:iso20_types.EVSEStatusType MeterInfo?:iso20_types.MeterInfoType "
        "Receipt?:iso20_types.ReceiptType EVSETargetFrequency?:iso20_types.RationalNumberType "
        "CLResControlMode:[BPT_Dynamic_AC_CLResControlMode,BPT_Scheduled_AC_CLResControlMode,CLResControlMode!,Dynamic_AC_CLResControlMode,Scheduled_AC_CLResControlMode]"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEStatus: iso20_types.EVSEStatusType | None = None
    MeterInfo: iso20_types.MeterInfoType | None = None
    Receipt: iso20_types.ReceiptType | None = None
    EVSETargetFrequency: iso20_types.RationalNumberType | None = None
    CLResControlMode: BPT_Dynamic_AC_CLResControlMode | BPT_Scheduled_AC_CLResControlMode | Dynamic_AC_CLResControlMode | Scheduled_AC_CLResControlMode


class AC_ChargeParameterDiscoveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType "
        "AC_CPDReqEnergyTransferMode:[AC_CPDReqEnergyTransferMode=AC_CPDReqEnergyTransferModeType,BPT_AC_CPDReqEnergyTransferMode]"
    )
    Header: iso20_types.MessageHeaderType
    AC_CPDReqEnergyTransferMode: AC_CPDReqEnergyTransferModeType | BPT_AC_CPDReqEnergyTransferMode


class AC_ChargeParameterDiscoveryRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "AC_CPDResEnergyTransferMode:[AC_CPDResEnergyTransferMode=AC_CPDResEnergyTransferModeType,BPT_AC_CPDResEnergyTransferMode]"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    AC_CPDResEnergyTransferMode: AC_CPDResEnergyTransferModeType | BPT_AC_CPDResEnergyTransferMode


class BPT_AC_CPDReqEnergyTransferMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVMaximumChargePower:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L3?:iso20_types.RationalNumberType "
        "EVMinimumChargePower:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L3?:iso20_types.RationalNumberType "
        "EVMaximumDischargePower:iso20_types.RationalNumberType "
        "EVMaximumDischargePower_L2?:iso20_types.RationalNumberType "
        "EVMaximumDischargePower_L3?:iso20_types.RationalNumberType "
        "EVMinimumDischargePower:iso20_types.RationalNumberType "
        "EVMinimumDischargePower_L2?:iso20_types.RationalNumberType "
        "EVMinimumDischargePower_L3?:iso20_types.RationalNumberType"
    )
    EVMaximumChargePower: iso20_types.RationalNumberType
    EVMaximumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMaximumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower: iso20_types.RationalNumberType
    EVMinimumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVMaximumDischargePower: iso20_types.RationalNumberType
    EVMaximumDischargePower_L2: iso20_types.RationalNumberType | None = None
    EVMaximumDischargePower_L3: iso20_types.RationalNumberType | None = None
    EVMinimumDischargePower: iso20_types.RationalNumberType
    EVMinimumDischargePower_L2: iso20_types.RationalNumberType | None = None
    EVMinimumDischargePower_L3: iso20_types.RationalNumberType | None = None


class BPT_AC_CPDResEnergyTransferMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVSEMaximumChargePower:iso20_types.RationalNumberType "
        "EVSEMaximumChargePower_L2?:iso20_types.RationalNumberType "
        "EVSEMaximumChargePower_L3?:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower_L2?:iso20_types.RationalNumberType "
        "EVSEMinimumChargePower_L3?:iso20_types.RationalNumberType "
        "EVSENominalFrequency:iso20_types.RationalNumberType "
        "MaximumPowerAsymmetry?:iso20_types.RationalNumberType "
        "EVSEPowerRampLimitation?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L2?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L3?:iso20_types.RationalNumberType "
        "EVSEMaximumDischargePower:iso20_types.RationalNumberType "
        "EVSEMaximumDischargePower_L2?:iso20_types.RationalNumberType "
        "EVSEMaximumDischargePower_L3?:iso20_types.RationalNumberType "
        "EVSEMinimumDischargePower:iso20_types.RationalNumberType "
        "EVSEMinimumDischargePower_L2?:iso20_types.RationalNumberType "
        "EVSEMinimumDischargePower_L3?:iso20_types.RationalNumberType"
    )
    EVSEMaximumChargePower: iso20_types.RationalNumberType
    EVSEMaximumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVSEMaximumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVSEMinimumChargePower: iso20_types.RationalNumberType
    EVSEMinimumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVSEMinimumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVSENominalFrequency: iso20_types.RationalNumberType
    MaximumPowerAsymmetry: iso20_types.RationalNumberType | None = None
    EVSEPowerRampLimitation: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L2: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L3: iso20_types.RationalNumberType | None = None
    EVSEMaximumDischargePower: iso20_types.RationalNumberType
    EVSEMaximumDischargePower_L2: iso20_types.RationalNumberType | None = None
    EVSEMaximumDischargePower_L3: iso20_types.RationalNumberType | None = None
    EVSEMinimumDischargePower: iso20_types.RationalNumberType
    EVSEMinimumDischargePower_L2: iso20_types.RationalNumberType | None = None
    EVSEMinimumDischargePower_L3: iso20_types.RationalNumberType | None = None


class BPT_Dynamic_AC_CLReqControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt EVTargetEnergyRequest:iso20_types.RationalNumberType "
        "EVMaximumEnergyRequest:iso20_types.RationalNumberType "
        "EVMinimumEnergyRequest:iso20_types.RationalNumberType "
        "EVMaximumChargePower:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L3?:iso20_types.RationalNumberType "
        "EVMinimumChargePower:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L3?:iso20_types.RationalNumberType "
        "EVPresentActivePower:iso20_types.RationalNumberType "
        "EVPresentActivePower_L2?:iso20_types.RationalNumberType "
        "EVPresentActivePower_L3?:iso20_types.RationalNumberType "
        "EVPresentReactivePower:iso20_types.RationalNumberType "
        "EVPresentReactivePower_L2?:iso20_types.RationalNumberType "
        "EVPresentReactivePower_L3?:iso20_types.RationalNumberType "
        "EVMaximumDischargePower:iso20_types.RationalNumberType "
        "EVMaximumDischargePower_L2?:iso20_types.RationalNumberType "
        "EVMaximumDischargePower_L3?:iso20_types.RationalNumberType "
        "EVMinimumDischargePower:iso20_types.RationalNumberType "
        "EVMinimumDischargePower_L2?:iso20_types.RationalNumberType "
        "EVMinimumDischargePower_L3?:iso20_types.RationalNumberType "
        "EVMaximumV2XEnergyRequest?:iso20_types.RationalNumberType "
        "EVMinimumV2XEnergyRequest?:iso20_types.RationalNumberType"
    )
    DepartureTime: int | None = None
    EVTargetEnergyRequest: iso20_types.RationalNumberType
    EVMaximumEnergyRequest: iso20_types.RationalNumberType
    EVMinimumEnergyRequest: iso20_types.RationalNumberType
    EVMaximumChargePower: iso20_types.RationalNumberType
    EVMaximumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMaximumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower: iso20_types.RationalNumberType
    EVMinimumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVPresentActivePower: iso20_types.RationalNumberType
    EVPresentActivePower_L2: iso20_types.RationalNumberType | None = None
    EVPresentActivePower_L3: iso20_types.RationalNumberType | None = None
    EVPresentReactivePower: iso20_types.RationalNumberType
    EVPresentReactivePower_L2: iso20_types.RationalNumberType | None = None
    EVPresentReactivePower_L3: iso20_types.RationalNumberType | None = None
    EVMaximumDischargePower: iso20_types.RationalNumberType
    EVMaximumDischargePower_L2: iso20_types.RationalNumberType | None = None
    EVMaximumDischargePower_L3: iso20_types.RationalNumberType | None = None
    EVMinimumDischargePower: iso20_types.RationalNumberType
    EVMinimumDischargePower_L2: iso20_types.RationalNumberType | None = None
    EVMinimumDischargePower_L3: iso20_types.RationalNumberType | None = None
    EVMaximumV2XEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMinimumV2XEnergyRequest: iso20_types.RationalNumberType | None = None


class BPT_Dynamic_AC_CLResControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt MinimumSOC?:0..100 TargetSOC?:0..100 AckMaxDelay?:unsignedShort "
        "EVSETargetActivePower:iso20_types.RationalNumberType "
        "EVSETargetActivePower_L2?:iso20_types.RationalNumberType "
        "EVSETargetActivePower_L3?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower_L2?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower_L3?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L2?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L3?:iso20_types.RationalNumberType"
    )
    DepartureTime: int | None = None
    MinimumSOC: int | None = None
    TargetSOC: int | None = None
    AckMaxDelay: int | None = None
    EVSETargetActivePower: iso20_types.RationalNumberType
    EVSETargetActivePower_L2: iso20_types.RationalNumberType | None = None
    EVSETargetActivePower_L3: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower_L2: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower_L3: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L2: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L3: iso20_types.RationalNumberType | None = None


class BPT_Scheduled_AC_CLReqControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVTargetEnergyRequest?:iso20_types.RationalNumberType "
        "EVMaximumEnergyRequest?:iso20_types.RationalNumberType "
        "EVMinimumEnergyRequest?:iso20_types.RationalNumberType "
        "EVMaximumChargePower?:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L3?:iso20_types.RationalNumberType "
        "EVMinimumChargePower?:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L3?:iso20_types.RationalNumberType "
        "EVPresentActivePower:iso20_types.RationalNumberType "
        "EVPresentActivePower_L2?:iso20_types.RationalNumberType "
        "EVPresentActivePower_L3?:iso20_types.RationalNumberType "
        "EVPresentReactivePower?:iso20_types.RationalNumberType "
        "EVPresentReactivePower_L2?:iso20_types.RationalNumberType "
        "EVPresentReactivePower_L3?:iso20_types.RationalNumberType "
        "EVMaximumDischargePower?:iso20_types.RationalNumberType "
        "EVMaximumDischargePower_L2?:iso20_types.RationalNumberType "
        "EVMaximumDischargePower_L3?:iso20_types.RationalNumberType "
        "EVMinimumDischargePower?:iso20_types.RationalNumberType "
        "EVMinimumDischargePower_L2?:iso20_types.RationalNumberType "
        "EVMinimumDischargePower_L3?:iso20_types.RationalNumberType"
    )
    EVTargetEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMaximumEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMinimumEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMaximumChargePower: iso20_types.RationalNumberType | None = None
    EVMaximumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMaximumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVPresentActivePower: iso20_types.RationalNumberType
    EVPresentActivePower_L2: iso20_types.RationalNumberType | None = None
    EVPresentActivePower_L3: iso20_types.RationalNumberType | None = None
    EVPresentReactivePower: iso20_types.RationalNumberType | None = None
    EVPresentReactivePower_L2: iso20_types.RationalNumberType | None = None
    EVPresentReactivePower_L3: iso20_types.RationalNumberType | None = None
    EVMaximumDischargePower: iso20_types.RationalNumberType | None = None
    EVMaximumDischargePower_L2: iso20_types.RationalNumberType | None = None
    EVMaximumDischargePower_L3: iso20_types.RationalNumberType | None = None
    EVMinimumDischargePower: iso20_types.RationalNumberType | None = None
    EVMinimumDischargePower_L2: iso20_types.RationalNumberType | None = None
    EVMinimumDischargePower_L3: iso20_types.RationalNumberType | None = None


class BPT_Scheduled_AC_CLResControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVSETargetActivePower?:iso20_types.RationalNumberType "
        "EVSETargetActivePower_L2?:iso20_types.RationalNumberType "
        "EVSETargetActivePower_L3?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower_L2?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower_L3?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L2?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L3?:iso20_types.RationalNumberType"
    )
    EVSETargetActivePower: iso20_types.RationalNumberType | None = None
    EVSETargetActivePower_L2: iso20_types.RationalNumberType | None = None
    EVSETargetActivePower_L3: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower_L2: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower_L3: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L2: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L3: iso20_types.RationalNumberType | None = None


class Dynamic_AC_CLReqControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt EVTargetEnergyRequest:iso20_types.RationalNumberType "
        "EVMaximumEnergyRequest:iso20_types.RationalNumberType "
        "EVMinimumEnergyRequest:iso20_types.RationalNumberType "
        "EVMaximumChargePower:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L3?:iso20_types.RationalNumberType "
        "EVMinimumChargePower:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L3?:iso20_types.RationalNumberType "
        "EVPresentActivePower:iso20_types.RationalNumberType "
        "EVPresentActivePower_L2?:iso20_types.RationalNumberType "
        "EVPresentActivePower_L3?:iso20_types.RationalNumberType "
        "EVPresentReactivePower:iso20_types.RationalNumberType "
        "EVPresentReactivePower_L2?:iso20_types.RationalNumberType "
        "EVPresentReactivePower_L3?:iso20_types.RationalNumberType"
    )
    DepartureTime: int | None = None
    EVTargetEnergyRequest: iso20_types.RationalNumberType
    EVMaximumEnergyRequest: iso20_types.RationalNumberType
    EVMinimumEnergyRequest: iso20_types.RationalNumberType
    EVMaximumChargePower: iso20_types.RationalNumberType
    EVMaximumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMaximumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower: iso20_types.RationalNumberType
    EVMinimumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVPresentActivePower: iso20_types.RationalNumberType
    EVPresentActivePower_L2: iso20_types.RationalNumberType | None = None
    EVPresentActivePower_L3: iso20_types.RationalNumberType | None = None
    EVPresentReactivePower: iso20_types.RationalNumberType
    EVPresentReactivePower_L2: iso20_types.RationalNumberType | None = None
    EVPresentReactivePower_L3: iso20_types.RationalNumberType | None = None


class Dynamic_AC_CLResControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "DepartureTime?:unsignedInt MinimumSOC?:0..100 TargetSOC?:0..100 AckMaxDelay?:unsignedShort "
        "EVSETargetActivePower:iso20_types.RationalNumberType "
        "EVSETargetActivePower_L2?:iso20_types.RationalNumberType "
        "EVSETargetActivePower_L3?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower_L2?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower_L3?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L2?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L3?:iso20_types.RationalNumberType"
    )
    DepartureTime: int | None = None
    MinimumSOC: int | None = None
    TargetSOC: int | None = None
    AckMaxDelay: int | None = None
    EVSETargetActivePower: iso20_types.RationalNumberType
    EVSETargetActivePower_L2: iso20_types.RationalNumberType | None = None
    EVSETargetActivePower_L3: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower_L2: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower_L3: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L2: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L3: iso20_types.RationalNumberType | None = None


class Scheduled_AC_CLReqControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVTargetEnergyRequest?:iso20_types.RationalNumberType "
        "EVMaximumEnergyRequest?:iso20_types.RationalNumberType "
        "EVMinimumEnergyRequest?:iso20_types.RationalNumberType "
        "EVMaximumChargePower?:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMaximumChargePower_L3?:iso20_types.RationalNumberType "
        "EVMinimumChargePower?:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L2?:iso20_types.RationalNumberType "
        "EVMinimumChargePower_L3?:iso20_types.RationalNumberType "
        "EVPresentActivePower:iso20_types.RationalNumberType "
        "EVPresentActivePower_L2?:iso20_types.RationalNumberType "
        "EVPresentActivePower_L3?:iso20_types.RationalNumberType "
        "EVPresentReactivePower?:iso20_types.RationalNumberType "
        "EVPresentReactivePower_L2?:iso20_types.RationalNumberType "
        "EVPresentReactivePower_L3?:iso20_types.RationalNumberType"
    )
    EVTargetEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMaximumEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMinimumEnergyRequest: iso20_types.RationalNumberType | None = None
    EVMaximumChargePower: iso20_types.RationalNumberType | None = None
    EVMaximumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMaximumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower_L2: iso20_types.RationalNumberType | None = None
    EVMinimumChargePower_L3: iso20_types.RationalNumberType | None = None
    EVPresentActivePower: iso20_types.RationalNumberType
    EVPresentActivePower_L2: iso20_types.RationalNumberType | None = None
    EVPresentActivePower_L3: iso20_types.RationalNumberType | None = None
    EVPresentReactivePower: iso20_types.RationalNumberType | None = None
    EVPresentReactivePower_L2: iso20_types.RationalNumberType | None = None
    EVPresentReactivePower_L3: iso20_types.RationalNumberType | None = None


class Scheduled_AC_CLResControlMode(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVSETargetActivePower?:iso20_types.RationalNumberType "
        "EVSETargetActivePower_L2?:iso20_types.RationalNumberType "
        "EVSETargetActivePower_L3?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower_L2?:iso20_types.RationalNumberType "
        "EVSETargetReactivePower_L3?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L2?:iso20_types.RationalNumberType "
        "EVSEPresentActivePower_L3?:iso20_types.RationalNumberType"
    )
    EVSETargetActivePower: iso20_types.RationalNumberType | None = None
    EVSETargetActivePower_L2: iso20_types.RationalNumberType | None = None
    EVSETargetActivePower_L3: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower_L2: iso20_types.RationalNumberType | None = None
    EVSETargetReactivePower_L3: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L2: iso20_types.RationalNumberType | None = None
    EVSEPresentActivePower_L3: iso20_types.RationalNumberType | None = None


ROOTS = (
    "AC_CPDReqEnergyTransferMode=AC_CPDReqEnergyTransferModeType "
    "AC_CPDResEnergyTransferMode=AC_CPDResEnergyTransferModeType AC_ChargeLoopReq AC_ChargeLoopRes "
    "AC_ChargeParameterDiscoveryReq AC_ChargeParameterDiscoveryRes BPT_AC_CPDReqEnergyTransferMode "
    "BPT_AC_CPDResEnergyTransferMode BPT_Dynamic_AC_CLReqControlMode BPT_Dynamic_AC_CLResControlMode "
    "BPT_Scheduled_AC_CLReqControlMode BPT_Scheduled_AC_CLResControlMode CLReqControlMode! CLResControlMode! "
    "CanonicalizationMethod=xmldsig.CanonicalizationMethodType DSAKeyValue=xmldsig.DSAKeyValueType "
    "DigestMethod=xmldsig.DigestMethodType DigestValue! Dynamic_AC_CLReqControlMode Dynamic_AC_CLResControlMode "
    "KeyInfo=xmldsig.KeyInfoType KeyName! KeyValue=xmldsig.KeyValueType Manifest=xmldsig.Manifest MgmtData! "
    "Object=xmldsig.ObjectType PGPData=xmldsig.PGPDataType RSAKeyValue=xmldsig.RSAKeyValueType "
    "Reference=xmldsig.ReferenceType RetrievalMethod=xmldsig.RetrievalMethodType SPKIData=xmldsig.SPKIDataType "
    "Scheduled_AC_CLReqControlMode Scheduled_AC_CLResControlMode Signature=xmldsig.SignatureType "
    "SignatureMethod=xmldsig.SignatureMethodType SignatureProperties=xmldsig.SignatureProperties "
    "SignatureProperty=xmldsig.SignaturePropertyType SignatureValue=xmldsig.SignatureValueType "
    "SignedInfo=xmldsig.SignedInfoType Transform=xmldsig.TransformType Transforms=xmldsig.TransformsType "
    "X509Data=xmldsig.X509DataType"
)

FRAGMENTS = (
    "AC_CPDReqEnergyTransferMode:AC_CPDReqEnergyTransferModeType "
    "AC_CPDResEnergyTransferMode:AC_CPDResEnergyTransferModeType AC_ChargeLoopReq:AC_ChargeLoopReq "
    "AC_ChargeLoopRes:AC_ChargeLoopRes AC_ChargeParameterDiscoveryReq:AC_ChargeParameterDiscoveryReq "
    "AC_ChargeParameterDiscoveryRes:AC_ChargeParameterDiscoveryRes AckMaxDelay:unsignedShort "
    "AdditionalServicesCosts:iso20_types.DetailedCostType Amount:iso20_types.RationalNumberType "
    "BPT_AC_CPDReqEnergyTransferMode:BPT_AC_CPDReqEnergyTransferMode "
    "BPT_AC_CPDResEnergyTransferMode:BPT_AC_CPDResEnergyTransferMode BPT_DischargedEnergyReadingWh:unsignedLong "
    "BPT_Dynamic_AC_CLReqControlMode:BPT_Dynamic_AC_CLReqControlMode "
    "BPT_Dynamic_AC_CLResControlMode:BPT_Dynamic_AC_CLResControlMode BPT_InductiveEnergyReadingVARh:unsignedLong "
    "BPT_Scheduled_AC_CLReqControlMode:BPT_Scheduled_AC_CLReqControlMode "
    "BPT_Scheduled_AC_CLResControlMode:BPT_Scheduled_AC_CLResControlMode "
    "BatteryEnergyCapacity:iso20_types.RationalNumberType CLReqControlMode! CLResControlMode! "
    "CanonicalizationMethod:xmldsig.CanonicalizationMethodType CapacitiveEnergyReadingVARh:unsignedLong "
    "ChargedEnergyReadingWh:unsignedLong ChargingComplete:bool CostPerUnit:iso20_types.RationalNumberType "
    "DSAKeyValue:xmldsig.DSAKeyValueType DepartureTime:unsignedInt DigestMethod:xmldsig.DigestMethodType "
    "DigestValue:base64 DisplayParameters:iso20_types.DisplayParametersType "
    "Dynamic_AC_CLReqControlMode:Dynamic_AC_CLReqControlMode Dynamic_AC_CLResControlMode:Dynamic_AC_CLResControlMode "
    "EVMaximumChargePower:iso20_types.RationalNumberType EVMaximumChargePower_L2:iso20_types.RationalNumberType "
    "EVMaximumChargePower_L3:iso20_types.RationalNumberType EVMaximumDischargePower:iso20_types.RationalNumberType "
    "EVMaximumDischargePower_L2:iso20_types.RationalNumberType "
    "EVMaximumDischargePower_L3:iso20_types.RationalNumberType EVMaximumEnergyRequest:iso20_types.RationalNumberType "
    "EVMaximumV2XEnergyRequest:iso20_types.RationalNumberType EVMinimumChargePower:iso20_types.RationalNumberType "
    "EVMinimumChargePower_L2:iso20_types.RationalNumberType EVMinimumChargePower_L3:iso20_types.RationalNumberType "
    "EVMinimumDischargePower:iso20_types.RationalNumberType EVMinimumDischargePower_L2:iso20_types.RationalNumberType "
    "EVMinimumDischargePower_L3:iso20_types.RationalNumberType EVMinimumEnergyRequest:iso20_types.RationalNumberType "
    "EVMinimumV2XEnergyRequest:iso20_types.RationalNumberType EVPresentActivePower:iso20_types.RationalNumberType "
    "EVPresentActivePower_L2:iso20_types.RationalNumberType EVPresentActivePower_L3:iso20_types.RationalNumberType "
    "EVPresentReactivePower:iso20_types.RationalNumberType EVPresentReactivePower_L2:iso20_types.RationalNumberType "
    "EVPresentReactivePower_L3:iso20_types.RationalNumberType EVSEMaximumChargePower:iso20_types.RationalNumberType "
    "EVSEMaximumChargePower_L2:iso20_types.RationalNumberType "
    "EVSEMaximumChargePower_L3:iso20_types.RationalNumberType "
    "EVSEMaximumDischargePower:iso20_types.RationalNumberType "
    "EVSEMaximumDischargePower_L2:iso20_types.RationalNumberType "
    "EVSEMaximumDischargePower_L3:iso20_types.RationalNumberType "
    "EVSEMinimumChargePower:iso20_types.RationalNumberType EVSEMinimumChargePower_L2:iso20_types.RationalNumberType "
    "EVSEMinimumChargePower_L3:iso20_types.RationalNumberType "
    "EVSEMinimumDischargePower:iso20_types.RationalNumberType "
    "EVSEMinimumDischargePower_L2:iso20_types.RationalNumberType "
    "EVSEMinimumDischargePower_L3:iso20_types.RationalNumberType EVSENominalFrequency:iso20_types.RationalNumberType "
    "EVSENotification:$iso20_types.EvseNotificationType EVSEPowerRampLimitation:iso20_types.RationalNumberType "
    "EVSEPresentActivePower:iso20_types.RationalNumberType EVSEPresentActivePower_L2:iso20_types.RationalNumberType "
    "EVSEPresentActivePower_L3:iso20_types.RationalNumberType EVSEStatus:iso20_types.EVSEStatusType "
    "EVSETargetActivePower:iso20_types.RationalNumberType EVSETargetActivePower_L2:iso20_types.RationalNumberType "
    "EVSETargetActivePower_L3:iso20_types.RationalNumberType EVSETargetFrequency:iso20_types.RationalNumberType "
    "EVSETargetReactivePower:iso20_types.RationalNumberType EVSETargetReactivePower_L2:iso20_types.RationalNumberType "
    "EVSETargetReactivePower_L3:iso20_types.RationalNumberType EVTargetEnergyRequest:iso20_types.RationalNumberType "
    "EnergyCosts:iso20_types.DetailedCostType Exponent^1:base64 Exponent^14:byte G:base64 HMACOutputLength:integer "
    "Header:iso20_types.MessageHeaderType InletHot:bool J:base64 KeyInfo:xmldsig.KeyInfoType KeyName:text "
    "KeyValue:xmldsig.KeyValueType Manifest:xmldsig.Manifest MaximumPowerAsymmetry:iso20_types.RationalNumberType "
    "MaximumSOC:0..100 MeterID:text[0..32] MeterInfo:iso20_types.MeterInfoType MeterInfoRequested:bool "
    "MeterSignature:base64[0..64] MeterStatus:short MeterTimestamp:unsignedLong MgmtData:text MinimumSOC:0..100 "
    "Modulus:base64 NotificationMaxDelay:unsignedShort Object:xmldsig.ObjectType "
    "OccupancyCosts:iso20_types.DetailedCostType OverstayCosts:iso20_types.DetailedCostType P:base64 "
    "PGPData:xmldsig.PGPDataType PGPKeyID:base64 PGPKeyPacket:base64 PgenCounter:base64 PresentSOC:0..100 Q:base64 "
    "RSAKeyValue:xmldsig.RSAKeyValueType Receipt:iso20_types.ReceiptType Reference:xmldsig.ReferenceType "
    "RemainingTimeToMaximumSOC:unsignedInt RemainingTimeToMinimumSOC:unsignedInt RemainingTimeToTargetSOC:unsignedInt "
    "ResponseCode:$iso20_types.ResponseCodeType RetrievalMethod:xmldsig.RetrievalMethodType "
    "RootCertificateID:xmldsig.X509IssuerSerialType SPKIData:xmldsig.SPKIDataType SPKISexp:base64 "
    "Scheduled_AC_CLReqControlMode:Scheduled_AC_CLReqControlMode "
    "Scheduled_AC_CLResControlMode:Scheduled_AC_CLResControlMode Seed:base64 SessionID:hex[8..8] "
    "Signature:xmldsig.SignatureType SignatureMethod:xmldsig.SignatureMethodType "
    "SignatureProperties:xmldsig.SignatureProperties SignatureProperty:xmldsig.SignaturePropertyType "
    "SignatureValue:xmldsig.SignatureValueType SignedInfo:xmldsig.SignedInfoType TargetSOC:0..100 "
    "TaxCosts:iso20_types.DetailedTaxType TaxRuleID:1..4294967295 TimeAnchor:unsignedLong TimeStamp:unsignedLong "
    "Transform:xmldsig.TransformType Transforms:xmldsig.TransformsType Value:short X509CRL:base64 "
    "X509Certificate:base64 X509Data:xmldsig.X509DataType X509IssuerName:text "
    "X509IssuerSerial:xmldsig.X509IssuerSerialType X509SKI:base64 X509SerialNumber:integer X509SubjectName:text "
    "XPath:text Y:base64"
)

ATTRIBUTES = (
    "Algorithm Encoding Id^0 MimeType Target Type URI"
)
