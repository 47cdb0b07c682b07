"""A CSMS that sends the corpus of malformed frames to the first station that connects, and says what differed.

    python tools/malformed_runner.py --version ocpp1.6 --port 9100

The station boots, is accepted, and then gets every frame of tests/vectors/ocpp/malformed for its version, each followed
by a legal call to see that the link lives. Exit status: 0 when every reaction was right, 1 when not, 2 when no station
came. Works with any station; needs only the `websockets` package.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "ocpp" / "malformed"
NOT_HERE = {"NotSupported", "NotImplemented"}
CALL, RESULT, ERROR = 2, 3, 4
PROBES = {
    "ocpp1.6": ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
    "ocpp2.0.1": ("ChangeAvailability", {"operationalStatus": "Operative"}),
    "ocpp2.1": ("ChangeAvailability", {"operationalStatus": "Operative"}),
}


def corpus(version: str) -> Iterator[dict[str, Any]]:
    """The lines for a version, their frames put together; those that end the connection come last."""
    lines = [
        json.loads(line)
        for part in ("frames", "payloads")
        for line in (CORPUS / f"{version}-{part}.jsonl").read_text().splitlines()
    ]
    for line in sorted(lines, key=lambda one: "close" in one["expect"]):
        line.setdefault("frame", "".join(text * times for text, times in line.get("parts", ())))
        yield line


class Trial:
    """One station under test."""

    def __init__(self, socket: ServerConnection, version: str, patience_s: float) -> None:
        self._socket = socket
        self._version = version
        self._patience_s = patience_s
        self._probes = 0
        self._errors: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._alive: asyncio.Queue[str] = asyncio.Queue()
        self.booted = asyncio.Event()

    async def listen(self) -> None:
        """Answer the station's calls as the friendliest CSMS would; note what it answers to ours."""
        async for text in self._socket:
            message = json.loads(text)
            match message:
                case [2, message_id, "BootNotification", _]:
                    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                    await self._send([RESULT, message_id, {"currentTime": now, "interval": 3600, "status": "Accepted"}])
                    self.booted.set()
                case [2, message_id, action, _]:
                    answer = {"currentTime": "2026-01-01T00:00:00Z"} if action == "Heartbeat" else {}
                    await self._send([RESULT, message_id, answer])
                case [3 | 4, str(message_id), *_] if message_id.startswith("probe-"):
                    self._alive.put_nowait(message_id)
                case [4, message_id, code, *_]:
                    self._errors.put_nowait({"error": code, "id": message_id})
                case [3, message_id, *_]:
                    self._errors.put_nowait({"taken": True, "id": message_id})

    async def reaction(self, frame: str) -> dict[str, Any]:
        """Send a frame and then a legal call; what came before the answer to that call is the reaction."""
        self._probes += 1
        probe = f"probe-{self._probes}"
        action, payload = PROBES[self._version]
        try:
            await self._socket.send(frame)
            await self._send([CALL, probe, action, payload])
            async with asyncio.timeout(self._patience_s):
                while await self._alive.get() != probe:
                    pass
        except TimeoutError:
            return {"dead": f"a legal call got no answer within {self._patience_s:g} s"}
        except ConnectionClosed as closed:
            return {"close": closed.rcvd.code if closed.rcvd is not None else None}
        return self._errors.get_nowait() if not self._errors.empty() else {"silence": True}

    async def _send(self, message: list[Any]) -> None:
        await self._socket.send(json.dumps(message))


def right(line: dict[str, Any], got: dict[str, Any]) -> bool:
    """Whether a reaction is what the corpus asks for, or says that the station has no such action."""
    return got == line["expect"] or ("action" in line and got.get("error") in NOT_HERE)


async def judge(socket: ServerConnection, version: str, patience_s: float) -> list[dict[str, Any]]:
    """Play the corpus to a station; returns a row a frame."""
    trial = Trial(socket, version, patience_s)
    listening = asyncio.create_task(trial.listen())
    rows: list[dict[str, Any]] = []
    await asyncio.wait_for(trial.booted.wait(), patience_s)
    for line in corpus(version):
        got = await trial.reaction(line["frame"])
        rows.append({"title": line["title"], "expected": line["expect"], "got": got, "right": right(line, got)})
        if "close" in got or "dead" in got:
            break
    listening.cancel()
    return rows


async def run(version: str, port: int, patience_s: float) -> list[dict[str, Any]]:
    """Wait for a station on the loopback interface and judge it. Raises TimeoutError when none comes."""
    done: asyncio.Future[list[dict[str, Any]]] = asyncio.get_running_loop().create_future()

    async def attend(socket: ServerConnection) -> None:
        if not done.done():
            rows = await judge(socket, version, patience_s)
            if not done.done():
                done.set_result(rows)

    async with serve(attend, "127.0.0.1", port, subprotocols=[Subprotocol(version)], max_size=2**24):
        print(f"waiting for a station on ws://127.0.0.1:{port}, {version}", file=sys.stderr, flush=True)
        return await asyncio.wait_for(done, 60 + 60 * patience_s)


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", choices=sorted(PROBES), required=True)
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--patience-s", type=float, default=10.0, help="how long a legal call may take")
    parser.add_argument("--json", action="store_true", help="print every row as JSON")
    given = parser.parse_args()
    try:
        rows = asyncio.run(run(given.version, given.port, given.patience_s))
    except TimeoutError:
        print("no station came, or it did not boot", file=sys.stderr)
        return 2
    wrong = [row for row in rows if not row["right"]]
    if given.json:
        print(json.dumps(rows))
    else:
        for row in wrong:
            print(f"WRONG  {row['title']}: {row['got']}, not {row['expected']}")
        print(f"{len(rows) - len(wrong)} of {len(rows)} reactions right")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
