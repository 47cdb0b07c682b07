"""Where a session stands, as a value: what every protocol's sequence advances."""

from __future__ import annotations

import enum
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from agent.iso15118.exi import Message
from agent.iso15118.secc.events import AnyEvent
from agent.iso15118.secc.snapshot import EnergyMode, Payment


class Judge(Protocol):
    """Who judges contracts; an engine without one offers none."""

    def chain(self, emaid: str, chain: tuple[bytes, ...]) -> str:
        """The response code for a contract's certificates in DER, the leaf first."""

    def signed(self, name: str, part: Message, signature: Any, leaf: bytes) -> bool:
        """Whether an element was signed with the key of this certificate."""


class Phase(enum.StrEnum):
    """What the car may ask for next."""

    SETUP = "setup"
    DISCOVERY = "discovery"
    SELECTION = "selection"
    CONTRACT = "contract"
    AUTHORIZATION = "authorization"
    PARAMETERS = "parameters"
    CABLE_CHECK = "cable-check"
    PRE_CHARGE = "pre-charge"
    DELIVERY = "delivery"
    CHARGING = "charging"
    WELDING = "welding"
    ENDING = "ending"
    OVER = "over"


class Fetched(Struct, frozen=True):
    """A message that somebody else made for the car, in EXI; None: nobody did."""

    exi: bytes | None


class Paused(Struct, frozen=True):
    """A session that its car has paused, and will come back to; what was chosen in it stays chosen ([V2G2-741])."""

    session_id: bytes
    mode: EnergyMode | None
    payment: Payment | None
    schedule: int | None = None  # SAScheduleTupleID
    emaid: str = ""


class State(Struct, frozen=True, kw_only=True):
    """All that is remembered of a session.

    `since_s`: since when the car has been answered Ongoing in this phase. `told`: the event of a request that is
    repeated until it is fulfilled has gone out. `asked`: the charger has wanted the renegotiation that goes on.
    """

    phase: Phase = Phase.SETUP
    session_id: bytes = b""
    payment: Payment | None = None
    mode: EnergyMode | None = None
    since_s: float | None = None
    told: bool = False
    asked: bool = False
    schedule: int | None = None  # the id of the one that the car has chosen
    receipt_s: float | None = None  # when the car last signed a reading of the meter
    emaid: str = ""
    chain: tuple[bytes, ...] = ()
    challenge: bytes = b""
    signature: Any = None  # of the request that is being answered
    request: bytes = b""  # the same request as it came, in EXI
    installs: bool = False  # it has chosen the service that fetches contracts
    fetched: Fetched | None = None  # what has become of the contract that it wants
    judge: Judge | None = None
    paused: Paused | None = None  # what this session was before a pause, where it goes on after one


class Reply(Struct, frozen=True):
    """What follows from a request: an answer, events, or (no answer yet) until when it may take.

    `last`: the connection ends after the answer. `exi`: the whole message, where somebody else has signed it.
    """

    answer: Message | None = None
    events: tuple[AnyEvent, ...] = ()
    until_s: float | None = None
    last: bool = False
    exi: bytes | None = None


Step: TypeAlias = tuple[State, Reply]


class Dice(Struct, frozen=True):
    """Numbers that nobody can guess, for one session; and who judges contracts in it."""

    session_id: bytes
    challenge: bytes
    judge: Judge | None = None


def is_ok(code: str) -> bool:
    """Whether a response code lets the session go on."""
    return not code.startswith("FAILED")


def response_code(answer: Any) -> str:
    """The response code of a protocol's message."""
    return str(answer.ResponseCode)
