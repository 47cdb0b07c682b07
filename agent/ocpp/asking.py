"""Telling the CSMS something once, and what came of it."""

from __future__ import annotations

import logging
from typing import Any

from agent.ocpp.calls import CallFailedError, Calls, LinkLostError
from agent.ocpp.dialect import Notice, heard, said

_log = logging.getLogger(__name__)


async def say(calls: Calls, notice: Notice) -> Any:
    """What the CSMS answered; None when it did not answer, or its version has no words for it."""
    try:
        message = said(calls.dialect, notice)
        return None if message is None else heard(calls.dialect, notice, await calls.call(message))
    except (CallFailedError, LinkLostError, ValueError) as error:
        _log.warning("%s: %s", type(notice).__name__, error)
        return None
