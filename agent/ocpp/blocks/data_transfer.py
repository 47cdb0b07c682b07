"""Data transfer (2.0.1 P01, P02; 1.6 §4.3, §5.6): what OCPP has no message for. Vendors register what they serve."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from agent.ocpp.asks import Handled, TransferAnswer, TransferAsk, Verdict
from agent.ocpp.block import Block, Routes
from agent.ocpp.calls import CallFailedError, Calls, LinkLostError

_log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Any], TransferAnswer]  # data (None: absent) -> answer, ACCEPTED or REJECTED


class DataTransfer(Block):
    """Who serves which message of which vendor. Names are compared without regard to case."""

    def __init__(self) -> None:
        self._handlers: dict[str, dict[str | None, Handler]] = {}

    def routes(self) -> Routes:
        """Who answers what."""
        return {TransferAsk: self.handle}

    def register(self, vendor: str, message: str | None, handler: Handler) -> None:
        """Serve a vendor's message; `message` None: requests that name none. Raises ValueError when it is served."""
        served = self._handlers.setdefault(vendor.casefold(), {})
        if _folded(message) in served:
            raise ValueError(f"data transfer {vendor} {message}: somebody else has registered it already")
        served[_folded(message)] = handler

    def handle(self, ask: TransferAsk) -> Handled:
        """DataTransfer (P01.FR.05, P01.FR.06)."""
        if ask.unfit is not None:
            return Handled(TransferAnswer(ask.unfit))
        served = self._handlers.get(ask.vendor.casefold())
        if served is None:
            return Handled(TransferAnswer(Verdict.UNKNOWN_VENDOR))
        handler = served.get(_folded(ask.message))
        if handler is None:
            return Handled(TransferAnswer(Verdict.UNKNOWN_MESSAGE))
        return Handled(handler(ask.data))


async def transfer(calls: Calls, vendor: str, message: str | None, data: Any) -> TransferAnswer | None:
    """Send the CSMS what OCPP has no message for; None when it did not answer or this version cannot say it."""
    try:
        return calls.dialect.transferred(await calls.call(calls.dialect.transfer(vendor, message, data)))
    except (CallFailedError, LinkLostError, ValueError) as error:
        _log.warning("data transfer to the CSMS: %s", error)
        return None


def _folded(message: str | None) -> str | None:
    return message.casefold() if message else None
