"""Our commands as processes that say in JSON when they are ready, and are quiet otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from typing import Any

from tests.benchmarks.table import UnmeasurableError

READY_S = 20.0


@contextlib.asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[dict[str, Any]]:
    """`evse ARGUMENTS --json` until the block ends; gives what it said when it was ready."""
    program = (sys.executable, "-m", "agent.cli", *arguments, "--json")
    process = await asyncio.create_subprocess_exec(*program, stdout=PIPE, stderr=DEVNULL)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            said = await process.stdout.readline()
        if not said:
            raise UnmeasurableError(f"`evse {' '.join(arguments)}` ended before it was ready")
        yield json.loads(said)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
