"""What every OCPP version must be able to say: facts to messages, messages to asks, answers and results both ways.

A dialect is pure. Blocks and station talk to this Protocol; `agent.ocpp.versions` names who meets it.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Callable, Container, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import UNSET, Struct

from agent.core.contract import Contract
from agent.core.facts import ConnectorStatusChanged
from agent.core.values import AuthInfo, ConnectorStatus, IdToken, Reading
from agent.ocpp.asks import Answer, Ask, TransferAnswer
from agent.ocpp.codec import CallError, Codec, Version
from agent.ocpp.costs import Told
from agent.ocpp.device_model import Nameplate
from agent.ocpp.outbox import StoredFact

_Message = TypeVar("_Message", bound=Struct)
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class BootReason(enum.StrEnum):
    """Why the station boots (OCPP 2.0.1 BootReasonEnumType); 1.6 does not ask."""

    APPLICATION_RESET = "ApplicationReset"
    POWER_UP = "PowerUp"
    REMOTE_RESET = "RemoteReset"
    SCHEDULED_RESET = "ScheduledReset"
    TRIGGERED = "Triggered"
    UNKNOWN = "Unknown"
    FIRMWARE_UPDATE = "FirmwareUpdate"


class Registration(enum.StrEnum):
    """How the CSMS regards the station."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class BootAnswer(Struct, frozen=True):
    """What a BootNotification was answered with. `interval_s`: of heartbeats, or until the next attempt; 0: choose."""

    registration: Registration
    interval_s: float
    now_utc_s: float


class Outcome(Struct, frozen=True):
    """What the answer to a fact means.

    `info`: the verdict on `token`, if the message carried one. `memory`: what the dialect must remember from now on
    (None: nothing changed), to be committed together with the removal of the fact. `priority`: the transaction's from
    now on, if the message carried one.
    """

    info: AuthInfo | None = None
    token: IdToken | None = None
    memory: bytes | None = None
    priority: int | None = None


class Service(Struct, frozen=True):
    """How one action of the CSMS is read, and how what it is answered with becomes fields of the response."""

    ask: type[Ask]
    read: Callable[[Any], Ask]
    say: Callable[[Any], dict[str, Any]]


class Notice(Struct, frozen=True):
    """Base of what the station says of its own accord, once, if it can. What must arrive is a fact."""


class Saying(Struct, frozen=True):
    """How a notice is said: the action, the fields of the request, and what the response means (None: nothing).

    `fits`: whether this version has a word for what this notice says.
    """

    action: str
    say: Callable[[Any], dict[str, Any]]
    hear: Callable[[Any], Any] = lambda _: None
    fits: Callable[[Any], bool] = lambda _: True


class Speech(Protocol):
    """What a module of a dialect contributes to it for one functional block."""

    @property
    def SERVICES(self) -> Mapping[str, Service]:  # noqa: N802 - a module's constant
        """The requests it reads and answers."""

    @property
    def SAYINGS(self) -> Mapping[type[Notice], Saying]:  # noqa: N802 - a module's constant
        """The notices it has words for."""


class Dialect(Protocol):
    """One OCPP version."""

    codec: Codec
    refusal_while_rejected: CallError | None  # how a call is met while the registration is Rejected; None: silence
    services: Mapping[str, Service]  # the actions this dialect can turn into asks
    sayings: Mapping[type[Notice], Saying]  # the notices this dialect has words for
    asks_in_vain: bool  # whether the CSMS is asked about a token that can stop nobody
    feature_profiles: Mapping[str, frozenset[str]]  # what 1.6 calls sets of actions; none in versions without

    def boot(self, plate: Nameplate, reason: BootReason) -> Struct:
        """BootNotification."""

    def boot_answer(self, response: Struct) -> BootAnswer:
        """What its answer means."""

    def heartbeat(self) -> Struct:
        """Heartbeat."""

    def time_told(self, response: Struct) -> float:
        """The CSMS's time in a heartbeat's answer, Unix seconds."""

    def authorize(self, token: IdToken, contract: Contract | None = None) -> Struct:
        """Authorize. Raises `msgspec.ValidationError` when this version cannot say the token."""

    def verdict(self, response: Struct) -> AuthInfo:
        """What its answer means."""

    def told(
        self, response: Struct, token: IdToken | None, tx: str | None = None, *, final: bool = False
    ) -> tuple[Told, ...]:
        """What an answer about a token, or about a transaction, says of money and to the driver."""

    def status(self, fact: ConnectorStatusChanged) -> Struct:
        """StatusNotification of a connector."""

    def station_status(self, at_utc_s: float, status: ConnectorStatus) -> Struct | None:
        """StatusNotification of the whole station; None in versions without one."""

    def meter_values(self, evse: int, reading: Reading, tx: str | None = None) -> Struct | None:
        """MeterValues of an EVSE, within a transaction or not; None when the reading holds nothing it can say."""

    def transfer(self, vendor: str, message: str | None, data: Any) -> Struct:
        """DataTransfer. Raises `msgspec.ValidationError` when this version cannot say it."""

    def transferred(self, response: Struct) -> TransferAnswer:
        """What its answer means."""

    def numbered(self, number: int) -> frozenset[str]:
        """The station's own ids of the transactions that the CSMS gave this number, running or just ended."""

    def status_word(self, fact: ConnectorStatusChanged) -> str:
        """What the CSMS would learn from the status: two facts with the same word need one message."""

    def message(self, stored: StoredFact) -> Struct | None:
        """The request that reports a fact; None when this version has none for it.

        Raises `msgspec.ValidationError` when the fact cannot be said in this version.
        """

    def settled(self, stored: StoredFact, response: Struct | None) -> Outcome:
        """The fact is done with: answered, or (None) given up or not said in this version."""


def asked(dialect: Dialect, action: str, request: Struct) -> Ask:
    """What a request of the CSMS means; `action` is one of the dialect's services."""
    return dialect.services[action].read(request)


def answered(dialect: Dialect, action: str, answer: Answer) -> Struct:
    """The response to a request."""
    return made(dialect.codec.response_type(action), **dialect.services[action].say(answer))


def said(dialect: Dialect, notice: Notice) -> Struct | None:
    """The request that says a notice; None in versions that have none for it.

    Raises `msgspec.ValidationError` when this version cannot say it.
    """
    saying = dialect.sayings.get(type(notice))
    return (
        None
        if saying is None or not saying.fits(notice)
        else made(dialect.codec.request_type(saying.action), **saying.say(notice))
    )


def heard(dialect: Dialect, notice: Notice, response: Struct) -> Any:
    """What the response to a notice means."""
    return dialect.sayings[type(notice)].hear(response)


class Supported:
    """The actions of a version that somebody here answers."""

    def __init__(self, dialect: Dialect, routes: Container[type[Ask]]) -> None:
        self._services = dialect.services
        self._routes = routes

    def __contains__(self, action: object) -> bool:
        service = self._services.get(action) if isinstance(action, str) else None
        return service is not None and service.ask in self._routes


def merged(tables: Iterable[Mapping[_Key, _Value]]) -> Mapping[_Key, _Value]:
    """One table of many. Raises `ValueError` for a key that stands in two of them."""
    whole: dict[_Key, _Value] = {}
    for table in tables:
        twice = whole.keys() & table.keys()
        if twice:
            raise ValueError(f"{', '.join(map(str, twice))}: two blocks claim it")
        whole.update(table)
    return MappingProxyType(whole)


def memory_key(version: Version) -> str:
    """Under which key of the journal's meta data a dialect's memory lies."""
    return f"{version}.memory"


def shortened(text: str | None, limit: int) -> str | None:
    """Text cut to the length of a field; absent when there is none."""
    return text[:limit] if text else None


def octets(text: str | None) -> bytes | None:
    """What a field has in Base64; None for what is none."""
    try:
        return base64.b64decode(text, validate=True) if text else None
    except ValueError:  # binascii's, too
        return None


def made(kind: type[_Message], **fields: Any) -> _Message:
    """A message from plain fields, validated as a peer would; None means absent, at every depth."""
    return msgspec.convert(without_none(fields), kind)


def without_none(value: Any) -> Any:
    """The same structure without absent fields: OCPP-J forbids null."""
    if isinstance(value, dict):
        return {
            key: without_none(one) if isinstance(one, dict | list) else one
            for key, one in value.items()
            if one is not None
        }
    if isinstance(value, list):
        return [without_none(one) if isinstance(one, dict | list) else one for one in value]
    return value


def given(value: Any) -> Any:
    """A field of a received message, None when it was absent."""
    return None if value is UNSET else value
