"""A charger, its CSMS and the street between them, in one process on the virtual clock."""

from __future__ import annotations

import asyncio
import itertools
import random
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from agent.config import Config, Evse, Ocpp, Site, State, Station
from agent.runtime.clock import LoopClock
from csms.server import Csms
from sim.board import BoardSpec
from sim.hardware import MeterLink
from sim.station import SimStation
from sim.time import virtual_wall
from sim.vehicle import Vehicle, VehicleSpec

TAG = "AABBCCDD"
OTHER_TAG = "11223344"
IDENTITY = "CP-1"
EPOCH_S = 1_800_000_000.0


class Place:
    """What a test needs to play driver, car and operator, and to look at the truth."""

    def __init__(self, station: SimStation, csms: Csms, new_csms: Callable[[], Csms]) -> None:
        self.station = station
        self.csms = csms
        self._new_csms = new_csms
        self._port = csms.port

    async def csms_down(self) -> None:
        await self.csms.stop()

    async def csms_up(self) -> None:
        """The CSMS comes back where it was, with what it had stored."""
        self.csms = self._new_csms()
        await self.csms.start(port=self._port)

    @property
    def board(self):
        return self.station.board

    def session(self, evse: int = 1):
        assert self.station.agent is not None
        return self.station.agent.charge_point.session(evse)

    def plug_in(self, evse: int = 1, **car) -> Vehicle:
        return self.board.plug_in(evse, VehicleSpec(**car))

    def tap(self, token: str = TAG, evse: int = 1) -> None:
        self.board.present_token(token, evse=evse)

    async def charge(self, seconds: float, evse: int = 1) -> None:
        """Plug in, tap, charge for so long, tap, wait until the bill is closed."""
        self.plug_in(evse)
        await asyncio.sleep(2)
        self.tap(evse=evse)
        await asyncio.sleep(seconds)
        self.tap(evse=evse)
        await asyncio.sleep(15)

    async def bills(self) -> list:
        return await self.csms.sessions(IDENTITY)

    def true_wh(self, evse: int = 1) -> float:
        return self.board.true_energy_wh(evse)

    def closed_without_reason(self) -> list:
        """Moments at which energy flowed although no car asked for it: there must be none."""
        wrong, cp = [], {}
        for entry in self.board.trace:
            if entry.what == "cp":
                cp[entry.evse] = entry.value
            elif entry.what == "current" and any(entry.value) and cp.get(entry.evse) not in {"C", "D"}:
                wrong.append(entry)
        return wrong


@asynccontextmanager
async def place(
    tmp_path: Path,
    version: str = "2.0.1",
    *,
    evses: int = 1,
    fuse_a: float | None = None,
    settings: dict | None = None,
    link: MeterLink | None = None,
    spec: BoardSpec | None = None,
) -> AsyncIterator[Place]:
    """A station that has been accepted and its CSMS; both end with the block."""
    wall = virtual_wall(EPOCH_S, asyncio.get_running_loop())
    numbers, ids = itertools.count(1), random.Random(version)

    def new_csms() -> Csms:
        return Csms(tmp_path / "csms.sqlite", accept_all=True, now=wall, ids=lambda: f"csms-{next(numbers)}")

    csms = new_csms()
    csms.add_token(TAG)
    csms.add_token(OTHER_TAG)
    port = await csms.start()
    config = Config(
        schema_version=1,
        station=Station(identity=IDENTITY, vendor="evse-agent", model="Simulated"),
        ocpp=Ocpp(url=f"ws://127.0.0.1:{port}", versions=(version,), security_profile=0, allow_plain_text=True),
        evse=tuple(Evse(id=number) for number in range(1, evses + 1)),
        site=Site(fuse_a=fuse_a),
        state=State(dir=tmp_path / "state"),
        settings=settings or {},
    )

    def new_id() -> str:
        return str(uuid.UUID(int=ids.getrandbits(128), version=4))

    station = SimStation(config, LoopClock(wall), new_id, link=link, spec=spec or BoardSpec(evses=evses))
    await station.start()
    made = Place(station, csms, new_csms)
    try:
        await asyncio.sleep(2)
        yield made
        assert made.closed_without_reason() == []
    finally:
        await station.stop()
        await made.csms.stop()
