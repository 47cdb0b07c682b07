"""One station of a fleet: the production agent on simulated hardware, with its drivers."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Literal

from msgspec.structs import replace

from agent.config import Config, Evse, Ocpp, State, Station
from agent.core.session import Session
from agent.runtime.clock import Clock
from agent.runtime.journal import Journal
from hal.errors import HalError
from hal.guard import Guard
from hal.types import FaultRaised, PermitLost, Rule
from sim.board import BoardSpec, SimBoard
from sim.fleet.profile import Orders, Visit, boot_s, visits
from sim.fleet.tally import Tally
from sim.hardware import MeterLink, SimHardware
from sim.station import Agent, AgentHost
from sim.vehicle import VehicleSpec

PLUG_TO_TAP_S: Final = 2.0
TAP_TO_UNPLUG_S: Final = 10.0
FRAMES_KEPT: Final = 4  # of each station's talk, for a CSMS that asks for logs; the 500 of a charger would be 300 kB
BATTERY_WH: Final = 10_000_000.0  # the driver decides when it is over, not the battery


class Street:
    """What the stations of one process share: what each would hold the same of."""

    def __init__(
        self, orders: Orders, clock: Clock, tally: Tally, directory: Path, journal: Callable[[], Journal]
    ) -> None:
        self.orders = orders
        self.clock = clock
        self.tally = tally
        self.journal = journal
        self.rng = random.Random(f"{orders.seed}/{orders.first}")
        self._config = Config(
            schema_version=1,
            station=Station(identity=orders.prefix, vendor="evse-agent", model="Simulated fleet"),
            ocpp=Ocpp(url=orders.url, versions=orders.versions, security_profile=0, allow_plain_text=True),
            evse=(Evse(id=1),),
            state=State(dir=directory),
            settings={"MeterValueSampleInterval": orders.sample_s},
        )

    def config(self, number: int) -> Config:
        """A station's configuration."""
        return replace(self._config, station=replace(self._config.station, identity=self.orders.identity(number)))

    def new_id(self) -> str:
        """A UUID."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))


class FleetStation:
    """Made with its number; `live` does everything."""

    def __init__(self, street: Street, number: int) -> None:
        self._orders = street.orders
        self._number = number
        self._tally = street.tally
        self._asked_s = 0.0
        self._host = AgentHost(
            street.config(number), street.clock, street.new_id, street.rng, journal=street.journal, control=False
        )
        self._host.on_boot.append(self._boots)
        self._watching: tuple[AbstractContextManager[None], ...] = ()

    @property
    def online(self) -> bool:
        """Whether the CSMS has accepted it and it is connected."""
        return self._host.agent is not None and self._host.agent.station.online

    @property
    def charging(self) -> bool:
        """Whether a transaction is open."""
        return self._host.agent is not None and self._host.session().tx is not None

    async def live(self) -> None:
        """Boot when it is time, let drivers come and go, until cancelled. Raises what made the station fail."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await asyncio.sleep(boot_s(self._orders.profile, self._number, self._orders.stations))
        hardware = SimHardware(BoardSpec(), MeterLink(poll_s=self._orders.poll_s)) if self._orders.modbus else None
        board = SimBoard() if hardware is None else hardware.board
        board.on_trace.append(lambda _entry: board.trace.clear())  # nobody reads it
        try:
            guard = await self._powered(board, hardware)
            running = self._host.run_on(guard)
            self._tally.up += 1
            drivers = loop.create_task(self._drivers(board, began_s))
            try:
                await asyncio.wait([running])
                running.result()
            finally:
                drivers.cancel()
        finally:
            self._tally.energy_wh += board.true_energy_wh(1)
            self._watch_no_more()  # from here on connections end because they shall
            await self._host.halt()
            await (board if hardware is None else hardware).close()

    async def _powered(self, board: SimBoard, hardware: SimHardware | None) -> Guard:
        """The guarded board, started: its meter on a Modbus line, or built in."""
        if hardware is not None:
            await hardware.start()
            return hardware.guarded
        guard = Guard(board)
        meter = board.evses[1].meter
        if meter is not None:
            guard.attach_meter(1, meter, self._orders.poll_s)
        await guard.start()
        return guard

    async def _drivers(self, board: SimBoard, began_s: float) -> None:
        """Whoever comes, one after the other."""
        loop = asyncio.get_running_loop()
        for visit in visits(self._orders.profile, self._number, self._orders.seed):
            await asyncio.sleep(began_s + visit.at_s - loop.time())
            try:
                await self._visit(board, visit)
            except HalError as error:
                self._tally.problem(f"a driver cannot do what he came for: {error}")

    async def _visit(self, board: SimBoard, visit: Visit) -> None:
        board.plug_in(1, VehicleSpec(capacity_wh=BATTERY_WH, max_current_a=visit.current_a, phases=visit.phases))
        await asyncio.sleep(PLUG_TO_TAP_S)
        board.present_token(self._orders.token)
        await asyncio.sleep(visit.until_s - visit.at_s - PLUG_TO_TAP_S)
        board.present_token(self._orders.token)
        await asyncio.sleep(TAP_TO_UNPLUG_S)
        board.plug_out(1)

    def _boots(self, agent: Agent) -> None:
        self._watch_no_more()
        agent.log_book.keep_frames(FRAMES_KEPT)
        self._watching = (
            agent.station.watching_frames(self._heard, self._linked),
            agent.charge_point.watching(self._stepped),
        )
        for one in self._watching:
            one.__enter__()

    def _watch_no_more(self) -> None:
        for one in self._watching:
            one.__exit__(None, None, None)
        self._watching = ()

    def _stepped(self, _before: Session, event: object, _session: Session, _effects: object) -> None:
        """Count what nobody has injected: the machine is too slow for so many stations, or a station has a fault."""
        match event:
            case FaultRaised(fault, detail):
                self._tally.problem(f"fault {fault}: {detail}")
            case PermitLost(Rule.LEASE_ENDED | Rule.CP_STALE):
                self._tally.problem("too slow: a contactor has opened because its permission came too late")

    def _linked(self, up: bool) -> None:
        if not up:
            self._tally.problem("connection lost")

    def _heard(self, direction: Literal["in", "out"], frame: str) -> None:
        """Count calls, and how long their answers take; a station has one under way at a time (OCPP-J 4.1.1)."""
        kind, now_s = frame[1:2], asyncio.get_running_loop().time()
        if direction == "out" and kind == "2":
            self._tally.sent += 1
            self._asked_s = now_s
        elif direction == "in" and kind in {"3", "4"}:
            self._tally.answer(now_s - self._asked_s, refused=kind == "4")
