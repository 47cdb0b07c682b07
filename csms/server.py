"""The CSMS: chargers connect to ws://host:port/<anything>/<identity>, and what they tell is stored and billed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import secrets
import time
import uuid
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote_to_bytes

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import InvalidHeader
from websockets.headers import build_www_authenticate_basic, parse_authorization_basic
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from agent.ocpp.codec import Codec, Version
from agent.ocpp.errors import CallError, ErrorCode
from agent.ocpp.rpc import DEFAULT_TIMEOUT_S, MAX_FRAME_BYTES, CallReceived
from csms.back_office import BackOffice
from csms.dialects import Dialect, ResetKind, dialect_of
from csms.peers import POLICY_VIOLATION, CallFailedError, Faults, Peer
from csms.records import ChargerState, Direction, LoggedFrame, SessionRow, Token, TokenStatus
from csms.store import Store
from csms.tariff import Tariff

MAX_IDENTITY_LENGTH = 48  # OCPP-J 2.0.1 3.1.1
PING_INTERVAL_S = 60.0  # our policy: finds the chargers that vanished
PING_TIMEOUT_S = 20.0  # our policy
CLOSE_TIMEOUT_S = 5.0  # our policy
PROTOCOL_ERROR = 1002  # RFC 6455 7.4.1
LOGGED_CHARACTERS = 1_000  # our policy: how much of a frame the message log keeps
SCRYPT = {"n": 2**12, "r": 8, "p": 1}  # our policy: some 10 ms, for passwords of high entropy (A00.FR.205)


class Csms:
    """A small CSMS. Build it, add tokens and chargers, `start` it; all its time is the event loop's, and `now`'s.

    `path` None keeps everything in memory. `now` is wall time (Unix seconds); `ids` makes message ids.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        accept_all: bool = False,
        versions: Sequence[Version] = tuple(Version),
        now: Callable[[], float] = time.time,
        ids: Callable[[], str] = lambda: str(uuid.uuid4()),
        call_timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Raises DatabaseError when `path` cannot be used."""
        self.store = Store(path)
        self.faults = Faults()
        self._office = BackOffice(self.store, now=now, accept_all=accept_all)
        self._versions: frozenset[str] = frozenset(version.value for version in versions)
        self._now = now
        self._ids = ids
        self._call_timeout_s = call_timeout_s
        self._start_ids = itertools.count(int(now()))  # remoteStartId: not used again after a restart
        self._tongues: dict[Version, tuple[Codec, Dialect]] = {}
        self._peers: dict[str, Peer] = {}
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """The TCP port it listens on. Raises RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the CSMS has no port yet: await start() first")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def online(self) -> frozenset[str]:
        """The identities that are connected."""
        return frozenset(self._peers)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port. Raises OSError when the address cannot be used."""
        self._server = await serve(
            self._attend,
            host,
            port,
            select_subprotocol=self._choose,
            process_request=self._admit,
            max_size=MAX_FRAME_BYTES,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
        )
        return self.port

    async def stop(self) -> None:
        """Close all connections, write what waits, close the database."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await self.store.close()

    # What the operator does. These wait for the disk, the event loop with them; they are rare.

    def accept(self, identity: str) -> None:
        """Let a charger work, from its next BootNotification on. Raises DatabaseError, as do all of these."""
        self._set_state(identity, ChargerState.ACCEPTED)

    def reject(self, identity: str) -> None:
        """Refuse a charger."""
        self._set_state(identity, ChargerState.REJECTED)

    def set_password(self, identity: str, password: str | bytes) -> None:
        """Let a charger connect with this password only (HTTP Basic, the identity as user name)."""
        secret = password.encode() if isinstance(password, str) else password
        salt = secrets.token_bytes(16)
        hashed = f"{salt.hex()}:{hashlib.scrypt(secret, salt=salt, **SCRYPT).hex()}"
        self.store.write_now(msgspec.structs.replace(self._office.charger(identity), password_hash=hashed))

    def add_token(
        self,
        value: str,
        *,
        kind: str = "ISO14443",
        group: str | None = None,
        status: TokenStatus = TokenStatus.ACCEPTED,
        expires_utc_s: float | None = None,
    ) -> None:
        """Add a driver's token, or change it."""
        self.store.write_now(Token(value=value, kind=kind, group=group, status=status, expires_utc_s=expires_utc_s))

    def set_tariff(self, tariff: Tariff) -> None:
        """The prices of sessions that begin from now on."""
        self.store.set_tariff(tariff)

    async def sessions(self, charger: str | None = None) -> list[SessionRow]:
        """The sessions of one charger, or of all, oldest first."""
        return await self.store.read(lambda database: database.sessions(charger))

    # What the operator asks of a charger. All of these raise CallFailedError when there is no answer.

    async def remote_start(self, identity: str, evse: int, token: str) -> msgspec.Struct:
        """Ask for a transaction on an EVSE (1.6: connector); the charger's answer, in its version's type."""
        peer = self._peer(identity)
        asked_for = self.store.tokens.get(token.casefold()) or Token(value=token)
        return await peer.call(peer.dialect.remote_start(evse, asked_for, next(self._start_ids)))

    async def remote_stop(self, identity: str, tx: str) -> msgspec.Struct:
        """Ask for the end of a transaction, `tx` as in `SessionRow`. Raises ValueError when it is no id of 1.6."""
        peer = self._peer(identity)
        return await peer.call(peer.dialect.remote_stop(tx))

    async def reset(self, identity: str, kind: ResetKind) -> msgspec.Struct:
        """Ask for a reset."""
        peer = self._peer(identity)
        return await peer.call(peer.dialect.reset(kind))

    async def call(self, identity: str, message: msgspec.Struct) -> msgspec.Struct:
        """Send any CALL, a struct of the wire module of the charger's version."""
        return await self._peer(identity).call(message)

    def _peer(self, identity: str) -> Peer:
        peer = self._peers.get(identity)
        if peer is None:
            raise CallFailedError(f"{identity} is not connected")
        return peer

    def _set_state(self, identity: str, state: ChargerState) -> None:
        self.store.write_now(msgspec.structs.replace(self._office.charger(identity), state=state))

    # What a connection goes through

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        identity = identity_of(request.path)
        if identity is None:
            return connection.respond(HTTPStatus.NOT_FOUND, "The path does not end in a charger's identity.\n")
        hashed = self._office.charger(identity).password_hash
        if hashed is None or await asyncio.to_thread(_is_password, request, identity, hashed):
            return None
        response = connection.respond(HTTPStatus.UNAUTHORIZED, "The identity and its password are needed.\n")
        response.headers["WWW-Authenticate"] = build_www_authenticate_basic("CSMS")
        return response

    def _choose(self, _connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        """The first version the charger offers that we have; it lists them as it prefers them (OCPP-J 3.1.2)."""
        return next((name for name in offered if name in self._versions), None)

    async def _attend(self, socket: ServerConnection) -> None:
        identity = identity_of(socket.request.path) if socket.request else None
        if identity is None or socket.subprotocol is None:
            await socket.close(PROTOCOL_ERROR, "no OCPP version in common")  # OCPP-J 3.2
            return
        if await self._is_taken(identity):
            await socket.close(POLICY_VIOLATION, "this identity is connected already")
            return
        codec, dialect = self._spoken(Version(socket.subprotocol))
        peer = self._peers[identity] = Peer(
            socket,
            codec,
            dialect,
            call_timeout_s=self._call_timeout_s,
            serve=lambda peer, call: self._serve(identity, peer, call),
            log=lambda direction, frame: self._log(identity, direction, frame),
            ids=self._ids,
            faults=self.faults,
        )
        try:
            await peer.run()
        finally:
            del self._peers[identity]
            self._office.seen(identity)

    def _spoken(self, version: Version) -> tuple[Codec, Dialect]:
        """Codec and dialect of a version, which its chargers share: neither remembers anything of them."""
        if version not in self._tongues:
            self._tongues[version] = Codec(version), dialect_of(version, self._office)
        return self._tongues[version]

    async def _is_taken(self, identity: str) -> bool:
        """Whether a live connection has the identity already. A dead one is cut: it must not lock its charger out."""
        while (old := self._peers.get(identity)) is not None:
            if await old.is_alive():
                return True
            await old.abandon()
        return False

    async def _serve(self, identity: str, peer: Peer, call: CallReceived) -> msgspec.Struct:
        state = self._office.charger(identity).state
        if call.action != "BootNotification" and (
            state is ChargerState.REJECTED or (state is ChargerState.PENDING and call.action not in peer.solicited)
        ):
            raise CallError(ErrorCode.SECURITY_ERROR, "not accepted: send BootNotification")  # B02.FR.09, B03.FR.07
        if call.action == "Heartbeat":
            self._office.seen(identity)
        try:
            return await peer.dialect.handlers[call.action](identity, call.message)
        except (SQLAlchemyError, OverflowError) as error:
            raise CallError(ErrorCode.INTERNAL_ERROR, "the message could not be stored; send it again") from error

    def _log(self, identity: str, direction: Direction, frame: str) -> None:
        self.store.write_later(
            LoggedFrame(charger=identity, at_utc_s=self._now(), direction=direction, frame=frame[:LOGGED_CHARACTERS])
        )


def identity_of(path: str) -> str | None:
    """The charger's identity: the last segment of the URL's path, percent-decoded; None when it is not usable."""
    last = path.partition("?")[0].rpartition("/")[2]
    with contextlib.suppress(UnicodeDecodeError):
        identity = unquote_to_bytes(last).decode()
        if 0 < len(identity) <= MAX_IDENTITY_LENGTH and identity.isprintable() and ":" not in identity:
            return identity
    return None


def _is_password(request: Request, identity: str, hashed: str) -> bool:
    """Whether the request brings the identity and the password of that hash (A00.FR.207)."""
    try:
        (header,) = request.headers.get_all("Authorization")
        username, password = parse_authorization_basic(header)
    except (ValueError, InvalidHeader):
        return False
    salt, _, digest = hashed.partition(":")
    secret = password.encode(errors="surrogateescape")  # 1.6 keys may be any bytes
    found = hashlib.scrypt(secret, salt=bytes.fromhex(salt), **SCRYPT)
    return username == identity and hmac.compare_digest(found, bytes.fromhex(digest))
