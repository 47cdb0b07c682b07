"""A black box in this process, with a CSMS beside it or with none."""

from __future__ import annotations

import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.config import Config, Evse, Ocpp, State, Station, V2g
from agent.runtime.clock import LoopClock
from sim.blackbox import BlackBox, Ending
from sim.persistence import FILE_NAME, Memory
from sim.state import EvsePhysics, EvseView
from sim.station import AgentHost
from sim.world import World, world_spec

NOWHERE = "ws://127.0.0.1:9/ocpp"  # nobody listens there
TAG = "AABBCCDD"
V2G = V2g(host="::1", sdp_port=None)
CAR = {"draw_delay_s": 0.1, "current_a": 10}
# Nobody has to be asked, and a session that a power cut interrupted goes on.
SETTINGS = {"FreeVend": True, "RetryBackOffWaitMinimum": 1, "RetryBackOffRandomRange": 0}


def box_in(
    state_dir: Path,
    url: str = NOWHERE,
    *,
    evses: int = 1,
    options: dict | None = None,
    restarts: bool = True,
    kind: str = "AC",
    v2g: V2g | None = None,
    car_certificates: Path | None = None,
    **settings,
) -> BlackBox:
    v2g = V2G if kind == "DC" and v2g is None else v2g
    config = Config(
        schema_version=1,
        station=Station(identity="SIM-1", vendor="evse-agent", model="Simulated"),
        ocpp=Ocpp(url=url, security_profile=0, allow_plain_text=True),
        evse=tuple(Evse(id=number, kind=kind, v2g=v2g) for number in range(1, evses + 1)),
        state=State(dir=state_dir),
        settings=settings,
    )
    state_dir.mkdir(exist_ok=True)
    host = AgentHost(config, LoopClock(), lambda: str(uuid.uuid4()), random.Random(0), restarts=restarts)
    spec = world_spec({"evses": evses, **(options or {})})
    return BlackBox(host, World(spec, Memory(state_dir / FILE_NAME)), car_certificates=car_certificates)


@asynccontextmanager
async def running(state_dir: Path, url: str = NOWHERE, **more) -> AsyncIterator[BlackBox]:
    box = box_in(state_dir, url, **more)
    try:
        await box.start()
        yield box
    finally:
        await box.close(Ending.STOPPED)


async def physics(box: BlackBox, evse: int = 1) -> EvsePhysics:
    return (await box.state()).physics.evses[evse - 1]


async def view(box: BlackBox, evse: int = 1) -> EvseView:
    agent = (await box.state()).agent
    assert agent is not None, "there is no agent"
    return agent.evses[evse - 1]
