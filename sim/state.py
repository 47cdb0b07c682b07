"""The state of a simulated charger as `GET /state` shows it: the physics, and beside them what the agent makes of them.

These structs are the schema; docs/control-api.md documents each key.
"""

from __future__ import annotations

import msgspec

from sim.grid import Phases


class Cp(msgspec.Struct, frozen=True):
    """The control pilot: `state` as the levels mean it now, true volts, the duty cycle while PWM runs."""

    state: str
    high_v: float
    low_v: float
    duty_pct: float | None


class Contactor(msgspec.Struct, frozen=True):
    """`permitted`: the coil is on. `poles`: which conduct. `mirror_closed`: what the mirror contact says."""

    permitted: bool
    poles: tuple[bool, bool, bool]
    mirror_closed: bool


class Car(msgspec.Struct, frozen=True):
    """The car on the cable."""

    soc_pct: float


class Led(msgspec.Struct, frozen=True):
    """How the light on the front is lit."""

    colour: str
    pattern: str


class EvsePhysics(msgspec.Struct, frozen=True):
    """The truth at one EVSE. `energy_wh`: the meter's register; `true_energy_wh`: what has flowed since ever."""

    evse: int
    plugged: bool
    cp: Cp
    contactor: Contactor
    lock: str | None
    current_a: Phases
    voltage_v: Phases
    power_w: float
    energy_wh: float
    true_energy_wh: float
    car: Car | None
    led: Led | None
    display: tuple[str, ...]
    last_sound: str | None
    symptoms: tuple[str, ...]


class Physics(msgspec.Struct, frozen=True):
    """The truth. `powered`: the mains are there. `symptoms`: of the supply."""

    powered: bool
    symptoms: tuple[str, ...]
    evses: tuple[EvsePhysics, ...]


class Link(msgspec.Struct, frozen=True):
    """How the station stands with its CSMS."""

    url: str
    identity: str
    version: str | None
    connected: bool
    accepted: bool
    online_wanted: bool


class Limit(msgspec.Struct, frozen=True):
    """The current that may be offered now, and who decided it."""

    current_a: float
    source: str


class Transaction(msgspec.Struct, frozen=True):
    """The transaction that an EVSE has open."""

    id: str
    started_at: str
    charging_state: str
    start_energy_wh: float
    energy_wh: float


class Meter(msgspec.Struct, frozen=True):
    """What the agent last read from the meter."""

    energy_wh: float
    power_w: float | None
    current_a: tuple[float, ...] | None
    voltage_v: tuple[float, ...] | None
    quality: str


class EvseView(msgspec.Struct, frozen=True):
    """What the agent makes of one EVSE."""

    evse: int
    phase: str
    status: str
    operative: bool
    faults: tuple[str, ...]
    plugged: bool
    contactor_closed: bool
    locked: bool | None
    id_token: str | None
    offer_a: float | None
    limit: Limit
    transaction: Transaction | None
    meter: Meter | None


class AgentView(msgspec.Struct, frozen=True):
    """The agent. `starts`: how often it has been started in this process. `queued`: what the CSMS still has to hear."""

    starts: int
    link: Link
    queued: int
    evses: tuple[EvseView, ...]


class State(msgspec.Struct, frozen=True):
    """Everything at this moment."""

    at: str
    uptime_s: float
    physics: Physics
    agent: AgentView | None
