from __future__ import annotations

import asyncio

from agent.runtime.lane import Lane
from hal.errors import HalGoneError, HalRefusedError, HalTimeoutError
from hal.types import FaultCleared, FaultKind, FaultRaised, Rule


class Output:
    """Notes what was tried and when; fails with `error` while there is one, hangs while `stuck`."""

    def __init__(self) -> None:
        self.tried: list[tuple[float, str]] = []
        self.error: Exception | None = None
        self.stuck = False

    def command(self, name: str):
        async def run() -> None:
            self.tried.append((asyncio.get_running_loop().time(), name))
            if self.stuck:
                await asyncio.Event().wait()
            if self.error is not None:
                raise self.error

        return run


async def test_a_newer_value_replaces_one_that_is_still_wanted():
    output, lane = Output(), Lane("pilot", lambda _: None)
    lane.want(output.command("16 A"))
    lane.want(output.command("8 A"))
    await asyncio.sleep(1)
    assert [name for _, name in output.tried] == ["8 A"]


async def test_a_newer_value_does_not_wait_for_the_next_try_of_a_failing_one():
    output, lane = Output(), Lane("pilot", lambda _: None)
    output.error = HalTimeoutError("silence")
    lane.want(output.command("16 A"))
    await asyncio.sleep(0.1)
    output.error = None
    lane.want(output.command("X1"))
    await asyncio.sleep(5)
    assert [name for _, name in output.tried] == ["16 A", "X1"]
    assert output.tried[-1][0] == 0.1


async def test_a_command_under_way_is_dropped_for_one_that_overtakes():
    output, lane = Output(), Lane("contactor", lambda _: None)
    output.stuck = True
    lane.want(output.command("on"))
    await asyncio.sleep(0.5)
    output.stuck = False
    lane.overtake(output.command("off"))
    await asyncio.sleep(5)
    assert output.tried == [(0.0, "on"), (0.5, "off")]


async def test_a_refused_value_is_tried_again_until_it_is_taken_and_is_no_fault():
    output, posted = Output(), []
    lane = Lane("pilot", posted.append)
    output.error = HalRefusedError(Rule.PWM_SPACING, "too soon")
    lane.want(output.command("16 A"))
    await asyncio.sleep(2.5)
    output.error = None
    await asyncio.sleep(5)
    assert [at for at, _ in output.tried] == [0.0, 1.0, 2.0, 3.0]
    assert posted == []


async def test_a_board_that_does_not_obey_is_a_fault_once_and_until_it_does():
    output, posted = Output(), []
    lane = Lane("pilot", posted.append)
    output.error = HalTimeoutError("silence")
    lane.want(output.command("16 A"))
    await asyncio.sleep(3.5)
    output.error = None
    await asyncio.sleep(2)
    assert posted == [FaultRaised(FaultKind.BOARD, "pilot: silence"), FaultCleared(FaultKind.BOARD)]


async def test_a_hal_that_is_away_is_no_fault_of_the_board():
    output, posted = Output(), []
    lane = Lane("pilot", posted.append)
    output.error = HalGoneError("away")
    lane.want(output.command("16 A"))
    await asyncio.sleep(1.5)
    assert posted == []
    lane.stop()
    tried = len(output.tried)
    await asyncio.sleep(10)
    assert len(output.tried) == tried
