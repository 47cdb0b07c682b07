"""What the CSMS needs of every OCPP version, and what reading their messages has in common."""

from __future__ import annotations

import functools
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from agent.ocpp.codec import Version
from agent.ocpp.stamps import from_wire
from csms.back_office import BackOffice
from csms.commands import AnyCommand, Setting
from csms.commands import ResetKind as ResetKind  # noqa: PLC0414 - where its users look for it
from csms.records import SecurityEvent

IMPORT_REGISTER = "Energy.Active.Import.Register"  # the default measurand of both versions
OUTLET = "Outlet"  # the default location of both versions
MAX_EXPONENT = 9  # our policy: units from nWh to GWh; anything beyond is no energy register

T = TypeVar("T")
Handler: TypeAlias = Callable[[str, Any], Awaitable[msgspec.Struct]]  # (charger's identity, request) -> response


class Dialect(Protocol):
    """One version: who answers which action, and how the charger is asked for something."""

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By action. A handler returns once what it was told is durable."""

    @property
    def has_reports(self) -> bool:
        """Whether a charger tells all its settings in a report, after its answer."""

    def call_for(self, command: AnyCommand) -> msgspec.Struct:
        """The CALL that asks for something. Raises UnsayableError when this version has none for it."""

    def settings_of(self, answer: msgspec.Struct) -> tuple[Setting, ...]:
        """The settings that an answer tells of."""


def dialect_of(version: Version, office: BackOffice) -> Dialect:
    """The dialect of a version; its module is imported when it is first needed."""
    if version is Version.V16:
        from csms.v16 import Dialect16

        return Dialect16(office)
    from csms.v201 import Dialect201

    if version is Version.V201:
        from agent.ocpp.v201 import wire as wire201

        return Dialect201(office, wire201)
    from agent.ocpp.v21 import wire as wire21

    return Dialect201(office, wire21)


# The stamps of a message repeat: an event's is its readings' too.
moment = functools.lru_cache(maxsize=64)(from_wire)


def known(value: T | UnsetType) -> T | None:
    """A field's value, None when it is absent."""
    return None if value is UNSET else value


def status_of(answer: Any) -> str | None:
    """The verdict in an answer, where it has one."""
    for result in getattr(answer, "setVariableResult", ()):
        return str(result.attributeStatus)
    status = getattr(answer, "status", None)
    return None if status is None else str(status)


def security_event(charger: str, request: Any) -> SecurityEvent:
    """What a SecurityEventNotification of any version tells."""
    return SecurityEvent(
        charger=charger, at_utc_s=moment(request.timestamp), kind=request.type, info=known(request.techInfo) or ""
    )


def always(response: msgspec.Struct) -> Handler:
    """A handler that has nothing to do and always says the same."""

    async def answer(charger: str, request: msgspec.Struct) -> msgspec.Struct:  # noqa: ARG001 - a handler's signature
        return response

    return answer


def edge(contexts: Iterable[str | None]) -> int:
    """Where a reading stands in its transaction, by the contexts of its values: -1 first, 1 last, 0 between."""
    told = set(contexts)
    return -1 if "Transaction.Begin" in told else int("Transaction.End" in told)


def register_wh(value: float, unit: str, exponent: int = 0) -> float | None:
    """An energy register in Wh, from `value` times ten to `exponent` in Wh or kWh; None when it is none."""
    factor = {"Wh": 1.0, "kWh": 1_000.0}.get(unit)
    if factor is None or abs(exponent) > MAX_EXPONENT or not math.isfinite(value):
        return None
    return round(value * factor * 10.0**exponent, 3)
