"""The journal at start-up, on a disk that may be full, failing or read-only.

Without its journal the agent does not know who it is, what it owes the CSMS, or whose energy flowed last: it neither
charges nor connects. It does not end either: the service manager would start it again and again, and nobody in front of
the charger would learn why. It waits, says so, and goes on by itself once the disk takes what is written.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from agent.core.signage import Sign
from agent.core.signage_words import Language, Situation
from agent.runtime.journal import Journal, JournalError
from agent.runtime.schema import explain_os
from agent.runtime.watchdog import ServiceManager
from hal.board import EvseHardware
from hal.errors import HalError

log = logging.getLogger(__name__)

RETRY_S: Final = 10.0  # our policy: a disk on which somebody makes room is found out soon, and not kept busy


async def opened(
    path: Path,
    evses: Iterable[EvseHardware],
    language: Language,
    manager: ServiceManager,
    tell: Callable[..., None] = lambda **_: None,
) -> Journal:
    """The journal, as soon as its disk lets it be opened; until then drivers and the service manager are told.

    `tell` is called with `waiting_for`, why it waits, whenever that is news.
    Raises `JournalError` where waiting is of no use: another agent has it, or a newer one wrote it, or the agent may
    not write there.
    """
    hardware = tuple(evses)
    told: str | None = None
    while True:
        try:
            return _open(path)
        except JournalError as error:
            if not error.passing:
                raise
            reason = str(error)
        if reason != told:  # in the log once, not at every try
            told = reason
            log.error("waiting for the disk, nobody can charge: %s", reason)
            tell(waiting_for=reason)
            await _tell_drivers(hardware, language)
        manager.tell(READY="1", WATCHDOG="1", STATUS=f"waiting for the disk: {reason}")
        limit_s = manager.watchdog_s
        await asyncio.sleep(RETRY_S if limit_s is None else min(RETRY_S, limit_s / 3))


def _open(path: Path) -> Journal:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os(path, error) from error
    return Journal.open(path)


async def _tell_drivers(hardware: Iterable[EvseHardware], language: Language) -> None:
    sign = Sign(Situation.OUT_OF_SERVICE)
    for evse in hardware:
        try:
            if evse.led is not None:
                await evse.led.show(sign.colour, sign.pattern)
            if evse.display is not None:
                await evse.display.text(sign.lines(language))
        except HalError as error:
            log.warning("a driver could not be told: %s", error)
