"""What happened, in order and in words: the physics' own trace and the agent's steps on one time line."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from agent.core.effects import AnyEffect, Emit
from agent.core.events import AnyEvent, AuthorizationDecided, Recorded
from agent.core.facts import ConnectorStatusChanged, TransactionEnded, TransactionStarted
from agent.core.session import Session
from hal.types import TokenPresented
from sim.board import SimBoard, TraceEntry

CP_WORDS = {
    "A": "CP +12 V: nobody there",
    "B": "CP +9 V: connected, not ready",
    "C": "CP +6 V: the car asks for energy",
    "D": "CP +3 V: the car asks for energy and ventilation",
    "E": "CP 0 V",
    "F": "CP -12 V",
}
CONTACTOR_WORDS: dict[object, str] = {(True, True, True): "closed", (False, False, False): "open"}


class Line(msgspec.Struct, frozen=True, order=True):
    """One line: seconds since the start, who, what."""

    at_s: float
    who: str
    what: str


class Timeline:
    """Collects lines from a board's trace and from the steps of a session; hands them out in order."""

    def __init__(self, board: SimBoard) -> None:
        self._board = board
        self._read = 0
        self._lines: list[Line] = []

    def note(self, at_s: float, who: str, what: str) -> None:
        """Add a line of one's own."""
        self._lines.append(Line(at_s, who, what))

    def watch(self, at_s: float, event: AnyEvent | None, session: Session, effects: tuple[AnyEffect, ...]) -> None:
        """Add what a step of the agent is worth telling."""
        match event:
            case TokenPresented(token):
                self.note(at_s, "driver", f"presents token {token}")
            case AuthorizationDecided(_, token, info):
                self.note(at_s, "CSMS", f"token {token.value}: {info.status}")
            case Recorded():
                reading = f"{session.tx.start_energy_wh:.0f} Wh" if session.tx else "the session"
                self.note(at_s, "journal", f"authorisation and opening reading ({reading}) are on disk")
        for effect in effects:
            if isinstance(effect, Emit):
                self._fact(at_s, effect)

    def meter(self, at_s: float, evse: int) -> None:
        """Add what the car draws and the true energy so far."""
        now = self._board.snapshot(evse)
        power_w = sum(v * i for v, i in zip(now.voltage_v, now.current_a, strict=True))
        soc = "" if now.soc_pct is None else f"   battery {now.soc_pct:.0f} %"
        self.note(at_s, "meter", f"{power_w / 1000:5.1f} kW   {now.energy_wh / 1000:7.3f} kWh{soc}")

    def take(self) -> Iterator[Line]:
        """The lines since the last call, in order of time."""
        for entry in self._board.trace[self._read :]:
            words = _words(entry)
            if words is not None:
                self.note(entry.at_s, *words)
        self._read = len(self._board.trace)
        lines, self._lines = sorted(self._lines, key=lambda line: line.at_s), []
        yield from lines

    def _fact(self, at_s: float, effect: Emit) -> None:
        match effect.fact:
            case TransactionStarted() as fact:
                self.note(at_s, "station", f"transaction {fact.tx[:8]} begins at {fact.reading.energy_wh:.0f} Wh")
            case TransactionEnded() as fact:
                self.note(at_s, "station", f"transaction ends at {fact.reading.energy_wh:.0f} Wh: {fact.reason}")
            case ConnectorStatusChanged() as fact:
                fault = f" ({fact.fault})" if fact.fault else ""
                self.note(at_s, "station", f"connector is {fact.status}{fault}")


def _words(entry: TraceEntry) -> tuple[str, str] | None:
    match entry.what:
        case "plug":
            return "car", f"cable plugged {entry.value}"
        case "cp":
            return "car", CP_WORDS.get(str(entry.value), f"CP {entry.value}")
        case "pilot":
            return "pilot", str(entry.value)
        case "contactor":
            return "contactor", CONTACTOR_WORDS.get(entry.value, f"poles {entry.value}")
        case "lock" | "rcd" | "phases" | "symptom" | "under-load":
            return entry.what, str(entry.value)
        case _:
            return None


def clock(at_s: float) -> str:
    """Seconds as h:mm:ss.t."""
    hours, rest = divmod(at_s, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours:2.0f}:{minutes:02.0f}:{seconds:04.1f}"
