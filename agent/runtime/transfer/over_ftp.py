"""FTP, and FTPS with explicit TLS on both channels (RFC 959, RFC 4217); both go on where a try before has ended."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aioftp

from agent.ocpp.transfers import TransferError, TransferFailure
from agent.runtime.transfer.address import Address
from agent.runtime.transfer.sink import Sink

CHUNK: Final = 256 * 1024
IMPLICIT_TLS_PORT: Final = 990
DENIALS: Final = ("530", "532", "550", "553")  # RFC 959 4.2


async def fetch(address: Address, ip: str, trust: ssl.SSLContext | None, idle_s: float, sink: Sink) -> None:
    """Download. Raises `TransferError`."""
    async with _connected(address, ip, trust, idle_s) as client:
        try:
            total = int((await client.stat(address.file_path))["size"])
        except aioftp.StatusCodeError as error:
            if any(str(code) in DENIALS for code in error.received_codes):
                raise  # no such file
            total = None  # not every server tells; the limit holds all the same
        except (KeyError, ValueError):
            total = None
        if total is not None and sink.have > total:
            await sink.restart()
        if total is not None and sink.have == total:
            return
        sink.expect(total)
        async with client.download_stream(address.file_path, offset=sink.have) as stream:
            async for chunk in stream.iter_by_block(CHUNK):
                await sink.write(chunk)


async def store(file: Path, address: Address, ip: str, trust: ssl.SSLContext | None, idle_s: float) -> None:
    """Upload. Raises `TransferError`."""
    path = address.file_path + file.name if address.path.endswith("/") else address.file_path
    loop = asyncio.get_running_loop()
    async with _connected(address, ip, trust, idle_s) as client:
        with await loop.run_in_executor(None, lambda: file.open("rb")) as opened:
            async with client.upload_stream(path) as stream:
                while chunk := await loop.run_in_executor(None, opened.read, CHUNK):
                    await stream.write(chunk)


@asynccontextmanager
async def _connected(
    address: Address, ip: str, trust: ssl.SSLContext | None, idle_s: float
) -> AsyncIterator[aioftp.Client]:
    # The server's own address for data is not believed: it could point the station at a third machine.
    implicit = trust if address.port == IMPLICIT_TLS_PORT else None
    tls: dict[str, Any] = {} if implicit is None else {"server_hostname": address.host}
    client = aioftp.Client(
        socket_timeout=idle_s,
        connection_timeout=idle_s,
        trust_server_pasv_ipv4_address=False,
        ssl=implicit,
        **tls,
    )
    try:
        await client.connect(ip, address.port)
        if trust is not None and implicit is None:
            client.server_host = address.host  # the name that the certificate must bear
            await client.upgrade_to_tls(trust)
            client.server_host = ip
            client._siosocks_asyncio_kwargs["server_hostname"] = address.host  # noqa: SLF001 - there is no other way
        await client.login(address.user or "anonymous", address.password or "anonymous@")
        yield client
        await client.quit()
    except aioftp.StatusCodeError as error:
        codes = [str(code) for code in error.received_codes]
        denied = any(code in DENIALS for code in codes)
        failure = TransferFailure.DENIED if denied else TransferFailure.BROKEN
        raise TransferError(failure, f"{address!r}: the server answered {', '.join(codes)}") from error
    except (OSError, TimeoutError, aioftp.AIOFTPException, ValueError) as error:
        why = str(error) or type(error).__name__
        raise TransferError(TransferFailure.BROKEN, f"{address!r}: {why}") from error
    finally:
        client.close()
