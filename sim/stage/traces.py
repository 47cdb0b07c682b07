"""The last of what went over each wire, as lines of text: what a failing test is explained with."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, Literal

from sim.board import TraceEntry
from sim.timeline import clock

KEPT_FRAMES: Final = 200
KEPT_TELEGRAMS: Final = 60
KEPT_ENTRIES: Final = 200
WIRES: Final = frozenset(
    {"pilot", "cp", "permit", "contactor", "lock", "plug", "current", "under-load", "symptom", "rcd", "phases"}
)


class Traces:
    """Keeps the newest OCPP frames and Modbus telegrams; the pilot's and the contactor's story is the board's own."""

    def __init__(self) -> None:
        self._ocpp: deque[tuple[float, Literal["in", "out"], str]] = deque(maxlen=KEPT_FRAMES)
        self._modbus: deque[tuple[float, int, bytes, bytes | None]] = deque(maxlen=KEPT_TELEGRAMS)

    def ocpp(self, at_s: float, direction: Literal["in", "out"], frame: str) -> None:
        """A frame, as the station saw it."""
        self._ocpp.append((at_s, direction, frame))

    def modbus(self, at_s: float, unit: int, asked: bytes, answered: bytes | None) -> None:
        """A request to a meter and its answer's PDU; None: silence."""
        self._modbus.append((at_s, unit, asked, answered))  # put into words when somebody asks: few are ever read

    def sections(self, board: Iterable[TraceEntry]) -> list[tuple[str, str]]:
        """Titles and texts, for a report."""
        entries = deque((one for one in board if one.what in WIRES), maxlen=KEPT_ENTRIES)
        pilot = [f"{clock(one.at_s)}  EVSE {one.evse}  {one.what:10}{one.value}" for one in entries]
        return [
            ("OCPP frames (-> to the CSMS)", "\n".join(_frame(*one) for one in self._ocpp)),
            ("Modbus telegrams", "\n".join(_telegram(*one) for one in self._modbus)),
            ("control pilot and contactor", "\n".join(pilot)),
        ]


def _frame(at_s: float, direction: Literal["in", "out"], frame: str) -> str:
    return f"{clock(at_s)}  {'<-' if direction == 'in' else '->'}  {frame}"


def _telegram(at_s: float, unit: int, asked: bytes, answered: bytes | None) -> str:
    reply = "(silence)" if answered is None else answered.hex(" ")
    return f"{clock(at_s)}  unit {unit}  {asked.hex(' ')}  =>  {reply}"
