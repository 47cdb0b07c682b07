"""Availability (2.0.1 B01.FR.05, B04, G01, G03, G04; 1.6 §4.9, §5.2): who serves, and what the CSMS knows of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from agent.core.events import AvailabilityChanged
from agent.core.facts import ConnectorStatusChanged
from agent.core.faults import to_report
from agent.core.session import Session
from agent.core.values import ConnectorStatus, Scope
from agent.ocpp.asks import AvailabilityAsk, Handled, Reason, Verdict, VerdictAnswer, rejected
from agent.ocpp.block import Block, Routes
from agent.ocpp.calls import CallFailedError, Calls
from agent.ocpp.charger import Charger
from agent.ocpp.dialect import Dialect

_log = logging.getLogger(__name__)


class Availability(Block):
    """Changes availability, and reports statuses, none twice."""

    def __init__(self, charger: Charger, now_utc_s: Callable[[], float]) -> None:
        self._charger = charger
        self._now_utc_s = now_utc_s
        self._told: dict[tuple[int, int], str] = {}
        self._told_station: ConnectorStatus | None = None

    def routes(self) -> Routes:
        """Who answers what."""
        return {AvailabilityAsk: self.change}

    def forget(self) -> None:
        """Another version was negotiated: what was told was told in its words."""
        self._told.clear()
        self._told_station = None

    def change(self, ask: AvailabilityAsk) -> Handled:
        """ChangeAvailability: at once, or when the transaction has ended (G03.FR.03-05, G04.FR.04-06)."""
        if ask.evse is not None and ask.evse not in self._charger.evse_ids:
            return rejected(Reason.UNKNOWN_EVSE)
        if ask.evse is not None and ask.connector not in {None, self._charger.session(ask.evse).connector}:
            return rejected(Reason.UNKNOWN_CONNECTOR)
        evses = self._charger.evse_ids if ask.evse is None else (ask.evse,)
        scopes = [_scope(ask)]
        if ask.each:
            scopes.append(Scope.EVSE)
        waits = not ask.operative and any(_in_use(self._charger.session(evse)) for evse in evses)

        def then() -> None:
            for evse in evses:
                for scope in scopes:
                    self._charger.post(evse, AvailabilityChanged(ask.operative, scope))

        if waits:
            return Handled(VerdictAnswer(Verdict.SCHEDULED, reason=Reason.TX_IN_PROGRESS), then)
        return Handled(VerdictAnswer(Verdict.ACCEPTED), then)

    def is_news(self, dialect: Dialect, fact: ConnectorStatusChanged) -> bool:
        """Whether the CSMS would learn anything from this status."""
        return self._told.get((fact.evse, fact.connector)) != dialect.status_word(fact)

    def told(self, dialect: Dialect, fact: ConnectorStatusChanged) -> None:
        """The CSMS has confirmed a status."""
        self._told[fact.evse, fact.connector] = dialect.status_word(fact)

    async def report(self, calls: Calls) -> None:
        """Tell the present status of the station and of every connector. Raises `LinkLostError`."""
        try:
            await self.tell(calls, self._charger.evse_ids, station=True)
        except CallFailedError as error:
            _log.warning("the CSMS did not take a status: %s", error)

    async def report_station(self, calls: Calls) -> None:
        """Tell the station's own status if it has become another one with its connectors'. Raises `LinkLostError`."""
        if self._told_station is None or self._told_station is self._station():
            return
        try:
            await self.tell(calls, (), station=True)
        except CallFailedError as error:
            _log.warning("the CSMS did not take the station's status: %s", error)

    async def tell(self, calls: Calls, evses: Iterable[int], *, station: bool) -> None:
        """Tell present statuses. Raises `CallFailedError`, `LinkLostError`."""
        if station:
            status = self._station()
            message = calls.dialect.station_status(self._now_utc_s(), status)
            if message is not None:
                await calls.call(message)
                self._told_station = status
        for evse in evses:
            fact = self._present(evse)
            await calls.call(calls.dialect.status(fact))
            self.told(calls.dialect, fact)

    def _station(self) -> ConnectorStatus:
        """The station's as such: in service until its last driver is done, broken where all of it is (1.6 7.7)."""
        sessions = [self._charger.session(evse) for evse in self._charger.evse_ids]
        if all(one.status is ConnectorStatus.FAULTED for one in sessions):
            return ConnectorStatus.FAULTED
        in_service = any(Scope.STATION not in one.inoperative or _in_use(one) for one in sessions)
        return ConnectorStatus.AVAILABLE if in_service else ConnectorStatus.UNAVAILABLE

    def _present(self, evse: int) -> ConnectorStatusChanged:
        session = self._charger.session(evse)
        return ConnectorStatusChanged(
            evse=evse,
            connector=session.connector,
            at_utc_s=self._now_utc_s(),
            status=session.status,
            fault=to_report(session.faults),
            plugged=session.occupied,
        )


def _scope(ask: AvailabilityAsk) -> Scope:
    if ask.evse is None:
        return Scope.STATION
    return Scope.EVSE if ask.connector is None else Scope.CONNECTOR


def _in_use(session: Session) -> bool:
    """Whether a change of availability has to wait: a transaction runs, or a driver is about to begin one."""
    return session.tx is not None or session.driver is not None
