"""The station's TLS against OpenSSL's own server: nothing of ours, nor of Python's, on the other end."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from agent.core.security import SecurityEventKind as Event
from agent.ocpp.connection import DialError, Frames
from agent.ocpp.tls import Trouble
from tests.agent.ocpp.stand import Raised
from tests.security import minting
from tests.security.cases import Case
from tests.security.matrix import Matrix
from tests.security.test_tls_station import uplink
from tests.security.tls_servers import Server

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is the foreign server, and is not installed"),
]
OLD = ("-cipher", "DEFAULT:@SECLEVEL=0")


@dataclass(frozen=True)
class Foreign:
    """`words`: how s_server is run; `client`: the station's certificate, None: profile 2."""

    words: tuple[str, ...] = ()
    trouble: Trouble = Trouble.HTTP  # TLS is up, and s_server answers with a page instead of a WebSocket
    events: tuple[Event, ...] = ()
    certificate: str = "csms"
    client: str | None = None


CA = ("-CAfile", str(minting.path("station-root")), "-Verify", "3", "-verify_return_error")
CASES = {
    "TLS 1.2": Foreign(("-tls1_2",)),
    "TLS 1.3": Foreign(("-tls1_3",)),
    "TLS 1.1 only": Foreign(("-tls1_1", *OLD), Trouble.VERSION, (Event.INVALID_TLS_VERSION,)),
    "TLS 1.0 only": Foreign(("-tls1", *OLD), Trouble.VERSION, (Event.INVALID_TLS_VERSION,)),
    "CBC suites only": Foreign(
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"), Trouble.CIPHER, (Event.INVALID_TLS_CIPHER_SUITE,)
    ),
    "expired": Foreign((), Trouble.CERTIFICATE, (Event.INVALID_CSMS_CERTIFICATE,), "csms-expired"),
    "unknown root": Foreign((), Trouble.CERTIFICATE, (Event.INVALID_CSMS_CERTIFICATE,), "csms-unknown-root"),
    "a certificate of the station's, TLS 1.2": Foreign(("-tls1_2", *CA), client="station"),
    "a certificate of the station's, TLS 1.3": Foreign(("-tls1_3", *CA), client="station"),
    "one by an unknown root, TLS 1.2": Foreign(
        ("-tls1_2", *CA),
        Trouble.REFUSED_CERTIFICATE,
        (Event.FAILED_TO_AUTHENTICATE_AT_CSMS,),
        client="station-unknown-root",
    ),
    "one by an unknown root, TLS 1.3": Foreign(
        ("-tls1_3", *CA),
        Trouble.REFUSED_CERTIFICATE,
        (Event.FAILED_TO_AUTHENTICATE_AT_CSMS,),
        client="station-unknown-root",
    ),
}


@contextlib.asynccontextmanager
async def s_server(foreign: Foreign) -> AsyncIterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chain, key = minting.path(foreign.certificate), minting.key(foreign.certificate)
    words = ("s_server", "-accept", f"127.0.0.1:{port}", "-www", "-cert", str(chain), "-key", str(key))
    process = await asyncio.create_subprocess_exec("openssl", *words, *foreign.words, stdout=PIPE, stderr=DEVNULL)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(10):
            while b"ACCEPT" not in await process.stdout.readline():
                pass
        yield port
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("name", CASES)
async def test_the_station_and_openssls_server_agree_or_the_right_event_is_raised(name, tmp_path, tls_cases: Matrix):
    foreign, raised = CASES[name], Raised()
    async with s_server(foreign) as port:
        case = Case(name, Server(), client=foreign.client)
        one = uplink(tmp_path, f"wss://localhost:{port}/ocpp", case, raised)
        with pytest.raises(DialError) as failed:
            await one.dial(Frames())
        one.failed(failed.value)
    assert (failed.value.trouble, tuple(raised.kinds)) == (foreign.trouble, foreign.events)
    result = "TLS agreed" if foreign.trouble is Trouble.HTTP else str(foreign.trouble)
    tls_cases.add("station, by openssl s_server", name, result, raised.kinds)
