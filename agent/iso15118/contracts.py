"""Judges what a car presents as its contract: the chain against the roots at hand, and what its key has signed.

Fails closed: what cannot be judged is refused. Whether the contract may charge here is the authoriser's matter.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from agent.core.contract import CertificateHash, Contract
from agent.iso15118.exi import iso2
from agent.iso15118.signature import SignatureError, verify
from agent.pki.certificates import hash_data, key_of, responder_of
from agent.pki.chains import ChainError, Flaw, Purpose, validated

if TYPE_CHECKING:
    from agent.iso15118.exi import Message, xmldsig

log = logging.getLogger(__name__)

MAX_PEM: Final = 5_500  # OCPP 2.0.1 AuthorizeRequest.certificate

# ISO 15118-2 table 112; every other flaw is one of the chain
CODES: Final = {Flaw.EXPIRED: "FAILED_CertificateExpired"}


class ContractJudge:
    """`roots`: the mobility operators' roots (and the V2G roots) that this charger trusts, read anew at each use.

    `central`: whether the CSMS may judge what leads to none of them (OCPP 2.0.1 CentralContractValidationAllowed).
    """

    def __init__(
        self,
        roots: Callable[[], Sequence[x509.Certificate]],
        now: Callable[[], dt.datetime],
        central: Callable[[], bool] = lambda: False,
    ) -> None:
        self._roots = roots
        self._now = now
        self._central = central

    def chain(self, emaid: str, chain: tuple[bytes, ...]) -> str:
        """The response code for a contract's certificates, the leaf first: "OK" or why not."""
        try:
            certificates = [x509.load_der_x509_certificate(one) for one in chain]
            self._path(certificates)
        except ChainError as error:
            log.warning("the contract %r is refused: %s", emaid, error)
            return CODES.get(error.flaw, "FAILED_CertChainError")
        except ValueError as error:
            log.warning("the contract %r is refused: %s", emaid, error)
            return "FAILED_CertChainError"
        named = certificates[0].subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        if not named or _plain(str(named[0].value)) != _plain(emaid):
            log.warning("the contract is refused: its certificate is not for %r", emaid)
            return "FAILED_CertChainError"
        return "OK"

    def described(self, chain: tuple[bytes, ...]) -> Contract:
        """A chain that was found good, as the CSMS is asked about it (OCPP 2.0.1 C07.FR.01)."""
        certificates = [x509.load_der_x509_certificate(one) for one in chain]
        path = self._path(certificates)
        if path is None:  # C07.FR.06
            return Contract(chain_pem=_pem(certificates), valid=None)
        hashes = []
        for one, issuer in pairwise(path):
            url = responder_of(one)
            if url is not None:
                named = hash_data(one, issuer)
                hashes.append(
                    CertificateHash(
                        str(named.algorithm), named.issuer_name_hash, named.issuer_key_hash, named.serial, url
                    )
                )
        return Contract(tuple(hashes), valid=True)

    def _path(self, certificates: Sequence[x509.Certificate]) -> Sequence[x509.Certificate] | None:
        """From the leaf to a root; None where there is none here and the CSMS may judge. Raises `ChainError`."""
        try:
            return validated(certificates, self._roots(), Purpose.CONTRACT, self._now())
        except ChainError as error:
            if error.flaw is Flaw.UNKNOWN_ROOT and self._central() and len(_pem(certificates)) <= MAX_PEM:
                return None
            raise

    def signed(self, name: str, part: Message, signature: xmldsig.SignatureType | None, leaf: bytes) -> bool:
        """Whether the element was signed with the key of this certificate."""
        if signature is None:
            return False
        try:
            key: Any = key_of(x509.load_der_x509_certificate(leaf))
            verify(iso2, [(name, part)], signature, key)
        except (SignatureError, ValueError) as error:
            log.warning("%s is not signed by the contract: %s", name, error)
            return False
        return True


def _pem(certificates: Sequence[x509.Certificate]) -> str:
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in certificates)


def _plain(emaid: str) -> str:
    """Without the separators that may stand in it or not (ISO 15118-2 annex H)."""
    return emaid.replace("-", "").casefold()
