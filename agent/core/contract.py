"""A contract that a car presents (OCPP 2.0.1 C07, C08): what the CSMS needs to check it, and what it says of it.

The ISO 15118 side posts a `ContractPresented`; what comes of it is an `AuthorizationDecided` like any other, whose
`info.certificate` tells the car why.
"""

from __future__ import annotations

import enum

import msgspec


class CertificateHash(msgspec.Struct, frozen=True):
    """How OCPP names one certificate of the chain, and where its revocation is answered for (OCSPRequestDataType)."""

    algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial: str
    responder_url: str


class Contract(msgspec.Struct, frozen=True):
    """A contract certificate: the hashes of its chain, leaf first.

    `valid` None: the station could not check it, having no root for it; then `chain_pem` goes to the CSMS, where that
    is allowed (C07.FR.06).
    """

    hashes: tuple[CertificateHash, ...] = ()
    chain_pem: str | None = None
    valid: bool | None = None


class CertificateVerdict(enum.StrEnum):
    """What the CSMS says of the certificate (AuthorizeCertificateStatusEnumType)."""

    ACCEPTED = "Accepted"
    SIGNATURE_ERROR = "SignatureError"
    EXPIRED = "CertificateExpired"
    REVOKED = "CertificateRevoked"
    NOT_AVAILABLE = "NoCertificateAvailable"
    CHAIN_ERROR = "CertChainError"
    CONTRACT_CANCELLED = "ContractCancelled"
