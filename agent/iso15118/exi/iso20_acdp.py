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
