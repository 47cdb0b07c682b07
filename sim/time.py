"""A virtual clock for asyncio: production code in jumped time.

The loop's `time()` starts at 0 and stands still while anything can happen. When nothing can, it jumps exactly to the
next timer. Order is the same in every run: input before due timers, then one thread's result, then the jump; timers
of one instant in the order in which they were armed.
"""

# The clock is made by overriding the inner steps of asyncio's own loop, which are private by name.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import random
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, TypeVar

from sim.loopback import LoopbackLoop

T = TypeVar("T")
Transport = Literal["memory", "sockets"]

# Our policy, all of them.
STALL_LIMIT_S = 30.0  # real seconds that the clock waits for a thread or for the kernel before it complains
STUCK_POLLS = 256  # a file that stays ready so many polls in one instant holds the clock no longer
KERNEL_PAUSE_S = 0.0001  # between looks at what the kernel still has on its way
BUSY_TURNS = 64  # while callbacks keep each other busy, input and timers get a turn so often
TURNS_PER_INSTANT = 1_000_000  # more than that without the clock moving is a loop that waits for time by spinning
TIMERS_WORTH_SWEEPING = 100  # as asyncio: cancelled timers are swept out when they are many and half of all


class VirtualTimeError(RuntimeError):
    """The virtual clock cannot go on."""


class DeadlockError(VirtualTimeError):
    """Nothing is ready, scheduled or in flight: the waiting tasks would wait for ever."""


class StallError(VirtualTimeError):
    """Something outside the loop kept the clock standing for longer than the stall limit."""


class LivelockError(VirtualTimeError):
    """Callbacks keep each other busy without end in one instant."""


class _Job(NamedTuple):
    """Work given to an executor and the loop's future that its outcome goes to."""

    work: Future[Any]
    outcome: asyncio.Future[Any]
    call: tuple[Any, ...]


class _NumberedTask(asyncio.Task[Any]):
    """A task that hashes to its number: asyncio cancels tasks by iterating sets, which then have one order."""

    def __init__(self, number: int, *args: Any, **options: Any) -> None:
        self._number = number  # before super(), which puts the task into a set
        super().__init__(*args, **options)

    def __hash__(self) -> int:
        return self._number


class VirtualLoop(LoopbackLoop):
    """An event loop in virtual time, `time()` in seconds from 0.

    Raises from `run_until_complete`: DeadlockError, StallError, LivelockError, each naming what waits.
    """

    def __init__(self, transport: Transport = "memory", *, stall_limit_s: float = STALL_LIMIT_S) -> None:
        # poll, not epoll: epoll reports what was written to a pty only after milliseconds.
        super().__init__(selectors.PollSelector(), in_memory=transport == "memory")
        self._now_s = 0.0
        self._sequence = 0
        self._timers: list[tuple[float, int, Any]] = []  # when, sequence, asyncio.TimerHandle
        self._cancelled_timers = 0
        self._jobs: deque[_Job] = deque()
        self._holds: dict[object, str] = {}
        self._waiting = False  # in real time
        self._turns = 0
        self._ready_polls: dict[int, int] = {}
        self._received = 0  # by counted sockets, when the files were last polled
        self._stall_limit_s = stall_limit_s
        self._task_numbers = itertools.count(1)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now_s

    def create_task(self, coro: Any, *, name: str | None = None, **options: Any) -> Any:
        """A task with a number of its own, by which it is named and ordered."""
        if self.get_task_factory() is not None:
            return super().create_task(coro, name=name, **options)
        self._check_closed()
        number = next(self._task_numbers)
        return _NumberedTask(number, coro, loop=self, name=name or f"Task-{number}", **options)

    # Timers

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
        """Arm a timer at a time of this loop."""
        self._check_closed()
        timer: Any = asyncio.TimerHandle(when, callback, args, self, context)
        self._sequence += 1
        heapq.heappush(self._timers, (when, self._sequence, timer))
        timer._scheduled = True
        return timer

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> Any:
        """Arm a timer after a delay."""
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, timer: Any) -> None:
        if timer._scheduled:
            self._cancelled_timers += 1

    def _sweep_timers(self) -> None:
        if TIMERS_WORTH_SWEEPING < len(self._timers) < 2 * self._cancelled_timers:
            self._timers = [entry for entry in self._timers if not entry[2].cancelled()]
            heapq.heapify(self._timers)
            self._cancelled_timers = 0

    def _next_timer_s(self) -> float:
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
            self._cancelled_timers -= 1
        return timers[0][0] if timers else math.inf

    def _run_due_timers(self) -> bool:
        any_due = False
        while self._next_timer_s() <= self._now_s:
            timer = heapq.heappop(self._timers)[2]
            timer._scheduled = False
            self._ready.append(timer)
            any_due = True
        return any_due

    # One turn of the loop

    def _run_once(self) -> None:
        self._turns += 1
        if not self._ready:
            self._advance()
        elif self._turns % BUSY_TURNS == 0:
            self._serve_while_busy()
        ready = self._ready
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _advance(self) -> None:
        """Everything came to rest: let the next thing happen."""
        if self._poll(0) or self._stopping:
            return
        if self._run_due_timers():
            return
        if self._jobs or self._holds:
            self._wait_for_real()
        else:
            self._jump()

    def _jump(self) -> None:
        self._sweep_timers()
        when_s = self._next_timer_s()
        if when_s == math.inf:
            raise DeadlockError(
                f"virtual time {self._now_s:.6f} s: nothing is ready, scheduled or in flight, and these wait for ever: "
                f"{self._living_tasks()}. Set what they wait for, or give them a timeout; a thread of your own or "
                f"another process needs loop.hold()."
            )
        self._now_s = when_s
        self._turns = 0
        self._ready_polls.clear()
        self._run_due_timers()

    def _poll(self, wait_s: float) -> bool:
        """Queue the callbacks of ready files. Tells whether that may move things, or only stuck files were ready."""
        events = self._selector.select(wait_s)
        if self._ledger.due:
            events = self._whole_batch(events)
        if not events:
            return False
        if self._ledger.received != self._received:  # what is read is not stuck
            self._received = self._ledger.received
            self._ready_polls.clear()
        polls = self._ready_polls
        self._ready_polls = {key.fd: polls.get(key.fd, 0) + 1 for key, _ in events}
        self._process_events(events)
        return min(self._ready_polls.values()) < STUCK_POLLS

    def _whole_batch(self, events: list[Any]) -> list[Any]:
        """Wait until the kernel shows all that was sent, so that every run sees the same."""
        limit = time.monotonic() + self._stall_limit_s
        while overdue := self._ledger.overdue({key.fd for key, _ in events}, self._selector):
            if time.monotonic() > limit:
                raise self._stalled(overdue)
            time.sleep(KERNEL_PAUSE_S)
            events = self._selector.select(0)
        return events

    def _serve_while_busy(self) -> None:
        if self._turns > TURNS_PER_INSTANT:
            self._turns = 0  # the tasks may still clean up
            raise LivelockError(
                f"virtual time {self._now_s:.6f} s: {TURNS_PER_INSTANT} turns and no rest. One of these spins, on "
                f"sleep(0) as a rule, where it should wait: {self._living_tasks()}"
            )
        self._poll(0)
        self._run_due_timers()
        if self._jobs and self._jobs[0].work.done():
            self._deliver(self._jobs.popleft())

    # Threads

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        """Run in a thread while the clock stands still; outcomes arrive in the order of the calls."""
        self._check_closed()
        if executor is None:
            self._check_default_executor()
            if self._default_executor is None:
                self.set_default_executor(ThreadPoolExecutor(thread_name_prefix="virtual-loop"))
            executor = self._default_executor
        work = executor.submit(func, *args)
        outcome = self.create_future()
        self._jobs.append(_Job(work, outcome, (func, *args)))
        outcome.add_done_callback(lambda outcome: outcome.cancelled() and work.cancel())
        work.add_done_callback(lambda _: self._write_to_self())
        return outcome

    @contextmanager
    def hold(self, what: str) -> Iterator[None]:
        """Keep the clock standing while something outside the loop is at work; `what` is named if it takes too long.

        May be left in another thread than it was entered.
        """
        token = object()
        self._holds[token] = what
        try:
            yield
        finally:
            del self._holds[token]
            self._write_to_self()

    def _wait_for_real(self) -> None:
        limit = time.monotonic() + self._stall_limit_s
        while self._jobs or self._holds:
            if self._jobs and self._jobs[0].work.done():
                self._deliver(self._jobs.popleft())
                return
            if self._ready:  # a thread has called back, or a file became ready
                return
            left_s = limit - time.monotonic()
            if left_s <= 0:
                raise self._stalled([f"executor job {job.call}" for job in self._jobs] + list(self._holds.values()))
            self._waiting = True
            try:
                self._poll(left_s)
            finally:
                self._waiting = False

    def _write_to_self(self) -> None:
        """Wake the loop, unless it is the loop itself that calls; pymodbus's server does for each request."""
        if self._waiting or threading.get_ident() != self._thread_id:
            super()._write_to_self()

    def _stalled(self, waited_for: list[str]) -> StallError:
        return StallError(
            f"virtual time {self._now_s:.6f} s: the clock has stood for {self._stall_limit_s:g} real seconds, "
            f"waiting for: {'; '.join(waited_for)}"
        )

    @staticmethod
    def _deliver(job: _Job) -> None:
        work, outcome = job.work, job.outcome
        if outcome.done():
            return
        if work.cancelled():
            outcome.cancel()
        elif (error := work.exception()) is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(work.result())

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  asyncio's name
        """Let the default executor's threads end; the clock stands still meanwhile."""
        with self.hold("the default executor's threads to end"):
            await super().shutdown_default_executor(*() if timeout is None else (timeout,))

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Connect; the clock stands still meanwhile, for the kernel answers in real time."""
        with self.hold(f"a connection to {address}"):
            await super().sock_connect(sock, address)

    def _living_tasks(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=hash)
        return "; ".join(f"{task.get_name()} in {_place(task)}" for task in tasks) or "no task at all"


def _place(task: asyncio.Task[Any]) -> str:
    """Where a task waits: its own function, and the innermost one."""
    coro: Any = task.get_coro()
    outer = getattr(coro, "__qualname__", repr(coro))
    while getattr(getattr(coro, "cr_await", None), "cr_frame", None) is not None:
        coro = coro.cr_await
    frame = getattr(coro, "cr_frame", None)
    return outer if frame is None else f"{outer} at {coro.__qualname__}, {frame.f_code.co_filename}:{frame.f_lineno}"


def new_virtual_loop(transport: Transport = "memory") -> VirtualLoop:
    """A loop at time 0, with TCP in memory or on real loopback sockets."""
    return VirtualLoop(transport)


def run_virtual(main: Coroutine[Any, Any, T], *, seed: int = 0, transport: Transport = "memory") -> T:
    """Run to the end in virtual time and close everything. Seeds `random`, which libraries use for their back-off."""
    random.seed(seed)
    with asyncio.Runner(loop_factory=lambda: new_virtual_loop(transport)) as runner:
        return runner.run(main)


def virtual_wall(epoch_s: float, loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """A wall clock in seconds since 1970 that shows `epoch_s` at loop time 0; for `agent.runtime.clock.LoopClock`."""
    return lambda: epoch_s + loop.time()
