"""A simulated LEM DCBM: its web interface over a real socket, and records that are really signed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hal.types import MeterSample
from sim.ocmf_signer import OcmfSigner

Reply = tuple[int, str]


class DcbmServer:
    """Answers as the maker's manual says. `silent`: it takes requests and says nothing; `tampered`: it says so."""

    def __init__(self, source: Callable[[], MeterSample], signer: OcmfSigner) -> None:
        self.signer = signer
        self.silent = False
        self.tampered = False
        self.replies: dict[str, Reply] = {}  # instead of its own, by method and path
        self.asked: list[str] = []
        self.source = source
        self._running: str | None = None
        self._last = ""
        self._user = ""
        self._place = ""
        self._begin: dict[str, Any] = {}
        self._started_wh = 0.0
        self._records: dict[str, str] = {}
        self._server: asyncio.Server | None = None
        self._held: list[asyncio.StreamWriter] = []

    async def start(self) -> str:
        """Listen; the URL."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening, and leave nobody waiting."""
        for writer in self._held:
            writer.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def lose_power(self) -> None:
        """A transaction ends with the power; its record, the pages and the key are kept, the time is not."""
        if self._running is not None:
            self._end(self._running, "P")
        self.signer.utc_s = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        method, target, _ = head.split("\r\n")[0].split(" ")
        lengths = (int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
        body = await reader.readexactly(next(lengths, 0))
        self.asked.append(f"{method} {target}")
        if self.silent:
            self._held.append(writer)
        else:
            status, text = self._reply(method, target, json.loads(body) if body else {})
            content = text.encode()
            writer.write(f"HTTP/1.1 {status} Simulated\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
            writer.close()

    def _reply(self, method: str, target: str, body: dict[str, Any]) -> Reply:
        parts = urlsplit(target)
        tx = parse_qs(parts.query).get("transactionId", [""])[0]
        if f"{method} {parts.path}" in self.replies:
            return self.replies[f"{method} {parts.path}"]
        match method, parts.path:
            case "GET", "/v1/status":
                return 200, json.dumps(self._status())
            case "GET", "/v1/livemeasure":
                return 200, json.dumps(self._live())
            case "GET", "/v1/legal":
                return 200, json.dumps({"transactionId": self._last})
            case "POST", "/v1/legal":
                return self._begun(body)
            case "PUT", "/v1/legal" if self._running == tx:
                self._end(tx, "E")
                return 200, json.dumps({"transactionId": tx, "meterValue": {"transactionStatus": 17}})
            case "PUT", "/v1/settings":
                told_utc_s = datetime.fromisoformat(body["time"]["utc"]).timestamp()
                self.signer.set_clock(told_utc_s, self.source().taken_mono_s)
                return 200, json.dumps({"meterId": self.source().serial, "result": 1})
            case "GET", "/v1/ocmf" if tx in self._records:
                return 200, self._records[tx]
        return 404, "{}"

    def _status(self) -> dict[str, Any]:
        bits = {"transactionIsOnGoing": self._running is not None, "tamperingIsDetected": self.tampered}
        return {
            "meterId": self.source().serial,
            "publicKeyOcmf": self.signer.public_key.hex(),
            "status": {"value": 17, "bits": bits},
            "version": {"applicationFirmwareVersion": "0.1.2.3"},
        }

    def _live(self) -> dict[str, Any]:
        sample = self.source()
        return {
            "voltage": (sample.voltage_v or (0.0,))[0],
            "current": (sample.current_a or (0.0,))[0],
            "power": (sample.power_w or 0.0) / 1000.0,
            "temperatureH": 0,
            "temperatureL": 0,
            "energyImportTotal": sample.energy_import_wh / 1000.0,
            "energyExportTotal": (sample.energy_export_wh or 0.0) / 1000.0,
            "timestamp": "2026-01-01T00:00:00.000000",
        }

    def _begun(self, order: dict[str, Any]) -> Reply:
        if self._running is not None:
            return 409, "{}"
        self._running = self._last = order["transactionId"]
        self._user, self._place = order["clientId"], order["evseId"]
        sample = self.source()
        self._started_wh = sample.energy_import_wh
        self.signer.tick(sample.taken_mono_s)
        self._begin = self.signer.readings("B", 0.0, self._started_wh)
        return 201, json.dumps({**order, "running": True})

    def _end(self, tx: str, reason: str) -> None:
        sample = self.source()
        total_wh = sample.energy_import_wh
        self.signer.tick(sample.taken_mono_s)
        last = self.signer.readings(reason, total_wh - self._started_wh, total_wh)
        self._records[tx] = self.signer.record([self._begin, last], self._user, self._place)
        self._running = None
