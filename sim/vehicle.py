"""The car: battery, on-board charger, S2 and what it makes of the pilot. Pure: time comes in, `due_s` goes out.

Between two events every current is constant: near full, the charge curve is followed in steps of the state of charge,
whose edges do not depend on when anybody looks.
"""

from __future__ import annotations

import enum
import math
from typing import Final, Literal

import msgspec

from sim.circuit import CarSide
from sim.dc import Battery
from sim.grid import DEAD, Phases
from sim.meter import S_PER_H

TAPER_STEP_PCT: Final = 0.5  # the curve is followed in steps of this much charge
EDGE_WH: Final = 1e-6  # float slack when a step's edge is reached


def offered_a(duty_pct: float) -> float | None:
    """The current a duty cycle offers to the car (IEC 61851-1 table A.8), None when it offers none."""
    if 8.0 <= duty_pct < 10.0:  # noqa: PLR2004 - the table's rows
        return 6.0
    if 10.0 <= duty_pct <= 85.0:  # noqa: PLR2004
        return 0.6 * duty_pct
    if 85.0 < duty_pct <= 96.0:  # noqa: PLR2004
        return 2.5 * (duty_pct - 64.0)
    if 96.0 < duty_pct <= 97.0:  # noqa: PLR2004
        return 80.0
    return None


class Misbehaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a car does wrong, once: instead of the first request of this name, or with it."""

    how: Literal[
        "another-session",
        "endless",
        "garbage",
        "hangs-up",
        "impatient",
        "out-of-order",
        "silent",
        "slow",
        "split",
        "stops",
    ]
    at: Literal[
        "SessionSetupReq",
        "ServiceDiscoveryReq",
        "PaymentServiceSelectionReq",
        "ServicePaymentSelectionReq",
        "CertificateInstallationReq",
        "PaymentDetailsReq",
        "AuthorizationReq",
        "ContractAuthenticationReq",
        "ChargeParameterDiscoveryReq",
        "CableCheckReq",
        "PreChargeReq",
        "PowerDeliveryReq",
        "ChargingStatusReq",
        "CurrentDemandReq",
        "MeteringReceiptReq",
        "WeldingDetectionReq",
        "SessionStopReq",
    ] = "PowerDeliveryReq"


class Talk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a car talks with its charger. `protocol`: the only one that it speaks; `loop_s`: between its demands.

    `contract`: the name of the one that it pays with; None: it has none yet, and asks for one.
    """

    energy: Literal["AC", "DC"] = "AC"
    protocol: Literal["", "iso15118-2", "din70121"] = ""
    payment: Literal["EIM", "Contract"] = "EIM"
    contract: str | None = "contract"
    misbehaves: Misbehaviour | None = None
    departure_s: int | None = None
    loop_s: float = 1.0


class VehicleSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A car model and how its driver left it. `curve` maps percent of charge to the share of `max_current_a`."""

    phases: int = 3
    max_current_a: float = 16.0
    min_current_a: float = 6.0
    capacity_wh: float = 60_000.0
    soc_pct: float = 40.0
    target_soc_pct: float = 100.0
    efficiency: float = 0.92
    curve: tuple[tuple[float, float], ...] = ((0.0, 1.0), (85.0, 1.0), (100.0, 0.2))
    reaction_s: float = 2.0  # to another duty cycle, and to voltage; IEC 61851-1 table A.9 allows 5 s
    s2_delay_s: float = 1.0  # from PWM to S2
    needs_ventilation: bool = False
    battery: Battery = Battery()  # what a DC charger sees
    sleep_after_s: float | None = None  # without an offer; only state E or F wakes it
    digital: bool = False  # it talks with the charger: S2 and current follow messages, not the duty cycle
    talk: Talk | None = None  # the same, and what it says is said without anybody's help

    def __post_init__(self) -> None:
        if self.phases not in {1, 2, 3}:
            raise ValueError(f"vehicle phases {self.phases}: give 1, 2 or 3")
        if not 0 <= self.soc_pct <= 100 or not 0 <= self.target_soc_pct <= 100:  # noqa: PLR2004 - percent
            raise ValueError(f"vehicle soc_pct {self.soc_pct} and target_soc_pct {self.target_soc_pct}: give 0 to 100")
        if self.capacity_wh <= 0 or not 0 < self.efficiency <= 1:
            raise ValueError("vehicle capacity_wh must be above 0 and efficiency between 0 and 1")


class Move(enum.Enum):
    """What the car is about to do by itself."""

    CLOSE_S2 = enum.auto()
    OBEY = enum.auto()  # follow another offer
    DRAW = enum.auto()  # start its charger after voltage appeared
    SLEEP = enum.auto()


class Vehicle:
    """One car. It draws `min(offer, own maximum)` on each of its phases while S2 is closed and it sees voltage."""

    def __init__(self, spec: VehicleSpec) -> None:
        self.spec = spec
        self._battery_wh = spec.capacity_wh * spec.soc_pct / 100.0
        self._target_wh = spec.capacity_wh * spec.target_soc_pct / 100.0
        self._step = self._step_of(self._battery_wh)
        self._due: dict[Move, float] = {}
        self._offer_a: float | None = None  # what the pilot says
        self._obeyed_a = 0.0  # what the charger follows
        self._energised = False
        self._drawing = False
        self._by_duty = False  # a car that talks goes by the duty cycle, since its charger talks no more
        self.s2_closed = False
        self.asleep = False
        self.paused = False
        self.dc_closed = False  # its own contactor, between inlet and battery
        self.ignores_pilot = False  # a faulty car: keeps S2 closed and draws its own maximum

    @property
    def soc_pct(self) -> float:
        """State of charge."""
        return 100.0 * self._battery_wh / self.spec.capacity_wh

    @property
    def present_spec(self) -> VehicleSpec:
        """The same car, as charged as it is now."""
        return msgspec.structs.replace(self.spec, soc_pct=min(self.soc_pct, 100.0))

    @property
    def wants_energy(self) -> bool:
        """Whether it would charge if it could."""
        return not self.paused and not self.asleep and self._battery_wh < self._target_wh

    @property
    def lacks_wh(self) -> float:
        """What has to flow into its inlet until it is as full as its driver wants it."""
        return max(0.0, self._target_wh - self._battery_wh) / self.spec.efficiency

    @property
    def side(self) -> CarSide:
        """Its side of the pilot's circuit."""
        return CarSide(self.s2_closed, self.spec.needs_ventilation)

    @property
    def due_s(self) -> float:
        """When it next moves by itself, its battery apart."""
        return min(self._due.values(), default=math.inf)

    @property
    def draw_a(self) -> float:
        """The current it takes from each of its phases now."""
        if not (self._drawing and self.s2_closed):
            return 0.0
        spec = self.spec
        limit_a = spec.max_current_a if self.ignores_pilot else min(self._obeyed_a, spec.max_current_a)
        if limit_a < spec.min_current_a:
            return 0.0
        return min(limit_a, max(spec.max_current_a * self._curve_share(), spec.min_current_a))

    @property
    def appetite_a(self) -> float:
        """The current that its battery takes at its state of charge."""
        return self.spec.max_current_a * self._curve_share()

    @property
    def currents_a(self) -> Phases:
        """The currents it would take from live phases."""
        amps = self.draw_a
        if not amps:
            return DEAD
        return amps, amps if self.spec.phases > 1 else 0.0, amps if self.spec.phases > 2 else 0.0  # noqa: PLR2004

    def plugged(self, now_s: float) -> None:
        """The driver plugged it in: it is awake and sees no offer yet."""
        self.asleep = False
        self._no_offer(now_s)

    def unplugged(self) -> None:
        """The cable is gone: no pilot, no voltage, no plans."""
        self._due.clear()
        self._offer_a = None
        self._by_duty = False
        self.s2_closed = self._energised = self._drawing = self.dc_closed = False

    def see_pilot(self, duty_pct: float | None, woken: bool, now_s: float) -> None:
        """The pilot's duty cycle (None: no PWM) arrives at the car; `woken` by state E or F."""
        if woken and self.asleep:
            self.asleep = False
            self._no_offer(now_s)
        if self.spec.digital or not self._goes_by(duty_pct):
            return
        offer_a = None if duty_pct is None else offered_a(duty_pct)
        if offer_a == self._offer_a:
            return
        self._offer_a = offer_a
        if self.s2_closed:
            self._due.setdefault(Move.OBEY, now_s + self.spec.reaction_s)
        if offer_a is None:
            self._no_offer(now_s)
        else:
            self._due.pop(Move.SLEEP, None)
            self._ask(now_s)

    def _goes_by(self, duty_pct: float | None) -> bool:
        """Whether the duty cycle says something to it; to an AC car that talks: from a current on until it may talk.

        A charger that has given up talking offers a current by the duty cycle (IEC 61851-1 annex D).
        """
        talk = self.spec.talk
        if talk is None:
            return True
        told = duty_pct is not None and offered_a(duty_pct) is not None
        before, self._by_duty = self._by_duty, talk.energy == "AC" and (told or (self._by_duty and duty_pct is None))
        return before or self._by_duty

    def energise(self, live: bool, now_s: float) -> None:
        """Voltage appears at, or vanishes from, its inlet."""
        if live == self._energised:
            return
        self._energised = live
        if live:
            self._due[Move.DRAW] = now_s + self.spec.reaction_s
        else:
            self._due.pop(Move.DRAW, None)
            self._drawing = False

    def agree(self, *, ready: bool, limit_a: float, now_s: float) -> None:
        """What the car's messages have come to: S2 closed or open, and the current that it may draw."""
        self._offer_a = limit_a if ready else None
        if ready and self.wants_energy:
            if not self.s2_closed:
                self._due.setdefault(Move.CLOSE_S2, now_s)
            elif limit_a != self._obeyed_a:
                self._due.setdefault(Move.OBEY, now_s + self.spec.reaction_s)
        else:
            self._release()

    def ask_digitally(self, closed: bool) -> None:
        """Its communication controller moves S2, whatever the duty cycle offers."""
        self._due.pop(Move.CLOSE_S2, None)
        self.s2_closed = closed

    def close_dc(self, closed: bool) -> None:
        """It switches its own contactor, between inlet and battery."""
        self.dc_closed = closed

    def pause(self) -> None:
        """It stops by itself (its driver, its schedule): current down, S2 open."""
        self.paused = True
        self._rest()

    def resume(self, now_s: float) -> None:
        """It wants energy again."""
        self.paused = False
        self._ask(now_s)

    def change(self, spec: VehicleSpec, now_s: float) -> None:
        """On the same cable, it has this battery and this appetite from now on."""
        self.spec = spec
        self._battery_wh = spec.capacity_wh * spec.soc_pct / 100.0
        self._target_wh = spec.capacity_wh * spec.target_soc_pct / 100.0
        self._step = self._step_of(self._battery_wh)
        if self.wants_energy:
            self._ask(now_s)
        else:
            self._rest()

    def step(self, now_s: float) -> None:
        """Do what is due by now."""
        for move, _ in sorted(((m, t) for m, t in self._due.items() if t <= now_s), key=lambda one: one[1]):
            self._due.pop(move, None)
            match move:
                case Move.CLOSE_S2:
                    self.s2_closed = True
                    self._obeyed_a = self._offer_a or 0.0
                case Move.OBEY:
                    self._obeyed_a = self._offer_a or 0.0
                    if self._offer_a is None and not self.ignores_pilot:
                        self._release()
                case Move.DRAW:
                    self._drawing = True
                case Move.SLEEP:
                    self.asleep = True
                    self._release()

    def charge(self, energy_wh: float) -> None:
        """Energy (at its inlet) has flowed into it; never beyond the present step of the curve."""
        self._battery_wh = min(self._battery_wh + energy_wh * self.spec.efficiency, self._edge_wh)

    def edge_due_s(self, at_s: float, power_w: float) -> float:
        """When the battery reaches the next step of its curve at this power, seen from `at_s`."""
        if power_w <= 0 or self._battery_wh >= self._target_wh:  # until its demand follows, it warms the cells
            return math.inf
        missing_wh = max(0.0, self._edge_wh - self._battery_wh)
        return at_s + missing_wh * S_PER_H / (power_w * self.spec.efficiency)

    def pass_edge(self) -> None:
        """If the step's edge is reached, go on with the next step; at the target, stop charging."""
        if self._edge_wh - self._battery_wh > EDGE_WH:
            return
        self._battery_wh = self._edge_wh
        self._step += 1
        if self._battery_wh >= self._target_wh:
            self._rest()

    @property
    def _edge_wh(self) -> float:
        return min((self._step + 1) * TAPER_STEP_PCT / 100.0 * self.spec.capacity_wh, self._target_wh)

    def _step_of(self, battery_wh: float) -> int:
        return math.floor((battery_wh + EDGE_WH) / self.spec.capacity_wh * 100.0 / TAPER_STEP_PCT)

    def _curve_share(self) -> float:
        soc_pct = self._step * TAPER_STEP_PCT
        (left_pct, left) = self.spec.curve[0]
        for right_pct, right in self.spec.curve[1:]:
            if soc_pct <= right_pct:
                return left + (right - left) * (soc_pct - left_pct) / (right_pct - left_pct)
            left_pct, left = right_pct, right
        return left

    def _ask(self, now_s: float) -> None:
        if self._offer_a is not None and self.wants_energy and not self.s2_closed:
            self._due.setdefault(Move.CLOSE_S2, now_s + self.spec.s2_delay_s)

    def _no_offer(self, now_s: float) -> None:
        self._due.pop(Move.CLOSE_S2, None)
        if self.spec.sleep_after_s is not None:
            self._due[Move.SLEEP] = now_s + self.spec.sleep_after_s

    def _rest(self) -> None:
        """It wants no more; one that is charged by direct current says so before it opens S2."""
        if not self.dc_closed:
            self._release()

    def _release(self) -> None:
        """S2 opens, the charger rests."""
        self.s2_closed = False
        self._due.pop(Move.CLOSE_S2, None)
        self._due.pop(Move.OBEY, None)
