"""Stations of a fleet, on the virtual clock: drivers come and go, every visit is billed, and the tally is right."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from agent.runtime.clock import LoopClock
from agent.runtime.journal import Journal
from agent.runtime.schema import open_for_reading
from csms.server import Csms
from sim.board import SimBoard
from sim.fleet.journal import ForgetfulJournal
from sim.fleet.profile import Orders, Profile, Wave
from sim.fleet.station import FleetStation, Street
from sim.fleet.tally import Report, Tally, line, together

STATIONS = 3
SHORT = Profile(
    title="t", boot_within_s=6, period_s=110, waves=(Wave(at_s=10, within_s=10, share=1, stay_s=60, current_a=10),)
)


@pytest.fixture
async def csms():
    epoch = 1_800_000_000.0
    one = Csms(accept_all=True, now=lambda: epoch + asyncio.get_running_loop().time())
    one.add_token("FLEET")
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def forgetful(tmp_path):
    await Journal.open(tmp_path / "empty.sqlite").close()
    db = open_for_reading(tmp_path / "empty.sqlite")
    yield partial(ForgetfulJournal, tmp_path / "empty.sqlite", db)
    db.close()


def orders(csms: Csms, **fields) -> Orders:
    made = {"profile": SHORT, "sample_s": 10, "poll_s": 1.0, "modbus": False, "versions": ("2.0.1",)} | fields
    url = f"ws://127.0.0.1:{csms.port}/ocpp"
    return Orders(stations=STATIONS, first=0, count=STATIONS, url=url, prefix="F-", token="FLEET", **made)


@pytest.mark.parametrize("fields", [{}, {"versions": ("1.6",)}, {"modbus": True}], ids=["2.0.1", "1.6", "modbus"])
async def test_every_visit_of_every_driver_is_billed(csms, forgetful, tmp_path, fields):
    tally, told = Tally(), orders(csms, **fields)
    epoch = 1_800_000_000.0
    clock = LoopClock(lambda: epoch + asyncio.get_running_loop().time())
    street = Street(told, clock, tally, tmp_path, forgetful)
    stations = [FleetStation(street, number) for number in range(STATIONS)]
    lives = [asyncio.create_task(one.live()) for one in stations]
    await asyncio.sleep(8.0)
    assert tally.up == STATIONS
    assert csms.online == {f"F-{number}" for number in range(STATIONS)}
    assert all(one.online and not one.charging for one in stations)
    await asyncio.sleep(22.0)
    assert all(one.charging for one in stations)
    await asyncio.sleep(190.0)
    for life in lives:
        life.cancel()
    await asyncio.gather(*lives, return_exceptions=True)
    bills = await csms.sessions()
    closed = [bill for bill in bills if not bill.is_open]
    assert len(closed) >= 2 * STATIONS
    assert {bill.token for bill in bills} == {"FLEET"}
    # 10 A on three phases, from the token to the token
    assert all(bill.energy_wh == pytest.approx(3 * 230 * 10 * 56 / 3600, rel=0.1) for bill in closed)
    assert tally.problems == {}
    assert tally.answered == tally.sent > 20 * STATIONS
    assert tally.refused == 0
    assert tally.energy_wh >= sum(bill.energy_wh for bill in closed)


async def test_calls_that_are_refused_and_connections_that_are_lost_are_counted(csms, forgetful, tmp_path):
    tally = Tally()
    station = FleetStation(Street(orders(csms), LoopClock(), tally, tmp_path, forgetful), 0)
    life = asyncio.create_task(station.live())
    await asyncio.sleep(5.0)
    from csms.faults import Fault

    csms.faults.add(Fault(action="Authorize", error="InternalError"))
    await asyncio.sleep(60.0)
    assert tally.refused == 1
    await csms.stop()
    await asyncio.sleep(5.0)
    assert tally.problems == {"connection lost": 1}
    assert not station.online
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)


TASKS_MAX = 24  # of a station that waits for a driver; each is some 1.1 kB


async def test_a_station_that_waits_for_a_driver_has_few_tasks(csms, forgetful, tmp_path):
    street = Street(
        orders(csms, profile=Profile(title="t", boot_within_s=0)), LoopClock(), Tally(), tmp_path, forgetful
    )
    stations = [FleetStation(street, number) for number in range(STATIONS)]
    lives = [asyncio.create_task(one.live()) for one in stations]
    await asyncio.sleep(60.0)
    assert all(one.online for one in stations)
    of_stations = [task for task in asyncio.all_tasks() if packages(task) & {"agent", "hal", "sim"}]
    assert STATIONS < len(of_stations) <= STATIONS * TASKS_MAX
    for life in lives:
        life.cancel()
    await asyncio.gather(*lives, return_exceptions=True)


def packages(task: asyncio.Task[object]) -> set[str]:
    """The folders in which a task's coroutine is written."""
    code = getattr(task.get_coro(), "cr_code", None)
    return set() if code is None else set(Path(code.co_filename).parts)


async def test_faults_and_permissions_that_came_too_late_are_counted(csms, forgetful, tmp_path, monkeypatch):
    boards: list[SimBoard] = []

    def made() -> SimBoard:
        boards.append(SimBoard())
        return boards[0]

    monkeypatch.setattr("sim.fleet.station.SimBoard", made)
    street = Street(orders(csms), LoopClock(), Tally(), tmp_path, forgetful)
    station = FleetStation(street, 0)
    life = asyncio.create_task(station.live())
    await asyncio.sleep(30.0)
    assert station.charging
    assert street.tally.problems == {}
    boards[0].inject(1, "cp-silent")  # as a process that is too slow hears of no pilot in time
    await asyncio.sleep(5.0)
    boards[0].clear(1, "cp-silent")
    boards[0].inject(1, "door-open")
    await asyncio.sleep(1.0)
    slow, fault = sorted(street.tally.problems.items(), reverse=True)
    assert slow == ("too slow: a contactor has opened because its permission came too late", 1)
    assert fault[0].startswith("fault door")
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)


def test_what_processes_report_adds_up():
    one = Report(at_s=5.0, stations=2, up=2, answered=10, waited_s=0.1, longest_wait_s=0.05, problems={"lost": 1})
    other = Report(at_s=5.5, stations=3, up=1, answered=30, waited_s=0.3, longest_wait_s=0.02, problems={"lost": 2})
    both = together([one, other])
    assert (both.stations, both.up, both.answered, both.longest_wait_s) == (5, 3, 40, 0.05)
    assert both.problems == {"lost": 3}
    assert "3 up" in line(both, None)
    assert "answered in 10.0 ms" in line(both, None)
