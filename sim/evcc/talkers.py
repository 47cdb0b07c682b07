"""The communication controllers of the cars on a board: each plug that talks has a conversation with its charger."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final

from msgspec.structs import replace

from agent.iso15118 import sdp
from agent.iso15118.exi import Message
from agent.iso15118.secc.events import Protocol as Spoken
from agent.iso15118.secc.snapshot import EnergyMode, Payment
from sim.board import SimBoard, TraceEntry
from sim.evcc.discovery import find
from sim.evcc.evcc import charge
from sim.evcc.link import ChargerGoneError, Link, StreamLink
from sim.evcc.misbehaviour import Unruly
from sim.evcc.onboard import OnBoard
from sim.evcc.plan import Plan, Report
from sim.evcc.wallet import Wallet, WalletError
from sim.symptoms import Symptom
from sim.vehicle import Talk, Vehicle

LOOK_S: Final = 0.5  # how often a car looks whether its pilot says 5 %
DIGITAL_PCT: Final = range(3, 8)  # IEC 61851-1 table A.8
ANSWER_S: Final = 100.0  # how long it waits for an answer: longer than any charger takes
DAY_S: Final = 86_400.0
NO_SESSION: Final = bytes(8)  # [V2G2-750]
TRIES: Final = 3  # our policy: sessions that a car begins at one plug, where they do not end in order
SPOKEN: Final[Mapping[str, tuple[Spoken, ...]]] = MappingProxyType(
    {"": (Spoken.ISO_2, Spoken.DIN), "iso15118-2": (Spoken.ISO_2,), "din70121": (Spoken.DIN,)}
)


class Talkers:
    """Cars that talk, from the plug to its end. `port`: where the charger of an EVSE listens; None: nowhere now.

    `discovery`: where cars ask for that port themselves (SDP, directed to the host); None: they know it.
    `certificates`: the folder with what cars that pay by contract carry. `on_end` hears how each session ended.
    """

    def __init__(
        self,
        port: Callable[[int], int | None],
        host: str = "::1",
        certificates: Path | None = None,
        discovery: Callable[[int], int | None] = lambda _: None,
    ) -> None:
        self._port = port
        self._discovery = discovery
        self._host = host
        self._wallet = None if certificates is None else Wallet(certificates)
        self.on_end: list[Callable[[int, Report], None]] = []
        self._board: SimBoard | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._links: list[_Moody] = []
        self.reports: dict[int, list[Report]] = {}

    def follow(self, board: SimBoard) -> None:
        """From now on, this is the board that cars are plugged into; those that hang on it already begin to talk."""
        if board is self._board:
            return
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._board = board
        board.on_trace.append(self._happened)
        for evse in board.evses:
            self._begin(evse)

    async def close(self) -> None:
        """Every car falls silent, and every line is taken away."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*(link.drop() for link in self._links))

    def _happened(self, entry: TraceEntry) -> None:
        if entry.what != "plug":
            return
        task = self._tasks.pop(entry.evse, None)
        if task is not None:
            task.cancel()  # its cable is gone, and with it every connection
        if entry.value == "in":
            self._begin(entry.evse)

    def _begin(self, evse: int) -> None:
        car = None if self._board is None else self._board.evses[evse].car
        if self._board is not None and car is not None and car.spec.talk is not None:
            talking = self._converse(self._board, evse, car, car.spec.talk)
            self._tasks[evse] = asyncio.get_running_loop().create_task(talking, name=f"car at EVSE {evse}")

    def _mood(self, board: SimBoard, evse: int, car: Vehicle) -> Mood:
        if board.evses[evse].car is not car:
            return Mood.GONE
        return Mood.SILENT if Symptom.CAR_SILENT in board.symptoms(evse) else Mood.TALKATIVE

    async def _converse(self, board: SimBoard, evse: int, car: Vehicle, talk: Talk) -> None:
        """Session after session: a car that has paused comes back to its own, one that is woken begins another."""
        battery, now_s = OnBoard(board, evse, car, dc=talk.energy == "DC"), asyncio.get_running_loop().time
        leaves_s = None if talk.departure_s is None else now_s() + talk.departure_s
        paused, tries = NO_SESSION, TRIES
        while tries > 0:
            while not _digital(board, evse) or self._port(evse) is None:
                await asyncio.sleep(LOOK_S)
            stays_s = None if leaves_s is None else max(0, round(leaves_s - now_s()))  # [V2G2-742]
            ended, session_id = await self._session(board, evse, battery, talk, paused, stays_s)
            await asyncio.sleep(LOOK_S)
            paused = session_id if ended == "paused" else NO_SESSION  # [V2G2-740]
            tries = TRIES if ended in {"done", "paused"} else tries - 1
            while ended == "done" and _digital(board, evse):
                await asyncio.sleep(LOOK_S)
            while ended in {"done", "paused"} and battery.full:
                await asyncio.sleep(LOOK_S)

    async def _session(
        self, board: SimBoard, evse: int, battery: OnBoard, talk: Talk, paused: bytes, stays_s: int | None
    ) -> tuple[str, bytes]:
        """One session, or one that goes on; how it ended, and its id."""
        report = Report()
        self.reports.setdefault(evse, []).append(report)
        try:
            plan = replace(plan_of(talk, self._wallet), session_id=paused, departure_s=stays_s)
            link = await self._connected(evse, plan, partial(self._mood, board, evse, battery.vehicle))
        except (WalletError, ChargerGoneError, OSError) as error:  # also `ssl.SSLError`
            report.ended = f"no connection: {error}"
        else:
            first = len(self.reports[evse]) == 1
            unruly = talk.misbehaves if first else None
            await charge(link if unruly is None else Unruly(link, unruly), plan, battery, report)
        for tell in self.on_end:
            tell(evse, report)
        return report.ended, report.session_id

    async def _connected(self, evse: int, plan: Plan, mood: Callable[[], Mood]) -> Link:
        """A line to the charger: a car that pays by contract takes none but inside TLS ([V2G2-632]).

        Raises `WalletError`, `ChargerGoneError`, OSError.
        """
        secure = self._wallet.tls() if self._wallet is not None and plan.payment is Payment.CONTRACT else None
        port, asked = self._port(evse), self._discovery(evse)
        if asked is not None:
            wanted = sdp.Security.NONE if secure is None else sdp.Security.TLS
            address, _, interface = self._host.partition("%")
            found = await find(interface=interface or None, host=address, port=asked, security=wanted)
            if found.security is not wanted:
                raise ChargerGoneError(f"the charger has no {wanted.name}")
            port = found.port
        reader, writer = await asyncio.open_connection(self._host, port, ssl=secure)
        link = _Moody(StreamLink(reader, writer, timeout_s=ANSWER_S), mood)
        self._links.append(link)
        return link


def _digital(board: SimBoard, evse: int) -> bool:
    """Whether the pilot says that the charger talks."""
    duty_pct = board.snapshot(evse).duty_pct
    return duty_pct is not None and int(duty_pct) in DIGITAL_PCT


class Mood(enum.Enum):
    """How a car stands to its charger."""

    TALKATIVE = enum.auto()
    SILENT = enum.auto()
    GONE = enum.auto()


class _Moody:
    """A link whose car falls silent while the symptom lasts; `sim.evcc.link.Link`."""

    def __init__(self, link: Link, mood: Callable[[], Mood]) -> None:
        self._link = link
        self._mood = mood

    async def ask(self, request: Message, schema: ModuleType) -> Message:
        """Ask, as soon as the car has found its words again."""
        while self._mood() is Mood.SILENT:
            await asyncio.sleep(LOOK_S)
        return await self._link.ask(request, schema)

    async def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        await self._link.send(octets)

    async def hear(self, schema: ModuleType) -> Message:
        """The next response."""
        return await self._link.hear(schema)

    async def close(self) -> None:
        """Hang up; a car whose plug was pulled has no line to do it on."""
        if self._mood() is not Mood.GONE:
            await self._link.close()

    async def drop(self) -> None:
        """The bench is cleared away."""
        await self._link.close()


def plan_of(talk: Talk, wallet: Wallet | None = None) -> Plan:
    """What a car that talks like this means to do: charge until its battery wants no more. Raises `WalletError`."""
    mode = EnergyMode.DC_EXTENDED if talk.energy == "DC" else EnergyMode.AC_3P
    more: dict[str, Any] = {"mode": mode, "offers": SPOKEN[talk.protocol]}
    if talk.payment == "Contract":
        if wallet is None:
            raise WalletError("the car carries nothing to pay with")
        more |= {"offers": (Spoken.ISO_2,), "payment": Payment.CONTRACT}  # DIN 70121 knows no contracts
        more |= {"provisioned": wallet.provisioned()} if talk.contract is None else {}
        more |= {"contract": wallet.contract(talk.contract)} if talk.contract is not None else {}
    return replace(Plan(charge_s=DAY_S, loop_s=talk.loop_s), **more)
