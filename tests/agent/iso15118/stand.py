"""A charger on a test stand: an engine whose events change its snapshot after a while, and a car that talks to it."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

from msgspec.structs import replace

from agent.iso15118 import exi
from agent.iso15118.exi import Message
from agent.iso15118.secc.engine import Engine
from agent.iso15118.secc.events import (
    AnyEvent,
    CableCheckWanted,
    Demanded,
    EnergyWanted,
    PowerWanted,
    PreChargeWanted,
    Protocol,
    RenegotiationBegan,
    SessionOver,
)
from agent.iso15118.secc.snapshot import (
    AcSide,
    Check,
    DcSide,
    EnergyMode,
    Isolation,
    Notice,
    Period,
    Permission,
    Snapshot,
)
from agent.iso15118.secc.state import Dice, Paused
from agent.iso15118.v2gtp import Framer, PayloadType, framed
from sim.evcc.link import ChargerGoneError

DICE = Dice(bytes.fromhex("0102030405060708"), bytes(range(16)))
AC = AcSide(max_current_a=16.0)
DC = DcSide(max_voltage_v=500.0, min_voltage_v=150.0, max_current_a=125.0, min_current_a=0.0, max_power_w=50_000.0)
NO_MESSAGES = (  # octets that no car means well with
    b"\x00" * 8,
    b"\x01\xfe\x80\x01\xff\xff\xff\xff",
    b"\x01\xfe\x80\x01\x00\x00\x00\x00",
    b"\x01\xfe\x80\x01\x00\x00\x00\x03\x80\x00\x00",
    b"\x01\xfe\x90\x00\x00\x00\x00\x02\x10\x00",
    framed(PayloadType.MAIN, b"\x80\x00"),
)
CONTACTOR_S = 0.1
CHECK_S = 2.0


def snapshot(**more: Any) -> Snapshot:
    fields: dict[str, Any] = {
        "evse_id": "DE*EVS*E1",
        "utc_s": 1_800_000_000.0,
        "modes": (EnergyMode.AC_3P, EnergyMode.AC_1P),
        "permission": Permission.GRANTED,
        "ac": AC,
        "schedule": (Period(0, 11_040.0),),
    }
    return Snapshot(**fields | more)


def dc_snapshot(**more: Any) -> Snapshot:
    return snapshot(**{"modes": (EnergyMode.DC_EXTENDED,), "ac": None, "dc": DC} | more)


class Stand:
    """An engine and the charger around it, in one event loop's time. Satisfies `sim.evcc.link.Link`."""

    def __init__(
        self,
        state: Snapshot,
        *,
        spoken: tuple[Protocol, ...] = tuple(Protocol),
        paused: Paused | None = None,
        obeys: bool = True,
        piece_octets: int | None = None,
        dice: Dice = DICE,
    ) -> None:
        self.now = asyncio.get_running_loop().time
        self.engine = Engine(spoken, state, dice, self.now(), paused=paused)
        self.snapshot = state
        self.events: list[AnyEvent] = []
        self.sent = b""
        self.closed: str | None = None
        self.obeys = obeys
        self.needs_schedule = state.schedule
        self._framer = Framer()
        self._news = asyncio.Event()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._piece_octets = piece_octets
        self._timer: asyncio.TimerHandle | None = None
        self._after()

    @property
    def over(self) -> SessionOver:
        """How it ended: told once, and last."""
        ends = [one for one in self.events if isinstance(one, SessionOver)]
        assert len(ends) == 1, self.events
        assert self.events[-1] is ends[0], "something came after the end"
        return ends[0]

    async def until(self, event: AnyEvent) -> None:
        """Wait until the car has made something known."""
        while event not in self.events:
            self._news.clear()
            await self._news.wait()

    def change(self, **fields: Any) -> None:
        """The charger becomes another."""
        self.snapshot = replace(self.snapshot, **fields)
        self.engine.update(self.snapshot, self.now())
        self._after()

    async def ask(self, request: Message, schema: ModuleType) -> Message:
        await self.send(framed(PayloadType.EXI, exi.encode(request)))
        return await self.hear(schema)

    async def hear(self, schema: ModuleType) -> Message:
        if self._answers.empty() and self.closed is not None:
            raise ChargerGoneError(self.closed)
        async with asyncio.timeout(100):
            return exi.decode(schema, await self._answers.get())

    async def send(self, octets: bytes) -> None:
        if self.closed is not None:
            raise ChargerGoneError(self.closed)
        step = self._piece_octets or len(octets) or 1
        for at in range(0, len(octets), step):
            self.engine.receive(octets[at : at + step], self.now())
            self._after()

    async def close(self) -> None:
        self.engine.lost()
        self._after()

    def _after(self) -> None:
        output = self.engine.take()
        self.sent += output.data
        for frame in self._framer.feed(output.data):
            self._answers.put_nowait(frame.payload)  # type: ignore[union-attr]
        self.closed = self.closed or output.close
        for event in output.events:
            self.events.append(event)
            self._news.set()
            if self.obeys:
                self._obey(event)
        if self._timer is not None:
            self._timer.cancel()
        due_s = self.engine.deadline_s
        self._timer = None if due_s is None else asyncio.get_running_loop().call_at(due_s, self._tick)

    def _tick(self) -> None:
        self.engine.tick(self.now())
        self._after()

    def _obey(self, event: AnyEvent) -> None:
        later = asyncio.get_running_loop().call_later
        match event:
            case PowerWanted(on=on) if self.snapshot.ac is not None:
                later(CONTACTOR_S, lambda: self.change(ac=replace(self.snapshot.ac, closed=on)))
            case PowerWanted(on=on):
                later(CONTACTOR_S, lambda: self._dc(closed=on, current_a=0.0))
            case CableCheckWanted():
                self._dc(cable_check=Check.RUNNING)
                later(CHECK_S, lambda: self._dc(cable_check=Check.PASSED, isolation=Isolation.VALID))
            case PreChargeWanted(voltage_v=voltage_v):
                later(0.5, lambda: self._dc(voltage_v=voltage_v))
            case Demanded(current_a=current_a, voltage_v=voltage_v):
                self._dc(current_a=min(current_a, self.snapshot.dc.max_current_a), voltage_v=voltage_v)
            case RenegotiationBegan():
                self.change(notice=Notice.NONE, schedule=None)
            case EnergyWanted() if self.snapshot.schedule is None:
                later(1.0, lambda: self.change(schedule=self.needs_schedule))

    def _dc(self, **fields: Any) -> None:
        self.change(dc=replace(self.snapshot.dc, **fields))


class Battery:
    """A car that draws what it may, and is as full as a test says."""

    def __init__(self, voltage_v: float = 400.0, max_current_a: float = 32.0) -> None:
        self.voltage_v = voltage_v
        self.max_current_a = max_current_a
        self.soc_pct = 40.0
        self.full = False
        self.greedy = False
        self.resting = False
        self.lacks_wh = 20_000.0
        self.s2: list[bool] = []
        self.limits_a: list[float] = []
        self.contactor: list[bool] = []

    @property
    def charge_v(self) -> float:
        return self.voltage_v

    def connect(self, on: bool) -> None:
        self.contactor.append(on)

    def ready(self, on: bool) -> None:
        self.s2.append(on)

    def limited_to(self, current_a: float) -> None:
        self.limits_a.append(current_a)
