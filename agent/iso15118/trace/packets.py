"""From link layer to payload: HomePlug messages, UDP datagrams and TCP segments."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from msgspec import Struct

from agent.iso15118.trace.pcap import Packet

ETHERNET, RAW, LINUX_COOKED, LINUX_COOKED_2 = 1, 101, 113, 276  # link types
IPV4, IPV6, VLAN, HOMEPLUG = 0x0800, 0x86DD, 0x8100, 0x88E1
TCP, UDP = 6, 17
EXTENSIONS: Final = frozenset({0, 43, 60})  # IPv6 headers that may stand before the payload
SYN, FIN, RST = 2, 1, 4


class HomePlug(Struct, frozen=True):
    """A management message of the power line modems."""

    source: str
    target: str
    kind: int
    body: bytes


class Datagram(Struct, frozen=True):
    """A UDP datagram; the ends as `[address]:port`."""

    source: str
    target: str
    payload: bytes


class Segment(Struct, frozen=True):
    """A TCP segment."""

    source: str
    target: str
    sequence: int
    flags: int
    payload: bytes


def opened(packet: Packet) -> HomePlug | Datagram | Segment | None:
    """What a packet holds; None when it is something else, or cut short."""
    try:
        return _linked(packet.link, packet.data)
    except (struct.error, IndexError, ValueError):
        return None


def _linked(link: int, data: bytes) -> HomePlug | Datagram | Segment | None:
    match link:
        case 1:
            kind, inner = struct.unpack_from(">H", data, 12)[0], data[14:]
            if kind == VLAN:
                kind, inner = struct.unpack_from(">H", data, 16)[0], data[18:]
            if kind == HOMEPLUG:
                return HomePlug(_mac(data[6:12]), _mac(data[:6]), struct.unpack_from("<H", inner, 1)[0], inner[3:])
        case 101:
            kind, inner = (IPV6 if data[0] >> 4 == 6 else IPV4), data  # noqa: PLR2004
        case 113:
            kind, inner = struct.unpack_from(">H", data, 14)[0], data[16:]
        case 276:
            kind, inner = struct.unpack_from(">H", data, 0)[0], data[20:]
        case _:
            return None
    if kind == IPV6:
        return _ipv6(inner)
    return _ipv4(inner) if kind == IPV4 else None


def _mac(octets: bytes) -> str:
    return ":".join(f"{octet:02x}" for octet in octets)


def _ipv6(data: bytes) -> Datagram | Segment | None:
    length, kind = struct.unpack_from(">HB", data, 4)
    source, target = IPv6Address(data[8:24]), IPv6Address(data[24:40])
    inner = data[40 : 40 + length]
    while kind in EXTENSIONS:
        kind, inner = inner[0], inner[8 * (inner[1] + 1) :]
    return _transport(kind, f"[{source}]", f"[{target}]", inner)


def _ipv4(data: bytes) -> Datagram | Segment | None:
    length = struct.unpack_from(">H", data, 2)[0]
    source, target = IPv4Address(data[12:16]), IPv4Address(data[16:20])
    return _transport(data[9], str(source), str(target), data[4 * (data[0] & 15) : length])


def _transport(kind: int, source: str, target: str, data: bytes) -> Datagram | Segment | None:
    if kind not in {TCP, UDP}:
        return None
    ports = struct.unpack_from(">HH", data)
    ends = f"{source}:{ports[0]}", f"{target}:{ports[1]}"
    if kind == UDP:
        return Datagram(*ends, data[8 : struct.unpack_from(">H", data, 4)[0]])
    return Segment(*ends, struct.unpack_from(">I", data, 4)[0], data[13], data[4 * (data[12] >> 4) :])
