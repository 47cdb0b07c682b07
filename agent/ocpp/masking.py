"""Hides what nobody needs to see: passwords in OCPP frames, and most of a driver's identifier. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

HIDDEN: Final = "***"
WITHHELD: Final = "(withheld: it may hold a secret)"
SECRET_WORDS: Final = ("authorizationkey", "password", "sharedsecret", "passphrase")
SECRET_FIELDS: Final = frozenset({"simpin"})  # of 2.x APNType; the words above name all others
VALUE_FIELDS: Final = ("value", "attributeValue", "variableAttribute")
SHOWN_OF_TOKEN: Final = 4  # our policy: enough to tell two cards of one driver apart

_SUSPECT: Final = re.compile(  # without any of this there is nothing to hide; an escape may spell it in disguise
    "|".join((*SECRET_WORDS, *SECRET_FIELDS, "keycode", r"://[^/\s]*@", r"\\[u/]")), re.IGNORECASE
)
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/@\s]*@")


def masked_token(value: str) -> str:
    """An identifier with all but its end hidden: at most a third of it, and never more than four characters."""
    shown = min(SHOWN_OF_TOKEN, len(value) // 3)
    return "*" * (len(value) - shown) + value[len(value) - shown :]


def is_secret(name: object) -> bool:
    """Whether a setting, variable or field of this name holds a secret."""
    if not isinstance(name, str):
        return False
    folded = name.casefold()
    return folded in SECRET_FIELDS or any(word in folded for word in SECRET_WORDS)


def masked_frame(frame: str) -> str:
    """An OCPP-J frame without the secrets in it: values of secret settings, password fields, users in URLs."""
    if _SUSPECT.search(frame) is None:
        return frame
    try:
        content = msgspec.json.decode(frame)
        return msgspec.json.encode(_hidden(content)).decode()
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return WITHHELD if is_secret(frame) else frame


def _hidden(content: Any) -> Any:
    match content:
        case dict():
            return _hidden_object(content)
        case list():
            return [_hidden(one) for one in content]
        case str():
            # A text that speaks of passwords, other than as the name of a thing, may be a message within the message.
            return WITHHELD if is_secret(content) and not content.isalnum() else _CREDENTIALS.sub(f"{HIDDEN}@", content)
        case _:
            return content


def _hidden_object(content: dict[str, Any]) -> dict[str, Any]:
    variable = content.get("variable")
    named = variable.get("name") if isinstance(variable, dict) else content.get("key")
    speaks_of_secret = is_secret(named)
    also = set()
    if content.get("type") == "KeyCode":  # C04.FR.04: no log shows a code that opens charging
        also.add("idToken")
    if "password" in content and "server" in content:  # 2.x VPNType: its `key` is a shared secret
        also.add("key")
    shown = {}
    for field, value in content.items():
        if (speaks_of_secret and field in VALUE_FIELDS) or is_secret(field) or field in also:
            shown[field] = HIDDEN
        else:
            shown[field] = _hidden(value)
    return shown
