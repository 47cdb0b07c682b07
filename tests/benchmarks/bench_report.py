"""Row 12: a full report of the device model, from the CSMS's question to the answer to the last message.

The station has everything but hardware and disk. Beside it a bare station on the `ocpp` package sends the very same
variables, in as many messages, validating as it does by default. Both speak to the same CSMS, which only answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

import websockets
from ocpp.charge_point import camel_to_snake_case
from ocpp.routing import after, on
from ocpp.v201 import ChargePoint, call, call_result

from agent.ocpp.codec import Version
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import stand
from tests.benchmarks.table import Row, median

ROUNDS = 5
ASKED = {"requestId": 1, "reportBase": "FullInventory"}


class Told(NamedTuple):
    """One report."""

    took_ms: float
    parts: list[dict[str, Any]]


class BareStation(ChargePoint):
    """Sends a report that it was given."""

    def __init__(self, connection: Any, parts: list[dict[str, Any]]) -> None:
        super().__init__("BARE", connection)
        self._parts = parts

    @on("GetBaseReport")
    def asked(self, **_: Any) -> call_result.GetBaseReport:
        """Accept."""
        return call_result.GetBaseReport(status="Accepted")

    @after("GetBaseReport")
    async def tell(self, **_: Any) -> None:
        """Report."""
        for part in self._parts:
            await self.call(call.NotifyReport(**part))


def rows() -> Iterator[Row]:
    """Messages, kilobytes and milliseconds."""
    logging.getLogger("ocpp").setLevel(logging.WARNING)
    ours, theirs = asyncio.run(measured())
    parts = ours[0].parts
    variables = sum(len(part["reportData"]) for part in parts)
    what = f"full report of the device model, {variables} variables"
    yield Row(row=12, what=f"{what}: messages", ours=len(parts), unit="")
    yield Row(row=12, what=f"{what}: JSON", ours=sum(map(len, map(json.dumps, parts))) / 1000, unit="kB")
    yield Row(
        row=12,
        what=f"{what}: asked to all told",
        ours=median([one.took_ms for one in ours]),
        unit="ms",
        peer=median([one.took_ms for one in theirs]),
        peer_name="a bare station on the `ocpp` package that sends the same",
        goal="ratio >= 5",
    )


async def measured() -> tuple[list[Told], list[Told]]:
    """Reports of both, who take turns."""
    csms = ScriptedCsms(versions=(Version.V201.value,))
    async with stand(csms, versions=[Version.V201]) as one:
        await one.accepted()
        ours = [await told(csms)]
        async with bare(ours[0].parts) as other:
            theirs = []
            for _ in range(ROUNDS):
                ours.append(await told(csms))
                theirs.append(await told(other))
    return ours[1:], theirs


@contextlib.asynccontextmanager
async def bare(parts: list[dict[str, Any]]) -> AsyncIterator[ScriptedCsms]:
    """The CSMS of a bare station that is connected to it."""
    csms = ScriptedCsms(versions=(Version.V201.value,))
    protocol = websockets.Subprotocol(Version.V201.value)
    async with websockets.connect(f"{await csms.start()}/BARE", subprotocols=[protocol]) as connection:
        station = BareStation(connection, [camel_to_snake_case(part) for part in parts])
        running = asyncio.create_task(station.start())
        await csms.until(lambda: csms.socket is not None)
        try:
            yield csms
        finally:
            running.cancel()
            await asyncio.wait([running])
            await csms.stop()


async def told(csms: ScriptedCsms) -> Told:
    """One report, timed by the clock of the wall."""
    csms.heard.clear()
    begin = time.perf_counter()
    await csms.call("GetBaseReport", ASKED)
    await csms.until(ended(csms))
    took_ms = (time.perf_counter() - begin) * 1000
    return Told(took_ms, [one.payload for one in csms.calls("NotifyReport")])


def ended(csms: ScriptedCsms) -> Callable[[], bool]:
    """Whether the last message of the report has come."""
    return lambda: any(not one.payload.get("tbc") for one in csms.calls("NotifyReport"))
