"""An EVSE's hardware that notes what is asked of it, and a journal that answers when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from hal.errors import HalError
from hal.types import EvseCapabilities, Stamped


class StubHardware:
    """Each command is noted as (time, words). `hang` holds a command's answer back; `fail` refuses it with an error."""

    meter = None
    led = None
    display = None
    rcd = None
    phase_switch = None

    def __init__(self) -> None:
        self.capabilities = EvseCapabilities(max_current_a=32.0)
        self.pilot = self.contactor = self.lock_port = self
        self.lock = self
        self.asked: list[tuple[float, str]] = []
        self.hang: set[str] = set()
        self.fail: HalError | None = None
        self._events: asyncio.Queue[Stamped | None] = asyncio.Queue()
        self._seq = 0

    def happen(self, event) -> None:
        self._seq += 1
        self._events.put_nowait(Stamped(self._seq, asyncio.get_running_loop().time(), event))

    def end(self) -> None:
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[Stamped]:
        while (stamped := await self._events.get()) is not None:
            yield stamped

    @property
    def words(self) -> list[str]:
        return [what for _, what in self.asked]

    async def _do(self, what: str) -> None:
        self.asked.append((asyncio.get_running_loop().time(), what))
        if what in self.hang:
            await asyncio.Event().wait()
        if self.fail is not None:
            raise self.fail

    async def permit(self, on, reason, *, deadline_s=1.0):
        await self._do("permit on" if on else "permit off")

    async def pwm(self, duty_pct, *, deadline_s=1.0):
        await self._do(f"pwm {duty_pct:g}")

    async def x1(self, *, deadline_s=1.0):
        await self._do("x1")

    async def state_e(self, *, deadline_s=1.0):
        await self._do("e")

    async def state_f(self, *, deadline_s=1.0):
        await self._do("f")

    async def unlock(self, *, deadline_s=1.0):
        await self._do("unlock")


class StubJournal:
    """Notes commits; `answer()` makes them durable, `refuse(error)` fails them. With `prompt` they answer at once."""

    def __init__(self, *, prompt: bool = False) -> None:
        self.commits: list[tuple] = []
        self.synced: list[bool] = []  # which of them asked for a sync
        self.asked: list[tuple] = []  # what those that wait are about
        self.waiting: list[asyncio.Future[None]] = []
        self.next_fact_id = 1
        self.prompt = prompt
        self.error: Exception | None = None

    def commit(self, *operations, within_s=None, synced=True) -> asyncio.Future[None]:
        if operations:
            self.commits.append(operations)
            self.synced.append(synced)
        self.asked.append(operations)
        self.next_fact_id += sum(type(one).__name__ == "AddFact" for one in operations)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        if self.error is not None:
            self.refuse(self.error)
        elif self.prompt:
            self.answer()
        return future

    def answer(self) -> None:
        for future in self.waiting:
            future.set_result(None)
        self.waiting.clear()
        self.asked.clear()

    def refuse(self, error: Exception) -> None:
        for future in self.waiting:
            future.set_exception(error)
        self.waiting.clear()
        self.asked.clear()

    @property
    def facts(self) -> list:
        return [one.stored.fact for commit in self.commits for one in commit if type(one).__name__ == "AddFact"]
