"""A CSMS that runs, with a tariff and one token, and the messages that the tests have in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from csms.server import Csms
from csms.tariff import Tariff
from csms.web.app import make_app
from tests.csms.databases import fresh

EPOCH_S = 1_767_225_600.0  # 2026-01-01T00:00:00Z
EVERY_VERSION = pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
EVERY_2X = pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
TARIFF = Tariff(per_kwh=Decimal("0.50"), per_hour=Decimal("1.00"), session_fee=Decimal("0.25"))


@asynccontextmanager
async def running(path: Path | None = None, **options: Any) -> AsyncIterator[Csms]:
    csms = Csms(path or fresh(), now=lambda: EPOCH_S + asyncio.get_running_loop().time(), **options)
    csms.set_tariff(TARIFF)
    csms.add_token("DEADBEEF", group="FLEET")
    await csms.start()
    try:
        yield csms
    finally:
        await csms.stop()


def http(csms: Csms, **options: Any) -> httpx.AsyncClient:
    """A client of pages and API, without any socket between."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(make_app(csms)), base_url="http://127.0.0.1:8080", **options)


def stamp(minutes: int) -> str:
    return f"2026-01-01T{minutes // 60:02}:{minutes % 60:02}:00Z"


def register(wh: float, minutes: int = 0, **fields: Any) -> dict[str, Any]:
    return {"timestamp": stamp(minutes), "sampledValue": [{"value": wh, **fields}]}


def event(kind: str, seq: int, minutes: int, *meter_values: Any, tx: str = "T1", **fields: Any) -> dict[str, Any]:
    more = {"meterValue": list(meter_values)} if meter_values else {}
    info = {"transactionId": tx, **fields.pop("transactionInfo", {})}
    base = {"eventType": kind, "timestamp": stamp(minutes), "triggerReason": "MeterValuePeriodic", "seqNo": seq}
    return base | more | {"transactionInfo": info} | fields


def start_16(**fields: Any) -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "DEADBEEF", "meterStart": 50_000, "timestamp": stamp(0)} | fields


def stop_16(number: int, **fields: Any) -> dict[str, Any]:
    return {"transactionId": number, "meterStop": 57_500, "timestamp": stamp(60)} | fields


ID_TOKEN = {"idToken": "deadbeef", "type": "ISO14443"}
STARTED = event("Started", 0, 0, register(50_000), evse={"id": 1, "connectorId": 1}, idToken=ID_TOKEN)
ENDED = event("Ended", 1, 60, register(57.5, 60, unitOfMeasure={"unit": "kWh"}))
