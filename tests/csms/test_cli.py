from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from csms.cli import command
from tests.security import minting

PROGRAM = "import sys; from csms.cli import command; sys.exit(command(sys.argv[1:]))"


@pytest.mark.realtime
async def test_the_command_serves_chargers_until_it_is_told_to_end(tmp_path: Path):
    database = tmp_path / "csms.db"
    options = ["--port", "0", "--http-port", "0", "--db", str(database), "--accept", "CP1", "--token", "TAG", "--json"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    ready = json.loads(await process.stdout.readline())
    async with connect(ready["url"] + "CP1", subprotocols=["ocpp1.6"], proxy=None) as socket:  # type: ignore[list-item]
        await socket.send('[2,"1","Authorize",{"idTag":"tag"}]')
        assert json.loads(await socket.recv()) == [3, "1", {"idTagInfo": {"status": "Accepted"}}]
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    with sqlite3.connect(database) as stored:
        assert stored.execute("SELECT identity, state FROM chargers").fetchall() == [("CP1", "Accepted")]
    stored.close()


def test_a_file_that_cannot_be_used_is_an_error_with_its_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert command(["--port", "0", "--http-port", "0", "--db", str(tmp_path / "no" / "such" / "folder")]) == 1
    assert "check the path and its permissions" in capsys.readouterr().err


@pytest.mark.parametrize("price", ["free", "-1", "NaN"])
def test_a_price_that_is_none_is_refused(price: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        command(["--per-kwh", price])
    assert "is no price; write it like 0.49" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--contract", "WEVSE1=DEEVSC00000042"), "needs --pki and --tls-port"),
        (("--tls-port", "0", "--pki", "PKI", "--contract", "WEVSE1"), "write the car's id and the eMAID"),
    ],
)
def test_a_contract_that_nobody_can_make_or_is_for_no_car_is_said_to_be_wrong(words, why, capsys):
    given = [str(minting.pki()) if word == "PKI" else word for word in words]
    assert command(["--port", "0", "--http-port", "0", *given]) == 1
    assert why in capsys.readouterr().err
