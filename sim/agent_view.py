"""What the agent makes of itself, for `GET /state` and `GET /events`: the only reader of its insides here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from agent.core.effects import AnyEffect, Emit, Record
from agent.core.events import AnyEvent
from agent.core.session import Session
from agent.core.values import Instant
from agent.ocpp.stamps import to_wire
from sim.state import AgentView, EvseView, Limit, Link, Meter, Transaction
from sim.station import Agent

__all__ = ["step_told", "to_wire", "view"]

Told = tuple[str, Mapping[str, Any]]


def view(agent: Agent, starts: int) -> AgentView:
    """The agent at this moment."""
    link, now = agent.station.link(), agent.clock.now()
    evses = agent.charge_point.evse_ids
    return AgentView(
        starts=starts,
        link=Link(
            url=link.url,
            identity=link.identity,
            version=link.version,
            connected=link.connected,
            accepted=link.accepted,
            online_wanted=link.online_wanted,
        ),
        queued=len(agent.station.queued()),
        evses=tuple(_evse(agent.charge_point.session(evse), now) for evse in evses),
    )


def step_told(
    before: Session, event: AnyEvent | None, session: Session, effects: tuple[AnyEffect, ...]
) -> Iterator[Told]:
    """What a step is worth telling: each fact, and the step itself unless nothing came of it."""
    for effect in effects:
        match effect:
            case Emit(fact):
                yield "fact", {"evse": session.evse, "fact": _named(fact)}
            case Record(facts=facts):
                yield from (("fact", {"evse": session.evse, "fact": _named(fact)}) for fact in facts)
    told = [_named(effect) for effect in effects if not isinstance(effect, Emit)]
    if told or session.phase is not before.phase or session.status is not before.status:
        yield (
            "step",
            {
                "evse": session.evse,
                "event": None if event is None else _named(event),
                "phase": session.phase,
                "status": session.status,
                "effects": told,
            },
        )


def _named(one: msgspec.Struct) -> dict[str, Any]:
    """A value as JSON has it, with its name under "type"."""
    plain = msgspec.to_builtins(one)
    return {"type": type(one).__name__, **plain}


def _evse(session: Session, now: Instant) -> EvseView:
    limit = session.limit(now.mono_s)
    return EvseView(
        evse=session.evse,
        phase=str(session.phase),
        status=str(session.status),
        operative=session.operative,
        faults=tuple(sorted(session.faults)),
        plugged=session.plugged,
        contactor_closed=session.contactor_closed,
        locked=session.locked if session.has_lock else None,
        id_token=session.token.value if session.token is not None else None,
        offer_a=session.offer.current_a if session.offer is not None else None,
        limit=Limit(limit.current_a, str(limit.source)),
        transaction=_transaction(session),
        meter=_meter(session),
    )


def _transaction(session: Session) -> Transaction | None:
    tx = session.tx
    if tx is None:
        return None
    register_wh = tx.last_energy_wh if session.meter is None else session.meter.energy_import_wh
    return Transaction(
        id=tx.id,
        started_at=to_wire(tx.started_utc_s),
        charging_state=str(tx.charging),
        start_energy_wh=tx.start_energy_wh,
        energy_wh=max(0.0, register_wh - tx.start_energy_wh),
    )


def _meter(session: Session) -> Meter | None:
    sample = session.meter
    if sample is None:
        return None
    return Meter(
        energy_wh=sample.energy_import_wh,
        power_w=sample.power_w,
        current_a=sample.current_a,
        voltage_v=sample.voltage_v,
        quality=str(sample.quality),
    )
