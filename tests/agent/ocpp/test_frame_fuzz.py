"""20,000 generated frames a run, played to whole stations: the link lives, every reply is legal, nothing piles up.

The frames come from the JSON schemas (tests/agent/ocpp/fuzzing.py), legal and broken; hypothesis draws and shrinks
their seeds. The station is one with all its blocks; only the WebSocket is a queue in memory, and the clock is virtual.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import random
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from agent.ocpp.codec import Version
from sim.time import new_virtual_loop
from tests.agent.ocpp.fuzzing import frame
from tests.agent.ocpp.instances import SCHEMAS, instance
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, EPOCH_TEXT, ScriptedCsms
from tests.agent.ocpp.stand import MemoryStore, Stand, stand
from tests.agent.ocpp.test_rpc_fuzz import assert_legal

BATCH = 100  # frames between two looks at whether the station still answers
BATCHES = 67  # of each version: 20,100 frames in all
JUDGED = 8  # calls of the station's own of each action: reports are long, and alike; its answers are all judged
WARM, MIDDLE = 56, 59  # batches after which memory is traced, and looked at; caches have filled up by then
REST_S = 1200.0
SPARE_BLOCKS = 0.25  # that a frame may leave behind, on an average: keeping the id of every call would be half a block


class MemoryLink:
    """What `agent.ocpp.connection.WebSocketLink` is to a station. `closed`: with which code the station hung up."""

    def __init__(self, version: Version, heard: Callable[[str], None]) -> None:
        self.version, self.peer = version, ()
        self.incoming: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.closed: int | None = None
        self._heard = heard

    async def send(self, text: str) -> None:
        self._heard(text)

    async def frames(self) -> AsyncIterator[str | bytes]:
        while True:
            yield await self.incoming.get()

    async def alive(self, within_s: float) -> bool:
        return True

    async def close(self, code: int, reason: str) -> None:
        self.closed = code

    async def keep_alive(self, interval_s: Callable[[], float], changed: asyncio.Event) -> None:
        await asyncio.get_running_loop().create_future()

    def drop(self) -> None:
        self.closed = 1006


class Judge:
    """The other end: answers the station's calls, mostly, and judges every frame of it by the schemas."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.rng = random.Random(0)
        self.asked: dict[str, str] = {}  # id of a call of ours to its action
        self.answered: dict[str, int] = {}
        self.told: Counter[str] = Counter()
        self.patient = False  # whether every call of the station's is answered for now
        self.waiting = ""  # the id of the station's call that was not answered, last
        self.link = MemoryLink(version, self.hear)
        self._validators: dict[str, Any] = {}

    def hear(self, text: str) -> None:
        kind, message_id, *rest = json.loads(text)
        match kind:
            case 2:
                self.told[rest[0]] += 1
                if self.told[rest[0]] <= JUDGED:
                    self.judge(f"{rest[0]}Request", rest[1])
                self.serve(message_id, rest[0])
            case 3:
                self.answered[message_id] = self.answered.get(message_id, 0) + 1
                if message_id in self.asked:  # a torn frame may have become a call of another name
                    self.judge(f"{self.asked[message_id]}Response", rest[0])
            case _:
                assert_legal(text, self.version)
                if kind == 4:
                    self.answered[message_id] = self.answered.get(message_id, 0) + 1

    def judge(self, name: str, payload: Any) -> None:
        if name not in self._validators:
            self._validators[name] = jsonschema.Draft6Validator(SCHEMAS[self.version][name])
        wrong = next(self._validators[name].iter_errors(payload), None)
        assert wrong is None, f"the station sent {name} {payload}: {wrong.message}"

    def serve(self, message_id: str, action: str) -> None:
        """One call of the station in four is left to what the fuzz makes of it, and to its time-out."""
        if action == "BootNotification":
            self.link.incoming.put_nowait(json.dumps([3, message_id, BOOT_ACCEPTED]))
        elif action == "Heartbeat":
            self.link.incoming.put_nowait(json.dumps([3, message_id, {"currentTime": EPOCH_TEXT}]))
        elif self.patient or self.rng.random() < 0.75:
            answer = instance(SCHEMAS[self.version][f"{action}Response"], self.rng, 0.3)
            self.link.incoming.put_nowait(json.dumps([3, message_id, answer]))
        else:
            self.waiting = message_id


def strictly(text: bytes) -> Any:
    """What a frame says. Raises ValueError also where Python's parser is lenient: NaN, overflows, lone surrogates."""
    found = json.loads(text)
    json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    return found


class Fuzzed:
    """A station between its judge and the frames."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.judge = Judge(version)
        self.played = 0
        self.one: Stand
        self.loop = new_virtual_loop()
        self._open = contextlib.AsyncExitStack()

    async def begin(self) -> None:
        self.one = await self._open.enter_async_context(
            stand(ScriptedCsms(versions=()), url="ws://127.0.0.1:9/never", store=Forgetful(), versions=(self.version,))
        )
        link = self.judge.link

        async def dial(_frames: object) -> MemoryLink:
            return link

        self.one.station._uplink.dial = dial  # type: ignore[method-assign]
        await asyncio.sleep(5.0)
        assert self.one.station.online

    async def play(self, seed: int) -> None:
        """A batch of frames; then the station has to be there still, and to have answered every readable call once."""
        judge, link = self.judge, self.judge.link
        judge.asked.clear()
        judge.answered.clear()
        rng, theirs = random.Random(seed), judge.waiting or "nobody"
        ids = [f"{rng.getrandbits(64):016x}" for _ in range(BATCH)]  # so far apart that none is torn into another one
        sent = {mine: frame(self.version, rng.getrandbits(32), mine, theirs) for mine in ids}
        for mine, text in sent.items():
            with contextlib.suppress(ValueError, RecursionError):
                match strictly(text):
                    case [int(2), str() as message_id, str() as action, dict()] if message_id == mine:
                        judge.asked[mine] = action
            link.incoming.put_nowait(text)
        judge.asked["alive"] = "GetLocalListVersion"
        link.incoming.put_nowait('[2,"alive","GetLocalListVersion",{}]')
        await asyncio.sleep(60.0)  # calls of the station's own time out, cables are released
        self.played += len(sent)
        assert link.closed is None, "the station hung up"
        assert judge.answered.get("alive") == 1, "the station does not answer any more"
        wrong = {one: judge.answered.get(one, 0) for one in judge.asked if judge.answered.get(one, 0) != 1}
        assert not wrong, f"not answered once, but so often: {wrong}: {[sent.get(one) for one in wrong]}"
        for remembers in (self.one.charger.posted, self.one.charger.resets, self.one.charger.pages, self.one.learnt):
            remembers.clear()  # what the stand keeps, so that what the station keeps is seen
        for others in (self.one.charger.unlocks, self.one.charger.times_utc_s, self.one.events):
            others.clear()

    async def rest(self) -> None:
        """Let the station bring to its end what it is at: reports, events, whatever was not answered."""
        self.judge.patient = True
        await asyncio.sleep(REST_S)
        self.judge.patient = False

    async def end(self) -> None:
        await self._open.aclose()


class Forgetful(MemoryStore):
    """A store that keeps what it is to keep, and no list of how it came to that."""

    def commit(self, *operations, within_s=None, kept=False, synced=True):
        done = super().commit(*operations, within_s=within_s, kept=kept)
        self.commits.clear()
        return done


@pytest.fixture
def fuzzed(request: pytest.FixtureRequest) -> Iterator[Fuzzed]:
    one = Fuzzed(request.param)
    logging.disable(logging.ERROR)  # every frame that is dropped is told of, and pytest would keep it all
    asyncio.set_event_loop(one.loop)
    one.loop.run_until_complete(one.begin())
    yield one
    one.loop.run_until_complete(one.end())
    one.loop.close()
    asyncio.set_event_loop(None)
    logging.disable(logging.NOTSET)


def held_by_the_agent() -> int:
    """How many blocks of memory are held that were allocated in the agent's code since tracing began."""
    gc.collect()
    agent = tracemalloc.Filter(inclusive=True, filename_pattern="*/agent/ocpp/*")
    runtime = tracemalloc.Filter(inclusive=True, filename_pattern="*/agent/runtime/*")
    core = tracemalloc.Filter(inclusive=True, filename_pattern="*/agent/core/*")
    tests = tracemalloc.Filter(inclusive=False, filename_pattern="*/tests/*")
    shot = tracemalloc.take_snapshot().filter_traces([agent, runtime, core, tests])
    return sum(one.count for one in shot.statistics("lineno"))


@pytest.mark.parametrize("fuzzed", Version, indirect=True)
def test_a_station_survives_thousands_of_generated_frames_and_answers_each_legally(fuzzed: Fuzzed):
    held: dict[int, int] = {}

    @settings(max_examples=BATCHES, deadline=None, database=None, phases=(Phase.generate,))
    @given(st.integers(0, 2**64))
    def play(seed: int) -> None:
        fuzzed.loop.run_until_complete(fuzzed.play(seed))
        match fuzzed.played // BATCH:
            case one if one == WARM:
                tracemalloc.start()
            case one if one in {MIDDLE, BATCHES}:
                fuzzed.loop.run_until_complete(fuzzed.rest())
                held[one] = held_by_the_agent()

    try:
        play()
    finally:
        tracemalloc.stop()
    assert fuzzed.played == BATCH * BATCHES
    grown = (held[BATCHES] - held[MIDDLE]) / (BATCHES - MIDDLE) / BATCH
    assert grown < SPARE_BLOCKS, f"{grown:.2f} blocks of memory stay behind with each frame"
