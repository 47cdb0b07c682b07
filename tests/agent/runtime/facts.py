"""Facts for tests of the journal."""

from __future__ import annotations

from agent.core.facts import ConnectorStatusChanged, TransactionEnded, TransactionStarted, TransactionUpdated
from agent.core.values import (
    ChargingState,
    ConnectorStatus,
    IdToken,
    Reading,
    ReadingContext,
    StopReason,
    Trigger,
)
from agent.ocpp.outbox import StoredFact

DRIVER = IdToken("04A1B2C3")


def status(fact_id: int, *, evse: int = 1, detail: str = "") -> StoredFact:
    fact = ConnectorStatusChanged(
        evse=evse, connector=1, at_utc_s=1.7e9 + fact_id, status=ConnectorStatus.AVAILABLE, detail=detail
    )
    return StoredFact(fact_id, evse, fact)


def started(fact_id: int, tx: str, *, token: IdToken | None = DRIVER) -> StoredFact:
    fact = TransactionStarted(
        tx=tx,
        evse=1,
        connector=1,
        seq=0,
        at_utc_s=1000.0,
        trigger=Trigger.AUTHORIZED,
        charging=ChargingState.EV_CONNECTED,
        reading=Reading(1000.0, ReadingContext.BEGIN, 500.0),
        token=token,
    )
    return StoredFact(fact_id, 1, fact)


def updated(fact_id: int, tx: str, *, token: IdToken | None = None) -> StoredFact:
    fact = TransactionUpdated(
        tx=tx,
        evse=1,
        connector=1,
        seq=1,
        at_utc_s=1500.0,
        trigger=Trigger.METER_PERIODIC,
        charging=ChargingState.CHARGING,
        token=token,
    )
    return StoredFact(fact_id, 1, fact)


def ended(fact_id: int, tx: str, *, token: IdToken | None = None) -> StoredFact:
    fact = TransactionEnded(
        tx=tx,
        evse=1,
        connector=1,
        seq=2,
        at_utc_s=2000.0,
        trigger=Trigger.STOP_AUTHORIZED,
        reason=StopReason.LOCAL,
        reading=Reading(2000.0, ReadingContext.END, 7500.0),
        started_utc_s=1000.0,
        start_energy_wh=500.0,
        token=token,
    )
    return StoredFact(fact_id, 1, fact)
