"""What a test's author holds in hand: driver, operator, technician and clock, each a small view of a `Place`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from agent.core.session import Phase, Session
from csms.dialects import ResetKind
from csms.faults import Fault
from csms.records import ConnectorStatus, SessionRow
from sim.board import SimBoard
from sim.hardware import WatchedSlave
from sim.stage.place import IDENTITY, TAG, Place, Wall
from sim.vehicle import Vehicle


class VirtualClock:
    """Seconds that pass only when everybody waits."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall

    @property
    def now_s(self) -> float:
        """Seconds since the test began."""
        return self._wall.mono_s

    @property
    def utc_s(self) -> float:
        """What the charger's own clock shows, in Unix seconds."""
        return self._wall()

    def step_wall(self, seconds: float) -> None:
        """The charger's wall clock jumps: an operator's hand, a time server, an empty battery."""
        self._wall.error_s += seconds

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def until(self, condition: Callable[[], object], within_s: float = 60.0, every_s: float = 0.1) -> None:
        """Wait until a condition holds. Raises TimeoutError when it does not in time."""
        deadline_s = self.now_s + within_s
        while not condition():
            if self.now_s >= deadline_s:
                raise TimeoutError(f"waited {within_s:g} s of virtual time for {condition}")
            await asyncio.sleep(every_s)


class Car:
    """The car at one EVSE, and its driver's hand."""

    def __init__(self, place: Place, evse: int) -> None:
        self._place = place
        self._evse = evse
        self._vehicle: Vehicle | None = None

    def plug_in(self, *, cable_a: float = 32.0, **spec: Any) -> Vehicle:
        """Plug in; `spec` are fields of `sim.vehicle.VehicleSpec`."""
        self._vehicle = self._place.plug_in(self._evse, cable_a=cable_a, **spec)
        return self._vehicle

    def plug_out(self) -> None:
        """The car stops, then the driver pulls the plug."""
        self._place.board.plug_out(self._evse)

    def tear_off(self) -> None:
        """Pull the plug whatever flows."""
        self._place.board.plug_out(self._evse, graceful=False)

    def pause(self) -> None:
        """The car stops by itself."""
        self._place.board.ev_pause(self._evse)

    def resume(self) -> None:
        """It wants energy again."""
        self._place.board.ev_resume(self._evse)

    @property
    def current_a(self) -> float:
        """What it draws from L1."""
        return self._place.board.snapshot(self._evse).current_a[0]

    @property
    def soc_pct(self) -> float:
        """Its state of charge. Raises RuntimeError before it was plugged in."""
        if self._vehicle is None:
            raise RuntimeError("there is no car yet: plug_in() one")
        return self._vehicle.soc_pct


class StationHand:
    """The charger as its surroundings see it."""

    def __init__(self, place: Place) -> None:
        self.place = place

    @property
    def board(self) -> SimBoard:
        """The simulated hardware."""
        return self.place.board

    def tap(self, token: str = TAG, evse: int = 1) -> None:
        """Present a token to a reader."""
        self.place.tap(token, evse)

    def inject(self, symptom: str, value: float | None = None, evse: int = 1) -> None:
        """Let something go wrong (`sim.symptoms`)."""
        self.board.inject(evse, symptom, value)

    def clear(self, symptom: str, evse: int = 1) -> None:
        """Let it go."""
        self.board.clear(evse, symptom)

    def network(self, online: bool) -> None:
        """The charger's network goes or comes."""
        self.place.station.network(online)

    async def kill(self) -> None:
        """The agent dies as in a power cut; `boot` starts it again."""
        await self.place.station.kill()

    def boot(self) -> None:
        """Start the agent."""
        self.place.station.boot()

    def closed(self, evse: int = 1) -> bool:
        """Whether the contactor is closed, in truth."""
        return any(self.board.snapshot(evse).poles)

    def true_wh(self, evse: int = 1) -> float:
        """The energy that has flowed, in truth."""
        return self.place.true_wh(evse)

    def session(self, evse: int = 1) -> Session:
        """What the agent makes of the EVSE."""
        return self.place.session(evse)

    @property
    def charging(self) -> bool:
        """Whether the agent permits energy at EVSE 1."""
        return self.session().phase is Phase.CHARGING


class Bus:
    """The Modbus line: one slave for each EVSE, whose symptoms can be set."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def slave(self, evse: int = 1) -> WatchedSlave:
        """The meter of an EVSE: `silent`, `exception`, `delay_s`, `corrupt`."""
        return self._place.station.hardware.slaves[evse]


class Operator:
    """The operator's side: bills, remote commands, an outage."""

    def __init__(self, place: Place) -> None:
        self.place = place

    async def bills(self) -> list[SessionRow]:
        """The sessions that the CSMS knows, oldest first."""
        return await self.place.bills()

    async def statuses(self) -> list[ConnectorStatus]:
        """What it was last told of each connector."""
        return await self.place.statuses()

    async def remote_start(self, evse: int = 1, token: str = TAG) -> str:
        """Ask for a transaction; the charger's answer."""
        return _status(await self.place.csms.remote_start(IDENTITY, evse, token))

    async def remote_stop(self, tx: str) -> str:
        """Ask for a transaction's end; `tx` as in a bill."""
        return _status(await self.place.csms.remote_stop(IDENTITY, tx))

    async def reset(self, kind: ResetKind = ResetKind.IMMEDIATE) -> str:
        """Ask for a reset."""
        return _status(await self.place.csms.reset(IDENTITY, kind))

    async def call(self, message: msgspec.Struct) -> msgspec.Struct:
        """Send any message."""
        return await self.place.csms.call(IDENTITY, message)

    def add_token(self, token: str, *, group: str | None = None) -> None:
        """A driver's token is good from now on."""
        self.place.csms.add_token(token, group=group)

    def fault(self, fault: Fault) -> None:
        """Let something befall the coming answers."""
        self.place.csms.faults.add(fault)

    async def down(self) -> None:
        """The CSMS goes away."""
        await self.place.csms_down()

    async def up(self) -> None:
        """It comes back with what it had stored."""
        await self.place.csms_up()


def _status(answer: Any) -> str:
    return str(answer.status)
