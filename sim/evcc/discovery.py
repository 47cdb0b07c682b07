"""How a car finds its charger: SDP over UDP, to everybody on the link or straight to one address."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import Final

from agent.iso15118 import sdp
from sim.evcc.link import ChargerGoneError, StreamLink

GROUP: Final = "ff02::1"
TRIES: Final = 50  # ISO 15118-2 [V2G2-161]
WAIT_S: Final = 0.25


class _Answers(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.response: asyncio.Future[sdp.Response] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """What is no response is somebody else's."""
        del addr
        with contextlib.suppress(sdp.SdpError):
            response = sdp.read_response(data)
            if not self.response.done():
                self.response.set_result(response)


async def find(
    *, interface: str | None = None, host: str = GROUP, port: int = sdp.PORT, security: sdp.Security = sdp.Security.NONE
) -> sdp.Response:
    """Where the charger listens. `host`: directed instead of multicast. Raises `ChargerGoneError` after 50 tries."""
    scope = socket.if_nametoindex(interface) if interface is not None else 0
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setblocking(False)
    if interface is not None:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, scope)
    transport, answers = await asyncio.get_running_loop().create_datagram_endpoint(_Answers, sock=sock)
    try:
        for _ in range(TRIES):
            transport.sendto(sdp.write_request(sdp.Request(security)), (host, port, 0, scope))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WAIT_S):
                    return await asyncio.shield(answers.response)
        raise ChargerGoneError(f"nobody at {host} port {port} answered {TRIES} times")
    finally:
        transport.close()


async def connect(
    response: sdp.Response,
    *,
    interface: str | None = None,
    timeout_s: float = 10.0,
    secure: ssl.SSLContext | None = None,
) -> StreamLink:
    """A connection to where the charger said it listens. `secure`: inside TLS."""
    scope = f"%{interface}" if interface is not None and response.address.is_link_local else ""
    reader, writer = await asyncio.open_connection(f"{response.address}{scope}", response.port, ssl=secure)
    return StreamLink(reader, writer, timeout_s=timeout_s)
