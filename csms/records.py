"""What the CSMS keeps, and what it is told, in no OCPP version's words. Stamps are Unix seconds UTC, energy is Wh."""

from __future__ import annotations

import enum
from decimal import Decimal

import msgspec

from csms.tariff import Tariff

POSITIONS_PER_STEP = 1_000  # our policy: what a counted step leaves to the next for its readings
FIRST_POSITION = -(1 << 62)  # before every reading, also one by a clock from before 1970
LAST_POSITION = 1 << 62  # after every reading; SQLite's integers end at 2^63


class ChargerState(enum.StrEnum):
    """What BootNotification is answered with (OCPP RegistrationStatus)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class Charger(msgspec.Struct, frozen=True, kw_only=True):
    """A charger and what it last said of itself. `password_hash` None: it connects without a password.

    `serial`: told by a charger that was authenticated. `profile`: the highest security profile it has come in with,
    below which it is not let in any more (A05.FR.07). `car_limit_w`: what it may give all cars that are planned for.
    """

    identity: str
    state: ChargerState = ChargerState.PENDING
    vendor: str = ""
    model: str = ""
    version: str = ""
    password_hash: str | None = None
    seen_utc_s: float | None = None
    serial: str = ""
    profile: int = 0
    car_limit_w: float | None = None


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that was signed for a charger. `serial`: hexadecimal. `revoked_utc_s` None: it is good."""

    serial: str
    charger: str
    subject: str
    not_before_utc_s: float
    not_after_utc_s: float
    pem: str
    revoked_utc_s: float | None = None


class Stage(enum.StrEnum):
    """How far a charger's request for a certificate has come."""

    WAITING = "Waiting"  # for the operator
    SIGNED = "Signed"  # and on its way to the charger
    TAKEN = "Taken"
    NOT_TAKEN = "NotTaken"
    REFUSED = "Refused"


class SigningRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a charger wants signed. `remark`: why it was refused, or what the charger said when it got it."""

    number: int
    charger: str
    at_utc_s: float
    use: str
    subject: str
    stage: Stage
    remark: str = ""


class TokenStatus(enum.StrEnum):
    """What an operator made of a token."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A driver's identifier; compared without regard to case. `expires_utc_s` None: never."""

    value: str
    kind: str = "ISO14443"
    group: str | None = None
    status: TokenStatus = TokenStatus.ACCEPTED
    expires_utc_s: float | None = None

    @property
    def key(self) -> str:
        """What the token is looked up by."""
        return self.value.casefold()


class ForgottenToken(msgspec.Struct, frozen=True):
    """The token with this `Token.key` is to be known no longer."""

    key: str


class Reading(msgspec.Struct, frozen=True):
    """The import register at one moment (None: not told), and all values as JSON, signed data byte for byte.

    `edge` orders a message's readings before their stamps do: -1 is said to open the transaction, 1 to close it. A
    charger whose clock was set back stamps the end before the beginning.
    """

    at_utc_s: float
    register_wh: float | None
    sampled: bytes
    edge: int = 0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a charger tells of a transaction. Telling it twice changes nothing.

    `position` orders the registers of a session: its readings by time from `position` on, then `register_wh`, which is
    a register told without a reading. `seq` is the charger's own count; None: this kind of charger does not count.
    """

    charger: str
    tx: str
    at_utc_s: float
    position: int
    seq: int | None = None
    evse: int | None = None
    connector: int | None = None
    token: str | None = None
    starts: bool = False
    ends: bool = False
    reason: str | None = None
    readings: tuple[Reading, ...] = ()
    register_wh: float | None = None


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """A start whose transaction the CSMS is to number; the same start always gets the same number."""

    charger: str
    connector: int
    token: str
    at_utc_s: float
    register_wh: float


class IdleReadings(msgspec.Struct, frozen=True, kw_only=True):
    """Readings that belong to no transaction."""

    charger: str
    evse: int
    readings: tuple[Reading, ...]


class ConnectorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The last status a connector reported, in the words of its OCPP version. 1.6 knows no EVSE: there it is 0."""

    charger: str
    evse: int
    connector: int
    status: str
    error: str | None
    at_utc_s: float


class Direction(enum.StrEnum):
    """Which way a logged frame went, seen from the CSMS."""

    IN = "in"
    OUT = "out"


class LoggedFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame of the message log, shortened. `violation` says what of the OCPP schema or framing it breaks."""

    charger: str
    at_utc_s: float
    direction: Direction
    frame: str
    violation: str | None = None


class SecurityEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a charger told of its security, in the words of its OCPP version."""

    charger: str
    at_utc_s: float
    kind: str
    info: str


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A charging session as it stands.

    `energy_wh` is last register minus first, so far or for good; `cost` likewise, by the tariff that was in force
    when the session became known. Both are None where they cannot be known: `remark` says why, and nothing is billed.
    """

    id: int
    charger: str
    tx: str
    evse: int | None
    connector: int | None
    token: str | None
    started_utc_s: float | None
    ended_utc_s: float | None
    start_wh: float | None
    end_wh: float | None
    energy_wh: float | None
    cost: Decimal | None
    currency: str
    reason: str | None
    remark: str | None

    @property
    def is_open(self) -> bool:
        """Whether the transaction still runs."""
        return self.ended_utc_s is None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What a bill is made of: stamps and registers of one session, and the tariff it began under."""

    started_utc_s: float | None
    ended_utc_s: float | None
    updated_utc_s: float
    start_wh: float | None
    end_wh: float | None
    registers: int  # 0, 1, or 2 for "first and last are two readings"
    tariff: Tariff

    def energy(self) -> tuple[float | None, str | None]:
        """Energy so far or for good (Wh), or None and why it cannot be known."""
        if self.started_utc_s is None:
            return None, "no start was reported"
        if self.start_wh is None or self.end_wh is None:
            return None, "no energy register was reported"
        if self.ended_utc_s is not None and self.registers < 2:  # noqa: PLR2004 - a difference needs two
            return None, "only one energy register was reported"
        if self.end_wh < self.start_wh:
            return None, "the energy register went backwards"
        return round(self.end_wh - self.start_wh, 3), None

    def cost(self) -> Decimal | None:
        """What the energy and the time so far or for good cost; None where the energy cannot be known."""
        energy_wh, _ = self.energy()
        if energy_wh is None or self.started_utc_s is None:
            return None
        until_utc_s = self.updated_utc_s if self.ended_utc_s is None else self.ended_utc_s
        return self.tariff.cost(energy_wh, max(0.0, until_utc_s - self.started_utc_s))
