"""Certificates in OCPP 2.x (A02, A03, M03-M05), and network profiles (B09)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks import Verdict
from agent.ocpp.asks.security import (
    CertificateVerdict,
    DeleteCertificateAsk,
    Installed,
    InstalledAnswer,
    InstalledAsk,
    InstallRootAsk,
    NetworkProfileAsk,
    SignedAsk,
)
from agent.ocpp.blocks.signing import SignNotice, SignTowardsCarsNotice
from agent.ocpp.dialect import Notice, Saying, Service, given, shortened
from agent.ocpp.network import Profile
from agent.ocpp.network_model import VERSIONS
from agent.pki.names import HashAlgorithm, HashData, LeafUse, RootUse

V2G_CHAIN: Final = "V2GCertificateChain"


def _install(request: Any) -> InstallRootAsk:
    return InstallRootAsk(RootUse(request.certificateType), request.certificate)


def _delete(request: Any) -> DeleteCertificateAsk:
    named = request.certificateHashData
    algorithm = HashAlgorithm(named.hashAlgorithm)
    return DeleteCertificateAsk(HashData(algorithm, named.issuerNameHash, named.issuerKeyHash, named.serialNumber))


def _installed(request: Any) -> InstalledAsk:
    """Without a type, all are asked for."""
    asked = given(request.certificateType)
    if asked is None:
        return InstalledAsk(frozenset(RootUse), v2g_chains=True)
    return InstalledAsk(frozenset(RootUse(one) for one in asked if one != V2G_CHAIN), v2g_chains=V2G_CHAIN in asked)


def _signed(request: Any) -> SignedAsk:
    use = given(request.certificateType)
    known = LeafUse(use) if use in set(LeafUse) else None
    return SignedAsk(request.certificateChain, known, given(getattr(request, "requestId", None)))


def _status(answer: CertificateVerdict) -> dict[str, Any]:
    info = {"reasonCode": answer.reason, "additionalInfo": shortened(answer.detail, 512)} if answer.reason else None
    return {"status": str(answer.verdict), "statusInfo": info}


def _found(answer: InstalledAnswer) -> dict[str, Any]:
    if not answer.found:
        return {"status": str(Verdict.NOT_FOUND)}
    return {"status": str(Verdict.ACCEPTED), "certificateHashDataChain": [_chain(one) for one in answer.found]}


def _chain(one: Installed) -> dict[str, Any]:
    return {
        "certificateType": V2G_CHAIN if isinstance(one.use, LeafUse) else str(one.use),
        "certificateHashData": hashed(one.hash),
        "childCertificateHashData": [hashed(child) for child in one.children] or None,
    }


def hashed(one: HashData) -> dict[str, Any]:
    """A certificate's name."""
    return {
        "hashAlgorithm": str(one.algorithm),
        "issuerNameHash": one.issuer_name_hash,
        "issuerKeyHash": one.issuer_key_hash,
        "serialNumber": one.serial,
    }


def _network(request: Any) -> NetworkProfileAsk:
    data = request.connectionData
    version = given(data.ocppVersion)
    profile = Profile(
        url=data.ocppCsmsUrl,
        security=data.securityProfile,
        identity=given(getattr(data, "identity", None)),
        message_timeout_s=data.messageTimeout if data.messageTimeout > 0 else None,
        versions=VERSIONS.get(version, ()) if version else (),
        interface=data.ocppInterface,
    )
    password = given(getattr(data, "basicAuthPassword", None))
    return NetworkProfileAsk(request.configurationSlot, profile, _unusable(data, version), password)


def _unusable(data: Any, version: str | None) -> str:
    """What of a network profile this station has no means for."""
    if data.ocppTransport != "JSON":
        return "OCPP over JSON only"
    if version is not None and version not in VERSIONS:
        return f"{version} is not spoken here"
    if given(data.apn) is not None:
        return "the modem is the operating system's to configure: leave out apn"
    if given(data.vpn) is not None:
        return "VPNs are the operating system's to configure: leave out vpn"
    return ""


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "CertificateSigned": Service(SignedAsk, _signed, _status),
        "DeleteCertificate": Service(DeleteCertificateAsk, _delete, _status),
        "GetInstalledCertificateIds": Service(InstalledAsk, _installed, _found),
        "InstallCertificate": Service(InstallRootAsk, _install, _status),
        "SetNetworkProfile": Service(NetworkProfileAsk, _network, _status),
    }
)


def certificate_type(use: LeafUse) -> str | None:
    """None for one that serves both: the field is left out then (A02.FR.13)."""
    return None if use is LeafUse.COMBINED else str(use)


def _sign(notice: SignNotice) -> dict[str, Any]:
    return {"csr": notice.csr, "certificateType": certificate_type(notice.use)}


_SIGN: Final = Saying("SignCertificate", _sign, lambda response: response.status == "Accepted")
SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType({SignNotice: _SIGN, SignTowardsCarsNotice: _SIGN})
