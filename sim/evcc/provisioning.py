"""How a car gets its contract in ISO 15118-2: asks with its maker's certificate, judges the answer, decrypts."""

from __future__ import annotations

from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from agent.iso15118.contract_key import unwrapped
from agent.iso15118.exi import iso2 as m
from agent.iso15118.exi import xmldsig
from agent.iso15118.signature import SignatureError, sign, verify
from sim.evcc.plan import Contract, Provisioned, RefusedError
from sim.evcc.talk import Talk

SERVICE: Final = 2  # table 105: contract certificates
INSTALL: Final = 1  # table 106
UPDATE: Final = 2
SIGNED: Final = ("ContractSignatureCertChain", "ContractSignatureEncryptedPrivateKey", "DHpublickey", "eMAID")


async def contract(talk: Talk, car: Provisioned, present: Contract | None) -> Contract:
    """A contract, or a new one for the present one. Raises `RefusedError` when there is none that can be believed."""
    roots = m.ListOfRootCertificateIDsType(RootCertificateID=tuple(_named(one) for one in car.roots))
    kind: Any
    if present is None:
        request: Any = m.CertificateInstallationReq(
            Id="id1", OEMProvisioningCert=car.chain[0], ListOfRootCertificateIDs=roots
        )
        key, kind = car.key, m.CertificateInstallationRes
    else:
        request = m.CertificateUpdateReq(
            Id="id1", ContractSignatureCertChain=shown(present), eMAID=present.emaid, ListOfRootCertificateIDs=roots
        )
        key, kind = present.key, m.CertificateUpdateRes
    answer, signature = await talk.ask_signed(kind, request, sign(m, [(type(request).__name__, request)], key))
    return _taken(answer, signature, car, key)


def shown(contract: Contract) -> m.CertificateChainType:
    """A contract's certificates, as messages carry them."""
    leaf, *others = contract.chain
    subordinate = m.SubCertificatesType(Certificate=tuple(others)) if others else None
    return m.CertificateChainType(Certificate=leaf, SubCertificates=subordinate)


def _taken(answer: Any, signature: Any, car: Provisioned, key: Any) -> Contract:
    signer = _chain(answer.SAProvisioningCertificateChain)
    if not _leads_to(signer, car.roots):
        raise RefusedError("the contract is signed by a provisioning service that nobody trusted has signed")
    if signature is None:
        raise RefusedError("the contract is not signed")
    service: Any = signer[0].public_key()
    try:
        verify(m, [(name, getattr(answer, name)) for name in SIGNED], signature, service)
        made = unwrapped(answer.DHpublickey.value, answer.ContractSignatureEncryptedPrivateKey.value, key)
    except (SignatureError, ValueError) as error:
        raise RefusedError(f"the contract cannot be believed: {error}") from error
    chain = _chain(answer.ContractSignatureCertChain)
    if made.public_key() != chain[0].public_key():
        raise RefusedError("the contract's key does not fit its certificate")
    octets = answer.ContractSignatureCertChain
    below = octets.SubCertificates.Certificate if octets.SubCertificates is not None else ()
    return Contract(answer.eMAID.value, (octets.Certificate, *below), made)


def _chain(shown_: m.CertificateChainType) -> list[x509.Certificate]:
    below = shown_.SubCertificates.Certificate if shown_.SubCertificates is not None else ()
    try:
        return [x509.load_der_x509_certificate(one) for one in (shown_.Certificate, *below)]
    except ValueError as error:
        raise RefusedError(f"what is no certificate: {error}") from error


def _leads_to(chain: list[x509.Certificate], roots: tuple[bytes, ...]) -> bool:
    """Whether each of a chain is signed by the next, and the last one by a root."""
    trusted = [x509.load_der_x509_certificate(one) for one in roots]
    return all(
        any(_signed_by(one, issuer) for issuer in issuers)
        for one, issuers in zip(chain, [*([one] for one in chain[1:]), trusted], strict=True)
    )


def _signed_by(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _named(root: bytes) -> xmldsig.X509IssuerSerialType:
    certificate = x509.load_der_x509_certificate(root)
    return xmldsig.X509IssuerSerialType(
        X509IssuerName=certificate.issuer.rfc4514_string(), X509SerialNumber=certificate.serial_number
    )
