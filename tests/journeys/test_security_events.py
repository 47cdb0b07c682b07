"""What a whole station tells its CSMS, unasked, about its own security."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent.core.security import LoggedEvent, SecurityEventKind
from agent.ocpp.v16 import wire as v16
from agent.ocpp.v201 import wire as v201
from agent.runtime.journal import JournalReader
from tests.journeys.place import EPOCH_S, IDENTITY, Place, place


async def heard(p: Place) -> list[dict[str, Any]]:
    """The security events that came to the CSMS."""
    frames = await p.csms.store.read(lambda database: database.frames(IDENTITY))
    calls = [json.loads(one.frame) for one in frames]
    return [one[3] for one in calls if one[0] == 2 and one[2] == "SecurityEventNotification"]


def in_the_log(directory: Path) -> list[LoggedEvent]:
    reader = JournalReader.open(next(directory.rglob("journal.sqlite")))
    try:
        return reader.security_log()
    finally:
        reader.close_reader()


@pytest.mark.req("A04.FR.01", "A04.FR.02", "A04.FR.04")
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_startup_and_reset_are_told_also_across_the_restart_and_stand_in_the_log(version: str, tmp_path: Path):
    reset = v16.ResetRequest(type="Hard") if version == "1.6" else v201.ResetRequest(type="Immediate")
    async with place(tmp_path, version) as p:
        await asyncio.sleep(5)
        (startup,) = await heard(p)
        assert startup["type"] == "StartupOfTheDevice"
        assert startup["timestamp"].startswith("20")
        assert (await p.csms.call(IDENTITY, reset)).status == "Accepted"
        await asyncio.sleep(60)
        if not p.station.alive:
            p.station.boot()
            await asyncio.sleep(60)
        assert [one["type"] for one in await heard(p)] == ["StartupOfTheDevice", "ResetOrReboot", "StartupOfTheDevice"]
        logged = in_the_log(tmp_path)
        startup_kind, reset_kind = SecurityEventKind.STARTUP, SecurityEventKind.RESET
        assert [one.kind for one in logged] == [startup_kind, reset_kind, startup_kind]
        assert all(one.at_utc_s >= EPOCH_S for one in logged)
