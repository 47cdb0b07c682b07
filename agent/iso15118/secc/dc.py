"""What DIN 70121 and ISO 15118-2 have in common of DC charging; `m` is the module with the protocol's messages."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from agent.iso15118.secc.events import CableCheckWanted, Demanded, EnergyWanted, PreChargeWanted, WeldingCheckWanted
from agent.iso15118.secc.snapshot import Check, DcSide, EnergyMode, Isolation, Snapshot
from agent.iso15118.secc.state import Phase, Reply, State
from agent.iso15118.secc.timing import CABLE_CHECK_S
from agent.iso15118.secc.values import maybe, number, physical

PRE_CHARGE_MAX_A: Final = 2.0  # IEC 61851-23 CC.5: what may flow before the voltages agree


def status(m: Any, snapshot: Snapshot, *, ready: bool) -> Any:
    """DC_EVSEStatus: emergency before everything, then what the charger wants, then whether it can deliver."""
    side = snapshot.dc
    code = "EVSE_Ready" if ready else "EVSE_NotReady"
    if snapshot.fault:
        code = "EVSE_EmergencyShutdown"
    elif snapshot.notice == "StopCharging":
        code = "EVSE_Shutdown"
    elif side is not None and side.cable_check is Check.RUNNING:
        code = "EVSE_IsolationMonitoringActive"
    return m.DC_EVSEStatusType(
        NotificationMaxDelay=snapshot.notice_delay_s,
        EVSENotification=str(snapshot.notice),
        EVSEIsolationStatus=str(side.isolation if side is not None else Isolation.INVALID),
        EVSEStatusCode=code,
    )


def parameters(m: Any, snapshot: Snapshot, side: DcSide) -> Any:
    """DC_EVSEChargeParameter: what this output can do now."""
    return m.DC_EVSEChargeParameter(
        DC_EVSEStatus=status(m, snapshot, ready=False),
        EVSEMaximumCurrentLimit=physical(m.PhysicalValueType, side.max_current_a, "A"),
        EVSEMaximumPowerLimit=physical(m.PhysicalValueType, side.max_power_w, "W"),
        EVSEMaximumVoltageLimit=physical(m.PhysicalValueType, side.max_voltage_v, "V"),
        EVSEMinimumCurrentLimit=physical(m.PhysicalValueType, side.min_current_a, "A"),
        EVSEMinimumVoltageLimit=physical(m.PhysicalValueType, side.min_voltage_v, "V"),
        EVSEPeakCurrentRipple=physical(m.PhysicalValueType, side.ripple_a, "A"),
    )


def no_side(m: Any, snapshot: Snapshot) -> Any:
    """The same of a charger without one, for refusals that must carry it."""
    return parameters(m, snapshot, DcSide(0.0, 0.0, 0.0, 0.0, 0.0))


def cable_check(m: Any, state: State, snapshot: Snapshot, now_s: float) -> tuple[State, Reply]:
    """CableCheck: Ongoing until the insulation is known, at most as long as the standard allows."""
    side = snapshot.dc
    check = side.cable_check if side is not None else Check.FAILED
    since_s = now_s if state.since_s is None else state.since_s
    if not state.told:  # the result of an earlier check says nothing
        state, check = replace(state, told=True), Check.RUNNING
        events: tuple[CableCheckWanted, ...] = (CableCheckWanted(),)
    else:
        events = ()
    late = now_s - since_s >= CABLE_CHECK_S
    failed = bool(snapshot.fault) or check is Check.FAILED or late
    passed = check is Check.PASSED and not failed
    answer = m.CableCheckRes(
        ResponseCode="FAILED" if failed else "OK",
        DC_EVSEStatus=status(m, snapshot, ready=passed),
        EVSEProcessing="Finished" if passed or failed else "Ongoing",
    )
    state = replace(state, since_s=since_s)
    if passed:
        state = replace(state, phase=Phase.PRE_CHARGE, since_s=None, told=False)
    return state, Reply(answer, events)


def pre_charge(m: Any, state: State, snapshot: Snapshot, request: Any) -> tuple[State, Reply]:
    """PreCharge: the output follows; the car looks at the voltage and decides when it is near enough."""
    side = snapshot.dc
    voltage_v, current_a = number(request.EVTargetVoltage), number(request.EVTargetCurrent)
    too_high = side is None or voltage_v > side.max_voltage_v or voltage_v < 0
    failed = bool(snapshot.fault) or too_high
    answer = m.PreChargeRes(
        ResponseCode="FAILED" if failed else "OK",
        DC_EVSEStatus=status(m, snapshot, ready=not failed),
        EVSEPresentVoltage=physical(m.PhysicalValueType, side.voltage_v if side is not None else 0.0, "V"),
    )
    events = () if failed else (PreChargeWanted(voltage_v, min(current_a, PRE_CHARGE_MAX_A)),)
    return state, Reply(answer, events)


def energy_wanted(mode: EnergyMode, own: Any, departure_s: int | None = None) -> EnergyWanted:
    """The wishes in a DC_EVChargeParameter; only ISO 15118-2 has a departure."""
    return EnergyWanted(
        mode=mode,
        max_current_a=number(own.EVMaximumCurrentLimit),
        max_voltage_v=number(own.EVMaximumVoltageLimit),
        max_power_w=maybe(own.EVMaximumPowerLimit),
        energy_wh=maybe(own.EVEnergyRequest),
        capacity_wh=maybe(own.EVEnergyCapacity),
        departure_s=departure_s,
        soc_pct=own.DC_EVStatus.EVRESSSOC,
        full_soc_pct=own.FullSOC,
        bulk_soc_pct=own.BulkSOC,
    )


def demanded(request: Any) -> Demanded:
    """What a CurrentDemandReq wants."""
    return Demanded(
        voltage_v=number(request.EVTargetVoltage),
        current_a=number(request.EVTargetCurrent),
        soc_pct=request.DC_EVStatus.EVRESSSOC,
        complete=request.ChargingComplete,
        max_voltage_v=maybe(request.EVMaximumVoltageLimit),
        max_current_a=maybe(request.EVMaximumCurrentLimit),
        max_power_w=maybe(request.EVMaximumPowerLimit),
        full_in_s=maybe(request.RemainingTimeToFullSoC),
    )


def current_demand(m: Any, snapshot: Snapshot, request: Any, code: str) -> dict[str, Any]:
    """The fields that the protocols' CurrentDemandRes share."""
    side = snapshot.dc or DcSide(0.0, 0.0, 0.0, 0.0, 0.0)
    current_a, voltage_v = number(request.EVTargetCurrent), number(request.EVTargetVoltage)
    return {
        "ResponseCode": code,
        "DC_EVSEStatus": status(m, snapshot, ready=code == "OK"),
        "EVSEPresentVoltage": physical(m.PhysicalValueType, side.voltage_v, "V"),
        "EVSEPresentCurrent": physical(m.PhysicalValueType, side.current_a, "A"),
        "EVSECurrentLimitAchieved": current_a >= side.max_current_a,
        "EVSEVoltageLimitAchieved": voltage_v >= side.max_voltage_v,
        "EVSEPowerLimitAchieved": current_a * voltage_v >= side.max_power_w,
        "EVSEMaximumVoltageLimit": physical(m.PhysicalValueType, side.max_voltage_v, "V"),
        "EVSEMaximumCurrentLimit": physical(m.PhysicalValueType, side.max_current_a, "A"),
        "EVSEMaximumPowerLimit": physical(m.PhysicalValueType, side.max_power_w, "W"),
    }


def refused_demand(m: Any, snapshot: Snapshot, code: str) -> dict[str, Any]:
    """The same fields where the request itself is nothing to go by."""
    nothing = m.CurrentDemandReq(
        DC_EVStatus=m.DC_EVStatusType(EVReady=False, EVErrorCode="NO_ERROR", EVRESSSOC=0),
        EVTargetCurrent=physical(m.PhysicalValueType, 0.0, "A"),
        EVTargetVoltage=physical(m.PhysicalValueType, 0.0, "V"),
        ChargingComplete=False,
    )
    return current_demand(m, snapshot, nothing, code)


def welding_detection(m: Any, state: State, snapshot: Snapshot) -> tuple[State, Reply]:
    """WeldingDetection: what is left at the terminals with everything open; the car repeats it as it likes."""
    side = snapshot.dc
    answer = m.WeldingDetectionRes(
        ResponseCode="FAILED" if side is None else "OK",
        DC_EVSEStatus=status(m, snapshot, ready=False),
        EVSEPresentVoltage=physical(m.PhysicalValueType, side.voltage_v if side is not None else 0.0, "V"),
    )
    events = () if state.told else (WeldingCheckWanted(),)
    return replace(state, told=True), Reply(answer, events)
