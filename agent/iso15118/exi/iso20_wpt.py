"""Messages of ISO 15118-20 for wireless charging, made from its schema by tools/generate_exi.py; do not edit."""

from __future__ import annotations

from typing import Literal

from agent.iso15118.exi import iso20_types, xmldsig
from agent.iso15118.exi.message import Message

WPT_AlignmentCheckMethodType = Literal[
    "PowerCheck", "LPE", "Proprietary",
]

WPT_EVPCChargeDiagnosticsType = Literal[
    "EVPCNoIssue", "EVPCTempOverheatDetected", "EVPCPowerTransferAnomalyDetected", "EVPCAnomalyDetected",
]

WPT_EVResultType = Literal[
    "EVResultUnknown", "EVResultSuccess", "EVResultFailed",
]

WPT_FinePositioningMethodType = Literal[
    "Manual", "LF_TxEV", "LF_TxPrimaryDevice", "LPE", "Proprietary",
]

WPT_PairingMethodType = Literal[
    "External confirmation", "LPE", "LF_TxEV", "LF_TxPrimaryDevice", "Optical", "Proprietary",
]

WPT_PowerClassType = Literal[
    "MF-WPT1", "MF-WPT2", "MF-WPT3", "MF-WPT4",
]

WPT_SPCChargeDiagnosticsType = Literal[
    "SPCNoIssue", "SPCFODDetected", "SPCLOPDetected", "SPCTempOverheatDetected", "SPCPowerTransferAnomalyDetected",
    "SPCAnomalyDetected",
]


class AlternativeSECCListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "AlternativeSECC{1,8}:AlternativeSECCType"
    AlternativeSECC: tuple[AlternativeSECCType, ...]


class AlternativeSECCType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SSID?:text[0..255] BSSID?:text[0..12] IPAddress?:text[0..39] Port?:unsignedShort"
    SSID: str | None = None
    BSSID: str | None = None
    IPAddress: str | None = None
    Port: int | None = None


class WPT_AlignmentCheckMethodListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "WPT_AlignmentCheckMethod{1,8}:$WPT_AlignmentCheckMethodType"
    WPT_AlignmentCheckMethod: tuple[WPT_AlignmentCheckMethodType, ...]


class WPT_AlignmentCheckReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType EVProcessing:$iso20_types.ProcessingType "
        "TargetCoilCurrent?:iso20_types.RationalNumberType EVResultCode:$WPT_EVResultType "
        "VendorSpecificDataContainer{0,16}:base64[0..256]"
    )
    Header: iso20_types.MessageHeaderType
    EVProcessing: iso20_types.ProcessingType
    TargetCoilCurrent: iso20_types.RationalNumberType | None = None
    EVResultCode: WPT_EVResultType
    VendorSpecificDataContainer: tuple[bytes, ...] = ()


class WPT_AlignmentCheckRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEProcessing:$iso20_types.ProcessingType PowerTransmitted?:iso20_types.RationalNumberType "
        "SupplyDeviceCurrent?:iso20_types.RationalNumberType VendorSpecificDataContainer{0,16}:base64[0..256]"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEProcessing: iso20_types.ProcessingType
    PowerTransmitted: iso20_types.RationalNumberType | None = None
    SupplyDeviceCurrent: iso20_types.RationalNumberType | None = None
    VendorSpecificDataContainer: tuple[bytes, ...] = ()


class WPT_ChargeLoopReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType DisplayParameters?:iso20_types.DisplayParametersType "
        "MeterInfoRequested:bool EVPCPowerRequest:iso20_types.RationalNumberType "
        "EVPCPowerOutput:iso20_types.RationalNumberType EVPCChargeDiagnostics:$WPT_EVPCChargeDiagnosticsType "
        "EVPCOperatingFrequency?:iso20_types.RationalNumberType "
        "EVPCPowerControlParameter?:WPT_EVPCPowerControlParameterType "
        "ManufacturerSpecificDataContainer{0,16}:base64[0..256]"
    )
    Header: iso20_types.MessageHeaderType
    DisplayParameters: iso20_types.DisplayParametersType | None = None
    MeterInfoRequested: bool
    EVPCPowerRequest: iso20_types.RationalNumberType
    EVPCPowerOutput: iso20_types.RationalNumberType
    EVPCChargeDiagnostics: WPT_EVPCChargeDiagnosticsType
    EVPCOperatingFrequency: iso20_types.RationalNumberType | None = None
    EVPCPowerControlParameter: WPT_EVPCPowerControlParameterType | None = None
    ManufacturerSpecificDataContainer: tuple[bytes, ...] = ()


class WPT_ChargeLoopRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEStatus?:iso20_types.EVSEStatusType MeterInfo?:iso20_types.MeterInfoType "
        "Receipt?:iso20_types.ReceiptType EVPCPowerRequest:iso20_types.RationalNumberType "
        "SDPowerInput?:iso20_types.RationalNumberType SPCMaxOutputPowerLimit:iso20_types.RationalNumberType "
        "SPCMinOutputPowerLimit:iso20_types.RationalNumberType SPCChargeDiagnostics:$WPT_SPCChargeDiagnosticsType "
        "SPCOperatingFrequency?:iso20_types.RationalNumberType "
        "SPCPowerControlParameter?:WPT_SPCPowerControlParameterType "
        "ManufacturerSpecificDataContainer{0,16}:base64[0..256]"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEStatus: iso20_types.EVSEStatusType | None = None
    MeterInfo: iso20_types.MeterInfoType | None = None
    Receipt: iso20_types.ReceiptType | None = None
    EVPCPowerRequest: iso20_types.RationalNumberType
    SDPowerInput: iso20_types.RationalNumberType | None = None
    SPCMaxOutputPowerLimit: iso20_types.RationalNumberType
    SPCMinOutputPowerLimit: iso20_types.RationalNumberType
    SPCChargeDiagnostics: WPT_SPCChargeDiagnosticsType
    SPCOperatingFrequency: iso20_types.RationalNumberType | None = None
    SPCPowerControlParameter: WPT_SPCPowerControlParameterType | None = None
    ManufacturerSpecificDataContainer: tuple[bytes, ...] = ()


class WPT_ChargeParameterDiscoveryReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType EVPCMaxReceivablePower:iso20_types.RationalNumberType "
        "SDMaxGroundClearence:unsignedShort SDMinGroundClearence:unsignedShort "
        "EVPCNaturalFrequency:iso20_types.RationalNumberType EVPCDeviceLocalControl:bool "
        "VendorSpecificDataContainer{0,16}:base64[0..256]"
    )
    Header: iso20_types.MessageHeaderType
    EVPCMaxReceivablePower: iso20_types.RationalNumberType
    SDMaxGroundClearence: int
    SDMinGroundClearence: int
    EVPCNaturalFrequency: iso20_types.RationalNumberType
    EVPCDeviceLocalControl: bool
    VendorSpecificDataContainer: tuple[bytes, ...] = ()


class WPT_ChargeParameterDiscoveryRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "PDInputPowerClass:$WPT_PowerClassType SDMinOutputPower:iso20_types.RationalNumberType "
        "SDMaxOutputPower:iso20_types.RationalNumberType SDMaxGroundClearanceSupport:unsignedShort "
        "SDMinGroundClearanceSupport:unsignedShort PDMinCoilCurrent:iso20_types.RationalNumberType "
        "PDMaxCoilCurrent:iso20_types.RationalNumberType SDManufacturerSpecificDataContainer{0,16}:base64[0..256]"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    PDInputPowerClass: WPT_PowerClassType
    SDMinOutputPower: iso20_types.RationalNumberType
    SDMaxOutputPower: iso20_types.RationalNumberType
    SDMaxGroundClearanceSupport: int
    SDMinGroundClearanceSupport: int
    PDMinCoilCurrent: iso20_types.RationalNumberType
    PDMaxCoilCurrent: iso20_types.RationalNumberType
    SDManufacturerSpecificDataContainer: tuple[bytes, ...] = ()


class WPT_CoordinateXYZType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Coord_X:short Coord_Y:short Coord_Z:short"
    Coord_X: int
    Coord_Y: int
    Coord_Z: int


class WPT_EVPCPowerControlParameterType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVPCCoilCurrentRequest:iso20_types.RationalNumberType "
        "EVPCCoilCurrentInformation:iso20_types.RationalNumberType "
        "EVPCCurrentOutputInformation:iso20_types.RationalNumberType "
        "EVPCVoltageOutputInformation:iso20_types.RationalNumberType"
    )
    EVPCCoilCurrentRequest: iso20_types.RationalNumberType
    EVPCCoilCurrentInformation: iso20_types.RationalNumberType
    EVPCCurrentOutputInformation: iso20_types.RationalNumberType
    EVPCVoltageOutputInformation: iso20_types.RationalNumberType


class WPT_FinePositioningMethodListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "WPT_FinePositioningMethod{1,8}:$WPT_FinePositioningMethodType"
    WPT_FinePositioningMethod: tuple[WPT_FinePositioningMethodType, ...]


class WPT_FinePositioningReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType EVProcessing:$iso20_types.ProcessingType "
        "EVResultCode:$WPT_EVResultType VendorSpecificDataContainer{0,16}:base64[0..256] "
        "WPT_LF_DataPackageList?:WPT_LF_DataPackageListType"
    )
    Header: iso20_types.MessageHeaderType
    EVProcessing: iso20_types.ProcessingType
    EVResultCode: WPT_EVResultType
    VendorSpecificDataContainer: tuple[bytes, ...] = ()
    WPT_LF_DataPackageList: WPT_LF_DataPackageListType | None = None


class WPT_FinePositioningRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEProcessing:$iso20_types.ProcessingType VendorSpecificDataContainer{0,16}:base64[0..256] "
        "WPT_LF_DataPackageList?:WPT_LF_DataPackageListType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEProcessing: iso20_types.ProcessingType
    VendorSpecificDataContainer: tuple[bytes, ...] = ()
    WPT_LF_DataPackageList: WPT_LF_DataPackageListType | None = None


class WPT_FinePositioningSetupReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType EVProcessing:$iso20_types.ProcessingType "
        "EVDeviceFinePositioningMethodList:WPT_FinePositioningMethodListType "
        "EVDevicePairingMethodList:WPT_PairingMethodListType "
        "EVDeviceAlignmentCheckMethodList:WPT_AlignmentCheckMethodListType NaturalOffset:unsignedShort "
        "VendorSpecificDataContainer{0,16}:base64[0..256] LF_SystemSetupData?:WPT_LF_SystemSetupDataType"
    )
    Header: iso20_types.MessageHeaderType
    EVProcessing: iso20_types.ProcessingType
    EVDeviceFinePositioningMethodList: WPT_FinePositioningMethodListType
    EVDevicePairingMethodList: WPT_PairingMethodListType
    EVDeviceAlignmentCheckMethodList: WPT_AlignmentCheckMethodListType
    NaturalOffset: int
    VendorSpecificDataContainer: tuple[bytes, ...] = ()
    LF_SystemSetupData: WPT_LF_SystemSetupDataType | None = None


class WPT_FinePositioningSetupRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "PrimaryDeviceFinePositioningMethodList:WPT_FinePositioningMethodListType "
        "PrimaryDevicePairingMethodList:WPT_PairingMethodListType "
        "PrimaryDeviceAlignmentCheckMethodList:WPT_AlignmentCheckMethodListType NaturalOffset:unsignedShort "
        "VendorSpecificDataContainer{0,16}:base64[0..256] LF_SystemSetupData?:WPT_LF_SystemSetupDataType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    PrimaryDeviceFinePositioningMethodList: WPT_FinePositioningMethodListType
    PrimaryDevicePairingMethodList: WPT_PairingMethodListType
    PrimaryDeviceAlignmentCheckMethodList: WPT_AlignmentCheckMethodListType
    NaturalOffset: int
    VendorSpecificDataContainer: tuple[bytes, ...] = ()
    LF_SystemSetupData: WPT_LF_SystemSetupDataType | None = None


class WPT_LF_DataPackageListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "NumPackages:unsignedByte WPT_LF_DataPackage:WPT_LF_DataPackageType"
    NumPackages: int
    WPT_LF_DataPackage: WPT_LF_DataPackageType


class WPT_LF_DataPackageType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "PackageIndex:unsignedByte (LF_TxData:WPT_LF_TxDataListType|LF_RxData:WPT_LF_RxDataListType)"
    PackageIndex: int
    LF_TxData: WPT_LF_TxDataListType | None = None
    LF_RxData: WPT_LF_RxDataListType | None = None


class WPT_LF_ReceiverDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "NumberOfReceivers:unsignedByte RxSpecData{2,255}:WPT_TxRxSpecDataType"
    NumberOfReceivers: int
    RxSpecData: tuple[WPT_TxRxSpecDataType, ...]


class WPT_LF_RxDataListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "WPT_LF_RxDataList:WPT_LF_RxDataType"
    WPT_LF_RxDataList: WPT_LF_RxDataType


class WPT_LF_RxDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "RxIdentifier:1..4294967295 RSSIData:WPT_LF_RxRSSIListType"
    RxIdentifier: int
    RSSIData: WPT_LF_RxRSSIListType


class WPT_LF_RxRSSIListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "RSSIDataList:WPT_LF_RxRSSIType"
    RSSIDataList: WPT_LF_RxRSSIType


class WPT_LF_RxRSSIType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "TxIdentifier:1..4294967295 RSSI:iso20_types.RationalNumberType"
    TxIdentifier: int
    RSSI: iso20_types.RationalNumberType


class WPT_LF_SystemSetupDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "(LF_TransmitterSetupData:WPT_LF_TransmitterDataType|LF_ReceiverSetupData:WPT_LF_ReceiverDataType)"
    LF_TransmitterSetupData: WPT_LF_TransmitterDataType | None = None
    LF_ReceiverSetupData: WPT_LF_ReceiverDataType | None = None


class WPT_LF_TransmitterDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "NumberOfTransmitters:unsignedByte SignalFrequency:iso20_types.RationalNumberType "
        "TxSpecData{2,255}:WPT_TxRxSpecDataType TxPackageSpecData?:WPT_TxRxPackageSpecDataType"
    )
    NumberOfTransmitters: int
    SignalFrequency: iso20_types.RationalNumberType
    TxSpecData: tuple[WPT_TxRxSpecDataType, ...]
    TxPackageSpecData: WPT_TxRxPackageSpecDataType | None = None


class WPT_LF_TxDataListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "WPT_LF_TxDataList:WPT_LF_TxDataType"
    WPT_LF_TxDataList: WPT_LF_TxDataType


class WPT_LF_TxDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "TxIdentifier:1..4294967295 EIRP:iso20_types.RationalNumberType"
    TxIdentifier: int
    EIRP: iso20_types.RationalNumberType


class WPT_PairingMethodListType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "WPT_PairingMethod{1,8}:$WPT_PairingMethodType"
    WPT_PairingMethod: tuple[WPT_PairingMethodType, ...]


class WPT_PairingReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType EVProcessing:$iso20_types.ProcessingType "
        "ObservedIDCode?:1..4294967295 EVResultCode:$WPT_EVResultType "
        "VendorSpecificDataContainer{0,16}:base64[0..256]"
    )
    Header: iso20_types.MessageHeaderType
    EVProcessing: iso20_types.ProcessingType
    ObservedIDCode: int | None = None
    EVResultCode: WPT_EVResultType
    VendorSpecificDataContainer: tuple[bytes, ...] = ()


class WPT_PairingRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEProcessing:$iso20_types.ProcessingType ObservedIDCode?:1..4294967295 "
        "AlternativeSECCList?:AlternativeSECCListType VendorSpecificDataContainer{0,16}:base64[0..256]"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEProcessing: iso20_types.ProcessingType
    ObservedIDCode: int | None = None
    AlternativeSECCList: AlternativeSECCListType | None = None
    VendorSpecificDataContainer: tuple[bytes, ...] = ()


class WPT_SPCPowerControlParameterType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SPCPrimaryDeviceCoilCurrentInformation:iso20_types.RationalNumberType"
    SPCPrimaryDeviceCoilCurrentInformation: iso20_types.RationalNumberType


class WPT_TxRxPackageSpecDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "PulseSequenceOrder{2,255}:WPT_TxRxPulseOrderType PulseSeparationTime:unsignedShort "
        "PulseDuration:unsignedShort PackageSeparationTime:unsignedShort"
    )
    PulseSequenceOrder: tuple[WPT_TxRxPulseOrderType, ...]
    PulseSeparationTime: int
    PulseDuration: int
    PackageSeparationTime: int


class WPT_TxRxPulseOrderType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "IndexNumber:unsignedShort TxRxIdentifier:1..4294967295"
    IndexNumber: int
    TxRxIdentifier: int


class WPT_TxRxSpecDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "TxRxIdentifier:1..4294967295 TxRxPosition:WPT_CoordinateXYZType TxRxOrientation:WPT_CoordinateXYZType"
    TxRxIdentifier: int
    TxRxPosition: WPT_CoordinateXYZType
    TxRxOrientation: WPT_CoordinateXYZType


ROOTS = (
    "CLReqControlMode! CLResControlMode! CanonicalizationMethod=xmldsig.CanonicalizationMethodType "
    "DSAKeyValue=xmldsig.DSAKeyValueType DigestMethod=xmldsig.DigestMethodType DigestValue! "
    "KeyInfo=xmldsig.KeyInfoType KeyName! KeyValue=xmldsig.KeyValueType Manifest=xmldsig.Manifest MgmtData! "
    "Object=xmldsig.ObjectType PGPData=xmldsig.PGPDataType RSAKeyValue=xmldsig.RSAKeyValueType "
    "Reference=xmldsig.ReferenceType RetrievalMethod=xmldsig.RetrievalMethodType SPKIData=xmldsig.SPKIDataType "
    "Signature=xmldsig.SignatureType SignatureMethod=xmldsig.SignatureMethodType "
    "SignatureProperties=xmldsig.SignatureProperties SignatureProperty=xmldsig.SignaturePropertyType "
    "SignatureValue=xmldsig.SignatureValueType SignedInfo=xmldsig.SignedInfoType Transform=xmldsig.TransformType "
    "Transforms=xmldsig.TransformsType WPT_AlignmentCheckReq WPT_AlignmentCheckRes WPT_ChargeLoopReq "
    "WPT_ChargeLoopRes WPT_ChargeParameterDiscoveryReq WPT_ChargeParameterDiscoveryRes WPT_FinePositioningReq "
    "WPT_FinePositioningRes WPT_FinePositioningSetupReq WPT_FinePositioningSetupRes WPT_PairingReq WPT_PairingRes "
    "X509Data=xmldsig.X509DataType"
)

FRAGMENTS = (
    "AckMaxDelay:unsignedShort AdditionalServicesCosts:iso20_types.DetailedCostType "
    "AlternativeSECC:AlternativeSECCType AlternativeSECCList:AlternativeSECCListType "
    "Amount:iso20_types.RationalNumberType BPT_DischargedEnergyReadingWh:unsignedLong "
    "BPT_InductiveEnergyReadingVARh:unsignedLong BSSID:text[0..12] "
    "BatteryEnergyCapacity:iso20_types.RationalNumberType CLReqControlMode! CLResControlMode! "
    "CanonicalizationMethod:xmldsig.CanonicalizationMethodType CapacitiveEnergyReadingVARh:unsignedLong "
    "ChargedEnergyReadingWh:unsignedLong ChargingComplete:bool Coord_X:short Coord_Y:short Coord_Z:short "
    "CostPerUnit:iso20_types.RationalNumberType DSAKeyValue:xmldsig.DSAKeyValueType DepartureTime:unsignedInt "
    "DigestMethod:xmldsig.DigestMethodType DigestValue:base64 DisplayParameters:iso20_types.DisplayParametersType "
    "EIRP:iso20_types.RationalNumberType EVDeviceAlignmentCheckMethodList:WPT_AlignmentCheckMethodListType "
    "EVDeviceFinePositioningMethodList:WPT_FinePositioningMethodListType "
    "EVDevicePairingMethodList:WPT_PairingMethodListType EVMaximumEnergyRequest:iso20_types.RationalNumberType "
    "EVMinimumEnergyRequest:iso20_types.RationalNumberType EVPCChargeDiagnostics:$WPT_EVPCChargeDiagnosticsType "
    "EVPCCoilCurrentInformation:iso20_types.RationalNumberType EVPCCoilCurrentRequest:iso20_types.RationalNumberType "
    "EVPCCurrentOutputInformation:iso20_types.RationalNumberType EVPCDeviceLocalControl:bool "
    "EVPCMaxReceivablePower:iso20_types.RationalNumberType EVPCNaturalFrequency:iso20_types.RationalNumberType "
    "EVPCOperatingFrequency:iso20_types.RationalNumberType "
    "EVPCPowerControlParameter:WPT_EVPCPowerControlParameterType EVPCPowerOutput:iso20_types.RationalNumberType "
    "EVPCPowerRequest:iso20_types.RationalNumberType EVPCVoltageOutputInformation:iso20_types.RationalNumberType "
    "EVProcessing:$iso20_types.ProcessingType EVResultCode:$WPT_EVResultType "
    "EVSENotification:$iso20_types.EvseNotificationType EVSEProcessing:$iso20_types.ProcessingType "
    "EVSEStatus:iso20_types.EVSEStatusType EVTargetEnergyRequest:iso20_types.RationalNumberType "
    "EnergyCosts:iso20_types.DetailedCostType Exponent^1:base64 Exponent^14:byte G:base64 HMACOutputLength:integer "
    "Header:iso20_types.MessageHeaderType IPAddress:text[0..39] IndexNumber:unsignedShort InletHot:bool J:base64 "
    "KeyInfo:xmldsig.KeyInfoType KeyName:text KeyValue:xmldsig.KeyValueType "
    "LF_ReceiverSetupData:WPT_LF_ReceiverDataType LF_RxData:WPT_LF_RxDataListType "
    "LF_SystemSetupData:WPT_LF_SystemSetupDataType LF_TransmitterSetupData:WPT_LF_TransmitterDataType "
    "LF_TxData:WPT_LF_TxDataListType Manifest:xmldsig.Manifest ManufacturerSpecificDataContainer:base64[0..256] "
    "MaximumSOC:0..100 MeterID:text[0..32] MeterInfo:iso20_types.MeterInfoType MeterInfoRequested:bool "
    "MeterSignature:base64[0..64] MeterStatus:short MeterTimestamp:unsignedLong MgmtData:text MinimumSOC:0..100 "
    "Modulus:base64 NaturalOffset:unsignedShort NotificationMaxDelay:unsignedShort NumPackages:unsignedByte "
    "NumberOfReceivers:unsignedByte NumberOfTransmitters:unsignedByte Object:xmldsig.ObjectType "
    "ObservedIDCode:1..4294967295 OccupancyCosts:iso20_types.DetailedCostType "
    "OverstayCosts:iso20_types.DetailedCostType P:base64 PDInputPowerClass:$WPT_PowerClassType "
    "PDMaxCoilCurrent:iso20_types.RationalNumberType PDMinCoilCurrent:iso20_types.RationalNumberType "
    "PGPData:xmldsig.PGPDataType PGPKeyID:base64 PGPKeyPacket:base64 PackageIndex:unsignedByte "
    "PackageSeparationTime:unsignedShort PgenCounter:base64 Port:unsignedShort "
    "PowerTransmitted:iso20_types.RationalNumberType PresentSOC:0..100 "
    "PrimaryDeviceAlignmentCheckMethodList:WPT_AlignmentCheckMethodListType "
    "PrimaryDeviceFinePositioningMethodList:WPT_FinePositioningMethodListType "
    "PrimaryDevicePairingMethodList:WPT_PairingMethodListType PulseDuration:unsignedShort "
    "PulseSeparationTime:unsignedShort PulseSequenceOrder:WPT_TxRxPulseOrderType Q:base64 "
    "RSAKeyValue:xmldsig.RSAKeyValueType RSSI:iso20_types.RationalNumberType RSSIData:WPT_LF_RxRSSIListType "
    "RSSIDataList:WPT_LF_RxRSSIType Receipt:iso20_types.ReceiptType Reference:xmldsig.ReferenceType "
    "RemainingTimeToMaximumSOC:unsignedInt RemainingTimeToMinimumSOC:unsignedInt RemainingTimeToTargetSOC:unsignedInt "
    "ResponseCode:$iso20_types.ResponseCodeType RetrievalMethod:xmldsig.RetrievalMethodType "
    "RootCertificateID:xmldsig.X509IssuerSerialType RxIdentifier:1..4294967295 RxSpecData:WPT_TxRxSpecDataType "
    "SDManufacturerSpecificDataContainer:base64[0..256] SDMaxGroundClearanceSupport:unsignedShort "
    "SDMaxGroundClearence:unsignedShort SDMaxOutputPower:iso20_types.RationalNumberType "
    "SDMinGroundClearanceSupport:unsignedShort SDMinGroundClearence:unsignedShort "
    "SDMinOutputPower:iso20_types.RationalNumberType SDPowerInput:iso20_types.RationalNumberType "
    "SPCChargeDiagnostics:$WPT_SPCChargeDiagnosticsType SPCMaxOutputPowerLimit:iso20_types.RationalNumberType "
    "SPCMinOutputPowerLimit:iso20_types.RationalNumberType SPCOperatingFrequency:iso20_types.RationalNumberType "
    "SPCPowerControlParameter:WPT_SPCPowerControlParameterType "
    "SPCPrimaryDeviceCoilCurrentInformation:iso20_types.RationalNumberType SPKIData:xmldsig.SPKIDataType "
    "SPKISexp:base64 SSID:text[0..255] Seed:base64 SessionID:hex[8..8] SignalFrequency:iso20_types.RationalNumberType "
    "Signature:xmldsig.SignatureType SignatureMethod:xmldsig.SignatureMethodType "
    "SignatureProperties:xmldsig.SignatureProperties SignatureProperty:xmldsig.SignaturePropertyType "
    "SignatureValue:xmldsig.SignatureValueType SignedInfo:xmldsig.SignedInfoType "
    "SupplyDeviceCurrent:iso20_types.RationalNumberType TargetCoilCurrent:iso20_types.RationalNumberType "
    "TargetSOC:0..100 TaxCosts:iso20_types.DetailedTaxType TaxRuleID:1..4294967295 TimeAnchor:unsignedLong "
    "TimeStamp:unsignedLong Transform:xmldsig.TransformType Transforms:xmldsig.TransformsType "
    "TxIdentifier:1..4294967295 TxPackageSpecData:WPT_TxRxPackageSpecDataType TxRxIdentifier:1..4294967295 "
    "TxRxOrientation:WPT_CoordinateXYZType TxRxPosition:WPT_CoordinateXYZType TxSpecData:WPT_TxRxSpecDataType "
    "Value:short VendorSpecificDataContainer:base64[0..256] WPT_AlignmentCheckMethod:$WPT_AlignmentCheckMethodType "
    "WPT_AlignmentCheckReq:WPT_AlignmentCheckReq WPT_AlignmentCheckRes:WPT_AlignmentCheckRes "
    "WPT_ChargeLoopReq:WPT_ChargeLoopReq WPT_ChargeLoopRes:WPT_ChargeLoopRes "
    "WPT_ChargeParameterDiscoveryReq:WPT_ChargeParameterDiscoveryReq "
    "WPT_ChargeParameterDiscoveryRes:WPT_ChargeParameterDiscoveryRes "
    "WPT_FinePositioningMethod:$WPT_FinePositioningMethodType WPT_FinePositioningReq:WPT_FinePositioningReq "
    "WPT_FinePositioningRes:WPT_FinePositioningRes WPT_FinePositioningSetupReq:WPT_FinePositioningSetupReq "
    "WPT_FinePositioningSetupRes:WPT_FinePositioningSetupRes WPT_LF_DataPackage:WPT_LF_DataPackageType "
    "WPT_LF_DataPackageList:WPT_LF_DataPackageListType WPT_LF_RxDataList:WPT_LF_RxDataType "
    "WPT_LF_TxDataList:WPT_LF_TxDataType WPT_PairingMethod:$WPT_PairingMethodType WPT_PairingReq:WPT_PairingReq "
    "WPT_PairingRes:WPT_PairingRes X509CRL:base64 X509Certificate:base64 X509Data:xmldsig.X509DataType "
    "X509IssuerName:text X509IssuerSerial:xmldsig.X509IssuerSerialType X509SKI:base64 X509SerialNumber:integer "
    "X509SubjectName:text XPath:text Y:base64"
)

ATTRIBUTES = (
    "Algorithm Encoding Id^0 MimeType Target Type URI"
)
