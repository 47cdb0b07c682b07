from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from agent.cli import config, factory, main
from agent.runtime.journal import FILE_NAME, AddFact, Journal
from tests.agent.runtime.facts import started, status
from tests.agent.test_config import GOOD


def fill(path: Path) -> None:
    async def commit() -> None:
        journal = Journal.open(path)
        await journal.commit(AddFact(started(1, "tx")), AddFact(status(2)))
        await journal.close()

    asyncio.run(commit())


# evse


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert {"  config", "  factory", "  run", "  hal", "  sim"} <= set(capsys.readouterr().out.splitlines())


def test_no_command_at_all_is_a_question_for_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["evse"])
    assert main() == 0
    assert "usage: evse COMMAND" in capsys.readouterr().out


def test_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"evse-agent {version('evse-agent')}\n"


def test_an_unknown_command_is_answered_with_the_most_similar_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["confg", "check"]) == 2
    said = capsys.readouterr().err
    assert "no command 'confg'; did you mean 'config'?" in said
    assert "  factory" in said


def test_only_the_called_command_is_imported() -> None:
    code = (
        "import sys; from agent.cli import main; main(['config', 'check', '/nowhere/evse.toml']);"
        "print([one for one in sys.modules if one in ('sim', 'csms', 'sim.cli', 'csms.cli', 'agent.cli.factory')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# evse config


def test_a_good_configuration_is_called_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evse.toml"
    path.write_text(GOOD)
    assert config.command(["check", str(path)]) == 0
    assert "good (CP-1, 1 EVSE, ws://csms.example.com/ocpp, OCPP 2.1, 2.0.1, 1.6)" in capsys.readouterr().out
    assert config.command(["check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["identity"] == "CP-1"


def test_a_bad_configuration_is_refused_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evse.toml"
    path.write_text(GOOD.replace("vendor", "vendr"))
    assert config.command(["check", str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"{path}:5: station.vendr: ")
    assert config.command(["check", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "ok": False,
        "file": str(path),
        "line": 5,
        "key": "station.vendr",
        "problem": "no such key here; did you mean 'vendor'?",
    }


# evse factory


def test_a_factory_reset_removes_the_journal_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / FILE_NAME)
    (tmp_path / f"{FILE_NAME}.corrupt-1").write_text("kept from an earlier damage")
    (tmp_path / f"{FILE_NAME}-family-photos").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    assert factory.command(["reset", "--state-dir", str(tmp_path), "--yes", "--json"]) == 0
    removed = json.loads(capsys.readouterr().out)["removed"]
    assert {FILE_NAME, f"{FILE_NAME}.corrupt-1"} <= set(removed)
    assert sorted(one.name for one in tmp_path.iterdir()) == [f"{FILE_NAME}-family-photos", "notes.txt"]


def test_a_factory_reset_asks_a_person_and_says_what_would_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / FILE_NAME)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _prompt: "no")
    assert factory.command(["reset", "--state-dir", str(tmp_path)]) == 2
    assert "1 transactions, 2 messages not yet delivered" in capsys.readouterr().err
    assert (tmp_path / FILE_NAME).exists()
    monkeypatch.setattr("builtins.input", lambda _prompt: "reset")
    assert factory.command(["reset", "--state-dir", str(tmp_path)]) == 0
    assert not (tmp_path / FILE_NAME).exists()


def test_a_factory_reset_without_anybody_to_ask_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / FILE_NAME)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert factory.command(["reset", "--state-dir", str(tmp_path)]) == 2
    assert (tmp_path / FILE_NAME).exists()


async def test_a_factory_reset_keeps_off_a_running_agent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal.open(tmp_path / FILE_NAME)
    await journal.commit(AddFact(status(1)))
    assert factory.command(["reset", "--state-dir", str(tmp_path), "--yes"]) == 1
    assert "in use by another agent; stop that one first" in capsys.readouterr().err
    assert journal.facts() == [status(1)]
    await journal.close()


def test_a_factory_reset_names_a_directory_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert factory.command(["reset", "--state-dir", str(tmp_path / "absent"), "--yes"]) == 1
    assert "No such file or directory" in capsys.readouterr().err
