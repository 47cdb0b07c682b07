"""The local authorisation list (OCPP 2.0.1 D; 1.6 3.5.2, 5.10, 5.15): what an update makes of it. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from agent.core.token_cache import CachedToken
from agent.core.values import AuthInfo, IdToken


class ListEntry(msgspec.Struct, frozen=True):
    """One line of an update; `info` None: remove the token."""

    token: IdToken
    info: AuthInfo | None = None


class ListUpdate(msgspec.Struct, frozen=True):
    """What the CSMS sends. `full`: it replaces the list, otherwise it changes it."""

    version: int
    full: bool
    entries: tuple[ListEntry, ...] = ()


class ListVerdict(enum.StrEnum):
    """What became of an update."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    VERSION_MISMATCH = "VersionMismatch"
    NOT_SUPPORTED = "NotSupported"  # the list is not in use; 2.x has no word for it


class LocalList(msgspec.Struct, frozen=True):
    """The list as it stands. `version` 0: none was ever sent; `entries` by their tokens' values with case folded."""

    version: int = 0
    entries: Mapping[str, CachedToken] = {}


def updated(before: LocalList, update: ListUpdate, max_entries: int) -> tuple[ListVerdict, LocalList]:
    """The list after an update, which happens as a whole or not at all."""
    keys = [one.token.value.casefold() for one in update.entries]
    if update.version <= 0 or len(set(keys)) != len(keys):  # D01.FR.18, D01.FR.06
        return ListVerdict.FAILED, before
    if update.full:
        if any(one.info is None for one in update.entries):
            return ListVerdict.FAILED, before
        entries: dict[str, CachedToken] = {}
    else:
        if update.version <= before.version:  # D01.FR.19
            return ListVerdict.VERSION_MISMATCH, before
        entries = dict(before.entries)
    for key, one in zip(keys, update.entries, strict=True):
        if one.info is None:
            entries.pop(key, None)  # D01.FR.17
        else:
            entries[key] = CachedToken("local", one.token, one.info)  # D01.FR.16
    if len(entries) > max_entries:
        return ListVerdict.FAILED, before
    return ListVerdict.ACCEPTED, LocalList(update.version, entries)
