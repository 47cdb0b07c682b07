"""The CSMS: chargers connect to ws://host:port/<anything>/<identity>, and what they tell is stored and billed."""

from __future__ import annotations

import ssl
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from websockets.asyncio.server import Server, ServerConnection, serve

from agent.ocpp.codec import Codec, Version
from agent.ocpp.errors import CallError, ErrorCode
from agent.ocpp.masking import masked_frame
from agent.ocpp.rpc import DEFAULT_TIMEOUT_S, MAX_FRAME_BYTES, CallReceived
from csms import commands as c
from csms.back_office import BackOffice
from csms.car_plans import CarPlanning
from csms.dialects import Dialect, dialect_of, status_of
from csms.door import Door, TurnedAway, identity_of, password_hash
from csms.engines import Place
from csms.faults import Faults
from csms.live import Changes
from csms.peers import POLICY_VIOLATION, CallFailedError, Failure, Peer
from csms.records import (
    Charger,
    ChargerState,
    Direction,
    ForgottenToken,
    LoggedFrame,
    SessionRow,
    Token,
    TokenStatus,
)
from csms.store import Store
from csms.tariff import Tariff
from csms.told import EventTold

if TYPE_CHECKING:
    from csms.certificates import Certificates
    from csms.pki import Pki

PING_INTERVAL_S = 60.0  # our policy: finds the chargers that vanished
PING_TIMEOUT_S = 20.0  # our policy
CLOSE_TIMEOUT_S = 5.0  # our policy
PROTOCOL_ERROR = 1002  # RFC 6455 7.4.1
LOGGED_CHARACTERS = 1_000  # our policy: how much of a frame the message log keeps


class Csms:
    """A small CSMS. Build it, add tokens and chargers, `start` it; all its time is the event loop's, and `now`'s.

    `place` None keeps everything in memory. `now` is wall time (Unix seconds); `ids` makes message ids.
    """

    def __init__(
        self,
        place: Place = None,
        *,
        accept_all: bool = False,
        versions: Sequence[Version] = tuple(Version),
        now: Callable[[], float] = time.time,
        ids: Callable[[], str] = lambda: str(uuid.uuid4()),
        call_timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Raises DatabaseError when `place` cannot be used."""
        self.store = Store(place)
        self.faults = Faults()
        self.changes = Changes()
        self._office = BackOffice(self.store, now=now, accept_all=accept_all)
        self._door = Door(self._office, frozenset(version.value for version in versions), self.changes.touch)
        self._now = now
        self._ids = ids
        self._call_timeout_s = call_timeout_s
        self._heard_utc_s: dict[str, float] = {}  # of those that are connected
        self._tongues: dict[Version, tuple[Codec, Dialect]] = {}
        self._peers: dict[str, Peer] = {}
        self._listening: list[Server] = []
        self.certificates: Certificates | None = None
        self.cars = CarPlanning(self._office, self._peer, self.changes.touch)

    @property
    def port(self) -> int:
        """The TCP port it listens on. Raises RuntimeError before `start`."""
        if not self._listening:
            raise RuntimeError("the CSMS has no port yet: await start() first")
        return int(self._listening[0].sockets[0].getsockname()[1])

    @property
    def online(self) -> frozenset[str]:
        """The identities that are connected."""
        return frozenset(self._peers)

    @property
    def turned_away(self) -> tuple[TurnedAway, ...]:
        """The last connections that were not taken, and why; oldest first."""
        return tuple(self._door.turned_away)

    def charger(self, identity: str) -> Charger | None:
        """What is known of a charger, when it was heard last included; None when it never told anything."""
        if identity not in self.store.chargers and identity not in self._peers:
            return None
        known = self._office.charger(identity)
        return msgspec.structs.replace(known, seen_utc_s=self._heard_utc_s.get(identity, known.seen_utc_s))

    def chargers(self) -> list[Charger]:
        """All chargers, by identity."""
        found = [self.charger(identity) for identity in sorted(self.store.chargers.keys() | self._peers.keys())]
        return [each for each in found if each is not None]

    def version(self, identity: str) -> Version | None:
        """The OCPP version that a charger speaks; None when it is not connected."""
        peer = self._peers.get(identity)
        return None if peer is None else peer.version

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port. Raises OSError when the address cannot be used."""
        return await self._listen(host, port, None)

    async def _listen(self, host: str, port: int, context: ssl.SSLContext | None) -> int:
        server = await serve(
            self._attend,
            host,
            port,
            select_subprotocol=self._door.choose,
            process_request=self._door.admit,
            process_response=self._door.see_off,
            max_size=MAX_FRAME_BYTES,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ssl=context,
        )
        self._listening.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def start_secure(
        self, pki: Pki, host: str = "127.0.0.1", port: int = 0, *, organization: str | None = None
    ) -> int:
        """Listen with TLS, too (security profiles 2 and 3), and return the port. Raises OSError."""
        from csms.certificates import Certificates
        from csms.tls import server_context

        desk = Certificates(self._office, pki, self._peer, organization=organization)
        self.certificates = self._door.certificates = desk
        context = server_context(pki.servers, pki.charger_roots, self._door.note_tls, lenient=bool(pki.expired))
        return await self._listen(host, port, context)

    async def stop(self) -> None:
        """Close all connections, write what waits, close the database."""
        self.changes.end()
        for server in self._listening:
            server.close()
            await server.wait_closed()
        await self.store.close()

    # What the operator does. These wait for the disk, the event loop with them; they are rare.

    def accept(self, identity: str) -> None:
        """Let a charger work, from its next BootNotification on. Raises DatabaseError, as do all of these."""
        self._set_state(identity, ChargerState.ACCEPTED)

    def reject(self, identity: str) -> None:
        """Refuse a charger."""
        self._set_state(identity, ChargerState.REJECTED)

    def postpone(self, identity: str) -> None:
        """Let a charger wait again, as one that nobody has decided about."""
        self._set_state(identity, ChargerState.PENDING)

    def set_password(self, identity: str, password: str | bytes | None) -> None:
        """Let a charger connect with this password only (HTTP Basic, the identity as user name); None: without one."""
        hashed = None if password is None else password_hash(password)
        self.store.write_now(msgspec.structs.replace(self._office.charger(identity), password_hash=hashed))
        self.changes.touch(identity)

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
        self.changes.touch()

    def set_token_status(self, value: str, status: TokenStatus) -> None:
        """Block a token, or accept it again."""
        self.store.write_now(msgspec.structs.replace(self._office.token(value), status=status))
        self.changes.touch()

    def remove_token(self, value: str) -> None:
        """Know a token no longer."""
        self.store.write_now(ForgottenToken(self._office.token(value).key))
        self.changes.touch()

    def set_tariff(self, tariff: Tariff) -> None:
        """The prices of sessions that begin from now on."""
        self.store.set_tariff(tariff)

    async def sessions(self, charger: str | None = None) -> list[SessionRow]:
        """The sessions of one charger, or of all, oldest first."""
        return await self.store.read(lambda database: database.sessions(charger))

    # What the operator asks of a charger. All raise CallFailedError without an answer, UnsayableError without words.

    async def remote_start(self, identity: str, evse: int, token: str) -> msgspec.Struct:
        """Ask for a transaction on an EVSE (1.6: connector); the charger's answer, in its version's type."""
        return await self._ask(identity, c.Start(evse=evse, token=token))

    async def remote_stop(self, identity: str, tx: str) -> msgspec.Struct:
        """Ask for the end of a transaction, `tx` as in `SessionRow`."""
        return await self._ask(identity, c.Stop(tx=tx))

    async def reset(self, identity: str, kind: c.ResetKind) -> msgspec.Struct:
        """Ask for a reset."""
        return await self._ask(identity, c.Reset(kind=kind))

    async def ask(self, identity: str, command: c.AnyCommand) -> c.Answer:
        """Ask for anything, in no version's words."""
        peer = self._peer(identity)
        if isinstance(command, c.InstallRoot) and command.pem is None and self.certificates is not None:
            command = msgspec.structs.replace(command, pem=self.certificates.root_pem)
        return await self._answer(peer, peer.dialect.call_for(command))

    async def ask_by_name(self, identity: str, action: str, payload: bytes) -> c.Answer:
        """Send any CALL by its OCPP action with its JSON payload. Raises UnsayableError when it is not legal."""
        peer = self._peer(identity)
        codec, _ = self._spoken(peer.version)
        try:
            message = codec.decode_request(action, payload)
        except KeyError:
            raise c.UnsayableError(f"{peer.version} has no action {action!r}: see its specification") from None
        except CallError as error:
            raise c.UnsayableError(f"{action} would be refused with {error}: correct the payload") from error
        return await self._answer(peer, message)

    async def settings(self, identity: str, names: Sequence[str] = ()) -> c.Inventory:
        """Read a charger's settings, all of them when no name is given."""
        peer = self._peer(identity)
        if not names and peer.dialect.has_reports:
            return await self.report(identity, c.ReportKind.FULL)
        request = peer.dialect.call_for(c.GetSettings(names=tuple(names)))
        answer = await self._send(peer, request)
        return c.Inventory(
            action=self._action(peer, request),
            status=status_of(answer),
            answer=answer,
            settings=peer.dialect.settings_of(answer),
        )

    async def report(self, identity: str, kind: c.ReportKind) -> c.Inventory:
        """Ask a 2.x charger for a report and wait for all its parts."""
        peer = self._peer(identity)
        request: Any = peer.dialect.call_for(c.GetReport(kind=kind))
        with self._office.reports.expecting(identity, request.requestId) as report:
            answer = await self._send(peer, request)
            if status_of(answer) == "Accepted":
                await report.collect()
        return c.Inventory(
            action=self._action(peer, request),
            status=status_of(answer),
            answer=answer,
            settings=tuple(report.rows),
            complete=report.complete,
        )

    async def listing(self, identity: str, what: c.Listed) -> c.Listing:
        """Ask a 2.x charger for its monitors or display messages and wait for all parts. Raises UnsayableError."""
        peer = self._peer(identity)
        codec, dialect = self._spoken(peer.version)
        if not dialect.has_reports:
            raise c.UnsayableError("OCPP 1.6 has neither monitors nor display messages")
        request: Any = codec.request_type(what.value)(requestId=self._office.next_number())
        with self._office.reports.expecting(identity, request.requestId) as report:
            answer = await self._send(peer, request)
            if status_of(answer) == "Accepted":
                await report.collect()
        return c.Listing(status=status_of(answer), rows=tuple(report.rows), complete=report.complete)

    def events(self, identity: str) -> tuple[EventTold, ...]:
        """What a charger's monitors noticed, as far as it is kept; oldest first."""
        return self._office.told.events(identity)

    async def call(self, identity: str, message: msgspec.Struct) -> msgspec.Struct:
        """Send any CALL, a struct of the wire module of the charger's version."""
        return await self._peer(identity).call(message)

    async def _ask(self, identity: str, command: c.AnyCommand) -> msgspec.Struct:
        peer = self._peer(identity)
        return await self._send(peer, peer.dialect.call_for(command))

    async def _answer(self, peer: Peer, message: msgspec.Struct) -> c.Answer:
        answer = await self._send(peer, message)
        return c.Answer(action=self._action(peer, message), status=status_of(answer), answer=answer)

    async def _send(self, peer: Peer, message: msgspec.Struct) -> msgspec.Struct:
        """Send a CALL, if it is legal: structs are not checked as they are made, so unknown words are found here."""
        codec, _ = self._spoken(peer.version)
        action = codec.action_of(message)
        try:
            codec.decode_request(action, codec.encode(message))
        except CallError as error:
            raise c.UnsayableError(f"{action} would be refused with {error}: correct what you ask for") from error
        return await peer.call(message)

    def _action(self, peer: Peer, message: msgspec.Struct) -> str:
        codec, _ = self._spoken(peer.version)
        return codec.action_of(message)

    def _peer(self, identity: str) -> Peer:
        peer = self._peers.get(identity)
        if peer is None:
            raise CallFailedError(f"{identity} is not connected", Failure.OFFLINE)
        return peer

    def _set_state(self, identity: str, state: ChargerState) -> None:
        self.store.write_now(msgspec.structs.replace(self._office.charger(identity), state=state))
        self.changes.touch(identity)

    # What a connection goes through
    async def _attend(self, socket: ServerConnection) -> None:
        identity = identity_of(socket.request.path) if socket.request else None
        if identity is None or socket.subprotocol is None:
            await self._turn_away(socket, PROTOCOL_ERROR, "no OCPP version in common")  # OCPP-J 3.2
            return
        if await self._is_taken(identity):
            await self._turn_away(socket, POLICY_VIOLATION, "this identity is connected already")
            return
        codec, dialect = self._spoken(Version(socket.subprotocol))
        peer = self._peers[identity] = Peer(
            identity,
            socket,
            codec,
            dialect,
            call_timeout_s=self._call_timeout_s,
            serve=lambda peer, call: self._serve(identity, peer, call),
            log=lambda direction, frame, violation=None: self._log(identity, direction, frame, violation),
            ids=self._ids,
            faults=self.faults,
        )
        self.changes.touch(identity)
        try:
            await peer.run()
        finally:
            del self._peers[identity]
            self._heard_utc_s.pop(identity, None)
            self._office.seen(identity)
            self.changes.touch(identity)

    async def _turn_away(self, socket: ServerConnection, code: int, reason: str) -> None:
        self._door.note(socket, socket.request, reason)
        await socket.close(code, reason)

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
        state = self._office.state_of(identity)
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

    def _log(self, identity: str, direction: Direction, frame: str, violation: str | None) -> None:
        if direction is Direction.IN:
            self._heard_utc_s[identity] = self._now()
        self.store.write_later(
            LoggedFrame(
                charger=identity,
                at_utc_s=self._now(),
                direction=direction,
                frame=masked_frame(frame)[:LOGGED_CHARACTERS],
                violation=violation,
            )
        )
        self.changes.touch(identity)
