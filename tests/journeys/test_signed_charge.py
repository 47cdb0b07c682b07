"""A charge at an EVSE whose meter signs: what the CSMS got proves what flowed and what was billed."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

from csms import views
from csms.proofs import Verdict
from hal.remote import RemoteBoard
from sim.hardware import MeterLink
from sim.stage.place import Place
from tests.hal.bench import served
from tests.journeys.place import IDENTITY, TAG, place
from tests.journeys.transparency import Statement, key_of, signed_values, statement

SIGN = {"SampledDataCtrlr.SignReadings": True}
SIGNED_S = 2.0  # a record says whole seconds, and is made a moment after it is asked for
METERS = ["bauer_bsm", "lem_dcbm"]


async def told(p: Place, tx: str) -> list[tuple[str, dict[str, str]]]:
    """What the CSMS stored of a session's readings, signed values only."""
    readings = await p.csms.store.read(lambda database: database.readings(IDENTITY, tx))
    return signed_values(value for one in readings for value in json.loads(one.sampled))


async def proven(p: Place) -> tuple[Any, Statement]:
    """The newest bill, and what its signed records say."""
    bill = (await p.bills())[-1]
    return bill, statement(await told(p, bill.tx))


@pytest.mark.req("E02.FR.14", "E07.FR.12", "J02.FR.21")
@pytest.mark.parametrize(("version", "meter"), [*itertools.product(["1.6", "2.0.1"], METERS), ("2.1", METERS[0])])
async def test_what_the_csms_got_proves_the_bill(tmp_path, version, meter):
    async with place(tmp_path, version, link=MeterLink(meter), settings=SIGN) as p:
        await p.charge(60)
        bill, said = await proven(p)
        assert said.faults == []
        assert said.user == TAG
        assert said.energy_wh == bill.energy_wh
        assert abs(float(said.energy_wh) - p.true_wh()) <= 1.0
        assert said.key == p.session().meter_key
        assert abs(said.began.timestamp() - bill.started_utc_s) <= SIGNED_S
        assert abs(said.ended.timestamp() - bill.ended_utc_s) <= SIGNED_S
        assert {one.verdict for one in await views.proofs(p.csms, bill)} == {Verdict.VERIFIED}


async def test_a_meter_that_was_tampered_with_is_found_out(tmp_path):
    async with place(tmp_path, "1.6", link=MeterLink("bauer_bsm"), settings=SIGN) as p:
        assert p.station.hardware.signing is not None
        p.station.hardware.signing.signers[1].tamper = True
        await p.charge(20)
        bill, said = await proven(p)
        assert [one[:22] for one in said.faults] == ["the signature is wrong"] * 2
        assert {one.verdict for one in await views.proofs(p.csms, bill)} == {Verdict.WRONG}


async def test_a_record_that_was_taken_away_is_found_out(tmp_path):
    async with place(tmp_path, link=MeterLink("bauer_bsm"), settings=SIGN) as p:
        assert p.station.hardware.signing is not None
        p.station.hardware.signing.signers[1].skip_page = True
        await p.charge(20)
        _, said = await proven(p)
        assert [one[:17] for one in said.faults] == ["a page is missing"]


async def test_signed_readings_between_begin_and_end_prove_the_way_of_the_energy(tmp_path):
    more = {"SampledDataCtrlr.SignUpdatedReadings": True, "SampledDataCtrlr.SignStartedReadings": True}
    async with place(tmp_path, "1.6", link=MeterLink("bauer_bsm"), settings=SIGN | more) as p:
        await p.charge(130)
        bill, said = await proven(p)
        assert said.faults == []
        assert said.reasons == ["B", "C", "C", "E"]
        assert said.energy_wh == bill.energy_wh


@pytest.mark.parametrize("meter", METERS)
async def test_after_a_power_cut_the_signed_end_is_that_of_the_transaction_that_was_cut(tmp_path, meter):
    async with place(tmp_path, "2.0.1", link=MeterLink(meter), settings=SIGN) as p:
        assert p.station.hardware.signing is not None
        p.plug_in()
        p.tap()
        await asyncio.sleep(60)
        await p.station.kill()
        await asyncio.sleep(5)  # the lease is over
        p.station.hardware.signing.lose_power()
        p.station.boot()
        await asyncio.sleep(30)
        bill, said = await proven(p)
        assert bill.reason == "PowerLoss"
        assert said.energy_wh == bill.energy_wh
        assert said.user == TAG
        assert said.reasons[0] == "B"
        p.tap()
        await asyncio.sleep(30)
        p.tap()
        await asyncio.sleep(15)
        second, said = await proven(p)
        assert second.tx != bill.tx
        assert (said.faults, said.energy_wh) == ([], second.energy_wh)


async def test_it_is_the_same_with_the_hardware_in_a_process_of_its_own(tmp_path):
    async with place(tmp_path, link=MeterLink("bauer_bsm"), settings=SIGN) as p:
        await p.station.halt()
        async with served(p.station.hardware.guarded, tmp_path / "hal.sock"):
            board = RemoteBoard(tmp_path / "hal.sock")
            await board.start()
            p.station.run_on(board)
            await asyncio.sleep(2)
            await p.charge(20)
            bill, said = await proven(p)
            assert (said.faults, said.user, said.energy_wh) == ([], TAG, bill.energy_wh)
            await p.station.halt()
            await board.close()


async def test_the_key_can_be_read_before_anybody_charges(tmp_path):
    async with place(tmp_path, "1.6", evses=2, link=MeterLink("bauer_bsm"), settings=SIGN) as p:
        answered = await p.csms.settings(IDENTITY, ["MeterPublicKey1", "MeterPublicKey2"])
        told_keys = [key_of(one.value) for one in answered.settings]
        assert told_keys == [p.session(1).meter_key, p.session(2).meter_key]
        assert len(set(told_keys)) == 2


async def test_a_station_whose_meter_does_not_sign_makes_no_promise_of_it(tmp_path):
    async with place(tmp_path, "1.6") as p:
        settings = p.station.agent.settings
        assert settings.find16("SampledDataSignReadings") is None
        assert settings.find("SampledDataCtrlr", "SignReadings") is None


async def test_a_meter_that_does_not_sign_lets_no_energy_flow_until_it_does(tmp_path):
    async with place(tmp_path, link=MeterLink("bauer_bsm"), settings=SIGN) as p:
        assert p.station.hardware.signing is not None
        device: Any = p.station.hardware.signing.devices[1]
        device.refuses = True
        p.plug_in()
        p.tap()
        await asyncio.sleep(20)
        assert p.true_wh() == 0.0
        assert "meter" in p.session().faults
        device.refuses = False
        await asyncio.sleep(20)
        assert p.true_wh() > 0.0
        assert not p.session().faults
