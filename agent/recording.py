"""What `evse record` writes down of a running agent, and the form it has: what came in, and what the agent made of it.

A recording is a file of JSON lines: `Begun`, with a copy of the journal, then entries as they happen. `evse sim replay`
feeds what came in to another agent and compares what that one makes of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from agent.config import Config
from agent.core.effects import AnyEffect, LockConnector, OfferCurrent, PermitPower, SetPilot
from agent.core.events import AnyEvent, LimitSet
from agent.core.limits import LimitInput, LimitSource
from agent.core.session import Phase, Session
from agent.ocpp.connection import LinkState
from agent.ocpp.masking import is_secret, masked_frame
from agent.ocpp.station import Station
from agent.runtime.chargepoint import ChargePoint
from agent.runtime.clock import Clock
from agent.runtime.journal import Journal
from agent.runtime.schema import open_for_reading
from hal.board import Board, EvseHardware, Wiretap
from hal.errors import HalError
from hal.types import AnyHalEvent, BoardInfo, BusHeard, EvseCapabilities, HalEvent, MeterSampled

FORMAT: Final = 1
PRESENT_S: Final = 0.5  # our policy: a stream has told its present state by then
OUTSIDE: Final = frozenset({LimitSource.GRID, LimitSource.LOCAL})  # limits that no other entry explains

Output = PermitPower | OfferCurrent | SetPilot | LockConnector


class Entry(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of what happens, at a monotonic time of the recorded process."""

    at_s: float


class Heard(Entry, frozen=True):
    """The hardware reported this, and the session of the EVSE took it in."""

    evse: int
    event: AnyHalEvent


class Limited(Entry, frozen=True):
    """Somebody outside OCPP limits an EVSE's current; `until_s` None: without an end."""

    evse: int
    source: LimitSource
    current_a: float
    until_s: float | None
    fallback_a: float


class Did(Entry, frozen=True):
    """The session asked this of the hardware."""

    evse: int
    what: Output


class Frame(Entry, frozen=True):
    """An OCPP frame came in, or went out; secrets are hidden."""

    out: bool
    text: str


class Linked(Entry, frozen=True):
    """A connection to the CSMS came about, or was lost."""

    up: bool


class Bus(Entry, frozen=True):
    """A meter was asked over its bus."""

    evse: int
    heard: BusHeard


class Rested(Entry, frozen=True):
    """An EVSE came to rest: no driver, no transaction, nobody's business is left over."""

    evse: int


class Ended(Entry, frozen=True):
    """The recording ended in order."""


AnyEntry = Heard | Limited | Did | Frame | Linked | Bus | Rested | Ended


class EvseBegun(msgspec.Struct, frozen=True, kw_only=True):
    """An EVSE as it is when the recording begins. `at_rest`: as of `Rested`."""

    capabilities: EvseCapabilities
    has_lock: bool
    max_current_a: float
    priority: int
    at_rest: bool
    present: tuple[AnyHalEvent, ...]


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The station as it is when the recording begins. `journal`: an SQLite database, without secrets."""

    evse_recording: int = FORMAT
    at_s: float
    at_utc_s: float
    config: dict[str, Any]
    link: LinkState
    board: BoardInfo
    evses: dict[int, EvseBegun]
    journal: bytes


class Recorder:
    """Tells, to whoever asks, what comes into an agent and what it makes of it."""

    def __init__(
        self, config: Config, board: Board, charge_point: ChargePoint, station: Station, journal: Journal, clock: Clock
    ) -> None:
        self._config = config
        self._board = board
        self._charge_point = charge_point
        self._station = station
        self._journal = journal
        self._clock = clock
        self._listeners = 0

    async def begin(self) -> Begun:
        """The station at this moment. Raises `JournalError`."""
        await self._journal.commit()  # what waits is written first
        journal = await asyncio.to_thread(journal_copy, self._journal.path)
        hardware = {number: self._board.evses[number] for number in self._charge_point.evse_ids}
        present = {number: await present_state(one) for number, one in hardware.items()}
        now = self._clock.now()
        return Begun(
            at_s=now.mono_s,
            at_utc_s=now.utc_s,
            config=_told(self._config),
            link=self._station.link(),
            board=self._board.info,
            evses={number: self._evse(number, one, present[number]) for number, one in hardware.items()},
            journal=journal,
        )

    @contextmanager
    def watching(self, tell: Callable[[AnyEntry], None]) -> Iterator[None]:
        """Tell everything that happens until the block ends."""
        now_s = asyncio.get_running_loop().time
        ears = [asyncio.create_task(self._listen(number, tell)) for number in self._charge_point.evse_ids]

        def frame(direction: str, text: str) -> None:
            tell(Frame(at_s=now_s(), out=direction == "out", text=masked_frame(text)))

        def linked(up: bool) -> None:
            tell(Linked(at_s=now_s(), up=up))

        def stepped(before: Session, event: AnyEvent | None, session: Session, effects: tuple[AnyEffect, ...]) -> None:
            at_s = now_s()
            match event:
                case HalEvent():
                    heard: Any = event
                    tell(Heard(at_s=at_s, evse=session.evse, event=heard))
                case LimitSet(limit) if limit.source in OUTSIDE:
                    tell(_limited(at_s, session.evse, limit))
            for effect in effects:
                if isinstance(effect, Output):
                    tell(Did(at_s=at_s, evse=session.evse, what=effect))
            if _is_at_rest(session) and not _is_at_rest(before):
                tell(Rested(at_s=at_s, evse=session.evse))

        with self._charge_point.watching(stepped), self._station.watching_frames(frame, linked):
            try:
                yield
            finally:
                for ear in ears:
                    ear.cancel()

    async def _listen(self, number: int, tell: Callable[[AnyEntry], None]) -> None:
        """Tap the EVSE's meter, where it can be tapped, until cancelled; the last to listen takes the tap away."""
        hardware = self._board.evses[number]
        wiretap: Wiretap | None = getattr(hardware, "wiretap", None)
        if wiretap is None:
            return
        self._listeners += 1
        try:
            await wiretap.tap(True)
            async for stamped in hardware.events():
                if isinstance(stamped.event, BusHeard):
                    tell(Bus(at_s=stamped.mono_s, evse=number, heard=stamped.event))
        except HalError:
            return  # the hardware is away: what is told of it goes on without its bus
        finally:
            self._listeners -= 1
            if self._listeners == 0:
                for one in self._board.evses.values():
                    await _untap(one)

    def _evse(self, number: int, hardware: EvseHardware, present: tuple[AnyHalEvent, ...]) -> EvseBegun:
        configured = next(one for one in self._config.evse if one.id == number)
        session = self._charge_point.session(number)
        if session.meter is not None:
            present = (*present, MeterSampled(session.meter))
        return EvseBegun(
            capabilities=hardware.capabilities,
            has_lock=hardware.lock is not None,
            max_current_a=configured.wiring_a,
            priority=configured.priority,
            at_rest=_is_at_rest(session),
            present=present,
        )


def _limited(at_s: float, evse: int, limit: LimitInput) -> Limited:
    return Limited(
        at_s=at_s,
        evse=evse,
        source=limit.source,
        current_a=limit.current_a,
        until_s=limit.until_mono_s if math.isfinite(limit.until_mono_s) else None,
        fallback_a=limit.fallback_a,
    )


def _is_at_rest(session: Session) -> bool:
    return session.phase is Phase.IDLE and session.tx is None and session.driver is None


async def _untap(hardware: EvseHardware) -> None:
    wiretap: Wiretap | None = getattr(hardware, "wiretap", None)
    if wiretap is None:
        return
    try:
        await wiretap.tap(False)
    except HalError:
        return  # a host without its client taps nothing


async def present_state(hardware: EvseHardware) -> tuple[AnyHalEvent, ...]:
    """What a new reader of the EVSE's stream hears first."""
    state: list[AnyHalEvent] = []

    async def hear() -> None:
        async for stamped in hardware.events():
            if not isinstance(stamped.event, BusHeard):
                state.append(stamped.event)  # noqa: PERF401 - it is what was heard when time was up

    with contextlib.suppress(TimeoutError):  # the present is told
        async with asyncio.timeout(PRESENT_S):
            await hear()
    return tuple(state)


def journal_copy(path: Path) -> bytes:
    """The journal as one file's bytes, also while an agent writes to it, without the secrets in it."""
    source, copy = open_for_reading(path), sqlite3.connect(":memory:")
    try:
        source.backup(copy)
        for table, key, value in (("settings", "key", "value"), ("meta", "key", "value")):
            rows = copy.execute(f"SELECT {key}, {value} FROM {table}").fetchall()  # noqa: S608 - names of our own
            hidden = [name for name, held in rows if is_secret(name) or is_secret(_text(held))]
            copy.executemany(f"DELETE FROM {table} WHERE {key} = ?", [(one,) for one in hidden])  # noqa: S608
        copy.commit()
        copy.execute("VACUUM")  # or what was deleted would still stand in free pages
        return copy.serialize()
    finally:
        copy.close()
        source.close()


def _text(held: object) -> str:
    return held.decode(errors="replace") if isinstance(held, bytes) else str(held)


def _told(config: Config) -> dict[str, Any]:
    """The configuration's parts that decide what the agent does, without files and secrets."""
    return {
        "schema_version": config.schema_version,
        "station": msgspec.to_builtins(config.station),
        "ocpp": {"versions": list(config.ocpp.versions)},
        "evse": msgspec.to_builtins(config.evse),
        "site": msgspec.to_builtins(config.site),
        "settings": {name: value for name, value in config.settings.items() if not is_secret(name)},
    }
