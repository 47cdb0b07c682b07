"""Who may come in: the WebSocket handshake of a charger, its password, and a list of those who were turned away."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import InvalidHeader
from websockets.headers import build_www_authenticate_basic, parse_authorization_basic
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from csms.back_office import BackOffice
from csms.tls import peer_certificate

if TYPE_CHECKING:
    from csms.certificates import Certificates

WITH_PASSWORD, WITH_TLS, WITH_CERTIFICATE = 1, 2, 3  # security profiles (2.0.1 A00)
MAX_IDENTITY_LENGTH = 48  # OCPP-J 2.0.1 3.1.1
SCRYPT = {"n": 2**12, "r": 8, "p": 1}  # our policy: some 10 ms, for passwords of high entropy (A00.FR.205)
REMEMBERED = 100  # our policy: how many of those turned away are listed
SHOWN_CHARACTERS = 200  # our policy: how much of what a stranger sent is kept


class TurnedAway(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that was not taken, and why. `offered`: the WebSocket subprotocols it named."""

    at_utc_s: float
    remote: str
    path: str
    identity: str | None
    offered: str
    reason: str


class Door:
    """Judges handshakes. `now` is wall time, Unix seconds; `versions` are the subprotocols we have.

    `certificates`: who judges the certificates that chargers show; without it none is taken.
    """

    def __init__(self, office: BackOffice, versions: Collection[str], on_change: Callable[[str], None]) -> None:
        self.certificates: Certificates | None = None
        self.turned_away: deque[TurnedAway] = deque(maxlen=REMEMBERED)
        self._office = office
        self._versions = versions
        self._on_change = on_change

    async def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """The refusal of a handshake, None when it may go on."""
        identity = identity_of(request.path)
        if identity is None:
            return connection.respond(HTTPStatus.NOT_FOUND, "The path does not end in a charger's identity.\n")
        if not _is_at_home(request):
            return connection.respond(HTTPStatus.FORBIDDEN, "A web page of another site may not connect.\n")
        shown = peer_certificate(connection.transport)
        if shown is not None and self.certificates is not None:
            objection = self.certificates.objection(identity, shown)
            if objection:
                return connection.respond(HTTPStatus.FORBIDDEN, f"InvalidChargingStationCertificate: {objection}.\n")
            return self._let_in(connection, identity, WITH_CERTIFICATE)
        encrypted = connection.transport.get_extra_info("ssl_object") is not None
        charger = self._office.charger(identity)
        if charger.profile == WITH_CERTIFICATE:  # whose password no longer counts
            return connection.respond(HTTPStatus.FORBIDDEN, "This charger comes with its certificate.\n")
        hashed = charger.password_hash
        if hashed is None:
            return self._let_in(connection, identity, 0)
        if await asyncio.to_thread(_is_password, request, identity, hashed):
            return self._let_in(connection, identity, WITH_TLS if encrypted else WITH_PASSWORD)
        response = connection.respond(HTTPStatus.UNAUTHORIZED, "The identity and its password are needed.\n")
        response.headers["WWW-Authenticate"] = build_www_authenticate_basic("CSMS")
        return response

    def _let_in(self, connection: ServerConnection, identity: str, profile: int) -> Response | None:
        """Nobody comes in with less than before (A05.FR.07, A00.FR.002); who was authenticated raises the bar."""
        charger = self._office.charger(identity)
        if profile < charger.profile:
            text = f"Security profile {profile} is lower than this charger's, {charger.profile}.\n"
            return connection.respond(HTTPStatus.FORBIDDEN, text)
        if profile > charger.profile:
            self._office.store.write_later(msgspec.structs.replace(charger, profile=profile))
            self._on_change(identity)
        return None

    def choose(self, _connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        """The first version the charger offers that we have; it lists them as it prefers them (OCPP-J 3.1.2)."""
        return next((name for name in offered if name in self._versions), None)

    def see_off(self, connection: ServerConnection, request: Request, response: Response) -> None:
        """Note a handshake that failed, whoever refused it."""
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            said = response.body.decode(errors="replace").partition("\n")[0]
            self.note(connection, request, f"{response.status_code} {said}")

    def note_tls(self, reason: str) -> None:
        """Note a TLS handshake that failed: who it was, it has not said."""
        self.turned_away.append(
            TurnedAway(
                at_utc_s=self._office.now(),
                remote="",
                path="",
                identity=None,
                offered="",
                reason=f"TLS: {reason}"[:SHOWN_CHARACTERS],
            )
        )
        self._on_change("")

    def note(self, connection: ServerConnection, request: Request | None, reason: str) -> None:
        """Note a connection that was not taken."""
        path = "" if request is None else request.path
        headers = [] if request is None else request.headers.get_all("Sec-WebSocket-Protocol")
        address = connection.remote_address
        self.turned_away.append(
            TurnedAway(
                at_utc_s=self._office.now(),
                remote=str(address[0]) if address else "",
                path=path[:SHOWN_CHARACTERS],
                identity=identity_of(path),
                offered=", ".join(headers)[:SHOWN_CHARACTERS],
                reason=reason[:SHOWN_CHARACTERS],
            )
        )
        self._on_change(identity_of(path) or "")


def identity_of(path: str) -> str | None:
    """The charger's identity: the last segment of the URL's path, percent-decoded; None when it is not usable."""
    last = path.partition("?")[0].rpartition("/")[2]
    with contextlib.suppress(UnicodeDecodeError):
        identity = unquote_to_bytes(last).decode()
        return identity if is_identity(identity) else None
    return None


def is_identity(text: str) -> bool:
    """Whether a charger can be called so: in a URL's path, in HTTP Basic, and on a page."""
    return 0 < len(text) <= MAX_IDENTITY_LENGTH and text.isprintable() and ":" not in text and text not in {".", ".."}


def password_hash(password: str | bytes) -> str:
    """What is kept of a password."""
    secret = password.encode() if isinstance(password, str) else password
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{hashlib.scrypt(secret, salt=salt, **SCRYPT).hex()}"


def _is_at_home(request: Request) -> bool:
    """Whether no browser is at work, or one that shows a page of this very host."""
    hosts = {host.casefold() for host in request.headers.get_all("Host")}
    return all(urlsplit(origin).netloc.casefold() in hosts for origin in request.headers.get_all("Origin"))


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
