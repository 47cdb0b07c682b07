from __future__ import annotations

import contextlib
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.iso15118.sdp import (
    Request,
    Response,
    SdpError,
    Security,
    read_request,
    read_response,
    write_request,
    write_response,
)

# Written by the `iso15118` package 0.31.2 (SDPRequest.to_payload, SDPResponse.to_payload inside its V2GTPMessage).
FOREIGN_REQUEST = bytes.fromhex("01fe9000000000021000")
FOREIGN_RESPONSE = bytes.fromhex("01fe900100000014fe8000000000000062a3dcfffe4d0da1cf1e0000")


def test_a_foreign_request_is_understood_and_written_alike():
    request = Request(Security.NONE)
    assert read_request(FOREIGN_REQUEST) == request
    assert write_request(request) == FOREIGN_REQUEST


def test_a_foreign_response_is_understood_and_written_alike():
    response = Response(IPv6Address("fe80::62a3:dcff:fe4d:da1"), 53022, Security.TLS)
    assert read_response(FOREIGN_RESPONSE) == response
    assert write_response(response) == FOREIGN_RESPONSE


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        FOREIGN_REQUEST[:-1],
        FOREIGN_REQUEST + b"\x00",
        FOREIGN_REQUEST.replace(b"\x10", b"\x11"),
        FOREIGN_RESPONSE,
        bytes.fromhex("01ff9000000000021000"),
        bytes.fromhex("01fe90000000000310000000"),
        FOREIGN_REQUEST * 2,
    ],
)
def test_a_datagram_that_is_no_request_is_refused(datagram: bytes):
    with pytest.raises(SdpError):
        read_request(datagram)


@given(st.binary(max_size=40))
def test_garbage_is_refused_or_understood_and_never_anything_else(datagram: bytes):
    for read in (read_request, read_response):
        with contextlib.suppress(SdpError):
            read(datagram)
