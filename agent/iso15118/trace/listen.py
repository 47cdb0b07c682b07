"""A capture retold: modems, discovery, connections, and every message with its time, phase, values and lateness."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import msgspec
from msgspec import Struct

from agent.iso15118 import exi, sdp, v2gtp
from agent.iso15118.exi.plain import plain
from agent.iso15118.trace import limits, pcap, slac_names
from agent.iso15118.trace.packets import FIN, RST, SYN, Datagram, HomePlug, Segment, opened
from agent.iso15118.trace.streams import Reassembly
from agent.iso15118.trace.tls import KeyLog, Tls
from agent.iso15118.trace.values import in_units

SCHEMAS: Final = {
    0x8002: "iso20", 0x8003: "iso20_ac", 0x8004: "iso20_dc", 0x8005: "iso20_acdp", 0x8006: "iso20_wpt",
    0x8101: "iso20", 0x8102: "iso20", 0x8103: "iso20_acdp", 0x8104: "iso20_wpt",
}  # fmt: skip
BY_NAMESPACE: Final = {"urn:din:70121:": "din", "urn:iso:15118:2:2013": "iso2", "urn:iso:std:iso:15118:-20": "iso20"}
FRAME_MARK: Final = b"\x01\xfe\x80"
TLS_MARK: Final = b"\x16\x03"
CONNECTIONS_LIMIT: Final = 256  # that are followed at a time: our policy
CAR, CHARGER = "car", "charger"


class Event(Struct, frozen=True, omit_defaults=True):
    """Something that happened. `late` names who was late, by how much and by which clause; `fault` what is broken."""

    at_s: float
    who: str
    what: str
    phase: str = ""
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    after_ms: float | None = None  # since the other side's last message
    late: str = ""
    fault: str = ""


def retold(data: bytes, keys: KeyLog | None = None) -> Iterator[Event]:
    """Everything in a capture file, in the order of its packets."""
    listener = Listener(keys)
    for packet in pcap.read(data):
        if isinstance(packet, pcap.Damaged):
            yield Event(listener.now_s, "file", "damaged", fault=packet.reason)
        else:
            yield from listener.hear(packet)
    yield from listener.finish()


class Listener:
    """What is known of a capture so far."""

    def __init__(self, keys: KeyLog | None = None) -> None:
        self.now_s = 0.0
        self._keys = keys
        self._connections: dict[frozenset[str], Connection] = {}
        self._asked_s: float | None = None

    def hear(self, packet: pcap.Packet) -> Iterator[Event]:
        """Take one packet."""
        self.now_s = packet.at_s
        match opened(packet):
            case HomePlug() as message:
                name, values = slac_names.spoken(message.kind, message.body)
                yield Event(self.now_s, message.source, name, "modems", values)
            case Datagram() as datagram if ":15118" in datagram.source + datagram.target:
                yield from self._discovery(datagram)
            case Segment() as segment:
                yield from self._connection(segment).hear(segment, self.now_s)

    def finish(self) -> Iterator[Event]:
        """What is still open at the end."""
        for connection in self._connections.values():
            yield from connection.finish(self.now_s)

    def _connection(self, segment: Segment) -> Connection:
        ends = frozenset((segment.source, segment.target))
        if ends not in self._connections:
            if len(self._connections) == CONNECTIONS_LIMIT:
                self._connections.pop(next(iter(self._connections)))
            self._connections[ends] = Connection(segment.source, self._keys)
        return self._connections[ends]

    def _discovery(self, datagram: Datagram) -> Iterator[Event]:
        who = CAR if datagram.target.endswith(":15118") else CHARGER
        try:
            if who == CAR:
                request = sdp.read_request(datagram.payload)
                self._asked_s = self.now_s
                yield Event(self.now_s, who, "SDP request", "discovery", {"security": request.security.name})
                return
            response = sdp.read_response(datagram.payload)
        except sdp.SdpError as error:
            yield Event(self.now_s, who, "SDP", "discovery", fault=str(error))
            return
        took_s = None if self._asked_s is None else self.now_s - self._asked_s
        where = {"address": str(response.address), "port": response.port, "security": response.security.name}
        late = overdue(who, took_s, limits.SDP_RESPONSE)
        yield Event(self.now_s, who, "SDP response", "discovery", where, _ms(took_s), late)


class Connection:
    """A TCP connection between a car, which opens it, and a charger."""

    def __init__(self, opener: str, keys: KeyLog | None) -> None:
        self._car = opener
        self._streams = {CAR: Reassembly(), CHARGER: Reassembly()}
        self._framers = {CAR: v2gtp.Framer(), CHARGER: v2gtp.Framer()}
        self._lost = {CAR: False, CHARGER: False}
        self._session = Session()
        self._keys = keys
        self._tls: Tls | None = None
        self._begun = self._closed = False

    def hear(self, segment: Segment, now_s: float) -> Iterator[Event]:
        """Take one segment."""
        who = CAR if segment.source == self._car else CHARGER
        if segment.flags & SYN:
            self._streams[who].begin(segment.sequence)
            if who == CAR:
                ends = {"from": segment.source, "to": segment.target}
                yield Event(now_s, who, "TCP connect", "connection", ends)
        data, gap = self._streams[who].feed(segment.sequence, segment.payload)
        if gap:
            self._lost[who] = True
            yield Event(now_s, who, "TCP", "connection", fault="packets are missing from the capture")
        if data:
            yield from self._octets(who, data, now_s)
        if segment.flags & (FIN | RST) and not self._closed:
            self._closed = True
            yield Event(now_s, who, "TCP reset" if segment.flags & RST else "TCP close", "connection")

    def _octets(self, who: str, data: bytes, now_s: float) -> Iterator[Event]:
        if not self._begun:
            self._begun = True
            if data.startswith(TLS_MARK):
                self._tls = Tls(self._keys)
        if self._tls is None:
            yield from self._plain(who, data, now_s)
            return
        for told in self._tls.feed(who == CAR, data):
            if isinstance(told, bytes):
                yield from self._plain(who, told, now_s)
            else:
                yield Event(now_s, who, told.what, "TLS", told.values, fault=told.fault)

    def _plain(self, who: str, data: bytes, now_s: float) -> Iterator[Event]:
        if self._lost[who]:
            at = data.find(FRAME_MARK)
            if at < 0:
                return
            self._framers[who], self._lost[who] = v2gtp.Framer(), False
            data = data[at:]
        for frame in self._framers[who].feed(data):
            if isinstance(frame, v2gtp.Broken):
                self._lost[who] = True
                yield Event(now_s, who, "V2GTP", "connection", fault=frame.reason)
            else:
                yield self._session.hear(who, frame, now_s)

    def finish(self, now_s: float) -> Iterator[Event]:
        """What is still open at the end."""
        for who, framer in self._framers.items():
            if framer.waiting:
                yield Event(now_s, who, "V2GTP", "connection", fault="the capture ends within a message")


class Session:
    """What is known of the messages of one connection: the protocol, and when who spoke last."""

    def __init__(self) -> None:
        self.protocol = ""
        self._offered: dict[int, str] = {}
        self._negotiated = False
        self._last: dict[str, tuple[float, str]] = {}
        self._stage: tuple[str, float] | None = None  # what the car asks for again and again, and since when
        self._overdue = ""  # the stage that was found to take too long

    def hear(self, who: str, frame: v2gtp.Frame, now_s: float) -> Event:
        """Understand one frame."""
        faults = []
        for name in self._candidates(frame.type):
            schema: ModuleType = importlib.import_module(f"agent.iso15118.exi.{name}")
            try:
                message = exi.decode(schema, frame.payload)
            except exi.DecodeError as error:
                faults.append(f"{name}: {error}")
                continue
            if not self.protocol and name != "app_protocol":
                self.protocol = name.partition("_")[0]
            return self._understood(who, message, now_s)
        fault = "; ".join(faults) or f"payload type {frame.type:#06x} is not known"
        values = {"octets": frame.payload.hex()}
        return Event(now_s, who, "message not understood", "session", values, fault=fault)

    def _candidates(self, kind: int) -> list[str]:
        if kind != v2gtp.PayloadType.EXI:
            return [SCHEMAS[kind]] if kind in SCHEMAS else []
        if not self._negotiated:
            return ["app_protocol", "iso2", "din"]
        return [self.protocol] if self.protocol in {"din", "iso2"} else ["iso2", "din", "app_protocol"]

    def _understood(self, who: str, message: exi.Message, now_s: float) -> Event:
        name, values = named(message)
        self._negotiate(name, values)
        bare = limits.bare(name)
        other = CHARGER if who == CAR else CAR
        before = self._last.get(other)
        took_s = None if before is None else now_s - before[0]
        if before is not None and who == CHARGER and before[1] == bare:
            late = overdue(who, took_s, limits.answer_within(self.protocol, bare))
        elif before is not None and who == CAR:
            late = overdue(who, took_s, limits.next_within(self.protocol, before[1]))
        else:
            late = ""
        self._last[who] = now_s, bare
        if who == CAR:
            self._begin_stage(bare, now_s)
        elif values.get("EVSEProcessing") != limits.WAITING:
            late = "; ".join(filter(None, (late, self._stage_overdue(bare, now_s))))
        phase = limits.PHASE_OF.get(bare, "session")
        return Event(now_s, who, name, phase, in_units(values), _ms(took_s), late)

    def _begin_stage(self, bare: str, now_s: float) -> None:
        """A request; the first two of a conversation are one stage, which is set up with the second."""
        if self._stage is not None and (self._stage[0] == bare or bare == "SessionSetup"):
            self._stage = bare, self._stage[1]
        else:
            self._stage, self._overdue = (bare, now_s), ""

    def _stage_overdue(self, bare: str, now_s: float) -> str:
        """What is late of a stage by now, said once."""
        limit = limits.stage_within(self.protocol, bare)
        if limit is None or self._stage is None or self._stage[0] != bare or self._overdue == bare:
            return ""
        late = overdue(CHARGER, now_s - self._stage[1], limit)
        if late:
            self._overdue = bare
        return late

    def _negotiate(self, name: str, values: dict[str, Any]) -> None:
        if name == "supportedAppProtocolReq":
            self._offered = {one["SchemaID"]: one["ProtocolNamespace"] for one in values["AppProtocol"]}
        elif name == "supportedAppProtocolRes":
            self._negotiated = True
            chosen = self._offered.get(values.get("SchemaID", -1), "")
            self.protocol = next((known for start, known in BY_NAMESPACE.items() if chosen.startswith(start)), "")


def named(message: exi.Message) -> tuple[str, dict[str, Any]]:
    """A message's name and its values; of DIN and -2 what is in the body, the session's id beside it."""
    values = plain(message)
    match values:
        case {"Header": dict(header), "Body": dict(body)} if len(body) == 1:
            [(name, spoken)] = body.items()
            return name, {"SessionID": header["SessionID"], **spoken} | _signed(header)
        case {"Header": dict(header), "Body": _}:
            return "empty body", {"SessionID": header["SessionID"]}
        case {"Header": dict(header), **inside}:
            return type(message).__name__, {"SessionID": header["SessionID"], **inside} | _signed(header)
    return type(message).__name__, values


def _signed(header: dict[str, Any]) -> dict[str, Any]:
    return {"Signature": header["Signature"]} if "Signature" in header else {}


def overdue(who: str, took_s: float | None, limit: limits.Limit) -> str:
    """Who was late by which clause; empty when nobody was."""
    if took_s is None or took_s <= limit.seconds:
        return ""
    return f"{who} took {took_s * 1000:.0f} ms of {limit.seconds * 1000:.0f} ms: {limit.clause}"


def _ms(took_s: float | None) -> float | None:
    return None if took_s is None else round(took_s * 1000, 3)
