"""The WebSocket to the CSMS: one handshake that offers every configured version, and the wait before the next one."""

from __future__ import annotations

import asyncio
import base64
import logging
import random
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from agent.lazily import postpone
from agent.ocpp.calls import LinkLostError
from agent.ocpp.codec import Version
from agent.ocpp.rpc import MAX_FRAME_BYTES, TOO_BIG
from agent.ocpp.tls import Handshake, TlsConfig, Trouble, context, trouble_in
from hal.flag import Flag

# Of a development version the library asks for its version, and of the environment for a proxy: a tenth of the start.
postpone("importlib.metadata", "urllib.request")

from websockets.asyncio.client import ClientConnection, connect  # noqa: E402
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException  # noqa: E402
from websockets.typing import Subprotocol  # noqa: E402

OPEN_TIMEOUT_S: Final = 30.0  # our policy: TCP, TLS and the handshake together
PONG_TIMEOUT_S: Final = 20.0  # our policy: how long a keep-alive's pong may take before the link counts as dead
CLOSE_TIMEOUT_S: Final = 5.0  # our policy
MAX_IDENTITY: Final = 48  # OCPP-J 2.0.1 3.1.1
POLICY_VIOLATION: Final = 1008  # RFC 6455 7.4.1
REFUSALS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})  # of who we say we are

Direction: TypeAlias = Literal["in", "out"]
FrameWatcher: TypeAlias = Callable[[Direction, str], None]
LinkWatcher: TypeAlias = Callable[[bool], None]

# The library logs handshakes, and with them the password, at DEBUG.
_quiet = logging.getLogger("agent.ocpp.websocket")
_quiet.setLevel(logging.INFO)


class DialError(Exception):
    """No connection came about; says what happened and what may help."""

    def __init__(self, message: str, trouble: Trouble) -> None:
        super().__init__(message)
        self.trouble = trouble


class LinkState(msgspec.Struct, frozen=True):
    """How the station stands with its CSMS. `version`: in use now, or last; `online_wanted`: there is a network."""

    url: str
    identity: str
    version: str | None
    connected: bool
    accepted: bool
    online_wanted: bool


class LinkConfig(msgspec.Struct, frozen=True):
    """Where the CSMS is and who the station says it is. `versions` in the order of preference.

    `tls`: how a wss:// connection is secured. The password is text, or bytes as OCPP 1.6's keys are.
    """

    url: str
    identity: str
    versions: tuple[Version, ...] = (Version.V21, Version.V201, Version.V16)
    password: str | bytes | None = None
    tls: TlsConfig | None = None

    def __post_init__(self) -> None:
        """Raise ValueError naming what cannot work."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise ValueError(f"CSMS url {self.url!r}: give ws://host/path or wss://host/path")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("CSMS url: leave out user, query and fragment; identity and password stand by themselves")
        if (parts.scheme == "wss") != (self.tls is not None):
            raise ValueError(f"CSMS url {self.url!r}: wss:// goes with roots to trust, ws:// without")
        if not self.identity or ":" in self.identity or len(self.identity) > MAX_IDENTITY:
            raise ValueError(f"identity {self.identity!r}: 1 to {MAX_IDENTITY} characters, no colon (OCPP-J 3.1.1)")
        if not self.versions:
            raise ValueError(f"versions: name at least one of {', '.join(Version)}")

    def __repr__(self) -> str:
        """Without the password."""
        return f"LinkConfig({self.connection_url!r}, {', '.join(self.versions)})"

    @property
    def connection_url(self) -> str:
        """The endpoint with the identity as its last segment, percent-encoded (OCPP-J 3.1.1)."""
        scheme, host, path, _, _ = urlsplit(self.url)
        return urlunsplit((scheme, host, f"{path.rstrip('/')}/{quote(self.identity, safe='')}", "", ""))


class BackOffRules(msgspec.Struct, frozen=True):
    """RetryBackOffWaitMinimum, -RandomRange (seconds) and -RepeatTimes (OCPP-J 2.0.1 5.3, 8.1-8.3)."""

    wait_minimum_s: float
    random_range_s: float
    repeat_times: int


class BackOff:
    """How long to wait before the next dial: doubled each time, so many times, with fresh chance each time."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._wait_s: float | None = None
        self._doubled = 0

    def next_s(self, rules: BackOffRules) -> float:
        """The wait before the next attempt, in seconds."""
        if self._wait_s is None:
            self._wait_s = rules.wait_minimum_s
        elif self._doubled < rules.repeat_times:
            self._wait_s *= 2
            self._doubled += 1
        return self._wait_s + self._rng.uniform(0.0, rules.random_range_s)

    def reset(self) -> None:
        """A connection came about: begin anew."""
        self._wait_s = None
        self._doubled = 0


class Frames:
    """Those who want to see every frame of every connection. A watcher must not raise."""

    def __init__(self) -> None:
        self._watchers: list[FrameWatcher] = []
        self._link_watchers: list[LinkWatcher] = []

    @contextmanager
    def watching(self, watcher: FrameWatcher, link: LinkWatcher = lambda _up: None) -> Iterator[None]:
        """Let `watcher` see frames, and `link` hear of connections that come (True) and go, until the block ends."""
        self._watchers.append(watcher)
        self._link_watchers.append(link)
        try:
            yield
        finally:
            self._watchers.remove(watcher)
            self._link_watchers.remove(link)

    def linked(self, up: bool) -> None:
        """A connection has come about, or is gone."""
        for watcher in tuple(self._link_watchers):
            watcher(up)

    def passed(self, direction: Direction, frame: str | bytes) -> None:
        """A frame came in or has gone out."""
        if self._watchers:
            text = frame if isinstance(frame, str) else frame.decode(errors="replace")
            for watcher in tuple(self._watchers):
                watcher(direction, text)


class WebSocketLink:
    """An open connection, in the version that the CSMS chose."""

    def __init__(
        self, socket: ClientConnection, version: Version, frames: Frames, peer: tuple[bytes, ...] = ()
    ) -> None:
        """`peer`: the CSMS's certificates, as `Handshake.peer`."""
        self.version = version
        self.peer = peer
        self._socket = socket
        self._frames = frames

    async def send(self, frame: str) -> None:
        """Send a text frame. Raises `LinkLostError`."""
        try:
            await self._socket.send(frame)
        except ConnectionClosed as closed:
            raise LinkLostError(str(closed)) from closed
        self._frames.passed("out", frame)

    async def frames(self) -> AsyncIterator[str | bytes]:
        """Frames as they come in; raises `LinkLostError` at the end, whoever closed."""
        try:
            while True:
                frame = await self._socket.recv()
                self._frames.passed("in", frame)
                yield frame
        except ConnectionClosed as closed:
            too_big = closed.sent is not None and closed.sent.code == TOO_BIG and not closed.rcvd_then_sent
            raise LinkLostError(str(closed), invalid="a message over the size limit" if too_big else None) from closed

    async def alive(self, within_s: float) -> bool:
        """Whether the peer answers a ping in time."""
        try:
            async with asyncio.timeout(within_s):
                await (await self._socket.ping())
        except (TimeoutError, ConnectionClosed):
            return False
        return True

    async def close(self, code: int, reason: str) -> None:
        """Close it; returns when it is closed or the peer has not joined in for a while."""
        await self._socket.close(code, reason)

    async def keep_alive(self, interval_s: Callable[[], float], changed: Flag) -> None:
        """Ping every so often (0: never), looking again at the interval when it `changed`.

        Raises `LinkLostError`, with the connection dropped, when a pong stays out.
        """
        while True:
            changed.clear()
            if not await changed.wait(interval_s() or None) and not await self.alive(PONG_TIMEOUT_S):
                self.drop()
                raise LinkLostError("a ping was not answered")

    def drop(self) -> None:
        """Let go of it without a word, as a network that fails does."""
        self._socket.transport.abort()


class _Dial(connect):
    """The library's client, which would follow a redirect to wherever the answer points."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """A redirect is an answer like any other: no connection."""
        return exc


async def dial(config: LinkConfig, frames: Frames) -> WebSocketLink:
    """Connect; `frames` sees what passes. Raises `DialError`.

    The CSMS must pick one of the versions offered; one that picks none leaves nothing to talk in (OCPP-J 3.2).
    """
    handshake = Handshake()
    try:
        secured = None if config.tls is None else await asyncio.to_thread(context, config.tls, handshake)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        text = f"{config.connection_url}: the station's certificates or key cannot be used: {error}"
        raise DialError(text, Trouble.CONFIGURATION) from error
    try:
        socket = await _Dial(
            config.connection_url,
            subprotocols=[Subprotocol(version) for version in config.versions],
            compression=None,
            additional_headers=_credentials(config),
            user_agent_header=None,
            proxy=None,  # the environment of a charger is nobody's to configure a proxy in
            open_timeout=OPEN_TIMEOUT_S,
            ping_interval=None,  # `keep_alive` follows a setting that may change
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=MAX_FRAME_BYTES,
            logger=_quiet,
            ssl=secured,
        )
    except (OSError, TimeoutError, WebSocketException) as error:
        trouble, detail = _diagnosis(error, handshake)
        raise DialError(f"{config.connection_url}: {trouble}: {detail}", trouble) from error
    if socket.subprotocol is None:
        await socket.close(POLICY_VIOLATION, "no OCPP version in common")
        offered = ", ".join(config.versions)
        text = f"{config.connection_url}: the CSMS speaks none of {offered}; enable a version it knows"
        raise DialError(text, Trouble.NO_OCPP)
    return WebSocketLink(socket, Version(socket.subprotocol), frames, handshake.peer)


def _credentials(config: LinkConfig) -> dict[str, str]:
    """The headers that say who we are (A00.FR.203-205)."""
    if config.password is None:
        return {}
    password = config.password.encode() if isinstance(config.password, str) else config.password
    credentials = base64.b64encode(config.identity.encode() + b":" + password)
    return {"Authorization": f"Basic {credentials.decode()}"}


def _diagnosis(error: Exception, handshake: Handshake) -> tuple[Trouble, str]:
    """What kind of trouble it is, and what the libraries said about it."""
    first = handshake.error or (error if isinstance(error, ssl.SSLError) else None)
    if first is not None:
        said = getattr(first, "verify_message", "") or first.reason or str(first)
        return trouble_in(first, cipher_chosen=handshake.cipher_chosen), said
    if handshake.unanswered and not isinstance(error, InvalidStatus):
        # A server of TLS 1.3 judges our certificate when we are sending already; hanging up, it may lose its own alert.
        return Trouble.REFUSED_CERTIFICATE, f"it hung up as soon as it had seen the certificate: {error}"
    match error:
        case InvalidStatus(response=response) if response.status_code in REFUSALS:
            return Trouble.REFUSED_PASSWORD, f"HTTP {response.status_code}"
        case InvalidStatus(response=response):
            return Trouble.HTTP, f"HTTP {response.status_code}"
        case WebSocketException():
            return Trouble.HTTP, str(error)
        case TimeoutError():
            return Trouble.UNREACHABLE, f"no connection within {OPEN_TIMEOUT_S:.0f} s"
        case _:
            return Trouble.UNREACHABLE, str(error)
