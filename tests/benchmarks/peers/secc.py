"""A charger's side of ISO 15118 by itself: the production server and engine, behind them a charger that obeys.

    python -m tests.benchmarks.peers.secc [INTERFACE]

On ::1 without discovery, or on an interface with it. Prints its port; then, for each line that it reads, its resident
set in KiB after a full collection.
"""

# ruff: noqa: T201 - printing is how it answers

from __future__ import annotations

import asyncio
import gc
import secrets
import sys
import time
from pathlib import Path

from msgspec.structs import replace

from agent.iso15118 import sdp
from agent.iso15118.secc.events import AnyEvent, CableCheckWanted, Demanded, PowerWanted, PreChargeWanted, SessionBegan
from agent.iso15118.secc.snapshot import Check, DcSide, EnergyMode, Isolation, Period, Permission, Snapshot
from agent.iso15118.secc.state import Dice
from agent.iso15118.server import SeccServer
from sim.v2g_bench import address_of

DC = DcSide(max_voltage_v=500.0, min_voltage_v=150.0, max_current_a=125.0, min_current_a=0.0, max_power_w=50_000.0)


def dice() -> Dice:
    """For one session."""
    return Dice(secrets.token_bytes(8), secrets.token_bytes(16))


class Charger:
    """Grants everything at once."""

    def __init__(self, interface: str | None) -> None:
        self.state = Snapshot(
            evse_id="ZZ*EVS*E1",
            utc_s=time.time(),
            modes=(EnergyMode.DC_EXTENDED,),
            permission=Permission.GRANTED,
            dc=DC,
            schedule=(Period(0, 50_000.0),),
        )
        host, port = ("::1", None) if interface is None else (address_of(interface), sdp.PORT)
        self.server = SeccServer(host, lambda: self.state, self.tell, dice, interface=interface, sdp_port=port)

    def tell(self, event: AnyEvent) -> None:
        """Become what the car wants."""
        dc = self.state.dc or DC
        match event:
            case SessionBegan():
                dc = DC
            case CableCheckWanted():
                dc = replace(dc, cable_check=Check.PASSED, isolation=Isolation.VALID, closed=True)
            case PreChargeWanted(voltage_v=voltage_v):
                dc = replace(dc, voltage_v=voltage_v)
            case Demanded(voltage_v=voltage_v, current_a=current_a):
                dc = replace(dc, voltage_v=voltage_v, current_a=current_a)
            case PowerWanted(on=False):
                dc = replace(dc, closed=False, current_a=0.0)
        self.state = replace(self.state, dc=dc)
        asyncio.get_running_loop().call_soon(self.server.changed)


def rss_kib() -> str:
    """Of this process."""
    gc.collect()
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("VmRSS"))


async def main(interface: str | None) -> None:
    """Serve until the input ends."""
    charger = Charger(interface)
    serving = asyncio.create_task(charger.server.run())
    await charger.server.listening.wait()
    print(charger.server.port, flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(rss_kib(), flush=True)
    serving.cancel()


if __name__ == "__main__":
    asyncio.run(main(next(iter(sys.argv[1:]), None)))
