"""ISO 15118-2: what a car is told of the charger at this point of its session. Pure; clauses are the standard's.

A wish to renegotiate is for a car that charges; a session that goes on after a pause has what it had before.
"""

from __future__ import annotations

from msgspec.structs import replace

from agent.iso15118.secc.iso2_parts import offered
from agent.iso15118.secc.snapshot import EnergyMode, Notice, Snapshot
from agent.iso15118.secc.state import Phase, State


def told(state: State, snapshot: Snapshot) -> Snapshot:
    """The charger, as this car is to know it now."""
    if snapshot.notice is Notice.RENEGOTIATE and state.phase is not Phase.CHARGING:
        snapshot = replace(snapshot, notice=Notice.NONE)  # [V2G2-680], [V2G2-841]
    return snapshot if state.paused is None else _as_before(state, snapshot)


def _as_before(state: State, snapshot: Snapshot) -> Snapshot:
    """The payment and the schedule that were chosen before the pause are offered again, and no others ([V2G2-741]).

    A schedule that nobody makes any more cannot be offered; those that are made instead are.
    """
    before = state.paused
    if before is None:
        return snapshot
    if before.payment is not None:
        snapshot = replace(snapshot, payments=(before.payment,))
    if before.schedule is None or state.schedule is not None or snapshot.schedule is None:
        return snapshot  # also: it has taken it up again, and may renegotiate as anybody else
    kept = offered(snapshot, before.schedule)
    return snapshot if kept is None else replace(snapshot, schedule=kept, schedule_id=before.schedule, choices=())


def another_mode(state: State, mode: EnergyMode) -> bool:
    """Whether a session that goes on after a pause would have its energy in another way than before ([V2G2-740])."""
    return state.paused is not None and state.paused.mode not in {None, mode}


def another_driver(state: State, emaid: str) -> bool:
    """Whether a session that goes on after a pause would be paid by another contract than before ([V2G2-740])."""
    return state.paused is not None and state.paused.emaid not in {"", emaid}
