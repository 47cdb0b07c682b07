"""A whole station, as `agent.main` builds it, on simulated hardware, with a scripted CSMS at the other end."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.config import Config, Evse, Ocpp, State, Station
from agent.core.session import Session
from agent.runtime.clock import LoopClock
from sim.board import BoardSpec
from sim.hardware import MeterLink
from sim.station import SimStation
from sim.vehicle import VehicleSpec
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import EPOCH_S

CARD, OTHER_CARD = "AABBCCDD", "11223344"
ACCEPTED16 = {"idTagInfo": {"status": "Accepted"}}
ACCEPTED2 = {"idTokenInfo": {"status": "Accepted"}}


class Wall:
    """The station's wall clock: right, unless a test puts it wrong."""

    def __init__(self) -> None:
        self.error_s = 0.0
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> float:
        return EPOCH_S + self._loop.time() + self.error_s


@dataclass
class Life:
    """What it takes to be driver and CSMS, and to see the truth."""

    csms: ScriptedCsms
    station: SimStation
    wall: Wall
    directory: Path

    async def plug(self, evse: int = 1, **car: Any) -> None:
        self.station.board.plug_in(evse, VehicleSpec(**car))
        await asyncio.sleep(2)

    async def unplug(self, evse: int = 1) -> None:
        self.station.board.plug_out(evse, graceful=False)
        await asyncio.sleep(10)

    async def tap(self, card: str = CARD, evse: int = 1, kind: str = "ISO14443", wait_s: float = 2.0) -> None:
        """Hold a card before a reader (EVSE 0: the station's own)."""
        self.station.board.present_token(card, kind=kind, evse=evse)
        await asyncio.sleep(wait_s)

    def session(self, evse: int = 1) -> Session:
        return self.station.session(evse)

    def true_wh(self, evse: int = 1) -> float:
        return self.station.board.true_energy_wh(evse)

    async def offline(self) -> None:
        """The network goes away."""
        self.station.network(False)
        await asyncio.sleep(1)

    async def online(self) -> None:
        """The network comes back, and what has waited is told."""
        self.station.network(True)
        await asyncio.sleep(20)

    async def reboot(self) -> None:
        """A power cut of the controller; it comes back at once, the hardware has lived on."""
        await self.station.kill()
        self.station.boot()
        await asyncio.sleep(20)

    def events(self, **fields: Any) -> list[dict[str, Any]]:
        """The TransactionEvents that were heard, with these fields; `state` and `reason` are of its transactionInfo."""
        inner = {"state": "chargingState", "reason": "stoppedReason", "tx": "transactionId"}

        def has(event: dict[str, Any], key: str) -> Any:
            return event["transactionInfo"].get(inner[key]) if key in inner else event.get(key)

        heard = [one.payload for one in self.csms.calls("TransactionEvent")]
        return [one for one in heard if all(has(one, key) == value for key, value in fields.items())]


@contextlib.asynccontextmanager
async def life(
    directory: Path,
    csms: ScriptedCsms,
    *,
    evses: int = 1,
    settings: dict[str, Any] | None = None,
    board: BoardSpec | None = None,
    versions: tuple[str, ...] = (),
    accepted: bool = True,
    unset_clock_by_s: float = 0.0,
) -> AsyncIterator[Life]:
    """A station that the CSMS has accepted. It offers the versions that the CSMS has, or those that are given.

    `accepted` False: it has only been started. `unset_clock_by_s`: nothing keeps its clock, which is wrong by so much.
    """
    url = await csms.start()
    own = tuple(one.removeprefix("ocpp") for one in csms.versions)
    config = Config(
        schema_version=1,
        station=Station(identity="CP-1", vendor="Vendor", model="Model"),
        ocpp=Ocpp(url=url, versions=versions or own, security_profile=0, allow_plain_text=True),  # type: ignore[arg-type]
        evse=tuple(Evse(id=number) for number in range(1, evses + 1)),
        state=State(dir=directory / "state"),
        settings=settings or {},
    )
    ids, wall = random.Random(7), Wall()

    def new_id() -> str:
        return str(uuid.UUID(int=ids.getrandbits(128), version=4))

    wall.error_s = unset_clock_by_s
    clock = LoopClock(wall, trusted=lambda: not unset_clock_by_s)
    station = SimStation(config, clock, new_id, link=MeterLink(), spec=board or BoardSpec(evses=evses))
    await station.start()
    try:
        if accepted:
            await csms.heard_of("StatusNotification", evses)
        await asyncio.sleep(2)
        yield Life(csms, station, wall, directory)
    finally:
        await station.stop()
        await csms.stop()
