"""What a charger asks its operator in every OCPP version: may I work, may this driver charge? The rules, once."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from csms.records import Charger, ChargerState, Token, TokenStatus
from csms.reports import Reports
from csms.store import Store
from csms.told import ToldEvents

if TYPE_CHECKING:
    from csms.car_plans import CarPlanning

HEARTBEAT_S = 300  # our policy: what an accepted charger is told
MAX_PENDING = 1_000  # our policy: how many chargers may wait to be accepted
RETRY_BOOT_S = 30  # our policy: what a charger that is not accepted is told


class Verdict(enum.StrEnum):
    """What became of a token."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    UNKNOWN = "Unknown"


class Judgement(msgspec.Struct, frozen=True):
    """A verdict and the token it is about; None: the token is unknown."""

    verdict: Verdict
    token: Token | None = None


Sign: TypeAlias = Callable[[str, str, Any], Awaitable[bool]]  # charger, CSR, the request: whether it will be signed
Provide: TypeAlias = Callable[[str, bool, str], Awaitable[str | None]]  # charger, update, request: answer (Base64)
Standing: TypeAlias = Callable[[Any, str | None], str]  # hash data or None, PEM or None: AuthorizeCertificateStatus
Vouch: TypeAlias = Callable[[Any], Awaitable[bytes | None]]  # OCSP data of a certificate: the answer in DER, if any


class BackOffice:
    """The operator's rules over a store. `now` is wall time, Unix seconds."""

    def __init__(self, store: Store, *, now: Callable[[], float], accept_all: bool = False) -> None:
        self.store = store
        self.now = now
        self.reports = Reports()
        self.told = ToldEvents()
        self.sign: Sign | None = None  # None: there is no PKI
        self.vouch: Vouch | None = None
        self.provide: Provide | None = None
        self.standing: Standing | None = None
        self.cars: CarPlanning | None = None  # who plans for cars that say what they need
        self.renew: Callable[[str], None] | None = None
        self.renewing: set[str] = set()  # who came in with a certificate that has expired (A00.FR.429)
        self._accept_all = accept_all
        self._numbers = itertools.count(int(now()))  # not used again after a restart

    def next_number(self) -> int:
        """An id for what a charger is asked (remoteStartId, requestId)."""
        return next(self._numbers)

    def token(self, value: str) -> Token:
        """The token as the operator entered it, or as a stranger's."""
        return self.store.tokens.get(value.casefold()) or Token(value=value)

    def listed(self, values: tuple[str, ...] | None) -> list[Token]:
        """Tokens for a charger's local list; None: all that are known."""
        if values is None:
            return sorted(self.store.tokens.values(), key=lambda one: one.key)
        return [self.token(one) for one in values]

    def charger(self, identity: str) -> Charger:
        """What is known of a charger. One that nobody has decided about is pending, or accepted when all are."""
        known = self.store.chargers.get(identity) or Charger(identity=identity)
        if self._accept_all and known.state is ChargerState.PENDING:
            return msgspec.structs.replace(known, state=ChargerState.ACCEPTED)
        return known

    def state_of(self, identity: str) -> ChargerState:
        """What a charger is answered as it boots: it waits while its certificate is renewed (A00.FR.429)."""
        return ChargerState.PENDING if identity in self.renewing else self.charger(identity).state

    async def boot(self, identity: str, *, vendor: str, model: str, version: str, serial: str = "") -> None:
        """Keep what a charger says of itself as it boots; of strangers only so many, lest they fill the disk."""
        charger = self.charger(identity)
        if identity in self.store.chargers or charger.state is ChargerState.ACCEPTED or self._strangers() < MAX_PENDING:
            told = serial if charger.password_hash is not None else charger.serial  # else anybody could say so
            await self.store.write(
                msgspec.structs.replace(
                    charger, vendor=vendor, model=model, version=version, serial=told, seen_utc_s=self.now()
                )
            )
        if identity in self.renewing and self.renew is not None:
            self.renew(identity)

    def interval_s(self, identity: str) -> int:
        """Seconds between heartbeats, or until the next attempt to boot."""
        return HEARTBEAT_S if self.state_of(identity) is ChargerState.ACCEPTED else RETRY_BOOT_S

    def judge(self, value: str) -> Judgement:
        """Whether a token may charge."""
        token = self.store.tokens.get(value.casefold())
        if token is None:
            return Judgement(Verdict.UNKNOWN)
        if token.status is TokenStatus.BLOCKED:
            return Judgement(Verdict.BLOCKED, token)
        if token.expires_utc_s is not None and token.expires_utc_s <= self.now():
            return Judgement(Verdict.EXPIRED, token)
        return Judgement(Verdict.ACCEPTED, token)

    def seen(self, identity: str) -> None:
        """Note that a charger was here, unless it never said who it is."""
        if identity in self.store.chargers:
            self.store.write_later(msgspec.structs.replace(self.charger(identity), seen_utc_s=self.now()))

    def _strangers(self) -> int:
        return sum(charger.state is ChargerState.PENDING for charger in self.store.chargers.values())
