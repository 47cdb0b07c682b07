"""Customer information (2.0.1 N09, N10): what is stored about a customer, told in parts, cleared on request."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final

from agent.ocpp.asks import Handled, Reason
from agent.ocpp.asks.files import CustomerAnswer, CustomerAsk, CustomerNotice, CustomerVerdict
from agent.ocpp.block import Block, Csms, Routes
from agent.ocpp.calls import Calls
from agent.ocpp.workshop import Customers
from agent.runtime.clock import Clock

log = logging.getLogger(__name__)

PART: Final = 512  # characters of NotifyCustomerInformation's data
CLEARED: Final = "cleared"


class CustomerInformation(Block):
    """Tells and forgets."""

    def __init__(self, customers: Customers, csms: Csms, clock: Clock) -> None:
        self._customers = customers
        self._csms = csms
        self._clock = clock

    def routes(self) -> Routes:
        """Who answers what."""
        return {CustomerAsk: self.handle}

    def handle(self, ask: CustomerAsk) -> Handled:
        """CustomerInformation (N09.FR.02-09, N10.FR.01-07). What it names by a certificate is never stored here."""
        if ask.references != 1:
            return Handled(CustomerAnswer(CustomerVerdict.INVALID, Reason.INVALID_VALUE))  # N09.FR.09
        if not ask.report and not ask.clear:
            return Handled(CustomerAnswer(CustomerVerdict.REJECTED, Reason.INVALID_VALUE))  # N09.FR.07, N10.FR.07
        found = self._customers.find(token=ask.token, identifier=ask.identifier).lines
        data = "\n".join(found)

        def then() -> None:
            if ask.clear and found:
                self._customers.clear(token=ask.token, identifier=ask.identifier)
                log.info("cleared what was stored about a customer, on request %d", ask.request_id)

        if not ask.report:
            data = CLEARED  # N10.FR.06: also when there was nothing

        async def tell(calls: Calls) -> None:
            del calls
            for notice in _split(ask.request_id, self._clock.now().utc_s, data):
                await self._csms.say(notice)

        return Handled(CustomerAnswer(CustomerVerdict.ACCEPTED), then, tell)


def _split(request_id: int, at_utc_s: float, data: str) -> Iterator[CustomerNotice]:
    """Parts that fit; one empty one where no data was found (N09.FR.06, N10.FR.04)."""
    parts = [data[start : start + PART] for start in range(0, len(data), PART)] or [""]
    for seq, part in enumerate(parts):
        yield CustomerNotice(request_id, seq, seq < len(parts) - 1, at_utc_s, part)
