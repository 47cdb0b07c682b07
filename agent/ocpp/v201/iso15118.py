"""What the station asks of the CSMS for cars, and about the certificates that they meet (2.x M01, M02, M06)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.blocks.certificate_status import StatusNotice
from agent.ocpp.blocks.ev_certificate import EvCertificateNotice
from agent.ocpp.dialect import Notice, Saying, Service, given, octets
from agent.ocpp.v201.certificates import hashed

SERVICES: Final[Mapping[str, Service]] = MappingProxyType({})


def _status(notice: StatusNotice) -> dict[str, Any]:
    return {"ocspRequestData": hashed(notice.hash) | {"responderURL": notice.responder_url}}


def _told(response: Any) -> bytes | None:
    return octets(given(response.ocspResult)) if response.status == "Accepted" else None


def _wanted(notice: EvCertificateNotice) -> dict[str, Any]:
    return {
        "iso15118SchemaVersion": notice.schema,
        "action": "Update" if notice.update else "Install",  # M01.FR.01, M02.FR.01
        "exiRequest": base64.b64encode(notice.exi).decode(),
    }


def _made(response: Any) -> bytes | None:
    return octets(response.exiResponse) if response.status == "Accepted" else None


SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {
        EvCertificateNotice: Saying("Get15118EVCertificate", _wanted, _made),
        StatusNotice: Saying("GetCertificateStatus", _status, _told),
    }
)
