"""What answers of ISO 15118-2 are made of. Pure; clauses are the standard's."""

from __future__ import annotations

from typing import Any, Final

from agent.iso15118.exi import iso2 as m
from agent.iso15118.secc import dc
from agent.iso15118.secc.snapshot import AcSide, Choice, Payment, Period, Snapshot
from agent.iso15118.secc.state import State
from agent.iso15118.secc.timing import RECEIPT_S
from agent.iso15118.secc.values import physical

CHARGE_SERVICE: Final = 1  # table 105
CERTIFICATE_SERVICE: Final = 2
SCHEDULE_ENTRIES: Final = 12  # our policy, where the car does not say how many it can take


def services(snapshot: Snapshot, code: Any) -> m.ServiceDiscoveryRes:
    """What is offered: energy, and with contracts also their certificates."""
    charge = m.ChargeServiceType(
        ServiceID=CHARGE_SERVICE,
        ServiceName="AC_DC_Charging",
        ServiceCategory="EVCharging",
        FreeService=snapshot.free_of_charge,
        SupportedEnergyTransferMode=m.SupportedEnergyTransferModeType(
            EnergyTransferMode=tuple(one.value for one in snapshot.modes)
        ),
    )
    certificates = m.ServiceType(
        ServiceID=CERTIFICATE_SERVICE,
        ServiceName="Certificate",
        ServiceCategory="ContractCertificate",
        FreeService=True,
    )
    return m.ServiceDiscoveryRes(
        ResponseCode=code,
        PaymentOptionList=m.PaymentOptionListType(PaymentOption=tuple(one.value for one in snapshot.payments)),
        ChargeService=charge,
        ServiceList=m.ServiceListType(Service=(certificates,)) if installs_contracts(snapshot) else None,
    )


def installs_contracts(snapshot: Snapshot) -> bool:
    """Whether cars can have contracts fetched."""
    return snapshot.installs_contracts and Payment.CONTRACT in snapshot.payments


def schedules(snapshot: Snapshot, most: int | None) -> m.SAScheduleList:
    """What is offered, each schedule in at most as many entries as the car can take."""
    offered = (Choice(snapshot.schedule_id, snapshot.schedule or ()), *snapshot.choices)
    return m.SAScheduleList(SAScheduleTuple=tuple(_tuple(one, snapshot.schedule_s, most) for one in offered))


def _tuple(choice: Choice, reach_s: int, most: int | None) -> m.SAScheduleTupleType:
    periods = fitted(choice.schedule, most or SCHEDULE_ENTRIES)
    entries = tuple(
        m.PMaxScheduleEntryType(
            TimeInterval=m.RelativeTimeInterval(
                start=one.start_s, duration=reach_s - one.start_s if one is periods[-1] else None
            ),
            PMax=physical(m.PhysicalValueType, one.power_w, "W"),
        )
        for one in periods
    )
    return m.SAScheduleTupleType(
        SAScheduleTupleID=choice.id, PMaxSchedule=m.PMaxScheduleType(PMaxScheduleEntry=entries)
    )


def offered(snapshot: Snapshot, number: int) -> tuple[Period, ...] | None:
    """The schedule of this id; None where none with it is offered."""
    if number == snapshot.schedule_id:
        return snapshot.schedule or ()
    return next((one.schedule for one in snapshot.choices if one.id == number), None)


def fitted(periods: tuple[Period, ...], most: int) -> tuple[Period, ...]:
    """The same schedule in at most so many periods: what does not fit becomes one, of the least power among it."""
    if len(periods) <= most:
        return periods
    tail = periods[most - 1 :]
    return (*periods[: most - 1], Period(tail[0].start_s, min(one.power_w for one in tail)))


def charge_parameter(snapshot: Snapshot) -> Any:
    """What this outlet can do now."""
    if snapshot.dc is not None:
        return dc.parameters(m, snapshot, snapshot.dc)
    side = snapshot.ac or AcSide(0.0)
    return m.AC_EVSEChargeParameter(
        AC_EVSEStatus=ac_status(snapshot),
        EVSENominalVoltage=physical(m.PhysicalValueType, side.nominal_v, "V"),
        EVSEMaxCurrent=physical(m.PhysicalValueType, side.max_current_a, "A"),
    )


def ac_status(snapshot: Snapshot) -> m.AC_EVSEStatusType:
    """AC_EVSEStatus: what the charger wants, and whether its residual-current device has tripped."""
    return m.AC_EVSEStatusType(
        NotificationMaxDelay=snapshot.notice_delay_s,
        EVSENotification=snapshot.notice.value,
        RCD=snapshot.ac is not None and snapshot.ac.rcd_tripped,
    )


def status(snapshot: Snapshot) -> Any:
    """The status of whichever side this charger has."""
    return dc.status(m, snapshot, ready=True) if snapshot.dc is not None else ac_status(snapshot)


def meter_info(snapshot: Snapshot) -> m.MeterInfoType | None:
    """The register, where there is one."""
    meter = snapshot.meter
    if meter is None:
        return None
    return m.MeterInfoType(MeterID=meter.id[:32], MeterReading=int(meter.energy_wh), TMeter=int(meter.utc_s))


def charging_state(state: State, snapshot: Snapshot, code: Any, *, receipt: bool = False) -> m.ChargingStatusRes:
    """ChargingStatusRes."""
    side = snapshot.ac or AcSide(0.0)
    return m.ChargingStatusRes(
        ResponseCode=code,
        EVSEID=snapshot.evse_id,
        SAScheduleTupleID=state.schedule or snapshot.schedule_id,
        EVSEMaxCurrent=physical(m.PhysicalValueType, side.max_current_a, "A"),
        MeterInfo=meter_info(snapshot),
        ReceiptRequired=receipt,
        AC_EVSEStatus=ac_status(snapshot),
    )


def receipt_wanted(state: State, snapshot: Snapshot, now_s: float) -> bool:
    """Whether the car has to confirm the register: only one that pays by contract ([V2G2-691]), and not all the time.

    There are cars that look whether they are to stop only in an answer that wants no receipt.
    """
    due = state.receipt_s is None or now_s - state.receipt_s >= RECEIPT_S
    return due and snapshot.receipts and state.payment is Payment.CONTRACT and snapshot.meter is not None
