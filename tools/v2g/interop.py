"""Charge EcoG's car at our charger, and our simulated car at EcoG's charger, over a cable of veth in namespaces.

    python -m tools.v2g.interop [--results FILE.md] [--our-codec] [NAME ...]

Needs what cable.py needs. EcoG's side encodes and decodes with its own codec where there is Java for it; where there is
none, with ours in its place: such a run shows the protocol only, no EXI, and says so. Prints a row for each session, as
a capture of the cable tells it (wire.py), and why where there is none. Exit code 1 when one was not as it is to be.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sim.v2g_bench import LISTENING
from tools.generate_exi import ROOT
from tools.v2g import matrix, wire
from tools.v2g.cable import BUILD, CHARGER, HERE, PKI, Cable, end, inside, java, missing, peer, prepare, wait_for
from tools.v2g.sessions import SESSIONS, Session

WORK: Final = BUILD / "interop"
LOOPS: Final = 20  # rounds of charging of EcoG's car
READY_S: Final = 60.0
AT_MOST_S: Final = 150.0
QUIET_S: Final = 1.0  # until the capture, and the car, have the last message
LOOK_S: Final = 0.2
METER_WH: Final = 1.0  # what the meter's register resolves
LEAST_WH: Final = 3.0
THEIRS: Final = "EcoG's car, our charger"
OURS: Final = "our car, EcoG's charger"


def main() -> int:
    """Run the sessions named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SESSIONS)}; none is all")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write the matrix there, too")
    parser.add_argument("--our-codec", action="store_true", help="in the place of EcoG's, as where there is no Java")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)  # already in the namespaces
    chosen = parser.parse_args()
    if not chosen.inside:
        reason = missing()
        if reason:
            print(f"not run: {reason}")
            return 0
        prepare()
        return inside("tools.v2g.interop", sys.argv[1:])
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    begin, their_codec = time.monotonic(), java() and not chosen.our_codec
    head = matrix.heading(their_codec=their_codec)
    print(head, flush=True)
    rows: dict[str, list[matrix.Row]] = {THEIRS: [], OURS: []}
    with Cable() as cable:
        bench = Bench(cable, {} if their_codec else {"PEER_CODEC": "ours"})
        for direction, run in ((THEIRS, bench.at_our_charger), (OURS, bench.at_their_charger)):
            print(f"\n{direction}", flush=True)
            for name in chosen.names or SESSIONS:
                rows[direction].append(one(name, SESSIONS[name], run, theirs=direction == THEIRS))
                print(matrix.told(rows[direction][-1]), flush=True)
    if chosen.results is not None:
        chosen.results.write_text(matrix.page(head, rows, time.monotonic() - begin))
    return 0 if all(row.good for of in rows.values() for row in of) else 1


def one(name: str, session: Session, run: Callable[[Session, Path], str], *, theirs: bool) -> matrix.Row:
    """A session in one direction; `theirs`: the car is EcoG's."""
    cannot = session.car_cannot if theirs else session.charger_cannot
    if cannot:
        return matrix.Row(session.what, None, cannot, cannot=True)
    work = WORK / f"{name}_{'their' if theirs else 'our'}_car"
    work.mkdir()
    shutil.copytree(PKI, work / "pki")
    with captured(work):
        failed = run(session, work)
    talk = wire.heard(work / "pcap", work / "keys")
    reason = failed or wire.complaint(talk, session.seen)
    figures = wire.figures(talk) if talk.answers else None
    return matrix.Row(session.what, figures, reason, remark=session.remark if theirs else "")


@contextmanager
def captured(work: Path) -> Iterator[None]:
    """Everything that passes the charger's end is in work/pcap afterwards."""
    process = subprocess.Popen([sys.executable, str(HERE / "capture.py"), CHARGER, str(work / "pcap")])
    try:
        until((work / "pcap").exists, READY_S)
        yield
        time.sleep(QUIET_S)
    finally:
        end(process)


def until(there: Callable[[], bool], at_most_s: float) -> bool:
    """Wait for something; whether it came."""
    latest = time.monotonic() + at_most_s
    while not there():
        if time.monotonic() > latest:
            return False
        time.sleep(LOOK_S)
    return True


class Bench:
    """The cable with a side of ours and one of EcoG's; `settings` are EcoG's."""

    def __init__(self, cable: Cable, settings: dict[str, str]) -> None:
        self._cable = cable
        self._settings = settings

    def at_our_charger(self, session: Session, work: Path) -> str:
        """EcoG's car charges at the bench charger; what went wrong beside the messages."""
        config = {"chargeLoopCycle": LOOPS, "isCertInstallNeeded": False, **session.theirs}
        (work / "car.json").write_text(json.dumps(config))
        ours = work / "ours.jsonl"
        told = ["--work", str(work / "csms"), *session.charger]
        if not session.billed:
            told += ["--pki", str(work / "pki" / "iso15118_2")]
        module = "tools.v2g.station" if session.billed else "tools.v2g.charger"
        command = [sys.executable, "-m", module, *told]
        with ours.open("w") as out, (work / "ours.log").open("w") as log:
            charger = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=log)
            try:
                if not until(lambda: LISTENING in ours.read_text(), READY_S):
                    return f"our charger does not listen, see {work}"
                failed = self._come(work, session.settings, ours, 1)
                if not failed and "EVCC_SAYS_PAUSE" in session.settings:
                    failed = self._come(work, {"EVCC_RESUMES": session_id(ours)}, ours, 2)
            finally:
                end(charger)
        return failed or (misbilled(ours) if session.billed else "")

    def _come(self, work: Path, settings: Mapping[str, str], ours: Path, sessions: int) -> str:
        """EcoG's car comes, and stays until our charger has seen so many sessions end."""
        settings = {**self._settings, **settings, "PKI_PATH": f"{work / 'pki'}/"}
        with (work / "evcc.log").open("a") as log:
            command = self._cable.at_car(*peer("evcc", work, str(work / "car.json"), settings=settings))
            evcc = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                over = until(lambda: ours.read_text().count('"SessionOver"') >= sessions, AT_MOST_S)
                time.sleep(QUIET_S)  # it reads the last answer
            finally:
                end(evcc)
        return "" if over else f"no end, see {work}"

    def at_their_charger(self, session: Session, work: Path) -> str:
        """Our simulated car charges at EcoG's charger; what went wrong beside the messages."""
        settings = {**self._settings, "PKI_PATH": f"{work / 'pki'}/"}
        told = ["--pki", str(work / "pki" / "iso15118_2"), *session.ours]
        command = self._cable.at_car(sys.executable, "-m", "tools.v2g.car", *told)
        with (work / "secc.log").open("w") as log:
            secc = subprocess.Popen(peer("secc", work, settings=settings), stdout=log, stderr=log)
            try:
                wait_for(work / "secc.log", "UDP server started", READY_S)
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=AT_MOST_S, check=False)
            except (TimeoutError, subprocess.TimeoutExpired) as error:
                return str(error)
            finally:
                end(secc)
        (work / "ours.log").write_text(done.stdout + done.stderr)
        return "" if done.returncode == 0 else (done.stdout + done.stderr).strip().splitlines()[-1]


def misbilled(ours: Path) -> str:
    """What is wrong with the bill that our station told of; empty when it is what flowed."""
    events = (json.loads(line) for line in ours.read_text().splitlines())
    billed, flowed = next((one["billed_wh"], one["flowed_wh"]) for one in events if one["event"] == "SessionOver")
    good = len(billed) == 1 and flowed > LEAST_WH and abs(billed[0] - flowed) <= METER_WH
    return "" if good else f"billed {billed} Wh, flowed {flowed:.1f} Wh"


def session_id(ours: Path) -> str:
    """The id of the session that our charger told of first."""
    events = (json.loads(line) for line in ours.read_text().splitlines())
    return next(str(one["session_id"]).upper() for one in events if one["event"] == "SessionBegan")


if __name__ == "__main__":
    sys.exit(main())
