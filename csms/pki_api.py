"""The HTTP API of the CSMS's PKI."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from csms.endpoints import Asked, Endpoint, ProblemError, do, first_line, get
from csms.records import Issued, SigningRequest
from csms.server import Csms

if TYPE_CHECKING:
    from csms.certificates import Certificates


class Revocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let nobody in with this certificate any more."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sign a request that waits, or refuse it."""

    sign: bool


class PkiApi:
    """The handlers over a CSMS's certificate desk."""

    def __init__(self, csms: Csms) -> None:
        self._csms = csms

    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        serial = "/api/pki/certificates/{serial}"
        return [
            get("/api/pki/root", "The root of the PKI, PEM.", self._root, str, media_type="application/x-pem-file"),
            get("/api/pki/certificates", "Certificates signed for chargers.", self._issued, list[Issued]),
            get("/api/pki/requests", "What chargers want signed, oldest first.", self._requests, list[SigningRequest]),
            do("POST", "/api/pki/requests/{number:int}", first_line(Verdict), self._decide, Verdict, SigningRequest),
            do("POST", f"{serial}/revoke", first_line(Revocation), self._revoke, Revocation, Issued),
            Endpoint(
                method="POST",
                path="/api/ocsp",
                summary="OCSP (RFC 6960).",
                handle=self._ocsp,
                reply=str,
                media_type="application/ocsp-response",
            ),
        ]

    async def _issued(self, _: Asked) -> list[Issued]:
        return sorted(self._csms.store.issued.values(), key=lambda each: each.not_before_utc_s)

    async def _revoke(self, asked: Asked) -> Issued:
        found = self._desk().revoke(asked.path["serial"])
        if found is None:
            remedy = "See GET /api/pki/certificates."
            raise ProblemError(HTTPStatus.NOT_FOUND, "no such certificate was signed here", remedy)
        return found

    async def _requests(self, _: Asked) -> list[SigningRequest]:
        return list(self._desk().requests)

    async def _decide(self, asked: Asked) -> SigningRequest:
        found = await self._desk().decide(asked.path["number"], sign=asked.body.sign)
        if found is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "no such request waits", "See GET /api/pki/requests.")
        return found

    async def _root(self, _: Asked) -> Response:
        return Response(self._desk().root_pem, media_type="application/x-pem-file")

    async def _ocsp(self, asked: Asked) -> Response:
        answer = self._desk().status(await asked.request.body())
        return Response(answer, media_type="application/ocsp-response")

    def _desk(self) -> Certificates:
        if self._csms.certificates is None:
            raise ProblemError(HTTPStatus.CONFLICT, "this CSMS has no PKI", "Start it with --pki and --tls-port.")
        return self._csms.certificates
