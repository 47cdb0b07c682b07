"""A whole charging station for a foreign car: the agent on simulated hardware, and the bundled CSMS that bills it.

    python -m tools.v2g.station --work DIR [--dc]

Started by interop.py at its end of the cable. The car is plugged in when it asks for a charger, and its S2 does what
its messages say; its driver presents a card as soon as the car talks. Prints events as JSON lines: that the station
listens, and, when the car has left and its bill is closed, what was billed and what has truly flowed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from unittest import mock

from agent.config import V2g
from agent.core.dc_line import Check
from agent.core.session import Session, Talk
from agent.iso15118 import sdp
from agent.iso15118.server import SeccServer
from sim.board import BoardSpec
from sim.dc import Battery, DcSpec
from sim.evcc.onboard import OnBoard
from sim.evse import EvseSpec
from sim.stage.place import LAST_WORDS_S, Place, PlaceSpec, place
from sim.v2g_bench import LISTENING, address_of
from sim.vehicle import VehicleSpec
from tools.v2g.cable import CHARGER

EVSE: Final = 1
CURRENT_A: Final = 16.0
BATTERY: Final = Battery(empty_v=470.0, full_v=500.0)  # EcoG's DC car asks for 1 A at 500 V, whatever it finds
LOOK_S: Final = 0.02  # a car has 250 ms for its S2 after PowerDelivery


def say(event: str, **more: object) -> None:
    """A line for who has started this."""
    print(json.dumps({"event": event, **more}), flush=True)


@contextmanager
def listening_for_cars() -> Iterator[asyncio.Event]:
    """An event that is set when the first car looks for a charger."""
    heard, respond = asyncio.Event(), SeccServer.response

    def response(server: SeccServer, request: sdp.Request) -> sdp.Response:
        heard.set()
        return respond(server, request)

    with mock.patch.object(SeccServer, "response", response):
        yield heard


class Inlet:
    """What a car does beside its messages, and a foreign one has no hands for here: S2, and a DC car's contactor."""

    def __init__(self, made: Place, *, dc: bool) -> None:
        spec = VehicleSpec(digital=True, max_current_a=CURRENT_A, soc_pct=50.0, battery=BATTERY)
        self._car = OnBoard(made.board, EVSE, made.board.plug_in(EVSE, spec), dc=dc)
        self._car.limited_to(CURRENT_A)
        self._did = (False, False)

    def follow(self, session: Session) -> None:
        """S2 is closed while the car asks for energy; its battery is there once the output has been precharged."""
        power, line = session.digital.power, session.line
        precharged = line.check is Check.PASSED and line.voltage_v >= BATTERY.empty_v
        connected = power and (self._did[1] or precharged)
        if self._did != (power, connected):
            self._did = (power, connected)
            self._car.connect(connected)
            self._car.ready(power)


async def charged(made: Place, *, dc: bool) -> None:
    """The car's half that is no message, from the plug to its end."""
    inlet, talked = Inlet(made, dc=dc), False
    while not talked or made.session(EVSE).digital.talk is Talk.TALKING:
        session = made.session(EVSE)
        if session.digital.talk is Talk.TALKING and not talked:
            talked = True
            made.tap(evse=EVSE)
        inlet.follow(session)
        await asyncio.sleep(LOOK_S)
    inlet.follow(made.session(EVSE))
    made.board.plug_out(EVSE)


async def serve(work: Path, *, dc: bool) -> None:
    """Charge one car."""
    v2g = V2g(host=address_of(CHARGER), interface=CHARGER)
    board = BoardSpec(evse=EvseSpec(socket=False, dc=DcSpec())) if dc else BoardSpec()
    with listening_for_cars() as asked:
        async with place(work, PlaceSpec(v2g=v2g, board=board)) as made:
            await bill(made, asked, dc=dc)


async def bill(made: Place, asked: asyncio.Event, *, dc: bool) -> None:
    """Charge the car that asks, and tell its bill."""
    say(LISTENING)
    await asked.wait()
    await charged(made, dc=dc)
    await asyncio.sleep(LAST_WORDS_S)
    say("SessionOver", billed_wh=[one.energy_wh for one in await made.bills()], flowed_wh=made.true_wh(EVSE))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--dc", action="store_true")
    given = parser.parse_args()
    given.work.mkdir(parents=True)
    asyncio.run(serve(given.work, dc=given.dc))


if __name__ == "__main__":
    main()
