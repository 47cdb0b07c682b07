"""One EVSE's life as a pure function: `step(session, event, now) -> (session, effects)`."""

from __future__ import annotations

import enum

import msgspec

from agent.core.limits import LimitInput
from agent.core.rules import Rules
from agent.core.values import ChargingState, ConnectorStatus, IdToken, Reading, StopReason, Trigger
from hal.types import CpState, FaultKind, MeterSample


class Phase(enum.StrEnum):
    """Where a session stands."""

    IDLE = "idle"  # nobody here
    AUTHORIZED = "authorized"  # a driver, no car: the connect time-out runs
    CONNECTED = "connected"  # a car, no driver
    READY = "ready"  # both; current is offered, the car has not asked or may not yet
    STARTING = "starting"  # the car asks; authorisation and opening reading are on their way to disk
    CHARGING = "charging"  # permission is live; energy may flow
    STOPPING = "stopping"  # permission withdrawn; waiting for the contactor and a closing reading
    FINISHED = "finished"  # the driver is done, the car is still there


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction a session has open: what its facts need."""

    id: str
    seq: int  # of the next fact
    started_utc_s: float
    start_energy_wh: float
    charging: ChargingState = ChargingState.IDLE
    token_reported: bool = False
    readings: tuple[Reading, ...] = ()


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one EVSE. Serialisable: the journal keeps it for recovery."""

    evse: int
    connector: int = 1
    phase: Phase = Phase.IDLE
    rules: Rules = Rules()
    operative: bool = True
    faults: frozenset[FaultKind] = frozenset()
    cp: CpState = CpState.A
    contactor_closed: bool = False
    cable_a: float | None = None
    limits: tuple[LimitInput, ...] = ()
    meter: MeterSample | None = None
    token: IdToken | None = None
    group: str | None = None
    tx: Transaction | None = None
    status: ConnectorStatus = ConnectorStatus.AVAILABLE
    stopping: tuple[Trigger, StopReason] | None = None
