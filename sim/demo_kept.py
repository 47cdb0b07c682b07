"""What `evse demo --keep` leaves running, in real time: the CSMS with its pages, and a charger that charges a car."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from agent.config import Config, Evse, Ocpp, State, Station
from agent.runtime.clock import LoopClock
from csms.server import Csms
from csms.web.app import serving
from sim.blackbox import BlackBox, Ending
from sim.demo import IDENTITY, TAG, TARIFF
from sim.http import HttpServer
from sim.station import AgentHost
from sim.world import World, WorldSpec

ACCEPTED_WITHIN_S: Final = 30.0  # our policy: they are in one process


class Kept(msgspec.Struct, frozen=True):
    """Where what was left running is reached. `control`: docs/control-api.md."""

    pages: str
    control: str
    csms: str
    identity: str


def keep(folder: Path, books: Path, *, as_json: bool) -> None:
    """Leave charger and CSMS running until SIGINT or SIGTERM. `books`: the CSMS's file, with what it has billed."""
    asyncio.run(_keep(folder, books, as_json=as_json))


async def _keep(folder: Path, books: Path, *, as_json: bool) -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ended.set)
    async with kept(folder, books) as places:
        print(json.dumps({"kept": msgspec.to_builtins(places)}) if as_json else _words(places), flush=True)  # noqa: T201
        await ended.wait()


@asynccontextmanager
async def kept(folder: Path, books: Path) -> AsyncIterator[Kept]:
    """A charger and its CSMS with pages, for as long as the block lasts."""
    csms = Csms(books, accept_all=True)
    csms.add_token(TAG)
    csms.set_tariff(TARIFF)
    try:
        url = f"ws://127.0.0.1:{await csms.start()}/ocpp"
        config = Config(
            schema_version=1,
            station=Station(identity=IDENTITY, vendor="evse-agent", model="Simulated AC"),
            ocpp=Ocpp(url=url, security_profile=0, allow_plain_text=True),
            evse=(Evse(id=1, max_current_a=32.0),),
            state=State(dir=folder / "kept"),
            settings={"MeterValueSampleInterval": 5},
        )
        host = AgentHost(config, LoopClock(), lambda: str(uuid.uuid4()), random.SystemRandom())
        box = BlackBox(host, World(WorldSpec()))
        server = HttpServer(box)
        try:
            await box.start()
            await server.start(0)
            await box.command("plug_in", {"evse": 1})
            await _accepted(host)
            await box.command("swipe", {"id_token": TAG})
            async with serving(csms) as pages:
                yield Kept(pages, f"http://127.0.0.1:{server.port}", url, IDENTITY)
        finally:
            await box.close(Ending.STOPPED)
            await server.stop()
    finally:
        await csms.stop()


async def _accepted(host: AgentHost) -> None:
    """Wait until the CSMS has accepted the charger: a stranger's token is worth nothing to one without."""
    async with asyncio.timeout(ACCEPTED_WITHIN_S):
        while host.agent is None or not host.agent.station.online:  # noqa: ASYNC110 - it is no event of anybody's
            await asyncio.sleep(0.05)


def _words(places: Kept) -> str:
    return (
        f"\nStill running: {places.identity}, with a car that charges, in real time. Ctrl-C ends it.\n"
        f"  the CSMS's page   {places.pages}\n"
        f"  the charger       {places.control}/state   (docs/control-api.md)\n"
        f"  unplug            curl -X POST {places.control}/control/plug_out -d '{{\"evse\": 1}}'"
    )
