"""A charger, its CSMS, a car and the street between them, in one process on the virtual clock."""

from __future__ import annotations

import asyncio
import itertools
import random
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from agent.config import Config, Evse, Firmware, Ocpp, Site, State, Station, Transfer, V2g, Version
from agent.core.session import Session
from agent.core.sharing import SharingRule
from agent.runtime.clock import LoopClock
from csms.records import ConnectorStatus, SessionRow
from csms.server import Csms
from sim.board import BoardSpec, SimBoard, TraceEntry
from sim.evcc.talkers import Talkers
from sim.hardware import MeterLink
from sim.stage.traces import Traces
from sim.station import Agent, SimStation
from sim.vehicle import Vehicle, VehicleSpec

TAG: Final = "AABBCCDD"
OTHER_TAG: Final = "11223344"
IDENTITY: Final = "CP-1"
EPOCH_S: Final = 1_800_000_000.0  # 2027-01-15 08:00 UTC: any moment will do, but always the same
BOOT_S: Final = 2.0  # until the CSMS has accepted the station
LAST_WORDS_S: Final = 15.0  # until a bill that was closed has arrived


class PlaceSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands there. `tokens`: what the CSMS accepts, each with its group or None."""

    version: Version = "2.0.1"
    evses: int = 1
    fuse_a: float | None = None
    sharing: SharingRule = SharingRule.EQUAL
    settings: dict[str, Any] = {}
    tokens: dict[str, str | None] = msgspec.field(default_factory=lambda: {TAG: None, OTHER_TAG: None})
    accept: bool = True  # False: the operator has not decided about this charger
    meter: MeterLink = MeterLink()
    board: BoardSpec = BoardSpec()
    boot_s: float = BOOT_S
    v2g: V2g | None = None  # digital communication with the cars, at every EVSE; one of DC has it in any case


class Wall:
    """Wall-clock time in Unix seconds: the virtual clock from an epoch on, plus whatever it is off by."""

    def __init__(self, epoch_s: float = EPOCH_S) -> None:
        self._loop = asyncio.get_running_loop()
        self._epoch_s = epoch_s
        self.error_s = 0.0

    @property
    def mono_s(self) -> float:
        """Seconds since the loop began, which nothing can put wrong."""
        return self._loop.time()

    def __call__(self) -> float:
        """What the clock shows."""
        return self._epoch_s + self.mono_s + self.error_s


class Place:
    """What it takes to play driver, car and operator, and to look at the truth. Made by `place`."""

    def __init__(
        self, station: SimStation, csms: Csms, new_csms: Callable[[], Csms], wall: Wall, version: Version
    ) -> None:
        self.version = version
        self.station = station
        self.csms = csms
        self.wall = wall  # the station's; the CSMS has one of its own, which is right
        self.traces = Traces()
        self._new_csms = new_csms
        self._port = csms.port
        self._watching = ExitStack()
        self._now_s = asyncio.get_running_loop().time
        station.on_boot.append(self._listen)
        self.cars = Talkers(self._v2g_port)
        self.cars.follow(station.board)
        for evse, slave in station.hardware.slaves.items():
            slave.watch = partial(self._heard_meter, evse)

    @property
    def board(self) -> SimBoard:
        """The raw simulated board."""
        return self.station.board

    async def csms_down(self) -> None:
        """The CSMS goes away."""
        await self.csms.stop()

    async def csms_up(self) -> None:
        """The CSMS comes back where it was, with what it had stored."""
        self.csms = self._new_csms()
        await self.csms.start(port=self._port)

    def session(self, evse: int = 1) -> Session:
        """What the agent makes of an EVSE."""
        return self.station.session(evse)

    def plug_in(self, evse: int = 1, *, cable_a: float = 32.0, **car: Any) -> Vehicle:
        """Plug a car in; `car` are fields of `VehicleSpec`."""
        return self.board.plug_in(evse, VehicleSpec(**car), cable_a=cable_a)

    def tap(self, token: str = TAG, evse: int = 1) -> None:
        """Hold a token before a reader (EVSE 0: the station's own)."""
        self.board.present_token(token, evse=evse)

    async def charge(self, seconds: float, evse: int = 1) -> None:
        """Plug in, tap, charge for so long, tap, wait until the bill is closed."""
        self.plug_in(evse)
        await asyncio.sleep(2)
        self.tap(evse=evse)
        await asyncio.sleep(seconds)
        self.tap(evse=evse)
        await asyncio.sleep(LAST_WORDS_S)

    async def bills(self) -> list[SessionRow]:
        """The sessions that the CSMS knows of this station, oldest first."""
        return await self.csms.sessions(IDENTITY)

    async def statuses(self) -> list[ConnectorStatus]:
        """What the CSMS was last told of each connector."""
        return await self.csms.store.read(lambda database: database.connectors(IDENTITY))

    def true_wh(self, evse: int = 1) -> float:
        """The energy that has truly flowed through an EVSE."""
        return self.board.true_energy_wh(evse)

    def closed_without_reason(self) -> list[TraceEntry]:
        """Moments at which a current set in although no car asked for it: there must be none."""
        wrong: list[TraceEntry] = []
        cp: dict[int, object] = {}
        for entry in self.board.trace:
            if entry.what == "cp":
                cp[entry.evse] = entry.value
            elif entry.what == "current" and entry.value != (0.0, 0.0, 0.0) and cp.get(entry.evse) not in {"C", "D"}:
                wrong.append(entry)
        return wrong

    def _v2g_port(self, evse: int) -> int | None:
        agent = self.station.agent
        server = None if agent is None else agent.v2g.get(evse)
        return server.port or None if server is not None else None

    def _listen(self, agent: Agent) -> None:
        self._watching.enter_context(agent.station.watching_frames(self._heard_csms))

    def _heard_csms(self, direction: Literal["in", "out"], frame: str) -> None:
        self.traces.ocpp(self._now_s(), direction, frame)

    def _heard_meter(self, evse: int, asked: bytes, answered: bytes | None) -> None:
        self.traces.modbus(self._now_s(), evse, asked, answered)


def configured(spec: PlaceSpec, url: str, state_dir: Path) -> Config:
    """The configuration of a station as this place has it."""
    kind: Literal["AC", "DC"] = "AC" if spec.board.evse.dc is None else "DC"
    v2g = V2g(host="::1", sdp_port=None) if kind == "DC" and spec.v2g is None else spec.v2g
    return Config(
        schema_version=1,
        station=Station(identity=IDENTITY, vendor="evse-agent", model="Simulated"),
        ocpp=Ocpp(url=url, versions=(spec.version,), security_profile=0, allow_plain_text=True),
        evse=tuple(Evse(id=number, kind=kind, v2g=v2g) for number in range(1, spec.evses + 1)),
        site=Site(fuse_a=spec.fuse_a, sharing=spec.sharing),
        state=State(dir=state_dir),
        transfer=Transfer(networks=("private", "loopback")),
        firmware=Firmware(installer="simulated"),
        settings=spec.settings,
    )


@asynccontextmanager
async def place(directory: Path, spec: PlaceSpec) -> AsyncIterator[Place]:
    """A station and its CSMS, with their files in `directory`; `spec.boot_s` have passed. Both end with the block."""
    wall = Wall()
    numbers, ids = itertools.count(1), random.Random(spec.version)

    def new_csms() -> Csms:
        return Csms(directory / "csms.sqlite", accept_all=spec.accept, now=Wall(), ids=lambda: f"csms-{next(numbers)}")

    csms = new_csms()
    for token, group in spec.tokens.items():
        csms.add_token(token, group=group)
    port = await csms.start()
    config = configured(spec, f"ws://127.0.0.1:{port}", directory / "state")
    board = msgspec.structs.replace(spec.board, evses=spec.evses)

    def new_id() -> str:
        return str(uuid.UUID(int=ids.getrandbits(128), version=4))

    station = SimStation(config, LoopClock(wall), new_id, link=spec.meter, spec=board)
    made = Place(station, csms, new_csms, wall, spec.version)
    await station.start()
    try:
        await asyncio.sleep(spec.boot_s)
        yield made
    finally:
        await station.stop()
        await made.cars.close()
        await made.csms.stop()
