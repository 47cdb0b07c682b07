"""Events: all that can happen to one EVSE's session. Hardware events are `hal.types`' own, unwrapped."""

from __future__ import annotations

import msgspec

from agent.core.contract import Contract
from agent.core.effects import Purpose, Timer
from agent.core.limits import LimitInput
from agent.core.reservation import Kept
from agent.core.restamp import Correction
from agent.core.rules import Rules
from agent.core.schedule import Profile
from agent.core.session import Needs
from agent.core.values import AuthInfo, IdToken, ReservationEnd, Scope, StopReason, Trigger
from hal.types import (
    ContactorChanged,
    CpChanged,
    DcMeasured,
    DcMode,
    FaultCleared,
    FaultRaised,
    GridSignalled,
    InsulationMeasured,
    LockChanged,
    MeterFailed,
    MeterSample,
    MeterSampled,
    Moment,
    PermitLost,
    PpChanged,
    TemperatureMeasured,
    TokenPresented,
)


class Event(msgspec.Struct, frozen=True, tag=True):
    """Base of the agent's own events."""


class AuthorizationDecided(Event, frozen=True):
    """The verdict that `Authorize(ask)` asked for."""

    ask: int
    token: IdToken
    info: AuthInfo


class ContractPresented(Event, frozen=True):
    """The car presents a contract: its eMAID is the token."""

    token: IdToken
    contract: Contract


class Recorded(Event, frozen=True):
    """The journal holds what `Record(record)` handed over, on stable storage."""

    record: int


class RecordFailed(Event, frozen=True):
    """The journal could not make it durable (disk full, read-only): no energy for this session."""

    record: int
    detail: str


class IdDrawn(Event, frozen=True):
    """The id that `DrawId` asked for; never given twice (OCPP 2.0.1 E01.FR.08)."""

    id: str


class TimerDue(Event, frozen=True):
    """An armed timer's moment has come."""

    timer: Timer


class RemoteStart(Event, frozen=True):
    """The CSMS asks to start for a token. `authorize`: the token must be authorised first."""

    token: IdToken
    remote_start_id: int | None = None
    authorize: bool = False
    group: str | None = None
    profile: Profile | None = None


class StopRequested(Event, frozen=True):
    """Somebody asks the transaction to end: remote stop, reset, unlock command, a master pass (whose `token`)."""

    trigger: Trigger
    reason: StopReason
    token: IdToken | None = None


class Deauthorized(Event, frozen=True):
    """The CSMS withdrew the authorisation of the running transaction `tx` (idTokenInfo not accepted).

    It answered the fact `seq`, which named `token`, if any: a verdict on a driver who has left since ends nothing.
    """

    tx: str
    info: AuthInfo
    token: IdToken | None = None
    seq: int = 0


class GroupTold(Event, frozen=True):
    """The CSMS says which group (1.6: parentIdTag) the driver `token` of the running transaction `tx` belongs to."""

    tx: str
    token: IdToken
    group: str


class PriorityGiven(Event, frozen=True):
    """The CSMS says how much the running transaction `tx` matters, for this transaction only (K03.FR.05)."""

    tx: str
    priority: int


class LimitSet(Event, frozen=True):
    """A source of a current limit speaks: replaces what it said before."""

    limit: LimitInput


class RulesChanged(Event, frozen=True):
    """Settings that govern sessions changed."""

    rules: Rules


class ClockCorrected(Event, frozen=True):
    """The time is known now; what was stamped before is put right."""

    correction: Correction


class EvseReset(Event, frozen=True):
    """The EVSE starts anew, once no transaction is open: nobody is authorised, nothing is held (2.0.1 B11, B12).

    What is out of service, reserved or broken stays so.
    """


class AvailabilityChanged(Event, frozen=True):
    """The EVSE, or the whole station, is taken in or out of service (an operator, the CSMS)."""

    operative: bool
    scope: Scope = Scope.EVSE


class ReservationsChanged(Event, frozen=True):
    """The EVSE is kept for somebody else than before, or for nobody any more."""

    kept: Kept


class ReservationOver(Event, frozen=True):
    """A reservation came to nothing; the CSMS is to know."""

    id: int
    why: ReservationEnd


class DigitalBegan(Event, frozen=True):
    """The car has set up a session of digital communication. `evcc_id`: its address, in hex digits."""

    evcc_id: str


class DigitalOffered(Event, frozen=True):
    """What the car can speak, by its priority; `agreed`: what is spoken now, or empty. "uri,major,minor" each."""

    protocols: tuple[tuple[int, str], ...]
    agreed: str


class DigitalNeeds(Event, frozen=True):
    """What the car wants."""

    needs: Needs


class DigitalPower(Event, frozen=True):
    """The car asks for energy, or has stopped drawing."""

    on: bool


class DigitalOver(Event, frozen=True):
    """The session of digital communication is over; `failed`: not in order; `paused`: the car comes back to it."""

    failed: bool = False
    paused: bool = False


class DigitalWanted(Event, frozen=True):
    """The charger has something to talk about with a car that has paused: another schedule (2.x K16)."""


class PhasesWanted(Event, frozen=True):
    """A charging profile, an energy manager or an operator wants one phase or three; the car is eased first."""

    phases: int


class PhasesSwitched(Event, frozen=True):
    """The board has brought its phase switch to this number."""

    phases: int


class MonitorTested(Event, frozen=True):
    """The residual-current monitor's self-test ran; what it found comes as a fault."""


class MeterSigned(Event, frozen=True):
    """The meter has done what `SignMeter` asked for. `sample.signed` None: it signs begin and end in one."""

    tx: str
    moment: Moment
    sample: MeterSample
    purpose: Purpose | None = None


class MeterNotSigned(Event, frozen=True):
    """It has not."""

    tx: str
    moment: Moment
    purpose: Purpose | None = None


class MeterKeyRead(Event, frozen=True):
    """The key that verifies what the meter signs, as hexadecimal digits."""

    public_key: str


class CableCheckAsked(Event, frozen=True):
    """The car wants the insulation of its cable checked, and will want energy afterwards."""


class DcPrepared(Event, frozen=True):
    """The insulation monitor has tested itself and measures, somebody watches for over-voltage; or not (`ok`)."""

    ok: bool


class DcWanted(Event, frozen=True):
    """The communication with the car wants this of the DC supply; heeded while energy may flow. `soc_pct`: if told."""

    mode: DcMode
    voltage_v: float = 0.0
    current_a: float = 0.0
    soc_pct: int | None = None


class ReadingAsked(Event, frozen=True):
    """The CSMS triggers meter values."""


class UnlockRequested(Event, frozen=True):
    """Somebody far away asks for the connector to be unlocked, for a driver whose cable is stuck.

    `ends_transaction`: what charges ends first (1.6 5.18); otherwise an authorised driver keeps his cable
    (2.0.1 F05.FR.02).
    """

    ends_transaction: bool


AnyEvent = (
    CpChanged
    | PpChanged
    | ContactorChanged
    | LockChanged
    | MeterSampled
    | MeterFailed
    | FaultRaised
    | FaultCleared
    | PermitLost
    | TemperatureMeasured
    | TokenPresented
    | DcMeasured
    | InsulationMeasured
    | GridSignalled
    | AuthorizationDecided
    | ContractPresented
    | Recorded
    | RecordFailed
    | IdDrawn
    | TimerDue
    | RemoteStart
    | StopRequested
    | Deauthorized
    | GroupTold
    | PriorityGiven
    | LimitSet
    | RulesChanged
    | ClockCorrected
    | EvseReset
    | AvailabilityChanged
    | ReservationsChanged
    | ReservationOver
    | DigitalBegan
    | DigitalOffered
    | DigitalNeeds
    | DigitalPower
    | DigitalOver
    | DigitalWanted
    | ReadingAsked
    | PhasesWanted
    | PhasesSwitched
    | MonitorTested
    | MeterSigned
    | MeterNotSigned
    | MeterKeyRead
    | CableCheckAsked
    | DcPrepared
    | DcWanted
    | UnlockRequested
)
