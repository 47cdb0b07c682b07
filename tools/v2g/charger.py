"""The bench charger for a foreign car.

    python -m tools.v2g.charger --pki DIR --work DIR [--dc] [--tls] [--receipts] [--wish ReNegotiation]

Started by interop.py at its end of the cable. Prints events as JSON lines, as `sim.v2g_bench charger` does. `--tls`:
also inside TLS, where contracts are taken, and made by the CSMS's code over EcoG's PKI.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import datetime as dt
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from agent.iso15118.contracts import ContractJudge
from agent.iso15118.secc.events import CertificateWanted
from agent.iso15118.secc.snapshot import Notice
from agent.iso15118.tls import context
from agent.pki.certificates import common_name, read_pem
from csms.pki import Pki
from csms.provisioning import Provisioning
from sim.v2g_bench import BenchCharger
from tools.v2g.cable import CHARGER

EMAID: Final = "DEEVSC00000042"
CHAINS: Final = {  # what the CSMS's PKI calls them: EcoG's certificates, the first with its key
    "csms-root": (("v2gRootCA", "v2gRootCACert"),),
    "v2g-root": (("v2gRootCA", "v2gRootCACert"),),
    "mo-root": (("moRootCA", "moRootCACert"),),
    "oem-root": (("oemRootCA", "oemRootCACert"),),
    "oem-sub1": (("oemSubCA1", "oemSubCA1Cert"),),
    "oem-sub2": (("oemSubCA2", "oemSubCA2Cert"), ("", "oemSubCA1Cert")),
    "mo-sub2": (("moSubCA2", "moSubCA2Cert"), ("", "moSubCA1Cert")),
    "cps": (("cpsLeaf", "cpsLeafCert"), ("", "cpsSubCA2Cert"), ("", "cpsSubCA1Cert")),
    "secc": (("seccLeaf", "seccLeafCert"), ("", "cpoSubCA2Cert"), ("", "cpoSubCA1Cert")),
}


def renamed(pki: Path, work: Path) -> Path:
    """EcoG's PKI under the names of `certs/make_pki.py`, keys without passwords."""
    folder = work / "pki"
    folder.mkdir(parents=True)
    common = (pki / "private_keys" / "cpsLeafPassword.txt").read_text().strip()
    for name, links in CHAINS.items():
        (folder / f"{name}.pem").write_text("".join((pki / "certs" / f"{one}.pem").read_text() for _, one in links))
        key = pki / "private_keys" / f"{links[0][0]}.key"
        opened = ["openssl", "pkey", "-in", str(key), "-passin", f"pass:{common}", "-out", str(folder / f"{name}.key")]
        subprocess.run(opened, check=True)
    return folder


class Desk:
    """As much of a CSMS as provisioning needs: it keeps nothing."""

    def __init__(self) -> None:
        self.provide: Any = None
        self.store = SimpleNamespace(write=self._forget)

    def now(self) -> float:
        """Wall time."""
        return time.time()

    async def _forget(self, record: Any) -> None:
        pass


def contracts(given: argparse.Namespace) -> dict[str, Any]:
    """What the bench charger needs to take contracts inside TLS, and to have them made."""
    folder = renamed(given.pki, given.work)
    (car,) = read_pem((given.pki / "certs" / "oemLeafCert.pem").read_bytes())
    desk: Any = Desk()
    Provisioning(desk, Pki(folder), {common_name(car): EMAID})

    async def fetch(wanted: CertificateWanted) -> bytes | None:
        made = await desk.provide("bench", wanted.update, base64.b64encode(wanted.request).decode())
        return base64.b64decode(made) if made is not None else None

    roots = read_pem((folder / "mo-root.pem").read_bytes())
    judge = ContractJudge(lambda: roots, lambda: dt.datetime.now(dt.UTC))
    return {"tls": context(str(folder / "secc.pem"), str(folder / "secc.key")), "judge": judge, "fetch": fetch}


async def serve(given: argparse.Namespace) -> None:
    """Charge cars until cancelled."""
    secure = contracts(given) if given.tls else {}
    await BenchCharger(CHARGER, dc=given.dc, receipts=given.receipts, wish=Notice(given.wish), **secure).serve()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pki", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--dc", action="store_true")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--receipts", action="store_true", help="each reading is to be signed")
    parser.add_argument("--wish", choices=[one.value for one in Notice], default=Notice.NONE.value)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
