"""Which addresses the station moves files to and from: a short list of schemes, and no machine that is none of theirs.

A CSMS that was taken over must not make the station read its own files, run a command, or talk to services that trust
it for where it stands. So nothing but the schemes below, no address with control characters, and each host is resolved
once, judged by every address it has, and connected to by the address that was judged.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from agent.ocpp.transfers import TransferError, TransferFailure

PORTS: Final[Mapping[str, int]] = MappingProxyType({"http": 80, "https": 443, "ftp": 21, "ftps": 21, "sftp": 22})
MAX_URL: Final = 2_000  # our policy: four times what OCPP 2.x allows

Network: TypeAlias = Literal["private", "loopback", "link-local"]
IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class Address(Struct, frozen=True):
    """A URL that may be used, in its parts; user and password unquoted. `path` with the query, as it came."""

    scheme: str
    host: str
    port: int
    path: str
    user: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        """Without credentials and query: fit for a log."""
        return f"{self.scheme}://{self.host}:{self.port}{self.path.partition('?')[0]}"

    @property
    def file_path(self) -> str:
        """The path as a file server knows it."""
        return unquote(self.path)


def parsed(url: str) -> Address:
    """The URL's parts. Raises `TransferError`, which never repeats the URL's user or password."""
    if len(url) > MAX_URL or not url.isprintable() or " " in url:
        raise TransferError(TransferFailure.FORBIDDEN, "the address is too long or holds blanks or control characters")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname
    except ValueError:
        raise TransferError(TransferFailure.FORBIDDEN, "the address is no URL") from None
    if parts.scheme not in PORTS:
        known = ", ".join(PORTS)
        raise TransferError(TransferFailure.UNSUPPORTED, f"only {known} are spoken here")
    if not host or port == 0:
        raise TransferError(TransferFailure.FORBIDDEN, "the address names no host")
    return _address(parts, host, port or PORTS[parts.scheme])


def _address(parts: SplitResult, host: str, port: int) -> Address:
    path = parts.path or "/"
    if not parts.scheme.startswith("http") and (".." in unquote(path).split("/") or not unquote(path).isprintable()):
        raise TransferError(TransferFailure.FORBIDDEN, "the path leads elsewhere")
    return Address(
        scheme=parts.scheme,
        host=host,
        port=port,
        path=f"{path}?{parts.query}" if parts.query else path,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def forbidden(ip: IpAddress, allowed: Collection[Network]) -> str | None:
    """Why this station does not talk to an IP address; None when it does."""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_unspecified or ip.is_multicast or ip == ipaddress.IPv4Address("255.255.255.255"):
        return "no single machine"
    for network, is_in in (("loopback", ip.is_loopback), ("link-local", ip.is_link_local), ("private", ip.is_private)):
        if is_in:
            return None if network in allowed else f"a {network} address; allow it with [transfer] networks"
    return None if ip.is_global else "a reserved address"


async def resolved(address: Address, allowed: Collection[Network]) -> str:
    """The IP address to connect to. Raises `TransferError` when the host has none, or any that is forbidden.

    An IPv4 address goes first (our policy): networks that hand out the other kind without carrying it are common.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransferError(TransferFailure.BROKEN, f"{address.host} is not known: {error}") from error
    ips = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    for ip in ips:
        reason = forbidden(ip, allowed)
        if reason is not None:
            raise TransferError(TransferFailure.FORBIDDEN, f"{address.host} is {reason}")
    if not ips:
        raise TransferError(TransferFailure.BROKEN, f"{address.host} has no address")
    return str(min(ips, key=lambda ip: ip.version))
