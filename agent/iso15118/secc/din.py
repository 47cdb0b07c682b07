"""DIN SPEC 70121: DC charging with external payment. Pure; clauses are the standard's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from agent.iso15118.exi import Message
from agent.iso15118.exi import din as m
from agent.iso15118.secc import dc
from agent.iso15118.secc.events import (
    Outcome,
    PaymentChosen,
    PowerWanted,
    Protocol,
    SessionBegan,
    SessionOver,
)
from agent.iso15118.secc.snapshot import EnergyMode, Notice, Payment, Permission, Snapshot
from agent.iso15118.secc.state import Dice, Paused, Phase, Reply, State, Step
from agent.iso15118.secc.timing import CONTACTOR_S, ONGOING_S
from agent.iso15118.secc.values import SHORT_MAX, physical

PROTOCOL: Final = Protocol.DIN
MESSAGES: Final = m
CHARGE_SERVICE: Final = 1
SCHEDULE: Final = 1
SCHEDULE_ENTRIES: Final = 12
UNKNOWN: Final = bytes(8)
NO_EVSE_ID: Final = b"\x00"  # [V2G-DC-877]: of a charger that has none in the form of this standard

ALLOWED: Final[Mapping[Phase, tuple[type[Message], ...]]] = MappingProxyType(
    {
        Phase.SETUP: (m.SessionSetupReq,),
        Phase.DISCOVERY: (m.ServiceDiscoveryReq, m.SessionStopReq),
        Phase.SELECTION: (m.ServicePaymentSelectionReq, m.SessionStopReq),
        Phase.CONTRACT: (),
        Phase.AUTHORIZATION: (m.ContractAuthenticationReq, m.SessionStopReq),
        Phase.PARAMETERS: (m.ChargeParameterDiscoveryReq, m.SessionStopReq),
        Phase.CABLE_CHECK: (m.CableCheckReq, m.PowerDeliveryReq, m.SessionStopReq),
        Phase.PRE_CHARGE: (m.PreChargeReq, m.PowerDeliveryReq, m.SessionStopReq),
        Phase.DELIVERY: (),
        Phase.CHARGING: (m.CurrentDemandReq, m.PowerDeliveryReq),
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
    """Nothing is signed here."""
    del message


def wrapped(session_id: bytes, answer: Message) -> Message:
    """An answer as it goes out."""
    header = m.MessageHeaderType(SessionID=session_id or UNKNOWN)
    return m.V2G_Message(Header=header, Body=m.BodyType(BodyElement=answer))  # type: ignore[arg-type]


def first(state: State, session_id: bytes, request: m.SessionSetupReq, paused: Paused | None, dice: Dice) -> State:
    """The state after SessionSetup: always a new session; this protocol knows no pause."""
    del session_id, request, paused
    return replace(state, session_id=dice.session_id)


def refusal(request: Message, snapshot: Snapshot, code: str) -> Message | None:
    """The response to a request that cannot be served, with all that its type must carry; None for no request."""
    make = _REFUSALS.get(type(request))
    return None if make is None else make(snapshot, code)


def answer(state: State, request: Message, snapshot: Snapshot, now_s: float, waited_s: float) -> Step:
    """What a request that is allowed now is answered. `waited_s`: how long it has been put off already."""
    if snapshot.notice is Notice.RENEGOTIATE:  # DIN SPEC 70121 [check] knows the word and no way to do it
        snapshot = replace(snapshot, notice=Notice.NONE)
    match request:
        case m.SessionSetupReq():
            response = m.SessionSetupRes(
                ResponseCode="OK_NewSessionEstablished", EVSEID=NO_EVSE_ID, DateTimeNow=int(snapshot.utc_s)
            )
            began = SessionBegan(PROTOCOL, state.session_id, request.EVCCID)
            return replace(state, phase=Phase.DISCOVERY), Reply(response, (began,))
        case m.ServiceDiscoveryReq():
            return replace(state, phase=Phase.SELECTION), Reply(_services(snapshot, "OK"))
        case m.ServicePaymentSelectionReq():
            return _payment_selection(state, request, snapshot)
        case m.ContractAuthenticationReq():
            return _authentication(state, request, snapshot, now_s)
        case m.ChargeParameterDiscoveryReq():
            return _parameters(state, request, snapshot, now_s)
        case m.CableCheckReq():
            return dc.cable_check(m, state, snapshot, now_s)
        case m.PreChargeReq():
            return dc.pre_charge(m, state, snapshot, request)
        case m.PowerDeliveryReq():
            return _power_delivery(state, request, snapshot, waited_s)
        case m.CurrentDemandReq():
            code = "FAILED" if snapshot.fault or snapshot.dc is None else "OK"
            response_ = m.CurrentDemandRes(**dc.current_demand(m, snapshot, request, code))
            return state, Reply(response_, (dc.demanded(request),) if code == "OK" else ())
        case m.WeldingDetectionReq():
            return dc.welding_detection(m, state, snapshot)
        case m.SessionStopReq():
            over = SessionOver(Outcome.TERMINATED)
            return replace(state, phase=Phase.OVER), Reply(m.SessionStopRes(ResponseCode="OK"), (over,), last=True)
        case _:
            return state, Reply(refusal(request, snapshot, "FAILED_SequenceError"), last=True)


def _services(snapshot: Snapshot, code: Any) -> m.ServiceDiscoveryRes:
    mode = next((one for one in snapshot.modes if one.dc), EnergyMode.DC_EXTENDED)
    return m.ServiceDiscoveryRes(
        ResponseCode=code,
        PaymentOptions=m.PaymentOptionsType(PaymentOption=("ExternalPayment",)),
        ChargeService=m.ServiceCharge(
            ServiceTag=m.ServiceTagType(ServiceID=CHARGE_SERVICE, ServiceCategory="EVCharging"),
            FreeService=snapshot.free_of_charge,
            EnergyTransferType=mode.value,
        ),
    )


def _payment_selection(state: State, request: m.ServicePaymentSelectionReq, snapshot: Snapshot) -> Step:
    services = {one.ServiceID for one in request.SelectedServiceList.SelectedService}
    if request.SelectedPaymentOption != "ExternalPayment":
        return state, Reply(refusal(request, snapshot, "FAILED_PaymentSelectionInvalid"), last=True)
    if services != {CHARGE_SERVICE}:
        return state, Reply(refusal(request, snapshot, "FAILED_ServiceSelectionInvalid"), last=True)
    response = m.ServicePaymentSelectionRes(ResponseCode="OK")
    chosen = PaymentChosen(Payment.EXTERNAL)
    return replace(state, phase=Phase.AUTHORIZATION, payment=Payment.EXTERNAL), Reply(response, (chosen,))


def _authentication(state: State, request: Message, snapshot: Snapshot, now_s: float) -> Step:
    since_s = now_s if state.since_s is None else state.since_s
    if snapshot.permission is Permission.GRANTED:
        done = m.ContractAuthenticationRes(ResponseCode="OK", EVSEProcessing="Finished")
        return replace(state, phase=Phase.PARAMETERS, since_s=None), Reply(done)
    if snapshot.permission is Permission.DENIED or now_s - since_s >= ONGOING_S:
        return state, Reply(refusal(request, snapshot, "FAILED"), last=True)
    ongoing = m.ContractAuthenticationRes(ResponseCode="OK", EVSEProcessing="Ongoing")
    return replace(state, since_s=since_s), Reply(ongoing)


def _parameters(state: State, request: m.ChargeParameterDiscoveryReq, snapshot: Snapshot, now_s: float) -> Step:
    own = request.EVChargeParameter
    try:
        mode = EnergyMode(request.EVRequestedEnergyTransferType)
    except ValueError:
        mode = None
    if mode is None or mode not in snapshot.modes or snapshot.dc is None:
        return state, Reply(refusal(request, snapshot, "FAILED_WrongEnergyTransferType"), last=True)
    if not isinstance(own, m.DC_EVChargeParameter):
        return state, Reply(refusal(request, snapshot, "FAILED_WrongChargeParameter"), last=True)
    wanted = dc.energy_wanted(mode, own)
    if wanted.max_current_a <= 0 or wanted.max_voltage_v <= 0:
        return state, Reply(refusal(request, snapshot, "FAILED_WrongChargeParameter"), last=True)
    events = () if state.told else (wanted,)
    since_s = now_s if state.since_s is None else state.since_s
    state = replace(state, mode=mode, since_s=since_s, told=True)
    if snapshot.fault or (snapshot.schedule is None and now_s - since_s >= ONGOING_S):
        return state, Reply(refusal(request, snapshot, "FAILED"), events, last=True)
    finished = snapshot.schedule is not None and not events
    response = m.ChargeParameterDiscoveryRes(
        ResponseCode="OK",
        EVSEProcessing="Finished" if finished else "Ongoing",
        SASchedules=_schedules(snapshot),
        EVSEChargeParameter=dc.parameters(m, snapshot, snapshot.dc),
    )
    if finished:
        state = replace(state, phase=Phase.CABLE_CHECK, since_s=None, told=False)
    return state, Reply(response, events)


def _schedules(snapshot: Snapshot) -> m.SAScheduleList:
    """Power in watt as a short: more than 32,767 W cannot be said, and then does not limit ([V2G-DC-867])."""
    periods = (snapshot.schedule or ())[:SCHEDULE_ENTRIES]
    entries = tuple(
        m.PMaxScheduleEntryType(
            TimeInterval=m.RelativeTimeInterval(
                start=one.start_s, duration=snapshot.schedule_s - one.start_s if one is periods[-1] else None
            ),
            PMax=min(int(one.power_w), SHORT_MAX),
        )
        for one in periods
    )
    nothing = (m.PMaxScheduleEntryType(TimeInterval=m.RelativeTimeInterval(start=0, duration=0), PMax=0),)
    schedule = m.PMaxScheduleType(PMaxScheduleID=SCHEDULE, PMaxScheduleEntry=entries or nothing)
    return m.SAScheduleList(SAScheduleTuple=(m.SAScheduleTupleType(SAScheduleTupleID=SCHEDULE, PMaxSchedule=schedule),))


def _power_delivery(state: State, request: m.PowerDeliveryReq, snapshot: Snapshot, waited_s: float) -> Step:
    if not request.ReadyToChargeState:
        response = m.PowerDeliveryRes(ResponseCode="OK", EVSEStatus=dc.status(m, snapshot, ready=False))
        return replace(state, phase=Phase.WELDING, told=False), Reply(response, (PowerWanted(False),))
    if state.phase is not Phase.PRE_CHARGE:
        return state, Reply(refusal(request, snapshot, "FAILED_SequenceError"), last=True)
    if snapshot.fault:
        return state, Reply(refusal(request, snapshot, "FAILED_PowerDeliveryNotApplied"), last=True)
    events = () if state.told else (PowerWanted(True),)
    if snapshot.dc is None or not snapshot.dc.closed:
        if waited_s >= CONTACTOR_S:
            refused = refusal(request, snapshot, "FAILED_PowerDeliveryNotApplied")
            return state, Reply(refused, (PowerWanted(False),), last=True)
        return replace(state, told=True), Reply(None, events, until_s=CONTACTOR_S)
    response = m.PowerDeliveryRes(ResponseCode="OK", EVSEStatus=dc.status(m, snapshot, ready=True))
    return replace(state, phase=Phase.CHARGING, told=False), Reply(response, events)


_Refusal = Callable[[Snapshot, Any], Message]


def _refused_parameters(snapshot: Snapshot, code: Any) -> Message:
    side = snapshot.dc
    own = dc.parameters(m, snapshot, side) if side is not None else dc.no_side(m, snapshot)
    return m.ChargeParameterDiscoveryRes(
        ResponseCode=code, EVSEProcessing="Finished", SASchedules=_schedules(snapshot), EVSEChargeParameter=own
    )


def _refused_demand(snapshot: Snapshot, code: Any) -> Message:
    return m.CurrentDemandRes(**dc.refused_demand(m, snapshot, code))


def _volts(snapshot: Snapshot) -> m.PhysicalValueType:
    return physical(m.PhysicalValueType, snapshot.dc.voltage_v if snapshot.dc is not None else 0.0, "V")


_REFUSALS: Final[Mapping[type[Message], _Refusal]] = MappingProxyType(
    {
        m.SessionSetupReq: lambda _, code: m.SessionSetupRes(ResponseCode=code, EVSEID=NO_EVSE_ID),
        m.ServiceDiscoveryReq: _services,
        m.ServicePaymentSelectionReq: lambda _, code: m.ServicePaymentSelectionRes(ResponseCode=code),
        m.ContractAuthenticationReq: lambda _, code: m.ContractAuthenticationRes(
            ResponseCode=code, EVSEProcessing="Finished"
        ),
        m.ChargeParameterDiscoveryReq: _refused_parameters,
        m.CableCheckReq: lambda s, code: m.CableCheckRes(
            ResponseCode=code, DC_EVSEStatus=dc.status(m, s, ready=False), EVSEProcessing="Finished"
        ),
        m.PreChargeReq: lambda s, code: m.PreChargeRes(
            ResponseCode=code, DC_EVSEStatus=dc.status(m, s, ready=False), EVSEPresentVoltage=_volts(s)
        ),
        m.PowerDeliveryReq: lambda s, code: m.PowerDeliveryRes(
            ResponseCode=code, EVSEStatus=dc.status(m, s, ready=False)
        ),
        m.CurrentDemandReq: _refused_demand,
        m.WeldingDetectionReq: lambda s, code: m.WeldingDetectionRes(
            ResponseCode=code, DC_EVSEStatus=dc.status(m, s, ready=False), EVSEPresentVoltage=_volts(s)
        ),
        m.SessionStopReq: lambda _, code: m.SessionStopRes(ResponseCode=code),
    }
)
