"""A meter with a web interface that signs, end to end, and the HTTP client under it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal import http, ocmf
from hal.board import SigningMeter
from hal.dcbm import DcbmMeter
from hal.errors import MeterError
from hal.types import MeterErrorKind, MeterSample, MeterTransaction
from sim.dcbm_server import DcbmServer
from sim.ocmf_signer import OcmfSigner
from tests.hal.signatures import verified

CHARGE = MeterTransaction(id="tx/1 a", token="AABBCCDD", evse_id="DE*XYZ*E1", utc_s=1_800_000_000.0)


def now() -> float:
    return asyncio.get_running_loop().time()


class Wired:
    """A DC meter and its driver."""

    def __init__(self) -> None:
        self.energy_wh = 100_000.0
        self.signer = OcmfSigner("12024072805")
        self.server = DcbmServer(self._measure, self.signer)
        self.meter: DcbmMeter
        self.url = ""

    def _measure(self) -> MeterSample:
        return MeterSample(
            taken_mono_s=0.0,
            energy_import_wh=self.energy_wh,
            energy_export_wh=2000.0,
            serial="12024072805",
            power_w=50_000.0,
            voltage_v=(400.0,),
            current_a=(125.0,),
        )

    async def stop(self) -> str:
        sample = await self.meter.stop_transaction(CHARGE)
        assert sample.signed is not None
        assert sample.signed.public_key == self.signer.public_key.hex()
        return sample.signed.data

    async def failure(self) -> MeterError:
        with pytest.raises(MeterError) as caught:
            await self.meter.read()
        return caught.value


@asynccontextmanager
async def wired(serial: str | None = None) -> AsyncIterator[Wired]:
    one = Wired()
    one.url = await one.server.start()
    one.meter = DcbmMeter(one.url, now, serial=serial)
    assert isinstance(one.meter, SigningMeter)
    try:
        yield one
    finally:
        await one.server.stop()


async def test_kilowatts_and_kilowatt_hours_become_watts_and_watt_hours() -> None:
    async with wired() as w:
        sample = await w.meter.read()
    assert (sample.energy_import_wh, sample.energy_export_wh, sample.power_w) == (100_000.0, 2000.0, 50_000.0)
    assert (sample.voltage_v, sample.current_a, sample.serial) == ((400.0,), (125.0,), "12024072805")


async def test_the_figures_of_the_other_drivers_tests_are_read_as_it_reads_them() -> None:
    """EVerest, LemDCBM400600, test_get_powermeter."""
    async with wired() as w:
        w.server.replies["GET /v1/livemeasure"] = (
            200,
            """{"voltage": 4.2, "current": 4, "power": 3, "temperatureH": 0, "temperatureL": 0, "energyImportTotal": 1,
            "energyExportTotal": 2, "timestamp": "2023-09-10T21:10:08.068773"}""",
        )
        sample = await w.meter.read()
    assert (sample.energy_import_wh, sample.energy_export_wh, sample.power_w) == (1000.0, 2000.0, 3000.0)
    assert (sample.voltage_v, sample.current_a) == ((4.2,), (4.0,))


async def test_after_the_first_reading_one_request_is_enough() -> None:
    async with wired() as w:
        await w.meter.read()
        await w.meter.read()
        assert w.server.asked == ["GET /v1/status", "GET /v1/livemeasure", "GET /v1/livemeasure"]


async def test_a_charge_is_signed_begin_and_end_in_one_record() -> None:
    async with wired() as w:
        begun = await w.meter.start_transaction(CHARGE)
        w.energy_wh += 7_637.0
        record = ocmf.parse(await w.stop())
    assert begun.signed is None
    assert verified(record.text, w.signer.public_key.hex())
    assert ocmf.faults(ocmf.parse(record.text), record)[0].startswith("page T1 does not follow")
    assert [(reading.reason, reading.value) for reading in record.readings] == [("B", "0.000"), ("E", "7.637")]
    assert (record.identification, record.readings[0].time) == ("AABBCCDD", "2027-01-15T08:00:00,000+0000 S")


async def test_a_value_changed_after_signing_is_found_out() -> None:
    async with wired() as w:
        await w.meter.start_transaction(CHARGE)
        w.signer.tamper = True
        assert not verified(await w.stop(), w.signer.public_key.hex())


async def test_a_meter_that_lost_its_power_in_a_transaction_still_gives_its_record() -> None:
    async with wired() as w:
        await w.meter.start_transaction(CHARGE)
        w.energy_wh += 1000.0
        w.server.lose_power()
        record = ocmf.parse(await w.stop())
    assert verified(record.text, w.signer.public_key.hex())
    assert [reading.reason for reading in record.readings] == ["B", "P"]


async def test_a_start_whose_answer_was_lost_is_not_begun_twice() -> None:
    async with wired() as w:
        await w.meter.start_transaction(CHARGE)
        await w.meter.start_transaction(CHARGE)
        assert w.server.asked.count("POST /v1/legal") == 1


async def test_a_transaction_that_somebody_left_open_is_ended_first() -> None:
    async with wired() as w:
        await w.meter.start_transaction(MeterTransaction(id="old"))
        await DcbmMeter(w.url, now).start_transaction(CHARGE)
        assert "PUT /v1/legal?transactionId=old" in w.server.asked
        assert ocmf.parse(await w.stop()).page == 2


async def test_a_stop_can_be_asked_again() -> None:
    async with wired() as w:
        await w.meter.start_transaction(CHARGE)
        assert await w.stop() == await w.stop()


# Failures by their kind


async def test_silence_is_a_time_out() -> None:
    async with wired() as w:
        w.server.silent = True
        assert (await w.failure()).kind is MeterErrorKind.TIMEOUT


async def test_nobody_there_is_disconnected() -> None:
    async with wired() as w:
        await w.server.stop()
        error = await w.failure()
    assert error.kind is MeterErrorKind.DISCONNECTED
    assert "check cabling" in error.detail


@pytest.mark.parametrize(
    ("reply", "message"),
    [((403, ""), "status 403, expected 200"), ((200, "invalid"), "livemeasure"), ((200, "{}"), "voltage")],
)
async def test_an_answer_that_is_none_says_what_is_wrong(reply: tuple[int, str], message: str) -> None:
    async with wired() as w:
        w.server.replies["GET /v1/livemeasure"] = reply
        error = await w.failure()
    assert error.kind is MeterErrorKind.EXCEPTION
    assert message in error.detail


@pytest.mark.parametrize(
    ("request_line", "reply"),
    [
        ("POST /v1/legal", (201, '{"running": false}')),
        ("PUT /v1/settings", (200, '{"result": 0}')),
    ],
)
async def test_a_transaction_that_does_not_begin_is_said(request_line: str, reply: tuple[int, str]) -> None:
    async with wired() as w:
        w.server.replies[request_line] = reply
        with pytest.raises(MeterError, match="try again") as caught:
            await w.meter.start_transaction(CHARGE)
    assert caught.value.kind is MeterErrorKind.SIGNATURE


async def test_a_transaction_that_does_not_end_is_said() -> None:
    async with wired() as w:
        await w.meter.start_transaction(CHARGE)
        w.server.replies["PUT /v1/legal"] = (200, '{"meterValue": {"transactionStatus": 21}}')
        with pytest.raises(MeterError, match="has not ended"):
            await w.stop()


async def test_a_meter_that_was_opened_is_told_apart() -> None:
    async with wired() as w:
        w.server.tampered = True
        assert (await w.failure()).kind is MeterErrorKind.TAMPERED


async def test_another_meter_than_the_configured_one_is_refused() -> None:
    async with wired(serial="99") as w:
        assert (await w.failure()).kind is MeterErrorKind.WRONG_IDENTITY


# HTTP


@pytest.mark.realtime
async def test_another_client_reads_the_same_of_the_simulated_meter() -> None:
    async with wired() as w, httpx.AsyncClient() as client:
        answer = await client.get(f"{w.url}/v1/livemeasure")
        ours = await http.request(http.parse_url(w.url), "GET", "/v1/livemeasure")
    assert (ours.status, ours.body) == (answer.status_code, answer.content)


@asynccontextmanager
async def answering(data: bytes) -> AsyncIterator[http.Endpoint]:
    """A server that sends these bytes, whatever it is asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield http.Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiXX", b"hi"),
        (b"HTTP/1.0 200\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=1\r\nhi\r\n3\r\n ho\r\n0\r\n\r\n", b"hi ho"),
    ],
)
async def test_every_form_of_a_body_is_read(data: bytes, body: bytes) -> None:
    async with answering(data) as endpoint:
        assert await http.request(endpoint, "GET", "/") == http.Answer(200, body)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no HTTP answer"),
        (b"SSH-2.0-x\r\n\r\n", "no HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "ends after 2 of 9"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", "within a chunk"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000, "longer than"),
    ],
)
async def test_an_answer_that_breaks_off_is_none(data: bytes, message: str) -> None:
    async with answering(data) as endpoint:
        with pytest.raises(http.HttpError, match=message):
            await http.request(endpoint, "GET", "/")


@given(st.binary(max_size=80).map(lambda tail: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + tail))
def test_no_bytes_upset_the_reader(data: bytes) -> None:
    with contextlib.suppress(http.HttpError):
        assert isinstance(http._answer(data), http.Answer)


@pytest.mark.parametrize("url", ["https://meter", "http://", "meter:80", "http://meter/path"])
def test_a_wrong_address_says_what_was_expected(url: str) -> None:
    with pytest.raises(ValueError, match="expected http://host"):
        DcbmMeter(url, lambda: 0.0)


def test_an_address_has_its_default_port() -> None:
    assert http.parse_url("http://10.0.0.7") == http.Endpoint("10.0.0.7", 80)
