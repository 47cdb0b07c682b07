"""The latency of every rule in real time: a whole `evse hal serve` between the suite and a board's counterpart.

In virtual time only what somebody waits for counts; here computing, frames, sockets and the kernel count, too. Part of
`make rules`, not of `make test`: a time that decides over a test's fate decides wrongly on a busy machine. Where it is
permitted, the HAL runs with real-time priority, as its unit has it, and the counterpart, which is in this process,
before it. Boards whose counterpart is in the driver's own process (pins, the simulated board) cannot be tried so.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hal.checks import CHECKS
from hal.conformance import Check, Subject
from hal.ownership import RULES, claim_of, is_dc
from hal.remote import RemoteBoard
from sim.bench import SimBench
from sim.benches import LEAVE_C_S
from sim.evse_din import COIL, MIRROR, WATCHDOG
from tests.hal.boards_tried import UNTIMED
from tests.hal.test_conformance_mutants import Stand, standing

pytestmark = [pytest.mark.campaign, pytest.mark.realtime, pytest.mark.timeout(180)]

AC_RULES = {one.rule for one in RULES if one.applies is not is_dc}
TIMED = [one for one in CHECKS if one.rule in AC_RULES and one.name not in UNTIMED]
READY_S = 30.0
INSTRUMENT = 20  # the counterpart's priority, above the HAL's


def options_of(stand: Stand, board: str) -> dict[str, Any]:
    """The table `hal.options` that fits."""
    match board:
        case "serial_mcu":
            return {"device": stand.counterpart.pty.path, "phase_switch": True}
        case "rapi":
            return {"device": stand.counterpart.pty.path, "leave_c_s": LEAVE_C_S}
    relay = {"unit": 2, "coil_register": COIL, "mirror_register": MIRROR, "watchdog_register": WATCHDOG}
    return {"bus": stand.counterpart.url, "relay": relay}


def as_toml(table: dict[str, Any]) -> str:
    """An inline table."""
    return (
        "{" + ", ".join(f"{k} = {as_toml(v) if isinstance(v, dict) else json.dumps(v)}" for k, v in table.items()) + "}"
    )


@pytest.fixture
def first() -> Any:
    """This process runs before others, where it may; those that it starts do not inherit that."""
    ordinary = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(INSTRUMENT))
    yield
    os.sched_setscheduler(0, *ordinary)


@asynccontextmanager
async def served(board: str, options: dict[str, Any], folder: Path) -> AsyncIterator[RemoteBoard]:
    """The board behind a HAL's process of its own."""
    config = folder / "evse.toml"
    config.write_text(f'[hal]\nboard = "{board}"\nsocket = "{folder}/hal.sock"\noptions = {as_toml(options)}\n')
    command = ("-m", "agent.cli", "hal", "serve", "--config", str(config), "--realtime", "--json")
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            assert await process.stdout.readline()
        remote = RemoteBoard(folder / "hal.sock")
        await remote.start()
        yield remote
        await remote.close()
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.enforces(*AC_RULES)
@pytest.mark.parametrize("board", ["serial_mcu", "rapi", "modbus_io"])
@pytest.mark.parametrize("check", [pytest.param(one, id=one.name) for one in TIMED])
def test_a_rule_is_enforced_in_real_time_behind_a_hal_of_its_own(
    board: str, check: Check, tmp_path: Path, first: None, record_property: Callable[[str, object], None]
):
    """On asyncio's own loop, whose clock is the system's."""
    assert check.rule is not None
    row = {"board": board, "rule": str(check.rule), "where": "HAL apart, real"}

    async def tried() -> dict[str, Any]:
        async with (
            standing(board, tmp_path, lambda _: None) as stand,
            served(board, options_of(stand, board), tmp_path) as remote,
        ):
            absent = next((one.why for one in check.unless if one.so(remote.evses[1])), None)
            if absent is not None:
                pytest.skip(f"{board}: {absent}")
            claim = claim_of(remote.info, check.rule)
            assert claim is not None
            subject = Subject(
                board=remote,
                evse=1,
                bench=SimBench(stand.behind),
                allowed_s=claim.latency_s,
                rule=check.rule,
                utc_s=lambda: None,
            )
            measured = await check.run(subject)
            return {**row, "owner": str(claim.owner), "measured_s": measured.latency_s, "allowed_s": claim.latency_s}

    with asyncio.Runner() as runner:
        found = runner.run(tried())
    record_property("latencies", [found])
    assert found["measured_s"] is None or found["measured_s"] <= found["allowed_s"], found
