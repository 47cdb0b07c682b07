"""ISO 15118-2 from SessionSetup to authorisation. Pure; clauses are the standard's."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from agent.iso15118.exi import iso2 as m
from agent.iso15118.secc.events import (
    AnyEvent,
    ContractPresented,
    ContractProved,
    PaymentChosen,
    Protocol,
    SessionBegan,
)
from agent.iso15118.secc.iso2_parts import CERTIFICATE_SERVICE, CHARGE_SERVICE, installs_contracts, services
from agent.iso15118.secc.iso2_refusals import refusal
from agent.iso15118.secc.iso2_told import another_driver
from agent.iso15118.secc.snapshot import Payment, Permission, Snapshot
from agent.iso15118.secc.state import Phase, Reply, State, Step
from agent.iso15118.secc.timing import ONGOING_S

CERTIFICATE_SETS: Final = ((1, "Installation"), (2, "Update"))  # table 106


def session_setup(state: State, request: m.SessionSetupReq, snapshot: Snapshot) -> Step:
    """SessionSetup: who is here."""
    response = m.SessionSetupRes(
        ResponseCode="OK_OldSessionJoined" if state.paused is not None else "OK_NewSessionEstablished",
        EVSEID=snapshot.evse_id,
        EVSETimeStamp=int(snapshot.utc_s),
    )
    began = SessionBegan(Protocol.ISO_2, state.session_id, request.EVCCID, state.paused is not None)
    return replace(state, phase=Phase.DISCOVERY), Reply(response, (began,))


def service_discovery(state: State, snapshot: Snapshot) -> Step:
    """ServiceDiscovery."""
    return replace(state, phase=Phase.SELECTION), Reply(services(snapshot, "OK"))


def service_detail(state: State, request: m.ServiceDetailReq, snapshot: Snapshot) -> Step:
    """ServiceDetail of one of the offered services."""
    if request.ServiceID == CHARGE_SERVICE:
        return state, Reply(m.ServiceDetailRes(ResponseCode="OK", ServiceID=request.ServiceID))
    if request.ServiceID == CERTIFICATE_SERVICE and installs_contracts(snapshot):
        sets = tuple(
            m.ParameterSetType(ParameterSetID=number, Parameter=(m.ParameterType(Name="Service", stringValue=what),))
            for number, what in CERTIFICATE_SETS
        )
        details = m.ServiceParameterListType(ParameterSet=sets)
        return state, Reply(
            m.ServiceDetailRes(ResponseCode="OK", ServiceID=request.ServiceID, ServiceParameterList=details)
        )
    return state, Reply(refusal(request, snapshot, "FAILED_ServiceIDInvalid"))


def payment_selection(state: State, request: m.PaymentServiceSelectionReq, snapshot: Snapshot) -> Step:
    """PaymentServiceSelection: who says who pays, and for which services."""
    payment = Payment(request.SelectedPaymentOption)
    services = {one.ServiceID for one in request.SelectedServiceList.SelectedService}
    offered = {CHARGE_SERVICE} | ({CERTIFICATE_SERVICE} if installs_contracts(snapshot) else set())
    if payment not in snapshot.payments:
        return state, Reply(refusal(request, snapshot, "FAILED_PaymentSelectionInvalid"))
    if services - offered:
        return state, Reply(refusal(request, snapshot, "FAILED_ServiceSelectionInvalid"))
    if CHARGE_SERVICE not in services:
        return state, Reply(refusal(request, snapshot, "FAILED_NoChargeServiceSelected"))
    phase = Phase.CONTRACT if payment is Payment.CONTRACT else Phase.AUTHORIZATION
    response = m.PaymentServiceSelectionRes(ResponseCode="OK")
    state = replace(state, phase=phase, payment=payment, installs=CERTIFICATE_SERVICE in services)
    return state, Reply(response, (PaymentChosen(payment),))


def payment_details(state: State, request: m.PaymentDetailsReq, snapshot: Snapshot) -> Step:
    """PaymentDetails: the contract, and the challenge that its key is to sign."""
    shown = request.ContractSignatureCertChain
    subordinate = shown.SubCertificates.Certificate if shown.SubCertificates is not None else ()
    chain = (shown.Certificate, *subordinate)
    if another_driver(state, request.eMAID):
        return state, Reply(refusal(request, snapshot, "FAILED"), last=True)
    code = state.judge.chain(request.eMAID, chain) if state.judge is not None else "FAILED_NoCertificateAvailable"
    if code != "OK":
        return state, Reply(refusal(request, snapshot, code), last=True)
    response = m.PaymentDetailsRes(ResponseCode="OK", GenChallenge=state.challenge, EVSETimeStamp=int(snapshot.utc_s))
    presented = ContractPresented(request.eMAID, chain)
    return (
        replace(state, phase=Phase.AUTHORIZATION, emaid=request.eMAID, chain=chain),
        Reply(response, (presented,)),
    )


def authorization(state: State, request: m.AuthorizationReq, snapshot: Snapshot, now_s: float) -> Step:
    """Ongoing until the verdict; a driver who is still to come may take as long as he likes ([V2G2-854])."""
    events: tuple[AnyEvent, ...] = ()
    if state.payment is Payment.CONTRACT and not state.told:
        if request.GenChallenge != state.challenge:
            return state, Reply(refusal(request, snapshot, "FAILED_ChallengeInvalid"), last=True)
        proved = state.judge is not None and state.judge.signed(
            "AuthorizationReq", request, state.signature, state.chain[0]
        )
        if not proved:
            return state, Reply(refusal(request, snapshot, "FAILED_SignatureError"), last=True)
        events = (ContractProved(state.emaid, state.chain),)
        state = replace(state, told=True)
    since_s = now_s if state.since_s is None else state.since_s
    state = replace(state, since_s=since_s)
    match snapshot.permission:
        case Permission.GRANTED:
            done = m.AuthorizationRes(ResponseCode="OK", EVSEProcessing="Finished")
            return replace(state, phase=Phase.PARAMETERS, since_s=None, told=False), Reply(done, events)
        case Permission.DENIED:
            return state, Reply(refusal(request, snapshot, "FAILED"), events, last=True)
        case Permission.WAITING if state.payment is Payment.EXTERNAL:
            waiting = m.AuthorizationRes(ResponseCode="OK", EVSEProcessing="Ongoing_WaitingForCustomerInteraction")
            return replace(state, since_s=None), Reply(waiting, events)
    if now_s - since_s >= ONGOING_S:
        return state, Reply(refusal(request, snapshot, "FAILED"), events, last=True)
    return state, Reply(m.AuthorizationRes(ResponseCode="OK", EVSEProcessing="Ongoing"), events)
