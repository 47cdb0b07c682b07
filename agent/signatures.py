"""What the agent is built with for meters that sign: their settings, their keys, and who asks them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from agent.config import Config, Evse
from agent.core.values import TxPoint
from agent.ocpp import signatures
from agent.ocpp.setting import Access, Setting, SettingError
from agent.ocpp.settings import signing as rows
from agent.ocpp.settings.rows import rows_of
from agent.ocpp.settings.transactions import TX_START_POINT
from agent.ocpp.variables import Settings
from agent.runtime.clock import Clock
from agent.runtime.evse import EvseTask
from agent.runtime.signer import Signer
from hal.board import Board
from hal.signing import ability
from hal.types import Signs

ROWS: Final = frozenset(row.key for row in rows_of(rows))
BETWEEN: Final = frozenset({rows.SAMPLED_SIGN_UPDATED.key, rows.ALIGNED_SIGN_UPDATED.key})


def registry(config: Config, board: Board) -> tuple[Setting[Any], ...]:
    """The settings that this station has: a meter that does not sign makes no promise of it (2.0.1 2.7.3).

    Readings between the ends are signed only by meters that can; else that stands there, and nobody changes it.
    Raises `SettingError` for a configuration that wants more.
    """
    can = {ability(board.evses[evse.id].meter) for evse in config.evse}
    whole = config.registry()
    if can == {Signs.NOTHING}:
        _refuse(config.settings, whole, ROWS, "no meter of this station signs: remove the line")
        return _unsigned(whole)
    if Signs.ALL not in can:
        _refuse(config.settings, whole, BETWEEN, "its meters sign begin and end only: remove the line")
        whole = tuple(replace(one, access=Access.READ_ONLY) if one.key in BETWEEN else one for one in whole)
    return (*whole, *(rows.meter_public_key(evse.id) for evse in config.evse))


@functools.lru_cache(maxsize=4)
def _unsigned(whole: tuple[Setting[Any], ...]) -> tuple[Setting[Any], ...]:
    """The rows where no meter signs; the same ones for all stations of a fleet."""
    return tuple(_without_signed_start(one) for one in whole if one.key not in ROWS)


def _without_signed_start(row: Setting[Any]) -> Setting[Any]:
    """A transaction starts with signed data only where there is some."""
    if row.key != TX_START_POINT.key:
        return row
    return replace(row, values=tuple(one for one in row.values if one != TxPoint.DATA_SIGNED))


def _refuse(given: Mapping[str, Any], whole: Iterable[Setting[Any]], keys: frozenset[str], why: str) -> None:
    names = {name.casefold() for one in whole if one.key in keys for name in (one.key, one.key16) if name}
    for name in given:
        if name.casefold() in names:
            raise SettingError(f"{name}: {why}")


def signer(evse: Evse, task: EvseTask, settings: Settings, clock: Clock) -> Signer:
    """Who asks the EVSE's meter; a 1.6 CSMS can read its key as soon as it is known."""
    row = settings.find16(rows.meter_public_key(evse.id).key)
    if row is not None:
        settings.follow(row, lambda: signatures.public_key(task.session.meter_key))
    place = evse.meter_evse_id or (evse.v2g.evse_id if evse.v2g is not None else None) or ""
    return Signer(
        evse.id,
        lambda: task.hardware.meter,
        task.post,
        place=place,
        utc_s=lambda: clock.now().utc_s if clock.is_set() else None,
    )
