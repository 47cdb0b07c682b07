"""The virtual clock: when it may jump, in what order things happen, and how it complains."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from agent.runtime.clock import LoopClock
from sim.time import DeadlockError, LivelockError, StallError, VirtualLoop, run_virtual, virtual_wall

EIGHT_HOURS_S = 8 * 3600.0
RUNS = 20


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def test_eight_hours_pass_in_no_time():
    began = time.monotonic()
    await asyncio.sleep(EIGHT_HOURS_S)
    assert now_s() == EIGHT_HOURS_S
    assert time.monotonic() - began < 5


async def test_the_clock_stops_exactly_at_each_timer():
    seen = []
    for delay_s in (0.3, 0.1, 0.2, 1e9):
        asyncio.get_running_loop().call_later(delay_s, lambda: seen.append(now_s()))
    await asyncio.sleep(2e9)
    assert seen == [0.1, 0.2, 0.3, 1e9]


async def test_timers_of_one_instant_fire_in_the_order_in_which_they_were_armed():
    seen: list[int] = []
    for number in range(50):
        asyncio.get_running_loop().call_at(7.0, seen.append, number)
    await asyncio.sleep(8)
    assert seen == list(range(50))


async def test_cancelled_timers_neither_fire_nor_pile_up():
    loop = asyncio.get_running_loop()
    loop.call_later(5, int)  # due before them, so that they cannot leave from the head of the queue
    for _ in range(500):
        loop.call_later(10, pytest.fail, "fired").cancel()
        await asyncio.sleep(0.001)
    assert len(loop._timers) < 250
    await asyncio.sleep(20)
    assert loop._cancelled_timers == 0


async def test_a_timer_cancelled_after_it_became_due_does_not_upset_the_count():
    loop = asyncio.get_running_loop()
    later = loop.call_at(1.0, pytest.fail, "fired")
    loop.call_at(0.5, loop.call_at, 1.0, lambda: None)
    loop.call_at(1.0, lambda: None)
    loop.call_at(0.9, later.cancel)
    await asyncio.sleep(2)
    assert loop._cancelled_timers == 0


async def test_a_timer_in_the_past_fires_now_and_time_never_runs_back():
    await asyncio.sleep(5)
    seen = []
    asyncio.get_running_loop().call_at(1.0, lambda: seen.append(now_s()))
    await asyncio.sleep(0.5)
    assert seen == [5.0]


async def test_a_timeout_cancels_what_it_guards_at_its_time():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30):
            await asyncio.Event().wait()
    assert now_s() == 30


def test_a_deadlock_lists_the_tasks_that_wait_and_where():
    async def car_that_never_comes() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.create_task(car_that_never_comes(), name="bay 1")

    with pytest.raises(DeadlockError, match=r"bay 1 in .*car_that_never_comes at Event\.wait, .*locks\.py"):
        run_virtual(main())


def test_a_sleep_without_end_is_a_deadlock_too():
    with pytest.raises(DeadlockError):
        run_virtual(asyncio.sleep(float("inf")))


def test_tasks_clean_up_after_a_deadlock():
    cleaned = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            cleaned.append(now_s())

    with pytest.raises(DeadlockError):
        run_virtual(main())
    assert cleaned == [1.0]


def test_spinning_without_waiting_is_named(monkeypatch):
    monkeypatch.setattr("sim.time.TURNS_PER_INSTANT", 1000)

    async def main() -> None:
        while True:  # noqa: ASYNC110  the mistake that is shown
            await asyncio.sleep(0)

    with pytest.raises(LivelockError, match=r"Task-1 in .*main at sleep"):
        run_virtual(main())


def test_input_and_threads_get_a_turn_while_callbacks_spin():
    async def main() -> int:
        job = asyncio.get_running_loop().run_in_executor(None, lambda: 5)
        while not job.done():  # noqa: ASYNC110  the mistake that is survived
            await asyncio.sleep(0)
        return job.result()

    assert run_virtual(main()) == 5


# Threads


async def test_the_clock_stands_still_while_a_thread_works():
    with suppress(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.to_thread(time.sleep, 0.05)
    assert now_s() == 0


async def test_outcomes_of_threads_arrive_in_the_order_of_the_calls():
    seen: list[str] = []

    async def job(name: str, real_s: float) -> None:
        await asyncio.to_thread(time.sleep, real_s)
        seen.append(name)
        await asyncio.sleep(0)
        seen.append(f"{name} settled")

    await asyncio.gather(job("slow", 0.05), job("quick", 0.0), job("middling", 0.02))
    assert seen == ["slow", "slow settled", "quick", "quick settled", "middling", "middling settled"]


async def test_an_error_in_a_thread_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(lambda: 1 / 0)


async def test_a_cancelled_caller_leaves_the_clock_free_to_go_on():
    release = threading.Event()
    caller = asyncio.create_task(asyncio.to_thread(release.wait, 5))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    release.set()
    await asyncio.sleep(10)
    assert now_s() == 10


async def test_a_job_cancelled_before_it_ran_never_runs():
    ran = []
    with ThreadPoolExecutor(1) as executor:
        loop = asyncio.get_running_loop()
        first = loop.run_in_executor(executor, time.sleep, 0.05)
        second = loop.run_in_executor(executor, ran.append, 1)
        second.cancel()
        await first
    assert not ran


async def test_a_thread_may_call_back_into_the_loop_while_the_loop_waits_for_it():
    loop = asyncio.get_running_loop()

    def work() -> float:
        return asyncio.run_coroutine_threadsafe(asyncio.sleep(0, 42.0), loop).result(5)

    assert await asyncio.to_thread(work) == 42.0


async def test_a_raw_thread_keeps_the_clock_standing_with_a_hold():
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    hold = loop.hold("the raw thread")
    hold.__enter__()

    def work() -> None:
        time.sleep(0.05)
        loop.call_soon_threadsafe(done.set)
        hold.__exit__(None, None, None)

    thread = threading.Thread(target=work)
    thread.start()
    async with asyncio.timeout(0.001):
        await done.wait()
    thread.join()
    assert now_s() == 0


def test_a_thread_that_never_ends_is_named_after_the_stall_limit():
    release = threading.Event()
    loop = VirtualLoop(stall_limit_s=0.05)
    try:
        waiting = loop.create_task(asyncio.to_thread(release.wait, 10))
        with pytest.raises(StallError, match=r"0\.05 real seconds, waiting for: executor job .*Event\.wait"):
            loop.run_until_complete(waiting)
        release.set()
        assert loop.run_until_complete(waiting)
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def test_sqlite_in_a_thread_of_its_own_commits_once_a_minute_in_order():
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as writer:
        database = await loop.run_in_executor(writer, lambda: sqlite3.connect(":memory:"))
        await loop.run_in_executor(writer, database.execute, "CREATE TABLE samples (at REAL)")
        for _ in range(60):
            async with asyncio.timeout(1):
                await loop.run_in_executor(writer, database.execute, "INSERT INTO samples VALUES (?)", (now_s(),))
                await loop.run_in_executor(writer, database.commit)
            await asyncio.sleep(60)
        rows = await loop.run_in_executor(writer, lambda: database.execute("SELECT at FROM samples").fetchall())
        await loop.run_in_executor(writer, database.close)
    assert rows == [(60.0 * minute,) for minute in range(60)]


# Files and signals


async def test_a_pipe_is_read_before_the_clock_moves():
    loop = asyncio.get_running_loop()
    reader, writer = os.pipe()
    seen = []
    loop.add_reader(reader, lambda: seen.append((os.read(reader, 9), now_s())))
    for second in range(5):
        os.write(writer, b"%d" % second)
        await asyncio.sleep(1)
    loop.remove_reader(reader)
    os.close(reader)
    os.close(writer)
    assert seen == [(b"%d" % second, float(second)) for second in range(5)]


@pytest.mark.parametrize("waits_for_thread", [False, True])
def test_a_callback_that_raises_on_a_ready_file_does_not_stop_time(waits_for_thread):
    errors = []

    async def main() -> float:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: errors.append(context["exception"]))
        reader, writer = os.pipe()
        os.write(writer, b"x")
        loop.add_reader(reader, lambda: 1 / 0)
        await asyncio.sleep(2)
        if waits_for_thread:
            await asyncio.to_thread(time.sleep, 0.01)
        loop.remove_reader(reader)
        os.close(reader)
        os.close(writer)
        return loop.time()

    assert run_virtual(main()) == 2
    assert isinstance(errors[0], ZeroDivisionError)


async def test_a_signal_to_this_process_is_handled_in_the_instant_it_is_sent():
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, stopped.set)
    loop.call_later(3, os.kill, os.getpid(), signal.SIGUSR1)
    async with asyncio.timeout(100):
        await stopped.wait()
    loop.remove_signal_handler(signal.SIGUSR1)
    assert now_s() == 3


# The same in every run


def test_twenty_runs_with_one_seed_give_one_log():
    def run() -> list[str]:
        gc.collect()
        clutter = [object() for _ in range(random.SystemRandom().randrange(1000))]  # moves objects about in memory
        log: list[str] = []
        run_virtual(_mixed(log), seed=7)
        assert clutter is not None
        return log

    first = run()
    assert len(first) > 100
    assert all(run() == first for _ in range(RUNS - 1))


async def _mixed(log: list[str]) -> None:
    """Timers, threads, random delays and a task group that fails."""

    def note(what: str) -> None:
        log.append(f"{now_s():.9f} {what}")

    async def worker(number: int) -> None:
        try:
            while True:
                await asyncio.sleep(random.choice((0.5, 1.0, 1.5)))
                await asyncio.to_thread(time.sleep, random.SystemRandom().random() / 2000)
                note(f"{number} works")
        finally:
            note(f"{number} is cancelled in {asyncio.current_task().get_name()}")

    with suppress(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            for number in range(30):
                group.create_task(worker(number))
            await asyncio.sleep(8)
            raise ValueError
    note("over")


async def test_wall_time_is_the_epoch_plus_loop_time():
    clock = LoopClock(wall=virtual_wall(1_700_000_000.0, asyncio.get_running_loop()))
    await asyncio.sleep(90)
    assert clock.now().utc_s == 1_700_000_090.0


@pytest.mark.realtime
async def test_the_realtime_mark_gives_an_ordinary_loop():
    assert not isinstance(asyncio.get_running_loop(), VirtualLoop)
