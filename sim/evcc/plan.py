"""What a simulated car means to do in a session, and what came of it."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from agent.iso15118.secc.events import Protocol as Spoken
from agent.iso15118.secc.snapshot import EnergyMode, Payment

EVCC_ID = bytes.fromhex("020000000001")  # a locally administered MAC address


class Contract(msgspec.Struct, frozen=True):
    """What a car pays with: certificates in DER, the leaf first, and the leaf's private key (P-256)."""

    emaid: str
    chain: tuple[bytes, ...]
    key: Any


class Provisioned(msgspec.Struct, frozen=True):
    """What its maker gave a car: its certificate in DER (leaf first), the leaf's key, and the V2G roots it trusts."""

    chain: tuple[bytes, ...]
    key: Any
    roots: tuple[bytes, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`charge_s`: how long it draws before it stops by itself; `pause`: it will come back to the session.

    `energy_wh`: how much it asks for; None: what its battery lacks, so that a session which goes on after a pause asks
    for the rest (ISO 15118-2 [V2G2-743]). `departure_s`: from the beginning of this session on ([V2G2-742]).
    `entries`: how many periods of a schedule it can take; `tells`: it says by which profile it will draw; `choice`:
    which of the schedules that it is offered it takes, from 0; `renegotiate_s`: after so long it wants to talk about
    limits again, once.
    """

    offers: tuple[Spoken, ...] = (Spoken.ISO_2, Spoken.DIN)
    mode: EnergyMode = EnergyMode.AC_3P
    payment: Payment = Payment.EXTERNAL
    energy_wh: float | None = None
    departure_s: int | None = None
    entries: int | None = None
    tells: bool = False
    choice: int = 0
    renegotiate_s: float | None = None
    charge_s: float = 60.0
    loop_s: float = 1.0
    pause: bool = False
    session_id: bytes = bytes(8)  # of a session that it had paused
    contract: Contract | None = None
    provisioned: Provisioned | None = None  # it wants a contract, or a new one for the one that it has


class Battery(Protocol):
    """The car behind the messages."""

    @property
    def soc_pct(self) -> float:
        """State of charge."""

    @property
    def max_current_a(self) -> float:
        """What it takes."""

    @property
    def voltage_v(self) -> float:
        """A DC car's battery; an AC car's rated voltage."""

    @property
    def charge_v(self) -> float:
        """What a DC car asks for while it charges: a little above what its battery can reach."""

    def ready(self, on: bool) -> None:
        """Close S2, or open it: states C and B of the control pilot."""

    def connect(self, on: bool) -> None:
        """A DC car closes or opens its own contactor."""

    def limited_to(self, current_a: float) -> None:
        """Draw no more than this."""

    @property
    def greedy(self) -> bool:
        """Whether a DC car asks for more than the charger can give."""

    @property
    def full(self) -> bool:
        """Whether it wants no more, or no more for now."""

    @property
    def resting(self) -> bool:
        """Whether it wants no more for now, and will come back to the session."""

    @property
    def lacks_wh(self) -> float:
        """What it wants to be charged with."""


class Report(msgspec.Struct):
    """What came of a session. `slowest_s`: the longest that a response took."""

    protocol: Spoken | None = None
    session_id: bytes = b""
    responses: list[str] = msgspec.field(default_factory=list)
    slowest_s: float = 0.0
    ended: str = ""
    contract: Contract | None = None  # that it was given
    limits_a: list[float] = msgspec.field(default_factory=list)
    schedules: list[tuple[tuple[int, float], ...]] = msgspec.field(default_factory=list)  # (second, watt) as offered


class RefusedError(Exception):
    """The charger answered with a FAILED code, or with something that is no answer to the question."""
