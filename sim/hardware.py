"""The simulated hardware as a whole: board, meters as real Modbus slaves, interlock. No agent in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec.structs import asdict, replace

from hal.board import Meter
from hal.guard import Guard
from hal.modbus.bus import ModbusBus
from hal.modbus.meter import ModbusMeter
from hal.modbus.profile import load_profile
from hal.modbus.schema import Profile
from hal.types import MeterSample
from sim.board import BoardSpec, SimBoard
from sim.modbus_server import MeterSlave, ModbusRtuServer, ModbusTcpServer, Pty
from sim.signing_meters import SIGNING, SigningMeters


class MeterLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the meters are connected: the model they speak as, the line, how often they are read.

    A model of `sim.signing_meters.SIGNING` has a connection of its own, and signs.

    `scale_error` multiplies the energy they report: a current transformer of the wrong ratio.
    """

    profile: str = "eastron_sdm630"
    line: Literal["tcp", "rtu"] = "tcp"
    poll_s: float = 1.0
    scale_error: float = 1.0


class WatchedSlave(MeterSlave):
    """A meter whose conversation somebody may listen to, and whose registers can go wrong.

    `watch` is called with each request and its answer. `fill`: this word stands in every register; `offset_wh` is added
    to its energy; `serial`: another meter answers; `frozen`: its registers stay as they are.
    """

    def __init__(self, profile: Profile, source: Callable[[], MeterSample], unit_id: int) -> None:
        super().__init__(profile, self._told, unit_id)
        self.watch: Callable[[bytes, bytes | None], None] | None = None
        self.fill: int | None = None
        self.offset_wh = 0.0
        self.serial: str | None = None
        self.frozen = False
        self._true = source
        self._last: MeterSample | None = None

    def answer(self, pdu: bytes) -> bytes | None:
        """The answer to a request's PDU; None when it keeps silent."""
        answered = super().answer(pdu)
        if answered is not None and self.fill is not None and answered[0] == pdu[0]:
            answered = answered[:2] + self.fill.to_bytes(2, "big") * (len(answered[2:]) // 2)
        if self.watch is not None:
            self.watch(pdu, answered)
        return answered

    def _told(self) -> MeterSample:
        if self._last is None or not self.frozen:
            true = self._true()
            energy_wh = max(0.0, true.energy_import_wh + self.offset_wh)
            self._last = replace(true, energy_import_wh=energy_wh, serial=self.serial or true.serial)
        return self._last


class SimHardware:
    """A simulated board whose meters are read over Modbus, behind the interlock: what an agent is built on.

    `board` is the raw board, for whoever plays driver and car; `guarded` is what an agent may see, after `start`.
    `before_told` is called between a measurement and its way to the bus. `signing`: meters that were there before.
    """

    def __init__(
        self,
        spec: BoardSpec,
        link: MeterLink,
        *,
        before_told: Callable[[], None] = lambda: None,
        signing: SigningMeters | None = None,
    ) -> None:
        self.board = SimBoard(**asdict(spec))
        self._link = link
        self._before_told = before_told
        self.slaves: dict[int, WatchedSlave] = {}
        self.signing = signing
        sources = {evse: self._source(evse) for evse in self.board.evses}
        if signing is not None:
            signing.measure(sources)
        elif link.profile in SIGNING:
            self.signing = SigningMeters(link.profile, sources)
        else:
            self._profile = load_profile(link.profile)
            self.slaves = {evse: WatchedSlave(self._profile, source, evse) for evse, source in sources.items()}
        self._pty: Pty | None = None
        self._server: ModbusTcpServer | ModbusRtuServer | None = None
        self._bus: ModbusBus | None = None
        self._guard: Guard | None = None

    @property
    def guarded(self) -> Guard:
        """The board behind its interlock. Raises RuntimeError before `start`."""
        if self._guard is None:
            raise RuntimeError("the simulated hardware is not started")
        return self._guard

    @property
    def line(self) -> ModbusTcpServer | ModbusRtuServer | None:
        """The bus that the meters hang on; None before `start`."""
        return self._server

    async def start(self) -> None:
        """Power up: slaves serve, the meters are polled, every contactor is open."""
        guard = Guard(self.board, also_close=[self._hang_up])
        meters = await self._connect() if self.signing is None else await self.signing.start()
        for evse in sorted(self.board.evses):
            guard.attach_meter(evse, meters[evse], self._link.poll_s)
        await guard.start()
        self._guard = guard

    async def close(self) -> None:
        """Power down in order: contactors open, then meters and slaves stop."""
        if self._guard is not None:
            await self._guard.close()
        match self._server:
            case ModbusTcpServer() as server:
                await server.stop()
            case ModbusRtuServer() as line:
                line.stop()
        if self._pty is not None:
            self._pty.close()

    async def _connect(self) -> dict[int, Meter]:
        """The meters on their bus."""
        bus = self._bus = ModbusBus(await self._serve())
        mono = asyncio.get_running_loop().time
        return {evse: ModbusMeter(self._profile, bus, evse, mono) for evse in self.board.evses}

    async def _hang_up(self) -> None:
        if self._bus is not None:
            await self._bus.close()
        if self.signing is not None:
            await self.signing.close()

    async def _serve(self) -> str:
        """Start the slaves; returns the URL of their bus."""
        if self._link.line == "tcp":
            server = ModbusTcpServer(self.slaves.values())
            self._server = server
            return f"tcp://127.0.0.1:{await server.start()}"
        self._pty = Pty()
        self._server = ModbusRtuServer(self.slaves.values(), self._pty.fd)
        self._server.start()
        return f"serial://{self._pty.path}?baudrate=19200"

    def _source(self, evse: int) -> Callable[[], MeterSample]:
        true = self.board.meter_source(evse)

        def told() -> MeterSample:
            sample = true()
            self._before_told()
            if self._link.scale_error == 1.0:
                return sample
            return replace(sample, energy_import_wh=sample.energy_import_wh * self._link.scale_error)

        return told
