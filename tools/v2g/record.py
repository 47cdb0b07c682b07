"""Record sessions between EcoG's charger and car, in every combination of protocols they can run, as test vectors.

    python -m tools.v2g.record [NAME ...]

Needs Java, openssl, and Linux with `unshare`, `ip` and veth. The package gets an environment of its own in
build/ecog/; the two sides run in network namespaces joined by a cable of their own. For each session it keeps in
tests/vectors/v2g/ NAME.jsonl (what the jar encoded and decoded), NAME.pcap (what was on the cable) and, with TLS,
NAME.keys. The certificates are made anew by the package's own script.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.generate_exi import ROOT, WHEEL

BUILD = ROOT / "build" / "ecog"
OUT = ROOT / "tests" / "vectors" / "v2g"
VERSION = WHEEL.split("-")[1]
HERE = Path(__file__).parent
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
        command = [sys.executable, "-m", "tools.v2g.record", "--inside", *(chosen.names or SESSIONS)]
        return subprocess.run(
            ["unshare", "--user", "--map-root-user", "--net", *command], cwd=ROOT, check=False
        ).returncode
    car = lay_cable()
    try:
        for name in chosen.names:
            kept = next((count for count in (record(name, car.pid) for _ in range(TRIES)) if count), 0)
            print(f"{name}: {kept} messages" if kept else f"{name}: did not end well, see {BUILD}/sessions", flush=True)
    finally:
        car.kill()
        car.wait()
    return 0


def prepare() -> None:
    """The foreign package in its own environment, and certificates."""
    python = BUILD / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(BUILD)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", f"iso15118=={VERSION}", "aiofile"], check=True)
    pki = BUILD / "pki"
    if not pki.exists():
        ask = "import iso15118.shared.settings as s; print(s.SHARED_CWD)"
        shared = subprocess.run([str(python), "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
        shutil.copytree(Path(shared) / "pki", pki)
        script = ["bash", "create_certs.sh", "-v", "iso-2"]
        subprocess.run(script, cwd=pki, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def lay_cable() -> subprocess.Popen[bytes]:
    """A cable between this namespace and the car's, which a sleeping process holds open."""
    car = subprocess.Popen(["unshare", "--net", "sleep", "86400"])
    time.sleep(0.5)
    for line in (
        "ip link set lo up",
        "ip link add charger type veth peer name car",
        f"ip link set car netns {car.pid}",
        "ip link set charger up",
        f"nsenter --net=/proc/{car.pid}/ns/net ip link set lo up",
        f"nsenter --net=/proc/{car.pid}/ns/net ip link set car up",
    ):
        subprocess.run(line.split(), check=True)
    time.sleep(2.5)  # until both have their link-local addresses
    return car


def record(name: str, car: int) -> int:
    """One session; `car` is a process in the car's namespace."""
    config, settings = SESSIONS[name]
    work = BUILD / "sessions" / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    (work / "car.json").write_text(json.dumps({"chargeLoopCycle": LOOPS, "isCertInstallNeeded": False} | config))
    common = os.environ | settings | {"PKI_PATH": f"{BUILD}/pki/", "LOG_LEVEL": "INFO", "SSLKEYLOGFILE": f"{work}/keys"}
    python, peer = str(BUILD / "bin" / "python"), str(HERE / "peer.py")
    cable = ["nsenter", f"--net=/proc/{car}/ns/net"]
    with (work / "secc.log").open("w") as secc_log, (work / "evcc.log").open("w") as evcc_log:
        capture = subprocess.Popen([python, str(HERE / "capture.py"), "charger", str(work / "pcap")])
        secc = subprocess.Popen(
            [python, peer, "secc", str(work / "secc.jsonl")],
            env=common | {"NETWORK_INTERFACE": "charger"},
            stdout=secc_log,
            stderr=secc_log,
        )
        wait_for(work / "secc.log", "UDP server started", 40.0)
        evcc = subprocess.Popen(
            [*cable, python, peer, "evcc", str(work / "evcc.jsonl"), str(work / "car.json")],
            env=common | {"NETWORK_INTERFACE": "car"},
            stdout=evcc_log,
            stderr=evcc_log,
        )
        try:
            watch(work / "secc.jsonl")
        finally:
            for process in (evcc, secc, capture):
                process.terminate()
                process.wait()
    return keep(name, work)


def wait_for(log: Path, words: str, at_most_s: float) -> None:
    """Until a log says something."""
    end = time.monotonic() + at_most_s
    while words not in log.read_text():
        if time.monotonic() > end:
            raise TimeoutError(f"{log}: {words!r} did not come")
        time.sleep(0.2)


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
