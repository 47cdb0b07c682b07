"""All EVSEs together: a reset that waits for them, and rules that follow what they do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.core.authorize import Known
from agent.core.events import AvailabilityChanged, RulesChanged, StopRequested
from agent.core.reservation import Kept, Reservation
from agent.core.rules import Rules
from agent.core.session import Phase, Session, Transaction
from agent.core.values import ChargingState, IdToken, Scope
from agent.ocpp.charger import ResetKind
from agent.runtime.chargepoint import RESET_WAIT_S, ChargePoint
from agent.runtime.clock import LoopClock
from hal.types import TokenPresented
from tests.agent.runtime.stub_hardware import StubHardware

TX = Transaction(
    id="tx-1",
    seq=1,
    started_utc_s=0.0,
    started_mono_s=0.0,
    start_energy_wh=0.0,
    charging=ChargingState.CHARGING,
    last_energy_wh=0.0,
)


class Bench:
    """Two EVSEs whose tasks do not run: what is posted to them stays where it is."""

    def __init__(self, retries: int, rules: Rules) -> None:
        self.resets: list[tuple[float, ResetKind]] = []
        self.rules = rules
        self.charge_point = ChargePoint(
            LoopClock(),
            lambda kind: self.resets.append((asyncio.get_running_loop().time(), kind)),
            rules=lambda: self.rules,
            reset_retries=lambda: retries,
            time_set=lambda _by_s: None,
            known=lambda _: Known(),
        )
        for evse in (1, 2):
            self.charge_point.add(Session(evse=evse), StubHardware())  # type: ignore[arg-type]

    def posted(self, kind: type) -> list[object]:
        return [one for task in self.charge_point.tasks.values() for one in task._inbox if isinstance(one, kind)]

    def become(self, evse: int, tx: Transaction | None) -> None:
        """A step of an EVSE's, as its task reports it."""
        task = self.charge_point.tasks[evse]
        before = task.session
        task.session = Session(evse=evse, phase=Phase.CHARGING if tx else Phase.IDLE, tx=tx)
        self.charge_point._watch(before, None, task.session, ())


@asynccontextmanager
async def bench(*, retries: int = 0, rules: Rules | None = None) -> AsyncIterator[Bench]:
    yield Bench(retries, rules or Rules())


@pytest.mark.parametrize("retries", [0, 2])
async def test_an_immediate_reset_asks_a_transaction_that_does_not_end_again_and_then_goes_ahead(retries: int):
    async with bench(retries=retries) as b:
        b.become(1, TX)
        b.charge_point.reset(ResetKind.IMMEDIATE)
        await asyncio.sleep(1000)
        ((at_s, kind),) = b.resets
        assert (round(at_s), kind) == (round(RESET_WAIT_S) * (retries + 1), ResetKind.IMMEDIATE)
        assert len(b.posted(StopRequested)) == 2 * (retries + 1)


async def test_a_reset_on_idle_waits_for_the_last_transaction_and_stops_none():
    async with bench() as b:
        b.become(1, TX)
        b.charge_point.reset(ResetKind.ON_IDLE)
        await asyncio.sleep(1000)
        assert b.resets == []
        b.become(1, None)
        await asyncio.sleep(0.1)
        assert [kind for _, kind in b.resets] == [ResetKind.ON_IDLE]
        assert b.posted(StopRequested) == []


async def test_a_reset_on_idle_lets_nobody_new_begin_so_that_it_comes_at_last():
    async with bench() as b:
        b.become(1, TX)
        b.charge_point.reset(ResetKind.ON_IDLE)
        assert b.posted(AvailabilityChanged) == [AvailabilityChanged(operative=False, scope=Scope.RESET)] * 2


async def test_an_immediate_reset_takes_nothing_out_of_service():
    async with bench() as b:
        b.charge_point.reset(ResetKind.IMMEDIATE)
        assert b.posted(AvailabilityChanged) == []


@pytest.mark.req("J01.FR.20")
async def test_aligned_readings_during_idle_only_stop_everywhere_while_any_evse_has_a_transaction():
    async with bench(rules=Rules(aligned_interval_s=900.0, aligned_during_idle_only=True)) as b:
        b.become(1, TX)
        assert [one.rules.aligned_interval_s for one in b.posted(RulesChanged)] == [0.0, 0.0]
        b.become(2, TX)
        b.become(1, None)
        assert len(b.posted(RulesChanged)) == 2
        b.become(2, None)
        assert [one.rules.aligned_interval_s for one in b.posted(RulesChanged)] == [0.0, 900.0, 0.0, 900.0]


async def test_ordinary_rules_change_only_when_a_setting_does():
    async with bench(rules=Rules(aligned_interval_s=900.0)) as b:
        b.become(1, TX)
        assert b.posted(RulesChanged) == []
        b.charge_point.rules_changed()
        assert [one.rules for one in b.posted(RulesChanged)] == [b.rules, b.rules]


@pytest.mark.req("H03.FR.03")
async def test_a_shared_reader_leads_a_driver_to_what_is_kept_for_him_and_strangers_past_it():
    kept = Kept(held=True, claims=(Reservation(id=1, token=IdToken("OWNER"), expires_utc_s=1e10, evse=1),))
    async with bench() as b:
        task = b.charge_point.tasks[1]
        task.session = Session(evse=1, kept=kept)
        for token, evse in (("STRANGER", 2), ("OWNER", 1)):
            b.charge_point.token_presented(TokenPresented(token))
            assert b.charge_point.tasks[evse]._inbox[-1] == TokenPresented(token)
        b.charge_point.tasks[2].session = Session(evse=2, kept=kept)
        b.charge_point.token_presented(TokenPresented("OF THE GROUP?"))
        assert task._inbox[-1] == TokenPresented("OF THE GROUP?")
