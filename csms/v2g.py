"""What chargers ask for cars and about their certificates (2.x M01, M02, M06)."""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec
from msgspec import UNSET

from csms.back_office import BackOffice
from csms.dialects import Handler, known

NOT_ACCEPTED: Final = frozenset({"Blocked", "Expired", "Invalid", "Unknown"})  # C07.FR.13


def authorized(office: BackOffice, wire: Any, request: Any, info: Any) -> msgspec.Struct:
    """AuthorizeResponse; `info`: how the token stands. A contract stands as its certificates do, too (C07.FR.13-17)."""
    named, pem = known(request.iso15118CertificateHashData), known(request.certificate)
    status: Any = UNSET
    if office.standing is not None and (named is not None or pem is not None):
        status = office.standing(named, pem)
        if status != "Accepted":
            info = msgspec.structs.replace(info, status="Expired" if status == "CertificateExpired" else "Invalid")
        elif info.status in NOT_ACCEPTED:
            status = "ContractCancelled"
    answer: msgspec.Struct = wire.AuthorizeResponse(idTokenInfo=info, certificateStatus=status)
    return answer


def handlers(office: BackOffice, wire: Any) -> dict[str, Handler]:
    """Who answers what; without a PKI everything has failed."""

    async def status(charger: str, request: Any) -> msgspec.Struct:
        del charger
        answer = await office.vouch(request.ocspRequestData) if office.vouch is not None else None
        if answer is None:
            failed: msgspec.Struct = wire.GetCertificateStatusResponse(status="Failed")  # M06.FR.04
            return failed
        result = base64.b64encode(answer).decode()
        done: msgspec.Struct = wire.GetCertificateStatusResponse(status="Accepted", ocspResult=result)  # M06.FR.02-03
        return done

    async def certificate(charger: str, request: Any) -> msgspec.Struct:
        provide = office.provide
        made = await provide(charger, request.action == "Update", request.exiRequest) if provide is not None else None
        status = "Failed" if made is None else "Accepted"
        answer: msgspec.Struct = wire.Get15118EVCertificateResponse(status=status, exiResponse=made or "")
        return answer

    return {"Get15118EVCertificate": certificate, "GetCertificateStatus": status}
