"""Signing meters of the simulator: what they know outlives a power cut, and can be told to lie."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec.structs import replace

from hal import signing
from hal.errors import MeterError
from hal.types import MeterTransaction, Moment, SignedReading
from sim.hardware import MeterLink
from sim.world import World, WorldSpec
from tests.hal.signatures import verified

TX = MeterTransaction("tx-1", "AABBCCDD", utc_s=1_800_000_000.0)


async def signed(world: World, moment: Moment) -> SignedReading | None:
    """What the meter of EVSE 1 signs now."""
    guard = await world.power_up()
    return (await signing.sign(guard.evses[1].meter, moment, TX)).signed


def payload(record: SignedReading) -> dict:
    return json.loads(record.data.split("|")[1])


@pytest.mark.parametrize(("profile", "pages"), [("bauer_bsm", ["T1", "T2"]), ("lem_dcbm", ["T1"])])
async def test_pages_key_and_an_open_transaction_outlive_a_power_cut(profile, pages):
    world = World(WorldSpec(link=MeterLink(profile)))
    try:
        begin = await signed(world, Moment.BEGIN)
        await world.power_down()
        end = await signed(world, Moment.END)
        assert end is not None
        records = [end] if begin is None else [begin, end]
        assert [payload(one)["PG"] for one in records] == pages
        assert all(verified(one.data, end.public_key) for one in records)
        assert payload(end)["ID"] == "AABBCCDD"
        reasons = [reading["TX"] for one in records for reading in payload(one)["RD"]]
        assert reasons == ["B", "P" if begin is None else "E"]
    finally:
        await world.close()


async def test_after_the_cut_the_meter_measures_what_flows_then():
    world = World(replace(WorldSpec(link=MeterLink("bauer_bsm")), start_wh=1000.0))
    try:
        await world.power_up()
        await world.power_down()
        end = await signed(world, Moment.END)
        assert end is not None
        assert payload(end)["RD"][0]["XV"] == world.board.sample(1).energy_import_wh / 1000.0
    finally:
        await world.close()


async def test_a_meter_that_tampers_gives_records_that_no_key_verifies_until_it_is_mended():
    world = World(WorldSpec(link=MeterLink("bauer_bsm")))
    try:
        await world.power_up()
        for tampers in (True, False):
            (world.board.inject if tampers else world.board.clear)(1, "meter-tampers")
            await asyncio.sleep(0.1)
            record = await signed(world, Moment.BEGIN)
            assert record is not None
            assert verified(record.data, record.public_key) is not tampers
    finally:
        await world.close()


@pytest.mark.parametrize("profile", ["bauer_bsm", "lem_dcbm"])
async def test_a_silent_signing_meter_does_not_answer(profile):
    world = World(WorldSpec(link=MeterLink(profile)))
    try:
        guard = await world.power_up()
        world.board.inject(1, "meter-silent")
        await asyncio.sleep(0.1)
        with pytest.raises(MeterError):
            await signing.sign(guard.evses[1].meter, Moment.BEGIN, TX, deadline_s=2.0)
    finally:
        await world.close()
