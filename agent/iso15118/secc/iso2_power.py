"""ISO 15118-2 from the limits to SessionStop. Pure; clauses are the standard's."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from agent.iso15118.exi import iso2 as m
from agent.iso15118.secc import dc
from agent.iso15118.secc.events import (
    EnergyWanted,
    Outcome,
    PowerWanted,
    ReceiptGiven,
    RenegotiationBegan,
    SessionOver,
)
from agent.iso15118.secc.iso2_parts import (
    charge_parameter,
    charging_state,
    meter_info,
    offered,
    receipt_wanted,
    schedules,
    status,
)
from agent.iso15118.secc.iso2_refusals import refusal
from agent.iso15118.secc.iso2_told import another_mode
from agent.iso15118.secc.snapshot import EnergyMode, Notice, Period, Snapshot
from agent.iso15118.secc.state import Phase, Reply, State, Step
from agent.iso15118.secc.timing import CONTACTOR_S, ONGOING_S
from agent.iso15118.secc.values import number

PROFILE_SLACK: Final = 1.001  # a car rounds its watts


def parameters(state: State, request: m.ChargeParameterDiscoveryReq, snapshot: Snapshot, now_s: float) -> Step:
    """ChargeParameterDiscovery: Ongoing until the limits are known to a charger that has heard the wishes."""
    try:
        mode = EnergyMode(request.RequestedEnergyTransferMode)
    except ValueError:
        mode = None
    if mode is None or mode not in snapshot.modes or another_mode(state, mode):
        return state, Reply(refusal(request, snapshot, "FAILED_WrongEnergyTransferMode"), last=True)
    wanted = _energy_wanted(mode, request, state)
    if wanted is None:
        return state, Reply(refusal(request, snapshot, "FAILED_WrongChargeParameter"), last=True)
    events = () if state.told else (wanted,)
    since_s = now_s if state.since_s is None else state.since_s
    state = replace(state, mode=mode, since_s=since_s, told=True)
    if snapshot.fault or (snapshot.schedule is None and now_s - since_s >= ONGOING_S):
        return state, Reply(refusal(request, snapshot, "FAILED"), events, last=True)
    finished = snapshot.schedule is not None and not events  # what it says now has heard the car's wishes
    response = m.ChargeParameterDiscoveryRes(
        ResponseCode="OK",
        EVSEProcessing="Finished" if finished else "Ongoing",
        SASchedules=schedules(snapshot, request.MaxEntriesSAScheduleTuple) if finished else None,
        EVSEChargeParameter=charge_parameter(snapshot),
    )
    if finished:
        phase = Phase.CABLE_CHECK if mode.dc else Phase.DELIVERY
        state = replace(state, phase=phase, since_s=None, told=False, asked=False)
    return state, Reply(response, events)


def _energy_wanted(mode: EnergyMode, request: m.ChargeParameterDiscoveryReq, state: State) -> EnergyWanted | None:
    """The car's wishes; None when they belong to another mode, or make no sense."""
    match request.EVChargeParameter:
        case m.AC_EVChargeParameter() as ac if not mode.dc:
            wanted = EnergyWanted(
                mode=mode,
                max_current_a=number(ac.EVMaxCurrent),
                max_voltage_v=number(ac.EVMaxVoltage),
                min_current_a=number(ac.EVMinCurrent),
                energy_wh=number(ac.EAmount),
                departure_s=ac.DepartureTime,
            )
        case m.DC_EVChargeParameter() as own if mode.dc:
            wanted = dc.energy_wanted(mode, own, own.DepartureTime)
        case _:
            return None
    if wanted.max_current_a <= 0 or wanted.max_voltage_v <= 0:
        return None
    return replace(wanted, entries=request.MaxEntriesSAScheduleTuple, asked=state.asked)


def power_delivery(state: State, request: m.PowerDeliveryReq, snapshot: Snapshot, waited_s: float) -> Step:
    """PowerDelivery: start, stop, or talk about limits again."""
    match request.ChargeProgress:
        case "Start":
            return _power_on(state, request, snapshot, waited_s)
        case "Renegotiate" if state.phase is Phase.CHARGING:
            asked = snapshot.notice is Notice.RENEGOTIATE
            snapshot = replace(snapshot, notice=Notice.NONE) if asked else snapshot
            response = m.PowerDeliveryRes(ResponseCode="OK", EVSEStatus=status(snapshot))
            dc_car = state.mode is not None and state.mode.dc  # its output is checked and precharged anew
            events = (PowerWanted(False), RenegotiationBegan()) if dc_car else (RenegotiationBegan(),)
            return replace(state, phase=Phase.PARAMETERS, since_s=None, told=False, asked=asked), Reply(
                response, events
            )
        case "Stop":
            return _power_off(state, snapshot, waited_s)
        case _:
            return state, Reply(refusal(request, snapshot, "FAILED_SequenceError"), last=True)


def _power_on(state: State, request: m.PowerDeliveryReq, snapshot: Snapshot, waited_s: float) -> Step:
    if state.phase not in {Phase.DELIVERY, Phase.PRE_CHARGE}:
        return state, Reply(refusal(request, snapshot, "FAILED_SequenceError"), last=True)
    schedule = offered(snapshot, request.SAScheduleTupleID)
    if schedule is None:
        return state, Reply(refusal(request, snapshot, "FAILED_TariffSelectionInvalid"), last=True)
    profile = _profile(request)
    if not within(profile, schedule):
        return state, Reply(refusal(request, snapshot, "FAILED_ChargingProfileInvalid"), last=True)
    if snapshot.fault or (snapshot.notice is Notice.STOP and not state.told):
        return state, Reply(refusal(request, snapshot, "FAILED_PowerDeliveryNotApplied"), last=True)
    events = () if state.told else (PowerWanted(True, profile, request.SAScheduleTupleID),)
    side = snapshot.ac if snapshot.dc is None else snapshot.dc
    if side is None or not side.closed:
        if waited_s >= CONTACTOR_S:
            return state, Reply(refusal(request, snapshot, "FAILED_ContactorError"), (PowerWanted(False),), last=True)
        return replace(state, told=True), Reply(None, events, until_s=CONTACTOR_S)
    response = m.PowerDeliveryRes(ResponseCode="OK", EVSEStatus=status(snapshot))
    state = replace(state, phase=Phase.CHARGING, told=False, schedule=request.SAScheduleTupleID)
    return state, Reply(response, events)


def _power_off(state: State, snapshot: Snapshot, waited_s: float) -> Step:
    """Answered once the contactor is open, so that the car knows; one that sticks is somebody else's concern."""
    events = () if state.told else (PowerWanted(False),)
    side = snapshot.ac if snapshot.dc is None else None
    if side is not None and side.closed and waited_s < CONTACTOR_S:
        return replace(state, told=True), Reply(None, events, until_s=CONTACTOR_S)
    response = m.PowerDeliveryRes(ResponseCode="OK", EVSEStatus=status(snapshot))
    welding = state.mode is not None and state.mode.dc
    phase = Phase.WELDING if welding else Phase.ENDING
    return replace(state, phase=phase, told=False), Reply(response, events)


def _profile(request: m.PowerDeliveryReq) -> tuple[tuple[int, float], ...]:
    entries = request.ChargingProfile.ProfileEntry if request.ChargingProfile is not None else ()
    return tuple(sorted((one.ChargingProfileEntryStart, number(one.ChargingProfileEntryMaxPower)) for one in entries))


def within(profile: tuple[tuple[int, float], ...], schedule: tuple[Period, ...]) -> bool:
    """Whether the car keeps to the schedule at every moment ([V2G2-305]; OCPP 2.0.1 K15.FR.09)."""
    periods = tuple((one.start_s, one.power_w) for one in schedule)
    if any(power_w < 0 for _, power_w in profile):
        return False
    moments = {start_s for start_s, _ in (*profile, *periods)}
    pairs = ((_level(profile, moment_s), _level(periods, moment_s)) for moment_s in moments)
    return all(wanted is None or most is None or wanted <= most * PROFILE_SLACK for wanted, most in pairs)


def _level(steps: tuple[tuple[int, float], ...], moment_s: int) -> float | None:
    """What the last step up to this moment says; None: none has begun."""
    return next((value for start_s, value in reversed(steps) if start_s <= moment_s), None)


def charging_status(state: State, snapshot: Snapshot, now_s: float) -> Step:
    """ChargingStatus: what may be drawn now."""
    code = "OK" if not snapshot.fault else "FAILED"
    return state, Reply(charging_state(state, snapshot, code, receipt=receipt_wanted(state, snapshot, now_s)))


def current_demand(state: State, request: m.CurrentDemandReq, snapshot: Snapshot, now_s: float) -> Step:
    """CurrentDemand: what flows now; answered from the last measurement."""
    code = "FAILED" if snapshot.fault or snapshot.dc is None else "OK"
    response = m.CurrentDemandRes(
        **dc.current_demand(m, snapshot, request, code),
        EVSEID=snapshot.evse_id,
        SAScheduleTupleID=state.schedule or snapshot.schedule_id,
        MeterInfo=meter_info(snapshot),
        ReceiptRequired=receipt_wanted(state, snapshot, now_s),
    )
    return state, Reply(response, (dc.demanded(request),) if code == "OK" else ())


def receipt(state: State, request: m.MeteringReceiptReq, snapshot: Snapshot, now_s: float) -> Step:
    """MeteringReceipt of this session."""
    if request.SessionID != state.session_id:
        return state, Reply(refusal(request, snapshot, "FAILED_UnknownSession"), last=True)
    judge, contract = state.judge, state.chain[:1]
    if judge is None or not contract or not judge.signed("MeteringReceiptReq", request, state.signature, contract[0]):
        return state, Reply(refusal(request, snapshot, "FAILED_MeteringSignatureNotValid"), last=True)
    given = ReceiptGiven(request.MeterInfo.MeterID, request.MeterInfo.MeterReading)
    response = m.MeteringReceiptRes(ResponseCode="OK", EVSEStatus=status(snapshot))
    return replace(state, receipt_s=now_s), Reply(response, (given,))


def session_stop(state: State, request: m.SessionStopReq) -> Step:
    """SessionStop: for good, or for a pause."""
    paused = request.ChargingSession == "Pause"
    over = SessionOver(Outcome.PAUSED if paused else Outcome.TERMINATED)
    return (
        replace(state, phase=Phase.OVER),
        Reply(m.SessionStopRes(ResponseCode="OK"), (over,), last=True),
    )
