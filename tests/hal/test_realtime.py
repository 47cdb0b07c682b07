"""What the kernel gave is what is said."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys

import pytest

from hal.realtime import new_loop, prepare

ASK = """
import json, os
from hal.realtime import prepare
said = prepare()
locked = next(line for line in open("/proc/self/status") if line.startswith("VmLck"))
print(json.dumps([said, os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK, int(locked.split()[1])]))
"""


@pytest.mark.realtime
def test_a_process_says_whether_it_runs_first_and_has_its_memory_locked():
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    said, policy, locked_kb = json.loads(done.stdout)
    assert said[0].startswith("runs first") == (policy == os.SCHED_FIFO)
    assert (said[1] == "memory locked") == (locked_kb > 0)


@pytest.mark.realtime
def test_its_loop_waits_for_less_than_a_millisecond_when_it_is_to():
    async def shortest() -> float:
        loop, waits = asyncio.get_running_loop(), []
        for _ in range(50):
            begun_s = loop.time()
            await asyncio.sleep(0.0002)
            waits.append(loop.time() - begun_s)
        return min(waits)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert 0.0002 <= runner.run(shortest()) < 0.001


def test_one_that_may_not_says_what_would_let_it_and_goes_on(monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refused)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (65536, 65536))
    scheduling, memory = prepare()
    assert scheduling.endswith("Operation not permitted (systemd: CPUSchedulingPolicy=fifo)")
    assert memory == "memory not locked: the limit is 65536 bytes (systemd: LimitMEMLOCK=infinity)"
