"""Simulated hardware with a mains switch and a memory: it may lose power, process and agent, and goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import asdict, replace

from hal.board import STATION
from hal.errors import HalError
from hal.guard import Guard
from sim.board import BoardSpec, SimBoard, TraceEntry
from sim.circuit import classify
from sim.commands import Command
from sim.evse_state import Snapshot
from sim.hardware import MeterLink, SimHardware
from sim.meter import power_w
from sim.persistence import Memory
from sim.player import Player, Readers
from sim.signing_meters import SigningMeters
from sim.state import Car, Contactor, Cp, EvsePhysics, Led, Physics
from sim.symptoms import Symptom

SAVE_S: Final = 1.0  # our policy: how often a battery's charge is kept; registers and events are kept at once
SYNC_S: Final = 10.0  # our policy: how often what is kept is brought onto the disk
TRACE_MAX: Final = 20_000  # our policy: entries of the physics' story that are held

ALL_CONDUCTORS: Final = frozenset({0, 1, 2})

log = logging.getLogger(__name__)

Follower = Callable[[str, Mapping[str, Any]], None]


class WorldSpec(BoardSpec, frozen=True, forbid_unknown_fields=True):
    """The options of the simulated hardware, `[hal.options]` of a configuration.

    `link`: how the meters are connected. `readers`: the EVSEs that each token reader serves; empty: any combination.
    `car_certificates`: the folder with what cars that pay by contract carry (`sim.evcc.wallet`).
    """

    link: MeterLink = MeterLink()
    readers: Readers = ()
    car_certificates: str | None = None

    @property
    def board(self) -> BoardSpec:
        """The board's part."""
        return BoardSpec(**{name: getattr(self, name) for name in BoardSpec.__struct_fields__})


def world_spec(options: Mapping[str, Any]) -> WorldSpec:
    """The hardware that these options describe. Raises `HalError` naming the option at fault."""
    try:
        return msgspec.convert(options, WorldSpec)
    except msgspec.ValidationError as error:
        known = ", ".join(WorldSpec.__struct_fields__)
        raise HalError(f"hal.options: {error}; options are {known}") from error


class World:
    """Board, meters, cars and drivers.

    `followers` hear, by a kind and its facts, what happens: "physics" and "refused".
    """

    def __init__(self, spec: WorldSpec, memory: Memory | None = None) -> None:
        self.followers: list[Follower] = []
        self.spec = spec
        self._memory = memory
        self._hardware: SimHardware | None = None
        self._signing: SigningMeters | None = None  # what they know outlives a power cut
        self._board: SimBoard | None = None
        self._player = Player(lambda: self.board, spec.evses, spec.readers, self._refused)
        self._save_soon: asyncio.Handle | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._forgetful = False

    @property
    def powered(self) -> bool:
        """Whether the mains are there."""
        return self._hardware is not None

    @property
    def near(self) -> SimBoard:
        """The same as `board`: it is in this process."""
        return self.board

    @property
    def board(self) -> SimBoard:
        """The raw board, dark or live. Raises `HalError` before the first `power_up`."""
        if self._board is None:
            raise HalError("the simulated hardware has not been started; power it up first")
        return self._board

    async def power_up(self) -> Guard:
        """The mains are there: returns the guarded board, started. Raises `HalError`."""
        if self._hardware is not None:
            return self._hardware.guarded
        if self._board is None:
            state = self._memory.load() if self._memory is not None else None
        else:
            state = self._board.dump()
            await self._board.close()
        hardware = SimHardware(self.spec.board, self.spec.link, before_told=self.save, signing=self._signing)
        self._adopt(hardware.board, state)
        await hardware.start()
        self._hardware = hardware
        self._heed_symptoms()
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep(), name="simulated hardware's memory")
        return hardware.guarded

    async def power_down(self) -> None:
        """The mains are cut: contactors fall open, the electronics are dark; cars and cables stay."""
        if self._hardware is None:
            return
        hardware, self._hardware = self._hardware, None
        self._signing = hardware.signing
        if self._signing is not None:
            self._signing.lose_power()
        await hardware.close()
        spec = self.spec.board
        dark = SimBoard(**asdict(replace(spec, grid=replace(spec.grid, lost=ALL_CONDUCTORS))))
        self._adopt(dark, hardware.board.dump())
        for evse in dark.evses.values():
            await evse.pilot.state_e()
        self.save()

    async def play(self, command: Command) -> None:
        """Carry a command of driver, car or bad luck out. Raises `CommandError`, `HalError`."""
        self._player.play(command)
        self._remember()

    async def physics(self) -> Physics:
        """The truth at this moment, kept before it is told."""
        board = self.board
        snapshots = {number: board.snapshot(number) for number in board.evses}
        evses = tuple(
            _evse(number, one, board.true_energy_wh(number), self.spec.evse.socket) for number, one in snapshots.items()
        )
        self.save()
        return Physics(self.powered, board.symptoms(STATION), evses)

    def save(self) -> None:
        """Keep everything as it is now. Done before a register is told, too: it never goes back."""
        self._save_soon = None
        if self._memory is None:
            return
        try:
            self._memory.save(self.board.dump())
        except HalError as error:
            if not self._forgetful:
                log.error("the simulated hardware goes on without a memory: %s", error)  # noqa: TRY400
            self._forgetful = True
        else:
            self._forgetful = False

    async def close(self) -> None:
        """Power down in order."""
        self._player.close()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        if self._hardware is not None:
            await self._hardware.close()
        if self._board is not None:
            if self._save_soon is not None:
                self._save_soon.cancel()
            self.save()
            await self._sync()

    async def leave(self) -> None:
        """The process ends: what is in it ends too."""
        await self.close()

    def _adopt(self, board: SimBoard, state: Mapping[str, Any] | None) -> None:
        self._board = board
        if state is not None:
            try:
                board.restore(state)
            except HalError as error:
                where = "its dump" if self._memory is None else self._memory.path
                raise HalError(f"{where} is of other hardware: {error}; remove it to begin anew") from error
        board.on_trace.append(self._traced)

    def _traced(self, entry: TraceEntry) -> None:
        if len(self.board.trace) > TRACE_MAX:
            del self.board.trace[: TRACE_MAX // 2]
        if entry.what == "symptom":
            asyncio.get_running_loop().call_soon(self._heed_symptoms)
        if entry.what != "current":
            self._remember()
        self._tell("physics", msgspec.to_builtins(entry._asdict()))

    def _refused(self, command: str, why: str) -> None:
        self._tell("refused", {"command": command, "error": why})

    def _tell(self, kind: str, facts: Mapping[str, Any]) -> None:
        for follower in tuple(self.followers):
            follower(kind, facts)

    def _heed_symptoms(self) -> None:
        """A silent meter is one that the bus does not hear; one that tampers gives another record than it signed."""
        if self._hardware is None:
            return
        signing = self._hardware.signing
        devices = self._hardware.slaves if signing is None else signing.devices
        for evse, device in devices.items():
            device.silent = Symptom.METER_SILENT in self.board.symptoms(evse)
        if signing is not None:
            for evse, signer in signing.signers.items():
                signer.tamper = Symptom.METER_TAMPERS in self.board.symptoms(evse)

    def _remember(self) -> None:
        """Keep what has changed once this turn of the loop is over: a change rarely comes alone."""
        if self._save_soon is None:
            self._save_soon = asyncio.get_running_loop().call_soon(self.save)

    async def _keep(self) -> None:
        """Now and then, for what changes slowly, and for the disk."""
        while True:
            for _ in range(round(SYNC_S / SAVE_S)):
                await asyncio.sleep(SAVE_S)
                self.save()
            await self._sync()

    async def _sync(self) -> None:
        if self._memory is not None:
            await asyncio.to_thread(self._memory.sync)


def _evse(number: int, now: Snapshot, true_energy_wh: float, has_lock: bool) -> EvsePhysics:
    return EvsePhysics(
        evse=number,
        plugged=now.soc_pct is not None,
        cp=Cp(
            str(classify(now.cp_high_v, now.cp.state)), round(now.cp_high_v, 3), round(now.cp_low_v, 3), now.duty_pct
        ),
        contactor=Contactor(now.permitted, now.poles, now.mirror_closed),
        lock=str(now.lock) if has_lock else None,
        current_a=now.current_a,
        voltage_v=now.voltage_v,
        power_w=power_w(now.voltage_v, now.current_a),
        energy_wh=now.energy_wh,
        true_energy_wh=true_energy_wh,
        car=None if now.soc_pct is None else Car(now.soc_pct),
        led=None if now.led is None else Led(str(now.led.colour), str(now.led.pattern)),
        display=now.display,
        last_sound=None if now.last_sound is None else str(now.last_sound),
        symptoms=now.symptoms,
    )
