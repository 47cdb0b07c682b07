"""The whole station, over its WebSocket, against the corpus of malformed frames: right codes, and the link lives."""

from __future__ import annotations

import asyncio
import itertools
import uuid

import pytest

from agent.config import Config, Evse, Ocpp, State, Station
from agent.runtime.clock import LoopClock
from sim.station import SimStation
from sim.time import virtual_wall
from tools import malformed_runner

VERSIONS = {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1"}


@pytest.mark.parametrize("subprotocol", VERSIONS)
async def test_a_station_survives_every_malformed_frame_and_answers_with_the_right_code(subprotocol, tmp_path):
    port = 9100
    judging = asyncio.create_task(malformed_runner.run(subprotocol, port, 60.0))
    await asyncio.sleep(0.1)
    config = Config(
        schema_version=1,
        station=Station(identity="JUDGED", vendor="evse-agent", model="Simulated"),
        ocpp=Ocpp(
            url=f"ws://127.0.0.1:{port}",
            versions=(VERSIONS[subprotocol],),
            security_profile=0,
            allow_plain_text=True,
        ),
        evse=(Evse(id=1),),
        state=State(dir=tmp_path),
    )
    wall = virtual_wall(1_800_000_000.0, asyncio.get_running_loop())
    ids = (str(uuid.UUID(int=number, version=4)) for number in itertools.count(1))
    station = SimStation(config, LoopClock(wall), ids.__next__)
    await station.start()
    rows = await judging
    await station.stop()
    assert len(rows) == sum(1 for _ in malformed_runner.corpus(subprotocol))
    wrong = [f"{row['title']}: {row['got']}, not {row['expected']}" for row in rows if not row["right"]]
    assert not wrong, "\n".join(wrong)
