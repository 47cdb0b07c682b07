"""Charge EcoG's car at our charger, and our simulated car at EcoG's charger, over a cable of veth in namespaces.

    python -m tools.v2g.interop [NAME ...]

Needs what record.py needs: Java, openssl, Linux with `unshare`, `ip` and veth. Prints a row for each session, with how
many messages went and how it ended; exit code 1 when one did not end well. EcoG's jar encodes and decodes its side.
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

from tools.generate_exi import ROOT
from tools.v2g.record import BUILD, HERE, LOOPS, SESSIONS, lay_cable, prepare, wait_for

WORK = BUILD / "interop"
AT_MOST_S = 150.0
SECC_CHAIN = ("seccLeafCert.pem", "cpoSubCA2Cert.pem", "cpoSubCA1Cert.pem")
PKI = BUILD / "pki" / "iso15118_2"
OURS = {  # what our charger is told for EcoG's car, by the name of the session
    "din_dc": ["--dc"],
    "iso2_ac_eim": [],
    "iso2_dc_eim": ["--dc"],
    "iso2_ac_pnc": ["--tls"],
    "iso2_ac_eim again": ["--renegotiate"],
    "iso2_dc_pnc_install": ["--provision", "--dc"],
}
# What our car is told at EcoG's charger, whose supply always measures 1 V: a battery that is near enough.
THEIRS = {
    "din_dc": ["--din", "--volts", "20"],
    "iso2_ac_eim": [],
    "iso2_dc_eim": ["--dc", "--volts", "20"],
    "iso2_ac_pnc": ["--provision"],  # our car has no contract of their PKI but the one that it is given
}


def main() -> int:
    """Run the sessions named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if not chosen.inside:
        prepare()
        command = [sys.executable, "-m", "tools.v2g.interop", "--inside", *chosen.names]
        return subprocess.run(
            ["unshare", "--user", "--map-root-user", "--net", *command], cwd=ROOT, check=False
        ).returncode
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    car = lay_cable()
    failed = False
    try:
        for name, told in OURS.items():
            if not chosen.names or name in chosen.names:
                failed |= not report(f"EcoG car, our charger    {name}", at_our_charger(name, told, car.pid))
        for name, told in THEIRS.items():
            if not chosen.names or name in chosen.names:
                failed |= not report(f"our car, EcoG charger    {name}", at_their_charger(name, told, car.pid))
    finally:
        car.kill()
        car.wait()
    return 1 if failed else 0


def report(what: str, outcome: tuple[bool, str]) -> bool:
    """Print a row; whether it is a good one."""
    good, how = outcome
    print(f"{'ok  ' if good else 'FAIL'}  {what:40} {how}", flush=True)
    return good


def peer(side: str, interface: str, work: Path, *more: str, settings: dict[str, str]) -> list[str]:
    """The command that runs one of EcoG's sides."""
    env = {"PKI_PATH": f"{BUILD}/pki/", "NETWORK_INTERFACE": interface, "LOG_LEVEL": "INFO"} | settings
    env["SSLKEYLOGFILE"] = str(work / f"{side}.keys")
    pairs = [f"{name}={value}" for name, value in env.items()]
    return [
        "env",
        *pairs,
        str(BUILD / "bin" / "python"),
        str(HERE / "peer.py"),
        side,
        str(work / f"{side}.jsonl"),
        *more,
    ]


def at_our_charger(name: str, told: list[str], car: int) -> tuple[bool, str]:
    """EcoG's car charges at the bench charger."""
    config, settings = SESSIONS[name.partition(" ")[0]]
    work = WORK / f"charger_{name.replace(' ', '_')}"
    work.mkdir()
    (work / "car.json").write_text(json.dumps({"chargeLoopCycle": LOOPS, "isCertInstallNeeded": False} | config))
    args = [one for one in told if one not in {"--tls", "--provision"}]
    module = ["-m", "sim.v2g_bench", "charger"]
    if "--provision" in told:
        module = ["-m", "tools.v2g.charger", "--pki", str(PKI), "--work", str(work)]
    if "--tls" in told:
        chain = work / "secc.pem"
        chain.write_text(
            "".join(
                (PKI / "certs" / one).read_text()
                for one in ("seccLeafCert.pem", "cpoSubCA2Cert.pem", "cpoSubCA1Cert.pem")
            )
        )
        key = work / "secc.key"
        password = (PKI / "private_keys" / "seccLeafPassword.txt").read_text().strip()
        pair = ["openssl", "pkey", "-in", str(PKI / "private_keys" / "seccLeaf.key"), "-passin", f"pass:{password}"]
        subprocess.run([*pair, "-out", str(key)], check=True)
        args += ["--certificate", str(chain), "--key", str(key)]
        args += ["--contract-roots", str(PKI / "certs" / "moRootCACert.pem")]
    with (
        (work / "ours.jsonl").open("w") as ours,
        (work / "ours.log").open("w") as log,
        (work / "evcc.log").open("w") as theirs,
    ):
        charger = subprocess.Popen([sys.executable, *module, "--interface", "charger", *args], stdout=ours, stderr=log)
        time.sleep(2.0)
        command = peer("evcc", "car", work, str(work / "car.json"), settings=settings)
        evcc = subprocess.Popen(["nsenter", f"--net=/proc/{car}/ns/net", *command], stdout=theirs, stderr=theirs)
        try:
            end = time.monotonic() + AT_MOST_S
            while time.monotonic() < end and '"SessionOver"' not in (work / "ours.jsonl").read_text():
                time.sleep(0.3)
        finally:
            for process in (evcc, charger):
                process.terminate()
                process.wait()
    events = [json.loads(line) for line in (work / "ours.jsonl").read_text().splitlines()]
    over = next((one for one in events if one["event"] == "SessionOver"), {"outcome": "no end", "why": ""})
    powered = any(one["event"] == "PowerWanted" and one["on"] for one in events)
    messages = (work / "evcc.jsonl").read_text().count('"encode"') if (work / "evcc.jsonl").exists() else 0
    again = "--renegotiate" not in told or sum(one["event"] == "EnergyWanted" for one in events) > 1
    good = over["outcome"] == "terminated" and powered and again
    return good, f"{messages} requests, {over['outcome']} {over.get('why', '')}".strip()


def at_their_charger(name: str, told: list[str], car: int) -> tuple[bool, str]:
    """Our simulated car charges at EcoG's charger."""
    _, settings = SESSIONS[name]
    work = WORK / f"car_{name}"
    work.mkdir()
    with (work / "secc.log").open("w") as theirs:
        command = peer("secc", "charger", work, settings=settings)
        secc = subprocess.Popen(command, stdout=theirs, stderr=theirs)
        try:
            wait_for(work / "secc.log", "UDP server started", 60.0)
            module = ["-m", "sim.v2g_bench", "car"]
            if "--provision" in told:
                told, module = [], ["-m", "tools.v2g.car", "--pki", str(PKI)]
            ours = ["nsenter", f"--net=/proc/{car}/ns/net", sys.executable, *module]
            done = subprocess.run(
                [*ours, "--interface", "car", *told],
                capture_output=True,
                text=True,
                timeout=AT_MOST_S,
                check=False,
                env=os.environ,
            )
        finally:
            secc.terminate()
            secc.wait()
    if done.returncode not in {0, 1} or not done.stdout:
        return False, (done.stderr.strip().splitlines() or ["no report"])[-1]
    told_us = json.loads(done.stdout.splitlines()[-1])
    return (
        done.returncode == 0,
        f"{told_us['messages']} responses, {told_us['ended']}, slowest {told_us['slowest_s']} s",
    )


if __name__ == "__main__":
    sys.exit(main())
