"""Packets out of pcap and pcapng files, and out of what is left of them when a capture was cut or overwritten."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

PCAP_MAGICS: Final = {0xA1B2C3D4: 1e-6, 0xA1B23C4D: 1e-9}  # seconds of one tick
SECTION: Final = 0x0A0D0D0A
INTERFACE, SIMPLE, ENHANCED = 1, 3, 6
BYTE_ORDER: Final = 0x1A2B3C4D
TSRESOL: Final = 9
PACKET_LIMIT: Final = 262_144  # octets; what tcpdump captures at most
BLOCK_LEAST: Final = 12  # its type, and its length twice
BLOCK_LIMIT: Final = PACKET_LIMIT + 4096


class Packet(Struct, frozen=True):
    """A packet as it was captured."""

    at_s: float
    link: int
    data: bytes


class Damaged(Struct, frozen=True):
    """The file cannot be read further; what came before stands."""

    reason: str


def read(data: bytes) -> Iterator[Packet | Damaged]:
    """Every packet of a capture file, in order; at the end what is wrong with the file, if anything is."""
    if len(data) < 4:  # noqa: PLR2004 - the mark of either format
        yield Damaged("too short for a capture file")
    elif int.from_bytes(data[:4], "little") == SECTION:
        yield from _pcapng(data)
    else:
        yield from _pcap(data)


def _pcap(data: bytes) -> Iterator[Packet | Damaged]:
    order = next((one for one in "<>" if struct.unpack(one + "I", data[:4])[0] in PCAP_MAGICS), "")
    if not order or len(data) < 24:  # noqa: PLR2004 - the file's header
        yield Damaged("neither a pcap nor a pcapng file")
        return
    tick_s = PCAP_MAGICS[struct.unpack(order + "I", data[:4])[0]]
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(data):
        seconds, ticks, length, _ = struct.unpack_from(order + "4I", data, at)
        if length > PACKET_LIMIT:
            yield Damaged(f"a packet of {length} octets at {at}")
            return
        at += 16
        packet = data[at : at + length]
        if len(packet) < length:
            break
        at += length
        yield Packet(seconds + ticks * tick_s, link, packet)
    if at != len(data):
        yield Damaged(f"the file ends within a packet, after {len(data)} octets")


def _pcapng(data: bytes) -> Iterator[Packet | Damaged]:
    order, at = "<", 0
    interfaces: list[tuple[int, float]] = []
    while at + BLOCK_LEAST <= len(data):
        kind, length = struct.unpack_from(order + "2I", data, at)
        if kind == SECTION:
            order = "<" if struct.unpack_from("<I", data, at + 8)[0] == BYTE_ORDER else ">"
            length = struct.unpack_from(order + "I", data, at + 4)[0]
            interfaces = []
        if not BLOCK_LEAST <= length <= BLOCK_LIMIT or length % 4:
            yield Damaged(f"a block of {length} octets at {at}")
            return
        body = data[at + 8 : at + length - 4]
        if at + length > len(data):
            break
        at += length
        if kind == INTERFACE and len(body) >= 8:  # noqa: PLR2004
            interfaces.append((struct.unpack_from(order + "H", body)[0], _tick(body[8:], order)))
        elif kind == ENHANCED and len(body) >= 20:  # noqa: PLR2004
            number, high, low, captured, _ = struct.unpack_from(order + "5I", body)
            if number < len(interfaces):
                link, tick_s = interfaces[number]
                yield Packet((high << 32 | low) * tick_s, link, body[20 : 20 + captured])
        elif kind == SIMPLE and interfaces and len(body) >= 4:  # noqa: PLR2004
            yield Packet(0.0, interfaces[0][0], body[4 : 4 + struct.unpack_from(order + "I", body)[0]])
    if at != len(data):
        yield Damaged(f"the file ends within a block, after {len(data)} octets")


def _tick(options: bytes, order: str) -> float:
    """Seconds of one tick of an interface; microseconds unless its options say otherwise."""
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(order + "2H", options, at)
        if code == 0:
            break
        if code == TSRESOL and length and at + 4 < len(options):
            exponent = options[at + 4]
            return float(2.0 ** -(exponent & 0x7F) if exponent & 0x80 else 10.0**-exponent)
        at += 4 + (length + 3) // 4 * 4
    return 1e-6
