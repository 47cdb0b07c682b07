from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.core.effects import PermitPower
from agent.core.events import AuthorizationDecided, LimitSet, Recorded, RecordFailed, StopRequested
from agent.core.facts import ConnectorStatusChanged, TransactionEnded, TransactionStarted
from agent.core.limits import LimitInput, LimitSource
from agent.core.rules import Rules
from agent.core.session import Phase, Session
from agent.core.values import AuthInfo, AuthStatus, StopReason, Trigger
from agent.runtime.clock import LoopClock
from agent.runtime.evse import EvseTask
from agent.runtime.journal import AddFact, JournalError
from agent.runtime.perform import Performer
from hal.errors import HalGoneError, HalTimeoutError
from hal.types import ContactorChanged, CpState, FaultKind, FaultRaised, MeterSample, MeterSampled, TokenPresented
from tests.agent.core.playing import cp
from tests.agent.runtime.stub_hardware import StubHardware, StubJournal


class Bench:
    def __init__(self, journal: StubJournal, rules: Rules) -> None:
        self.hardware = StubHardware()
        self.journal = journal
        self.offered = []
        clock = LoopClock(wall=lambda: 1_800_000_000.0 + asyncio.get_running_loop().time())
        self.task = EvseTask(Session(evse=1, rules=rules), self.hardware, clock, lambda *_: None)
        self.performer = Performer(
            1,
            self.hardware,
            journal,
            post=self.task.post,
            authorize=self.authorize,
            offer=self.offered.append,
            online=lambda: True,
            new_id=lambda: "tx-1",
        )

    def authorize(self, evse, question) -> None:
        self.task.post(AuthorizationDecided(question.ask, question.token, AuthInfo(AuthStatus.ACCEPTED)))

    async def happen(self, *events) -> None:
        for event in events:
            self.hardware.happen(event)
        await asyncio.sleep(0.001)

    async def sample(self) -> None:
        now_s = asyncio.get_running_loop().time()
        await self.happen(MeterSampled(MeterSample(taken_mono_s=now_s, energy_import_wh=1000.0)))

    async def ask_for_energy(self) -> None:
        self.task.post(LimitSet(LimitInput(LimitSource.BOARD, 16.0)))
        await self.sample()
        await self.happen(cp(CpState.B), TokenPresented("AABB"), cp(CpState.C))

    async def metering(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            await self.sample()


@asynccontextmanager
async def bench(journal: StubJournal | None = None, rules: Rules | None = None):
    made = Bench(journal or StubJournal(prompt=True), rules or Rules(sample_interval_s=0))
    running = asyncio.create_task(made.task.run(made.performer))
    await asyncio.sleep(0.001)
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_no_contactor_is_permitted_before_the_opening_reading_is_durable():
    async with bench(StubJournal()) as b:
        b.journal.answer()
        await b.ask_for_energy()
        await asyncio.sleep(5)
        assert "permit on" not in b.hardware.words
        b.journal.answer()
        await asyncio.sleep(0.01)
        assert b.hardware.words[-1] == "permit on"


async def test_no_contactor_is_permitted_when_the_disk_took_the_wish_for_it_but_refused_the_start_before():
    async with bench(StubJournal()) as b:
        b.task.post(LimitSet(LimitInput(LimitSource.BOARD, 16.0)))
        await b.sample()
        await b.happen(cp(CpState.B), TokenPresented("AABB"))
        await b.happen(cp(CpState.C))
        (wish,) = [one for one, commit in zip(b.journal.waiting, b.journal.asked, strict=True) if not commit]
        b.journal.waiting.remove(wish)
        posted: list = []
        b.performer._post = lambda event: (posted.append(event), b.task.post(event))
        b.journal.refuse(JournalError(Path("journal.sqlite"), "disk full", "free some space"))
        wish.set_result(None)
        await asyncio.sleep(1.0)
        assert not any(isinstance(one, Recorded) for one in posted)
        assert any(isinstance(one, RecordFailed) for one in posted)
        assert "permit on" not in b.hardware.words
        assert FaultKind.STORAGE in b.task.session.faults


async def test_a_charge_asks_for_two_syncs_its_start_and_its_end_while_all_is_told_when_it_is_written():
    async with bench(rules=Rules(sample_interval_s=10.0)) as b:
        metering = asyncio.create_task(b.metering())
        await b.ask_for_energy()
        await b.happen(ContactorChanged(closed=True))
        await asyncio.sleep(45)
        b.task.post(StopRequested(Trigger.STOP_AUTHORIZED, StopReason.LOCAL))
        await b.happen(cp(CpState.B), ContactorChanged(closed=False))
        await asyncio.sleep(1.0)
        metering.cancel()
        firmly = [
            [type(one.stored.fact) for one in commit if isinstance(one, AddFact)]
            for commit, synced in zip(b.journal.commits, b.journal.synced, strict=True)
            if synced and any(isinstance(one, AddFact) for one in commit)
        ]
        assert [TransactionStarted in firmly[0], TransactionEnded in firmly[-1]] == [True, True]
        assert len(firmly) == 2
        assert [one.fact for one in b.offered] == b.journal.facts


async def test_facts_are_offered_to_the_csms_only_once_they_are_durable():
    async with bench(StubJournal()) as b:
        await b.ask_for_energy()
        assert b.journal.facts
        assert not b.offered
        b.journal.answer()
        await asyncio.sleep(0.01)
        assert [one.fact for one in b.offered] == b.journal.facts


async def test_power_off_waits_for_no_disk():
    async with bench() as b:
        await b.ask_for_energy()
        await b.happen(ContactorChanged(closed=True))
        b.journal.prompt = False
        before_s = asyncio.get_running_loop().time()
        await b.happen(FaultRaised(FaultKind.RCD_DC))
        assert ("permit off", before_s) in [(what, at_s) for at_s, what in b.hardware.asked]


async def test_power_off_overtakes_a_command_that_hangs():
    async with bench() as b:
        b.hardware.hang = {"permit on"}
        await b.ask_for_energy()
        assert b.hardware.words[-1] == "permit on"
        await b.happen(FaultRaised(FaultKind.E_STOP))
        assert "permit off" in b.hardware.words[-3:]


async def test_the_lease_is_renewed_twice_a_second_while_the_task_lives():
    async with bench() as b:
        await b.ask_for_energy()
        await b.happen(ContactorChanged(closed=True))
        b.hardware.asked.clear()
        await asyncio.sleep(10)
        times = [at for at, what in b.hardware.asked if what == "permit on"]
        assert 19 <= len(times) <= 21
        assert max(b - a for a, b in itertools.pairwise(times)) <= 0.51


async def test_a_stuck_task_stops_renewing_its_lease(monkeypatch):
    async with bench() as b:
        await b.ask_for_energy()
        await b.happen(ContactorChanged(closed=True))
        stuck = asyncio.Event()

        async def hang(_performer) -> None:
            await stuck.wait()

        monkeypatch.setattr(b.task, "_turn", hang)
        await asyncio.sleep(1.0)
        b.hardware.asked.clear()
        await asyncio.sleep(10)
        assert "permit on" not in b.hardware.words


async def test_an_idle_evse_renews_nothing():
    async with bench() as b:
        b.hardware.asked.clear()
        await asyncio.sleep(60)
        assert b.hardware.asked == []


async def test_a_full_disk_refuses_energy_keeps_the_facts_and_recovers_by_itself():
    journal = StubJournal(prompt=True)
    async with bench(journal) as b:
        metering = asyncio.create_task(b.metering())
        journal.error = JournalError(Path("journal.sqlite"), "disk full", "free some space")
        await b.ask_for_energy()
        await asyncio.sleep(12)
        assert "permit on" not in b.hardware.words
        assert FaultKind.STORAGE in b.task.session.faults
        assert all(isinstance(one.fact, ConnectorStatusChanged) for one in b.offered)
        assert b.offered[-1].fact.fault is FaultKind.STORAGE, "the CSMS hears of the full disk"
        journal.error = None
        await asyncio.sleep(12)
        assert "permit on" in b.hardware.words
        ids = [one.id for one in b.offered if not isinstance(one.fact, ConnectorStatusChanged)]
        assert ids == sorted(set(ids))
        assert [one.fact.seq for one in b.offered if isinstance(one.fact, TransactionStarted)] == [0]
        metering.cancel()


async def test_a_session_that_ends_on_a_full_disk_is_delivered_when_there_is_room_again():
    journal = StubJournal(prompt=True)
    async with bench(journal) as b:
        metering = asyncio.create_task(b.metering())
        await b.ask_for_energy()
        await b.happen(ContactorChanged(closed=True))
        journal.error = JournalError(Path("journal.sqlite"), "disk full", "free some space")
        b.task.post(StopRequested(Trigger.REMOTE_STOP, StopReason.REMOTE))
        await b.happen(cp(CpState.B), ContactorChanged(closed=False))
        await asyncio.sleep(10)
        journal.error = None
        await asyncio.sleep(10)
        metering.cancel()
        ends = [one.fact for one in b.offered if isinstance(one.fact, TransactionEnded)]
        assert len(ends) == 1


async def test_facts_are_told_in_the_order_they_happened_when_the_disk_refuses_one_write_and_takes_the_next():
    journal = StubJournal()
    async with bench(journal) as b:
        await asyncio.sleep(0.1)
        await b.ask_for_energy()
        refused, *taken = journal.waiting
        journal.waiting.clear()
        refused.set_exception(JournalError(Path("journal.sqlite"), "disk full", "free some space"))
        for future in taken:
            future.set_result(None)
        journal.prompt = True
        await asyncio.sleep(10)
        ids = [one.id for one in b.offered]
        assert ids[:2] == [1, 2]
        assert ids == sorted(set(ids))


@pytest.mark.parametrize("error", [HalTimeoutError("no answer")])
async def test_a_board_that_does_not_obey_is_a_fault_until_it_does(error):
    async with bench() as b:
        b.hardware.fail = error
        b.task.post(LimitSet(LimitInput(LimitSource.BOARD, 16.0)))
        await b.happen(TokenPresented("AABB"))
        await b.sample()
        await b.happen(cp(CpState.B))
        assert FaultKind.BOARD in b.task.session.faults
        b.hardware.fail = None
        await asyncio.sleep(2.5)
        assert FaultKind.BOARD not in b.task.session.faults


async def test_the_board_stays_at_fault_until_the_last_of_its_outputs_obeys():
    async with bench() as b:
        b.hardware.pilot = pilot = StubHardware()
        b.hardware.fail = pilot.fail = HalTimeoutError("no answer")
        b.task.post(LimitSet(LimitInput(LimitSource.BOARD, 16.0)))
        await b.sample()
        await b.happen(cp(CpState.B), TokenPresented("AABB"))
        b.performer.perform(b.task.session, (PermitPower(False, "both outputs fail"),))
        await asyncio.sleep(2.5)
        b.hardware.fail = None
        await asyncio.sleep(2.5)
        assert FaultKind.BOARD in b.task.session.faults
        pilot.fail = None
        await asyncio.sleep(2.5)
        assert FaultKind.BOARD not in b.task.session.faults


async def test_an_absent_hal_is_asked_again_until_it_is_back():
    async with bench() as b:
        b.hardware.fail = HalGoneError("hal is away")
        await b.sample()
        b.task.post(LimitSet(LimitInput(LimitSource.BOARD, 16.0)))
        await b.happen(cp(CpState.B), TokenPresented("AABB"))
        b.hardware.fail = None
        b.hardware.asked.clear()
        await asyncio.sleep(2.5)
        assert "pwm 26.6667" in b.hardware.words


async def test_an_event_stream_that_ends_is_a_fault_not_silence():
    async with bench() as b:
        await b.ask_for_energy()
        b.hardware.end()
        await asyncio.sleep(0.01)
        assert FaultKind.HAL_LOST in b.task.session.faults
        assert b.hardware.words[-1] in {"permit off", "x1"}
        assert b.task.session.phase is Phase.READY
