"""`evse cert` and `evse doctor tls`: what a technician is told, and that no key is ever shown."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from agent.cli import cert, doctor
from agent.pki.names import LeafUse, RootUse
from agent.pki.ocsp import Answers
from agent.pki.store import Store
from tests.agent.pki.test_ocsp import answer
from tests.agent.test_config import GOOD
from tests.security import ca, minting
from tests.security.tls_servers import V11, Server, answering, listening


def run(folder: Path, *words: str) -> int:
    action, *rest = words
    return cert.command([action, "--certificates", str(folder), *rest])


def test_a_root_is_trusted_once_somebody_says_with_what(tmp_path, capsys):
    assert run(tmp_path, "install", str(minting.path("csms-root")), "--root", "csms") == 0
    assert len(Store(tmp_path).roots(RootUse.CSMS)) == 1
    assert run(tmp_path, "install", str(minting.path("csms")), "--root", "csms") == 1
    assert "is no CA" in capsys.readouterr().err
    assert run(tmp_path, "install", str(minting.path("csms"))) == 1
    assert "answers no request" in capsys.readouterr().err


def test_from_request_to_certificate_without_a_csms(tmp_path, capsys):
    run(tmp_path, "install", str(minting.path("csms-root")), "--root", "csms")
    capsys.readouterr()
    assert run(tmp_path, "csr", "--serial", "CS-1", "--organization", "Operator") == 0
    request = capsys.readouterr().out
    assert run(tmp_path, "list") == 0
    assert "waits" in capsys.readouterr().out
    signed = tmp_path / "signed.pem"
    signed.write_text(ca.pem(ca.signed(request)))
    assert run(tmp_path, "install", str(signed)) == 0
    assert len(Store(tmp_path).leaves(LeafUse.STATION)) == 1
    capsys.readouterr()
    assert run(tmp_path, "list", "--json") == 0
    said = capsys.readouterr().out
    rows = json.loads(said)
    assert [row["use"] for row in rows] == ["CSMSRootCertificate", "ChargingStationCertificate"]
    assert all(row["state"].startswith("valid for") for row in rows)
    assert run(tmp_path, "check") == 0


def test_a_request_towards_cars_names_its_side_and_has_a_key_that_they_know(tmp_path, capsys):
    towards_cars = ("csr", "--use", "v2g", "--serial", "SECC-1", "--organization", "Operator", "--country", "NL")
    assert run(tmp_path, *towards_cars) == 0
    request = x509.load_pem_x509_csr(capsys.readouterr().out.encode())
    assert request.subject.rfc4514_string() == "DC=CPO,C=NL,O=Operator,CN=SECC-1"
    assert run(tmp_path, *towards_cars, "--rsa") == 1
    assert "no RSA" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "code"), [(ocsp.OCSPCertStatus.GOOD, 0), (ocsp.OCSPCertStatus.REVOKED, 1)], ids=["good", "revoked"]
)
def test_a_chain_towards_cars_of_which_one_was_revoked_is_a_problem(tmp_path, capsys, status, code):
    store = Store(tmp_path)
    store.add_root(RootUse.V2G, ca.authority("v2g-root")[0])
    place = tmp_path / "own" / "v2g"
    place.mkdir(parents=True)
    (place / "secc.pem").write_text(minting.pem("secc"))
    (place / "secc.key").write_bytes(minting.key("secc").read_bytes())
    (leaf,) = store.leaves(LeafUse.V2G)
    Answers(tmp_path).put(leaf.chain[1], answer("cpo-sub2", "cpo-sub1", status=status))
    assert run(tmp_path, "check") == code
    assert ("CPO Sub-CA 2" in capsys.readouterr().out) == (code == 1)


def test_no_key_is_ever_shown(tmp_path, capsys):
    run(tmp_path, "csr", "--serial", "CS-1", "--organization", "Operator")
    for action in ("list", "check"):
        run(tmp_path, action)
        run(tmp_path, action, "--json")
    said = capsys.readouterr()
    (key,) = tmp_path.rglob("*.key")
    secret = [line for line in key.read_text().splitlines() if "PRIVATE" not in line]
    assert "PRIVATE" not in said.out + said.err
    assert not [line for line in secret if line in said.out + said.err]


@pytest.mark.parametrize(
    ("own", "root", "said"),
    [
        ("station-expired", "station-root", "expired 1 days ago"),
        ("station-not-yet-valid", "station-root", "not valid yet"),
        ("station-unknown-root", "station-root", "unknown root"),
        ("station-wrong-purpose", "station-root", "wrong purpose"),
        ("station-weak-key", "station-root", "too weak"),
        ("station", "csms-root", "unknown root"),
    ],
)
def test_check_says_what_is_wrong_with_a_certificate(own, root, said, tmp_path, capsys):
    Store(tmp_path).add_root(RootUse.CSMS, ca.authority(root)[0])
    folder = tmp_path / "own" / "station"
    folder.mkdir(parents=True)
    (folder / "own.pem").write_text(minting.pem(own))
    (folder / "own.key").write_bytes(minting.key(own).read_bytes())
    assert run(tmp_path, "check") == 1
    assert said in capsys.readouterr().out


def test_check_says_that_a_key_is_another_ones(tmp_path, capsys):
    Store(tmp_path).add_root(RootUse.CSMS, ca.authority("station-root")[0])
    folder = tmp_path / "own" / "station"
    folder.mkdir(parents=True)
    (folder / "own.pem").write_text(minting.pem("station"))
    (folder / "own.key").write_bytes(minting.key("csms").read_bytes())
    assert run(tmp_path, "check") == 1
    assert "another one's" in capsys.readouterr().out


# evse doctor tls


@contextlib.asynccontextmanager
async def csms(server: Server | bytes) -> AsyncIterator[int]:
    async with answering(server) if isinstance(server, bytes) else listening(server) as port:
        yield port


CAUSES = {
    "good": (Server(), "good"),
    "unknown root": (Server("csms-unknown-root"), "evse cert install --root csms"),
    "another name": (Server("csms-wrong-name"), "made out to"),
    "old TLS": (Server(versions=(V11, V11)), "TLS 1.2"),
    "no TLS": (b"HTTP/1.1 400 Bad\r\n\r\n", "TLS port"),
    "a clock that is slow": (Server("csms-not-yet-valid"), "clock"),
}


@pytest.mark.realtime
@pytest.mark.parametrize("what", CAUSES)
async def test_the_doctor_names_the_one_cause_and_a_remedy(what, tmp_path, capsys):
    server, said = CAUSES[what]
    async with csms(server) as port:
        (tmp_path / "password").write_text("0123456789abcdef")
        (tmp_path / "password").chmod(0o600)
        (tmp_path / "ca.pem").write_text(minting.pem("csms-root"))
        text = GOOD.replace(
            "security_profile = 0", 'security_profile = 2\npassword_file = "password"\nca_file = "ca.pem"'
        )
        text = text.replace("allow_plain_text = true\n", "")
        url = next(line for line in text.splitlines() if line.startswith("url"))
        config = tmp_path / "evse.toml"
        config.write_text(
            text.replace(url, f'url = "wss://localhost:{port}/ocpp"') + f'\n[state]\ndir = "{tmp_path / "state"}"\n'
        )
        status = await asyncio.to_thread(doctor.command, ["tls", "--config", str(config)])
    told = capsys.readouterr()
    assert status == (0 if what == "good" else 1)
    assert said in told.out + told.err
