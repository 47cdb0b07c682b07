"""Messages of ISO 15118-20 for pantographs, made from its schema by tools/generate_exi.py; do not edit."""

from __future__ import annotations

from typing import Literal

from agent.iso15118.exi import iso20_types, xmldsig
from agent.iso15118.exi.message import Message

CpStatusType = Literal[
    "StateA", "StateB", "StateC", "StateD", "StateE",
]

ElectricalChargingDeviceStatusType = Literal[
    "State_A", "State_B", "State_C", "State_D",
]

ErrorCodeType = Literal[
    "OK_NoEVError", "FAILED", "FAILED_EmergencyEvent", "FAILED_Breaker", "FAILED_RESSTemperatureInhibit", "FAILED_RESS",
    "FAILED_ChargingCurrentDifferential", "FAILED_ChargingVoltageOutOfRange", "FAILED_Reserved1", "FAILED_Reserved2",
]

IsolationStatusType = Literal[
    "Invalid", "Safe", "Warning", "Fault",
]

MechanicalChargingDeviceStatusType = Literal[
    "Home", "Moving", "EndPosition",
]


class ACDP_ConnectReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType "
        "EVElectricalChargingDeviceStatus:$ElectricalChargingDeviceStatusType"
    )
    Header: iso20_types.MessageHeaderType
    EVElectricalChargingDeviceStatus: ElectricalChargingDeviceStatusType


class ACDP_ConnectRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEProcessing:$iso20_types.ProcessingType "
        "EVSEElectricalChargingDeviceStatus:$ElectricalChargingDeviceStatusType "
        "EVSEMechanicalChargingDeviceStatus:$MechanicalChargingDeviceStatusType"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEProcessing: iso20_types.ProcessingType
    EVSEElectricalChargingDeviceStatus: ElectricalChargingDeviceStatusType
    EVSEMechanicalChargingDeviceStatus: MechanicalChargingDeviceStatusType


class ACDP_SystemStatusReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType EVTechnicalStatus:EVTechnicalStatusType"
    Header: iso20_types.MessageHeaderType
    EVTechnicalStatus: EVTechnicalStatusType


class ACDP_SystemStatusRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEMechanicalChargingDeviceStatus:$MechanicalChargingDeviceStatusType EVSEReadyToCharge:bool "
        "EVSEIsolationStatus:$IsolationStatusType EVSEDisabled:bool EVSEUtilityInterruptEvent:bool "
        "EVSEEmergencyShutdown:bool EVSEMalfunction:bool EVInChargePosition:bool EVAssociationStatus:bool"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEMechanicalChargingDeviceStatus: MechanicalChargingDeviceStatusType
    EVSEReadyToCharge: bool
    EVSEIsolationStatus: IsolationStatusType
    EVSEDisabled: bool
    EVSEUtilityInterruptEvent: bool
    EVSEEmergencyShutdown: bool
    EVSEMalfunction: bool
    EVInChargePosition: bool
    EVAssociationStatus: bool


class ACDP_VehiclePositioningReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Header:iso20_types.MessageHeaderType EVMobilityStatus:bool EVPositioningSupport:bool"
    Header: iso20_types.MessageHeaderType
    EVMobilityStatus: bool
    EVPositioningSupport: bool


class ACDP_VehiclePositioningRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "Header:iso20_types.MessageHeaderType ResponseCode:$iso20_types.ResponseCodeType "
        "EVSEProcessing:$iso20_types.ProcessingType EVSEPositioningSupport:bool EVRelativeXDeviation:short "
        "EVRelativeYDeviation:short ContactWindowXc:short ContactWindowYc:short EVInChargePosition:bool"
    )
    Header: iso20_types.MessageHeaderType
    ResponseCode: iso20_types.ResponseCodeType
    EVSEProcessing: iso20_types.ProcessingType
    EVSEPositioningSupport: bool
    EVRelativeXDeviation: int
    EVRelativeYDeviation: int
    ContactWindowXc: int
    ContactWindowYc: int
    EVInChargePosition: bool


class EVTechnicalStatusType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "EVReadyToCharge:bool EVImmobilizationRequest:bool EVImmobilized?:bool "
        "EVWLANStrength?:iso20_types.RationalNumberType EVCPStatus?:$CpStatusType EVSOC?:0..100 "
        "EVErrorCode?:$ErrorCodeType EVTimeout?:bool"
    )
    EVReadyToCharge: bool
    EVImmobilizationRequest: bool
    EVImmobilized: bool | None = None
    EVWLANStrength: iso20_types.RationalNumberType | None = None
    EVCPStatus: CpStatusType | None = None
    EVSOC: int | None = None
    EVErrorCode: ErrorCodeType | None = None
    EVTimeout: bool | None = None


class ACDP_DisconnectReq(ACDP_ConnectReq, frozen=True, kw_only=True, gc=False):
    pass


class ACDP_DisconnectRes(ACDP_ConnectRes, frozen=True, kw_only=True, gc=False):
    pass


ROOTS = (
    "ACDP_ConnectReq ACDP_ConnectRes ACDP_DisconnectReq ACDP_DisconnectRes ACDP_SystemStatusReq ACDP_SystemStatusRes "
    "ACDP_VehiclePositioningReq ACDP_VehiclePositioningRes CLReqControlMode! CLResControlMode! "
    "CanonicalizationMethod=xmldsig.CanonicalizationMethodType DSAKeyValue=xmldsig.DSAKeyValueType "
    "DigestMethod=xmldsig.DigestMethodType DigestValue! KeyInfo=xmldsig.KeyInfoType KeyName! "
    "KeyValue=xmldsig.KeyValueType Manifest=xmldsig.Manifest MgmtData! Object=xmldsig.ObjectType "
    "PGPData=xmldsig.PGPDataType RSAKeyValue=xmldsig.RSAKeyValueType Reference=xmldsig.ReferenceType "
    "RetrievalMethod=xmldsig.RetrievalMethodType SPKIData=xmldsig.SPKIDataType Signature=xmldsig.SignatureType "
    "SignatureMethod=xmldsig.SignatureMethodType SignatureProperties=xmldsig.SignatureProperties "
    "SignatureProperty=xmldsig.SignaturePropertyType SignatureValue=xmldsig.SignatureValueType "
    "SignedInfo=xmldsig.SignedInfoType Transform=xmldsig.TransformType Transforms=xmldsig.TransformsType "
    "X509Data=xmldsig.X509DataType"
)

FRAGMENTS = (
    "ACDP_ConnectReq:ACDP_ConnectReq ACDP_ConnectRes:ACDP_ConnectRes ACDP_DisconnectReq:ACDP_DisconnectReq "
    "ACDP_DisconnectRes:ACDP_DisconnectRes ACDP_SystemStatusReq:ACDP_SystemStatusReq "
    "ACDP_SystemStatusRes:ACDP_SystemStatusRes ACDP_VehiclePositioningReq:ACDP_VehiclePositioningReq "
    "ACDP_VehiclePositioningRes:ACDP_VehiclePositioningRes AckMaxDelay:unsignedShort "
    "AdditionalServicesCosts:iso20_types.DetailedCostType Amount:iso20_types.RationalNumberType "
    "BPT_DischargedEnergyReadingWh:unsignedLong BPT_InductiveEnergyReadingVARh:unsignedLong "
    "BatteryEnergyCapacity:iso20_types.RationalNumberType CLReqControlMode! CLResControlMode! "
    "CanonicalizationMethod:xmldsig.CanonicalizationMethodType CapacitiveEnergyReadingVARh:unsignedLong "
    "ChargedEnergyReadingWh:unsignedLong ChargingComplete:bool ContactWindowXc:short ContactWindowYc:short "
    "CostPerUnit:iso20_types.RationalNumberType DSAKeyValue:xmldsig.DSAKeyValueType DepartureTime:unsignedInt "
    "DigestMethod:xmldsig.DigestMethodType DigestValue:base64 DisplayParameters:iso20_types.DisplayParametersType "
    "EVAssociationStatus:bool EVCPStatus:$CpStatusType "
    "EVElectricalChargingDeviceStatus:$ElectricalChargingDeviceStatusType EVErrorCode:$ErrorCodeType "
    "EVImmobilizationRequest:bool EVImmobilized:bool EVInChargePosition:bool "
    "EVMaximumEnergyRequest:iso20_types.RationalNumberType EVMinimumEnergyRequest:iso20_types.RationalNumberType "
    "EVMobilityStatus:bool EVPositioningSupport:bool EVReadyToCharge:bool EVRelativeXDeviation:short "
    "EVRelativeYDeviation:short EVSEDisabled:bool "
    "EVSEElectricalChargingDeviceStatus:$ElectricalChargingDeviceStatusType EVSEEmergencyShutdown:bool "
    "EVSEIsolationStatus:$IsolationStatusType EVSEMalfunction:bool "
    "EVSEMechanicalChargingDeviceStatus:$MechanicalChargingDeviceStatusType "
    "EVSENotification:$iso20_types.EvseNotificationType EVSEPositioningSupport:bool "
    "EVSEProcessing:$iso20_types.ProcessingType EVSEReadyToCharge:bool EVSEStatus:iso20_types.EVSEStatusType "
    "EVSEUtilityInterruptEvent:bool EVSOC:0..100 EVTargetEnergyRequest:iso20_types.RationalNumberType "
    "EVTechnicalStatus:EVTechnicalStatusType EVTimeout:bool EVWLANStrength:iso20_types.RationalNumberType "
    "EnergyCosts:iso20_types.DetailedCostType Exponent^1:base64 Exponent^14:byte G:base64 HMACOutputLength:integer "
    "Header:iso20_types.MessageHeaderType InletHot:bool J:base64 KeyInfo:xmldsig.KeyInfoType KeyName:text "
    "KeyValue:xmldsig.KeyValueType Manifest:xmldsig.Manifest MaximumSOC:0..100 MeterID:text[0..32] "
    "MeterInfo:iso20_types.MeterInfoType MeterInfoRequested:bool MeterSignature:base64[0..64] MeterStatus:short "
    "MeterTimestamp:unsignedLong MgmtData:text MinimumSOC:0..100 Modulus:base64 NotificationMaxDelay:unsignedShort "
    "Object:xmldsig.ObjectType OccupancyCosts:iso20_types.DetailedCostType OverstayCosts:iso20_types.DetailedCostType "
    "P:base64 PGPData:xmldsig.PGPDataType PGPKeyID:base64 PGPKeyPacket:base64 PgenCounter:base64 PresentSOC:0..100 "
    "Q:base64 RSAKeyValue:xmldsig.RSAKeyValueType Receipt:iso20_types.ReceiptType Reference:xmldsig.ReferenceType "
    "RemainingTimeToMaximumSOC:unsignedInt RemainingTimeToMinimumSOC:unsignedInt RemainingTimeToTargetSOC:unsignedInt "
    "ResponseCode:$iso20_types.ResponseCodeType RetrievalMethod:xmldsig.RetrievalMethodType "
    "RootCertificateID:xmldsig.X509IssuerSerialType SPKIData:xmldsig.SPKIDataType SPKISexp:base64 Seed:base64 "
    "SessionID:hex[8..8] Signature:xmldsig.SignatureType SignatureMethod:xmldsig.SignatureMethodType "
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
