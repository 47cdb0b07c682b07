"""Settings of the operator's own: the agent keeps them for the CSMS, and obeys none of them."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from agent.ocpp.setting import MAX_INTEGER, MAX_TEXT, Access, DataType, Setting, SettingError

COMPONENT: Final = "CustomizationCtrlr"
MAX_KEY: Final = 50  # 1.6 6.7: the key of ChangeConfiguration is a CiString50

Kind: TypeAlias = Literal["boolean", "integer", "decimal", "string"]
Value: TypeAlias = bool | int | float | str

_EMPTY: Final[dict[Kind, Value]] = {"boolean": False, "integer": 0, "decimal": 0.0, "string": ""}


def custom(
    key: str,
    kind: Kind,
    *,
    default: Value | None,
    minimum: float | None,
    maximum: float | None,
    unit: str | None,
    read_only: bool,
    reboot: bool,
) -> Setting[Any]:
    """The row of one: a 1.6 key, and a variable of CustomizationCtrlr. Raises `SettingError` for what cannot be one."""
    if not key or len(key) > MAX_KEY or not key.isprintable() or any(one in key for one in ".[] "):
        raise SettingError(f"expected a name of 1 to {MAX_KEY} characters, without spaces, dots and brackets")
    row: Setting[Any] = Setting(
        type=DataType(kind),
        default=_EMPTY[kind] if default is None else default,
        key16=key,
        component=COMPONENT,
        variable=key,
        minimum=0 if minimum is None else minimum,
        maximum=(MAX_TEXT if kind == "string" else MAX_INTEGER) if maximum is None else maximum,
        unit=unit,
        access=Access.READ_ONLY if read_only else Access.READ_WRITE,
        reboot=reboot,
    )
    value = row.parse(row.format(row.default))
    if type(value) is not type(row.default) and not (kind == "decimal" and isinstance(row.default, int)):
        raise SettingError(f"expected a default that is {row.expected()}")
    return row
