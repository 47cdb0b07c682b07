"""Simulated meters that sign for real, one at each EVSE, and the production drivers that talk to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from hal.board import Meter
from hal.meters import DCBM, WebLink, open_bus, open_meter
from hal.modbus.bus import ModbusBus
from hal.types import MeterSample
from sim.bsm_slave import BsmSlave
from sim.dcbm_server import DcbmServer
from sim.modbus_server import ModbusTcpServer
from sim.ocmf_signer import OcmfSigner

BSM: Final = "bauer_bsm"
SIGNING: Final = frozenset({BSM, DCBM})


class SigningMeters:
    """Meters of one of the models `SIGNING`. `sources`: what each EVSE's meter measures.

    `signers` are what can be told to tamper; `devices` have the symptoms of their kind.
    """

    def __init__(self, profile: str, sources: Mapping[int, Callable[[], MeterSample]]) -> None:
        self._profile = profile
        self.signers = {evse: OcmfSigner(source().serial or str(evse)) for evse, source in sources.items()}
        self.devices: dict[int, BsmSlave | DcbmServer] = {
            evse: DcbmServer(source, self.signers[evse])
            if profile == DCBM
            else BsmSlave(source, self.signers[evse], evse)
            for evse, source in sources.items()
        }
        self._line: ModbusTcpServer | None = None
        self._buses: list[ModbusBus | WebLink] = []

    async def start(self) -> dict[int, Meter]:
        """Serve them; the driver of each EVSE's meter."""
        slaves = [one for one in self.devices.values() if isinstance(one, BsmSlave)]
        url = ""
        if slaves:
            self._line = ModbusTcpServer(slaves)
            url = f"tcp://127.0.0.1:{await self._line.start()}"
            self._buses.append(open_bus(url))
        mono = asyncio.get_running_loop().time
        meters: dict[int, Meter] = {}
        for evse, device in self.devices.items():
            if isinstance(device, DcbmServer):
                self._buses.append(open_bus(await device.start()))
            meters[evse] = open_meter(self._profile, self._buses[-1], evse, mono)
        return meters

    def measure(self, sources: Mapping[int, Callable[[], MeterSample]]) -> None:
        """The same meters on another board, as after a power cut that has taken the electronics with it."""
        for evse, device in self.devices.items():
            device.source = sources[evse]

    def lose_power(self) -> None:
        """The mains fail: time and user are forgotten, registers, pages and records are not."""
        for device in self.devices.values():
            device.lose_power()

    async def cut(self, seconds: float) -> None:
        """No power for so long."""
        for device in self.devices.values():
            device.silent = True
        self.lose_power()
        await asyncio.sleep(seconds)
        for device in self.devices.values():
            device.silent = False

    async def close(self) -> None:
        """Serve no more."""
        for bus in self._buses:
            await bus.close()
        self._buses.clear()
        for device in self.devices.values():
            if isinstance(device, DcbmServer):
                await device.stop()
        if self._line is not None:
            await self._line.stop()
