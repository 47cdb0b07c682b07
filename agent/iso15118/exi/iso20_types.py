"""Types that all schemas of ISO 15118-20 share, made from its schema by tools/generate_exi.py; do not edit."""

from __future__ import annotations

from typing import Literal

from agent.iso15118.exi import xmldsig
from agent.iso15118.exi.message import Message

EvseNotificationType = Literal[
    "Pause", "ExitStandby", "Terminate", "ScheduleRenegotiation", "ServiceRenegotiation", "MeteringConfirmation",
]

ProcessingType = Literal[
    "Finished", "Ongoing", "Ongoing_WaitingForCustomerInteraction",
]

ResponseCodeType = Literal[
    "OK", "OK_CertificateExpiresSoon", "OK_NewSessionEstablished", "OK_OldSessionJoined", "OK_PowerToleranceConfirmed",
    "WARNING_AuthorizationSelectionInvalid", "WARNING_CertificateExpired", "WARNING_CertificateNotYetValid",
    "WARNING_CertificateRevoked", "WARNING_CertificateValidationError", "WARNING_ChallengeInvalid",
    "WARNING_EIMAuthorizationFailure", "WARNING_eMSPUnknown", "WARNING_EVPowerProfileViolation",
    "WARNING_GeneralPnCAuthorizationError", "WARNING_NoCertificateAvailable", "WARNING_NoContractMatchingPCIDFound",
    "WARNING_PowerToleranceNotConfirmed", "WARNING_ScheduleRenegotiationFailed", "WARNING_StandbyNotAllowed",
    "WARNING_WPT", "FAILED", "FAILED_AssociationError", "FAILED_ContactorError", "FAILED_EVPowerProfileInvalid",
    "FAILED_EVPowerProfileViolation", "FAILED_MeteringSignatureNotValid", "FAILED_NoEnergyTransferServiceSelected",
    "FAILED_NoServiceRenegotiationSupported", "FAILED_PauseNotAllowed", "FAILED_PowerDeliveryNotApplied",
    "FAILED_PowerToleranceNotConfirmed", "FAILED_ScheduleRenegotiation", "FAILED_ScheduleSelectionInvalid",
    "FAILED_SequenceError", "FAILED_ServiceIDInvalid", "FAILED_ServiceSelectionInvalid", "FAILED_SignatureError",
    "FAILED_UnknownSession", "FAILED_WrongChargeParameter",
]


class DetailedCostType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Amount:RationalNumberType CostPerUnit:RationalNumberType"
    Amount: RationalNumberType
    CostPerUnit: RationalNumberType


class DetailedTaxType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "TaxRuleID:1..4294967295 Amount:RationalNumberType"
    TaxRuleID: int
    Amount: RationalNumberType


class DisplayParametersType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "PresentSOC?:0..100 MinimumSOC?:0..100 TargetSOC?:0..100 MaximumSOC?:0..100 "
        "RemainingTimeToMinimumSOC?:unsignedInt RemainingTimeToTargetSOC?:unsignedInt "
        "RemainingTimeToMaximumSOC?:unsignedInt ChargingComplete?:bool BatteryEnergyCapacity?:RationalNumberType "
        "InletHot?:bool"
    )
    PresentSOC: int | None = None
    MinimumSOC: int | None = None
    TargetSOC: int | None = None
    MaximumSOC: int | None = None
    RemainingTimeToMinimumSOC: int | None = None
    RemainingTimeToTargetSOC: int | None = None
    RemainingTimeToMaximumSOC: int | None = None
    ChargingComplete: bool | None = None
    BatteryEnergyCapacity: RationalNumberType | None = None
    InletHot: bool | None = None


class EVSEStatusType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "NotificationMaxDelay:unsignedShort EVSENotification:$EvseNotificationType"
    NotificationMaxDelay: int
    EVSENotification: EvseNotificationType


class ListOfRootCertificateIDsType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "RootCertificateID{1,20}:xmldsig.X509IssuerSerialType"
    RootCertificateID: tuple[xmldsig.X509IssuerSerialType, ...]


class MessageHeaderType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "SessionID:hex[8..8] TimeStamp:unsignedLong Signature?:xmldsig.SignatureType"
    SessionID: bytes
    TimeStamp: int
    Signature: xmldsig.SignatureType | None = None


class MeterInfoType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "MeterID:text[0..32] ChargedEnergyReadingWh:unsignedLong BPT_DischargedEnergyReadingWh?:unsignedLong "
        "CapacitiveEnergyReadingVARh?:unsignedLong BPT_InductiveEnergyReadingVARh?:unsignedLong "
        "MeterSignature?:base64[0..64] MeterStatus?:short MeterTimestamp?:unsignedLong"
    )
    MeterID: str
    ChargedEnergyReadingWh: int
    BPT_DischargedEnergyReadingWh: int | None = None
    CapacitiveEnergyReadingVARh: int | None = None
    BPT_InductiveEnergyReadingVARh: int | None = None
    MeterSignature: bytes | None = None
    MeterStatus: int | None = None
    MeterTimestamp: int | None = None


class RationalNumberType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Exponent:byte Value:short"
    Exponent: int
    Value: int


class ReceiptType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "TimeAnchor:unsignedLong EnergyCosts?:DetailedCostType OccupancyCosts?:DetailedCostType "
        "AdditionalServicesCosts?:DetailedCostType OverstayCosts?:DetailedCostType TaxCosts{0,10}:DetailedTaxType"
    )
    TimeAnchor: int
    EnergyCosts: DetailedCostType | None = None
    OccupancyCosts: DetailedCostType | None = None
    AdditionalServicesCosts: DetailedCostType | None = None
    OverstayCosts: DetailedCostType | None = None
    TaxCosts: tuple[DetailedTaxType, ...] = ()
