"""One setting: a row of the registry, and how its value is written in OCPP 1.6 and in 2.x."""

from __future__ import annotations

import enum
import re
from typing import Final, Generic, TypeVar, cast

import msgspec

from agent.ocpp.stamps import from_wire

T = TypeVar("T")

MAX_INTEGER: Final = 2**31 - 1  # our policy: what every CSMS can store
MAX_TEXT: Final = 500  # 1.6 6.7: ChangeConfiguration's value is a CiString500
_BOOLEANS: Final = {"true": True, "false": False}
_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


class SettingError(ValueError):
    """A text that is no value of its setting. Says what was expected."""


class DataType(enum.StrEnum):
    """Kinds of values, by the names of 2.x's DataEnumType.

    In Python a decimal is a float, an OptionList and a dateTime a text, a MemberList and a SequenceList (whose order
    counts) a tuple of texts.
    """

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    STRING = "string"
    DATE_TIME = "dateTime"
    OPTION_LIST = "OptionList"
    SEQUENCE_LIST = "SequenceList"
    MEMBER_LIST = "MemberList"


NUMBERS: Final = frozenset({DataType.INTEGER, DataType.DECIMAL})
LISTS: Final = frozenset({DataType.SEQUENCE_LIST, DataType.MEMBER_LIST})
CHOICES: Final = LISTS | {DataType.OPTION_LIST}


class Access(enum.StrEnum):
    """What the CSMS may do with a value, by the names of 2.x's MutabilityEnumType."""

    READ_WRITE = "ReadWrite"
    READ_ONLY = "ReadOnly"
    WRITE_ONLY = "WriteOnly"  # a secret


class Setting(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A setting of the station. Names are compared without regard to case (CiString, identifierString).

    `key16` is its OCPP 1.6 key; `component`, `variable` and `instance` its place in 2.x's device model. One of both may
    be missing. `minimum` and `maximum` bound a number, or the length of a text or list. `values` are the allowed
    choices; with `member`, a regular expression for them, only examples. `derived`: the agent finds it out, nobody
    sets it; `access16`: where 1.6 allows something else than 2.x; `reboot`: what is written takes effect at the next
    start. `inverted16`: the 1.6 key says the opposite.
    `json`: the text is a JSON object, or empty. `key` follows from them: its one name in the journal and in messages,
    "Component.Variable[Instance]", or the 1.6 key.
    """

    type: DataType
    default: T
    key16: str | None = None
    component: str | None = None
    variable: str | None = None
    instance: str | None = None
    minimum: float = 0
    maximum: float = MAX_INTEGER
    values: tuple[str, ...] = ()
    member: str | None = None
    unit: str | None = None
    access: Access = Access.READ_WRITE
    access16: Access | None = None
    derived: bool = False
    reboot: bool = False
    inverted16: bool = False
    json: bool = False
    key: str = ""

    def __post_init__(self) -> None:
        """Make its key: once, as it is what every reading of a value looks for."""
        key = self.key16
        if self.component is not None:
            key = f"{self.component}.{self.variable}" + (f"[{self.instance}]" if self.instance else "")
        msgspec.structs.force_setattr(self, "key", key)

    @property
    def mutable(self) -> bool:
        """Whether the CSMS may write it."""
        return self.access is not Access.READ_ONLY

    @property
    def mutable16(self) -> bool:
        """Whether a 1.6 CSMS may write it."""
        return (self.access16 or self.access) is not Access.READ_ONLY

    @property
    def readable(self) -> bool:
        """Whether the CSMS may read it."""
        return self.access is not Access.WRITE_ONLY

    def parse(self, text: str) -> T:
        """A value as 2.x writes it. Raises `SettingError`."""
        match self.type:
            case DataType.BOOLEAN:
                value: object = _BOOLEANS.get(text.strip().casefold())
            case DataType.INTEGER:
                value = self._integer(text.strip())
            case DataType.DECIMAL:
                value = self._decimal(text.strip())
            case DataType.STRING:
                value = text if self._is_text(text) else None
            case DataType.DATE_TIME:
                value = _moment(text.strip())
            case DataType.OPTION_LIST:
                value = text.strip() if self._allows(text.strip()) else None
            case DataType.SEQUENCE_LIST | DataType.MEMBER_LIST:
                value = self._members(text)
        if value is None:
            got = repr(text[:MAX_TEXT]) if self.readable else "something else"
            raise SettingError(f"{self.key}: expected {self.expected()}, got {got}")
        return cast("T", value)

    def format(self, value: T) -> str:
        """The value as 2.x writes it."""
        match value:
            case bool():
                return "true" if value else "false"
            case float():
                return f"{value:.15f}".rstrip("0").rstrip(".")
            case tuple():
                return ",".join(value)
            case _:
                return str(value)

    def parse16(self, text: str) -> T:
        """A value as 1.6 writes it. Raises `SettingError`."""
        value = self.parse(text)
        return cast("T", not value) if self.inverted16 else value

    def format16(self, value: T) -> str:
        """The value as 1.6 writes it."""
        return self.format(cast("T", not value) if self.inverted16 else value)

    def expected(self) -> str:
        """What a value looks like, in words."""
        match self.type:
            case DataType.BOOLEAN:
                return "true or false"
            case DataType.INTEGER:
                return f"a whole number from {self.minimum} to {self.maximum}"
            case DataType.DECIMAL:
                return f"a number from {self.minimum} to {self.maximum}"
            case DataType.STRING:
                what = "a JSON object" if self.json else "a text"
                return f"{what} of {self.minimum} to {self.maximum} characters"
            case DataType.DATE_TIME:
                return "a moment such as 2026-01-01T00:00:00Z, or nothing"
            case DataType.OPTION_LIST:
                return f"one of {', '.join(self.values)}"
            case DataType.SEQUENCE_LIST | DataType.MEMBER_LIST:
                members = ", ".join(self.values) if self.values else "nothing yet: the list stays empty"
                members = f"members such as {members}" if self.member is not None else members
                return f"a comma-separated list ({'at least one' if self.minimum else 'maybe empty'}) of {members}"

    def _is_text(self, text: str) -> bool:
        fits = self.minimum <= len(text) <= self.maximum and text.isprintable()
        return fits and (not self.json or not text or _is_object(text))

    def _integer(self, text: str) -> int | None:
        if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > len(str(MAX_INTEGER)) + 1:
            return None
        value = int(text)
        return value if self.minimum <= value <= self.maximum else None

    def _decimal(self, text: str) -> float | None:
        if _DECIMAL.fullmatch(text) is None:
            return None
        value = float(text)
        return value if self.minimum <= value <= self.maximum else None

    def _members(self, text: str) -> tuple[str, ...] | None:
        members = tuple(dict.fromkeys(one.strip() for one in text.split(","))) if text.strip() else ()
        allowed = all(self._allows(one) for one in members)
        return members if allowed and self.minimum <= len(members) <= self.maximum else None

    def _allows(self, member: str) -> bool:
        return member in self.values if self.member is None else re.fullmatch(self.member, member) is not None


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


def _moment(text: str) -> str | None:
    """A date-time as it was written; empty: none."""
    try:
        if text:
            from_wire(text)
    except ValueError:
        return None
    return text
