"""What a car makes known in a session, in no protocol's words: what the charger acts on."""

from __future__ import annotations

import enum

from msgspec import Struct

from agent.iso15118.secc.snapshot import EnergyMode, Payment


class Protocol(enum.StrEnum):
    """What can be negotiated, by its namespace."""

    DIN = "urn:din:70121:2012:MsgDef"
    ISO_2 = "urn:iso:15118:2:2013:MsgDef"


class Event(Struct, frozen=True, tag=True):
    """Base of all events."""


class Negotiated(Event, frozen=True):
    """What the car can speak, by its priority, and what is spoken now (None: nothing): "uri,major,minor" each."""

    offered: tuple[tuple[int, str], ...]
    agreed: str | None


class SessionBegan(Event, frozen=True):
    """A car has set a session up. `evcc_id`: its MAC address; `resumed`: it goes on with one that it had paused."""

    protocol: Protocol
    session_id: bytes
    evcc_id: bytes
    resumed: bool = False


class PaymentChosen(Event, frozen=True):
    """Who says who pays."""

    payment: Payment


class ContractPresented(Event, frozen=True):
    """The car shows its contract: certificates in DER, the leaf first. The chain is not judged yet."""

    emaid: str
    chain: tuple[bytes, ...]


class ContractProved(Event, frozen=True):
    """The car has signed the challenge with its contract's key. `chain`: the contract, as it was presented."""

    emaid: str
    chain: tuple[bytes, ...]


class CertificateWanted(Event, frozen=True):
    """The car wants a contract, or a new one for the one it has. `request`: its message as it came (EXI), signed."""

    update: bool
    request: bytes


class ReceiptGiven(Event, frozen=True):
    """The car confirms a meter reading, signed (XML signature over the EXI fragment as it came)."""

    meter_id: str
    energy_wh: int | None


class EnergyWanted(Event, frozen=True, kw_only=True):
    """What the car says of itself and its wishes; None where it says nothing.

    Current and voltage are its limits; `departure_s`: from now; `entries`: how many periods of a schedule it can take;
    `asked`: the charger wanted to talk about limits again, and the car says once more what it needs.
    """

    mode: EnergyMode
    max_current_a: float
    max_voltage_v: float
    min_current_a: float | None = None
    max_power_w: float | None = None
    energy_wh: float | None = None
    capacity_wh: float | None = None
    departure_s: int | None = None
    soc_pct: int | None = None
    full_soc_pct: int | None = None
    bulk_soc_pct: int | None = None
    entries: int | None = None
    asked: bool = False


class CableCheckWanted(Event, frozen=True):
    """Check the insulation of cable and car, locked, with the contactor as the hardware wants it."""


class PreChargeWanted(Event, frozen=True):
    """Bring the output to the battery's voltage with hardly any current."""

    voltage_v: float
    current_a: float


class PowerWanted(Event, frozen=True):
    """The car asks for energy, or for its end.

    `profile`: the power it means to draw, as (seconds from now, watt); `schedule`: of which of those it was offered.
    """

    on: bool
    profile: tuple[tuple[int, float], ...] = ()
    schedule: int = 1


class Demanded(Event, frozen=True, kw_only=True):
    """What a DC car wants this moment."""

    voltage_v: float
    current_a: float
    soc_pct: int
    complete: bool = False
    max_voltage_v: float | None = None
    max_current_a: float | None = None
    max_power_w: float | None = None
    full_in_s: float | None = None


class WeldingCheckWanted(Event, frozen=True):
    """Let the car look at the terminals with everything open."""


class RenegotiationBegan(Event, frozen=True):
    """The car wants to talk about limits and schedule again; a DC car draws nothing meanwhile."""


class Outcome(enum.StrEnum):
    """How a session ends."""

    TERMINATED = "terminated"  # the car said so
    PAUSED = "paused"  # it will come back to this session
    FAILED = "failed"  # somebody broke the rules, or the line did


class SessionOver(Event, frozen=True):
    """Nothing comes after this: make the pilot and the output safe."""

    outcome: Outcome
    why: str = ""


AnyEvent = (
    Negotiated
    | SessionBegan
    | PaymentChosen
    | ContractPresented
    | ContractProved
    | CertificateWanted
    | ReceiptGiven
    | EnergyWanted
    | CableCheckWanted
    | PreChargeWanted
    | PowerWanted
    | Demanded
    | WeldingCheckWanted
    | RenegotiationBegan
    | SessionOver
)
