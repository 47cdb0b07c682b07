"""Installers: programs of the system's without a shell, and the one that pretends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agent.ocpp.workshop import InstallOutcome
from agent.runtime.installer import CommandInstaller, SimulatedInstaller

PYTHON = sys.executable


def program(code: str) -> tuple[str, ...]:
    return (PYTHON, "-c", code)


def put(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, InstallOutcome.INSTALLED),
        (10, InstallOutcome.RESTART),
        (11, InstallOutcome.UNFIT),
        (1, InstallOutcome.FAILED),
    ],
)
async def test_the_programs_exit_code_says_what_came_of_it(code: int, outcome: InstallOutcome, tmp_path: Path):
    one = CommandInstaller(program(f"raise SystemExit({code})"), (), 10.0)
    assert await one.install(tmp_path / "f") is outcome


@pytest.mark.realtime
async def test_the_file_is_one_argument_whatever_its_name_and_no_shell_sees_it(tmp_path: Path):
    witness = tmp_path / "witness"
    code = f"import sys, json; open({str(witness)!r}, 'w').write(json.dumps(sys.argv[1:]))"
    hostile = tmp_path / "a; touch b $(reboot) *"
    await CommandInstaller(program(code), (), 10.0).install(hostile)
    assert json.loads(text_of(witness)) == [str(hostile)]


def text_of(file: Path) -> str:
    return file.read_text()


@pytest.mark.realtime
async def test_a_program_that_is_not_there_or_does_not_end_has_failed(tmp_path: Path):
    assert await CommandInstaller(("/no/such/program",), (), 1.0).install(tmp_path) is InstallOutcome.FAILED
    slow = CommandInstaller(program("import time; time.sleep(60)"), program("import time; time.sleep(60)"), 0.2)
    assert await slow.install(tmp_path) is InstallOutcome.FAILED
    assert not await slow.confirm()


@pytest.mark.realtime
async def test_what_runs_after_the_restart_is_well_where_its_program_says_so_or_nobody_is_asked():
    assert await CommandInstaller((), (), 10.0).confirm()
    assert await CommandInstaller((), program(""), 10.0).confirm()
    assert not await CommandInstaller((), program("raise SystemExit(3)"), 10.0).confirm()


async def test_the_simulated_installer_takes_newer_versions_and_refuses_older_and_nonsense(tmp_path: Path):
    one = SimulatedInstaller(tmp_path / "state" / "firmware.json")
    file = tmp_path / "f"
    for text, outcome, version in (
        ('{"version": "1.2"}', InstallOutcome.INSTALLED, "1.2"),
        ('{"version": "1.1.9"}', InstallOutcome.UNFIT, "1.2"),
        ('{"version": "1.10", "restart": true}', InstallOutcome.RESTART, "1.10"),
        ('{"version": "1.11", "fails": true}', InstallOutcome.FAILED, "1.10"),
        ("PK\x03\x04", InstallOutcome.UNFIT, "1.10"),
        ('{"version": 3}', InstallOutcome.UNFIT, "1.10"),
        ("[]", InstallOutcome.UNFIT, "1.10"),
    ):
        assert await one.install(put(file, text)) is outcome
        assert one.version == version
    assert await one.confirm()
    await one.install(put(file, '{"version": "2", "restart": true, "sick": true}'))
    assert not await one.confirm()
