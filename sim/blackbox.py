"""The charger as a black box: the production agent on simulated hardware in real time, and what may be done to both."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from hal.board import Board
from sim.agent_view import step_told, to_wire, view
from sim.board import SimBoard
from sim.commands import Command, CommandError, Network, PlugIn, Power, parse
from sim.state import Physics, State
from sim.station import Agent, AgentHost
from sim.world import Follower

if TYPE_CHECKING:
    from pathlib import Path

    from sim.evcc.plan import Report
    from sim.evcc.talkers import Talkers

BACKLOG_MAX: Final = 10_000  # our policy: a listener this far behind is let go

log = logging.getLogger(__name__)


class Hardware(Protocol):
    """A simulated world, in this process (`sim.world.World`) or in another one (`sim.remote_world.RemoteWorld`)."""

    followers: list[Follower]

    async def power_up(self) -> Board:
        """The mains are there: a guarded board, started."""

    async def power_down(self) -> None:
        """The mains are cut."""

    async def play(self, command: Command) -> None:
        """Carry out what driver, car or bad luck do."""

    async def physics(self) -> Physics:
        """The truth at this moment."""

    @property
    def near(self) -> SimBoard | None:
        """The raw board, where it is in this process."""

    def save(self) -> None:
        """Keep now what must outlive this process."""

    async def leave(self) -> None:
        """This process ends without powering down."""

    async def close(self) -> None:
        """Power down in order."""


class Ending(enum.Enum):
    """Why a black box ends."""

    STOPPED = enum.auto()
    RESET = enum.auto()  # the agent accepted a reset


class Told(msgspec.Struct, frozen=True):
    """Something that happened: its kind and its facts, as JSON has them."""

    kind: str
    facts: dict[str, Any]


def talking(board: SimBoard) -> bool:
    """Whether a car that talks hangs on it."""
    cars = (one.car for one in board.evses.values())
    return any(car is not None and car.spec.talk is not None for car in cars)


class BlackBox:
    """Hardware and an agent on it. `start`, then wait for `ended`, then `close`."""

    def __init__(self, host: AgentHost, hardware: Hardware, *, car_certificates: Path | None = None) -> None:
        """`car_certificates`: the folder with what cars that pay by contract carry."""
        self._host = host
        self._car_certificates = car_certificates
        self._hardware = hardware
        self._ended: asyncio.Future[Ending]
        self._began_s = 0.0
        self._starts = 0
        self._online = True
        self._powered = False
        self._switch = asyncio.Lock()
        self._switching: set[asyncio.Task[None]] = set()
        self._watching = ExitStack()
        self._cars: Talkers | None = None
        self._listeners: set[asyncio.Queue[Told | None]] = set()
        host.on_boot.append(self._agent_boots)
        hardware.followers.append(self._happened)

    async def start(self) -> None:
        """Power up. Raises `HalError` and what building the agent raises."""
        loop = asyncio.get_running_loop()
        self._began_s, self._ended = loop.time(), loop.create_future()
        await self._power(True)

    async def ended(self) -> Ending:
        """Wait until it has to end. Raises what made the agent fail."""
        return await self._ended

    def stop(self) -> None:
        """Ask for an orderly end."""
        if not self._ended.done():
            self._ended.set_result(Ending.STOPPED)

    async def close(self, ending: Ending | None) -> None:
        """End: hardware in a process of its own only goes with an orderly stop. None: it has failed."""
        for task in self._switching:
            task.cancel()
        for queue in tuple(self._listeners):
            self._end_story(queue)
        await self._host.halt()
        if self._cars is not None:
            await self._cars.close()
        self._watching.close()
        if ending is Ending.STOPPED:
            await self._hardware.close()
        else:
            await self._hardware.leave()

    def save(self) -> None:
        """Keep the physics as they are: the process is about to vanish."""
        self._hardware.save()

    async def command(self, name: str, arguments: Any) -> None:
        """Carry a command out; its effects follow. Raises `CommandError`, and `HalError` for what cannot be now."""
        match parse(name, arguments):
            case Network(online):
                self._online = online
                self._host.network(online)
            case Power(on):
                task = asyncio.get_running_loop().create_task(self._power(on), name="mains")
                self._switching.add(task)
                task.add_done_callback(self._switched)
            case command:
                if isinstance(command, PlugIn) and command.protocol == "iso15118":
                    self._let_talk(command)
                await self._hardware.play(command)

    async def state(self) -> State:
        """Everything at this moment. Raises `HalError` when the hardware's process is gone."""
        now_s = asyncio.get_running_loop().time()
        physics, agent = await self._hardware.physics(), self._host.agent
        return State(
            at=self._stamp(now_s),
            uptime_s=round(now_s - self._began_s, 3),
            physics=physics,
            agent=None if agent is None else view(agent, self._starts),
        )

    async def story(self) -> AsyncGenerator[Told, None]:
        """What happens from now on; ends with the black box, or when the reader is too slow."""
        queue: asyncio.Queue[Told | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while (told := await queue.get()) is not None:
                yield told
        finally:
            self._listeners.discard(queue)

    # Inside

    async def _power(self, on: bool) -> None:
        async with self._switch:
            if on and not self._powered:
                board = await self._hardware.power_up()
                self._powered = True
                self._host.run_on(board).add_done_callback(self._agent_ended)
            elif not on and self._powered:
                self._powered = False
                await self._host.kill()
                await self._hardware.power_down()
                self._happened("station", {"what": "power-off"})

    def _let_talk(self, car: PlugIn) -> None:
        """Give the cars a voice, once. Raises `CommandError` where nobody would hear it, or it could not pay."""
        if self._hardware.near is None:
            raise CommandError("protocol", "cars talk to a charger in their own process; leave --hardware-process")
        config = next((one.v2g for one in self._host.config.evse if one.id == car.evse), None)
        if config is None:
            raise CommandError("protocol", f"EVSE {car.evse} does not talk; give it [evse.v2g]")
        if car.payment == "Contract":
            self._check_contract(car.contract)
        self._voices(config.host).follow(self._hardware.near)

    def _check_contract(self, name: str | None) -> None:
        """Raise `CommandError` where no car can have this contract."""
        from sim.evcc.wallet import Wallet, WalletError  # certificates are loaded only where a car carries them

        if self._car_certificates is None:
            raise CommandError("payment", "cars carry no contracts here; give hal.options.car_certificates")
        wallet = Wallet(self._car_certificates)
        try:
            if name is None:
                wallet.provisioned()
            else:
                wallet.contract(name)
        except WalletError as error:
            raise CommandError("contract", str(error)) from error

    def _voices(self, host: str) -> Talkers:
        if self._cars is None:
            from sim.evcc.talkers import Talkers  # the messages are loaded only where a car speaks them

            self._cars = Talkers(self._v2g_port, host, self._car_certificates, self._v2g_discovery)
            self._cars.on_end.append(self._car_said)
        return self._cars

    def _car_said(self, evse: int, report: Report) -> None:
        """A car's session has ended."""
        protocol = None if report.protocol is None else report.protocol.name
        self._happened("car", {"evse": evse, "protocol": protocol, "ended": report.ended})

    def _v2g_port(self, evse: int) -> int | None:
        server = None if self._host.agent is None else self._host.agent.v2g.get(evse)
        return server.port or None if server is not None else None

    def _v2g_discovery(self, evse: int) -> int | None:
        server = None if self._host.agent is None else self._host.agent.v2g.get(evse)
        return None if server is None else server.discovery_port

    def _switched(self, task: asyncio.Task[None]) -> None:
        self._switching.discard(task)
        self._fail(task)

    def _agent_boots(self, agent: Agent) -> None:
        self._starts += 1
        near = self._hardware.near
        host = next((one.v2g.host for one in self._host.config.evse if one.v2g is not None), None)
        if near is not None and host is not None and (self._cars is not None or talking(near)):
            self._voices(host).follow(near)
        self._watching.close()
        self._watching.enter_context(agent.charge_point.watching(self._stepped))
        if not self._online:
            agent.station.network(False)
        self._happened("station", {"what": "boot", "starts": self._starts})

    def _agent_ended(self, task: asyncio.Task[None]) -> None:
        if not self._fail(task) and not task.cancelled() and not self._ended.done():
            self._ended.set_result(Ending.RESET)

    def _fail(self, task: asyncio.Task[None]) -> bool:
        """Whether the task failed, and with it everything."""
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._ended.done():
            self._ended.set_exception(error)
        return error is not None

    def _stepped(self, *step: Any) -> None:
        for kind, facts in step_told(*step):
            self._happened(kind, facts)

    def _happened(self, kind: str, facts: Mapping[str, Any]) -> None:
        at_s = facts.get("at_s", asyncio.get_running_loop().time())
        rest = {name: value for name, value in facts.items() if name != "at_s"}
        told = Told(kind, {"at": self._stamp(at_s), **rest})
        for queue in tuple(self._listeners):
            if queue.qsize() < BACKLOG_MAX:
                queue.put_nowait(told)
            else:
                self._end_story(queue)

    def _stamp(self, mono_s: float) -> str:
        now = self._host.clock.now()
        return to_wire(now.utc_s - (now.mono_s - mono_s))

    def _end_story(self, queue: asyncio.Queue[Told | None]) -> None:
        self._listeners.discard(queue)
        queue.put_nowait(None)
