from __future__ import annotations

import datetime as dt
import shutil
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

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
    assert len(keys) == 17
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


def test_a_tls_server_can_be_run_with_the_csms_certificate(pki):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "csms.pem", pki / "csms.key")
    names = x509.load_pem_x509_certificate((pki / "csms.pem").read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["csms.example.com"]
