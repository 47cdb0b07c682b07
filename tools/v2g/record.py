"""Record sessions between EcoG's charger and car, in every combination of protocols they can run, as test vectors.

    python -m tools.v2g.record [NAME ...]

Needs Java and what cable.py needs. For each session it keeps in
tests/vectors/v2g/ NAME.jsonl (what the jar encoded and decoded), NAME.pcap (what was on the cable) and, with TLS,
NAME.keys. The certificates are made anew by the package's own script.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.generate_exi import ROOT
from tools.v2g.cable import BUILD, CHARGER, HERE, Cable, end, inside, peer, prepare, wait_for

OUT = ROOT / "tests" / "vectors" / "v2g"
SESSION_S = 120.0
QUIET_S = 25.0  # nothing more encoded for so long: the session is over
LOOPS = 4
TRIES = 3

# What differs from one session to the next: the car's configuration, and settings of both sides.
SESSIONS: dict[str, tuple[dict[str, object], dict[str, str]]] = {
    "din_dc": ({"supportedProtocols": ["DIN_SPEC_70121"], "energyTransferMode": "DC_extended", "useTls": False}, {}),
    "iso2_ac_eim": (
        {"supportedProtocols": ["ISO_15118_2"], "energyTransferMode": "AC_three_phase_core", "useTls": False},
        {},
    ),
    "iso2_dc_eim": (
        {"supportedProtocols": ["ISO_15118_2"], "energyTransferMode": "DC_extended", "useTls": False},
        {},
    ),
    "iso2_ac_pnc": (
        {"supportedProtocols": ["ISO_15118_2"], "energyTransferMode": "AC_three_phase_core", "useTls": True},
        {},
    ),
    "iso2_dc_pnc_install": (
        {
            "supportedProtocols": ["ISO_15118_2"],
            "energyTransferMode": "DC_extended",
            "useTls": True,
            "isCertInstallNeeded": True,
        },
        {},
    ),
    **{
        f"iso20_{name.lower()}{'_tls' if tls else ''}": (
            {
                "supportedProtocols": [f"ISO_15118_20_{name[:2]}"],
                "supportedEnergyServices": [name],
                "useTls": tls,
            },
            {"ENABLE_TLS_1_3": "True"} if tls else {},
        )
        for name, tls in (
            ("AC", False),
            ("AC_BPT", False),
            ("DC", False),
            ("DC_BPT", False),
            ("AC", True),
            ("DC", True),
        )
    },
}


def main() -> int:
    """Record the sessions named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a session; none is all")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)  # already in the namespaces
    chosen = parser.parse_args()
    if not chosen.inside:
        prepare()
        return inside("tools.v2g.record", chosen.names or list(SESSIONS))
    with Cable() as cable:
        for name in chosen.names:
            kept = next((count for count in (record(name, cable) for _ in range(TRIES)) if count), 0)
            print(f"{name}: {kept} messages" if kept else f"{name}: did not end well, see {BUILD}/sessions", flush=True)
    return 0


def record(name: str, cable: Cable) -> int:
    """One session; how many messages were kept of it."""
    config, settings = SESSIONS[name]
    work = BUILD / "sessions" / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    (work / "car.json").write_text(json.dumps({"chargeLoopCycle": LOOPS, "isCertInstallNeeded": False} | config))
    with (work / "secc.log").open("w") as secc_log, (work / "evcc.log").open("w") as evcc_log:
        capture = subprocess.Popen([sys.executable, str(HERE / "capture.py"), CHARGER, str(work / "pcap")])
        secc = subprocess.Popen(peer("secc", work, settings=settings), stdout=secc_log, stderr=secc_log)
        wait_for(work / "secc.log", "UDP server started", 40.0)
        command = cable.at_car(*peer("evcc", work, str(work / "car.json"), settings=settings))
        evcc = subprocess.Popen(command, stdout=evcc_log, stderr=evcc_log)
        try:
            watch(work / "secc.jsonl")
        finally:
            end(evcc, secc, capture)
    return keep(name, work)


def watch(record: Path) -> None:
    """Until the session has ended."""
    end = time.monotonic() + SESSION_S
    last, seen = time.monotonic(), -1
    while time.monotonic() < end:
        size = record.stat().st_size
        if size != seen:
            last, seen = time.monotonic(), size
        ended = '"SessionStopRes"' in record.read_text()
        if time.monotonic() - last > (1.5 if ended else SESSION_S if size == 0 else QUIET_S):
            return
        time.sleep(0.3)


def keep(name: str, work: Path) -> int:
    """Keep a session's files if it came to its end; gives how many messages the charger's side saw."""
    lines = (work / "secc.jsonl").read_text().splitlines()
    if not any('"SessionStopRes"' in line for line in lines):
        return 0
    (OUT / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    shutil.copyfile(work / "pcap", OUT / f"{name}.pcap")
    if (work / "keys").exists():
        shutil.copyfile(work / "keys", OUT / f"{name}.keys")
    return len(lines)


if __name__ == "__main__":
    sys.exit(main())
