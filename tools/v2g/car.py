"""Our simulated car at a foreign charger.

    python -m tools.v2g.car --pki DIR [--din | --dc] [--volts 20] [--contract | --install] [--renegotiate] [--pause]

Started by interop.py at its end of the cable. Prints the report of each session as a JSON line; exit code 0 when each
ended as it was to. `--contract`: inside TLS, by the contract of EcoG's car; `--install`: by one that it has made first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from msgspec.structs import replace

from agent.iso15118.sdp import Security
from agent.iso15118.secc.events import Protocol
from agent.iso15118.secc.snapshot import EnergyMode, Payment
from agent.pki.certificates import common_name, read_pem
from sim.evcc.discovery import connect, find
from sim.evcc.evcc import charge
from sim.evcc.link import Link
from sim.evcc.plan import Contract, Plan, Provisioned, Report
from sim.v2g_bench import BenchBattery
from tools.v2g.cable import CAR

ANSWER_S: Final = 60.0  # EcoG's codec is slow to begin with
HALF: Final = 0.5
LOOP_S: Final = 0.1


def read(pki: Path, *names: str) -> tuple[bytes, ...]:
    """Certificates of EcoG's PKI, in DER."""
    found = [read_pem((pki / "certs" / f"{name}Cert.pem").read_bytes())[0] for name in names]
    return tuple(one.public_bytes(serialization.Encoding.DER) for one in found)


def key_of(pki: Path, name: str) -> Any:
    """The private key of one of them."""
    password = (pki / "private_keys" / f"{name}Password.txt").read_bytes().strip()
    return serialization.load_pem_private_key((pki / "private_keys" / f"{name}.key").read_bytes(), password)


def contract(pki: Path) -> Contract:
    """The contract that EcoG's script gives its car."""
    (leaf,) = read_pem((pki / "certs" / "contractLeafCert.pem").read_bytes())
    chain = read(pki, "contractLeaf", "moSubCA2", "moSubCA1")
    return Contract(common_name(leaf), chain, key_of(pki, "contractLeaf"))


def provisioned(pki: Path) -> Provisioned:
    """What its maker gave it."""
    return Provisioned(read(pki, "oemLeaf"), key_of(pki, "oemLeaf"), read(pki, "v2gRootCA"))


def planned(given: argparse.Namespace) -> Plan:
    """What the car means to do."""
    pays = given.contract or given.install
    return Plan(
        offers=(Protocol.DIN if given.din else Protocol.ISO_2,),
        mode=EnergyMode.DC_EXTENDED if given.dc or given.din else EnergyMode.AC_3P,
        payment=Payment.CONTRACT if pays else Payment.EXTERNAL,
        charge_s=given.seconds,
        loop_s=LOOP_S,
        renegotiate_s=given.seconds * HALF if given.renegotiate else None,
        pause=given.pause,
        contract=contract(given.pki) if given.contract else None,
        provisioned=provisioned(given.pki) if given.install else None,
    )


async def arrive(pki: Path, *, secure: bool) -> Link:
    """Find the charger and connect."""
    made = None
    if secure:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.load_verify_locations(pki / "certs" / "v2gRootCACert.pem")
        made.maximum_version = ssl.TLSVersion.TLSv1_2
        made.check_hostname = False  # an SECC's certificate names no host
    where = await find(interface=CAR, security=Security.TLS if secure else Security.NONE)
    return await connect(where, interface=CAR, timeout_s=ANSWER_S, secure=made)


async def sessions(given: argparse.Namespace) -> int:
    """One session, or two of which the first is paused; 0 when they ended well."""
    plan = planned(given)
    secure = plan.payment is Payment.CONTRACT
    report = Report()
    for coming in (plan, replace(plan, pause=False)) if plan.pause else (plan,):
        link = await arrive(given.pki, secure=secure)
        back = replace(coming, session_id=report.session_id or coming.session_id)
        report = await charge(link, back, BenchBattery(given.volts))
        paid = report.contract.emaid if report.contract is not None else None
        print(json.dumps({"ended": report.ended, "messages": len(report.responses), "contract": paid}), flush=True)
        if report.ended != ("paused" if coming.pause else "done"):
            return 1
    return 0


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pki", type=Path, required=True)
    parser.add_argument("--dc", action="store_true")
    parser.add_argument("--din", action="store_true")
    parser.add_argument("--volts", type=float, default=230.0, help="the car's battery, or its rated voltage")
    parser.add_argument("--contract", action="store_true")
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--renegotiate", action="store_true", help="once, half-way")
    parser.add_argument("--pause", action="store_true", help="pause, and come back")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long it charges")
    return asyncio.run(sessions(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
