"""File transfers over HTTP(S), FTP(S) and SFTP, within limits of size and time. Libraries are imported when used."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from agent.ocpp.transfers import TransferError, TransferFailure
from agent.runtime.transfer.address import Address, Network, parsed, resolved

PROTOCOLS: Final = ("HTTP", "HTTPS", "FTP", "FTPS", "SFTP")
MiB: Final = 1024 * 1024


class Limits(Struct, frozen=True):
    """What a transfer may cost, and where it may go. `attempt_s`: one try in all; `idle_s`: without a byte."""

    max_bytes: int = 512 * MiB
    attempt_s: float = 3_600.0
    idle_s: float = 60.0
    networks: frozenset[Network] = frozenset({"private"})


class Mover:
    """Meets `agent.ocpp.transfers.Transfers`. `trust`: who HTTPS and FTPS servers may be; `known_hosts`: SFTP's."""

    def __init__(self, limits: Limits, trust: Callable[[], ssl.SSLContext], known_hosts: Path) -> None:
        self._limits = limits
        self._trust = trust
        self._known_hosts = known_hosts

    @property
    def protocols(self) -> tuple[str, ...]:
        """What it speaks."""
        return PROTOCOLS

    def check(self, url: str) -> None:
        """Raise `TransferError` for an address that is refused without asking anybody."""
        parsed(url)

    async def download(self, url: str, to: Path) -> None:
        """Fetch a file, going on where `to` ends. Raises `TransferError`."""
        from agent.runtime.transfer.sink import Sink

        async with self._in_time(), Sink(to, self._limits.max_bytes) as sink:
            address = parsed(url)
            match address.scheme:
                case "http" | "https":
                    from agent.runtime.transfer.over_http import Http

                    await Http(self._trust, self._resolve, self._limits.idle_s).fetch(address, sink)
                case "ftp" | "ftps":
                    from agent.runtime.transfer import over_ftp

                    trust = self._trust() if address.scheme == "ftps" else None
                    await over_ftp.fetch(address, await self._resolve(address), trust, self._limits.idle_s, sink)
                case _:
                    from agent.runtime.transfer import over_sftp

                    known = over_sftp.KnownHosts(self._known_hosts)
                    await over_sftp.fetch(address, await self._resolve(address), known, self._limits.idle_s, sink)

    async def upload(self, file: Path, url: str) -> None:
        """Send a file. Raises `TransferError`."""
        async with self._in_time():
            address = parsed(url)
            match address.scheme:
                case "http" | "https":
                    from agent.runtime.transfer.over_http import Http

                    await Http(self._trust, self._resolve, self._limits.idle_s).store(file, address)
                case "ftp" | "ftps":
                    from agent.runtime.transfer import over_ftp

                    trust = self._trust() if address.scheme == "ftps" else None
                    await over_ftp.store(file, address, await self._resolve(address), trust, self._limits.idle_s)
                case _:
                    from agent.runtime.transfer import over_sftp

                    known = over_sftp.KnownHosts(self._known_hosts)
                    await over_sftp.store(file, address, await self._resolve(address), known, self._limits.idle_s)

    async def _resolve(self, address: Address) -> str:
        return await resolved(address, self._limits.networks)

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._limits.attempt_s):
                yield
        except TimeoutError as error:
            reason = f"not over after {self._limits.attempt_s:g} s"
            raise TransferError(TransferFailure.BROKEN, reason) from error
