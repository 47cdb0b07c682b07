"""What the journal is asked to write, and what it gives back. Plain values: nothing here touches a disk."""

from __future__ import annotations

import msgspec

from agent.core.security import LoggedEvent
from agent.core.token_cache import CachedToken, TokenList
from agent.ocpp.outbox import StoredFact


class LedgerRow(msgspec.Struct, frozen=True):
    """One transaction, for good: the end is None while it runs, times are Unix seconds, energies meter registers."""

    tx: str
    evse: int
    token: str | None
    started_utc_s: float
    start_energy_wh: float
    ended_utc_s: float | None = None
    end_energy_wh: float | None = None
    reason: str | None = None


class DeadLetter(msgspec.Struct, frozen=True):
    """A fact that was given up, and why."""

    stored: StoredFact
    why: str


class AddFact(msgspec.Struct, frozen=True):
    """Put a fact into the outbox; a transaction's fact goes into the ledger, too."""

    stored: StoredFact


class RemoveFact(msgspec.Struct, frozen=True):
    """It is delivered, or not worth delivering any more."""

    id: int


class CountAttempt(msgspec.Struct, frozen=True):
    """The CSMS failed to process it so many times."""

    id: int
    attempts: int


class MoveToDeadLetters(msgspec.Struct, frozen=True):
    """Give a fact up, visibly."""

    id: int
    why: str


class ResendDeadLetter(msgspec.Struct, frozen=True):
    """Put a dead letter back into the outbox, in its old place, its attempts forgotten."""

    id: int


class RestampFact(msgspec.Struct, frozen=True):
    """It happened at another moment than was thought; the ledger has to say so, too."""

    stored: StoredFact


class SaveSession(msgspec.Struct, frozen=True):
    """Keep an EVSE's session for recovery."""

    evse: int
    blob: bytes


class PutSetting(msgspec.Struct, frozen=True):
    """Keep a setting that the CSMS changed."""

    key: str
    value: str


class ForgetSettings(msgspec.Struct, frozen=True):
    """Return to the values of the configuration file."""


class PutToken(msgspec.Struct, frozen=True):
    """Remember a token. Case is ignored, as OCPP compares tokens."""

    entry: CachedToken


class RemoveTokens(msgspec.Struct, frozen=True):
    """Forget a whole list, or (differential update, eviction) some of its values."""

    kind: TokenList
    values: tuple[str, ...] | None = None


class PutMeta(msgspec.Struct, frozen=True):
    """Keep a small value under a name of the caller's; None removes it."""

    key: str
    value: bytes | None


class EraseToken(msgspec.Struct, frozen=True):
    """Make the ledger forget whose transactions these were. Case is ignored, as OCPP compares tokens."""

    value: str


class LogSecurityEvent(msgspec.Struct, frozen=True):
    """Enter an event into the security log, which lets go of its oldest."""

    event: LoggedEvent


Operation = (
    AddFact
    | RemoveFact
    | CountAttempt
    | MoveToDeadLetters
    | ResendDeadLetter
    | RestampFact
    | SaveSession
    | PutSetting
    | ForgetSettings
    | PutToken
    | RemoveTokens
    | PutMeta
    | LogSecurityEvent
    | EraseToken
)
