"""Facts: what happened, in no version's words. The outbox stores them; a dialect encodes them when they are sent.

A transaction is known by the station's own UUID (`tx`) and its facts by `seq`, counted from 0 without gaps
(OCPP 2.0.1 E01.FR.07). Stamps are Unix seconds UTC.
"""

from __future__ import annotations

from typing import Final

import msgspec

from agent.core.security import SecurityEventKind
from agent.core.values import (
    ChargingState,
    ConnectorStatus,
    IdToken,
    Reading,
    ReservationEnd,
    StopReason,
    Trigger,
)
from hal.types import FaultKind

WHOLE_STATION: Final = 0  # as an EVSE's number, of what no single EVSE is concerned with


class Fact(msgspec.Struct, frozen=True, tag=True):
    """Base of all facts. Unknown fields are tolerated on reading: an older agent reads a newer one's journal."""


class TransactionStarted(Fact, frozen=True, kw_only=True):
    """A transaction began."""

    tx: str
    evse: int
    connector: int
    seq: int
    at_utc_s: float
    trigger: Trigger
    charging: ChargingState
    reading: Reading
    token: IdToken | None = None
    group: str | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    cable_max_a: float | None = None


class TransactionUpdated(Fact, frozen=True, kw_only=True):
    """Something happened within a transaction. `token`: of a driver who has just been authorised, or has stopped."""

    tx: str
    evse: int
    connector: int
    seq: int
    at_utc_s: float
    trigger: Trigger
    charging: ChargingState
    reading: Reading | None = None
    token: IdToken | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None


class TransactionEnded(Fact, frozen=True, kw_only=True):
    """A transaction ended. `token` is the one that stopped it, if one did. `readings` are kept for the stop message."""

    tx: str
    evse: int
    connector: int
    seq: int
    at_utc_s: float
    trigger: Trigger
    reason: StopReason
    reading: Reading
    started_utc_s: float
    start_energy_wh: float
    charging: ChargingState | None = None  # at its end; None in facts of an older agent
    readings: tuple[Reading, ...] = ()
    token: IdToken | None = None
    charged_s: float = 0.0  # time with energy flowing


class ConnectorStatusChanged(Fact, frozen=True, kw_only=True):
    """The connector's status, the fault behind it, or whether something is plugged into it, changed."""

    evse: int
    connector: int
    at_utc_s: float
    status: ConnectorStatus
    fault: FaultKind | None = None
    detail: str = ""
    plugged: bool = False


class ReadingTaken(Fact, frozen=True, kw_only=True):
    """A clock-aligned or triggered reading outside a transaction."""

    evse: int
    connector: int
    at_utc_s: float
    reading: Reading


class SecurityEvent(Fact, frozen=True, kw_only=True):
    """Something that whoever guards the station should know. `info` is for a technician."""

    at_utc_s: float
    kind: SecurityEventKind
    info: str = ""
    evse: int = WHOLE_STATION


class ReservationEnded(Fact, frozen=True, kw_only=True):
    """A reservation ended without having been used. `evse`: the one it was for, or one of those it could be for."""

    evse: int
    at_utc_s: float
    reservation_id: int
    why: ReservationEnd


AnyFact = (
    TransactionStarted
    | TransactionUpdated
    | TransactionEnded
    | ConnectorStatusChanged
    | ReadingTaken
    | SecurityEvent
    | ReservationEnded
)
TransactionFact = TransactionStarted | TransactionUpdated | TransactionEnded
