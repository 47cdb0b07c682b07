"""Which phase a message belongs to, and how long a side may take, by which clause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from agent.iso15118.secc import timing


class Limit(NamedTuple):
    """Seconds and where they stand."""

    seconds: float
    clause: str


PHASES: Final[Mapping[str, tuple[str, ...]]] = {
    "setup": ("supportedAppProtocol", "SessionSetup"),
    "services": ("ServiceDiscovery", "ServiceDetail", "ServiceSelection", "PaymentServiceSelection",
                 "ServicePaymentSelection", "VehicleCheckIn", "VehicleCheckOut"),
    "authorisation": ("CertificateInstallation", "CertificateUpdate", "PaymentDetails", "AuthorizationSetup",
                      "Authorization", "ContractAuthentication"),
    "parameters": ("ChargeParameterDiscovery", "AC_ChargeParameterDiscovery", "DC_ChargeParameterDiscovery",
                   "WPT_ChargeParameterDiscovery", "ScheduleExchange"),
    "cable check": ("CableCheck", "DC_CableCheck"),
    "pre-charge": ("PreCharge", "DC_PreCharge"),
    "power": ("PowerDelivery",),
    "charging": ("CurrentDemand", "ChargingStatus", "MeteringReceipt", "MeteringConfirmation", "AC_ChargeLoop",
                 "DC_ChargeLoop", "WPT_ChargeLoop"),
    "ending": ("WeldingDetection", "DC_WeldingDetection", "SessionStop"),
}  # fmt: skip
PHASE_OF: Final[Mapping[str, str]] = {name: phase for phase, names in PHASES.items() for name in names}

SLOW: Final = frozenset({
    "ServiceDetail", "PaymentDetails", "PowerDelivery", "CertificateInstallation", "CertificateUpdate",
})  # fmt: skip
LOOPS_20: Final = frozenset({"AC_ChargeLoop", "DC_ChargeLoop", "WPT_ChargeLoop"})
PERFORMANCE: Final[Mapping[str, str]] = {
    "din": "DIN SPEC 70121, Table 75: V2G_SECC_Msg_Performance_Time",
    "iso2": "ISO 15118-2, Table 109: V2G_SECC_Msg_Performance_Time",
    "iso20": "ISO 15118-20: V2G_SECC_Msg_Performance_Time",
}
SEQUENCE: Final[Mapping[str, str]] = {
    "din": "DIN SPEC 70121: V2G_SECC_Sequence_Timeout",
    "iso2": "ISO 15118-2: V2G_SECC_Sequence_Timeout",
    "iso20": "ISO 15118-20: V2G_SECC_Sequence_Timeout",
}
STANDARDS: Final[Mapping[str, str]] = {"din": "DIN SPEC 70121", "iso2": "ISO 15118-2"}
STAGES: Final[Mapping[str, tuple[float, str]]] = {
    "SessionSetup": (timing.SETUP_S, "V2G_SECC_CommunicationSetup_Performance_Time"),
    "Authorization": (timing.ONGOING_S, "V2G_SECC_Ongoing_Performance_Time"),
    "ContractAuthentication": (timing.ONGOING_S, "V2G_SECC_Ongoing_Performance_Time"),
    "ChargeParameterDiscovery": (timing.ONGOING_S, "V2G_SECC_Ongoing_Performance_Time"),
    "CableCheck": (timing.CABLE_CHECK_S, "V2G_SECC_CableCheck_Performance_Time"),
    "PreCharge": (timing.PRE_CHARGE_S, "V2G_SECC_PreCharge_Performance_Time"),
}
WAITING: Final = "Ongoing_WaitingForCustomerInteraction"  # for a driver, who may take his time
SDP_RESPONSE: Final = Limit(0.25, "ISO 15118-2: the car repeats its SDP request after SDP_Response_Timeout")


def bare(name: str) -> str:
    """A message without Req or Res."""
    return name.removesuffix("Req").removesuffix("Res")


def answer_within(protocol: str, name: str) -> Limit:
    """How long a charger may take for an answer."""
    clause = PERFORMANCE.get(protocol, PERFORMANCE["iso2"])
    if protocol == "iso20" and name in LOOPS_20:
        return Limit(0.25, clause)
    if protocol != "iso20" and name == "CurrentDemand":
        return Limit(0.025, clause)
    return Limit(4.5 if name in SLOW else 1.5, clause)


def next_within(protocol: str, name: str) -> Limit:
    """How long a car may take from an answer to its next request; `name` is what was answered."""
    if protocol == "iso20" and name in LOOPS_20:
        return Limit(0.5, "ISO 15118-20: V2G_SECC_Sequence_Timeout of the charge loop")
    return Limit(60.0, SEQUENCE.get(protocol, SEQUENCE["iso2"]))


def stage_within(protocol: str, name: str) -> Limit | None:
    """How long a charger may take for a stage, over all its messages; None where the standards set nothing."""
    if protocol not in STANDARDS or name not in STAGES:
        return None
    seconds, timer = STAGES[name]
    return Limit(seconds, f"{STANDARDS[protocol]}: {timer}")
