"""The plugin as a stranger's project meets it: in a process of its own, with nothing of this repository's settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "testing.md"
EXAMPLE = DOCUMENT.parent / "examples" / "pytest_project"

pytestmark = pytest.mark.realtime


def run_pytest(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": str(project)}
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=100
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(EXAMPLE / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_example_of_the_documentation_runs_in_a_project_of_its_own(project):
    shutil.copy(EXAMPLE / "test_charging.py", project)
    ran = run_pytest(project, "-q")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "5 passed" in ran.stdout


def test_the_five_lines_of_the_documentation_are_a_test_of_a_whole_charger(project):
    (lines,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert lines.count("\n") == 5
    (project / "test_five.py").write_text(lines)
    ran = run_pytest(project, "-q")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_failing_test_is_reported_with_what_went_over_every_wire(project):
    (project / "test_fails.py").write_text(
        "async def test_it_fails(station, car, clock):\n"
        "    car.plug_in()\n"
        "    station.tap()\n"
        "    await clock.sleep(30)\n"
        "    assert not station.closed()\n"
    )
    ran = run_pytest(project)
    assert ran.returncode == 1
    ocpp, modbus, pilot = (
        ran.stdout.index(f"- {title}") for title in ("OCPP frames", "Modbus telegrams", "control pilot and contactor")
    )
    assert '"TransactionEvent"' in ran.stdout[ocpp:modbus]
    assert "unit 1  04 00" in ran.stdout[modbus:pilot]
    assert "(True, True, True)" in ran.stdout[pilot:]


def test_tests_without_a_charger_keep_their_own_loop_and_their_own_clock(project):
    (project / "test_own.py").write_text(
        "import asyncio\n"
        "async def test_real():\n"
        "    assert asyncio.get_running_loop().time() > 1\n"
        "async def test_virtual(clock):\n"
        "    assert asyncio.get_running_loop().time() == 2.0\n"
    )
    ran = run_pytest(project, "-q")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_mark_with_an_unknown_field_names_the_known_ones(project):
    (project / "test_wrong.py").write_text(
        "import pytest\n@pytest.mark.station(evse=2)\nasync def test_x(station):\n    pass\n"
    )
    ran = run_pytest(project, "-q")
    assert ran.returncode != 0
    assert "fields are version, evses" in ran.stdout


def test_a_project_that_switches_the_plugin_for_async_tests_off_is_not_harmed(project):
    (project / "test_plain.py").write_text("def test_plain():\n    assert True\n")
    (project / "pyproject.toml").write_text("")
    ran = run_pytest(project, "-q", "-p", "no:asyncio")
    assert ran.returncode == 0, ran.stdout + ran.stderr
