"""One step in the making: the session as it becomes, and the effects so far. Lives for a single call of `step`."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from agent.core import metering
from agent.core.dc_line import SetPoint
from agent.core.effects import (
    AnyEffect,
    ArmTimer,
    CancelTimer,
    DrawId,
    Emit,
    PermitPower,
    SupplyDc,
    Timer,
)
from agent.core.facts import TransactionEnded, TransactionStarted, TransactionUpdated
from agent.core.meter_tx import MeterTx, sparing, with_signature
from agent.core.session import Driver, Phase, Session, Stop, Transaction
from agent.core.values import ChargingState, IdToken, Instant, Measurand, Reading, ReadingContext, Trigger
from hal.types import DcMode, SignedReading, Signs


class Turn:
    """Collects what one event changes and causes."""

    def __init__(self, session: Session, now: Instant) -> None:
        self.s = session
        self.now = now
        self.effects: list[AnyEffect] = []
        self.trigger: Trigger | None = None  # what the next fact of the transaction has to name
        self.stopped_by: IdToken | None = None  # the token that it has to name with that (E07.FR.02)
        self.checkpoint = False  # whether the session is to be stored; `durability` says how firmly

    def set(self, **changes: Any) -> None:
        """Change fields of the session."""
        self.s = replace(self.s, **changes)

    def do(self, *effects: AnyEffect) -> None:
        """Add effects in order."""
        self.effects.extend(effects)

    def go(self, phase: Phase) -> None:
        """Enter a phase."""
        self.set(phase=phase)
        self.checkpoint = True

    def arm(self, timer: Timer, after_s: float) -> None:
        """Arm a timer relative to now."""
        self.do(ArmTimer(timer, self.now.mono_s + after_s))

    def cancel(self, timer: Timer) -> None:
        """Forget a timer."""
        self.do(CancelTimer(timer))

    def power_off(self, reason: str) -> None:
        """Withdraw permission, before anything else that this step does; no contactor breaks a direct current."""
        self.effects.insert(0, PermitPower(False, reason))
        if self.s.line.told.mode is not DcMode.OFF:
            self.effects.insert(0, SupplyDc(DcMode.OFF))
            self.set(line=replace(self.s.line, told=SetPoint()))

    # The transaction's facts

    def reading(self, measurands: tuple[Measurand, ...], context: ReadingContext) -> Reading | None:
        """A reading from the latest sample, if there ever was one."""
        if self.s.meter is None:
            return None
        return metering.take(self.s.meter, measurands, context, self.now, metering.beside(self.s))

    def start_transaction(self, trigger: Trigger, charging: ChargingState) -> None:
        """Open a transaction; its id was drawn before, so there is one."""
        s, rules = self.s, self.s.rules
        reading = self.reading(rules.started_measurands, ReadingContext.BEGIN)
        if reading is None or reading.estimated or not s.next_tx:
            return  # what the meter says now is not known; the next sample brings us here again
        first = self.reading(rules.ended_measurands, ReadingContext.BEGIN)
        mine = MeterTx() if rules.signing.wanted and s.signs is not Signs.NOTHING else None
        proof = None
        if s.early is not None:
            proof, mine = s.early.begin, replace(s.early, begin=None)
            reading = with_signature(reading, proof)
            first = first and with_signature(first, proof)
        driver = s.driver
        self.do(
            Emit(
                TransactionStarted(
                    tx=s.next_tx,
                    evse=s.evse,
                    connector=s.connector,
                    seq=0,
                    at_utc_s=self.now.utc_s,
                    trigger=trigger,
                    charging=charging,
                    reading=reading,
                    token=driver.token if driver else None,
                    group=driver.group if driver else None,
                    remote_start_id=driver.remote_start_id if driver else None,
                    reservation_id=driver.reservation_id if driver else None,
                    cable_max_a=s.cable_a,
                )
            ),
            DrawId(),
        )
        tx = Transaction(
            id=s.next_tx,
            seq=1,
            started_utc_s=self.now.utc_s,
            started_mono_s=self.now.mono_s,
            start_energy_wh=reading.energy_wh,
            charging=charging,
            energized=s.contactor_closed,
            last_energy_wh=reading.energy_wh,
            readings=() if first is None else (first,),
            meter_serial=s.meter.serial if s.meter else None,
            meter_tx=mine,
        )
        self.set(tx=tx, next_tx="", early=None)
        self.trigger = None
        if mine is None or s.early is not None or not rules.begin_is_signed:
            self.tell_beginning(proof)
        self.arm_sample()
        self.checkpoint = True

    def tell_beginning(self, proof: SignedReading | None = None) -> None:
        """Tell the first reading once more, by itself, where that is wanted: 1.6's message of a start has no room."""
        rules = self.s.rules
        reading = self.reading(rules.begin_measurands, ReadingContext.BEGIN)
        if reading is not None and rules.begin_measurands:
            signed = with_signature(reading, proof if rules.begin_is_signed else None)
            self.update_transaction(Trigger.METER_PERIODIC, reading=signed)

    def update_transaction(
        self, trigger: Trigger, *, reading: Reading | None = None, driver: Driver | None = None
    ) -> None:
        """Report something within the open transaction."""
        tx = self.s.tx
        if tx is None:
            return
        self.do(
            Emit(
                TransactionUpdated(
                    tx=tx.id,
                    evse=self.s.evse,
                    connector=self.s.connector,
                    seq=tx.seq,
                    at_utc_s=self.now.utc_s,
                    trigger=trigger,
                    charging=tx.charging,
                    reading=reading,
                    token=driver.token if driver else self.stopped_by,
                    remote_start_id=driver.remote_start_id if driver else None,
                    reservation_id=driver.reservation_id if driver else None,
                )
            )
        )
        self.set(tx=replace(tx, seq=tx.seq + 1))
        self.stopped_by = None
        self.checkpoint = True

    def end_transaction(self, stop: Stop) -> None:
        """Close the open transaction with the latest reading."""
        tx = self.s.tx
        if tx is None:
            return
        reading = self.reading(self.s.rules.ended_measurands, ReadingContext.END)
        if reading is None or reading.energy_wh < tx.last_energy_wh:
            reading = Reading(self.now.utc_s, ReadingContext.END, tx.last_energy_wh, estimated=True)
        at_utc_s, mine = self.now.utc_s, tx.meter_tx
        if mine is not None:
            at_utc_s = at_utc_s if mine.ended_utc_s is None else mine.ended_utc_s
            reading = with_signature(replace(reading, at_utc_s=min(reading.at_utc_s, at_utc_s)), mine.end)
        left = stop.trigger is Trigger.EV_COMMUNICATION_LOST
        reason = tx.unauthorized if left and tx.unauthorized is not None else stop.reason
        self.do(
            Emit(
                TransactionEnded(
                    tx=tx.id,
                    evse=self.s.evse,
                    connector=self.s.connector,
                    seq=tx.seq,
                    at_utc_s=at_utc_s,
                    trigger=stop.trigger,
                    reason=reason,
                    reading=reading,
                    charging=ChargingState.IDLE if stop.unplugged or not self.s.plugged else ChargingState.EV_CONNECTED,
                    started_utc_s=tx.started_utc_s,
                    start_energy_wh=tx.start_energy_wh,
                    readings=tx.readings,
                    token=stop.token,
                    charged_s=tx.charged_s,
                )
            )
        )
        self.set(tx=None)
        self.trigger = None
        for timer in (Timer.SAMPLE, Timer.KEEP_SAMPLE, Timer.SIGN, Timer.SIGNED_END):
            self.cancel(timer)
        self.checkpoint = True

    def arm_sample(self) -> None:
        """Arm the next periodic readings of the open transaction: to be told now, and to be kept for its end."""
        if self.s.tx is None:
            return
        rules = self.s.rules
        for timer, interval_s in (
            (Timer.SAMPLE, rules.sample_interval_s),
            (Timer.KEEP_SAMPLE, rules.ended_interval_s if rules.ended_measurands else 0.0),
        ):
            due = metering.next_sample(self.s.tx.started_mono_s, interval_s, self.now)
            self.do(CancelTimer(timer) if due is None else ArmTimer(timer, due))

    def keep_reading(
        self, measurands: tuple[Measurand, ...], context: ReadingContext, signed: SignedReading | None = None
    ) -> None:
        """Keep a reading for the end message of the open transaction (J02; 1.6: transactionData)."""
        reading = self.reading(measurands, context)
        if self.s.tx is not None and reading is not None and reading.values:
            more = metering.with_one_more(self.s.tx.readings, with_signature(reading, signed))
            self.set(tx=replace(self.s.tx, readings=sparing(more)))


def is_drivers(session: Session, token: IdToken, group: str | None = None) -> bool:
    """Whether a token, or its group, is the one that is authorised here."""
    driver = session.driver
    return driver is not None and (
        driver.token.same_as(token) or (group is not None and driver.group is not None and group == driver.group)
    )
