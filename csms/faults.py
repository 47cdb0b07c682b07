"""Faults that a CSMS has on order: for the tests of chargers. Each befalls answers whose message was stored already."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from agent.ocpp.errors import CallError, ErrorCode
from agent.ocpp.stamps import from_wire, to_wire
from csms.records import ChargerState

MAX_DELAY_S = 3_600.0  # our policy
MAX_CLOCK_ERROR_S = 3_200_000_000.0  # our policy: a century either way


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What befalls the next `times` answers (None: all, until the faults are cleared); several things at once may.

    `charger` and `action` None: any. `error`: a CALLERROR with this code instead of the answer. `malformed`: half of
    the frame. `clock_error_s`: BootNotification and Heartbeat tell a time that is off by so much. `boot`: what
    BootNotification is answered, whatever the operator decided. `drop`: no answer. `close`: nor a connection any more.
    """

    charger: str | None = None
    action: str | None = None
    times: Annotated[int, msgspec.Meta(ge=1)] | None = 1
    delay_s: Annotated[float, msgspec.Meta(ge=0, le=MAX_DELAY_S)] = 0.0
    error: ErrorCode | None = None
    malformed: bool = False
    clock_error_s: Annotated[float, msgspec.Meta(ge=-MAX_CLOCK_ERROR_S, le=MAX_CLOCK_ERROR_S)] = 0.0
    boot: ChargerState | None = None
    drop: bool = False
    close: bool = False

    def distort(self, answer: msgspec.Struct | CallError) -> msgspec.Struct | CallError:
        """The answer as this fault has it."""
        if self.error is not None:
            return CallError(self.error, "a fault that was asked for")
        if isinstance(answer, CallError):
            return answer
        changes: dict[str, Any] = {}
        if self.clock_error_s and hasattr(answer, "currentTime"):
            changes["currentTime"] = to_wire(from_wire(answer.currentTime) + self.clock_error_s)
        if self.boot is not None and hasattr(answer, "interval"):  # only BootNotification's answer has one
            changes["status"] = self.boot.value
        return msgspec.structs.replace(answer, **changes) if changes else answer

    def mangle(self, frame: str) -> str:
        """The frame as it goes out."""
        return frame[: len(frame) // 2] if self.malformed else frame


class Faults:
    """The faults that are due. Without any, answers go out as they should."""

    def __init__(self) -> None:
        self._due: list[Fault] = []

    @property
    def due(self) -> tuple[Fault, ...]:
        """In the order in which they are looked at; the first that fits an answer befalls it."""
        return tuple(self._due)

    def add(self, fault: Fault) -> None:
        """Let a fault befall the coming answers."""
        self._due.append(fault)

    def clear(self) -> None:
        """Let all be well again."""
        self._due.clear()

    def take(self, charger: str, action: str) -> Fault | None:
        """The fault that befalls this answer, if any."""
        for fault in self._due:
            if fault.action in {None, action} and fault.charger in {None, charger}:
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self._due.remove(fault)
                return fault
        return None
