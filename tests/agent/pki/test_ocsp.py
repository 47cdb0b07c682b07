"""Answers of OCSP responders: what is believed, until when, and what is not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from agent.pki.names import CertificateError
from agent.pki.ocsp import Answers, judged
from tests.security import ca, minting

DAY = dt.timedelta(days=1)


def certificate(name: str = "secc") -> x509.Certificate:
    return x509.load_pem_x509_certificates(minting.pem(name).encode())[0]


def answer(
    about: str = "secc",
    issuer: str = "cpo-sub2",
    *,
    by: str | None = None,
    lasts: dt.timedelta | None = DAY,
    began: dt.timedelta = -ca.HOUR,
    status: Any = ocsp.OCSPCertStatus.GOOD,
    delegate: bool = False,
) -> bytes:
    """What a responder says; `by`: another signer than the issuer, with its certificate where it is a delegate."""
    now = ca.now().replace(microsecond=0)
    signer, key = ca.authority(by or issuer)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate(about),
            issuer=certificate(issuer),
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=now + began,
            next_update=None if lasts is None else now + began + lasts,
            revocation_time=now if status is ocsp.OCSPCertStatus.REVOKED else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer)
    )
    if delegate:
        builder = builder.certificates([signer])
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def now_utc_s() -> float:
    return ca.now().timestamp()


def judge(der: bytes) -> Any:
    return judged(der, certificate(), certificate("cpo-sub2"), now_utc_s())


@pytest.mark.req("M06.FR.10")
@pytest.mark.parametrize(("lasts", "hours"), [(DAY, 23), (30 * DAY, 7 * 24 - 1), (None, 7 * 24 - 1)])
def test_an_answer_is_believed_until_its_end_and_for_a_week_at_most(lasts: Any, hours: int):
    status = judge(answer(lasts=lasts))
    assert not status.revoked
    assert status.until_utc_s - now_utc_s() == pytest.approx(hours * 3600, abs=5)


def test_a_revoked_certificate_is_known_as_such():
    assert judge(answer(status=ocsp.OCSPCertStatus.REVOKED)).revoked


def test_the_issuer_may_let_another_answer_in_its_stead():
    assert not judge(answer(by="secc-wrong-purpose", delegate=True)).revoked  # whose purpose is just that


def test_whoever_answers_in_the_issuers_stead_may_do_so_for_as_long_as_its_certificate_is_valid():
    later = certificate("secc-wrong-purpose").not_valid_after_utc + DAY - ca.now()
    then_utc_s = (ca.now() + later).timestamp()
    judged(answer(began=later - ca.HOUR), certificate(), certificate("cpo-sub2"), then_utc_s)
    with pytest.raises(CertificateError, match="not signed by the certificate's issuer"):
        judged(
            answer(by="secc-wrong-purpose", delegate=True, began=later - ca.HOUR),
            certificate(),
            certificate("cpo-sub2"),
            then_utc_s,
        )


UNBELIEVED = {
    "no answer at all": lambda: b"hello",
    "a refusal": lambda: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
        serialization.Encoding.DER
    ),
    "about another certificate": lambda: answer("cpo-sub2", "cpo-sub1", by="cpo-sub2"),
    "signed by a stranger": lambda: answer(by="stranger-root", delegate=True),
    "signed by one whom the issuer signed for something else": lambda: answer(by="secc", delegate=True),
    "out of date": lambda: answer(began=-2 * DAY),
    "unknown": lambda: answer(status=ocsp.OCSPCertStatus.UNKNOWN),
    "changed on the way": lambda: bytes([*answer()[:-1], answer()[-1] ^ 1]),
}


@pytest.mark.parametrize("what", UNBELIEVED)
def test_what_cannot_be_believed_says_nothing(what: str):
    with pytest.raises(CertificateError):
        judge(UNBELIEVED[what]())


def test_answers_are_kept_on_disk_and_forgotten_with_their_certificate(tmp_path: Path):
    kept = Answers(tmp_path)
    own, issuer = certificate(), certificate("cpo-sub2")
    assert kept.get(own, issuer, now_utc_s()) is None
    kept.put(own, answer())
    assert Answers(tmp_path).get(own, issuer, now_utc_s()) is not None
    assert kept.get(own, issuer, now_utc_s() + 2 * 86_400) is None
    kept.keep_only(frozenset({issuer}))
    assert kept.get(own, issuer, now_utc_s()) is None
