"""What the agent shows of itself on its control socket and in `evse ...`: JSON-like values, in plain words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agent.core import signage
from agent.core.facts import TransactionEnded, TransactionFact, TransactionUpdated
from agent.core.schedule import Profile
from agent.core.session import Session
from agent.core.values import IdToken, Instant, TokenKind
from agent.ocpp.device_model import Variable
from agent.ocpp.masking import HIDDEN, masked_token
from agent.ocpp.outbox import StoredFact
from agent.runtime.journal import DeadLetter, JournalReader, LedgerRow

View = dict[str, object]
T = TypeVar("T")


def evse(session: Session, now: Instant) -> View:
    """One EVSE at this moment. Currents in ampere per phase, energies in Wh; the token masked."""
    limit, meter, offer = session.limit(now.mono_s), session.meter, session.offer
    return {
        "evse": session.evse,
        "status": session.status,
        "phase": session.phase,
        "says": signage.sign(session, now.mono_s).lines("en"),
        "operative": session.operative,
        "plugged": session.plugged,
        "cp": session.cp,
        "contactor_closed": session.contactor_closed,
        "locked": session.locked if session.has_lock else None,
        "token": _token(session.token),
        "limit": {"current_a": limit.current_a, "source": limit.source, "explained": limit.explain()},
        "offered_a": None if offer is None else offer.current_a,
        "power_w": None if meter is None else meter.power_w,
        "current_a": None if meter is None else meter.current_a,
        "voltage_v": None if meter is None else meter.voltage_v,
        "register_wh": None if meter is None else meter.energy_import_wh,
        "session": _transaction(session, now),
        "faults": sorted(session.faults),
    }


def _transaction(session: Session, now: Instant) -> View | None:
    tx = session.tx
    if tx is None:
        return None
    register_wh = tx.last_energy_wh if session.meter is None else session.meter.energy_import_wh
    return {
        "tx": tx.id,
        "charging": tx.charging,
        "started_utc_s": tx.started_utc_s,
        "lasted_s": max(0.0, now.utc_s - tx.started_utc_s),
        "energy_wh": max(0.0, register_wh - tx.start_energy_wh),
    }


def profile(one: Profile) -> View:
    """A charging profile, or what another system imposes: who limits whom, to what, and from when."""
    schedule = one.schedule
    return {
        "id": one.id,
        "owner": one.owner,
        "evse": one.evse,
        "purpose": one.purpose,
        "kind": one.kind,
        "stack_level": one.stack_level,
        "unit": schedule.unit,
        "start_utc_s": schedule.start_utc_s,
        "duration_s": schedule.duration_s,
        "periods": [{"start_s": period.start_s, "limit": period.limit} for period in schedule.periods],
    }


def fact(stored: StoredFact) -> View:
    """A fact that still has to be told to the CSMS."""
    told = stored.fact
    view: View = {
        "id": stored.id,
        "evse": stored.evse,
        "what": type(told).__name__,
        "at_utc_s": told.at_utc_s,
        "offline": stored.offline,
        "attempts": stored.attempts,
    }
    if isinstance(told, TransactionFact):
        view |= {"tx": told.tx, "seq": told.seq}
    if isinstance(told, TransactionEnded):
        view["reason"] = told.reason
    elif isinstance(told, TransactionUpdated):
        view["reason"] = told.trigger
    return view


def variable(one: Variable) -> View:
    """A variable of the device model that is no setting: "EVSE(1).Power", with a value for each of its attributes."""
    name = one.name
    place = "" if name.evse is None else f"({name.evse}" + (f",{name.connector})" if name.connector else ")")
    instance = f"[{name.instance}]" if name.instance else ""
    return {
        "name": f"{name.component}{place}.{name.variable}{instance}",
        "key16": None,
        "value": one.value,
        "attributes": {each.kind: each.value for each in one.attributes},
        "unit": one.unit,
        "mutable": one.mutable,
    }


def dead_letter(letter: DeadLetter) -> View:
    """A fact that was given up, and why."""
    return fact(letter.stored) | {"why": letter.why}


def ledger_row(row: LedgerRow) -> View:
    """One transaction of the ledger, the token masked."""
    end_wh = row.end_energy_wh
    return {
        "tx": row.tx,
        "evse": row.evse,
        "token": None if row.token is None else masked_token(row.token),
        "started_utc_s": row.started_utc_s,
        "ended_utc_s": row.ended_utc_s,
        "start_energy_wh": row.start_energy_wh,
        "end_energy_wh": end_wh,
        "energy_wh": None if end_wh is None else max(0.0, end_wh - row.start_energy_wh),
        "reason": row.reason,
    }


def read_journal(path: Path, read: Callable[[JournalReader], T]) -> T:
    """Read from a journal that an agent may be writing to. Raises `JournalError`."""
    journal = JournalReader.open(path)
    try:
        return read(journal)
    finally:
        journal.close_reader()


def _token(token: IdToken | None) -> str | None:
    """Who charges, as far as anybody may see: of a key code nothing (C04.FR.04)."""
    if token is None:
        return None
    return HIDDEN if token.kind is TokenKind.KEY_CODE else masked_token(token.value)
