"""What a meter signs reaches whoever asks: in the same process, and over the socket of a HAL in its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hal import signing
from hal.board import InterimSigner
from hal.errors import MeterError
from hal.remote import RemoteBoard
from hal.types import MeterErrorKind, MeterTransaction, Moment, Signs
from sim.board import BoardSpec
from sim.hardware import MeterLink, SimHardware
from tests.hal.bench import served
from tests.hal.signatures import verified

TX = MeterTransaction("tx-1", "AABBCCDD", "DE*XYZ*E1", 1_800_000_000.0)


@asynccontextmanager
async def remote(profile: str, directory: Path) -> AsyncIterator[tuple[SimHardware, RemoteBoard]]:
    """Simulated hardware with such a meter, and a client of its socket."""
    hardware = SimHardware(BoardSpec(), MeterLink(profile))
    await hardware.start()
    try:
        async with served(hardware.guarded, directory / "hal.sock"):
            board = RemoteBoard(directory / "hal.sock")
            await board.start()
            yield hardware, board
            await board.close()
    finally:
        await hardware.close()


@pytest.mark.parametrize(
    ("profile", "signs"), [("bauer_bsm", Signs.ALL), ("lem_dcbm", Signs.ENDS), ("eastron_sdm630", Signs.NOTHING)]
)
async def test_what_a_meter_can_sign_is_known_on_both_sides_of_the_socket(profile, signs, tmp_path):
    async with remote(profile, tmp_path) as (hardware, board):
        assert signing.ability(hardware.guarded.evses[1].meter) is signs
        assert signing.ability(board.evses[1].meter) is signs


async def test_records_arrive_over_the_socket_byte_for_byte_with_a_key_that_verifies_them(tmp_path):
    async with remote("bauer_bsm", tmp_path) as (_, board):
        meter = board.evses[1].meter
        assert isinstance(meter, InterimSigner)
        key = await meter.public_key()
        for moment in Moment:
            sample = await signing.sign(meter, moment, TX)
            assert sample.signed is not None
            assert sample.signed.public_key == key
            assert verified(sample.signed.data, key)
            assert '"ID":"AABBCCDD"' in sample.signed.data
            assert '"X2":"DE*XYZ*E1"' in sample.signed.data


async def test_a_meter_that_fails_to_sign_says_why_over_the_socket(tmp_path):
    async with remote("bauer_bsm", tmp_path) as (hardware, board):
        assert hardware.signing is not None
        hardware.signing.devices[1].refuses = True
        with pytest.raises(MeterError, match="failed") as failure:
            await signing.sign(board.evses[1].meter, Moment.BEGIN, TX)
        assert failure.value.kind is MeterErrorKind.SIGNATURE


async def test_off_does_not_wait_for_a_meter_that_takes_its_time(tmp_path):
    async with remote("bauer_bsm", tmp_path) as (hardware, board):
        assert hardware.signing is not None
        hardware.signing.devices[1].looks = 50  # ten seconds
        waiting = asyncio.create_task(signing.sign(board.evses[1].meter, Moment.END, TX))
        await asyncio.sleep(1.0)
        before_s = asyncio.get_running_loop().time()
        await board.evses[1].contactor.permit(False, "off")
        assert asyncio.get_running_loop().time() - before_s < 0.1
        assert not waiting.done()
        assert (await waiting).signed is not None


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_meter_that_cannot_sign_refuses(moment, tmp_path):
    async with remote("eastron_sdm630", tmp_path) as (_, board):
        with pytest.raises(MeterError):
            await signing.sign(board.evses[1].meter, moment, TX)
