"""Messages of the SECC Discovery Protocol: how a car finds our address and learns whether it gets TLS.

Clauses are those of ISO 15118-2 (7.10.1, Table 13 to 16). The request goes to ff02::1, port 15118.
"""

from __future__ import annotations

from enum import IntEnum
from ipaddress import IPv6Address
from typing import Final

from msgspec import Struct

from agent.iso15118.v2gtp import HEADER, Broken, Frame, Framer, PayloadType, framed

PORT: Final = 15118  # [V2G2-136]
REQUEST_OCTETS: Final = 2
RESPONSE_OCTETS: Final = 20
ADDRESS_OCTETS: Final = 16


class Security(IntEnum):
    """Whether the TCP connection is to be, or will be, inside TLS."""

    TLS = 0x00
    NONE = 0x10


class Transport(IntEnum):
    """What carries the session; only TCP ever does."""

    TCP = 0x00
    UDP = 0x10


class SdpError(ValueError):
    """A datagram that is no message of SDP; it is not answered."""


class Request(Struct, frozen=True):
    """A car looks for a charger."""

    security: Security
    transport: Transport = Transport.TCP


class Response(Struct, frozen=True):
    """Where the charger listens."""

    address: IPv6Address
    port: int
    security: Security
    transport: Transport = Transport.TCP


def write_request(request: Request) -> bytes:
    """The datagram of a request."""
    return framed(PayloadType.SDP_REQUEST, bytes((request.security, request.transport)))


def write_response(response: Response) -> bytes:
    """The datagram of a response."""
    where = response.address.packed + response.port.to_bytes(2, "big")
    return framed(PayloadType.SDP_RESPONSE, where + bytes((response.security, response.transport)))


def read_request(datagram: bytes) -> Request:
    """The request in a datagram. Raises SdpError."""
    payload = _payload(datagram, PayloadType.SDP_REQUEST, REQUEST_OCTETS)
    return Request(*_how(payload))


def read_response(datagram: bytes) -> Response:
    """The response in a datagram. Raises SdpError."""
    payload = _payload(datagram, PayloadType.SDP_RESPONSE, RESPONSE_OCTETS)
    address, port = payload[:ADDRESS_OCTETS], payload[ADDRESS_OCTETS:-2]
    return Response(IPv6Address(address), int.from_bytes(port, "big"), *_how(payload[-2:]))


def _payload(datagram: bytes, kind: PayloadType, octets: int) -> bytes:
    match Framer(RESPONSE_OCTETS).feed(datagram):
        case [Frame(type=found, payload=payload)] if len(datagram) == HEADER.size + len(payload):
            if found != kind or len(payload) != octets:
                what = f"payload type {found:#06x} with {len(payload)} octets"
                raise SdpError(f"{what} instead of {kind:#06x} with {octets}")
            return payload
        case [Broken(reason=reason)]:
            raise SdpError(reason)
    raise SdpError(f"a datagram of {len(datagram)} octets that is not one whole frame")


def _how(octets: bytes) -> tuple[Security, Transport]:
    try:
        return Security(octets[0]), Transport(octets[1])
    except ValueError as error:
        raise SdpError(str(error)) from error
