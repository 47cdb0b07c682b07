"""What the kernel says of a process: its CPU time and its memory."""

from __future__ import annotations

from pathlib import Path


def cpu_ms(pid: int) -> float:
    """CPU time (user and system) of all of its threads that live, in milliseconds.

    From schedstat, in nanoseconds: /proc/PID/stat counts ticks of 10 ms.
    """
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def memory_mib(pid: int) -> tuple[float, float]:
    """Resident memory and its proportional share (pages in common with others counted in part), in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {name: int(rest.split()[0]) for name, rest in (one.split(":") for one in lines)}
    return kib["Rss"] / 1024, kib["Pss"] / 1024
