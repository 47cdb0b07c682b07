"""`evse status`, `evse ocpp` and `evse session` against a station that runs, and against none."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent.cli import OWN, client, main, ocpp, status
from agent.cli.client import EXIT_FAILED, EXIT_FORBIDDEN, EXIT_NOT_RUNNING, plain
from agent.runtime.journal import FILE_NAME, AddFact, Journal, MoveToDeadLetters
from tests.agent.caller import calling
from tests.agent.runtime.facts import ended, started
from tests.journeys.place import TAG, place

EVIL = "CP-1\x1b[2J\r\nEVSE 1  Available\u202e"


async def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """A command in a thread of its own, while the loop serves it; its status, its output and its complaints."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[int] = loop.create_future()

    def call() -> None:
        loop.call_soon_threadsafe(done.set_result, main(arguments))

    with loop.hold("a command"):  # no executor: the agent's own work there would wait for this
        thread = threading.Thread(target=call)
        thread.start()
        code = await done
    thread.join()
    said = capsys.readouterr()
    return code, said.out, said.err


def options(tmp_path: Path) -> tuple[str, ...]:
    return "--socket", str(tmp_path / "state" / "agent.sock")


def status_of(text: str) -> dict[str, object]:
    state = {"version": None, "connected": False, "accepted": False, "online_wanted": True}
    link = {"url": text, "identity": text, **state}
    return {"at_utc_s": 0.0, "link": link, "queued": 0, "storage": {"good": False, "problem": text}, "evses": []}


# evse status


async def test_a_charging_evse_is_told_in_plain_words(tmp_path, capsys):
    async with place(tmp_path, fuse_a=10.0) as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(600)
        code, text, error = await run(capsys, "status", *options(tmp_path))
        assert code == 0, error
        for line in (
            "CSMS     connected, OCPP 2.0.1: ws://127.0.0.1:",
            "queue    no messages to deliver",
            "storage  good",
            "EVSE 1  Charging  Reduced: site fuse 10 A",
            "  limit    10 A: site fuse",
            "  driver   ******DD",
            "  power    6.8",
            "  session  1.1",
            "  faults   none",
        ):
            assert f"\n{line}" in text, text
        assert TAG not in text


async def test_the_same_as_json(tmp_path, capsys):
    async with place(tmp_path) as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(60)
        _, text, _ = await run(capsys, "status", "--json", *options(tmp_path))
        (evse,) = json.loads(text)["evses"]
        assert evse["phase"] == "charging"
        assert evse["token"] == "******DD"
        assert evse["contactor_closed"] is True
        assert evse["limit"]["explained"] == "32 A: board rating"
        assert evse["session"]["energy_wh"] > 0


async def test_a_fault_and_a_lost_link_are_told(tmp_path, capsys):
    async with place(tmp_path) as p:
        p.board.inject(1, "residual-dc", 8.0)
        p.station.agent.station.network(online=False)
        await asyncio.sleep(60)
        _, text, _ = await run(capsys, "status", *options(tmp_path))
        assert "CSMS     no network: ws://" in text
        assert "EVSE 1  Faulted  Fault  leakage current: unplug" in text
        assert "  faults   rcd-dc" in text
        assert "queue    1 message to deliver" in text


async def test_a_watcher_is_told_every_second(tmp_path):
    async with place(tmp_path) as p, calling(tmp_path / "state" / "agent.sock") as caller:
        assert "result" in await caller.ask("status.watch")
        times = [(await caller.next())["params"]["at_utc_s"] for _ in range(3)]
        assert [after - before for before, after in itertools.pairwise(times)] == [1.0, 1.0]
        await p.station.halt()
        assert await caller.next() is None


class FakeAgent:
    """An agent that tells a few things and then stops."""

    def __init__(self, *told: object) -> None:
        self._told = told

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def follow(self, _method):
        yield from self._told
        raise client.NotRunningError("the agent has stopped")


def test_watching_prints_one_status_after_the_other_until_the_agent_stops(monkeypatch, capsys):
    monkeypatch.setattr(status, "connect", lambda _given: FakeAgent(status_of("CP-1"), status_of("CP-1")))
    assert main(["status", "--watch", "--json"]) == EXIT_NOT_RUNNING
    said = capsys.readouterr()
    assert [json.loads(line)["link"]["identity"] for line in said.out.splitlines()] == ["CP-1", "CP-1"]
    assert said.err == "evse status: the agent has stopped\n"


def test_watching_at_a_terminal_draws_over_what_was_there(monkeypatch, capsys):
    monkeypatch.setattr(status, "connect", lambda _given: FakeAgent(status_of("CP-1")))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    main(["status", "--watch"])
    assert capsys.readouterr().out.startswith("\x1b[H\x1b[JCP-1  ")


# No agent, no right, no nonsense


@pytest.mark.parametrize("command", [("status",), ("ocpp", "tail"), ("ocpp", "queue"), ("ocpp", "variables")])
def test_without_an_agent_the_exit_status_says_so(tmp_path, capsys, command):
    assert main([*command, "--socket", str(tmp_path / "agent.sock")]) == EXIT_NOT_RUNNING
    assert "no agent at" in capsys.readouterr().err


def test_the_socket_of_an_agent_that_was_killed_is_no_agent(tmp_path, capsys):
    import socket

    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "agent.sock"))
    assert main(["status", "--socket", str(tmp_path / "agent.sock")]) == EXIT_NOT_RUNNING


def test_a_user_that_may_not_connect_is_told_what_would_help(tmp_path, capsys, monkeypatch):
    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr(client.socket.socket, "connect", forbidden)
    assert main(["status", "--socket", str(tmp_path / "agent.sock")]) == EXIT_FORBIDDEN
    assert "be root, the agent's user, or in the socket's group" in capsys.readouterr().err


def test_the_socket_is_found_through_the_configuration(tmp_path, capsys):
    (tmp_path / "evse.toml").write_text('[state]\ndir = "state"\n')
    main(["status", "--config", str(tmp_path / "evse.toml")])
    assert f"no agent at {tmp_path}/state/agent.sock" in capsys.readouterr().err
    (tmp_path / "evse.d").mkdir()
    (tmp_path / "evse.d" / "1.toml").write_text('[control]\nsocket = "/run/evse/c.sock"\n')
    main(["status", "--config", str(tmp_path / "evse.toml")])
    assert "no agent at /run/evse/c.sock" in capsys.readouterr().err
    (tmp_path / "evse.toml").write_text("state = \n")
    assert main(["status", "--config", str(tmp_path / "evse.toml")]) == EXIT_FAILED
    assert "evse config check" in capsys.readouterr().err


@pytest.mark.parametrize("text", [EVIL, "\x07", "\x9b2J", "\u2028", "\u200f", "a\tb"])
def test_nothing_from_outside_moves_the_cursor_or_fakes_a_line(text):
    shown = plain(text)
    assert shown.isprintable()
    assert plain("Zähler 12 €") == "Zähler 12 €"


def test_a_hostile_identity_is_shown_harmlessly(capsys):
    status._print(status_of(EVIL), as_json=False)
    assert all(line.isprintable() for line in capsys.readouterr().out.split("\n"))


# evse ocpp


async def test_every_frame_is_told_as_it_passes_without_its_secrets(tmp_path):
    async with place(tmp_path) as p, calling(tmp_path / "state" / "agent.sock") as caller:
        await caller.ask("ocpp.tail")
        p.tap()
        first, second = (await caller.next())["params"], (await caller.next())["params"]
        assert (first["direction"], json.loads(first["frame"])[2]) == ("out", "Authorize")
        assert (second["direction"], json.loads(second["frame"])[0]) == ("in", 3)
        asked = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
        data = {"setVariableData": [{**asked, "attributeValue": "hunter2-hunter2-hunter2"}]}
        p.station.agent.station._frames.passed("in", json.dumps([2, "1", "SetVariables", data]))
        assert "hunter2" not in json.dumps(await caller.next())


def test_frames_are_printed_harmlessly(monkeypatch, capsys):
    told = {"at_utc_s": 0.0, "direction": "in", "frame": '[2,"1","DataTransfer",{"vendorId":"\x1b[2J\n"}]'}
    monkeypatch.setattr(ocpp, "connect", lambda _given: FakeAgent(told))
    assert main(["ocpp", "tail"]) == EXIT_NOT_RUNNING
    line, rest = capsys.readouterr().out.split("\n", 1)
    assert line.startswith("1970-01-01 00:00:00Z <- [2,")
    assert (line.isprintable(), rest) == (True, "")


async def test_what_waits_is_listed_with_what_it_is_about(tmp_path, capsys):
    async with place(tmp_path) as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(60)
        p.station.agent.station.network(online=False)
        await asyncio.sleep(1)
        p.tap()
        await asyncio.sleep(10)
        _, text, _ = await run(capsys, "ocpp", "queue", *options(tmp_path))
        assert "TransactionEnded" in text
        assert "Local" in text
        _, listed, _ = await run(capsys, "ocpp", "queue", "--json", *options(tmp_path))
        assert json.loads(listed)[0]["offline"] is True


async def test_a_dead_letter_is_listed_and_sent_again(tmp_path, capsys):
    (tmp_path / "state").mkdir()
    journal = Journal.open(tmp_path / "state" / FILE_NAME)
    letters = (AddFact(started(1, "tx-1")), AddFact(ended(2, "tx-1")), MoveToDeadLetters(2, "no\x1b[2J answer"))
    await journal.commit(*letters)
    await journal.close()
    async with place(tmp_path):
        _, text, error = await run(capsys, "ocpp", "queue", "--dead", *options(tmp_path))
        assert "tx-1 #2" in text, error
        assert "no\\x1b[2J answer" in text
        code, _, error = await run(capsys, "ocpp", "resend", "99", *options(tmp_path))
        assert (code, "no dead letter 99" in error) == (EXIT_FAILED, True)
        code, _, _ = await run(capsys, "ocpp", "resend", "2", *options(tmp_path))
        assert code == 0, error
        await asyncio.sleep(5)
        _, text, _ = await run(capsys, "ocpp", "queue", "--dead", "--json", *options(tmp_path))
        assert json.loads(text) == []


async def test_the_settings_are_listed_by_both_names(tmp_path, capsys):
    async with place(tmp_path, settings={"ConnectionTimeOut": 90}):
        _, text, _ = await run(capsys, "ocpp", "variables", "--json", *options(tmp_path))
        (row,) = [one for one in json.loads(text) if one["key16"] == "ConnectionTimeOut"]
        assert row == {
            "name": "TxCtrlr.EVConnectionTimeOut",
            "key16": "ConnectionTimeOut",
            "value": "90",
            "default": "60",
            "unit": "s",
            "mutable": True,
        }
        (power,) = [one for one in json.loads(text) if one["name"] == "EVSE(1).Power"]
        assert power["attributes"] == {"Actual": "0", "Target": "0", "MaxSet": "22080"}
        _, text, _ = await run(capsys, "ocpp", "variables", *options(tmp_path))
        assert "read-only" in text
        assert "Connector(1,1).ConnectorType" in text


# evse session


async def test_sessions_are_the_same_with_an_agent_and_without(tmp_path, capsys):
    async with place(tmp_path) as p:
        await p.charge(600)
        code, running, error = await run(capsys, "session", "list", "--json", *options(tmp_path))
        assert code == 0, error
        (row,) = json.loads(running)
        assert row["energy_wh"] == pytest.approx(p.true_wh(), abs=1.5)
        assert row["token"] == "******DD"
        assert row["reason"] == "Local"
        await p.station.halt()
        code, alone, error = await run(capsys, "session", "list", "--json", "--state-dir", str(tmp_path / "state"))
        assert (code, alone) == (0, running)
        code, text, _ = await run(capsys, "session", "show", row["tx"][:8], "--state-dir", str(tmp_path / "state"))
        assert code == 0, error
        assert f"energy        {row['energy_wh']:.0f} Wh" in text
        _, text, _ = await run(capsys, "session", "list", "--state-dir", str(tmp_path / "state"))
        assert "0:10:" in text


def test_an_unknown_session_is_an_error_and_so_is_no_journal(tmp_path, capsys):
    assert main(["session", "list", "--state-dir", str(tmp_path)]) == EXIT_FAILED
    assert FILE_NAME in capsys.readouterr().err

    async def fill() -> None:
        journal = Journal.open(tmp_path / FILE_NAME)
        await journal.commit(AddFact(started(1, "tx-1")))
        await journal.close()

    asyncio.run(fill())
    assert main(["session", "show", "nope", "--state-dir", str(tmp_path)]) == EXIT_FAILED
    assert "no transaction begins with 'nope'" in capsys.readouterr().err
    assert main(["session", "show", "tx-", "--state-dir", str(tmp_path)]) == 0
    assert "(running)" in capsys.readouterr().out


# Light


def test_status_imports_no_library_that_it_does_not_need():
    heavy = ("websockets", "pymodbus", "ocpp", "sqlalchemy", "asyncio", "msgspec", "importlib.metadata", "agent.core")
    code = (
        "import sys; from agent.cli import main; main(['status', '--socket', '/nowhere/agent.sock']);"
        f"print([one for one in {heavy!r} if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_commands_known_by_name_are_those_that_this_distribution_installs():
    from importlib.metadata import distribution

    installed = distribution("evse-agent").entry_points.select(group="evse.commands")
    assert {one.name: one.value for one in installed} == {name: f"{module}:command" for name, module in OWN.items()}
