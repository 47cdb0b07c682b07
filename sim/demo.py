"""`evse demo`: charges on OCPP 1.6 and 2.0.1, one by plug & charge, one of direct current, on the virtual clock.

The production agent runs against the bundled CSMS over real loopback sockets; its meter is a Modbus slave, its control
pilot a circuit. At the end the CSMS's bill is compared with the energy that really flowed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import logging
import random
import ssl
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from agent.config import Config, Evse, Ocpp, State, Station, V2g, Version
from agent.iso15118.secc.events import Protocol
from agent.iso15118.secc.snapshot import Payment
from agent.runtime.clock import LoopClock
from csms.records import SessionRow
from csms.server import Csms
from csms.tariff import Tariff
from sim.board import BoardSpec
from sim.dc import DcSpec
from sim.demo_contract import plug_and_charge
from sim.evcc.evcc import charge as talk
from sim.evcc.link import StreamLink
from sim.evcc.onboard import OnBoard
from sim.evcc.plan import Contract, Plan, Report
from sim.evcc.talkers import Talkers
from sim.evse import EvseSpec
from sim.hardware import MeterLink
from sim.station import SimStation
from sim.time import run_virtual, virtual_wall
from sim.timeline import Line, Timeline, clock
from sim.vehicle import Talk, Vehicle, VehicleSpec

EPOCH_S: Final = 1_800_000_000.0  # 2027-01-15 08:00 UTC: any moment will do, but always the same
IDENTITY: Final = "DEMO-1"
TAG: Final = "04A2B3C4D5E680"
EMAID: Final = "DEEVSC00000042"
TARIFF: Final = Tariff(per_kwh=Decimal("0.39"), session_fee=Decimal("0.50"))
METER_LINES_S: Final = 1800.0
DC_LINES_S: Final = 60.0
BEFORE_S: Final = 8 * 3600.0  # with --keep the charges lie in the last hours, before the one that goes on
DAY_S: Final = 86_400.0
MESSAGE_S: Final = 10.0  # between a car's questions about its limit
SETTLE_S: Final = 30.0  # virtual time for the last messages


class Charge(msgspec.Struct, frozen=True):
    """One charge of the demonstration."""

    title: str
    version: Version
    link: MeterLink
    car: VehicleSpec
    tap_first: bool
    talks: bool = False  # the car speaks ISO 15118-2, and pays by contract
    supply: DcSpec | None = None  # the charger has one, and its car says by itself what it wants of it


CHARGES: Final = (
    Charge(
        "OCPP 1.6, Eastron SDM630 over Modbus RTU",
        "1.6",
        MeterLink("eastron_sdm630", "rtu"),
        VehicleSpec(capacity_wh=58_000.0, soc_pct=45.0, target_soc_pct=80.0),
        tap_first=False,
    ),
    Charge(
        "OCPP 2.0.1, ABB B23 over Modbus TCP",
        "2.0.1",
        MeterLink("abb_b2x", "tcp"),
        VehicleSpec(phases=1, max_current_a=32.0, capacity_wh=40_000.0, soc_pct=60.0, target_soc_pct=90.0),
        tap_first=True,
    ),
    Charge(
        "Plug & charge by ISO 15118-2, OCPP 2.0.1, Carlo Gavazzi EM340 over Modbus TCP",
        "2.0.1",
        MeterLink("carlo_gavazzi_em340", "tcp"),
        VehicleSpec(digital=True, capacity_wh=50_000.0, soc_pct=70.0, target_soc_pct=80.0),
        tap_first=False,
        talks=True,
    ),
    Charge(
        "Direct current by DIN SPEC 70121, OCPP 2.0.1, Eastron SDM630 over Modbus TCP",
        "2.0.1",
        MeterLink("eastron_sdm630", "tcp"),
        VehicleSpec(
            max_current_a=100.0,
            capacity_wh=50_000.0,
            soc_pct=74.0,
            target_soc_pct=80.0,
            talk=Talk(energy="DC", protocol="din70121"),
        ),
        tap_first=False,
        supply=DcSpec(max_voltage_v=500.0, max_current_a=125.0, max_power_w=50_000.0),
    ),
)


class Outcome(msgspec.Struct, frozen=True):
    """What a charge came to. Energies in Wh; `tolerance_wh` is the meter's resolution, at least 1 Wh."""

    title: str
    true_energy_wh: float
    tolerance_wh: float
    session: SessionRow | None
    virtual_s: float

    @property
    def billed_wh(self) -> float | None:
        """What the CSMS billed."""
        return self.session.energy_wh if self.session is not None else None

    @property
    def right(self) -> bool:
        """Whether the bill is closed and says what flowed."""
        closed = self.session is not None and self.session.ended_utc_s is not None
        return closed and self.billed_wh is not None and abs(self.billed_wh - self.true_energy_wh) <= self.tolerance_wh


class Books:
    """The CSMS's file (None: in memory) and the time on its calendar, which go from one charge to the next."""

    def __init__(self, csms: Path | None = None, now_utc_s: float = EPOCH_S) -> None:
        self.csms = csms
        self.now_utc_s = now_utc_s


async def charge(plan: Charge, books: Books, state_dir: Path, tell: Callable[[Line], None]) -> Outcome:
    """Run one charge, telling each line as its time comes."""
    loop = asyncio.get_running_loop()
    wall, numbers, ids = virtual_wall(books.now_utc_s, loop), itertools.count(1), random.Random(plan.title)
    csms = Csms(books.csms, accept_all=True, now=wall, ids=lambda: f"csms-{next(numbers)}")
    csms.add_token(TAG)
    csms.add_token(EMAID)
    csms.set_tariff(TARIFF)
    port = await csms.start()
    contracted = plug_and_charge(state_dir, EMAID, books.now_utc_s) if plan.talks else None
    config = Config(
        schema_version=1,
        station=Station(
            identity=IDENTITY, vendor="evse-agent", model=f"Simulated {'AC' if plan.supply is None else 'DC'}"
        ),
        ocpp=Ocpp(
            url=f"ws://127.0.0.1:{port}/ocpp", versions=(plan.version,), security_profile=0, allow_plain_text=True
        ),
        evse=(_evse(plan, None if contracted is None else contracted.v2g),),
        state=State(dir=state_dir),
    )
    new_id = lambda: str(uuid.UUID(int=ids.getrandbits(128), version=4))  # noqa: E731 - as short as what it says
    board = BoardSpec(evse=EvseSpec(socket=plan.supply is None, dc=plan.supply))
    station = SimStation(config, LoopClock(wall), new_id, spec=board, link=plan.link)
    cars = Talkers(lambda evse: _v2g_port(station, evse))
    cars.follow(station.board)
    await station.start()
    timeline = Timeline(station.board)
    telling = asyncio.create_task(_tell(timeline, tell))
    agent = station.agent
    assert agent is not None  # noqa: S101 - just started
    watch = agent.charge_point.watching(
        lambda _before, event, session, effects: timeline.watch(loop.time(), event, session, effects)
    )
    with watch:
        await _drive(plan, station, timeline, None if contracted is None else contracted.contract)
    telling.cancel()
    for line in timeline.take():
        tell(line)
    rows = await csms.sessions()
    meter = agent.charge_point.session(1).meter
    outcome = Outcome(
        title=plan.title,
        true_energy_wh=station.board.true_energy_wh(1),
        tolerance_wh=max(1.0, meter.resolution_wh if meter is not None else 0.0),
        session=rows[-1] if rows else None,
        virtual_s=loop.time(),
    )
    await station.stop()
    await cars.close()
    await csms.stop()
    return outcome


def _evse(plan: Charge, v2g: V2g | None) -> Evse:
    if plan.supply is not None:
        return Evse(id=1, kind="DC", v2g=V2g(host="::1", sdp_port=None))
    return Evse(id=1, max_current_a=32.0, v2g=v2g)


def _v2g_port(station: SimStation, evse: int) -> int | None:
    return None if station.agent is None else station.agent.v2g[evse].port or None


async def _drive(plan: Charge, station: SimStation, timeline: Timeline, contract: Contract | None) -> None:
    """What driver and car do."""
    board, loop = station.board, asyncio.get_running_loop()
    await asyncio.sleep(5)
    if plan.tap_first:
        board.present_token(TAG)
        await asyncio.sleep(8)
    car = board.plug_in(1, plan.car)
    talking = asyncio.create_task(_talk(station, car, contract)) if contract is not None else None
    if not plan.tap_first and contract is None:
        await asyncio.sleep(8)
        board.present_token(TAG)
    step_s = METER_LINES_S if plan.supply is None else DC_LINES_S
    while car.soc_pct < plan.car.target_soc_pct - 0.01 and loop.time() < 24 * 3600:
        await asyncio.sleep(step_s)
        timeline.meter(loop.time(), 1)
    await asyncio.sleep(120)
    if plan.supply is not None:
        timeline.note(loop.time(), "car", "has said that it is charged, and has its contactor open")
    elif talking is None:
        board.present_token(TAG)
        await asyncio.sleep(15)
    else:  # the car has ended its session, and the transaction with it
        report = await talking
        timeline.note(loop.time(), "car", f"ISO 15118-2 by contract: {len(report.responses)} messages, {report.ended}")
    board.plug_out(1)
    await asyncio.sleep(SETTLE_S)


async def _talk(station: SimStation, car: Vehicle, contract: Contract) -> Report:
    """The car's messages, inside TLS, over a connection of its own."""
    agent = station.agent
    assert agent is not None  # noqa: S101 - just started
    await asyncio.sleep(2)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE  # TLS judges dates by the machine's clock, and this is another time
    trust.maximum_version = ssl.TLSVersion.TLSv1_2  # ISO 15118-2
    reader, writer = await asyncio.open_connection("::1", agent.v2g[1].port, ssl=trust)
    plan = Plan(offers=(Protocol.ISO_2,), payment=Payment.CONTRACT, contract=contract, charge_s=DAY_S, loop_s=MESSAGE_S)
    return await talk(StreamLink(reader, writer, timeout_s=60.0), plan, OnBoard(station.board, 1, car))


async def _tell(timeline: Timeline, tell: Callable[[Line], None]) -> None:
    while True:
        await asyncio.sleep(60)
        for line in timeline.take():
            tell(line)


def run(
    charges: tuple[Charge, ...], tell: Callable[[Line], None], begin: Callable[[Charge], None], books: Books
) -> list[Outcome]:
    """Run charges one after the other, each on a clock and a state directory of its own."""
    outcomes = []
    for plan in charges:
        begin(plan)
        with tempfile.TemporaryDirectory(prefix="evse-demo-") as state_dir:
            outcomes.append(run_virtual(charge(plan, books, Path(state_dir), tell), transport="sockets"))
        books.now_utc_s += outcomes[-1].virtual_s
    return outcomes


def command(argv: list[str]) -> int:
    """`evse demo [--json] [--keep]`: 0 when every bill is right, 1 when one is not."""
    parser = argparse.ArgumentParser(prog="evse demo", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the time line")
    parser.add_argument("--keep", action="store_true", help="leave a charger and the CSMS's page running, until Ctrl-C")
    parser.add_argument(
        "--meter-scale-error", type=float, default=1.0, metavar="FACTOR", help="a meter that counts wrongly"
    )
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    wrong = options.meter_scale_error
    charges = tuple(
        msgspec.structs.replace(one, link=msgspec.structs.replace(one.link, scale_error=wrong)) for one in CHARGES
    )
    with tempfile.TemporaryDirectory(prefix="evse-demo-") as folder:
        file = Path(folder) / "csms.sqlite"
        books = Books(file, time.time() - BEFORE_S) if options.keep else Books()
        right = _shown(charges, books, as_json=options.json)
        if options.keep:
            from sim.demo_kept import keep  # pages and control API are loaded only where they are asked for

            keep(Path(folder), file, as_json=options.json)
    return 0 if right else 1


def _shown(charges: tuple[Charge, ...], books: Books, *, as_json: bool) -> bool:
    """Run the charges and show them; whether every bill is right."""
    began_s = time.monotonic()
    if as_json:
        lines: list[Line] = []
        outcomes = run(charges, lines.append, lambda _plan: None, books)
        told = {"charges": [_plain(one) for one in outcomes], "timeline": msgspec.to_builtins(lines)}
        print(json.dumps(told), flush=True)
    else:
        outcomes = run(charges, _print_line, lambda plan: print(f"\n{plan.title}\n{'-' * len(plan.title)}"), books)
        _print_bills(outcomes, time.monotonic() - began_s)
    return all(one.right for one in outcomes)


def _print_line(line: Line) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(f"{clock(line.at_s)}  {line.who:10}{line.what}", flush=True)


def _print_bills(outcomes: list[Outcome], took_s: float) -> None:
    print("\nBills against the energy that really flowed\n-------------------------------------------")
    for one in outcomes:
        row = one.session
        if row is None or one.billed_wh is None:
            print(f"WRONG  {one.title}: the CSMS has no bill; true {one.true_energy_wh:.1f} Wh")
            continue
        verdict = "right" if one.right else "WRONG"
        print(
            f"{verdict}  {one.title}: billed {one.billed_wh:.0f} Wh = {row.cost} {row.currency};"
            f" true {one.true_energy_wh:.1f} Wh (off by {one.billed_wh - one.true_energy_wh:+.1f} Wh,"
            f" tolerance {one.tolerance_wh:g} Wh)"
        )
    virtual_h = sum(one.virtual_s for one in outcomes) / 3600
    print(f"{virtual_h:.1f} hours of charging in {took_s:.1f} s")


def _plain(outcome: Outcome) -> dict[str, object]:
    row = outcome.session
    return {
        "title": outcome.title,
        "right": outcome.right,
        "true_energy_wh": outcome.true_energy_wh,
        "billed_energy_wh": outcome.billed_wh,
        "tolerance_wh": outcome.tolerance_wh,
        "cost": str(row.cost) if row is not None else None,
        "currency": row.currency if row is not None else None,
        "virtual_s": outcome.virtual_s,
    }
