"""What becomes of a transaction that was open when the power, or the agent, went away."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from agent.core import meter_tx, signing
from agent.core.dc_line import Line
from agent.core.derating import Derating
from agent.core.effects import Timer
from agent.core.meter_tx import Stage
from agent.core.metering import DECIMALS
from agent.core.rules import Rules
from agent.core.selftest import SelfTest
from agent.core.session import Digital, Phase, Session, Stop, Transaction
from agent.core.turn import Turn
from agent.core.values import Scope, StopReason, Trigger
from agent.core.wakeup import WakeUp
from hal.types import CpState, MeterSample

METER_WAIT_S: Final = 10.0  # our policy: this long after a restart the meter may take to answer
MAX_STORED_AGE_S: Final = 60.0  # our policy: the stored register of an open transaction is never older
MAX_UNSURE: Final = 5  # our policy: so many facts of a transaction are told between two syncs, at most
METER_RETURN_S: Final = 600.0  # our policy: a transaction held by a silent meter ends after this long


def restored(saved: Session, rules: Rules, *, power_cut: bool = False) -> Session:
    """The session that goes on after a restart: nothing that only the hardware knows, nothing half-asked.

    A transaction that was open waits for the meter first. Its driver is forgotten unless the rules let it resume:
    no power without a fresh authorisation (or that resume). `power_cut`: what was told and not synced is lost.
    """
    tx = saved.tx
    opened = tx is not None
    if tx is not None and saved.meter is not None and saved.meter.serial == tx.meter_serial:
        tx = replace(tx, last_energy_wh=max(tx.last_energy_wh, register_wh(saved.meter)))
    if tx is not None:
        tx = replace(tx, meter_tx=meter_tx.restored(tx.meter_tx))
    return replace(
        saved,
        tx=tx,
        rules=rules,
        phase=Phase.RECOVERING if opened else Phase.IDLE,
        cp=CpState.A,
        away=False,
        switch=None,
        self_test=SelfTest(),
        wake=WakeUp(),
        toggles=(),
        toggled_mono_s=None,
        grid_w=None,
        inoperative=saved.inoperative - {Scope.RESET},
        contactor_closed=False,
        closed_since_mono_s=None,
        opened_mono_s=None,
        cable_a=None,
        limits=(),
        offer=None,
        meter=None,
        faults=frozenset(),
        derating=Derating(),
        driver=saved.driver if opened and rules.resume_after_power_loss and saved.stop is None else None,
        stop=saved.stop if opened else None,
        early=None,
        next_tx="" if saved.early is not None else saved.next_tx,  # the meter may know a transaction of that id
        ready_mono_s=None,
        digital=Digital(),
        line=Line(),
        asking=None,
        remote=None,
        recording=None,
        checkpointed_mono_s=0.0,
        firm_seq=tx.seq if tx is not None else 0,
        unsure=(MAX_UNSURE if power_cut else saved.unsure) if opened else 0,
    )


def kept(session: Session) -> Session:
    """What of a session the journal has to hold: a recovery makes of it what it would make of the whole."""
    return replace(restored(session, session.rules), rules=Rules())


def register_wh(sample: MeterSample) -> float:
    """The register as a reading states it."""
    return round(sample.energy_import_wh, DECIMALS)


def recover(turn: Turn) -> None:
    """The meter has spoken, or will not: end the transaction, or go on with it where the rules allow.

    What a meter had begun to sign does not go on: after a power cut it may have closed that itself, and what flowed
    then would be in no record. Its end is asked for first. Ends with the register as read now when it is the same meter
    and has not gone backwards, else with the last stored reading, marked as estimated.
    """
    s, tx = turn.s, turn.s.tx
    turn.cancel(Timer.CLOSING)
    if tx is None:
        turn.go(Phase.IDLE)
        return
    same = s.meter is None or s.meter.serial == tx.meter_serial
    goes_on = s.meter is not None and same and register_wh(s.meter) >= tx.last_energy_wh
    signs = tx.meter_tx is not None and tx.meter_tx.under_way
    if signs and same and not signing.end_is_there(turn):
        return
    tx = _with_filled_numbers(turn, tx)
    goes_on = goes_on and (tx.meter_tx is None or tx.meter_tx.stage is Stage.DUE)
    if goes_on and s.driver is not None and s.plugged:
        turn.set(tx=replace(tx, started_mono_s=turn.now.mono_s))
        turn.go(Phase.READY)
        turn.arm_sample()
        return
    if s.meter is not None and s.meter.serial != tx.meter_serial:
        turn.set(meter=None)  # another meter: its register says nothing about this transaction
    turn.end_transaction(s.stop or Stop(Trigger.ABNORMAL, StopReason.POWER_LOSS))
    turn.set(stop=None, driver=None)
    turn.go(Phase.FINISHED if s.plugged else Phase.IDLE)


def _with_filled_numbers(turn: Turn, tx: Transaction) -> Transaction:
    """Use up the numbers that the CSMS may have seen before a power cut took them (2.0.1 E01.FR.07: no gaps).

    An end under a number that it has seen would pass for a message told twice, and might be dropped.
    """
    for _ in range(turn.s.unsure):
        turn.update_transaction(Trigger.ABNORMAL)
    turn.set(unsure=0)
    return turn.s.tx or tx
