"""B02, B03: who may charge before any CSMS has accepted the station (TxBeforeAcceptedEnabled). No case has it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, SILENCE
from tests.octt.bench import Bench

UNKNOWN_MAY = {"AuthCtrlr.OfflineTxForUnknownIdEnabled": True}
FREE = {"AuthCtrlr.Enabled": False}
NOT_YET = {"TxCtrlr.TxBeforeAcceptedEnabled": False}
WAIT_S = 120


def pending(**settings: Any) -> pytest.MarkDecorator:
    """A station that the CSMS keeps waiting."""
    answers = {"BootNotification": BOOT_ACCEPTED | {"status": "Pending", "interval": 60}}
    return pytest.mark.bench(accepted=False, answers=answers, settings=settings)


async def accepted(bench: Bench) -> None:
    bench.tool.answers["BootNotification"] = BOOT_ACCEPTED
    await bench.tool.until(lambda: bench.tool.calls("StatusNotification"))


async def comes_to_charge(bench: Bench) -> None:
    bench.plug()
    await asyncio.sleep(5)
    bench.present()
    await asyncio.sleep(30)


@pytest.mark.req("B02.FR.02", "B02.FR.03", "B03.FR.01")
@pending(**UNKNOWN_MAY)
async def test_a_driver_whom_the_station_authorises_itself_charges_while_it_waits_and_the_csms_is_told_later(
    bench: Bench,
):
    await comes_to_charge(bench)
    assert bench.closed
    assert bench.tool.calls("TransactionEvent") == []
    await accepted(bench)
    begin = (await bench.tool.heard_of("TransactionEvent"))[0].payload
    assert begin["eventType"] == "Started"
    assert begin["offline"]
    bench.tool.forget()


@pytest.mark.req("B02.FR.03", "B03.FR.01")
@pending(**UNKNOWN_MAY, **NOT_YET)
async def test_nobody_charges_before_the_csms_has_accepted_the_station_where_that_is_not_wanted(bench: Bench):
    await comes_to_charge(bench)
    assert not bench.closed
    await accepted(bench)
    bench.present()
    await asyncio.sleep(30)
    assert bench.closed
    bench.tool.forget()


@pending(**FREE, **NOT_YET)
async def test_a_car_that_waits_for_free_energy_gets_it_when_the_csms_accepts_the_station(bench: Bench):
    bench.plug()
    await asyncio.sleep(WAIT_S)
    assert not bench.closed
    await accepted(bench)
    await asyncio.sleep(30)
    assert bench.closed
    bench.tool.forget()


@pytest.mark.bench(settings=UNKNOWN_MAY | NOT_YET)
async def test_a_station_that_was_accepted_once_charges_offline_after_every_restart(bench: Bench):
    assert await bench.value("OCPPCommCtrlr.AcceptedBefore") == "true"
    bench.tool.answers["BootNotification"] = SILENCE
    await bench.power_cycle()
    await comes_to_charge(bench)
    assert bench.closed
