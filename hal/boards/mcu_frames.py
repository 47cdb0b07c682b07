"""Frames between a controller and the microcontroller of its board: docs/serial-mcu.md, in code. PURE."""

from __future__ import annotations

import binascii
import enum
import struct
from typing import Any, Final

import msgspec

from hal.types import CpReading, CpState, FaultKind, LockState, Rule

VERSION: Final = 1
START: Final = 0xA5
HEADER: Final = struct.Struct(">BBBBB")  # start, payload length, EVSE, sequence, kind
CRC_BYTES: Final = 2
PAYLOAD_MAX: Final = 64
HEARTBEAT_S: Final = 0.5  # the microcontroller states each EVSE at least this often
SEQUENCES: Final = 256


class Kind(enum.IntEnum):
    """What a frame is. From 0x80 on: from the microcontroller."""

    HELLO = 0x01
    PILOT = 0x02
    PERMIT = 0x03
    LOCK = 0x04
    PHASES = 0x05
    RCD_TEST = 0x06
    RCD_RESET = 0x07
    ANSWER = 0x81
    STATE = 0x82
    INFO = 0x83


class PilotMode(enum.IntEnum):
    """What the pilot's source does."""

    X1 = 0
    PWM = 1
    E = 2
    F = 3


class Result(enum.IntEnum):
    """How a command ended; from 0x10 on it was refused, by the rule in `REFUSALS`."""

    DONE = 0x00
    UNKNOWN = 0x01
    FAILED = 0x02


REFUSALS: Final = {
    0x10: Rule.FAULTED,
    0x11: Rule.UNLOCK_CLOSED,
    0x12: Rule.SELF_TEST_CLOSED,
    0x13: Rule.PHASES_CLOSED,
    0x14: Rule.PWM_OUT_OF_RANGE,
}
# Bit of the fault word; a microcontroller sets those that it finds by itself.
FAULT_BITS: Final = (
    FaultKind.CP_DIODE,
    FaultKind.CP_SHORT,
    FaultKind.RCD_DC,
    FaultKind.RCD_AC,
    FaultKind.RCD_SELF_TEST,
    FaultKind.LOCK_JAMMED,
    FaultKind.OVER_TEMPERATURE,
    FaultKind.OVER_VOLTAGE,
    FaultKind.UNDER_VOLTAGE,
    FaultKind.PHASE_LOSS,
    FaultKind.PE_LOSS,
    FaultKind.E_STOP,
    FaultKind.DOOR,
    FaultKind.BOARD,
)
LOCKS: Final = (None, LockState.UNLOCKED, LockState.LOCKED, LockState.JAMMED)

_PILOT: Final = struct.Struct(">BH")
_PERMIT: Final = struct.Struct(">BH")
_STATE: Final = struct.Struct(">chhHBBHhhIII")
_INFO: Final = struct.Struct(">BB12s12s")
_CLOSED, _UNDER_LOAD = 0x01, 0x02
_NO_RESISTOR: Final = 0xFFFF
_NO_SENSOR: Final = 0x7FFF


class Frame(msgspec.Struct, frozen=True):
    """One frame, taken apart."""

    kind: int
    evse: int
    seq: int
    payload: bytes = b""


class McuState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the microcontroller says of one EVSE."""

    reading: CpReading
    closed: bool
    under_load: bool = False
    lock: LockState | None = None
    pp_ohms: float | None = None
    residual_ma: float = 0.0
    temperature_c: float | None = None
    cycles: int = 0
    faults: frozenset[FaultKind] = frozenset()
    uptime_ms: int = 0


class McuInfo(msgspec.Struct, frozen=True):
    """Who the microcontroller is."""

    version: int
    evses: int
    serial: str
    firmware: str


class FrameError(ValueError):
    """A frame whose check sum fits and whose content does not."""


def encode(frame: Frame) -> bytes:
    """A frame with its check sum (CRC-16/CCITT-FALSE over everything after the start byte)."""
    body = HEADER.pack(START, len(frame.payload), frame.evse, frame.seq, frame.kind) + frame.payload
    return body + crc(body[1:]).to_bytes(CRC_BYTES, "big")


def crc(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF."""
    return binascii.crc_hqx(data, 0xFFFF)


class Splitter:
    """Finds frames in a stream of bytes; what is damaged is skipped and counted."""

    def __init__(self) -> None:
        self._heard = b""
        self.damaged = 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now."""
        self._heard += data
        frames: list[Frame] = []
        while (start := self._heard.find(START)) >= 0:
            heard = self._heard = self._heard[start:]
            if len(heard) < HEADER.size:
                return frames
            _, length, evse, seq, kind = HEADER.unpack_from(heard)
            end = HEADER.size + length + CRC_BYTES
            if length <= PAYLOAD_MAX and len(heard) < end:
                return frames
            body = heard[: end - CRC_BYTES]
            if length > PAYLOAD_MAX or crc(body[1:]).to_bytes(CRC_BYTES, "big") != heard[end - CRC_BYTES : end]:
                self.damaged += 1
                self._heard = heard[1:]  # not a start, or a damaged frame: the next start is looked for
                continue
            frames.append(Frame(kind, evse, seq, body[HEADER.size :]))
            self._heard = heard[end:]
        self._heard = b""
        return frames


def pilot(mode: PilotMode, duty_pct: float = 0.0) -> bytes:
    """Payload of PILOT."""
    return _PILOT.pack(mode, round(duty_pct * 100))


def read_pilot(payload: bytes) -> tuple[PilotMode, float]:
    """Mode and duty cycle of PILOT. Raises `FrameError`."""
    mode, duty = _unpack(_PILOT, payload)
    try:
        return PilotMode(mode), duty / 100.0
    except ValueError as error:
        raise FrameError(str(error)) from error


def permit(on: bool, lease_s: float) -> bytes:
    """Payload of PERMIT."""
    return _PERMIT.pack(on, round(lease_s * 1000))


def read_permit(payload: bytes) -> tuple[bool, float]:
    """Whether PERMIT grants, and for how many seconds. Raises `FrameError`."""
    on, lease_ms = _unpack(_PERMIT, payload)
    return bool(on), lease_ms / 1000.0


def state(it: McuState) -> bytes:
    """Payload of STATE."""
    return _STATE.pack(
        it.reading.state.encode(),
        it.reading.high_mv,
        it.reading.low_mv,
        round((it.reading.duty_pct or 0.0) * 100),
        _CLOSED * it.closed | _UNDER_LOAD * it.under_load,
        LOCKS.index(it.lock),
        _NO_RESISTOR if it.pp_ohms is None else round(it.pp_ohms),
        round(it.residual_ma * 10),
        _NO_SENSOR if it.temperature_c is None else round(it.temperature_c * 10),
        it.cycles,
        sum(1 << bit for bit, fault in enumerate(FAULT_BITS) if fault in it.faults),
        it.uptime_ms,
    )


def read_state(payload: bytes) -> McuState:
    """What STATE says. Raises `FrameError`."""
    cp, high, low, duty, flags, lock, pp, residual, temperature, cycles, faults, uptime = _unpack(_STATE, payload)
    try:
        reading = CpReading(CpState(cp.decode("ascii", "replace")), high, low, duty / 100.0 if duty else None)
        position = LOCKS[lock]
    except (ValueError, IndexError) as error:
        raise FrameError(f"a state that is none: {error}") from error
    return McuState(
        reading=reading,
        closed=bool(flags & _CLOSED),
        under_load=bool(flags & _UNDER_LOAD),
        lock=position,
        pp_ohms=None if pp == _NO_RESISTOR else float(pp),
        residual_ma=residual / 10.0,
        temperature_c=None if temperature == _NO_SENSOR else temperature / 10.0,
        cycles=cycles,
        faults=frozenset(fault for bit, fault in enumerate(FAULT_BITS) if faults >> bit & 1),
        uptime_ms=uptime,
    )


def info(it: McuInfo) -> bytes:
    """Payload of INFO."""
    return _INFO.pack(it.version, it.evses, it.serial.encode(), it.firmware.encode())


def read_info(payload: bytes) -> McuInfo:
    """What INFO says. Raises `FrameError`."""
    version, evses, serial, firmware = _unpack(_INFO, payload)
    return McuInfo(version, evses, _text(serial), _text(firmware))


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode("ascii", "replace")


def _unpack(layout: struct.Struct, payload: bytes) -> tuple[Any, ...]:
    if len(payload) != layout.size:
        raise FrameError(f"{len(payload)} bytes of payload, {layout.size} expected")
    return layout.unpack(payload)
