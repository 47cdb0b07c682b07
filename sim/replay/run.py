"""Feeds a recording to an agent on the virtual clock and compares what comes of it."""

from __future__ import annotations

import asyncio
import math
import random
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from agent.config import Config
from agent.core.effects import AnyEffect
from agent.core.events import AnyEvent, LimitSet
from agent.core.limits import LimitInput
from agent.core.session import Session
from agent.recording import AnyEntry, Begun, Did, Frame, Heard, Limited, Linked, Output, Rested
from agent.runtime.clock import LoopClock
from agent.runtime.journal import FILE_NAME
from hal.types import MeterSample, MeterSampled, TokenPresented
from sim.replay import bus
from sim.replay.compare import Act, Comparison, Difference, Steps, act_of_effect, act_of_frame, largest_steps
from sim.replay.csms import ReplayCsms
from sim.replay.hardware import ReplayBoard
from sim.replay.recording import Recording, RecordingError
from sim.station import Agent, AgentHost
from sim.time import run_virtual

PROLOGUE_S: Final = 30.0  # virtual seconds before the recording begins, in which the agent starts and boots
TOLERANCE_S: Final = 1.0  # our policy: on a busy machine real time is late by that much


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay came to. `compared`: how many acts of the recorded charger were looked for."""

    lasted_s: float
    compared: int
    samples: int
    differences: tuple[Difference, ...]


def replay(recording: Recording, directory: Path, tolerance_s: float = TOLERANCE_S) -> Outcome:
    """Play a recording, with files in `directory`, and say where today's agent differs. Raises `RecordingError`."""
    from_s = compared_from_s(recording)
    meters = run_virtual(bus.differences(recording))
    comparison = Comparison(tolerance_s, _steps(recording))
    acts, unsaid = run_virtual(_play(recording, directory, comparison.ids, from_s))
    until_s = recording.ends_s - tolerance_s  # what follows later may have been cut off
    then = [one for one in map(_act, recording.entries) if one is not None and one.at_s >= from_s]
    found = comparison.differences(then, [one for one in acts if one.at_s >= from_s], until_s)
    found += [Difference(at_s=at_s, kind="CSMS", what=f"no connection for {text[:80]}") for at_s, text in unsaid]
    begun_s = recording.begun.at_s
    differences = [msgspec.structs.replace(one, at_s=round(one.at_s - begun_s, 3)) for one in (*found, *meters)]
    return Outcome(
        lasted_s=recording.ends_s - begun_s,
        compared=len(then),
        samples=len(list(_samples(recording))),
        differences=tuple(sorted(differences, key=lambda one: one.at_s)),
    )


def compared_from_s(recording: Recording) -> float:
    """From when on a replay can be the same: every EVSE has been at rest once. Raises `RecordingError`."""
    from_s = recording.begun.at_s
    for number, evse in recording.begun.evses.items():
        if not evse.at_rest:
            rests = (one.at_s for one in recording.of(Rested) if one.evse == number)
            from_s = max(from_s, next(rests, math.inf))
    if math.isinf(from_s):
        raise RecordingError("an EVSE was busy all the time, with what began before: record from before it begins")
    return from_s


def _samples(recording: Recording) -> Iterator[MeterSample]:
    return (one.event.sample for one in recording.of(Heard) if isinstance(one.event, MeterSampled))


def _steps(recording: Recording) -> Steps:
    each = (
        largest_steps(
            one.event.sample
            for one in recording.of(Heard)
            if one.evse == number and isinstance(one.event, MeterSampled)
        )
        for number in recording.begun.evses
    )
    return Steps(*(max(values) for values in zip(*map(msgspec.structs.astuple, each), strict=True)))


def _act(entry: AnyEntry) -> Act | None:
    match entry:
        case Did(at_s=at_s, evse=evse, what=what):
            return act_of_effect(at_s, evse, what)
        case Frame(at_s=at_s, out=True, text=text):
            return act_of_frame(at_s, text)
        case _:
            return None


async def _play(
    recording: Recording, directory: Path, ids: dict[str, str], from_s: float
) -> tuple[list[Act], list[tuple[float, str]]]:
    """What the agent of today does, and what the CSMS could not say to it.

    Before `from_s` neither driver nor CSMS ask anything: what they asked was part of what had begun before.
    """
    begun, loop = recording.begun, asyncio.get_running_loop()
    await asyncio.sleep(max(0.0, begun.at_s - PROLOGUE_S))  # monotonic times are those of the recording from here on
    wall = lambda: begun.at_utc_s + loop.time() - begun.at_s  # noqa: E731 - as short as what it says
    csms = ReplayCsms(begun.link.version or "ocpp2.0.1", recording.of(Frame), from_s, wall, ids)
    host = _host(begun, directory, await csms.start(), LoopClock(wall))
    board = ReplayBoard(begun.board, begun.evses)
    acts: list[Act] = []
    with ExitStack() as watching:
        host.on_boot.append(lambda agent: watching.enter_context(_watching(agent, acts)))
        host.run_on(board)
        host.network(begun.link.connected)
        for number, evse in begun.evses.items():
            for event in evse.present:
                board.evses[number].say(event)
        await asyncio.sleep(begun.at_s - loop.time())
        acts.clear()
        speaking = loop.create_task(csms.speak())
        for entry in recording.entries:
            await asyncio.sleep(entry.at_s - loop.time())
            if entry.at_s >= from_s or not (isinstance(entry, Heard) and isinstance(entry.event, TokenPresented)):
                _feed(entry, host, board)
        await asyncio.sleep(0.001)  # what the last of them brings
        speaking.cancel()
        failure = host.failure
        await host.halt()
    await csms.stop()
    await board.close()
    if failure is not None:
        raise failure
    return acts, csms.unsaid


@contextmanager
def _watching(agent: Agent, acts: list[Act]) -> Iterator[None]:
    now_s = asyncio.get_running_loop().time

    def stepped(_before: Session, _event: AnyEvent | None, session: Session, effects: tuple[AnyEffect, ...]) -> None:
        acts.extend(act_of_effect(now_s(), session.evse, one) for one in effects if isinstance(one, Output))

    def frame(direction: Literal["in", "out"], text: str) -> None:
        act = act_of_frame(now_s(), text) if direction == "out" else None
        if act is not None:
            acts.append(act)

    with agent.charge_point.watching(stepped), agent.station.watching_frames(frame):
        yield


def _feed(entry: AnyEntry, host: AgentHost, board: ReplayBoard) -> None:
    """Let happen what happened."""
    match entry:
        case Heard(evse=evse, event=event):
            board.evses[evse].say(event)
        case Limited(evse=evse) if host.agent is not None:
            until_s = math.inf if entry.until_s is None else entry.until_s
            limit = LimitInput(entry.source, entry.current_a, until_s, entry.fallback_a)
            host.agent.charge_point.post(evse, LimitSet(limit))
        case Linked(up=up):
            host.network(up)


def _host(begun: Begun, directory: Path, port: int, clock: LoopClock) -> AgentHost:
    state_dir = directory / "state"
    state_dir.mkdir(parents=True)
    (state_dir / FILE_NAME).write_bytes(begun.journal)
    here = {"url": f"ws://127.0.0.1:{port}", "security_profile": 0, "allow_plain_text": True}
    told: dict[str, Any] = {**begun.config, "ocpp": {**begun.config["ocpp"], **here}, "state": {"dir": str(state_dir)}}
    try:
        config = msgspec.convert(told, Config, dec_hook=lambda _kind, value: Path(value))
    except msgspec.ValidationError as error:
        raise RecordingError(f"its configuration is not one of this version: {error}") from error
    ids, rng = random.Random(0), random.Random(0)
    return AgentHost(config, clock, lambda: str(uuid.UUID(int=ids.getrandbits(128), version=4)), rng, restarts=False)
