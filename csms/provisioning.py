"""Contracts for cars (ISO 15118-2 CertificateInstallation and CertificateUpdate), from the development PKI.

Plays every role behind a charger at once: the pool of OEM certificates, the mobility operator that issues contracts,
and the provisioning service (CPS) that signs what the car gets. A real CSMS asks others for all of it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.iso15118 import exi
from agent.iso15118.contract_key import wrapped
from agent.iso15118.exi import iso2 as m
from agent.iso15118.signature import SignatureError, sign, verify
from agent.pki import certificates as x
from agent.pki.chains import ChainError, Purpose, validated
from csms.back_office import BackOffice
from csms.pki import Pki, PkiError, issued
from csms.records import Issued

log = logging.getLogger(__name__)

MO_SIGNER: Final = "mo-sub2"
MO_DOMAIN: Final = "MO"  # ISO 15118-2 annex F
CPS: Final = "cps"  # the leaf whose key signs what cars get


class ProvisioningError(Exception):
    """No contract for this car; says why."""


class Provisioning:
    """`contracts`: the eMAID of each car, by the id in its provisioning certificate (PCID)."""

    def __init__(self, office: BackOffice, pki: Pki, contracts: Mapping[str, str]) -> None:
        """Raises OSError and `PkiError` when the PKI has no provisioning service."""
        self.contracts = contracts
        self._office = office
        self._pki = pki
        self._cps = tuple(x.read_pem((pki.folder / f"{CPS}.pem").read_bytes()))
        key = serialization.load_pem_private_key((pki.folder / f"{CPS}.key").read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise PkiError(f"{pki.folder / CPS}.key is not for elliptic curves")
        self._key = key
        office.provide = self.provide

    async def provide(self, charger: str, update: bool, request: str) -> str | None:
        """Get15118EVCertificate: what the car is to get, Base64 (M01, M02); None where it gets nothing."""
        try:
            octets = base64.b64decode(request, validate=True)
            answer, contract = await asyncio.to_thread(self.made, octets, charger, update=update)
        except (ProvisioningError, SignatureError, ChainError, exi.ExiError, ValueError, binascii.Error) as error:
            log.warning("%s: no contract for its car: %s", charger, error)
            return None
        await self._office.store.write(contract)
        return base64.b64encode(answer).decode()

    def made(self, octets: bytes, charger: str, *, update: bool) -> tuple[bytes, Issued]:
        """The message for a car that has sent this one, and the contract in it.

        Raises `ProvisioningError`, and what the modules raise that read, judge and verify.
        """
        message = exi.decode(m, octets)
        if not isinstance(message, m.V2G_Message):
            raise ProvisioningError("it is no message of ISO 15118-2")
        body = message.Body.BodyElement
        match body:
            case m.CertificateInstallationReq() if not update:
                own = x509.load_der_x509_certificate(body.OEMProvisioningCert)
                self._proved(body, message, own, "oem-root", Purpose.PROVISIONING)
                emaid = self.contracts.get(x.common_name(own))
            case m.CertificateUpdateReq() if update:
                own = x509.load_der_x509_certificate(body.ContractSignatureCertChain.Certificate)
                self._proved(body, message, own, "mo-root", Purpose.CONTRACT)
                emaid = x.common_name(own)
                if emaid != body.eMAID or emaid not in self.contracts.values():
                    raise ProvisioningError(f"{body.eMAID!r} has no contract that could go on")
            case _:
                raise ProvisioningError(f"{type(body).__name__} asks for no contract")
        if emaid is None:
            raise ProvisioningError(f"no driver has a contract for the car {x.common_name(own)!r}")
        return self._answer(message.Header.SessionID, own, emaid, charger, update=update)

    def _proved(self, body: Any, message: m.V2G_Message, own: x509.Certificate, root: str, purpose: Purpose) -> None:
        """The car has signed the request with a key that leads to the root. Raises SignatureError and ChainError."""
        pool = self._pki.authorities.intermediates
        validated([own, *pool], self._pki.authorities.roots(root), purpose, x.moment(self._office.now()))
        if message.Header.Signature is None:
            raise ProvisioningError("the request is not signed")
        key: Any = x.key_of(own)
        verify(m, [(type(body).__name__, body)], message.Header.Signature, key)

    def _answer(
        self, session_id: bytes, own: x509.Certificate, emaid: str, charger: str, *, update: bool
    ) -> tuple[bytes, Issued]:
        signer = self._pki.authorities.get(MO_SIGNER)
        to = own.public_key()
        if signer is None or not isinstance(to, ec.EllipticCurvePublicKey):
            raise ProvisioningError(f"{self._pki.folder} has no {MO_SIGNER}, or the car's key is of no use")
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, emaid), x509.NameAttribute(NameOID.DOMAIN_COMPONENT, MO_DOMAIN)]
        )
        made = signer.sign(
            name, key.public_key(), [ExtendedKeyUsageOID.CLIENT_AUTH], self._office.now(), self._pki.ocsp_url
        )
        public, encrypted = wrapped(key, to)
        fields: dict[str, Any] = {
            "ContractSignatureCertChain": _chain([made, *signer.chain], "id1"),
            "ContractSignatureEncryptedPrivateKey": m.ContractSignatureEncryptedPrivateKeyType(
                Id="id2", value=encrypted
            ),
            "DHpublickey": m.DiffieHellmanPublickeyType(Id="id3", value=public),
            "eMAID": m.EMAIDType(Id="id4", value=emaid),
        }
        kind = m.CertificateUpdateRes if update else m.CertificateInstallationRes
        answer = kind(ResponseCode="OK", SAProvisioningCertificateChain=_chain(self._cps), **fields)
        header = m.MessageHeaderType(SessionID=session_id, Signature=sign(m, fields.items(), self._key))
        whole = m.V2G_Message(Header=header, Body=m.BodyType(BodyElement=answer))
        return exi.encode(whole), issued(made, signer.chain, charger)


def _chain(certificates: Any, name: str | None = None) -> m.CertificateChainType:
    leaf, *others = [one.public_bytes(serialization.Encoding.DER) for one in certificates]
    below = m.SubCertificatesType(Certificate=tuple(others)) if others else None
    return m.CertificateChainType(Id=name, Certificate=leaf, SubCertificates=below)
