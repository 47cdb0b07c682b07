"""The units that are shipped: sound, sandboxed, and in step with the commands they start."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from agent.cli.run import EXIT_RESET

ROOT = Path(__file__).resolve().parents[2] / "systemd"
UNITS = sorted(ROOT.glob("*.service"))
EXPOSURE_MAX = 1.5  # of 10; systemd calls anything below 2 "OK"
OVERALL = re.compile(r"Overall exposure level for .*: ([\d.]+)")

analyzed = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")


def read(unit: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    return parser


def test_there_is_a_unit_for_every_part():
    assert [unit.stem for unit in UNITS] == ["evse-agent", "evse-csms", "evse-hal"]


@analyzed
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_little_is_exposed(unit):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = OVERALL.search(done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= EXPOSURE_MAX, done.stdout


@analyzed
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_every_line(unit):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    complaints = [one for one in done.stderr.splitlines() if unit.name in one and "not executable" not in one]
    assert not complaints


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_that_exists(unit):
    program, command, *_ = read(unit)["Service"]["ExecStart"].split()
    assert program == "/opt/evse/bin/evse"
    assert command in {one.name for one in entry_points(group="evse.commands")}


def test_the_agent_is_restarted_after_a_reset_a_crash_and_a_watchdog_that_starved():
    service = read(ROOT / "evse-agent.service")["Service"]
    assert service["Type"] == "notify"
    assert float(service["WatchdogSec"]) > 0
    assert service["Restart"] == "always"
    assert int(service["SuccessExitStatus"]) == EXIT_RESET


def test_agent_and_hardware_meet_as_the_same_user():
    agent, hal = (read(ROOT / f"evse-{one}.service")["Service"] for one in ("agent", "hal"))
    assert agent["User"] == hal["User"]
    assert f"u {agent['User']} " in (ROOT / "sysusers.d" / "evse.conf").read_text()


def test_no_unit_runs_as_root_or_may_become_it():
    for unit in UNITS:
        service = read(unit)["Service"]
        assert service["User"] not in {"", "root", "0"}
        assert service["CapabilityBoundingSet"] == ""
        assert service["NoNewPrivileges"] == "yes"
