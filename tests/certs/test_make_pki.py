from __future__ import annotations

import datetime as dt
import os
import shutil
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from tests.security import minting

MAKE_PKI = Path(__file__).resolve().parents[2] / "certs" / "make_pki.py"


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, MAKE_PKI, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def pki(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    done = make("--development", "--out", str(folder), "--csms-name", "csms.example.com", "127.0.0.1")
    assert done.returncode == 0, done.stderr
    return folder


def test_nothing_is_minted_unless_somebody_says_that_this_is_development(tmp_path):
    done = make("--out", str(tmp_path / "pki"))
    assert done.returncode == 1
    assert "--development" in done.stderr
    assert not (tmp_path / "pki").exists()


def test_what_is_there_is_not_overwritten_by_accident(pki):
    before = (pki / "csms.pem").read_bytes()
    done = make("--development", "--out", str(pki))
    assert done.returncode == 1
    assert "--replace" in done.stderr
    assert (pki / "csms.pem").read_bytes() == before


def test_no_key_can_be_read_by_others(pki):
    keys = list(pki.glob("*.key"))
    assert len(keys) == 20
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)


def test_everything_is_valid_now_and_says_that_it_is_for_development(pki):
    now = dt.datetime.now(dt.UTC)
    for path in pki.glob("*.pem"):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc
        assert "DEVELOPMENT" in certificate.subject.rfc4514_string()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is the independent verifier, and is not installed")
@pytest.mark.parametrize(
    ("leaf", "root", "purpose"),
    [
        ("csms", "csms-root", "sslserver"),
        ("station", "station-root", "sslclient"),
        ("secc", "v2g-root", "sslserver"),
        ("contract", "mo-root", "sslclient"),
        ("oem-provisioning", "oem-root", "sslclient"),
        ("firmware", "manufacturer-root", "any"),
    ],
)
def test_openssl_accepts_each_chain_for_its_purpose_and_no_other_root(pki, leaf, root, purpose):
    def verified(anchor: str) -> bool:
        files = ["-CAfile", pki / f"{anchor}.pem", "-untrusted", pki / f"{leaf}.pem", pki / f"{leaf}.pem"]
        command = ["openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-purpose", purpose, *files]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    assert verified(root)
    other = "mo-root" if root != "mo-root" else "oem-root"
    assert not verified(other)


def test_on_a_production_machine_nothing_is_minted_whatever_is_said(tmp_path):
    done = subprocess.run(
        [sys.executable, MAKE_PKI, "--development", "--out", str(tmp_path / "pki")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "EVSE_ENVIRONMENT": "production"},
    )
    assert done.returncode == 1
    assert not (tmp_path / "pki").exists()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is the independent verifier, and is not installed")
@pytest.mark.parametrize("leaf", ["csms", "station", "firmware"])
def test_openssl_refuses_each_bad_certificate_for_what_its_name_says(leaf):
    root = {"csms": "csms-root", "station": "station-root", "firmware": "manufacturer-root"}[leaf]
    purpose = {"csms": "sslserver", "station": "sslclient", "firmware": "sslserver"}[leaf]
    said = {
        "expired": "certificate has expired",
        "not-yet-valid": "certificate is not yet valid",
        "wrong-purpose": "unsuitable certificate purpose",
        "weak-key": "EE certificate key too weak",
        "unknown-root": "unable to get local issuer certificate",
        "revoked": "certificate revoked",
        "chain-too-long": "path length constraint exceeded",
        "leaf-as-ca": "invalid CA certificate",
    }
    for variant, why in said.items():
        bad = minting.path(f"{leaf}-{variant}")
        files = ["-CAfile", minting.path(root), "-untrusted", bad, bad]
        options = ["-purpose", purpose, "-auth_level", "2", "-no-CApath", "-no-CAstore"]
        if variant == "revoked":
            options += ["-crl_check", "-CRLfile", minting.pki() / "bad" / f"{root}.crl"]
        done = subprocess.run(["openssl", "verify", *options, *files], capture_output=True, text=True, check=False)
        assert done.returncode != 0, variant
        assert why in done.stderr, (variant, done.stderr)


def test_a_tls_server_can_be_run_with_the_csms_certificate(pki):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "csms.pem", pki / "csms.key")
    names = x509.load_pem_x509_certificate((pki / "csms.pem").read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["csms.example.com"]
