"""A car that does not keep to the rules at one of its messages: what does its charger make of it?"""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any, Final

from msgspec.structs import replace

from agent.iso15118 import exi
from agent.iso15118.exi import Message
from agent.iso15118.v2gtp import PayloadType, framed
from sim.evcc.link import ChargerGoneError, Link
from sim.vehicle import Misbehaviour

ANOTHER_SESSION: Final = b"\xee" * 8
GARBAGE: Final = b"GET / HTTP/1.1\r\n\r\n"
ENDLESS: Final = b"\x01\xfe\x80\x01\xff\xff\xff\xff"  # a V2GTP header that promises 4 GiB
PIECE: Final = 3  # octets at a time of a car whose frames are split
SLOW_S: Final = 0.05  # our policy: between two pieces of a car that is slow
SILENT_S: Final = 120.0  # our policy: longer than any charger waits
TIMES: Final = 8  # as often an impatient car asks before it was answered


class Unruly:
    """A link on which the first request of a name goes wrong; `sim.evcc.link.Link`."""

    def __init__(self, link: Link, misbehaviour: Misbehaviour) -> None:
        self._link = link
        self._what = misbehaviour
        self._done = False

    async def ask(self, request: Message, schema: ModuleType) -> Message:
        """Ask as the rules have it, or not. Raises `ChargerGoneError`, `TimeoutError`."""
        if self._done or _name(request) != self._what.at:
            return await self._link.ask(request, schema)
        self._done = True
        for octets, pause_s in self._said(request, schema):
            if octets:
                await self._link.send(octets)
            await asyncio.sleep(pause_s)
        if self._what.how == "stops":
            await self._link.hear(schema)
        if self._what.how in {"hangs-up", "stops"}:
            await self._link.close()
            raise ChargerGoneError(f"the car has left at {self._what.at}")
        return await self._link.hear(schema)

    def _said(self, request: Any, schema: Any) -> list[tuple[bytes, float]]:
        """What goes over the line instead, each with a pause."""
        whole = _frame(request)
        match self._what.how:
            case "another-session":
                other = replace(request, Header=replace(request.Header, SessionID=ANOTHER_SESSION))
                return [(_frame(other), 0.0)]
            case "out-of-order":
                asks = schema.SessionSetupReq(EVCCID=ANOTHER_SESSION[:6])
                wrong = schema.ServiceDiscoveryReq() if _name(request) == "SessionSetupReq" else asks
                return [(_frame(replace(request, Body=schema.BodyType(BodyElement=wrong))), 0.0)]
            case "stops":
                stop = schema.SessionStopReq
                ends = stop(ChargingSession="Terminate") if "ChargingSession" in stop.__struct_fields__ else stop()
                return [(_frame(replace(request, Body=schema.BodyType(BodyElement=ends))), 0.0)]
            case "slow" | "split":
                pause_s = SLOW_S if self._what.how == "slow" else 0.0
                return [(whole[at : at + PIECE], pause_s) for at in range(0, len(whole), PIECE)]
            case "impatient":
                return [(whole, 0.0)] * TIMES
            case "garbage":
                return [(GARBAGE, 0.0)]
            case "endless":
                return [(ENDLESS, 0.0)]
            case "silent":
                return [(b"", SILENT_S)]
            case _:
                return []

    async def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        await self._link.send(octets)

    async def hear(self, schema: ModuleType) -> Message:
        """The next response."""
        return await self._link.hear(schema)

    async def close(self) -> None:
        """Hang up."""
        await self._link.close()


def _name(request: Any) -> str:
    body = getattr(request, "Body", None)
    return type(request if body is None else body.BodyElement).__name__


def _frame(message: Message) -> bytes:
    return framed(PayloadType.EXI, exi.encode(message))
