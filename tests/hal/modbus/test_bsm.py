"""A meter that signs, end to end: a simulated BSM that really signs, our driver, and a verifier that is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from pymodbus.client import AsyncModbusTcpClient

from hal import ocmf
from hal.board import SigningMeter
from hal.errors import MeterError
from hal.modbus import sunspec
from hal.modbus.bsm import BsmMeter
from hal.modbus.bus import parse_url
from hal.types import MeterErrorKind, MeterSample, MeterTransaction
from sim.bsm_slave import BsmSlave
from sim.ocmf_signer import OcmfSigner
from tests.hal.modbus.helpers import CHARGING, LINES, charging, now, tcp
from tests.hal.signatures import verified

# The maker's own list (bsm-python, doc/modbus/bsm-ws36a-modbus-model-instances.txt): address, id, payload.
PUBLISHED = [
    (40002, 1, 66),
    (40070, 10, 4),
    (40076, 17, 12),
    (40090, 203, 105),
    (40197, 64900, 300),
    (40499, 64902, 20),
    *((40521 + 254 * number, 64901, 252) for number in range(5)),
    *((41791 + 500 * number, 64903, 498) for number in range(5)),
]
CHARGE = MeterTransaction(id="tx-1", token="AABBCCDD", evse_id="DE*XYZ*E1", utc_s=1_800_000_000.0)


class Wired:
    """A signing meter and its driver."""

    def __init__(self) -> None:
        self.energy_wh = 100_000.0
        self.signer = OcmfSigner("12345")
        self.slave = BsmSlave(self._measure, self.signer)
        self.meter: BsmMeter

    def _measure(self) -> MeterSample:
        return charging(energy_import_wh=self.energy_wh)

    @property
    def key(self) -> str:
        return self.signer.public_key.hex()

    async def start(self) -> str:
        return data_of(await self.meter.start_transaction(CHARGE))

    async def stop(self) -> str:
        return data_of(await self.meter.stop_transaction(CHARGE))


def data_of(sample: MeterSample) -> str:
    assert sample.signed is not None
    return sample.signed.data


@asynccontextmanager
async def wired(line: str = "tcp") -> AsyncIterator[Wired]:
    one = Wired()
    async with LINES[line](one.slave) as (bus, _):
        one.meter = BsmMeter(bus, 42, now)
        assert isinstance(one.meter, SigningMeter)
        yield one


async def test_the_simulated_meters_chain_is_the_makers_own() -> None:
    slave = BsmSlave(lambda: CHARGING, OcmfSigner("1"))
    async with tcp(slave) as (bus, _):
        address = parse_url(bus.url)
        async with AsyncModbusTcpClient(address.host, port=address.port) as client:
            at, chain = 40002, []
            while True:
                model_id, length = (await client.read_holding_registers(at, count=2, device_id=42)).registers
                if model_id == sunspec.END_ID:
                    break
                chain.append((at, model_id, length))
                at += 2 + length
    assert chain == PUBLISHED


@pytest.mark.parametrize("line", LINES)
async def test_a_charge_is_signed_at_its_beginning_and_its_end_and_the_pages_follow(line: str) -> None:
    async with wired(line) as w:
        w.slave.looks = 3
        begin = await w.meter.start_transaction(CHARGE)
        w.energy_wh += 150.0
        end = await w.meter.stop_transaction(CHARGE)
    assert begin.signed is not None
    assert end.signed is not None
    first, last = ocmf.parse(begin.signed.data), ocmf.parse(end.signed.data)
    assert (verified(first.text, w.key), verified(last.text, w.key)) == (True, True)
    assert begin.signed.public_key == end.signed.public_key == w.key
    assert ocmf.faults(first, last) == []
    assert (first.identification, first.page, last.page) == ("AABBCCDD", 1, 2)
    assert (first.readings[0].value, last.readings[0].value) == ("0.000", "0.150")
    assert (begin.energy_import_wh, end.energy_import_wh) == (100_000.0, 100_150.0)
    assert (begin.signed.encoding, begin.signed.method) == ("OCMF", "")


async def test_what_the_meter_signed_comes_byte_for_byte() -> None:
    async with wired() as w:
        data = await w.start()
        assert data == w.slave._records[3]


async def test_a_value_changed_after_signing_is_found_out() -> None:
    async with wired() as w:
        await w.start()
        w.energy_wh += 150.0
        w.signer.tamper = True
        data = await w.stop()
    assert ocmf.parse(data).readings[0].value == "10.150"
    assert not verified(data, w.key)


async def test_a_page_left_out_is_found_out() -> None:
    async with wired() as w:
        begin = await w.start()
        w.signer.skip_page = True
        end = await w.stop()
    assert verified(end, w.key)
    assert ocmf.faults(ocmf.parse(begin), ocmf.parse(end)) == [
        "page T3 does not follow T1: one is missing or more",
    ]


async def test_a_meter_that_lost_its_power_in_a_transaction_ends_it_with_key_pages_and_user_as_before() -> None:
    async with wired() as w:
        begin = await w.start()
        w.energy_wh += 100.0
        w.slave.silent = True
        with pytest.raises(MeterError):
            await w.meter.read()
        w.slave.lose_power()
        await asyncio.sleep(20.0)
        w.slave.silent = False
        w.energy_wh += 50.0
        end = await w.stop()
    assert verified(end, w.key)
    assert ocmf.faults(ocmf.parse(begin), ocmf.parse(end)) == []
    assert ocmf.parse(end).readings[0].value == "0.150"
    assert ocmf.parse(end).readings[0].time.endswith(" S")


async def test_another_process_can_end_what_one_began() -> None:
    one = Wired()
    async with tcp(one.slave) as (bus, _):
        begin = data_of(await BsmMeter(bus, 42, now).start_transaction(CHARGE))
    async with tcp(one.slave) as (bus, _):
        end = data_of(await BsmMeter(bus, 42, now).stop_transaction(CHARGE))
    assert ocmf.faults(ocmf.parse(begin), ocmf.parse(end)) == []


async def test_the_pages_of_many_charges_follow_each_other() -> None:
    async with wired() as w:
        records = [ocmf.parse(await act()) for _ in range(3) for act in (w.start, w.stop)]
    assert all(after.page == before.page + 1 for before, after in pairwise(records))


async def test_a_meter_without_the_time_says_so_in_what_it_signs() -> None:
    async with wired() as w:
        sample = await w.meter.start_transaction(MeterTransaction(id="tx", token="A"))
    reading = ocmf.parse(data_of(sample)).readings[0]
    assert (reading.errors, reading.time[-1]) == ("t", "U")


async def test_nobody_known_is_signed_as_such() -> None:
    async with wired() as w:
        sample = await w.meter.start_transaction(MeterTransaction(id="tx", utc_s=1.8e9))
    assert ocmf.parse(data_of(sample)).identified is False


async def test_a_meter_that_cannot_sign_says_so_and_may_be_asked_again() -> None:
    async with wired() as w:
        w.slave.refuses = True
        with pytest.raises(MeterError, match="the snapshot is failed") as caught:
            await w.start()
        assert caught.value.kind is MeterErrorKind.SIGNATURE
        w.slave.refuses = False
        assert verified(await w.start(), w.key)


async def test_a_meter_that_never_finishes_signing_ends_at_the_makers_time_out() -> None:
    async with wired() as w:
        w.slave.looks = 10_000
        begun_s = now()
        with pytest.raises(MeterError, match="not made in time"):
            await w.start()
        assert 14.0 < now() - begun_s <= 15.5


async def test_the_meter_is_read_as_ever_while_it_signs() -> None:
    async with wired() as w:
        w.slave.looks = 20
        signing = asyncio.ensure_future(w.start())
        await asyncio.sleep(1.0)
        assert (await w.meter.read()).energy_import_wh == 100_000.0
        assert not signing.done()
        assert verified(await signing, w.key)


async def test_the_simulated_meter_signs_the_same_bytes_in_every_run() -> None:
    async with wired() as one:
        first = await one.start()
    async with wired() as other:
        assert await other.start() == first


async def test_a_sunspec_meter_that_signs_nothing_is_told_apart() -> None:
    from sim.sunspec_slave import SunSpecSlave

    async with tcp(SunSpecSlave(lambda: CHARGING, 42)) as (bus, _):
        with pytest.raises(MeterError, match="it is no BSM"):
            await BsmMeter(bus, 42, now).start_transaction(CHARGE)
