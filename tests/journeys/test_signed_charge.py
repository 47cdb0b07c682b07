"""A charge at an EVSE whose meter signs: what was signed is what flowed and what was billed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from hal import ocmf
from hal.dcbm import DcbmMeter
from hal.modbus.bsm import BsmMeter
from hal.modbus.bus import ModbusBus
from hal.types import MeterTransaction
from sim.bsm_slave import BsmSlave
from sim.dcbm_server import DcbmServer
from sim.modbus_server import ModbusRtuServer, Pty
from sim.ocmf_signer import OcmfSigner
from tests.hal.signatures import verified
from tests.journeys.place import TAG, place

SIGNED_STEP_WH = 10.0  # these meters sign kWh with two decimals


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def bsm(source, signer):
    """A meter on a slow serial line."""
    pty = Pty()
    server = ModbusRtuServer([BsmSlave(source, signer)], pty.fd, baudrate=19200)
    server.start()
    bus = ModbusBus(f"serial://{pty.path}?baudrate=19200")
    try:
        yield BsmMeter(bus, 42, now)
    finally:
        await bus.close()
        server.stop()
        pty.close()


@asynccontextmanager
async def dcbm(source, signer):
    server = DcbmServer(source, signer)
    try:
        yield DcbmMeter(await server.start(), now)
    finally:
        await server.stop()


@pytest.mark.parametrize("kind", [bsm, dcbm])
async def test_what_the_meter_signed_is_what_flowed_and_what_was_billed(kind, tmp_path):
    signer = OcmfSigner("4711")
    async with place(tmp_path, "2.0.1") as p, kind(p.board.meter_source(1), signer) as meter:
        transaction = MeterTransaction(id="tx-1", token=TAG, evse_id="DE*XYZ*E1", utc_s=1_800_000_000.0)
        begin = await meter.start_transaction(transaction)
        await p.charge(900)
        end = await meter.stop_transaction(transaction)
        (bill,) = await p.bills()
    records = [ocmf.parse(one.signed.data) for one in (begin, end) if one.signed is not None]
    assert all(verified(record.text, end.signed.public_key) for record in records)
    assert all(record.identification == TAG for record in records)
    assert [reading.reason for record in records for reading in record.readings] == ["B", "E"]
    signed_wh = 1000.0 * float(records[-1].readings[-1].value)
    assert abs(signed_wh - p.true_wh()) <= SIGNED_STEP_WH
    assert abs(signed_wh - bill.energy_wh) <= SIGNED_STEP_WH
    assert abs(end.energy_import_wh - begin.energy_import_wh - p.true_wh()) <= 1.0
