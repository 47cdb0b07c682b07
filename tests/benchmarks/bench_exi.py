"""Row 3: EXI of ISO 15118-2, beside the Java codec in the same run where there is one; and what the tables weigh."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean

from agent.iso15118 import exi
from agent.iso15118.exi import iso2
from tests.benchmarks.table import REPORT, Row
from tests.interop.exi.foreign import Judge, UnavailableError

VECTORS = Path(__file__).parents[1] / "vectors" / "v2g"
SESSIONS = ("iso2_ac_eim", "iso2_dc_eim")
JAR = "the jar of the `iso15118` package, warm, as the package calls it (without the way from Python to Java)"
CORE = "the codec inside the jar, warm, from EXI to XML text"
WARM = 20  # times 25 decodings before the jar's time counts
CALLS = 60
WEIGH = """
import importlib
from agent.iso15118.exi import reader, writer
from agent.iso15118.exi.message import Message
for name in "app_protocol din iso2 iso20 iso20_ac iso20_dc iso20_acdp iso20_wpt xmldsig".split():
    importlib.import_module("agent.iso15118.exi." + name)
pending = list(Message.__subclasses__())
while pending:
    one = pending.pop()
    pending += one.__subclasses__()
    reader.plan_for(one), writer.plan_for(one)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""


def documents() -> list[tuple[str, bytes]]:
    """The messages of two recorded -2 sessions by name."""
    found = []
    for session in SESSIONS:
        for line in (VECTORS / f"{session}.jsonl").read_text().splitlines():
            record = json.loads(line)
            if "V2G_Message" in record["content"]:
                [name] = record["content"]["V2G_Message"]["Body"]
                found.append((name, bytes.fromhex(record["exi"])))
    return found


def rows() -> Iterator[Row]:
    """Row 3, in microseconds, and a bare process with every grammar planned, in MiB."""
    found = documents()
    reading = mean(fastest_us(lambda one=one: exi.decode(iso2, one)) for _, one in found)  # type: ignore[misc]
    messages = [exi.decode(iso2, one) for _, one in found]
    writing = mean(fastest_us(lambda one=one: exi.encode(one)) for one in messages)  # type: ignore[misc]
    demand = next(one for name, one in found if name == "CurrentDemandRes")
    answer = exi.decode(iso2, demand)
    demand_in = fastest_us(lambda: exi.decode(iso2, demand))
    yield us("decode a -2 message, mean over two recorded sessions", reading, "ours <= 30")
    yield us("encode a -2 message, mean over two recorded sessions", writing, "ours <= 30")
    yield us("decode a CurrentDemandRes", demand_in, "ours <= 60")
    yield us("encode a CurrentDemandRes", fastest_us(lambda: exi.encode(answer)), "ours <= 60")
    yield from beside(reading, demand_in, found, demand)
    weighed = subprocess.run([sys.executable, "-c", WEIGH], check=True, capture_output=True, text=True)
    weight = int(weighed.stdout) / 1024
    yield Row(
        row=4, what="a bare process with all EXI grammars planned: RSS", ours=weight, unit="MiB", goal="ours <= 35"
    )


def beside(reading: float, demand_in: float, found: list[tuple[str, bytes]], demand: bytes) -> Iterator[Row]:
    """The same in the jar, where there is Java: as its package calls it, and its inner codec alone."""
    try:
        judge = Judge()
    except UnavailableError:
        return
    with judge:
        for _ in range(WARM):
            judge.decode_us(demand, packaged=False)
        judge.decode_us(demand, packaged=True)
        few = [one for _, one in found[:: max(1, len(found) // 8)]]
        for packaged, name, goal in ((True, JAR, "ratio >= 100"), (False, CORE, REPORT)):
            peer = mean(judge.decode_us(one, packaged=packaged) for one in few)
            yield us("decode a -2 message, mean", reading, goal, peer, name)
            yield us("decode a CurrentDemandRes", demand_in, goal, judge.decode_us(demand, packaged=packaged), name)


def fastest_us(work: Callable[[], object]) -> float:
    """Microseconds of the fastest of some calls: the others were interrupted."""
    best = math.inf
    for _ in range(CALLS):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return best * 1e6


def us(what: str, ours: float, goal: str, peer: float | None = None, peer_name: str = "") -> Row:
    """One line of row 3."""
    return Row(row=3, what=what, ours=ours, unit="us", peer=peer, peer_name=peer_name, goal=goal)
