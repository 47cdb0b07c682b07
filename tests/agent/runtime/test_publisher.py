"""Published firmware over HTTP: fetched by the station's own client, and by raw bytes that mean no good."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.ocpp.asks.firmware import Unpublished
from agent.runtime.publisher import HttpPublisher
from agent.runtime.transfer import Limits, Mover

pytestmark = pytest.mark.realtime
MD5 = "0123456789abcdef0123456789abcdef"
CONTENT = bytes(range(256)) * 2000


@pytest.fixture
async def publisher() -> AsyncIterator[HttpPublisher]:
    one = HttpPublisher("127.0.0.1", 0, "127.0.0.1")
    yield one
    one.close()


def file_of(tmp_path: Path, content: bytes = CONTENT) -> Path:
    file = tmp_path / "published"
    file.write_bytes(content)
    return file


async def raw(url: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/", maxsplit=1)[0]))
    writer.write(request)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


def bytes_of(file: Path) -> bytes:
    return file.read_bytes()


async def test_a_station_fetches_it_whole_and_in_two_parts(publisher: HttpPublisher, tmp_path: Path):
    (url,) = await publisher.publish(MD5, file_of(tmp_path))
    mover = Mover(Limits(networks=frozenset({"loopback"})), ssl.create_default_context, tmp_path / "hosts")
    to = tmp_path / "to"
    await mover.download(url, to)
    assert bytes_of(to) == CONTENT
    answer = await raw(url, f"GET /firmware/{MD5} HTTP/1.1\r\nRange: bytes=1000-\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 206")
    assert body == CONTENT[1000:]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /firmware/../../etc/passwd HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /firmware/ffffffffffffffffffffffffffffffff HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /firmware/" + MD5.encode() + b" HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /firmware/" + MD5.encode() + b" HTTP/1.1\r\nRange: bytes=999999999-\r\n\r\n", b"416"),
        (b"HEAD /firmware/" + MD5.encode() + b" HTTP/1.1\r\n\r\n", b"200"),
        (b"\x00\xff\r\n\r\n", b"404"),
        (b"GET", b""),
        (b"A" * 100_000, b""),
    ],
)
async def test_whatever_is_asked_nothing_else_is_served(
    publisher: HttpPublisher, tmp_path: Path, request_: bytes, status: bytes
):
    (url,) = await publisher.publish(MD5, file_of(tmp_path))
    answer = await raw(url, request_)
    assert answer[9:12] == status
    assert CONTENT[:64] not in answer


@pytest.mark.req("L04.FR.01", "L04.FR.03", "L04.FR.04")
async def test_what_somebody_is_downloading_is_not_withdrawn(publisher: HttpPublisher, tmp_path: Path):
    big = file_of(tmp_path, bytes(8 * 1024 * 1024))
    (url,) = await publisher.publish(MD5, big)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/")[0]))
    writer.write(f"GET /firmware/{MD5} HTTP/1.1\r\n\r\n".encode())
    await reader.readexactly(1000)
    assert publisher.withdraw(MD5) is Unpublished.DOWNLOADING
    await reader.read()
    writer.close()
    async with asyncio.timeout(5):
        while publisher.withdraw(MD5) is Unpublished.DOWNLOADING:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
    assert publisher.withdraw(MD5) is Unpublished.NO_FIRMWARE
    assert not there(big)
    with pytest.raises(OSError):  # noqa: PT011 - the port is closed with the last file
        await raw(url, b"GET / HTTP/1.1\r\n\r\n")


def there(file: Path) -> bool:
    return file.exists()


async def test_no_port_is_open_before_the_first_publication(publisher: HttpPublisher):
    assert publisher._server is None
