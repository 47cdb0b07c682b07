"""One end of a charging cable by itself: a bench charger for any car, or the simulated car for any charger.

    python -m sim.v2g_bench charger --interface eth1 [--dc] [--certificate PEM --key PEM --contract-roots PEM]
    python -m sim.v2g_bench car --interface eth1 [--dc] [--din] [--seconds 5]

The charger is the production server and engine; behind it a contactor that closes, a supply that follows and an
insulation that is found good, no agent. Prints events, or the car's report, as JSON lines. Real time, real sockets.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import secrets
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from agent.iso15118.secc.events import (
    AnyEvent,
    CableCheckWanted,
    Demanded,
    PowerWanted,
    PreChargeWanted,
    Protocol,
    RenegotiationBegan,
)
from agent.iso15118.secc.snapshot import (
    AcSide,
    Check,
    DcSide,
    EnergyMode,
    Isolation,
    Meter,
    Notice,
    Payment,
    Period,
    Permission,
    Snapshot,
)
from agent.iso15118.secc.state import Dice, Judge
from agent.iso15118.server import SeccServer
from sim.evcc.discovery import connect, find
from sim.evcc.evcc import charge
from sim.evcc.plan import Plan

SWITCH_S: Final = 0.1
CHECK_S: Final = 1.0
LISTENING: Final = "Listening"  # said once, when cars may come
INTERFACES: Final = Path("/proc/net/if_inet6")
LINK_LOCAL: Final = "fe80"
AC: Final = AcSide(max_current_a=32.0)
DC: Final = DcSide(max_voltage_v=900.0, min_voltage_v=150.0, max_current_a=300.0, min_current_a=0.0, max_power_w=2e5)


def address_of(interface: str) -> str:
    """Its link-local address, with the interface. Raises OSError when it has none."""
    for line in INTERFACES.read_text().splitlines():
        number, *_, name = line.split()
        if name == interface and number.startswith(LINK_LOCAL):
            groups = [number[at : at + 4] for at in range(0, len(number), 4)]
            return f"{':'.join(groups)}%{interface}"
    raise OSError(f"{interface} has no link-local IPv6 address")


class BenchCharger:
    """A charger that grants everything."""

    def __init__(
        self,
        interface: str,
        *,
        dc: bool,
        tls: Any = None,
        judge: Judge | None = None,
        fetch: Any = None,
        receipts: bool = False,
        wish: Notice = Notice.NONE,
    ) -> None:
        """`tls`, `judge` and `fetch` as `SeccServer` and `Dice` have them.

        `wish`: what it wants of the car, once, when it charges; a car that renegotiates is offered half as much then.
        `receipts`: a car with a contract is to sign each reading of the meter.
        """
        self._wish = wish
        modes = (EnergyMode.DC_EXTENDED, EnergyMode.DC_CORE) if dc else (EnergyMode.AC_3P, EnergyMode.AC_1P)
        payments = (Payment.EXTERNAL,) if judge is None else (Payment.CONTRACT, Payment.EXTERNAL)
        self._state = Snapshot(
            evse_id="ZZ*EVS*E1",
            utc_s=time.time(),
            modes=modes,
            payments=payments,
            permission=Permission.GRANTED,
            ac=None if dc else AC,
            dc=DC if dc else None,
            meter=Meter("BENCH-1", energy_wh=12_345.0, utc_s=time.time()),
            receipts=receipts,
            schedule=(Period(0, DC.max_power_w if dc else 22_000.0),),
        )
        self.server = SeccServer(
            address_of(interface),
            lambda: self._state,
            self._tell,
            lambda: Dice(secrets.token_bytes(8), secrets.token_bytes(16), judge),
            interface=interface,
            tls=lambda: tls,
            fetch=fetch,
        )

    async def serve(self) -> None:
        """Charge cars until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self.server.run())
            await self.server.listening.wait()
            print(json.dumps({"event": LISTENING, "port": self.server.port}), flush=True)

    def _tell(self, event: AnyEvent) -> None:
        print(json.dumps({"event": type(event).__name__, **_plain(event)}), flush=True)
        self._talk_again(event)
        later = asyncio.get_running_loop().call_later
        match event:
            case PowerWanted(on=on) if self._state.ac is not None:
                later(SWITCH_S, self._ac, on)
            case PowerWanted(on=on):
                later(SWITCH_S, lambda: self._dc(closed=on, current_a=0.0))
            case CableCheckWanted():
                self._dc(cable_check=Check.RUNNING)
                later(CHECK_S, lambda: self._dc(cable_check=Check.PASSED, isolation=Isolation.VALID))
            case PreChargeWanted(voltage_v=voltage_v):
                later(SWITCH_S, lambda: self._dc(voltage_v=voltage_v))
            case Demanded(current_a=current_a, voltage_v=voltage_v):
                self._dc(current_a=min(current_a, DC.max_current_a), voltage_v=voltage_v)
            case _:
                pass

    def _talk_again(self, event: AnyEvent) -> None:
        match event:
            case PowerWanted(on=True) if self._wish is not Notice.NONE:
                self._become(notice=self._wish)
                self._wish = Notice.NONE
            case RenegotiationBegan():
                half = tuple(replace(one, power_w=one.power_w / 2) for one in self._state.schedule or ())
                self._become(notice=Notice.NONE, schedule=half)

    def _ac(self, closed: bool) -> None:
        self._become(ac=replace(self._state.ac or AC, closed=closed))

    def _dc(self, **fields: Any) -> None:
        self._become(dc=replace(self._state.dc or DC, **fields))

    def _become(self, **fields: Any) -> None:
        self._state = replace(self._state, **fields)
        self.server.changed()


class BenchBattery:
    """A car that takes what it may."""

    def __init__(self, voltage_v: float) -> None:
        self.voltage_v = voltage_v
        self.max_current_a = 16.0
        self.soc_pct = 50.0
        self.full = self.greedy = self.resting = False
        self.lacks_wh = 20_000.0
        self.charge_v = voltage_v

    def connect(self, on: bool) -> None:
        """Its contactor leads nowhere here."""

    def ready(self, on: bool) -> None:
        """S2 leads nowhere here."""

    def limited_to(self, current_a: float) -> None:
        """Nothing is drawn."""


def _plain(event: AnyEvent) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(event, builtin_types=(bytes,))
    octets = {name: value.hex() for name, value in plain.items() if isinstance(value, bytes)}
    return {name: value for name, value in (plain | octets).items() if name not in {"type", "chain"}}


def _judge(roots: Path) -> Judge:
    from agent.iso15118.contracts import ContractJudge
    from agent.pki.certificates import read_pem

    return ContractJudge(lambda: read_pem(roots.read_bytes()), lambda: dt.datetime.now(dt.UTC))


async def _car(interface: str, *, dc: bool, din: bool, seconds: float, volts: float) -> int:
    plan = Plan(
        offers=(Protocol.DIN if din else Protocol.ISO_2,),
        mode=EnergyMode.DC_EXTENDED if dc or din else EnergyMode.AC_3P,
        charge_s=seconds,
        loop_s=0.1,
    )
    where = await find(interface=interface)
    link = await connect(where, interface=interface, timeout_s=30.0)
    report = await charge(link, plan, BenchBattery(volts))
    told = {"ended": report.ended, "messages": len(report.responses), "slowest_s": round(report.slowest_s, 3)}
    print(json.dumps(told), flush=True)
    return 0 if report.ended == "done" else 1


def main() -> int:
    """Run one end; a car's exit code says whether it charged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("end", choices=["charger", "car"])
    parser.add_argument("--interface", required=True)
    parser.add_argument("--dc", action="store_true", help="DC instead of AC")
    parser.add_argument("--din", action="store_true", help="the car speaks DIN 70121 only")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long the car charges")
    parser.add_argument("--volts", type=float, help="the car's battery; 400 for DC and 230 for AC unless told")
    parser.add_argument("--certificate", type=Path, help="the charger's certificates, leaf first")
    parser.add_argument("--key", type=Path)
    parser.add_argument("--contract-roots", type=Path)
    given = parser.parse_args()
    if given.end == "car":
        volts = given.volts or (400.0 if given.dc or given.din else 230.0)
        return asyncio.run(_car(given.interface, dc=given.dc, din=given.din, seconds=given.seconds, volts=volts))
    tls = None
    if given.certificate is not None and given.key is not None:
        from agent.iso15118.tls import context

        tls = context(str(given.certificate), str(given.key))
    judge = _judge(given.contract_roots) if given.contract_roots is not None else None

    async def serve() -> None:
        await BenchCharger(given.interface, dc=given.dc, tls=tls, judge=judge).serve()

    asyncio.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
