"""WebSocket frames as a broken or hostile CSMS may write them, over a real socket: what is legal is understood, what
is not closes the connection with the code of RFC 6455, and the station dials again and works.
"""

from __future__ import annotations

import gc
import json
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.ocpp.codec import Version
from agent.ocpp.rpc import MAX_FRAME_BYTES
from agent.ocpp.settings.link import (
    RETRY_BACK_OFF_RANDOM_RANGE,
    RETRY_BACK_OFF_REPEAT_TIMES,
    RETRY_BACK_OFF_WAIT_MINIMUM,
)
from sim.time import run_virtual
from tests.agent.ocpp.raw_csms import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    TEXT,
    RawCsms,
    accepting,
    close_frame,
    ws,
)
from tests.agent.ocpp.stand import Stand, stand

CALL = b'[2,"c1","GetConfiguration",{"key":["HeartbeatInterval"]}]'
SOON = {
    RETRY_BACK_OFF_WAIT_MINIMUM.key: "10",
    RETRY_BACK_OFF_RANDOM_RANGE.key: "0",
    RETRY_BACK_OFF_REPEAT_TIMES.key: "0",
}
PROTOCOL_ERROR, NOT_UTF8, TOO_BIG = 1002, 1007, 1009  # RFC 6455 7.4.1


def on_sockets(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """In virtual time, so that waiting for the next dial costs nothing, and on the kernel's own sockets."""
    run_virtual(main(), transport="sockets")


@asynccontextmanager
async def dialled(answer: Callable[[str], bytes] | None = None) -> AsyncIterator[tuple[RawCsms, Stand]]:
    csms = RawCsms(answer)
    url = await csms.start()
    async with stand(None, url=url, versions=(Version.V16,), start_values=SOON) as one:  # type: ignore[arg-type]
        try:
            yield csms, one
        finally:
            await csms.stop()


async def works_again(csms: RawCsms, one: Stand, connections: int = 2) -> None:
    """A new connection, on which the station is served and serves."""
    await csms.until(lambda: csms.connections == connections and one.station.online)
    csms.send(ws(TEXT, b'[2,"again","GetLocalListVersion",{}]'))
    await csms.until(lambda: csms.reply("again"))


def pieces(payload: bytes, size: int, kind: int = TEXT, between: bytes = b"") -> bytes:
    """A message in fragments, with something between each two."""
    parts = [payload[start : start + size] for start in range(0, len(payload), size)]
    frames = [
        ws(kind if place == 0 else CONTINUATION, part, fin=place == len(parts) - 1) for place, part in enumerate(parts)
    ]
    return between.join(frames)


LEGAL = {
    "in one frame": ws(TEXT, CALL),
    "in fragments of ten bytes": pieces(CALL, 10),
    "byte by byte": pieces(CALL, 1),
    "with pings between the fragments": pieces(CALL, 10, between=ws(PING, b"now?")),
    "with empty fragments": ws(TEXT, fin=False) + ws(CONTINUATION, fin=False) + ws(CONTINUATION, CALL),
    "as binary": ws(BINARY, CALL),
    "after pongs that nobody asked for": ws(PONG, b"here") * 50 + ws(TEXT, CALL),
    "with a length that a shorter form would hold": bytes((0x81, 127)) + struct.pack(">Q", len(CALL)) + CALL,
}


@pytest.mark.parametrize("data", LEGAL.values(), ids=LEGAL)
def test_a_call_is_answered_however_it_is_cut(data: bytes):
    async def main() -> None:
        async with dialled() as (csms, one):
            await csms.until(lambda: one.station.online)
            csms.send(data)
            kind, _, answer = await csms.until(lambda: csms.reply("c1"))
            assert kind == 3
            assert [item["key"] for item in answer["configurationKey"]] == ["HeartbeatInterval"]
            assert csms.connections == 1

    on_sockets(main)


def test_a_flood_of_pings_is_answered_and_holds_up_nobody():
    async def main() -> None:
        async with dialled() as (csms, one):
            await csms.until(lambda: one.station.online)
            csms.send(b"".join(ws(PING, str(number).encode()) for number in range(5000)) + ws(TEXT, CALL))
            await csms.until(lambda: csms.reply("c1"))
            await csms.until(lambda: csms.pongs and csms.pongs[-1] == b"4999")
            assert [int(one) for one in csms.pongs] == sorted({int(one) for one in csms.pongs})
            assert csms.connections == 1

    on_sockets(main)


ILLEGAL = {
    "a continuation without a start": (ws(CONTINUATION, CALL), PROTOCOL_ERROR),
    "a new message inside another": (ws(TEXT, CALL[:9], fin=False) + ws(TEXT, CALL), PROTOCOL_ERROR),
    "compressed without being asked": (ws(TEXT, CALL, first=RSV1), PROTOCOL_ERROR),
    "an opcode that is not defined": (ws(0x3, CALL), PROTOCOL_ERROR),
    "a control opcode that is not defined": (ws(0xB), PROTOCOL_ERROR),
    "masked, as only a client may": (ws(TEXT, CALL, masked=True), PROTOCOL_ERROR),
    "a ping in fragments": (ws(PING, b"a", fin=False), PROTOCOL_ERROR),
    "a ping of 126 bytes": (ws(PING, b"a" * 126), PROTOCOL_ERROR),
    "text that is not UTF-8": (ws(TEXT, b'[2,"c1","\xff\xfe",{}]'), NOT_UTF8),
    "half a character": (ws(TEXT, b'[2,"\xe2\x82'), NOT_UTF8),
    "a frame over the size limit": (ws(TEXT, b"x" * (MAX_FRAME_BYTES + 1)), TOO_BIG),
    "a length that nobody has": (bytes((0x81, 127)) + struct.pack(">Q", 2**62), TOO_BIG),
    "a negative length": (bytes((0x81, 127)) + struct.pack(">Q", 2**63), None),
    "fragments over the size limit": (pieces(b"x" * (MAX_FRAME_BYTES + 1), 2**18), TOO_BIG),
    "goodbye with one byte": (ws(CLOSE, b"\x03"), PROTOCOL_ERROR),
    "goodbye with a code that may not be sent": (close_frame(1005), PROTOCOL_ERROR),
    "goodbye with a code that is none": (close_frame(999), PROTOCOL_ERROR),
    "goodbye with a reason that is not UTF-8": (close_frame(1000, b"\xff"), NOT_UTF8),
    "no WebSocket frame at all": (b"HTTP/1.1 500 Oops\r\n" + b"X: y\r\n" * 20, PROTOCOL_ERROR),
}


@pytest.mark.parametrize(("data", "code"), ILLEGAL.values(), ids=ILLEGAL)
def test_what_is_not_legal_ends_the_connection_with_its_code_and_the_station_dials_again(
    data: bytes, code: int | None, caplog: pytest.LogCaptureFixture
):
    async def main() -> None:
        async with dialled() as (csms, one):
            await csms.until(lambda: one.station.online)
            csms.send(data)
            await csms.until(lambda: csms.closed)
            assert code is None or csms.closed == code
            assert csms.reply("c1") is None
            await works_again(csms, one)

    on_sockets(main)
    gc.collect()
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1008, 1011, 1012, 1013, 3000, 4999])
def test_a_goodbye_is_returned_with_its_code_and_the_station_dials_again(code: int):
    async def main() -> None:
        async with dialled() as (csms, one):
            await csms.until(lambda: one.station.online)
            csms.send(close_frame(code, "auf bald €".encode()))
            await csms.until(lambda: csms.closed)
            assert csms.closed == code
            await works_again(csms, one)

    on_sockets(main)


CUTS = {
    "in the head of a frame": b"\x81",
    "in a frame": ws(TEXT, CALL)[:20],
    "between fragments": pieces(CALL, 10)[:12],
}


@pytest.mark.parametrize("data", CUTS.values(), ids=CUTS)
def test_a_connection_that_breaks_in_the_middle_of_something_is_dialled_again(data: bytes):
    async def main() -> None:
        async with dialled() as (csms, one):
            await csms.until(lambda: one.station.online)
            csms.send(data)
            csms.cut()
            await works_again(csms, one)

    on_sockets(main)


DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
HANDSHAKES: dict[str, Callable[[str], bytes]] = {
    "no subprotocol": lambda accept: accepting(accept, version=None),
    "a subprotocol that nobody offered": lambda accept: accepting(accept, version="ocpp2.0.1"),
    "a subprotocol in other letters": lambda accept: accepting(accept, version="OCPP1.6"),
    "two subprotocols": lambda accept: accepting(accept, version="ocpp1.6, ocpp2.0.1"),
    "an accept key of somebody else": lambda accept: accepting(accept[::-1]),
    "no accept key": lambda accept: accepting(accept).replace(b"Sec-WebSocket-Accept", b"X-Accept"),
    "compression that nobody offered": lambda accept: accepting(accept, DEFLATE),
    "no upgrade": lambda accept: accepting(accept).replace(b"Upgrade: websocket", b"Upgrade: h2c"),
    "200 OK": lambda accept: accepting(accept, "Content-Length: 0", status="200 OK"),
    "503": lambda accept: accepting(accept, "Content-Length: 0", status="503 Service Unavailable"),
    "headers without end": lambda _: b"HTTP/1.1 101 Switching Protocols\r\n" + b"X: y\r\n" * 500,
    "a header without end": lambda _: b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"y" * 100_000,
    "no HTTP": lambda _: b"\x16\x03\x01\x00\x05hello\r\n\r\n",
}


@pytest.mark.parametrize("answer", HANDSHAKES.values(), ids=HANDSHAKES)
def test_a_handshake_that_is_not_as_it_should_be_leads_to_no_connection_and_the_next_one_is_tried(answer):
    async def main() -> None:
        async with dialled(answer) as (csms, one):
            await csms.until(lambda: csms.connections == 2)
            assert not one.station.online
            assert csms.texts == []
            csms.answer = accepting
            await csms.until(lambda: one.station.online)
            csms.send(ws(TEXT, json.dumps([2, "c1", "GetLocalListVersion", {}]).encode()))
            await csms.until(lambda: csms.reply("c1"))

    on_sockets(main)
