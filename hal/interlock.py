"""The safety rules between any request and any board, as a pure function: `step(state, given, now_s)`.

`permit` means *may close*. A granted permission is a lease; while it lives, the interlock itself tells the raw board
to close when every condition of `hal.rules.CONDITIONS` holds and to open when one does not, in the same step. So
"the raw board is permitted" implies "every condition holds" after every step.
"""

from __future__ import annotations

from msgspec.structs import replace

from hal import dc
from hal.board import LEASE_S
from hal.commands import (
    Command,
    DcCommand,
    InsulationSelfTest,
    Permit,
    PilotE,
    PilotF,
    PilotPwm,
    PilotX1,
    RcdReset,
    RcdSelfTest,
    SetDcMode,
    SetLock,
    SetPhases,
)
from hal.iec61851 import PWM_OFF_OPEN_S, RECLOSE_S
from hal.mains import Mains
from hal.observe import check_cable, check_insulation, check_mirror, observed
from hal.rules import CP_MISSED_REPEATS, EVERYDAY, State, broken, fault_rule, overdue, refusal, supervised
from hal.turn import Action, Asked, Done, Given, Observed, Pass, Refuse, Tick, Turn
from hal.types import DcMode, FaultKind, Rule


def step(state: State, given: Given, now_s: float) -> tuple[State, tuple[Action, ...]]:
    """Advance the interlock of one EVSE. Withdrawing the permission always comes first among the actions."""
    turn = Turn(state, now_s)
    # By time alone: a renewal that comes late does not save a lease that has ended.
    _open_if_broken(turn, overdue(state, now_s) if state.permitted else broken(state, now_s))
    match given:
        case Asked(command):
            _asked(turn, command)
        case Observed(event, at_s):
            observed(turn, event, at_s)
        case Done(command, ok):
            _done(turn, command, ok=ok)
        case Tick():
            pass
    check_mirror(turn)
    check_cable(turn)
    check_insulation(turn)
    if not _open_if_broken(turn, broken(turn.state, now_s)):
        _close(turn, given)
    return turn.state, tuple(turn.actions)


def deadline_s(state: State, now_s: float) -> float | None:
    """When the interlock wants its next `Tick`, if nothing happens before."""
    candidates = [state.lease_until_s, state.mirror_due_s, state.cable_due_s]
    if state.lease_until_s is not None:
        candidates.append(state.reclose_s)
    if state.permitted and isinstance(state.pilot, PilotX1):
        candidates.append(state.pilot_s + PWM_OFF_OPEN_S)
    if state.permitted and state.capabilities.cp_repeat_s is not None:
        candidates.append(state.cp_s + CP_MISSED_REPEATS * state.capabilities.cp_repeat_s)
    if state.dc is not None:
        candidates += state.dc.due_s()
    return min((due_s for due_s in candidates if due_s is not None and due_s > now_s), default=None)


def _asked(turn: Turn, command: Command) -> None:
    refused = refusal(turn.state, command, turn.now_s)
    if refused is not None:
        turn.do(Refuse(*refused))
        if isinstance(command, Permit):
            turn.set(lease_until_s=None)
            turn.tell(*refused)
        return
    match command:
        case Permit(on=True):
            if turn.state.lease_until_s is None:
                turn.set(told=None)
            turn.set(lease_until_s=turn.now_s + LEASE_S)
            return  # whether it goes to the board is decided by the conditions
        case Permit():
            turn.set(lease_until_s=None, permitted=False)
            _supply_off(turn)
        case PilotPwm() | PilotX1() | PilotE() | PilotF():
            _pilot(turn, command)
        case SetLock(locked=False):
            turn.set(lock=None)  # it is on its way; only its feedback contact says where it is
        case RcdSelfTest() | SetPhases():
            turn.set(busy=command)
        case DcCommand() if turn.state.dc is not None:
            turn.set(dc=dc.asked(turn.state.dc, command, turn.now_s))
    turn.do(Pass(command))


def _supply_off(turn: Turn) -> None:
    """Before the contactor opens, in the same step: a contactor is not made to break a direct current."""
    supply = turn.state.dc
    if supply is not None and supply.mode is not DcMode.OFF:
        turn.set(dc=replace(supply, mode=DcMode.OFF))
        turn.actions.insert(0, Pass(SetDcMode(DcMode.OFF)))


def _pilot(turn: Turn, command: PilotPwm | PilotX1 | PilotE | PilotF) -> None:
    if command == turn.state.pilot:
        return
    turn.set(pilot=command, pilot_s=turn.now_s)
    if isinstance(command, PilotPwm):
        turn.set(pwm_changed_s=turn.now_s, supervision=supervised(turn.state, turn.now_s))


def _done(turn: Turn, command: Command, *, ok: bool) -> None:
    if command == turn.state.busy:
        turn.set(busy=None)
    if isinstance(command, SetPhases):
        turn.set(mains=Mains())  # what is behind the switch is not what was there before
    if command == turn.state.pilot and not ok:
        turn.set(pilot=None)  # nobody knows what the pilot says now
    if isinstance(command, DcCommand) and turn.state.dc is not None:
        faulty = isinstance(command, InsulationSelfTest) and FaultKind.INSULATION_MONITOR in turn.state.active
        turn.set(dc=dc.done(turn.state.dc, command, ok=ok, faulty=faulty))
    if isinstance(command, RcdReset) and ok:
        turn.release_latched()


def _open_if_broken(turn: Turn, why: tuple[Rule, str] | None) -> bool:
    """Whether a condition does not hold, and `why`; the board is then told to open, unless it has been."""
    if why is None:
        return False
    rule, detail = why
    if rule is Rule.FAULTED:
        detail = ", ".join(sorted(turn.state.blocking))
    if turn.state.permitted:
        turn.set(permitted=False, told=None)
        turn.actions.insert(0, Pass(Permit(False, f"{rule}: {detail}")))
        _supply_off(turn)
        turn.wait_at_least(RECLOSE_S)
        check_mirror(turn)
        turn.tell(rule, detail)
    elif turn.state.lease_until_s is not None and rule not in EVERYDAY:
        turn.tell(rule, detail)
    if rule is Rule.LEASE_ENDED or fault_rule(turn.state) is not None:
        turn.set(lease_until_s=None)
    return True


def _close(turn: Turn, given: Given) -> None:
    """Every condition holds: tell the board that it may close, or again that it may."""
    renewal = isinstance(given, Asked) and isinstance(given.command, Permit)
    if not turn.state.permitted:
        turn.set(permitted=True, told=None)
        check_mirror(turn)
    elif not renewal:
        return
    turn.do(Pass(Permit(True, "every condition holds")))
