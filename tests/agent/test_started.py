"""What a start looks like: of the machine, or only of the agent on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.main import _why_started
from agent.ocpp.dialect import BootReason
from agent.runtime.journal import FILE_NAME, Journal


@pytest.mark.req("B01.FR.09")
async def test_the_agent_tells_its_own_restart_from_the_machines(tmp_path: Path):
    seen = []
    for machine in ("first", "first", "second", None, "second"):
        journal = Journal.open(tmp_path / FILE_NAME)
        seen.append(_why_started(journal, machine))
        await journal.close()
    power, agent = BootReason.POWER_UP, BootReason.APPLICATION_RESET
    assert seen == [power, agent, power, power, agent]
