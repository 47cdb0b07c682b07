"""A charge on the virtual clock, recorded as `evse record` would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from agent.recording import AnyEntry
from sim.replay.recording import Recording, read
from sim.stage.place import Place, PlaceSpec, place
from sim.time import run_virtual

Story = Callable[[Place], Awaitable[None]]
FIELDS = {"settings": {"MeterValueSampleInterval": 30}}


def recorded(folder: Path, story: Story, before: Story | None = None, **fields) -> Path:
    """The file of a recording that begins when `before` is over and lasts as long as the story."""
    file = folder / "record.jsonl"

    async def play() -> None:
        async with place(folder / "place", PlaceSpec(**(FIELDS | fields))) as made:
            if before is not None:
                await before(made)
            recorder = made.station.agent.recorder
            lines: list[bytes] = [msgspec.json.encode(await recorder.begin())]

            def tell(entry: AnyEntry) -> None:
                lines.append(msgspec.json.encode(entry))

            with recorder.watching(tell):
                await story(made)
            file.write_bytes(b"\n".join([*lines, b""]))

    (folder / "place").mkdir()
    run_virtual(play())
    return file


def recording(folder: Path, story: Story, before: Story | None = None, **fields) -> Recording:
    return read(recorded(folder, story, before, **fields))


async def a_charge(here: Place) -> None:
    await asyncio.sleep(5.0)
    here.plug_in()
    await asyncio.sleep(4.0)
    here.tap()
    await asyncio.sleep(100.0)
    here.tap()
    await asyncio.sleep(10.0)
    here.board.plug_out(1)
    await asyncio.sleep(10.0)
