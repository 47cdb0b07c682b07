"""From a meter's line in the configuration to its driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hal.board import Meter
from hal.dcbm import DcbmMeter
from hal.modbus.bsm import BsmMeter
from hal.modbus.bus import ModbusBus
from hal.modbus.meter import ModbusMeter
from hal.modbus.profile import load_profile
from hal.modbus.sunspec_meter import SunSpecMeter

WEB: Final = "http://"
DCBM: Final = "lem_dcbm"  # over HTTP, and signs


class WebLink:
    """What stands for a bus where each meter has a web interface of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def close(self) -> None:
        """Nothing is held open."""


def open_bus(url: str) -> ModbusBus | WebLink:
    """The bus at this address; it connects when something is read. Raises `ValueError`."""
    return WebLink(url) if url.startswith(WEB) else ModbusBus(url)


def open_meter(
    profile: str, bus: ModbusBus | WebLink, unit_id: int, mono: Callable[[], float], *, serial: str | None = None
) -> Meter:
    """The driver of a meter: by a profile's name or path, or one that needs none. Raises `ValueError`."""
    if isinstance(bus, WebLink):
        if profile != DCBM:
            raise ValueError(f"{bus.url}: profile {profile!r} is read over Modbus; over HTTP there is {DCBM!r}")
        return DcbmMeter(bus.url, mono, serial=serial)
    match profile:
        case "sunspec":  # any SunSpec meter: it finds its registers itself
            return SunSpecMeter(bus, unit_id, mono, serial=serial)
        case "bauer_bsm":  # SunSpec, and signs
            return BsmMeter(bus, unit_id, mono, serial=serial)
        case "lem_dcbm":
            raise ValueError(f"{bus.url}: {DCBM!r} is read over HTTP; give its bus the address http://host:port")
        case _:
            return ModbusMeter(load_profile(profile), bus, unit_id, mono, serial=serial)
