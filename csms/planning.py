"""What an operator can ask of a charger's time to come: reservations and charging profiles, in no version's words."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec

from csms.commands import Number, Planning, Word

LAST_UTC_S = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that OCPP can tell
Moment = Annotated[float, msgspec.Meta(ge=0, le=LAST_UTC_S)]  # Unix seconds
Whole = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class Reserve(Planning, frozen=True, kw_only=True):
    """Keep an EVSE for a token, or for its group as well (ReserveNow). EVSE 0: any; from 2.x on with this connector."""

    number: Whole
    token: Word
    until_utc_s: Moment
    evse: Number = 0
    group: Word | None = None
    connector_type: Word | None = None


class CancelReservation(Planning, frozen=True, kw_only=True):
    """Let go of a reservation (CancelReservation)."""

    number: Whole


class Purpose(enum.StrEnum):
    """Whom a profile limits: the whole charger, every transaction, or a certain one."""

    STATION = "station"
    DEFAULT = "default"
    TRANSACTION = "transaction"


class Kind(enum.StrEnum):
    """What a profile's times are counted from: a moment, the same moment every day or week, the transaction."""

    ABSOLUTE = "absolute"
    DAILY = "daily"
    WEEKLY = "weekly"
    RELATIVE = "relative"


class Unit(enum.StrEnum):
    """Ampere per phase, or watt over all phases."""

    AMPERE = "A"
    WATT = "W"


class Period(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From so many seconds after the profile's start at most so much, over so many phases (three, if not given)."""

    start_s: Number = 0
    limit: Annotated[float, msgspec.Meta(ge=0)]
    phases: Annotated[int, msgspec.Meta(ge=1, le=3)] | None = None


class SetProfile(Planning, frozen=True, kw_only=True):
    """Give a charger a charging profile (SetChargingProfile). EVSE 0: the charger, or every EVSE of it.

    A profile of a transaction names it (`tx`), where it is not the one that goes on in 1.6. All but relative profiles
    have a start.
    """

    number: Whole
    periods: Annotated[tuple[Period, ...], msgspec.Meta(min_length=1, max_length=1024)]
    evse: Number = 0
    purpose: Purpose = Purpose.DEFAULT
    kind: Kind = Kind.ABSOLUTE
    stack_level: Number = 0
    unit: Unit = Unit.AMPERE
    start_utc_s: Moment | None = None
    duration_s: Number | None = None
    valid_from_utc_s: Moment | None = None
    valid_to_utc_s: Moment | None = None
    least: float | None = None
    tx: Word | None = None


class ClearProfiles(Planning, frozen=True, kw_only=True):
    """Remove the charging profiles that all of this is true of (ClearChargingProfile); nothing given: all of them."""

    number: Whole | None = None
    evse: Number | None = None
    purpose: Purpose | None = None
    stack_level: Number | None = None


class GetSchedule(Planning, frozen=True, kw_only=True):
    """Ask what will be offered at an EVSE, or (0) taken by the charger, in the time to come (GetCompositeSchedule)."""

    evse: Number = 0
    duration_s: Number = 86_400
    unit: Unit | None = None


class GetProfiles(Planning, frozen=True, kw_only=True):
    """Ask a 2.x charger to report its charging profiles (GetChargingProfiles); they stand in the message log."""

    evse: Number | None = None
    purpose: Purpose | None = None
    stack_level: Number | None = None
