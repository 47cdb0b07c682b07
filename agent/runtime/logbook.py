"""The files that a CSMS can ask for: the security log, and a bundle for whoever has to find out what is wrong.

Nothing in them is a secret: values of secret settings and passwords in frames are hidden, tokens are masked, and every
line is looked through once more for the secrets that the station knows.
"""

from __future__ import annotations

import asyncio
import collections
import io
import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from agent import views
from agent.core.texts import plain
from agent.ocpp.asks.files import LogKind
from agent.ocpp.connection import Direction
from agent.ocpp.masking import HIDDEN, masked_frame
from agent.ocpp.stamps import to_wire
from agent.runtime.clock import Clock
from agent.runtime.journal import Journal, JournalError

LOG_LINES: Final = 2_000  # our policy: what is kept of the log in memory
FRAMES: Final = 500  # our policy: what is kept of the talk with the CSMS
MAX_LINE: Final = 2_000  # our policy
FORMAT: Final = logging.Formatter("%(levelname)s %(name)s %(message)s")
SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


class Tail(logging.Handler):
    """The last lines of the log, each on one line whatever was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(FORMAT)
        self.lines: collections.deque[tuple[float, str]] = collections.deque(maxlen=LOG_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        try:
            self.lines.append((record.created, plain(self.format(record), MAX_LINE)))
        except (TypeError, ValueError, KeyError):  # a line that cannot be made is no reason to fail
            self.handleError(record)


class Book:
    """Meets `agent.ocpp.workshop.LogBook`. `status` and `settings` are read when a file is made; `secrets` too."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        identity: str,
        *,
        status: Callable[[], object],
        settings: Callable[[], Iterable[tuple[str, str]]],
        secrets: Callable[[], Iterable[str]],
    ) -> None:
        self.tail = Tail()
        self._frames: collections.deque[tuple[float, Direction, str]] = collections.deque(maxlen=FRAMES)
        self._journal = journal
        self._clock = clock
        self._identity = identity
        self._status = status
        self._settings = settings
        self._secrets = secrets

    def keep_frames(self, most: int) -> None:
        """Keep no more of the talk with the CSMS than this many frames."""
        self._frames = collections.deque(self._frames, maxlen=most)

    def frame(self, direction: Direction, text: str) -> None:
        """A frame of the CSMS's or the station's."""
        self._frames.append((self._clock.now().utc_s, direction, text))

    def name(self, kind: LogKind, at_utc_s: float) -> str:
        """What such a file is called: who, what, when."""
        stamp = "".join(one for one in to_wire(at_utc_s) if one.isalnum())
        identity = "".join(one if one in SAFE else "_" for one in self._identity)
        what, ending = ("security", "log") if kind is LogKind.SECURITY else ("diagnostics", "tar.gz")
        return f"{identity}-{what}-{stamp}.{ending}"

    async def write(self, kind: LogKind, to: Path, oldest_utc_s: float | None, latest_utc_s: float | None) -> None:
        """Write the log of that time. Raises OSError."""

        def within(at_utc_s: float) -> bool:
            return (oldest_utc_s is None or at_utc_s >= oldest_utc_s) and (
                latest_utc_s is None or at_utc_s <= latest_utc_s
            )

        try:
            content = await self._content(kind, within)
        except JournalError as error:
            raise OSError(str(error)) from error
        await asyncio.get_running_loop().run_in_executor(None, _write, to, content)

    async def _content(self, kind: LogKind, within: Callable[[float], bool]) -> bytes:
        if kind is LogKind.SECURITY:
            return self._redacted(self._security(within)).encode()
        parts = {name: self._redacted(text) for name, text in self._parts(within).items()}
        at_s = int(self._clock.now().utc_s)
        return await asyncio.get_running_loop().run_in_executor(None, _packed, parts, at_s)

    def _security(self, within: Callable[[float], bool]) -> str:
        entries = (one for one in self._journal.security_log() if within(one.at_utc_s))
        return _lines(f"{to_wire(one.at_utc_s)} {one.kind} {plain(one.info, MAX_LINE)}".rstrip() for one in entries)

    def _parts(self, within: Callable[[float], bool]) -> dict[str, str]:
        ledger = (views.ledger_row(row) for row in self._journal.ledger() if within(row.started_utc_s))
        letters = (views.dead_letter(letter) for letter in self._journal.dead_letters())
        return {
            "status.json": json.dumps(self._status(), indent=1, default=str),
            "settings.txt": _lines(f"{name} = {plain(value, MAX_LINE)}" for name, value in self._settings()),
            "sessions.jsonl": _lines(json.dumps(row, default=str) for row in ledger),
            "dead-letters.jsonl": _lines(json.dumps(letter, default=str) for letter in letters),
            "security.log": self._security(within),
            "agent.log": _lines(f"{to_wire(at)} {line}" for at, line in self.tail.lines if within(at)),
            "ocpp.log": _lines(
                f"{to_wire(at)} {'<-' if direction == 'in' else '->'} {plain(masked_frame(frame), MAX_LINE)}"
                for at, direction, frame in self._frames
                if within(at)
            ),
        }

    def _redacted(self, text: str) -> str:
        for secret in self._secrets():
            text = text.replace(secret, HIDDEN)
        return text


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _packed(parts: dict[str, str], at_utc_s: int) -> bytes:
    import tarfile  # with every compression there is: loaded when somebody asks for a bundle

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in parts.items():
            content = text.encode(errors="replace")
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), at_utc_s, 0o640
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _write(to: Path, content: bytes) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)
