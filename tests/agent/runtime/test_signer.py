"""Who asks a signing meter: one thing at a time, and the end before readings that nobody wants any more."""

from __future__ import annotations

import asyncio

from agent.core.effects import SignMeter, Timer
from agent.core.events import AnyEvent, MeterKeyRead, MeterNotSigned, MeterSigned
from agent.runtime.signer import KEY_AGAIN_S, Signer
from hal.errors import MeterError
from hal.types import (
    FaultCleared,
    FaultKind,
    FaultRaised,
    MeterErrorKind,
    MeterSample,
    MeterTransaction,
    Moment,
    SignedReading,
)


class FakeMeter:
    """Takes `takes_s` for a signature, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.takes_s = 1.0
        self.fails = False
        self.asked: list[tuple[Moment, MeterTransaction]] = []

    async def read(self, *, deadline_s: float = 1.0) -> MeterSample:
        raise NotImplementedError

    async def public_key(self, *, deadline_s: float = 30.0) -> str:
        if self.fails:
            raise MeterError(MeterErrorKind.TIMEOUT, "silent")
        return "3059"

    async def start_transaction(self, transaction: MeterTransaction, *, deadline_s: float = 30.0) -> MeterSample:
        return await self._sign(Moment.BEGIN, transaction)

    async def sign_reading(self, transaction: MeterTransaction, *, deadline_s: float = 30.0) -> MeterSample:
        return await self._sign(Moment.BETWEEN, transaction)

    async def stop_transaction(self, transaction: MeterTransaction, *, deadline_s: float = 30.0) -> MeterSample:
        return await self._sign(Moment.END, transaction)

    async def _sign(self, moment: Moment, transaction: MeterTransaction) -> MeterSample:
        self.asked.append((moment, transaction))
        await asyncio.sleep(self.takes_s)
        if self.fails:
            raise MeterError(MeterErrorKind.SIGNATURE, "no")
        return MeterSample(0.0, 0.0, signed=SignedReading("record"))


class Stand:
    def __init__(self, **more) -> None:
        self.meter = FakeMeter()
        self.posted: list[AnyEvent] = []
        self.signer = Signer(1, lambda: self.meter, self.posted.append, **more)

    def ask(self, moment: Moment, purpose: Timer | None = None) -> None:
        self.signer.ask(SignMeter("tx-1", moment, "AABB", purpose))

    @property
    def answers(self) -> list[tuple[type, Moment]]:
        return [(type(one), one.moment) for one in self.posted if isinstance(one, MeterSigned | MeterNotSigned)]


async def test_the_meter_is_told_whose_transaction_it_is_where_and_when():
    s = Stand(place="DE*XYZ*E1", utc_s=lambda: 1_800_000_000.0)
    s.ask(Moment.BEGIN)
    await asyncio.sleep(2)
    assert s.meter.asked == [(Moment.BEGIN, MeterTransaction("tx-1", "AABB", "DE*XYZ*E1", 1_800_000_000.0))]


async def test_one_thing_is_asked_for_at_a_time_and_an_end_makes_waiting_readings_superfluous():
    s = Stand()
    s.ask(Moment.BEGIN)
    s.ask(Moment.BETWEEN, Timer.SAMPLE)
    s.ask(Moment.BETWEEN, Timer.KEEP_SAMPLE)
    s.ask(Moment.END)
    await asyncio.sleep(10)
    assert [moment for moment, _ in s.meter.asked] == [Moment.BEGIN, Moment.END]
    assert s.answers == [(MeterSigned, Moment.BEGIN), (MeterSigned, Moment.END)]


async def test_the_answer_says_which_reading_it_is_for():
    s = Stand()
    s.ask(Moment.BETWEEN, Timer.ALIGNED)
    s.meter.fails = True
    await asyncio.sleep(2)
    assert s.posted == [MeterNotSigned("tx-1", Moment.BETWEEN, Timer.ALIGNED)]


async def test_a_meter_that_signs_no_beginning_twice_is_a_fault_until_it_does():
    s = Stand()
    s.meter.fails = True
    for _ in range(3):
        s.ask(Moment.BEGIN)
        await asyncio.sleep(2)
    raised = [one for one in s.posted if isinstance(one, FaultRaised)]
    assert [one.fault for one in raised] == [FaultKind.METER]
    assert s.answers == [(MeterNotSigned, Moment.BEGIN)] * 3
    s.meter.fails = False
    s.ask(Moment.BEGIN)
    await asyncio.sleep(2)
    assert FaultCleared(FaultKind.METER) in s.posted


async def test_a_meter_that_signs_no_end_is_no_fault_for_the_next_driver():
    s = Stand()
    s.meter.fails = True
    for _ in range(3):
        s.ask(Moment.END)
        await asyncio.sleep(2)
    assert not [one for one in s.posted if isinstance(one, FaultRaised)]


async def test_the_key_is_asked_for_at_the_start_until_the_meter_tells_it():
    s = Stand()
    s.meter.fails = True
    s.signer.start()
    await asyncio.sleep(1)
    assert s.posted == []
    s.meter.fails = False
    await asyncio.sleep(KEY_AGAIN_S)
    assert s.posted == [MeterKeyRead("3059")]


async def test_after_the_end_of_the_agent_nothing_is_asked_for():
    s = Stand()
    s.ask(Moment.BEGIN)
    await asyncio.sleep(0.5)
    s.ask(Moment.END)
    s.signer.close()
    await asyncio.sleep(5)
    assert [moment for moment, _ in s.meter.asked] == [Moment.BEGIN]
    assert s.posted == []
