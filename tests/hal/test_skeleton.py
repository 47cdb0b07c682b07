"""`evse hal new`: what it writes passes the conformance suite on its own stub, as it is."""

from __future__ import annotations

import asyncio
import importlib.util
import tomllib
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from hal import conformance, skeleton
from hal.checks import CHECKS
from hal.cli import command
from hal.conformance import Act, Outcome
from hal.errors import HalError
from hal.host import HalConfig


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LEVEL_MV = {Act.UNPLUG: 12_000, Act.PLUG: 9_000, Act.ASK: 6_000, Act.ASK_VENTILATED: 3_000}


class StubBench:
    """Turns the knobs of the skeleton's stub."""

    acts: Collection[Act] = {*LEVEL_MV, Act.SHORT_DIODE, Act.MEND_DIODE, Act.LEAK_DC, Act.LEAK_AC, Act.END_LEAK} | {
        Act.RESET_RCD
    }

    def __init__(self) -> None:
        self.io: Any = None
        self.tripped = False
        self._diode = True
        self._level = Act.UNPLUG

    def adopt(self, board: Any) -> Any:
        """The board's stub, with a residual-current device in the coil's circuit and levels that follow the PWM."""
        self.io = board._io
        drive = self.io.drive_pilot
        self.io.drive_pilot = lambda duty_pct: (drive(duty_pct), self._set_levels())
        self.io.read_mirror = lambda: self.closed(1)
        self._set_levels()
        return board

    async def do(self, evse: int, act: Act) -> float:
        if act in LEVEL_MV:
            self._level = act
        elif act in {Act.SHORT_DIODE, Act.MEND_DIODE}:
            self._diode = act is Act.MEND_DIODE
        elif act in {Act.LEAK_DC, Act.LEAK_AC, Act.RESET_RCD}:
            self.tripped = act is not Act.RESET_RCD
        self._set_levels()
        return asyncio.get_running_loop().time()

    def closed(self, evse: int) -> bool:
        return self.io.coil and not self.tripped

    def _set_levels(self) -> None:
        high = LEVEL_MV[self._level]
        runs = 0 < self.io.duty_pct < 100
        self.io.high_mv = high
        self.io.low_mv = (-12_000 if self._diode else -high) if runs else high


async def test_a_new_board_passes_on_its_stub(tmp_path: Path):
    source, _ = skeleton.write("acme_box", tmp_path)
    module, bench = load(source), StubBench()
    report = await conformance.run(lambda: bench.adopt(module.open_board({})), bench, CHECKS)
    assert report.passed, report.text()
    passed = {one.check for one in report.findings if one.outcome is Outcome.PASSED}
    assert {"levels", "duty", "close", "leave-c", "unplug", "lease", "diode", "ventilation", "leak-dc"} <= passed


async def test_a_stub_that_ignores_its_coil_does_not_pass(tmp_path: Path):
    """The suite on the skeleton can fail."""
    source, _ = skeleton.write("acme_box", tmp_path)
    module, bench = load(source), StubBench()
    bench.closed = lambda _evse: bench._level is not Act.UNPLUG and (bench.io.coil or bench._level is Act.PLUG)
    checks = [one for one in CHECKS if one.name == "leave-c"]
    report = await conformance.run(lambda: bench.adopt(module.open_board({})), bench, checks)
    assert not report.passed


def test_its_configuration_fits(tmp_path: Path):
    source, config = skeleton.write("acme_box", tmp_path)
    table = msgspec.convert(tomllib.loads(config.read_text())["hal"], HalConfig)
    assert table.board == "acme_box"
    board = load(source).open_board(table.options)
    assert board.info.serial == "0001"


def test_it_names_the_board_everywhere(tmp_path: Path):
    for path in skeleton.write("acme_box", tmp_path):
        assert "NAME" not in path.read_text()


@pytest.mark.parametrize("name", ["Acme", "acme-box", "1box", "../x", ""])
def test_a_name_that_no_module_can_have_is_refused(name: str, tmp_path: Path):
    with pytest.raises(HalError, match="no name of a module"):
        skeleton.write(name, tmp_path)


def test_a_file_that_is_there_already_is_kept(tmp_path: Path):
    (tmp_path / "acme_box.py").write_text("mine")
    with pytest.raises(HalError, match="there already"):
        skeleton.write("acme_box", tmp_path)
    assert (tmp_path / "acme_box.py").read_text() == "mine"


def test_the_command_prints_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert command(["new", "acme_box", "--into", str(tmp_path)]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "acme_box.py"), str(tmp_path / "acme_box.toml")]
    assert command(["new", "acme_box", "--into", str(tmp_path)]) == 1
