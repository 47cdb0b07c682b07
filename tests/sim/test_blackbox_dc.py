"""Cars that talk, asked for over the control API."""

from __future__ import annotations

import asyncio

import pytest

from sim.commands import CommandError, parse
from tests.sim.blackboxes import SETTINGS, physics, running, view

DC = {"evse": {"socket": False, "dc": {"max_voltage_v": 500, "max_current_a": 125, "max_power_w": 50_000}}}
CAR = {"evse": 1, "protocol": "iso15118", "energy": "DC", "payment": "EIM", "current_a": 100, "departure_s": 3600}


async def test_a_dc_car_is_plugged_in_charges_and_is_pulled(tmp_path):
    async with running(tmp_path, options=DC, kind="DC", **SETTINGS) as box:
        await box.command("plug_in", CAR)
        await asyncio.sleep(30)
        assert (await physics(box)).current_a[0] == pytest.approx(100.0)
        assert (await view(box)).status == "Charging"
        await box.command("plug_out", {"evse": 1, "graceful": False})
        await asyncio.sleep(5)
        assert (await physics(box)).current_a[0] == 0.0
        assert (await view(box)).status == "Available"


async def test_a_car_that_talks_needs_a_charger_that_does(tmp_path):
    async with running(tmp_path, **SETTINGS) as box:
        with pytest.raises(CommandError, match=r"\[evse\.v2g\]"):
            await box.command("plug_in", {**CAR, "energy": "AC", "current_a": 16})


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"protocol": "iec61851"}, "energy"),
        ({"protocol": "iec61851", "energy": "AC", "current_a": 16}, "departure_s"),
        ({"energy": "AC"}, "current_a"),
        ({"payment": "Contract", "protocol": "iec61851", "energy": "AC", "current_a": 16}, "payment"),
        ({"payment": "Cash"}, "payment"),
        ({"payment": "Contract", "contract": "../secret"}, "contract"),
    ],
)
def test_a_car_that_cannot_be_is_refused_by_the_argument_to_blame(changes, argument):
    with pytest.raises(CommandError) as refused:
        parse("plug_in", CAR | changes)
    assert refused.value.argument == argument
