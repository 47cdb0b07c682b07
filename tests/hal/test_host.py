"""From a configuration to a guarded board: names that do not exist, meters, and a charge on the simulated raw board."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hal.cli import command, load
from hal.errors import HalError, HalRefusedError
from hal.guard import Guard
from hal.host import HalConfig, open_board, open_guard
from hal.modbus.meter import ModbusMeter
from hal.registry import OWN, build_board
from hal.remote import RemoteBoard
from hal.types import (
    CpChanged,
    CpState,
    FaultKind,
    FaultRaised,
    LockChanged,
    LockState,
    MeterSampled,
    PermitLost,
    PpChanged,
    Rule,
)
from sim.board import SimBoard
from tests.hal.bench import Follower, until
from tests.hal.rig import DUTY_16A


def config(**hal: Any) -> HalConfig:
    return msgspec.convert(hal, HalConfig)


# Configuration


def test_a_key_that_does_not_exist_is_named(tmp_path: Path):
    written = tmp_path / "evse.toml"
    written.write_text('[hal]\nbord = "sim"\n', encoding="utf-8")
    with pytest.raises(HalError, match=r"evse\.toml: table \[hal\].*bord"):
        load(written)


def test_buses_and_meters_are_arrays_of_tables(tmp_path: Path):
    written = tmp_path / "evse.toml"
    written.write_text(
        '[hal]\nboard = "sim"\n[[hal.bus]]\nname = "a"\nurl = "tcp://localhost:502"\n'
        '[[hal.meter]]\nevse = 1\nprofile = "x"\nbus = "a"\nunit_id = 7\n',
        encoding="utf-8",
    )
    loaded = load(written)
    assert loaded.buses[0].url == "tcp://localhost:502"
    assert (loaded.meters[0].unit_id, loaded.meters[0].poll_s) == (7, 1.0)


@pytest.mark.parametrize(
    ("hal", "says"),
    [
        ({"board": "no-such"}, "board 'no-such' is unknown; installed are: .*sim"),
        ({"options": {"no": 1}}, "no"),
        ({"bus": [{"name": "a", "url": "ftp://x"}]}, "ftp://x"),
        ({"meter": [{"evse": 9, "profile": "x", "bus": "a", "unit_id": 1}]}, "EVSE 9 is unknown"),
        ({"meter": [{"evse": 1, "profile": "x", "bus": "a", "unit_id": 1}]}, "bus 'a' is unknown"),
        (
            {
                "bus": [{"name": "a", "url": "tcp://localhost:502"}],
                "meter": [{"evse": 1, "profile": "no-such-profile", "bus": "a", "unit_id": 1}],
            },
            "no-such-profile",
        ),
    ],
)
async def test_what_the_configuration_gets_wrong_is_named(hal: dict[str, Any], says: str):
    with pytest.raises(HalError, match=says):
        await open_board(config(**hal))


async def test_a_configured_meter_takes_the_place_of_the_boards_own():
    bus = {"name": "a", "url": "tcp://localhost:502"}
    meter = {"evse": 2, "profile": "eastron_sdm630", "bus": "a", "unit_id": 1}
    board = await open_board(config(options={"evses": 2}, bus=[bus], meter=[meter]))
    assert isinstance(board.evses[2].meter, ModbusMeter)
    assert board.evses[1].meter is not None
    assert not isinstance(board.evses[1].meter, ModbusMeter)


def test_an_evse_with_two_meters_is_refused():
    bus = {"name": "a", "url": "tcp://localhost:502"}
    meters = [{"evse": 1, "profile": "eastron_sdm630", "bus": "a", "unit_id": unit} for unit in (1, 2)]
    with pytest.raises(HalError, match="EVSE 1 has two meters"):
        open_guard(config(bus=[bus], meter=meters))


async def test_a_configured_socket_means_a_hal_in_another_process(tmp_path: Path):
    assert isinstance(await open_board(config(socket=str(tmp_path / "hal.sock"))), RemoteBoard)


def test_serving_without_a_socket_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    written = tmp_path / "evse.toml"
    written.write_text('[hal]\nboard = "sim"\n', encoding="utf-8")
    assert command(["serve", "--config", str(written)]) == 1
    assert "set hal.socket or give --socket" in capsys.readouterr().err


def test_the_registry_builds_a_raw_board_by_its_name():
    assert not build_board("sim", {}).info.guarded


def test_the_boards_known_by_name_are_those_that_the_hardware_layer_installs():
    installed = distribution("evse-agent").entry_points.select(group="evse.boards")
    own = {one.name: one.value for one in installed if one.module.startswith("hal.")}
    assert own == {name: f"hal.boards.{name}:open_board" for name in OWN}


# A charge on the simulated board, which enforces nothing; its physics are the oracle


@pytest.fixture
async def guard() -> AsyncIterator[Guard]:
    board = await open_board(config(board="sim"))
    assert isinstance(board, Guard)
    await board.start()
    yield board
    await board.close()


def simulated(guard: Guard) -> SimBoard:
    raw = guard._board
    assert isinstance(raw, SimBoard)
    return raw


async def charge(guard: Guard) -> asyncio.Task[None]:
    """Plug in, lock, offer, permit; returns what renews the permission."""
    evse = guard.evses[1]
    assert evse.lock is not None
    follower = Follower(evse.events())
    simulated(guard).plug_in(1)
    await until(lambda: any(isinstance(e, PpChanged) and e.ampacity_a for e in follower.events), within_s=5.0)
    await evse.lock.lock()
    await follower.heard(LockChanged(LockState.LOCKED))
    await evse.pilot.pwm(DUTY_16A)

    async def renew() -> None:
        while True:
            await evse.contactor.permit(True, "renewal")
            await asyncio.sleep(0.5)

    renewing = asyncio.create_task(renew())
    await until(lambda: simulated(guard).snapshot(1).mirror_closed, within_s=10.0)
    assert any(isinstance(e, CpChanged) and e.reading.state is CpState.C for e in follower.events)
    await follower.stop()
    return renewing


async def stop(renewing: asyncio.Task[None]) -> None:
    renewing.cancel()
    await asyncio.gather(renewing, return_exceptions=True)


async def test_a_simulated_car_charges_and_is_off_within_100_ms_when_it_pauses(guard: Guard):
    renewing = await charge(guard)
    raw = simulated(guard)
    await asyncio.sleep(60)
    assert raw.true_energy_wh(1) > 100
    raw.ev_pause(1)
    paused_s = asyncio.get_running_loop().time()
    await until(lambda: not any(raw.snapshot(1).poles), within_s=5.0)
    left_c_s = next(one.at_s for one in raw.trace if one.what == "cp" and one.at_s >= paused_s)
    opened_s = [one.at_s for one in raw.trace if one.what == "contactor"][-1]
    assert opened_s - left_c_s <= 0.1
    await stop(renewing)


async def test_a_simulated_cable_that_is_pulled_out_takes_the_power_with_it(guard: Guard):
    renewing = await charge(guard)
    raw = simulated(guard)
    raw.plug_out(1, graceful=False)
    pulled_s = asyncio.get_running_loop().time()
    await until(lambda: not any(raw.snapshot(1).poles), within_s=5.0)
    assert [one.at_s for one in raw.trace if one.what == "contactor"][-1] - pulled_s <= 0.1
    await stop(renewing)


@pytest.mark.parametrize(
    ("symptom", "fault"),
    [
        ("cp-short", FaultKind.CP_SHORT),
        ("diode-short", FaultKind.CP_DIODE),
        ("residual-dc", FaultKind.RCD_DC),
        ("contactor-no-close", FaultKind.NO_CLOSE),
        ("car-ignores-pilot", FaultKind.OVER_CURRENT),
        ("pp-short", FaultKind.PP_SHORT),
    ],
)
async def test_a_symptom_while_charging_becomes_its_fault_and_an_open_contactor(
    guard: Guard, symptom: str, fault: FaultKind
):
    renewing = await charge(guard)
    follower = Follower(guard.evses[1].events())
    raw = simulated(guard)
    raw.inject(1, symptom)
    if symptom == "car-ignores-pilot":
        await guard.evses[1].pilot.pwm(10.0)
    await until(lambda: any(isinstance(e, FaultRaised) and e.fault is fault for e in follower.events), within_s=30.0)
    await until(lambda: not any(raw.snapshot(1).poles))
    with pytest.raises(HalRefusedError) as refused:
        await guard.evses[1].contactor.permit(True, "again")
    assert refused.value.rule in {Rule.FAULTED, Rule.DIODE, Rule.OVERCURRENT}
    await follower.stop()
    await stop(renewing)


async def test_a_simulated_pilot_converter_that_falls_silent_loses_the_contactor(guard: Guard):
    renewing = await charge(guard)
    follower = Follower(guard.evses[1].events())
    raw = simulated(guard)
    raw.inject(1, "cp-silent")
    await until(lambda: not any(raw.snapshot(1).poles), within_s=4.0)
    assert PermitLost(Rule.CP_STALE, "no fresh pilot reading") in follower.events
    await follower.stop()
    await stop(renewing)


async def test_a_simulated_weld_is_found_when_the_car_stops(guard: Guard):
    renewing = await charge(guard)
    follower = Follower(guard.evses[1].events())
    raw = simulated(guard)
    raw.inject(1, "contactor-weld")
    raw.ev_pause(1)
    await until(lambda: any(isinstance(e, FaultRaised) and e.fault is FaultKind.WELD for e in follower.events), 5.0)
    await follower.stop()
    await stop(renewing)


async def test_the_boards_own_meter_is_polled_where_none_is_configured(guard: Guard):
    follower = Follower(guard.evses[1].events())
    await asyncio.sleep(5.0)
    assert len([event for event in follower.events if isinstance(event, MeterSampled)]) >= 4
    await follower.stop()
