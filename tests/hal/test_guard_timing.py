"""What the guard does by time alone, on a board from which nothing else is heard: no meter, no repeats of the pilot."""

from __future__ import annotations

import asyncio

import pytest

from hal.board import LEASE_RENEW_S, LEASE_S
from hal.commands import Permit
from hal.observe import WELD_AFTER_S
from hal.types import CpState, FaultKind
from tests.hal.bench import Bench, Follower, bench_of
from tests.hal.stub_board import StubBoard


@pytest.fixture
async def bench():
    raw = StubBoard()
    raw.evses[1].meter = None
    async with bench_of(raw, None) as made:
        await made.offer()
        made.stub.car(CpState.C)
        yield made


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def test_a_lease_that_was_renewed_many_times_ends_on_time_once_it_is_not(bench: Bench):
    for _ in range(20):
        await bench.evse.contactor.permit(True, "test")
        renewed_s = now_s()
        await asyncio.sleep(LEASE_RENEW_S)
    await asyncio.sleep(LEASE_S)
    opened_s, closed = bench.stub.trace[-1]
    assert not closed
    assert opened_s == pytest.approx(renewed_s + LEASE_S)


async def test_a_contactor_that_stays_closed_is_found_long_before_the_lease_would_have_ended(bench: Bench):
    follower = Follower(bench.evse.events())
    await bench.evse.contactor.permit(True, "test")
    bench.stub.stuck.add(Permit)
    told_s = bench.stub.car(CpState.A)
    await asyncio.sleep(2 * WELD_AFTER_S)
    found_s = next(one.mono_s for one in follower.stamped if getattr(one.event, "fault", None) is FaultKind.WELD)
    await follower.stop()
    assert found_s == pytest.approx(told_s + WELD_AFTER_S)
