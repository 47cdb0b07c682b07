"""Cars that talk, paused, stopped and woken over the control API."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.core.events import LimitSet
from agent.core.limits import LimitInput, LimitSource
from agent.core.session import Needs
from sim.blackbox import BlackBox
from tests.sim.blackboxes import SETTINGS, V2G, physics, running, view
from tests.sim.test_blackbox_contract import told
from tests.sim.test_blackbox_dc import DC

KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "AC": ({"evse": 1, "protocol": "iso15118"}, {"v2g": V2G}),
    "DC": ({"evse": 1, "protocol": "iso15118", "energy": "DC", "current_a": 100}, {"options": DC, "kind": "DC"}),
}


def needs(box: BlackBox) -> Needs:
    """What the car has said that it needs."""
    agent = box._host.agent
    assert agent is not None
    said = agent.charge_point.session(1).digital.needs
    assert said is not None
    return said


@pytest.mark.parametrize("kind", KINDS)
async def test_a_car_that_pauses_comes_back_to_its_session_and_asks_for_the_rest(tmp_path: Path, kind: str):
    car, more = KINDS[kind]
    async with running(tmp_path, **more, **SETTINGS) as box:
        listening, heard = told(box)
        await box.command("plug_in", {**car, "departure_s": 7200})
        await asyncio.sleep(25)
        flowing_a = (await physics(box)).current_a[0]
        assert flowing_a > 0
        first = needs(box)
        await box.command("ev_pause", {"evse": 1})
        await asyncio.sleep(20)
        assert [one.facts["ended"] for one in heard] == ["paused"]
        assert (await physics(box)).current_a[0] == 0.0
        assert (await view(box)).status == "SuspendedEV"
        tx = (await view(box)).transaction
        await box.command("ev_resume", {"evse": 1})
        await asyncio.sleep(30)
        assert (await physics(box)).current_a[0] == pytest.approx(flowing_a, abs=0.2)
        rest = needs(box)
        assert first.energy_wh is not None
        assert rest.energy_wh is not None
        taken_wh = (await physics(box)).true_energy_wh
        assert first.energy_wh - taken_wh - 1 <= rest.energy_wh < first.energy_wh
        assert first.departure_utc_s is not None
        assert rest.departure_utc_s is not None
        passed_s = first.departure_utc_s - rest.departure_utc_s  # by a wall clock that all but stands still here
        assert passed_s == pytest.approx(45, abs=10)
        again = (await view(box)).transaction
        assert tx is not None
        assert again is not None
        assert again.id == tx.id
        listening.cancel()


async def test_a_car_that_was_stopped_for_want_of_current_is_woken_and_begins_again(tmp_path: Path):
    car, more = KINDS["AC"]
    async with running(tmp_path, **more, **SETTINGS) as box:
        listening, heard = told(box)
        await box.command("plug_in", car)
        await asyncio.sleep(30)
        limit(box, 0.0)
        await asyncio.sleep(30)
        assert [one.facts["ended"] for one in heard] == ["done"]
        assert (await physics(box)).current_a[0] == 0.0
        limit(box, 10.0)
        await asyncio.sleep(40)
        assert (await physics(box)).current_a[0] == pytest.approx(10.0, abs=0.1)
        listening.cancel()


async def test_a_car_that_is_full_is_not_woken_into_session_after_session(tmp_path: Path):
    car, more = KINDS["AC"]
    async with running(tmp_path, **more, **SETTINGS) as box:
        listening, heard = told(box)
        await box.command("ev", {"evse": 1, "soc": 79.9, "target_soc": 80})
        await box.command("plug_in", car)
        await asyncio.sleep(120)
        assert [one.facts["ended"] for one in heard] == ["done"]
        assert (await physics(box)).current_a[0] == 0.0
        listening.cancel()


def limit(box: BlackBox, current_a: float) -> None:
    agent = box._host.agent
    assert agent is not None
    agent.charge_point.post(1, LimitSet(LimitInput(LimitSource.GRID, current_a)))
