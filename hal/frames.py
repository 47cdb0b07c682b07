"""What goes over the socket between a HAL's own process and its client: length-prefixed msgpack of these structs.

The client says `Hello`, the host answers `Welcome` (or `Rejected`) and the present state of every stream. From then
on the client asks and the host answers by number, and reports events as they happen.
"""

from __future__ import annotations

import asyncio
from typing import Final, Literal

import msgspec

from hal.commands import AnyCommand
from hal.errors import HalError, HalGoneError, HalRefusedError, HalTimeoutError, MeterError
from hal.types import (
    BoardInfo,
    EvseCapabilities,
    MeterErrorKind,
    MeterSample,
    MeterTransaction,
    Moment,
    Rule,
    Signs,
    Stamped,
)

PROTOCOL: Final = 4  # both ends must speak the same version
FRAME_MAX: Final = 1 << 20  # our policy: no frame of ours comes near
LENGTH_BYTES: Final = 4


class EvseDescription(msgspec.Struct, frozen=True):
    """One EVSE's abilities, as its client needs them to offer the same ports."""

    capabilities: EvseCapabilities
    has_lock: bool
    has_rcd: bool
    has_phase_switch: bool
    has_meter: bool
    has_led: bool = False
    has_display: bool = False
    has_wiretap: bool = False
    meter_signs: Signs = Signs.NOTHING


# From the client


class Hello(msgspec.Struct, frozen=True, tag=True):
    """The client's first frame."""

    protocol: int


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Carry out a command before `until_s` (system-wide monotonic time); afterwards it is void, except "off"."""

    id: int
    evse: int
    command: AnyCommand
    until_s: float


class AskReading(msgspec.Struct, frozen=True, tag=True):
    """Read the meter before `until_s`."""

    id: int
    evse: int
    until_s: float


class AskSigned(msgspec.Struct, frozen=True, tag=True):
    """Have the meter sign this moment of a transaction before `until_s`."""

    id: int
    evse: int
    moment: Moment
    transaction: MeterTransaction
    until_s: float


class AskKey(msgspec.Struct, frozen=True, tag=True):
    """Read the key that verifies what the meter signs before `until_s`."""

    id: int
    evse: int
    until_s: float


# From the host


class Welcome(msgspec.Struct, frozen=True, tag=True):
    """The host serves this client."""

    info: BoardInfo
    evses: dict[int, EvseDescription]


class Rejected(msgspec.Struct, frozen=True, tag=True):
    """The host does not serve this client, and why."""

    reason: str


class Present(msgspec.Struct, frozen=True, tag=True):
    """The whole present state of one stream (`hal.board.STATION` or an EVSE): what is not in it is not so."""

    evse: int
    state: tuple[Stamped, ...]


class Happened(msgspec.Struct, frozen=True, tag=True):
    """An event of one stream."""

    evse: int
    stamped: Stamped


class Carried(msgspec.Struct, frozen=True, tag=True):
    """A command was carried out."""

    id: int


class Reading(msgspec.Struct, frozen=True, tag=True):
    """The meter was read."""

    id: int
    sample: MeterSample


class Key(msgspec.Struct, frozen=True, tag=True):
    """The key that was asked for, as hexadecimal digits."""

    id: int
    public_key: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A command or reading failed: which error to raise, with the rule or the meter's error kind where it has one."""

    id: int
    error: Literal["refused", "timeout", "gone", "meter", "other"]
    detail: str
    rule: Rule | None = None
    kind: MeterErrorKind | None = None


Request = Ask | AskReading | AskSigned | AskKey
FromClient = Hello | Request
Answer = Carried | Reading | Key | Failed
FromHost = Welcome | Rejected | Present | Happened | Answer

_ENCODER: Final = msgspec.msgpack.Encoder()
FROM_CLIENT: Final = msgspec.msgpack.Decoder(FromClient)
FROM_HOST: Final = msgspec.msgpack.Decoder(FromHost)


def frame(message: FromClient | FromHost) -> bytes:
    """A message with its length in front."""
    payload = _ENCODER.encode(message)
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


async def payload(reader: asyncio.StreamReader) -> bytes:
    """The next message's bytes. Raises `EOFError` at the end and `msgspec.DecodeError` for one that is too long."""
    length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
    if length > FRAME_MAX:
        raise msgspec.DecodeError(f"a frame of {length} bytes; {FRAME_MAX} is the most")
    return await reader.readexactly(length)


def failed(id_: int, error: HalError) -> Failed:
    """An error on its way to the other side."""
    match error:
        case HalRefusedError():
            return Failed(id_, "refused", error.detail, rule=error.rule)
        case MeterError():
            return Failed(id_, "meter", error.detail, kind=error.kind)
        case HalTimeoutError():
            return Failed(id_, "timeout", str(error))
        case HalGoneError():
            return Failed(id_, "gone", str(error))
    return Failed(id_, "other", str(error))


def to_error(answer: Failed) -> HalError:
    """The error that was raised on the other side."""
    match answer:
        case Failed(error="refused", rule=Rule() as rule):
            return HalRefusedError(rule, answer.detail)
        case Failed(error="meter", kind=MeterErrorKind() as kind):
            return MeterError(kind, answer.detail)
        case Failed(error="timeout"):
            return HalTimeoutError(answer.detail)
        case Failed(error="gone"):
            return HalGoneError(answer.detail)
    return HalError(answer.detail)
