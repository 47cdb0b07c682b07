"""Plug & charge over 1.6 (OCA: "Using ISO 15118 Plug & Charge with OCPP 1.6"): messages of 2.0.1 in data transfers.

They travel as JSON in a text; what they ask for and answer with is what the blocks of 2.x do.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from agent.core.contract import CertificateHash, CertificateVerdict, Contract
from agent.core.values import AuthInfo, AuthStatus, IdToken, TokenKind
from agent.ocpp.asks import Answer, Ask, TransferAsk, TriggerAsk, TriggeredMessage, Verdict, VerdictAnswer
from agent.ocpp.asks.security import CertificateVerdict as Became
from agent.ocpp.asks.security import (
    DeleteCertificateAsk,
    Installed,
    InstalledAnswer,
    InstalledAsk,
    InstallRootAsk,
    SignedAsk,
)
from agent.ocpp.blocks.certificate_status import StatusNotice
from agent.ocpp.blocks.ev_certificate import EvCertificateNotice
from agent.ocpp.blocks.signing import SignTowardsCarsNotice
from agent.ocpp.dialect import Notice, Saying, Service, given, octets, without_none
from agent.pki.names import HashAlgorithm, HashData, LeafUse, RootUse

VENDOR: Final = "org.openchargealliance.iso15118pnc"
CHAIN: Final = "V2GCertificateChain"

_Root: TypeAlias = Literal["V2GRootCertificate", "MORootCertificate"]


# What the CSMS asks


class _Hash(Struct, frozen=True, rename="camel"):
    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


class _CertificateSigned(Struct, frozen=True, rename="camel"):
    certificate_chain: str
    certificate_type: Literal["V2GCertificate"] = "V2GCertificate"

    def ask(self) -> SignedAsk:
        return SignedAsk(self.certificate_chain, LeafUse.V2G)


class _DeleteCertificate(Struct, frozen=True, rename="camel"):
    certificate_hash_data: _Hash

    def ask(self) -> DeleteCertificateAsk:
        named = self.certificate_hash_data
        algorithm = HashAlgorithm(named.hash_algorithm)
        return DeleteCertificateAsk(
            HashData(algorithm, named.issuer_name_hash, named.issuer_key_hash, named.serial_number)
        )


class _GetInstalledCertificateIds(Struct, frozen=True, rename="camel"):
    certificate_type: tuple[_Root | Literal["V2GCertificateChain"], ...] | None = None

    def ask(self) -> InstalledAsk:
        kinds = self.certificate_type or (RootUse.V2G, RootUse.MO, CHAIN)
        return InstalledAsk(frozenset(RootUse(one) for one in kinds if one != CHAIN), v2g_chains=CHAIN in kinds)


class _InstallCertificate(Struct, frozen=True, rename="camel"):
    certificate_type: _Root
    certificate: str

    def ask(self) -> InstallRootAsk:
        return InstallRootAsk(RootUse(self.certificate_type), self.certificate)


class _TriggerMessage(Struct, frozen=True, rename="camel"):
    requested_message: str

    def ask(self) -> TriggerAsk:
        known = self.requested_message == "SignV2GCertificate"
        return TriggerAsk(TriggeredMessage.V2G_CERTIFICATE if known else None)


_Request: TypeAlias = (
    _CertificateSigned | _DeleteCertificate | _GetInstalledCertificateIds | _InstallCertificate | _TriggerMessage
)
_REQUESTS: Final[Mapping[str, type[_Request]]] = MappingProxyType(
    {
        "CertificateSigned": _CertificateSigned,
        "DeleteCertificate": _DeleteCertificate,
        "GetInstalledCertificateIds": _GetInstalledCertificateIds,
        "InstallCertificate": _InstallCertificate,
        "TriggerMessage": _TriggerMessage,
    }
)


def read(transfer: TransferAsk) -> Ask:
    """What a transfer of this vendor asks for; one that is not for here, or not legible, answers itself."""
    if transfer.vendor.casefold() != VENDOR:
        return transfer
    kind = _REQUESTS.get(transfer.message or "")
    if kind is None:
        return replace(transfer, unfit=Verdict.UNKNOWN_MESSAGE)
    try:
        return msgspec.json.decode(transfer.data or "", type=kind).ask()
    except msgspec.MsgspecError:
        return replace(transfer, unfit=Verdict.REJECTED)


def said(answer: Answer) -> dict[str, Any] | None:
    """The response to such a request, as 2.0.1 has it; None for what is no answer to one."""
    match answer:
        case VerdictAnswer() | Became():
            return {"status": str(answer.verdict)}
        case InstalledAnswer(found=()):
            return {"status": str(Verdict.NOT_FOUND)}
        case InstalledAnswer(found=found):
            chains = [_chain(one) for one in found]
            return {"status": str(Verdict.ACCEPTED), "certificateHashDataChain": without_none(chains)}
        case _:
            return None


def _chain(one: Installed) -> dict[str, Any]:
    return {
        "certificateType": CHAIN if isinstance(one.use, LeafUse) else str(one.use),
        "certificateHashData": _hashed(one.hash),
        "childCertificateHashData": [_hashed(child) for child in one.children] or None,
    }


def _hashed(one: HashData) -> dict[str, Any]:
    return {
        "hashAlgorithm": str(one.algorithm),
        "issuerNameHash": one.issuer_name_hash,
        "issuerKeyHash": one.issuer_key_hash,
        "serialNumber": one.serial,
    }


# What the station asks


class _GroupToken(Struct, frozen=True, rename="camel"):
    id_token: str


class _IdTokenInfo(Struct, frozen=True, rename="camel"):
    status: str
    cache_expiry_date_time: Annotated[dt.datetime, Meta(tz=True)] | None = None
    group_id_token: _GroupToken | None = None


class _Authorized(Struct, frozen=True, rename="camel"):
    id_token_info: _IdTokenInfo
    certificate_status: CertificateVerdict | None = None


class _EvCertificate(Struct, frozen=True, rename="camel"):
    status: str
    exi_response: str | None = None


class _CertificateStatus(Struct, frozen=True, rename="camel"):
    status: str
    ocsp_result: str | None = None


class _Taken(Struct, frozen=True, rename="camel"):
    status: str


def packed(message: str, fields: dict[str, Any]) -> dict[str, Any]:
    """DataTransfer.req with a message of 2.0.1's in it."""
    return {"vendorId": VENDOR, "messageId": message, "data": msgspec.json.encode(without_none(fields)).decode()}


def authorize(token: IdToken, contract: Contract) -> dict[str, Any]:
    """Authorize with a contract: DataTransfer.req."""
    hashes = [_responsible(one) for one in contract.hashes]
    fields = {
        "idToken": {"idToken": token.value, "type": str(TokenKind.E_MAID)},
        "certificate": contract.chain_pem,
        "iso15118CertificateHashData": hashes or None,
    }
    return packed("Authorize", fields)


def _responsible(one: CertificateHash) -> dict[str, Any]:
    return {
        "hashAlgorithm": one.algorithm,
        "issuerNameHash": one.issuer_name_hash,
        "issuerKeyHash": one.issuer_key_hash,
        "serialNumber": one.serial,
        "responderURL": one.responder_url,
    }


def verdict(response: Any) -> AuthInfo:
    """What the CSMS says of a contract; a CSMS that does not know these messages says nothing."""
    told = _unpacked(response, _Authorized)
    if told is None:
        return AuthInfo(AuthStatus.NO_ANSWER)
    info = told.id_token_info
    status = AuthStatus(info.status) if info.status in set(AuthStatus) else AuthStatus.INVALID
    expires = info.cache_expiry_date_time
    group = info.group_id_token
    return AuthInfo(
        status,
        group.id_token if group is not None else None,
        expires.timestamp() if expires is not None else None,
        certificate=told.certificate_status,
    )


def _unpacked(response: Any, kind: type[Any]) -> Any:
    """What DataTransfer.conf carries; None where it was not accepted, or is not legible."""
    if response.status != Verdict.ACCEPTED:
        return None
    try:
        return msgspec.json.decode(given(response.data) or "", type=kind)
    except msgspec.MsgspecError:
        return None


def _sign(notice: SignTowardsCarsNotice) -> dict[str, Any]:
    return packed("SignCertificate", {"csr": notice.csr, "certificateType": str(notice.use)})


def _signs(response: Any) -> bool:
    taken = _unpacked(response, _Taken)
    return taken is not None and taken.status == Verdict.ACCEPTED


def _ask_status(notice: StatusNotice) -> dict[str, Any]:
    request = _hashed(notice.hash) | {"responderURL": notice.responder_url}
    return packed("GetCertificateStatus", {"ocspRequestData": request})


def _status(response: Any) -> bytes | None:
    told = _unpacked(response, _CertificateStatus)
    return octets(told.ocsp_result) if told is not None and told.status == Verdict.ACCEPTED else None


def _ask_contract(notice: EvCertificateNotice) -> dict[str, Any]:
    request = {
        "iso15118SchemaVersion": notice.schema,
        "action": "Update" if notice.update else "Install",
        "exiRequest": base64.b64encode(notice.exi).decode(),
    }
    return packed("Get15118EVCertificate", request)


def _contract(response: Any) -> bytes | None:
    made = _unpacked(response, _EvCertificate)
    return octets(made.exi_response) if made is not None and made.status == Verdict.ACCEPTED else None


SERVICES: Final[Mapping[str, Service]] = MappingProxyType({})

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {
        SignTowardsCarsNotice: Saying("DataTransfer", _sign, _signs, fits=lambda one: one.use is LeafUse.V2G),
        EvCertificateNotice: Saying("DataTransfer", _ask_contract, _contract),
        StatusNotice: Saying("DataTransfer", _ask_status, _status),
    }
)
