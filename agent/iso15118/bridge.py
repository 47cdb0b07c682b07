"""Where a car's session meets the EVSE's: a snapshot made of the one, events for the other. Pure."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from agent.core.car_plan import Offered
from agent.core.contract import Contract
from agent.core.dc_line import Check as Stage
from agent.core.events import (
    AnyEvent,
    CableCheckAsked,
    ContractPresented,
    DcWanted,
    DigitalBegan,
    DigitalNeeds,
    DigitalOffered,
    DigitalOver,
    DigitalPower,
)
from agent.core.faults import end_reason, holds_energy
from agent.core.limits import Limit
from agent.core.schedule import DAY_S
from agent.core.session import Needs, Phase, Session
from agent.core.values import IdToken, Instant, TokenKind
from agent.iso15118.secc import events as v2g
from agent.iso15118.secc.snapshot import (
    AcSide,
    Check,
    Choice,
    DcSide,
    EnergyMode,
    Isolation,
    Meter,
    Notice,
    Payment,
    Period,
    Permission,
    Snapshot,
)
from hal.types import DcMode, DcRatings, FaultKind

CHECKS: Final = MappingProxyType(
    {
        Stage.IDLE: Check.IDLE,
        Stage.WAITING: Check.RUNNING,
        Stage.MEASURING: Check.RUNNING,
        Stage.DISCHARGING: Check.RUNNING,
        Stage.PASSED: Check.PASSED,
        Stage.FAILED: Check.FAILED,
    }
)
STOPPING: Final = frozenset({Phase.EASING, Phase.STOPPING, Phase.FINISHED})


class Outlet(Struct, frozen=True):
    """What an EVSE is to a car that talks. `evse_id`: as ISO 15118-2 annex H has it; `dc`: its supply, or None."""

    evse_id: str
    phases: int = 3
    nominal_v: float = 230.0
    dc: DcRatings | None = None

    @property
    def modes(self) -> tuple[EnergyMode, ...]:
        """The energy transfer modes that it offers."""
        if self.dc is not None:
            return (EnergyMode.DC_EXTENDED, EnergyMode.DC_CORE)
        return (EnergyMode.AC_1P,) if self.phases == 1 else (EnergyMode.AC_3P, EnergyMode.AC_1P)


def snapshot(
    session: Session,
    outlet: Outlet,
    now: Instant,
    payments: tuple[Payment, ...],
    offered: tuple[Offered, ...] = (),
    *,
    stale: bool = False,
) -> Snapshot:
    """The charger as a car may know it at this moment. `offered`: its schedules; `stale`: they hold no longer."""
    limit = session.limit(now.mono_s)
    ends = end_reason(session.faults)
    meter = session.meter
    granted = session.driver is not None and session.stop is None
    ac = AcSide(
        max_current_a=limit.current_a,
        nominal_v=outlet.nominal_v,
        phases=outlet.phases,
        closed=session.contactor_closed,
        rcd_tripped=any("rcd" in one.value.casefold() for one in session.faults),
    )
    withheld = not limit.offers and outlet.dc is None  # a DC car waits at 0 A, its contactor closed
    return Snapshot(
        evse_id=outlet.evse_id,
        utc_s=now.utc_s,
        modes=outlet.modes,
        payments=payments,
        free_of_charge=session.rules.free_vend,
        permission=_permission(session, granted=granted),
        notice=_notice(session, stopping=granted and withheld, stale=stale),
        fault="" if ends is None and not holds_energy(session.faults) else ", ".join(sorted(session.faults)),
        ac=ac if outlet.dc is None else None,
        dc=None if outlet.dc is None else _dc_side(session, outlet.dc, limit),
        meter=Meter(meter.serial or outlet.evse_id, meter.energy_import_wh, now.utc_s) if meter is not None else None,
        resumable=session.digital.paused,
        schedule=_schedule(offered[0]) if offered and granted else None,
        schedule_s=int(offered[0].reach_s) if offered else DAY_S,
        schedule_id=offered[0].id if offered else 1,
        choices=tuple(Choice(one.id, _schedule(one)) for one in offered[1:]),
    )


def _schedule(offered: Offered) -> tuple[Period, ...]:
    return tuple(Period(int(one.start_s), one.limit) for one in offered.periods)


def _notice(session: Session, *, stopping: bool, stale: bool) -> Notice:
    if session.phase in STOPPING or stopping:
        return Notice.STOP
    return Notice.RENEGOTIATE if stale else Notice.NONE  # OCPP 2.0.1 K16.FR.02


def _dc_side(session: Session, ratings: DcRatings, limit: Limit) -> DcSide:
    line = session.line
    return DcSide(
        max_voltage_v=ratings.max_voltage_v,
        min_voltage_v=ratings.min_voltage_v,
        max_current_a=limit.current_a,
        min_current_a=ratings.min_current_a,
        max_power_w=ratings.max_power_w if limit.power_w is None else limit.power_w,
        voltage_v=line.voltage_v,
        current_a=line.current_a,
        isolation=_isolation(session),
        cable_check=CHECKS[line.check],
        closed=session.contactor_closed,
    )


def _isolation(session: Session) -> Isolation:
    if FaultKind.INSULATION in session.faults:
        return Isolation.FAULT
    return Isolation.VALID if session.line.check in {Stage.DISCHARGING, Stage.PASSED} else Isolation.INVALID


def _permission(session: Session, *, granted: bool) -> Permission:
    if granted:
        return Permission.GRANTED
    if session.digital.refused:
        return Permission.DENIED
    return Permission.PENDING if session.asking is not None else Permission.WAITING


def core_event(
    event: v2g.AnyEvent, now: Instant, described: Callable[[tuple[bytes, ...]], Contract]
) -> AnyEvent | None:
    """What a car's message means to the EVSE's session; None: nothing. `described`: a contract for the CSMS."""
    match event:
        case v2g.Negotiated(offered, agreed):
            return DigitalOffered(tuple(dict(offered).items()), agreed or "")
        case v2g.SessionBegan(evcc_id=evcc_id):
            return DigitalBegan(evcc_id.hex())
        case v2g.ContractProved(emaid=emaid, chain=chain):
            return ContractPresented(IdToken(emaid, TokenKind.E_MAID), described(chain))
        case v2g.EnergyWanted() as wanted:
            return DigitalNeeds(_needs(wanted, now.utc_s))
        case v2g.CableCheckWanted():
            return CableCheckAsked()
        case v2g.PreChargeWanted(voltage_v, current_a):
            return DcWanted(DcMode.PRECHARGE, voltage_v, current_a)
        case v2g.Demanded(voltage_v=voltage_v, current_a=current_a, soc_pct=soc_pct):
            return DcWanted(DcMode.CHARGE, voltage_v, current_a, soc_pct)
        case v2g.PowerWanted(on=on):
            return DigitalPower(on)
        case v2g.SessionOver(outcome=outcome):
            return DigitalOver(failed=outcome is v2g.Outcome.FAILED, paused=outcome is v2g.Outcome.PAUSED)
        case _:
            return None


def _needs(wanted: v2g.EnergyWanted, now_utc_s: float) -> Needs:
    departure = wanted.departure_s
    return Needs(
        mode=wanted.mode.value,
        max_current_a=wanted.max_current_a,
        max_voltage_v=wanted.max_voltage_v,
        min_current_a=wanted.min_current_a,
        max_power_w=wanted.max_power_w,
        energy_wh=wanted.energy_wh,
        capacity_wh=wanted.capacity_wh,
        departure_utc_s=None if departure is None else now_utc_s + departure,
        soc_pct=wanted.soc_pct,
        full_soc_pct=wanted.full_soc_pct,
        bulk_soc_pct=wanted.bulk_soc_pct,
        entries=wanted.entries,
    )
