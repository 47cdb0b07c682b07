"""What OCPP 2.1 says otherwise than 2.0.1 about certificates."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.blocks.signing import SignNotice, SignTowardsCarsNotice
from agent.ocpp.dialect import Notice, Saying
from agent.ocpp.v201.certificates import certificate_type


def _sign(notice: SignNotice) -> dict[str, Any]:
    return {
        "csr": notice.csr,
        "certificateType": certificate_type(notice.use),
        "requestId": notice.request,
    }  # A02.FR.24


_SIGN: Final = Saying("SignCertificate", _sign, lambda response: response.status == "Accepted")
SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType({SignNotice: _SIGN, SignTowardsCarsNotice: _SIGN})
