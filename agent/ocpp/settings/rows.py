"""How a row of the registry is written: `integer("TxCtrlr.EVConnectionTimeOut", "ConnectionTimeOut", 60, unit="s")`.

The first argument is the place in 2.x's device model, "Component.Variable[Instance]", the second the key of 1.6; either
may be None. Then comes the default, and by name whatever else `agent.ocpp.setting.Setting` has.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from agent.ocpp.setting import Access, DataType, Setting

DAY_S: Final = 86_400


def flag(name: str | None, key16: str | None, *, default: bool, **more: Any) -> Setting[bool]:
    """True or false."""
    return Setting(type=DataType.BOOLEAN, default=default, key16=key16, **_place(name), **more)


def integer(name: str | None, key16: str | None, default: int, **more: Any) -> Setting[int]:
    """A whole number, from 0 unless `minimum` says otherwise."""
    return Setting(type=DataType.INTEGER, default=default, key16=key16, **_place(name), **more)


def seconds(name: str | None, key16: str | None, default: int, **more: Any) -> Setting[int]:
    """A duration."""
    return integer(name, key16, default, unit="s", **more)


def decimal(name: str | None, key16: str | None, default: float, **more: Any) -> Setting[float]:
    """A number, from 0 unless `minimum` says otherwise."""
    return Setting(type=DataType.DECIMAL, default=default, key16=key16, **_place(name), **more)


def limit(name: str | None, value: int, key16: str | None = None) -> Setting[int]:
    """A number that the agent keeps to, and tells."""
    return integer(name, key16, value, access=Access.READ_ONLY, derived=True)


def count(name: str | None, key16: str | None, maximum: int) -> Setting[int]:
    """How many of something there are now; the owner derives it. At most `maximum`."""
    return integer(name, key16, 0, maximum=maximum, access=Access.READ_ONLY, derived=True)


def available(component: str, instance: str | None = None) -> Setting[bool]:
    """That a controller is there."""
    name = f"{component}.Available" + (f"[{instance}]" if instance else "")
    return flag(name, None, default=True, access=Access.READ_ONLY, derived=True)


def text(name: str | None, key16: str | None, default: str, **more: Any) -> Setting[str]:
    """Any printable text; `maximum` bounds its length."""
    return Setting(type=DataType.STRING, default=default, key16=key16, **_place(name), **more)


def option(name: str | None, key16: str | None, default: str, values: tuple[str, ...], **more: Any) -> Setting[str]:
    """One of some words."""
    return Setting(type=DataType.OPTION_LIST, default=default, values=values, key16=key16, **_place(name), **more)


def members(
    name: str | None, key16: str | None, default: tuple[str, ...], values: tuple[str, ...], **more: Any
) -> Setting[tuple[str, ...]]:
    """Some of these words, in any order."""
    return Setting(type=DataType.MEMBER_LIST, default=default, values=values, key16=key16, **_place(name), **more)


def sequence(
    name: str | None, key16: str | None, default: tuple[str, ...], values: tuple[str, ...], **more: Any
) -> Setting[tuple[str, ...]]:
    """Some of these words, the most important first."""
    return Setting(type=DataType.SEQUENCE_LIST, default=default, values=values, key16=key16, **_place(name), **more)


def length(of: Setting[tuple[str, ...]]) -> Setting[int]:
    """How many members a list of 1.6 can have at most (1.6 5.3)."""
    most = of.maximum if of.member is not None else min(of.maximum, len(of.values))
    return limit(None, int(most), f"{of.key16}MaxLength")


def rows_of(module: ModuleType) -> Iterator[Setting[Any]]:
    """The rows that stand in a module, in their order: its constants, and tuples of rows."""
    for value in vars(module).values():
        if isinstance(value, Setting):
            yield value
        elif isinstance(value, tuple):
            yield from (one for one in value if isinstance(one, Setting))


def _place(name: str | None) -> dict[str, Any]:
    """The parts of "Component.Variable[Instance]"."""
    if name is None:
        return {}
    component, _, rest = name.partition(".")
    variable, _, instance = rest.removesuffix("]").partition("[")
    return {"component": component, "variable": variable, "instance": instance or None}
