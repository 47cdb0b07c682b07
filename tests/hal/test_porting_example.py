"""The worked example of docs/porting.md: a board in one file and one TOML, outside our packages, passes conformance."""

from __future__ import annotations

import asyncio
import os
import struct
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from hal import conformance
from hal.checks import CHECKS
from hal.conformance import Outcome
from hal.errors import HalError, HalGoneError
from hal.host import HalConfig
from hal.tasks import stop
from hal.types import FaultCleared, FaultRaised, PpChanged
from sim.bench import SimBench
from sim.board import SimBoard
from sim.symptoms import Symptom

FOLDER = Path(__file__).parents[2] / "docs/examples/porting"
LAYOUT = struct.Struct(">7h")


@contextmanager
def example() -> Iterator[ModuleType]:
    sys.path.insert(0, str(FOLDER))
    try:
        import acme_box  # type: ignore[import-not-found]

        yield acme_box
    finally:
        sys.path.remove(str(FOLDER))


class SimBox:
    """The box's registers over a simulated board's physics, its residual-current device in the coil's circuit."""

    def __init__(self, board: SimBoard, path: Path) -> None:
        self.board = board
        self.path = path
        self._tripped = False
        self._cable_a = 0
        self._said = b""
        path.write_bytes(LAYOUT.pack(1000, 0, 12_000, 12_000, 0, 0, 0))

    async def listen(self) -> None:
        async for stamped in self.board.evses[1].events():
            match stamped.event:
                case FaultRaised():
                    self._tripped = True
                case FaultCleared():
                    self._tripped = False
                case PpChanged(ampacity_a, _):
                    self._cable_a = int(ampacity_a or 0)

    async def run(self) -> None:
        """The box lives; its registers come and go with its converter."""
        with self.path.open("r+b", buffering=0) as file:
            while True:
                duty, coil = struct.unpack(">2h", os.pread(file.fileno(), 4, 0))
                it = self.board.evses[1]
                await (it.pilot.x1() if duty == 1000 else it.pilot.state_f() if duty == 0 else it.pilot.pwm(duty / 10))
                await it.contactor.permit(bool(coil) and not self._tripped, "coil")
                now = self.board.snapshot(1)
                levels = (round(now.cp_high_v * 1000), round(now.cp_low_v * 1000))
                said = struct.pack(">5h", *levels, now.mirror_closed, self._cable_a, self._tripped)
                if Symptom.CP_SILENT in now.symptoms:
                    said = b""
                    os.truncate(file.fileno(), 4)
                if said != self._said:
                    self._said = said
                    os.pwrite(file.fileno(), said, 4)
                await asyncio.sleep(0.005)


@asynccontextmanager
async def box(path: Path) -> AsyncIterator[SimBox]:
    simulated = SimBox(SimBoard(), path)
    await simulated.board.start()
    tasks = [asyncio.create_task(simulated.listen()), asyncio.create_task(simulated.run())]
    try:
        yield simulated
    finally:
        await stop(tasks)
        await simulated.board.close()


async def test_the_example_passes_conformance(tmp_path: Path):
    with example() as acme_box:
        async with box(tmp_path / "acme") as simulated:
            options = {"device": str(simulated.path)}
            report = await conformance.run(lambda: acme_box.open_board(options), SimBench(simulated.board), CHECKS)
    assert report.passed, report.text()
    assert Outcome.OPEN not in {one.outcome for one in report.findings}


def test_the_example_is_one_file_of_at_most_300_lines_and_one_toml():
    assert len((FOLDER / "acme_box.py").read_text().splitlines()) <= 300
    table: Any = tomllib.loads((FOLDER / "acme_box.toml").read_text())
    config = msgspec.convert(table["hal"], HalConfig)
    with example() as acme_box:
        assert acme_box.open_board(config.options).info.model == "Box"


async def test_the_example_says_when_its_device_is_not_there():
    with example() as acme_box, pytest.raises(HalGoneError, match="no-such-device"):
        await acme_box.open_board({"device": "/dev/no-such-device"}).start()


def test_the_example_names_an_option_that_is_wrong():
    with example() as acme_box, pytest.raises(HalError, match="devise"):
        acme_box.open_board({"devise": "x"})
