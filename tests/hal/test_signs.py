"""Light and display: past the interlock, to a board here or in another process, and never the energy's concern."""

from __future__ import annotations

from pathlib import Path

import pytest

from hal.commands import MakeSound, ShowLight, ShowText
from hal.errors import HalError, HalGoneError
from hal.types import LedColour, LedPattern, Sound
from tests.hal.bench import Bench, bench_of
from tests.hal.stub_board import StubBoard

LIGHT = (LedColour.BLUE, LedPattern.BREATHE)
LINES = ("Charging", "Reduced: site fuse 10 A")


@pytest.fixture(params=["here", "in another process"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path):
    path = None if request.param == "here" else tmp_path / "hal.sock"
    async with bench_of(StubBoard(), path) as started:
        yield started


async def test_what_is_to_be_shown_reaches_the_board(bench: Bench):
    await bench.evse.led.show(*LIGHT)
    await bench.evse.led.beep(Sound.DONE)
    await bench.evse.display.text(LINES)
    asked = [command for _, command in bench.stub.asked]
    assert asked[-3:] == [ShowLight(*LIGHT), MakeSound(Sound.DONE), ShowText(LINES)]


async def test_a_light_that_fails_is_told_to_its_caller_and_opens_no_contactor(bench: Bench):
    await bench.charge()
    bench.stub.stuck = {ShowLight}
    with pytest.raises(HalError, match="did not carry out"):
        await bench.evse.led.show(*LIGHT, deadline_s=0.2)
    assert bench.stub.closed


async def test_a_driver_that_breaks_on_a_text_does_not_break_the_guard(bench: Bench):
    bench.stub.error = RuntimeError("the display's driver has a bug")
    with pytest.raises(HalGoneError, match="has a bug"):
        await bench.evse.display.text(LINES)
    bench.stub.error = None
    await bench.charge()
    assert bench.stub.closed


@pytest.mark.parametrize("has", ["led", "display"])
async def test_a_board_without_one_offers_none(tmp_path: Path, has: str):
    board = StubBoard()
    setattr(board.evses[1], has, None)
    async with bench_of(board, tmp_path / "hal.sock") as remote:
        assert getattr(remote.evse, has) is None
        assert getattr(remote.guard.evses[1], has) is None


async def test_a_board_older_than_these_ports_offers_none():
    board = StubBoard()
    del board.evses[1].led, board.evses[1].display
    async with bench_of(board, None) as here:
        assert here.evse.led is None
        assert here.evse.display is None
