"""SFTP. OCPP has no way to tell a server's key: the first one that a server shows is kept, and no other taken later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncssh

from agent.ocpp.transfers import TransferError, TransferFailure
from agent.runtime.transfer.address import Address
from agent.runtime.transfer.sink import Sink

CHUNK: Final = 256 * 1024


class KnownHosts:
    """Keys of servers by host and port, one a line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def trusts(self, server: str, key: str) -> bool:
        """Whether this is the server's key; the first one ever seen is."""
        known = dict(line.split(" ", 1) for line in self._lines())
        if server in known:
            return known[server] == key
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{server} {key}\n")
        return True

    def _lines(self) -> list[str]:
        try:
            text = self._path.read_text("utf-8")
        except OSError:
            return []
        return [line for line in text.splitlines() if " " in line]


class _Client(asyncssh.SSHClient):
    def __init__(self, known: KnownHosts, server: str) -> None:
        self._known = known
        self._server = server

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        del host, addr, port
        return self._known.trusts(self._server, key.export_public_key().decode().strip())


async def fetch(address: Address, ip: str, known: KnownHosts, idle_s: float, sink: Sink) -> None:
    """Download. Raises `TransferError`."""
    async with _connected(address, ip, known, idle_s) as sftp, sftp.open(address.file_path, "rb") as remote:
        total = (await remote.stat()).size
        if total is not None and sink.have > total:
            await sink.restart()
        sink.expect(total)
        while True:
            async with asyncio.timeout(idle_s):
                chunk: Any = await remote.read(CHUNK, sink.have)
            if not chunk:
                return
            await sink.write(chunk)


async def store(file: Path, address: Address, ip: str, known: KnownHosts, idle_s: float) -> None:
    """Upload. Raises `TransferError`."""
    path = address.file_path + file.name if address.path.endswith("/") else address.file_path
    loop = asyncio.get_running_loop()
    async with _connected(address, ip, known, idle_s) as sftp, sftp.open(path, "wb") as remote:
        with await loop.run_in_executor(None, lambda: file.open("rb")) as opened:
            while chunk := await loop.run_in_executor(None, opened.read, CHUNK):
                async with asyncio.timeout(idle_s):
                    await remote.write(chunk)


@asynccontextmanager
async def _connected(address: Address, ip: str, known: KnownHosts, idle_s: float) -> AsyncIterator[asyncssh.SFTPClient]:
    server = f"{address.host}:{address.port}"
    try:
        connection = await asyncssh.connect(
            ip,
            address.port,
            username=address.user or "anonymous",
            password=address.password,
            client_factory=lambda: _Client(known, server),
            known_hosts=([], [], []),  # none: each key goes to `validate_host_public_key`
            client_keys=None,
            config=None,  # nothing of the user's own ~/.ssh
            agent_path=None,
            connect_timeout=idle_s,
            login_timeout=idle_s,
        )
        async with connection, connection.start_sftp_client() as sftp:
            yield sftp
    except (asyncssh.PermissionDenied, asyncssh.SFTPPermissionDenied) as error:
        raise TransferError(TransferFailure.DENIED, f"{address!r}: {error}") from error
    except asyncssh.HostKeyNotVerifiable as error:
        reason = f"{address!r}: the server has another key than before"
        raise TransferError(TransferFailure.FORBIDDEN, reason) from error
    except (asyncssh.Error, OSError, TimeoutError) as error:
        why = str(error) or type(error).__name__
        raise TransferError(TransferFailure.BROKEN, f"{address!r}: {why}") from error
