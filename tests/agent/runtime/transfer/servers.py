"""Servers that foreign libraries bring, on loopback, and an HTTP server of a few lines that can misbehave."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path

import aioftp
import asyncssh


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Message
    body: bytes = b""


@dataclass
class HttpServer:
    """Serves `files`, keeps what is put. `cut_after` ends the next answer early; `status` is said instead."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    cut_after: int | None = None
    status: dict[str, int] = field(default_factory=dict)  # by method
    location: str = ""
    tag: str = '"v1"'
    stall: bool = False
    port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            writer.close()
            return
        first, _, rest = head.partition("\r\n")
        method, path, _ = first.split(" ")
        headers = email.message_from_string(rest)
        body = await reader.readexactly(int(headers.get("Content-Length", 0)))
        self.asked.append(Asked(method, path, headers, body))
        if self.stall:
            await reader.read()  # until the station gives up
            writer.close()
            return
        writer.write(self._answer(method, path, headers, body))
        await writer.drain()
        writer.close()

    def _answer(self, method: str, path: str, headers: Message, body: bytes) -> bytes:
        status = self.status.get(method)
        if status is not None:
            return f"HTTP/1.1 {status} X\r\nLocation: {self.location}\r\nContent-Length: 0\r\n\r\n".encode()
        if method in {"PUT", "POST"}:
            self.files[path] = body
            return b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
        if path not in self.files:
            return b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"
        content, extra, code = self.files[path], f"ETag: {self.tag}\r\n", "200 OK"
        wanted = headers.get("Range", "")
        if wanted and headers.get("If-Range") == self.tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                return f"HTTP/1.1 416 X\r\nContent-Range: bytes */{len(content)}\r\nContent-Length: 0\r\n\r\n".encode()
            extra += f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}\r\n"
            content, code = content[start:], "206 Partial"
        head = f"HTTP/1.1 {code}\r\n{extra}Content-Length: {len(content)}\r\n\r\n".encode()
        cut, self.cut_after = self.cut_after, None
        return head + content[:cut]


@asynccontextmanager
async def http_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpServer]:
    one = HttpServer()
    async with await asyncio.start_server(one.serve, "127.0.0.1", 0, ssl=tls) as server:
        one.port = server.sockets[0].getsockname()[1]
        yield one


@asynccontextmanager
async def ftp_server(root: Path, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """An aioftp server with the user `ev`, password `pw`, with `tls` FTPS from the first byte; its port."""
    user = aioftp.User("ev", "pw", base_path=root, home_path="/")
    server = aioftp.Server([user], ssl=tls)
    await server.start("127.0.0.1", 0)
    try:
        yield server.server.sockets[0].getsockname()[1]
    finally:
        await server.close()


class _Passwords(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("ev", "pw")


@asynccontextmanager
async def sftp_server(root: Path, port: int = 0) -> AsyncIterator[int]:
    """An asyncssh server with a fresh host key; its port."""
    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_factory=_Passwords,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(root)),
    )
    async with server:
        yield server.get_port()
