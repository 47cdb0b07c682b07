"""An OpenEVSE controller over RAPI on a serial line, firmware 5 or later (RAPI with check sums and sequence ids).

The controller has the pilot and the relay, and offers a current and closes in one: it does neither while it sleeps. So
permission is wakefulness: `$FE` wakes it; `$FD` is its panic stop, after which `$FS` puts it to sleep with +12 V on the
pilot. Asleep it only tells whether a car is there.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from hal.board import COMMAND_DEADLINE_S
from hal.boards.rapi_frames import frame, unframe
from hal.commands import AnyCommand, Permit, PilotF, PilotPwm, PilotX1
from hal.driver import DriverEvse
from hal.errors import HalError, HalGoneError, HalTimeoutError
from hal.iec61851 import CP_LEVELS, MIN_CURRENT_A, current_for_duty, duty_for_current
from hal.ownership import RESIDUAL_AC_S, by_interlock, owned_by
from hal.serial_line import SerialLine
from hal.stream import Stream
from hal.tasks import stop
from hal.types import (
    BoardInfo,
    Claim,
    ContactorChanged,
    CpChanged,
    CpReading,
    CpState,
    EvseCapabilities,
    FaultKind,
    Owner,
    Rule,
    Stamped,
)

POLL_S: Final = 0.2  # it reports changes of its state by itself, but not when the relay has opened
ANSWER_S: Final = 0.25  # our policy: a command is sent again after this
LOST_AFTER_S: Final = 1.5
STOCK_LEAVE_C_S: Final = 0.3  # the firmware's debounce of 250 ms (DELAY_STATE_TRANSITION), and its relay
WATCHDOG_S: Final = 3.0  # [check] a firmware that hangs is reset by its watchdog, which opens the relay
REACTION_S: Final = 0.4
CP_STATES: Final = {1: CpState.A, 2: CpState.B, 3: CpState.C, 4: CpState.D}
FAULTS: Final = {
    0x05: FaultKind.CP_DIODE,
    0x06: FaultKind.RCD_AC,
    0x07: FaultKind.PE_LOSS,
    0x08: FaultKind.WELD,
    0x09: FaultKind.RCD_SELF_TEST,
    0x0A: FaultKind.OVER_TEMPERATURE,
    0x0B: FaultKind.OVER_CURRENT,
}
RELAY_CLOSED, EV_CONNECTED = 0x0040, 0x0100  # its volatile flags
LEVEL_MV: Final = {row.state: row.nominal_mv for row in CP_LEVELS}
LOW_MV: Final = -12_000  # it checks the diode itself
SEQUENCES: Final = range(1, 256)  # 0 is no sequence

log = logging.getLogger(__name__)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `hal.options`. `leave_c_s`: from leaving C to an open relay; stock firmware is too slow to be armed."""

    device: str = "/dev/ttyUSB0"
    baudrate: int = 115200
    max_current_a: float = 32.0
    leave_c_s: float = STOCK_LEAVE_C_S


def claims(options: Options) -> tuple[Claim, ...]:
    """Who has which rule. The installation brings the 6 mA DC device; the controller's own sees AC only."""
    own = (Rule.DIODE, Rule.VENTILATION, Rule.CP_STALE)
    return (
        *owned_by(Owner.MCU, options.leave_c_s, Rule.CP_NOT_CD),
        *owned_by(Owner.MCU, STOCK_LEAVE_C_S, Rule.DIODE, Rule.VENTILATION),
        *owned_by(Owner.MCU, WATCHDOG_S, Rule.CP_STALE),
        *owned_by(Owner.HARDWARE, RESIDUAL_AC_S, Rule.RESIDUAL_DC, Rule.RESIDUAL_AC),
        *by_interlock(REACTION_S, but=(Rule.CP_NOT_CD, *own)),
    )


class RapiBoard:
    """`hal.board.Board` with one EVSE."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.info = BoardInfo("OpenEVSE", "RAPI", options.device, claims=claims(options))
        capabilities = EvseCapabilities(
            max_current_a=options.max_current_a, phases=1, cp_repeat_s=POLL_S, permit_first=True
        )
        self.evses: Mapping[int, DriverEvse] = {1: DriverEvse(capabilities, self._ask)}
        self._stream = Stream()
        self._line: SerialLine | None = None
        self._heard = b""
        self._seqs = itertools.cycle(SEQUENCES)
        self._answers: dict[str, asyncio.Future[list[str]]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._awake = False
        self._amps = 0
        self._cycles = 0
        self._closed = False
        self._polling: asyncio.Task[None] | None = None

    def events(self) -> AsyncIterator[Stamped]:
        """The station's own stream: this board has nothing to say there."""
        return self._stream.read()

    async def start(self) -> None:
        """Open the line, stop whatever runs, and begin to poll. Raises `HalError`."""
        self._line = SerialLine(self._options.device, self._options.baudrate, self._received, self._line_lost)
        try:
            version = await self._say("GV", COMMAND_DEADLINE_S)
            await self._off(COMMAND_DEADLINE_S)
        except HalError as error:
            await self.close()
            raise HalGoneError(f"{error}; is there an OpenEVSE on this line?") from error
        self.info = replace(self.info, firmware=" ".join(version))
        self._polling = asyncio.create_task(self._poll())

    async def close(self) -> None:
        """Stop, put to sleep, release the line."""
        await stop([self._polling])
        if self._line is not None:
            for text in ("$FD", "$FS"):
                self._line.write(frame(text))
            self._line.close()
            self._line = None
        for stream in (self._stream, self.evses[1].stream):
            stream.end()

    # Commands

    async def _ask(self, command: AnyCommand, deadline_s: float) -> None:
        match command:
            case Permit(on=True):
                if not self._awake:
                    await self._say("FE", deadline_s)
                    self._awake = True
            case Permit() | PilotX1():
                await self._off(deadline_s)
            case PilotPwm(duty_pct):
                await self._offer(current_for_duty(duty_pct), deadline_s)
            case PilotF():
                self._awake = False
                await self._say("FD", deadline_s)
            case _:
                raise HalError(f"an OpenEVSE has nothing to carry out {command}")

    async def _off(self, deadline_s: float) -> None:
        self._awake = False
        await self._say("FD", deadline_s)
        await self._say("FS", deadline_s)

    async def _offer(self, current_a: float | None, deadline_s: float) -> None:
        """Whole ampere, kept until the next power-up only; what it sets instead is a failure."""
        if current_a is None or current_a < MIN_CURRENT_A:
            raise HalError("an OpenEVSE knows no digital communication; offer 6 A or more")
        amps = math.floor(current_a + 1e-6)
        answer = await self._say(f"SC {amps} V", deadline_s)
        if answer and int(answer[0]) > amps:
            raise HalError(f"{self._options.device}: asked for {amps} A, it offers {answer[0]} A")
        self._amps = amps

    async def _say(self, text: str, deadline_s: float) -> list[str]:
        """Send until it is answered. Raises `HalTimeoutError`, `HalGoneError`, and `HalError` for "no"."""
        async with self._one_at_a_time:
            seq = f":{next(self._seqs):02X}"
            answered: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
            self._answers[seq] = answered
            try:
                async with asyncio.timeout(deadline_s):
                    while not answered.done():
                        if self._line is None:
                            raise HalGoneError(f"{self._options.device}: the line is lost")
                        self._line.write(frame(f"${text} {seq}"))
                        await asyncio.wait([answered], timeout=ANSWER_S)
            except TimeoutError:
                raise HalTimeoutError(f"{self._options.device}: no answer to {text}") from None
            finally:
                del self._answers[seq]
        status, *words = answered.result()
        if status != "OK" and not text.startswith("SC"):  # $NK to SC says what it could do instead
            raise HalError(f"{self._options.device}: it refuses {text}: {' '.join(words)}")
        return words

    # What it says

    def _line_lost(self, why: str) -> None:
        self._line = None
        self.evses[1].lost(why)

    def _received(self, data: bytes) -> None:
        *lines, self._heard = (self._heard + data).split(b"\r")
        for line in lines:
            words = unframe(line[line.find(b"$") :])
            if not words:
                continue
            if words[0] == "AT" and len(words) == 5:  # noqa: PLR2004 - state, pilot, ampere, flags
                self._stated(words[1], words[2], words[4])
            elif words[-1] in self._answers and not self._answers[words[-1]].done():
                self._answers[words[-1]].set_result(words[:-1])

    async def _poll(self) -> None:
        loop, evse = asyncio.get_running_loop(), self.evses[1]
        heard_s = loop.time()
        while True:
            try:
                state, _, pilot, flags = await self._say("GS", POLL_S)
                evse.found()
                self._stated(state, pilot, flags)
                heard_s = loop.time()
                if int(state, 16) in CP_STATES and not self._awake:
                    await self._off(POLL_S)  # it was reset, and woke up by itself
            except (HalError, ValueError) as error:
                if loop.time() - heard_s >= LOST_AFTER_S:
                    evse.lost(str(error))
            await asyncio.sleep(POLL_S)

    def _stated(self, state: str, pilot: str, flags: str) -> None:
        """Its state, the pilot's, and its flags, all in hexadecimal. Raises ValueError for what is none."""
        evse, code, bits = self.evses[1], int(state, 16), int(flags, 16)
        evse.report_faults({FAULTS[code]: f"OpenEVSE state {code:#04x}"} if code in FAULTS else {})
        closed = bool(bits & RELAY_CLOSED)
        self._cycles += closed and not self._closed
        self._closed = closed
        evse.report(ContactorChanged(closed, self._cycles))
        cp = CP_STATES.get(int(pilot, 16)) if code in CP_STATES else None
        if cp is None:  # asleep or at fault: it only knows whether a car is there
            cp = CpState.B if bits & EV_CONNECTED else CpState.A
        duty_pct = duty_for_current(self._amps) if code in {2, 3} and self._awake else None
        low_mv = LOW_MV if duty_pct is not None else LEVEL_MV[cp]
        evse.report(CpChanged(CpReading(cp, LEVEL_MV[cp], low_mv, duty_pct)))


def open_board(options: Mapping[str, Any]) -> RapiBoard:
    """The entry point `evse.boards`. Raises `HalError` naming the option at fault."""
    try:
        return RapiBoard(msgspec.convert(options, Options))
    except msgspec.ValidationError as error:
        raise HalError(f"rapi, options: {error}") from error
