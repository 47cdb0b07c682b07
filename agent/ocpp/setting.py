"""One setting: a row of the registry, and how its value is written in OCPP 1.6 and in 2.x."""

from __future__ import annotations

import enum
import re
from typing import Final, Generic, TypeVar, cast

import msgspec

T = TypeVar("T")

MAX_INTEGER: Final = 2**31 - 1  # our policy: what every CSMS can store
MAX_TEXT: Final = 500  # 1.6 6.7: ChangeConfiguration's value is a CiString500
_BOOLEANS: Final = {"true": True, "false": False}


class SettingError(ValueError):
    """A text that is no value of its setting. Says what was expected."""


class DataType(enum.StrEnum):
    """Kinds of values, by the names of 2.x's DataEnumType."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    STRING = "string"
    MEMBER_LIST = "MemberList"


class Setting(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A setting of the station. Names are compared without regard to case (CiString, identifierString).

    `key16` is its OCPP 1.6 key; `component`, `variable` and `instance` its place in 2.x's device model. One of both may
    be missing. `minimum` and `maximum` bound an integer, or the length of a text or list. `values` are a list's
    allowed members; with `member`, a regular expression for them, only examples. `mutable`: the CSMS may write it;
    `derived`: the agent finds it out, nobody sets it; `reboot`: what is written takes effect at the next start.
    `inverted16`: the 1.6 key says the opposite.
    """

    type: DataType
    default: T
    key16: str | None = None
    component: str | None = None
    variable: str | None = None
    instance: str | None = None
    minimum: int = 0
    maximum: int = MAX_INTEGER
    values: tuple[str, ...] = ()
    member: str | None = None
    unit: str | None = None
    mutable: bool = True
    derived: bool = False
    reboot: bool = False
    inverted16: bool = False

    @property
    def key(self) -> str:
        """Its one name in the journal and in messages: "Component.Variable[Instance]", or the 1.6 key."""
        if self.component is None:
            return cast("str", self.key16)
        return f"{self.component}.{self.variable}" + (f"[{self.instance}]" if self.instance else "")

    def parse(self, text: str) -> T:
        """A value as 2.x writes it. Raises `SettingError`."""
        match self.type:
            case DataType.BOOLEAN:
                value: object = _BOOLEANS.get(text.strip().casefold())
            case DataType.INTEGER:
                value = self._integer(text.strip())
            case DataType.STRING:
                value = text if self.minimum <= len(text) <= self.maximum and text.isprintable() else None
            case DataType.MEMBER_LIST:
                value = self._members(text)
        if value is None:
            raise SettingError(f"{self.key}: expected {self.expected()}, got {text[:MAX_TEXT]!r}")
        return cast("T", value)

    def format(self, value: T) -> str:
        """The value as 2.x writes it."""
        if isinstance(value, bool):
            return "true" if value else "false"
        return ",".join(value) if isinstance(value, tuple) else str(value)

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
            case DataType.STRING:
                return f"a text of {self.minimum} to {self.maximum} characters"
            case DataType.MEMBER_LIST:
                members = ", ".join(self.values) if self.values else "nothing yet: the list stays empty"
                members = f"members such as {members}" if self.member is not None else members
                return f"a comma-separated list ({'at least one' if self.minimum else 'maybe empty'}) of {members}"

    def _integer(self, text: str) -> int | None:
        if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > len(str(MAX_INTEGER)) + 1:
            return None
        value = int(text)
        return value if self.minimum <= value <= self.maximum else None

    def _members(self, text: str) -> tuple[str, ...] | None:
        members = tuple(dict.fromkeys(one.strip() for one in text.split(","))) if text.strip() else ()
        allowed = all(self._allows(one) for one in members)
        return members if allowed and self.minimum <= len(members) <= self.maximum else None

    def _allows(self, member: str) -> bool:
        return member in self.values if self.member is None else re.fullmatch(self.member, member) is not None
