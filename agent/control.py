"""The agent's control socket: JSON-RPC 2.0 over a Unix socket, one object a line. What the CLI talks to.

Who may: the agent's own user, root, and members of the socket's group, as the kernel tells (SO_PEERCRED). A method
may keep telling its caller things: they come as notifications until the caller hangs up.
"""

from __future__ import annotations

import asyncio
import contextlib
import grp
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

log = logging.getLogger(__name__)

SOCKET_MODE_MASK: Final = 0o117  # user and group may connect
REQUEST_MAX_BYTES: Final = 64 * 1024  # our policy: no request of ours comes near
UNREAD_MAX_BYTES: Final = 1 << 20  # our policy: a caller that reads no more is let go
CLIENTS_MAX: Final = 16  # our policy
CREDENTIALS: Final = struct.Struct("iII")  # pid, uid, gid: struct ucred
SO_PEERGROUPS: Final = getattr(socket, "SO_PEERGROUPS", 59)  # asm-generic/socket.h; Python has no name for it
GROUPS_MAX_BYTES: Final = 4 * 1024
NAME_SHOWN: Final = 50  # characters of an unknown method

PARSE_ERROR: Final = -32700  # JSON-RPC 2.0, 5.1
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
FAILED: Final = -32000  # ours: the request was understood and cannot be carried out
FORBIDDEN: Final = -32001  # ours: this user may not


class ControlError(Exception):
    """A request that cannot be carried out; says why."""


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of a method that takes none; the base of those of others."""


class Method(NamedTuple):
    """What a method takes, and what carries it out. `serve` may raise `ControlError`."""

    takes: type[Ask]
    serve: Callable[[Any, Client], Awaitable[object]]


class _Request(msgspec.Struct, frozen=True):
    jsonrpc: Literal["2.0"]
    method: str
    params: dict[str, Any] = {}
    id: int | float | str | UnsetType | None = UNSET


class Client:
    """One caller, for as long as it stays connected."""

    def __init__(self, writer: asyncio.StreamWriter, methods: Mapping[str, Method]) -> None:
        self._writer = writer
        self._methods = methods
        self._kept = contextlib.ExitStack()
        self._running: set[asyncio.Task[None]] = set()

    def tell(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def keep(self, context: contextlib.AbstractContextManager[object]) -> None:
        """Enter this now and leave it when the caller goes."""
        self._kept.enter_context(context)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this until it ends or the caller goes."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def attend(self, reader: asyncio.StreamReader) -> None:
        """Answer requests in their order until the caller goes."""
        try:
            while line := await self._line(reader):
                await self._answer(line)
        finally:
            self._kept.close()
            for task in self._running:
                task.cancel()

    def refuse(self, code: int, message: str) -> None:
        """Answer what is no request with an error."""
        self._send({"jsonrpc": "2.0", "id": None, **_error(code, message)})

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readline()
        except ConnectionError:
            return b""
        except ValueError:  # longer than the reader's limit
            self.refuse(INVALID_REQUEST, f"a request has at most {REQUEST_MAX_BYTES} bytes")
            return b""

    async def _answer(self, line: bytes) -> None:
        try:
            request = msgspec.json.decode(line, type=_Request)
        except msgspec.ValidationError as error:
            self.refuse(INVALID_REQUEST, str(error))
            return
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            self.refuse(PARSE_ERROR, str(error))
            return
        answer = await self._answered(request)
        if request.id is not UNSET:
            self._send({"jsonrpc": "2.0", "id": request.id, **answer})

    async def _answered(self, request: _Request) -> dict[str, object]:
        method = self._methods.get(request.method)
        if method is None:
            known = ", ".join(sorted(self._methods))
            return _error(METHOD_NOT_FOUND, f"no method {request.method[:NAME_SHOWN]!r}; there are {known}")
        try:
            ask = msgspec.convert(request.params, method.takes)
        except msgspec.ValidationError as error:
            return _error(INVALID_PARAMS, str(error))
        try:
            return {"result": await method.serve(ask, self)}
        except ControlError as error:
            return _error(FAILED, str(error))

    def _send(self, message: Mapping[str, object]) -> None:
        if self._writer.transport.get_write_buffer_size() > UNREAD_MAX_BYTES:
            self._writer.transport.abort()
        elif not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(message) + b"\n")


def _error(code: int, message: str) -> dict[str, object]:
    return {"error": {"code": code, "message": message}}


class ControlServer:
    """Serves `methods` on the socket at `path`."""

    def __init__(self, path: Path, methods: Mapping[str, Method]) -> None:
        self._path = path
        self._methods = methods
        self._serving: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled. Where it cannot listen it says so in the log: charging needs no control socket."""
        try:
            listening = _listen(self._path)
        except (OSError, ControlError) as error:
            log.error("no control socket, so no `evse status`: %s: %s", self._path, error)  # noqa: TRY400
            await asyncio.Event().wait()
            return
        server = await asyncio.start_unix_server(
            self._connected, sock=listening, limit=REQUEST_MAX_BYTES, start_serving=False
        )
        try:
            await server.start_serving()
            await asyncio.Event().wait()
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            self._path.unlink(missing_ok=True)  # Python 3.13 and later have done it already

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer, self._methods)
        refusal = self._refusal(writer.get_extra_info("socket"))
        if refusal is not None:
            log.warning("control: %s", refusal)
            client.refuse(FORBIDDEN, refusal)
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._serving.add(task)
        try:
            await client.attend(reader)
        except asyncio.CancelledError:
            pass  # the agent stops; asyncio would log a handler that ends as cancelled
        finally:
            self._serving.discard(task)
            writer.close()

    def _refusal(self, peer: socket.socket) -> str | None:
        if len(self._serving) >= CLIENTS_MAX:
            return f"{CLIENTS_MAX} callers are connected already"
        user, groups = peer_of(peer)
        group = self._path.stat().st_gid
        if may_control(user, groups, group):
            return None
        return f"user {user} may not control this station: be its user, root, or in the group {_group_name(group)}"


def may_control(user: int, groups: frozenset[int], socket_group: int) -> bool:
    """Whether a caller is the agent's own user, root, or in the socket's group."""
    return user in {os.getuid(), 0} or socket_group in groups


def peer_of(peer: socket.socket) -> tuple[int, frozenset[int]]:
    """User and groups of the process at the other end, as they were when it connected."""
    _pid, user, group = CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
    try:
        more = peer.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, GROUPS_MAX_BYTES)
    except OSError:  # Linux before 4.13
        more = b""
    return user, frozenset({group, *(one for (one,) in struct.iter_unpack("I", more))})


def _group_name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def _listen(path: Path) -> socket.socket:
    """Bind where nobody listens. The socket of an agent that was killed is in the way, and is removed."""
    listening = socket.socket(socket.AF_UNIX)
    mask = os.umask(SOCKET_MODE_MASK)
    try:
        _remove_dead_socket(path)
        listening.bind(str(path))
    except BaseException:
        listening.close()
        raise
    finally:
        os.umask(mask)
    return listening


def _remove_dead_socket(path: Path) -> None:
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise ControlError("another process serves it; stop that one, or set control.socket")
