"""Availability (2.0.1 B01.FR.05, B04, G01; 1.6 §4.9): what the CSMS knows of each connector's status."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agent.core.facts import ConnectorStatusChanged
from agent.core.faults import to_report
from agent.ocpp.calls import CallFailedError, Calls
from agent.ocpp.charger import Charger
from agent.ocpp.dialect import Dialect

_log = logging.getLogger(__name__)


class Availability:
    """Reports statuses, and no status twice."""

    def __init__(self, charger: Charger, now_utc_s: Callable[[], float]) -> None:
        self._charger = charger
        self._now_utc_s = now_utc_s
        self._told: dict[tuple[int, int], str] = {}

    def forget(self) -> None:
        """Another version was negotiated: what was told was told in its words."""
        self._told.clear()

    def is_news(self, dialect: Dialect, fact: ConnectorStatusChanged) -> bool:
        """Whether the CSMS would learn anything from this status."""
        return self._told.get((fact.evse, fact.connector)) != dialect.status_word(fact)

    def told(self, dialect: Dialect, fact: ConnectorStatusChanged) -> None:
        """The CSMS has confirmed a status."""
        self._told[fact.evse, fact.connector] = dialect.status_word(fact)

    async def report(self, calls: Calls) -> None:
        """Tell the present status of the station and of every connector. Raises `LinkLostError`."""
        sessions = [self._charger.session(evse) for evse in self._charger.evse_ids]
        at_utc_s = self._now_utc_s()
        station = calls.dialect.station_status(at_utc_s, operative=any(one.operative for one in sessions))
        try:
            if station is not None:
                await calls.call(station)
            for evse in self._charger.evse_ids:
                fact = self._present(evse)
                await calls.call(calls.dialect.status(fact))
                self.told(calls.dialect, fact)
        except CallFailedError as error:
            _log.warning("the CSMS did not take a status: %s", error)

    def _present(self, evse: int) -> ConnectorStatusChanged:
        session = self._charger.session(evse)
        return ConnectorStatusChanged(
            evse=evse,
            connector=session.connector,
            at_utc_s=self._now_utc_s(),
            status=session.status,
            fault=to_report(session.faults),
        )
