"""Effects: all that a session can ask of the world. Only `agent.runtime.perform` executes them."""

from __future__ import annotations

import enum

import msgspec

from agent.core.contract import Contract
from agent.core.facts import AnyFact
from agent.core.values import IdToken, ReadingContext
from hal.types import DcMode, Moment


class Effect(msgspec.Struct, frozen=True, tag=True):
    """Base of all effects."""


class PermitPower(Effect, frozen=True):
    """Grant (True) or withdraw (False) the permission to close. False overtakes everything and waits for nothing."""

    on: bool
    reason: str = ""


class Pilot(enum.StrEnum):
    """What the pilot can say without a current."""

    DIGITAL = "5%"  # IEC 61851-1 table A.8: the current is agreed on digitally
    X1 = "X1"
    E = "E"
    F = "F"


class OfferCurrent(Effect, frozen=True):
    """Offer this current by PWM (IEC 61851-1 annex A), in ampere, 6 to 80."""

    current_a: float


class SetPilot(Effect, frozen=True):
    """Stop offering current and say this instead."""

    pilot: Pilot


class SwitchPhases(Effect, frozen=True):
    """Use one or three phases; when the board has done it, `PhasesSwitched` comes back."""

    phases: int


class SelfTestRcd(Effect, frozen=True):
    """Let the residual-current monitor test itself; when it has, `MonitorTested` comes back."""


class SupplyDc(Effect, frozen=True):
    """Bring the DC supply into this mode, with this voltage and no more than this current."""

    mode: DcMode
    voltage_v: float = 0.0
    current_a: float = 0.0


class PrepareDc(Effect, frozen=True):
    """Let the insulation monitor test itself at this voltage and measure from then on; watch for over-voltage.

    When it is ready, or has failed, `DcPrepared` comes back.
    """

    test_v: float
    limit_v: float


class RestDc(Effect, frozen=True):
    """Let the monitors of the DC output rest: no car is there that they could protect."""


class LockConnector(Effect, frozen=True):
    """Lock (True) or unlock the connector."""

    locked: bool


class Authorize(Effect, frozen=True):
    """Ask for a verdict on a token; the answer comes back as `AuthorizationDecided` with the same `ask`.

    `group`: of the driver who charges here already, and whose session a member of it stops. `contract`: what the car
    has presented with it. `vain`: as far as anybody knows, nobody but the driver himself can stop him.
    """

    ask: int
    token: IdToken
    group: str | None = None
    contract: Contract | None = None
    vain: bool = False


class Emit(Effect, frozen=True):
    """Put a fact into the outbox; nobody waits for it."""

    fact: AnyFact


class Record(Effect, frozen=True):
    """Make facts durable, then post `Recorded(record)`. Until then no contactor closes."""

    record: int
    facts: tuple[AnyFact, ...]


class Checkpoint(Effect, frozen=True):
    """Store the session as it stands now, in the same commit as the facts of this step: what recovery starts from.

    `within_s`: how long that may wait for company. `synced`: a power cut may not take it; else only the end of the
    process may not.
    """

    within_s: float = 0.0
    synced: bool = True


class Timer(enum.StrEnum):
    """Deadlines of a session."""

    CONNECT = "ev-connect"  # the driver has not plugged in in time
    CLOSING = "closing-reading"  # no reading came after the contactor opened
    LIMIT = "limit-expiry"  # a source of a limit falls silent
    PWM = "pwm-spacing"  # a higher current may be offered now
    SAMPLE = "sample"  # the next periodic reading is due
    ALIGNED = "aligned"  # the next clock-aligned reading is due
    KEEP_SAMPLE = "keep-sample"  # the next periodic reading for the end message is due
    KEEP_ALIGNED = "keep-aligned"  # the next clock-aligned one
    EASE = "ease"  # the car did not stop drawing: open under load
    METER_GRACE = "meter-grace"  # the meter has been silent for too long
    TALK = "digital-communication"  # the car could have begun to talk by now
    READY = "ev-ready"  # the car could have asked for the energy that it is offered by now
    WAKE = "wake"  # the next step of waking a sleeping car
    PHASES = "phases"  # the next step of the phase switch
    SELF_TEST = "self-test"  # the residual-current monitor has not been tested for a day
    SUPPLY = "dc-supply"  # the rising current of a DC supply may be raised further
    AWAY = "away"  # the pilot has shown no car for so long that it must have left
    SIGN = "sign"  # a meter that did not sign is asked again
    SIGNED_END = "signed-end"  # the bill waits no longer for the meter's signature


class DrawId(Effect, frozen=True):
    """Ask for the id of the next transaction; it comes back as `IdDrawn`."""


Purpose = Timer | ReadingContext  # a timer's reading, or (`ReadingContext.TRIGGER`) one that the CSMS asked for


class SignMeter(Effect, frozen=True):
    """Have the meter sign this moment of transaction `tx`; comes back as `MeterSigned` or `MeterNotSigned`.

    `token`: whose transaction it is, empty when nobody is known. `purpose`: which reading between the ends it is for.
    """

    tx: str
    moment: Moment
    token: str
    purpose: Purpose | None = None


class ArmTimer(Effect, frozen=True):
    """Post `TimerDue(timer)` at this monotonic time; arming again replaces."""

    timer: Timer
    at_mono_s: float


class CancelTimer(Effect, frozen=True):
    """Forget a timer."""

    timer: Timer


AnyEffect = (
    PermitPower
    | OfferCurrent
    | SetPilot
    | SwitchPhases
    | SelfTestRcd
    | SupplyDc
    | PrepareDc
    | RestDc
    | LockConnector
    | Authorize
    | Emit
    | Record
    | Checkpoint
    | DrawId
    | SignMeter
    | ArmTimer
    | CancelTimer
)
