"""How settings are found by their names: the same for every station with the same rows, so it is made once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from agent.ocpp.setting import Setting
from agent.ocpp.settings import SETTINGS


class Index(NamedTuple):
    """Rows by their names of 1.6 and of 2.x, folded; the components; the default of each row by its key."""

    by_key16: Mapping[str, Setting[Any]]
    by_key: Mapping[str, Setting[Any]]
    components: frozenset[str]
    defaults: Mapping[str, object]


@functools.lru_cache(maxsize=8)
def index(registry: tuple[Setting[Any], ...]) -> Index:
    """The index of these rows. A fleet of simulated stations would hold the same one a thousand times."""
    return Index(
        MappingProxyType({one.key16.casefold(): one for one in registry if one.key16}),
        MappingProxyType({one.key.casefold(): one for one in registry if one.component}),
        frozenset(one.component.casefold() for one in registry if one.component),
        MappingProxyType({one.key: one.default for one in (*SETTINGS, *registry)}),
    )
