"""Our simulated car without a contract at EcoG's charger: it has one installed inside TLS, and pays with it.

    python -m tools.v2g.car --interface car --pki build/ecog/pki/iso15118_2 [--seconds 5]

Started by interop.py. Prints the car's report as a JSON line; exit code 0 when it was charged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from agent.iso15118.sdp import Security
from agent.iso15118.secc.events import Protocol
from agent.iso15118.secc.snapshot import EnergyMode, Payment
from agent.pki.certificates import read_pem
from sim.evcc.discovery import connect, find
from sim.evcc.evcc import charge
from sim.evcc.plan import Plan, Provisioned
from sim.v2g_bench import BenchBattery


def provisioned(pki: Path) -> Provisioned:
    """What EcoG's script gives its car."""
    certificates = [
        read_pem((pki / "certs" / f"{name}.pem").read_bytes())[0].public_bytes(serialization.Encoding.DER)
        for name in ("oemLeafCert", "v2gRootCACert")
    ]
    password = (pki / "private_keys" / "oemLeafPassword.txt").read_bytes().strip()
    key = serialization.load_pem_private_key((pki / "private_keys" / "oemLeaf.key").read_bytes(), password)
    return Provisioned((certificates[0],), key, (certificates[1],))


async def session(interface: str, pki: Path, seconds: float) -> int:
    """One session; 0 when it ended well."""
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    secure.load_verify_locations(pki / "certs" / "v2gRootCACert.pem")
    secure.maximum_version = ssl.TLSVersion.TLSv1_2
    secure.check_hostname = False  # an SECC's certificate names no host
    where = await find(interface=interface, security=Security.TLS)
    link = await connect(where, interface=interface, timeout_s=60.0, secure=secure)
    plan = Plan(
        offers=(Protocol.ISO_2,),
        mode=EnergyMode.AC_3P,
        payment=Payment.CONTRACT,
        charge_s=seconds,
        loop_s=0.1,
        provisioned=provisioned(pki),
    )
    report = await charge(link, plan, BenchBattery(230.0))
    told = {
        "ended": report.ended,
        "messages": len(report.responses),
        "slowest_s": round(report.slowest_s, 3),
        "contract": report.contract.emaid if report.contract is not None else None,
    }
    print(json.dumps(told), flush=True)
    return 0 if report.ended == "done" else 1


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interface", required=True)
    parser.add_argument("--pki", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    return asyncio.run(session(given.interface, given.pki, given.seconds))


if __name__ == "__main__":
    sys.exit(main())
