"""What is known of one EVSE: the value that `agent.core.step.step` advances and the journal keeps."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from agent.core.dc_limits import dc_limit
from agent.core.dc_line import Line
from agent.core.derating import Derating
from agent.core.effects import Pilot
from agent.core.limits import Limit, LimitInput, LimitSource, resolve
from agent.core.meter_tx import MeterTx
from agent.core.phases import Switch
from agent.core.reservation import NOTHING_KEPT, Kept
from agent.core.rules import Rules
from agent.core.schedule import Profile
from agent.core.selftest import SelfTest
from agent.core.values import ChargingState, ConnectorStatus, IdToken, Reading, Scope, StopReason, Trigger
from agent.core.wakeup import PILOTS, WakeUp
from hal.types import CpState, DcMode, DcRatings, FaultKind, MeterSample, Signs

ABOVE: Final = 1.01  # our policy: a battery's voltage rises with the current that is let flow


class Phase(enum.StrEnum):
    """Where a session stands."""

    IDLE = "idle"  # nobody here
    AUTHORIZED = "authorized"  # a driver, no car: the connect time-out runs
    CONNECTED = "connected"  # a car, no driver
    READY = "ready"  # both; the car has not asked for energy, or may not have it yet
    STARTING = "starting"  # the car asks; authorisation and opening reading are on their way to disk
    CHARGING = "charging"  # permission is live; energy may flow
    EASING = "easing"  # no current is offered any more; the car has a moment to stop before the contactor opens
    STOPPING = "stopping"  # permission withdrawn; waiting for the contactor and a closing reading
    FINISHED = "finished"  # the driver is done, the car is still there
    RECOVERING = "recovering"  # after a restart with a transaction open: waiting for the meter


POWERED = frozenset({Phase.CHARGING, Phase.EASING})
"""Phases in which permission is live."""


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction a session has open: what its facts need."""

    id: str
    seq: int  # of the next fact
    started_utc_s: float
    started_mono_s: float
    start_energy_wh: float
    charging: ChargingState
    energized: bool = False  # the contactor has been closed within it
    last_energy_wh: float  # the register as last known, for an end without a meter
    readings: tuple[Reading, ...] = ()
    charged_s: float = 0.0
    meter_serial: str | None = None
    unauthorized: StopReason | None = None  # why nobody is authorised in it any more, where that did not end it
    priority: int | None = None  # that the CSMS gave it, whatever its driver's is
    cap_wh: float | None = None  # the register at which its energy ends: the CSMS does not accept its driver
    meter_tx: MeterTx | None = None  # where the meter signs what is measured in it


class Stop(msgspec.Struct, frozen=True):
    """Why energy and, where the stop points say so, the transaction are ending."""

    trigger: Trigger
    reason: StopReason
    token: IdToken | None = None
    unplugged: bool = False  # the car has left; what is plugged in afterwards is another visit


class Driver(msgspec.Struct, frozen=True):
    """Who is authorised, and what the next fact has to say about it."""

    token: IdToken
    group: str | None = None
    trigger: Trigger = Trigger.AUTHORIZED
    remote_start_id: int | None = None
    priority: int = 0  # from -9 to 9: whose energy goes before others'
    languages: tuple[str, ...] = ()  # what he reads, best first, as the CSMS knows
    since_seq: int = 0  # the first fact of the transaction that is about this driver
    reservation_id: int | None = None  # of the reservation that this driver uses
    profile: Profile | None = None  # came with the remote start, for the transaction that will follow


class Offer(msgspec.Struct, frozen=True):
    """What the pilot says: a current (and who decided it), or X1 or F; and since when."""

    current_a: float | None
    pilot: str
    since_mono_s: float
    source: LimitSource | None = None


class Talk(enum.StrEnum):
    """How digital communication with the car stands."""

    NONE = "none"  # basic signalling: not to be had here, or given up
    OFFERED = "offered"  # the pilot says 5 %; the car has a while to begin
    TALKING = "talking"
    QUIET = "quiet"  # the car has ended its session in order, and may begin another
    WAKING = "waking"  # the pilot goes to X1 and back: the car is to begin another


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What a car says of itself and its wishes; None where it says nothing.

    `departure_utc_s`: Unix seconds; `entries`: how many periods of a schedule it can take.
    """

    mode: str  # ISO 15118-2 EnergyTransferModeType
    max_current_a: float
    max_voltage_v: float
    min_current_a: float | None = None
    max_power_w: float | None = None
    energy_wh: float | None = None
    capacity_wh: float | None = None
    departure_utc_s: float | None = None
    soc_pct: int | None = None
    full_soc_pct: int | None = None
    bulk_soc_pct: int | None = None
    entries: int | None = None

    @property
    def dc(self) -> bool:
        """Whether the charger, and not the car, rectifies."""
        return self.mode.startswith("DC")


class Digital(msgspec.Struct, frozen=True):
    """What digital communication has come to. `power`: the car asks for energy in it.

    `protocols`: what the car offers to speak, by its priority, and `agreed` what is spoken: "uri,major,minor" each.
    `paused`: the car means to come back to the session that it has ended; `wake`: it is to be woken as soon as it may
    have energy.
    """

    talk: Talk = Talk.NONE
    power: bool = False
    evcc_id: str = ""
    needs: Needs | None = None
    contract: IdToken | None = None  # who pays, as the car says
    refused: bool = False  # that contract may not charge
    protocols: tuple[tuple[int, str], ...] = ()
    agreed: str = ""
    paused: bool = False
    wake: bool = False
    given_up_s: float | None = None  # when basic signalling was returned to, monotonic

    @property
    def hoped_for(self) -> bool:
        """Whether the pilot is to say 5 %."""
        return self.talk is not Talk.NONE


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is known of one EVSE."""

    evse: int
    connector: int = 1
    phase: Phase = Phase.IDLE
    rules: Rules = Rules()
    inoperative: frozenset[Scope] = frozenset()
    faults: frozenset[FaultKind] = frozenset()
    cp: CpState = CpState.A
    away: bool = False  # the pilot says that no car is there, but not for long enough to believe it; `cp` is B
    contactor_closed: bool = False
    cable_a: float | None = None
    has_lock: bool = False
    can_talk: bool = False  # digital communication is possible at this EVSE
    digital: Digital = Digital()
    has_rcd: bool = False
    phases: int = 3  # that the board has
    switch: Switch | None = None  # where there is a phase switch
    phases_wanted: int = 3  # by a charging profile, or an operator; the grid may want fewer
    self_test: SelfTest = SelfTest()
    wake: WakeUp = WakeUp()
    toggles: tuple[tuple[CpState, float], ...] = ()  # the pilot's last states, and when they began
    toggled_mono_s: float | None = None  # when this car last asked to be spoken to (B-C-B)
    dc: DcRatings | None = None  # a DC EVSE: current flows as agreed in digital communication only
    line: Line = Line()  # its output
    grid_w: float | None = None  # what the grid's operator allows
    permit_first: bool = False  # its controller offers no current before it may close, too
    derating: Derating = Derating()
    locked: bool = False
    limits: tuple[LimitInput, ...] = ()
    offer: Offer | None = None
    meter: MeterSample | None = None
    signs: Signs = Signs.NOTHING  # what the meter can sign
    meter_key: str = ""  # what verifies it, as hexadecimal digits; empty while it has not been read
    driver: Driver | None = None
    asking: tuple[int, IdToken] | None = None  # the question to the authoriser that is still open
    remote: Driver | None = None  # a remote start that waits for its authorisation
    asks: int = 0
    recording: int | None = None  # the record that STARTING waits for
    records: int = 0
    next_tx: str = ""
    tx: Transaction | None = None
    early: MeterTx | None = None  # the meter's transaction where ours starts with what it signs; its id is `next_tx`
    stop: Stop | None = None
    closed_since_mono_s: float | None = None
    opened_mono_s: float | None = None
    kept: Kept = NOTHING_KEPT  # what reservations mean here
    ready_utc_s: float | None = None  # when the driver was authorised and his car connected: energy could flow
    ready_mono_s: float | None = None  # the same; None when that was before a restart
    held_by: IdToken | None = None  # the cable stays locked until this driver comes back
    cable_left: bool = False  # the last driver has unplugged his car, and his cable is still in the socket
    unlock_asked: bool = False  # the lock is to be driven open as soon as it may, even if it seems to be open
    status: ConnectorStatus = ConnectorStatus.AVAILABLE
    reported_fault: FaultKind | None = None
    reported_plugged: bool = False
    checkpointed_mono_s: float = 0.0  # when it was last asked to outlive a power cut, too
    firm_seq: int = 0  # the next fact's number in the transaction then
    unsure: int = 0  # numbers from the next one on that a power cut may have taken after they were told

    @property
    def token(self) -> IdToken | None:
        """The driver's identifier, if one is authorised."""
        return self.driver.token if self.driver else None

    @property
    def group(self) -> str | None:
        """The driver's group (1.6: parentIdTag)."""
        return self.driver.group if self.driver else None

    @property
    def priority(self) -> int:
        """Whose energy goes before others': the transaction's, else its driver's (OCPP 2.0.1 K03.FR.05, K03.FR.06)."""
        if self.tx is not None and self.tx.priority is not None:
            return self.tx.priority
        return self.driver.priority if self.driver is not None else 0

    @property
    def operative(self) -> bool:
        """Whether the EVSE is in service: it and its station."""
        return not self.inoperative

    @property
    def asks_for_power(self) -> bool:
        """Whether the car asks for energy, or has to be permitted before it can."""
        if self.digital.hoped_for:
            return self.digital.power and self.cp.wants_energy
        if self.digital.given_up_s is not None and (self.offer is None or self.offer.current_a is None):
            return False  # state C is left over from a session that broke, until a current has been offered
        return self.cp.wants_energy or (self.permit_first and self.plugged)

    @property
    def offers(self) -> bool:
        """Whether the car may take it that it is offered energy: a current, or a wake-up between two."""
        if self.offer is None:
            return False
        waking = self.wake.step in PILOTS or self.digital.talk is Talk.WAKING
        return waking or self.offer.pilot == Pilot.E or self.offer.current_a is not None

    @property
    def plugged(self) -> bool:
        """Whether a car hangs on the cable."""
        return self.cp.connected

    @property
    def occupied(self) -> bool:
        """Whether something is plugged into the connector: a car, or a cable without one."""
        return self.plugged or self.cable_a is not None

    @property
    def energized(self) -> bool:
        """Whether the contactor has been closed within the open transaction."""
        return self.tx is not None and self.tx.energized

    @property
    def exhausted(self) -> bool:
        """Whether the open transaction has had all the energy that it may have."""
        if self.tx is None or self.tx.cap_wh is None:
            return False
        return (self.meter.energy_import_wh if self.meter is not None else self.tx.last_energy_wh) >= self.tx.cap_wh

    def limit(self, now_mono_s: float) -> Limit:
        """The current that may be offered now, and who decided it."""
        if self.dc is None:
            return resolve(self.limits, now_mono_s)
        return dc_limit(self.limits, self.dc, self.phases, self.reference_v, now_mono_s)

    @property
    def reference_v(self) -> float:
        """The voltage at which a DC EVSE's power becomes a current: a little above what is measured while energy flows.

        Before that it is what the car wants, or the most that it bears.
        """
        most_v = self.dc.max_voltage_v if self.dc is not None else 0.0
        needs_v = self.digital.needs.max_voltage_v if self.digital.needs is not None else most_v
        if self.line.wanted.mode is not DcMode.CHARGE:
            return min(needs_v, most_v)
        flows = self.line.delivers and self.line.voltage_v > 0.0
        return min(self.line.wanted.voltage_v, self.line.voltage_v * ABOVE) if flows else self.line.wanted.voltage_v
