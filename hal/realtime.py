"""What a process that holds contactors asks of the kernel: to run before others, and never to wait for a page."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import selectors
from typing import Final

PRIORITY: Final = 10  # our policy: above everything ordinary, below the kernel's own threads
MCL_CURRENT: Final = 1  # mman.h, the same on every architecture that Linux on chargers has
MCL_FUTURE: Final = 2


def prepare() -> tuple[str, ...]:
    """Ask for both; returns what was had, and why not what was not. Never raises: a slower process is still a safe one.

    A process whose limit of locked memory is finite locks nothing: with it a later allocation would fail.
    """
    return _scheduling(), _memory()


def new_loop() -> asyncio.AbstractEventLoop:
    """An event loop that wakes when it is to: that of asyncio waits with epoll, in whole milliseconds, rounded up.

    select(2) takes descriptors below 1024; a process that serves hardware has a dozen.
    """
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def _scheduling() -> str:
    if os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO:
        return f"runs first (SCHED_FIFO {os.sched_getparam(0).sched_priority}, set from outside)"
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except OSError as error:
        return f"does not run first: SCHED_FIFO: {error.strerror} (systemd: CPUSchedulingPolicy=fifo)"
    return f"runs first (SCHED_FIFO {PRIORITY})"


def _memory() -> str:
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit != resource.RLIM_INFINITY and os.geteuid() != 0:
        return f"memory not locked: the limit is {limit} bytes (systemd: LimitMEMLOCK=infinity)"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT | MCL_FUTURE) != 0:
        return f"memory not locked: {os.strerror(ctypes.get_errno())}"
    return "memory locked"
