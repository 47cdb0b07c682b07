"""ISO 15118-2: which request may follow which, and who answers each. Pure; clauses are the standard's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from agent.iso15118.exi import Message
from agent.iso15118.exi import iso2 as m
from agent.iso15118.secc import dc
from agent.iso15118.secc.iso2_certificates import certificate
from agent.iso15118.secc.iso2_power import (
    charging_status,
    current_demand,
    parameters,
    power_delivery,
    receipt,
    session_stop,
)
from agent.iso15118.secc.iso2_refusals import refusal
from agent.iso15118.secc.iso2_setup import (
    authorization,
    payment_details,
    payment_selection,
    service_detail,
    service_discovery,
    session_setup,
)
from agent.iso15118.secc.iso2_told import told
from agent.iso15118.secc.snapshot import Snapshot
from agent.iso15118.secc.state import Dice, Paused, Phase, Reply, State, Step

__all__ = ["ALLOWED", "MESSAGES", "answer", "body", "first", "refusal", "signature", "wrapped"]

MESSAGES: Final = m
UNKNOWN: Final = bytes(8)  # [V2G2-750]: the id of a session that is to be

ALLOWED: Final[Mapping[Phase, tuple[type[Message], ...]]] = MappingProxyType(
    {  # 8.8.4.2, table 107 and 108
        Phase.SETUP: (m.SessionSetupReq,),
        Phase.DISCOVERY: (m.ServiceDiscoveryReq, m.SessionStopReq),
        Phase.SELECTION: (m.ServiceDetailReq, m.PaymentServiceSelectionReq, m.SessionStopReq),
        Phase.CONTRACT: (
            m.CertificateInstallationReq,
            m.CertificateUpdateReq,
            m.PaymentDetailsReq,
            m.SessionStopReq,
        ),
        Phase.AUTHORIZATION: (m.AuthorizationReq, m.SessionStopReq),
        Phase.PARAMETERS: (m.ChargeParameterDiscoveryReq, m.SessionStopReq),
        Phase.CABLE_CHECK: (m.CableCheckReq, m.PowerDeliveryReq, m.SessionStopReq),
        Phase.PRE_CHARGE: (m.PreChargeReq, m.PowerDeliveryReq, m.SessionStopReq),
        Phase.DELIVERY: (m.PowerDeliveryReq, m.ChargeParameterDiscoveryReq, m.SessionStopReq),
        Phase.CHARGING: (m.ChargingStatusReq, m.CurrentDemandReq, m.MeteringReceiptReq, m.PowerDeliveryReq),
        Phase.WELDING: (m.WeldingDetectionReq, m.SessionStopReq),
        Phase.ENDING: (m.SessionStopReq,),
        Phase.OVER: (),
    }
)


def body(message: Message) -> tuple[bytes, Message]:
    """The session id and the request in a message; what is no message of a session stays as it is."""
    if not isinstance(message, m.V2G_Message) or message.Body.BodyElement is None:
        return UNKNOWN, message
    return message.Header.SessionID, message.Body.BodyElement


def signature(message: Message) -> Any:
    """The signature in a message's header; None where there is none."""
    return message.Header.Signature if isinstance(message, m.V2G_Message) else None


def wrapped(session_id: bytes, answer: Message) -> Message:
    """An answer as it goes out."""
    header = m.MessageHeaderType(SessionID=session_id or UNKNOWN)
    return m.V2G_Message(Header=header, Body=m.BodyType(BodyElement=answer))  # type: ignore[arg-type]


def first(state: State, session_id: bytes, request: m.SessionSetupReq, paused: Paused | None, dice: Dice) -> State:
    """The state after SessionSetup: a new session, or the one that this car had paused ([V2G2-741])."""
    del request
    state = replace(state, challenge=dice.challenge, judge=dice.judge)
    if paused is not None and session_id == paused.session_id:
        return replace(state, session_id=session_id, paused=paused)
    return replace(state, session_id=dice.session_id)


def answer(state: State, request: Message, snapshot: Snapshot, now_s: float, waited_s: float) -> Step:
    """What a request that is allowed now is answered. `waited_s`: how long it has been put off already."""
    snapshot = told(state, snapshot)
    match request:
        case m.SessionSetupReq():
            return session_setup(state, request, snapshot)
        case m.ServiceDiscoveryReq():
            return service_discovery(state, snapshot)
        case m.ServiceDetailReq():
            return service_detail(state, request, snapshot)
        case m.PaymentServiceSelectionReq():
            return payment_selection(state, request, snapshot)
        case m.CertificateInstallationReq() | m.CertificateUpdateReq() if state.installs:
            return certificate(state, request, snapshot, waited_s)
        case m.PaymentDetailsReq():
            return payment_details(state, request, snapshot)
        case m.AuthorizationReq():
            return authorization(state, request, snapshot, now_s)
        case m.ChargeParameterDiscoveryReq():
            return parameters(state, request, snapshot, now_s)
        case m.CableCheckReq():
            return dc.cable_check(m, state, snapshot, now_s)
        case m.PreChargeReq():
            return dc.pre_charge(m, state, snapshot, request)
        case m.PowerDeliveryReq():
            return power_delivery(state, request, snapshot, waited_s)
        case m.ChargingStatusReq() if state.mode is not None and not state.mode.dc:
            return charging_status(state, snapshot, now_s)
        case m.CurrentDemandReq() if state.mode is not None and state.mode.dc:
            return current_demand(state, request, snapshot, now_s)
        case m.MeteringReceiptReq():
            return receipt(state, request, snapshot, now_s)
        case m.WeldingDetectionReq():
            return dc.welding_detection(m, state, snapshot)
        case m.SessionStopReq():
            return session_stop(state, request)
        case _:
            return state, Reply(refusal(request, snapshot, "FAILED_SequenceError"), last=True)
