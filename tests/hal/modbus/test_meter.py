from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from hal.errors import MeterError
from hal.modbus.meter import ModbusMeter
from hal.modbus.profile import load_profile
from hal.modbus.schema import Profile
from hal.types import MeterErrorKind, MeterSample
from sim.modbus_server import MeterSlave
from tests.hal.modbus.helpers import CHARGING, LINES, PROFILE_NAMES, charging, now


class OddSlave(MeterSlave):
    """Answers some requests otherwise than its profile says."""

    def __init__(self, profile: Profile, source: Callable[[], MeterSample]) -> None:
        super().__init__(profile, source)
        self.replies: dict[bytes, bytes] = {}

    def answer(self, pdu: bytes) -> bytes | None:
        return self.replies.get(pdu) or super().answer(pdu)


class Wiring:
    """A meter, the slave it reads, and what that slave measures."""

    def __init__(self, name: str) -> None:
        self.profile = load_profile(name)
        self.measures = CHARGING
        self.slave = OddSlave(self.profile, lambda: self.measures)
        self.meter: ModbusMeter


@asynccontextmanager
async def wired(name: str = "abb_b2x", line: str = "tcp", serial: str | None = None) -> AsyncIterator[Wiring]:
    wiring = Wiring(name)
    async with LINES[line](wiring.slave) as (bus, _):
        wiring.meter = ModbusMeter(wiring.profile, bus, 1, now, serial=serial)
        yield wiring


async def failure(meter: ModbusMeter) -> MeterErrorKind:
    with pytest.raises(MeterError) as caught:
        await meter.read()
    return caught.value.kind


async def test_the_samples_time_is_when_the_first_answer_came() -> None:
    async with wired() as w:
        await w.meter.read()
        w.slave.delay_s = 0.25
        begun_s = now()
        sample = await w.meter.read()
        assert sample.taken_mono_s == pytest.approx(begun_s + 0.25)
        assert now() == pytest.approx(begun_s + 0.5)  # ABB needs two requests


async def test_a_meter_that_stops_answering_never_gives_its_old_values_again() -> None:
    async with wired() as w:
        first = await w.meter.read()
        w.slave.silent = True
        assert [await failure(w.meter) for _ in range(3)] == [MeterErrorKind.TIMEOUT] * 3
        w.slave.silent = False
        w.measures = charging(energy_import_wh=130_000.0)
        again = await w.meter.read()
        assert again.energy_import_wh == 130_000.0
        assert again.taken_mono_s > first.taken_mono_s + 1.0


async def test_energy_that_is_no_number_fails_the_reading() -> None:
    async with wired("eastron_sdm630") as w:
        w.measures = charging(energy_import_wh=float("nan"))
        assert await failure(w.meter) is MeterErrorKind.NAN


async def test_another_quantity_that_is_no_number_is_left_out() -> None:
    async with wired("eastron_sdm630") as w:
        w.measures = charging(power_factor=None, voltage_v=(230.0,))
        sample = await w.meter.read()
        assert sample.power_factor is None
        assert sample.voltage_v == (230.0,)
        assert sample.power_w == 3450.0


# Identity


async def test_the_configured_meter_is_accepted() -> None:
    async with wired(serial="12345") as w:
        assert (await w.meter.read()).serial == "12345"


@pytest.mark.parametrize("name", PROFILE_NAMES)
async def test_another_meter_than_the_configured_one_is_refused(name: str) -> None:
    async with wired(name, serial="999") as w:
        assert await failure(w.meter) is MeterErrorKind.WRONG_IDENTITY
        assert await failure(w.meter) is MeterErrorKind.WRONG_IDENTITY


async def test_a_meter_exchanged_while_it_was_silent_is_noticed() -> None:
    async with wired(serial="12345") as w:
        await w.meter.read()
        w.slave.silent = True
        await failure(w.meter)
        w.slave.silent = False
        w.measures = charging(serial="777")
        assert await failure(w.meter) is MeterErrorKind.WRONG_IDENTITY


async def test_without_a_configured_serial_the_meters_own_is_reported() -> None:
    async with wired() as w:
        await w.meter.read()
        w.slave.silent = True
        await failure(w.meter)
        w.slave.silent = False
        w.measures = charging(serial="777")
        assert (await w.meter.read()).serial == "777"


async def test_a_serial_number_in_letters_is_read() -> None:
    async with wired("carlo_gavazzi_em340", serial="KU0123X") as w:
        w.measures = charging(serial="KU0123X")
        assert (await w.meter.read()).serial == "KU0123X"


async def test_a_meter_of_another_model_is_refused() -> None:
    async with wired("carlo_gavazzi_em340") as w:
        w.slave.replies[b"\x04\x00\x0b\x00\x01"] = b"\x04\x02\x06\xd0"  # 1744: an EM530
        assert await failure(w.meter) is MeterErrorKind.WRONG_IDENTITY


async def test_a_meter_without_a_serial_register_is_read_all_the_same() -> None:
    async with wired() as w:
        w.slave.replies[b"\x03\x89\x00\x00\x02"] = b"\x83\x02"
        assert (await w.meter.read()).serial is None


async def test_a_meter_that_hides_its_configured_serial_is_refused() -> None:
    async with wired(serial="12345") as w:
        w.slave.replies[b"\x03\x89\x00\x00\x02"] = b"\x83\x02"
        assert await failure(w.meter) is MeterErrorKind.WRONG_IDENTITY


async def test_a_slow_meters_reading_ends_at_its_deadline() -> None:
    async with wired() as w:
        w.slave.delay_s = 0.35
        with pytest.raises(MeterError) as caught:
            await w.meter.read(deadline_s=0.5)
        assert caught.value.kind is MeterErrorKind.TIMEOUT
        assert now() == pytest.approx(0.5)


async def test_two_readers_of_one_meter_both_get_true_values() -> None:
    async with wired() as w:
        w.measures = charging(power_w=10.0)
        samples: list[MeterSample] = await asyncio.gather(w.meter.read(), w.meter.read())
        assert [sample.power_w for sample in samples] == [10.0, 10.0]
