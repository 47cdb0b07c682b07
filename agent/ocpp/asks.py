"""What the CSMS can ask of the station and what the station answers, in no version's words. Dialects translate."""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec

from agent.core.values import IdToken
from agent.ocpp.charger import ResetKind


class Ask(msgspec.Struct, frozen=True):
    """Base of all requests of the CSMS."""


class ResetAsk(Ask, frozen=True):
    """Reset the station, or one EVSE of it."""

    kind: ResetKind
    evse: int | None = None


class RemoteStartAsk(Ask, frozen=True):
    """Start charging for this token; without an EVSE the station chooses."""

    token: IdToken
    evse: int | None = None
    remote_start_id: int | None = None
    group: str | None = None


class RemoteStopAsk(Ask, frozen=True):
    """Stop a transaction.

    `candidates` are the station's own ids that the CSMS can mean: none when it is unknown, several when a 1.6 CSMS gave
    the same number twice.
    """

    candidates: frozenset[str]


class TransactionStatusAsk(Ask, frozen=True):
    """Is this transaction going on, and is anything about it (None: about any) still to be delivered?"""

    tx: str | None = None


class Verdict(enum.StrEnum):
    """What becomes of a request."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class Answer(msgspec.Struct, frozen=True):
    """Base of all answers."""


class VerdictAnswer(Answer, frozen=True):
    """Whether the station does what it was asked. `tx`: the transaction that a remote start will continue."""

    verdict: Verdict
    tx: str | None = None


class TransactionStatusAnswer(Answer, frozen=True):
    """`ongoing` None when no transaction was named (E14.FR.06)."""

    queued: bool
    ongoing: bool | None = None


def _nothing() -> None:
    """Most answers change nothing."""


class Handled(msgspec.Struct, frozen=True):
    """An answer, and what happens once it has gone out: reply first, then act."""

    answer: Answer
    then: Callable[[], None] = _nothing


REJECTED = Handled(VerdictAnswer(Verdict.REJECTED))
