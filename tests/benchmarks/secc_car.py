"""The car of rows 3 and 4: it drives any charger's side of ISO 15118, does not tarry, and notes what answers took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from unittest import mock

import msgspec

from agent.iso15118.exi import Message, din, iso2
from agent.iso15118.secc.events import Protocol
from agent.iso15118.secc.snapshot import EnergyMode
from sim.evcc.evcc import charge
from sim.evcc.link import Link
from sim.evcc.plan import Plan
from tests.agent.iso15118.stand import Battery
from tests.benchmarks.table import UnmeasurableError

PAUSES = ("sim.evcc.dc.POLL_S", "sim.evcc.din.POLL_S", "sim.evcc.iso2.POLL_S")
CURRENT_A = 100.0


class Driven(msgspec.Struct):
    """How long sessions took, from the first message to the last, and each answer to a CurrentDemand."""

    sessions_s: list[float] = []
    answers_s: list[float] = []


class Timed:
    """A link that notes how long each answer took. After so many demands, or so long, the car is full."""

    def __init__(self, link: Link, battery: Battery, demands: int, at_most_s: float) -> None:
        self._link = link
        self._battery = battery
        self._left = demands
        self._until_s = time.perf_counter() + at_most_s
        self.answered_s: list[float] = []

    async def ask(self, request: Message, schema: ModuleType) -> Message:
        """Ask, and note a CurrentDemand's time."""
        begin = time.perf_counter()
        answer = await self._link.ask(request, schema)
        body = getattr(request, "Body", None)
        if body is not None and isinstance(body.BodyElement, din.CurrentDemandReq | iso2.CurrentDemandReq):
            now = time.perf_counter()
            self.answered_s.append(now - begin)
            self._left -= 1
            self._battery.full = self._left <= 0 or now > self._until_s
        return answer

    async def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        await self._link.send(octets)

    async def close(self) -> None:
        """Hang up."""
        await self._link.close()


@contextmanager
def not_tarrying() -> Iterator[None]:
    """The car asks again at once where it was answered Ongoing."""
    with ExitStack() as patched:
        for pause in PAUSES:
            patched.enter_context(mock.patch(pause, 0.0))
        yield


async def drive(
    link: Link, protocol: Protocol, driven: Driven, *, volts: float, demands: int, at_most_s: float = 3600.0
) -> None:
    """One session over an open link. Raises `UnmeasurableError` when it does not end well."""
    battery = Battery(volts, max_current_a=CURRENT_A)
    timed = Timed(link, battery, demands, at_most_s)
    plan = Plan(offers=(protocol,), mode=EnergyMode.DC_EXTENDED, charge_s=3600.0, loop_s=0.0)
    begin = time.perf_counter()
    report = await charge(timed, plan, battery)
    if report.ended != "done":
        raise UnmeasurableError(f"a session ended: {report.ended}")
    driven.sessions_s.append(time.perf_counter() - begin)
    driven.answers_s += timed.answered_s
