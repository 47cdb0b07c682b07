"""A renewed permission travels in its asker's own task: who may end it, and what its asker is told then."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest

from hal.commands import Permit, PilotX1
from hal.deadline import Deadline
from hal.errors import HalRefusedError, HalTimeoutError
from hal.renewal import Renewal
from hal.rules import broken, overdue
from hal.turn import Asked
from hal.types import CpState, Rule
from tests.hal.bench import Bench, bench_of
from tests.hal.rig import SOCKET, Rig
from tests.hal.stub_board import StubBoard


@pytest.fixture
async def bench():
    raw = StubBoard()
    raw.evses[1].meter = None
    async with bench_of(raw, None) as made:
        await made.offer()
        made.stub.car(CpState.C)
        await asyncio.sleep(0.01)
        await made.evse.contactor.permit(True, "test")
        yield made


async def renew_slowly(bench: Bench) -> asyncio.Task[None]:
    """A renewal that the board does not answer; it has begun when this returns."""
    bench.stub.stuck.add(Permit)
    renewal = asyncio.create_task(bench.evse.contactor.permit(True, "test", deadline_s=0.5))
    await asyncio.sleep(0.1)
    return renewal


async def test_a_renewal_reaches_the_board_before_the_loop_turns(bench: Bench):
    bench.stub.asked.clear()
    asking = bench.evse.contactor.permit(True, "test")
    with pytest.raises(StopIteration):  # done without waiting for anything
        asking.send(None)
    assert [command for _, command in bench.stub.asked] == [Permit(True, "every condition holds")]


async def test_a_car_that_leaves_while_a_renewal_hangs_is_cut_off_and_the_asker_lives_on(bench: Bench):
    renewal = await renew_slowly(bench)
    bench.stub.stuck.clear()
    bench.stub.car(CpState.B)
    with pytest.raises(HalRefusedError) as refused:
        await renewal
    assert refused.value.rule is Rule.NO_PERMISSION
    assert renewal.cancelling() == 0
    assert not bench.stub.closed


async def test_a_renewal_never_goes_beside_another_one():
    renewal, given = Renewal(), Asked(Permit(True, "test"))
    assert renewal.may_go(given, ())
    first = asyncio.create_task(renewal.carry(asyncio.sleep(1.0)))
    await asyncio.sleep(0.5)
    assert not renewal.may_go(given, ()), "an off would end only one of them"
    await first
    assert renewal.may_go(given, ())


async def test_of_two_that_ask_at_once_both_are_told_that_the_car_has_left(bench: Bench):
    first = await renew_slowly(bench)
    second = asyncio.create_task(bench.evse.contactor.permit(True, "test", deadline_s=0.5))
    await asyncio.sleep(0.1)
    bench.stub.stuck.clear()
    bench.stub.car(CpState.B)
    for asked in (first, second):
        with pytest.raises(HalRefusedError):
            await asked
    assert not bench.stub.closed


async def test_an_asker_that_is_cancelled_itself_stays_cancelled(bench: Bench):
    renewal = await renew_slowly(bench)
    renewal.cancel()
    with pytest.raises(asyncio.CancelledError):
        await renewal


async def test_an_asker_that_is_cancelled_together_with_its_renewal_stays_cancelled(bench: Bench):
    renewal = await renew_slowly(bench)
    bench.stub.stuck.clear()
    off = asyncio.create_task(bench.evse.contactor.permit(False, "test"))
    await asyncio.sleep(0)
    renewal.cancel()
    with pytest.raises(asyncio.CancelledError):
        await renewal
    await off
    assert not bench.stub.closed


async def test_a_board_that_does_not_take_a_renewal_in_time_is_at_fault(bench: Bench):
    renewal = await renew_slowly(bench)
    with pytest.raises(HalTimeoutError):
        await renewal
    bench.stub.stuck.clear()
    await asyncio.sleep(3.0)  # the first "off" hangs as well, and is said again
    assert not bench.stub.closed


async def test_an_on_never_passes_an_off_that_has_not_gone_out_yet(bench: Bench):
    bench.stub.asked.clear()
    off = asyncio.create_task(bench.evse.contactor.permit(False, "test"))
    on = asyncio.create_task(bench.evse.contactor.permit(True, "test"))
    await asyncio.wait([off, on])
    assert not next(command.on for _, command in bench.stub.asked if isinstance(command, Permit))


async def heedless(renewal: Renewal) -> None:
    """A driver in whose call the permission is withdrawn."""
    renewal.withdraw()


async def deaf(renewal: Renewal) -> None:
    """A driver that lets no cancellation through."""
    asyncio.get_running_loop().call_later(0.1, renewal.withdraw)
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(1.0)


@pytest.mark.parametrize("driver", [heedless, deaf])
async def test_a_withdrawal_that_the_board_does_not_heed_is_told_and_leaves_no_cancellation_behind(driver):
    renewal = Renewal()
    with pytest.raises(HalRefusedError):
        await renewal.carry(driver(renewal))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_a_deadline_that_is_put_off_again_and_again_falls_due_once_at_the_last_moment_given():
    loop = asyncio.get_running_loop()
    fallen: list[float] = []
    deadline = Deadline(lambda: fallen.append(loop.time()))
    began_s = loop.time()
    for tenth in range(10):
        deadline.set(began_s + tenth / 10 + 1.0)
        await asyncio.sleep(0.1)
    await asyncio.sleep(5.0)
    assert fallen == [pytest.approx(began_s + 1.9)]


async def test_a_deadline_that_moves_nearer_falls_due_then_and_one_that_is_lifted_never():
    loop = asyncio.get_running_loop()
    fallen: list[float] = []
    deadline = Deadline(lambda: fallen.append(loop.time()))
    began_s = loop.time()
    deadline.set(began_s + 2.0)
    deadline.set(began_s + 1.0)
    await asyncio.sleep(1.5)
    deadline.set(began_s + 3.0)
    deadline.set(None)
    await asyncio.sleep(5.0)
    assert fallen == [pytest.approx(began_s + 1.0)]


@pytest.mark.parametrize("later_s", [0.0, 0.5, 1.9, 2.0, 2.9, 3.0, 5.9, 6.0, 1e6])
@pytest.mark.parametrize("asked", [None, PilotX1()])
def test_what_time_alone_breaks_is_found_among_the_conditions_that_depend_on_it(later_s: float, asked: PilotX1 | None):
    rig = Rig(msgspec.structs.replace(SOCKET, cp_repeat_s=1.0))
    rig.charging()
    if asked is not None:
        rig.ask(asked)
    assert rig.state.permitted
    now_s = rig.now_s + later_s
    assert overdue(rig.state, now_s) == broken(rig.state, now_s)
