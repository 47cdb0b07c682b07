"""Certificates in OCPP 1.6 (security whitepaper A02, A03, M03-M05)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks import Verdict
from agent.ocpp.asks.security import (
    CertificateVerdict,
    DeleteCertificateAsk,
    InstalledAnswer,
    InstalledAsk,
    InstallRootAsk,
    SignedAsk,
)
from agent.ocpp.blocks.signing import SignNotice
from agent.ocpp.dialect import Notice, Saying, Service
from agent.pki.names import HashAlgorithm, HashData, LeafUse, RootUse

USES: Final[Mapping[str, RootUse]] = MappingProxyType(
    {
        "CentralSystemRootCertificate": RootUse.CSMS,
        "ManufacturerRootCertificate": RootUse.MANUFACTURER,
    }
)


def _install(request: Any) -> InstallRootAsk:
    return InstallRootAsk(USES[request.certificateType], request.certificate)


def _delete(request: Any) -> DeleteCertificateAsk:
    named = request.certificateHashData
    algorithm = HashAlgorithm(named.hashAlgorithm)
    return DeleteCertificateAsk(HashData(algorithm, named.issuerNameHash, named.issuerKeyHash, named.serialNumber))


def _installed(request: Any) -> InstalledAsk:
    return InstalledAsk(frozenset({USES[request.certificateType]}))


def _status(answer: CertificateVerdict) -> dict[str, Any]:
    return {"status": str(answer.verdict)}


def _found(answer: InstalledAnswer) -> dict[str, Any]:
    if not answer.found:
        return {"status": str(Verdict.NOT_FOUND)}
    return {"status": str(Verdict.ACCEPTED), "certificateHashData": [hashed(one.hash) for one in answer.found]}


def hashed(one: HashData) -> dict[str, Any]:
    """A certificate's name."""
    return {
        "hashAlgorithm": str(one.algorithm),
        "issuerNameHash": one.issuer_name_hash,
        "issuerKeyHash": one.issuer_key_hash,
        "serialNumber": one.serial,
    }


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "CertificateSigned": Service(SignedAsk, lambda one: SignedAsk(one.certificateChain, LeafUse.STATION), _status),
        "DeleteCertificate": Service(DeleteCertificateAsk, _delete, _status),
        "GetInstalledCertificateIds": Service(InstalledAsk, _installed, _found),
        "InstallCertificate": Service(InstallRootAsk, _install, _status),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {
        SignNotice: Saying(
            "SignCertificate",
            lambda notice: {"csr": notice.csr},
            lambda response: response.status == "Accepted",
            lambda notice: notice.use is LeafUse.STATION,
        )
    }
)
