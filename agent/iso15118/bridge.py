"""Where a car's session meets the EVSE's: a snapshot made of the one, events for the other. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from agent.core.car_plan import Offered
from agent.core.contract import Contract
from agent.core.events import (
    AnyEvent,
    ContractPresented,
    DigitalBegan,
    DigitalNeeds,
    DigitalOffered,
    DigitalOver,
    DigitalPower,
)
from agent.core.faults import end_reason, holds_energy
from agent.core.schedule import DAY_S
from agent.core.session import Needs, Phase, Session
from agent.core.values import IdToken, Instant, TokenKind
from agent.iso15118.secc import events as v2g
from agent.iso15118.secc.snapshot import (
    AcSide,
    Choice,
    EnergyMode,
    Meter,
    Notice,
    Payment,
    Period,
    Permission,
    Snapshot,
)

STOPPING: Final = frozenset({Phase.EASING, Phase.STOPPING, Phase.FINISHED})


class Outlet(Struct, frozen=True):
    """What an AC EVSE is to a car that talks. `evse_id`: as ISO 15118-2 annex H has it."""

    evse_id: str
    phases: int = 3
    nominal_v: float = 230.0

    @property
    def modes(self) -> tuple[EnergyMode, ...]:
        """The energy transfer modes that it offers."""
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
    return Snapshot(
        evse_id=outlet.evse_id,
        utc_s=now.utc_s,
        modes=outlet.modes,
        payments=payments,
        free_of_charge=session.rules.free_vend,
        permission=_permission(session, granted=granted),
        notice=_notice(session, stopping=granted and not limit.offers, stale=stale),
        fault="" if ends is None and not holds_energy(session.faults) else ", ".join(sorted(session.faults)),
        ac=AcSide(
            max_current_a=limit.current_a,
            nominal_v=outlet.nominal_v,
            phases=outlet.phases,
            closed=session.contactor_closed,
            rcd_tripped=any("rcd" in one.value.casefold() for one in session.faults),
        ),
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
