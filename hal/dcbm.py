"""LEM DCBM 400/600: a DC meter with a web interface, whose records are signed OCMF.

From the maker's public communication manual as EVerest's LemDCBM400600 uses it: /v1/status, /v1/livemeasure (kWh, kW),
/v1/legal (POST begins, PUT ends), /v1/ocmf (begin and end in one record), /v1/settings (the time). A transaction that
the meter has closed by itself, after a loss of power, still gives its record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from hal import http
from hal.board import COMMAND_DEADLINE_S, SIGNING_DEADLINE_S
from hal.errors import MeterError
from hal.types import MeterErrorKind, MeterSample, MeterTransaction, SignedReading

OK: Final = 200
CREATED: Final = 201
ACCEPTED: Final = 1  # of a setting
ON_GOING: Final = 0b100  # bit of transactionStatus
ENERGY_STEP_WH: Final = 1.0  # the interface shows kWh with three decimals

T = TypeVar("T")


class LiveMeasure(msgspec.Struct, frozen=True, rename="camel"):
    """Answer of /v1/livemeasure: V, A, kW, kWh."""

    voltage: float
    current: float
    power: float
    energy_import_total: float
    energy_export_total: float


class StatusBits(msgspec.Struct, frozen=True, rename="camel"):
    """What the meter says of itself."""

    transaction_is_on_going: bool
    tampering_is_detected: bool = False


class StatusFlags(msgspec.Struct, frozen=True):
    """Its bits, by name."""

    bits: StatusBits


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """Answer of /v1/status."""

    meter_id: str
    public_key_ocmf: str
    status: StatusFlags


class Begun(msgspec.Struct, frozen=True):
    """Answer to POST /v1/legal."""

    running: bool


class Current(msgspec.Struct, frozen=True, rename="camel"):
    """Answer to GET /v1/legal: the transaction that runs or ran last."""

    transaction_id: str


class MeterValue(msgspec.Struct, frozen=True, rename="camel"):
    """State of a transaction."""

    transaction_status: int


class Ended(msgspec.Struct, frozen=True, rename="camel"):
    """Answer to PUT /v1/legal."""

    meter_value: MeterValue


class Accepted(msgspec.Struct, frozen=True):
    """Answer to PUT /v1/settings."""

    result: int


class DcbmMeter:
    """Satisfies `hal.board.SigningMeter`. `url`: `http://host:port`; raises `ValueError` for another form."""

    def __init__(self, url: str, mono: Callable[[], float], *, serial: str | None = None) -> None:
        self._url = url
        self._endpoint = http.parse_url(url)
        self._mono = mono
        self._wanted_serial = serial
        self._status: Status | None = None

    async def read(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> MeterSample:
        """Measure now. Raises `MeterError`."""
        return await self._within(deadline_s, self._read)

    async def public_key(self, *, deadline_s: float = SIGNING_DEADLINE_S) -> str:
        """The key that verifies what it signs. Raises `MeterError`."""
        return (await self._within(deadline_s, self._identify)).public_key_ocmf

    async def start_transaction(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """Begin; this meter signs begin and end in one. Raises `MeterError`."""
        return await self._within(deadline_s, lambda: self._start(transaction))

    async def stop_transaction(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """End, with the signed record. Raises `MeterError`."""
        return await self._within(deadline_s, lambda: self._stop(transaction))

    async def _within(self, deadline_s: float, work: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(deadline_s):
                return await work()
        except TimeoutError:
            self._status = None
            raise MeterError(MeterErrorKind.TIMEOUT, f"{self._url}: no answer within {deadline_s:g} s") from None
        except MeterError:
            self._status = None
            raise

    async def _read(self) -> MeterSample:
        status = self._status or await self._identify()
        live = await self._json("GET", "/v1/livemeasure", LiveMeasure)
        return MeterSample(
            taken_mono_s=self._mono(),
            energy_import_wh=round(live.energy_import_total * 1000.0, 3),
            energy_export_wh=round(live.energy_export_total * 1000.0, 3),
            serial=status.meter_id,
            power_w=live.power * 1000.0,
            voltage_v=(live.voltage,),
            current_a=(live.current,),
            resolution_wh=ENERGY_STEP_WH,
        )

    async def _identify(self) -> Status:
        status = await self._json("GET", "/v1/status", Status)
        if self._wanted_serial is not None and status.meter_id != self._wanted_serial:
            detail = f"serial number {status.meter_id}, configured is {self._wanted_serial}"
            raise MeterError(MeterErrorKind.WRONG_IDENTITY, detail)
        if status.status.bits.tampering_is_detected:
            raise MeterError(MeterErrorKind.TAMPERED, f"{self._url}: the meter says that it has been tampered with")
        self._status = status
        return status

    async def _start(self, transaction: MeterTransaction) -> MeterSample:
        status = await self._identify()
        if status.status.bits.transaction_is_on_going:
            running = (await self._json("GET", "/v1/legal", Current)).transaction_id
            if running == transaction.id:
                return await self._read()  # an earlier attempt, whose answer was lost
            await self._end(running)
        if transaction.utc_s is not None:
            await self._set_time(transaction.utc_s)
        order = {
            "evseId": transaction.evse_id,
            "transactionId": transaction.id,
            "clientId": transaction.token,
            "tariffId": 0,
            "cableId": 0,
            "userData": "",
        }
        if not (await self._json("POST", "/v1/legal", Begun, order, CREATED)).running:
            raise MeterError(MeterErrorKind.SIGNATURE, f"{self._url}: the transaction does not run; try again")
        return await self._read()

    async def _stop(self, transaction: MeterTransaction) -> MeterSample:
        status = await self._identify()
        if status.status.bits.transaction_is_on_going:
            await self._end(transaction.id)
        target = f"/v1/ocmf?transactionId={quote(transaction.id, safe='')}"
        record = (await self._ask("GET", target)).decode("utf-8", errors="replace")
        if not record:
            raise MeterError(MeterErrorKind.SIGNATURE, f"{self._url}: no record of transaction {transaction.id}")
        return replace(await self._read(), signed=SignedReading(record, public_key=status.public_key_ocmf))

    async def _end(self, transaction_id: str) -> None:
        target = f"/v1/legal?transactionId={quote(transaction_id, safe='')}"
        ended = await self._json("PUT", target, Ended, {"running": False})
        if ended.meter_value.transaction_status & ON_GOING:
            raise MeterError(MeterErrorKind.SIGNATURE, f"{self._url}: the transaction has not ended; try again")

    async def _set_time(self, utc_s: float) -> None:
        stamp = datetime.fromtimestamp(utc_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        accepted = await self._json("PUT", "/v1/settings", Accepted, {"time": {"utc": stamp}})
        if accepted.result != ACCEPTED:
            raise MeterError(MeterErrorKind.SIGNATURE, f"{self._url}: the meter does not take the time; try again")

    async def _json(
        self, method: str, target: str, kind: type[T], body: dict[str, Any] | None = None, status: int = OK
    ) -> T:
        answer = await self._ask(method, target, b"" if body is None else msgspec.json.encode(body), status)
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.MsgspecError as error:
            detail = f"{self._url}{target}: {error}"
            raise MeterError(MeterErrorKind.EXCEPTION, detail) from error

    async def _ask(self, method: str, target: str, body: bytes = b"", status: int = OK) -> bytes:
        try:
            answer = await http.request(self._endpoint, method, target, body)
        except http.HttpError as error:
            raise MeterError(MeterErrorKind.EXCEPTION, f"{self._url}{target}: {error}") from error
        except OSError as error:
            detail = f"{self._url} cannot be reached: {error}; check cabling and address"
            raise MeterError(MeterErrorKind.DISCONNECTED, detail) from error
        if answer.status != status:
            detail = f"{self._url}{target}: status {answer.status}, expected {status}"
            raise MeterError(MeterErrorKind.EXCEPTION, detail)
        return answer.body
