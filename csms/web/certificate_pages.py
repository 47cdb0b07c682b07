"""The pages about certificates: the CSMS's PKI, and what one charger has, gets and asks for."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from csms import commands as c
from csms.endpoints import EXPECTED, Problem, problem_of
from csms.server import Csms
from csms.web.forms import form_of, see
from csms.web.pages import Pages

if TYPE_CHECKING:
    from csms.certificate_views import InstalledView
    from csms.certificates import Certificates

EVENTS_BESIDE: Final = 50  # our policy
ASKED: Final[dict[str, type[c.Command]]] = {
    "install": c.InstallRoot,
    "delete": c.DeleteCertificate,
    "renew": c.Renew,
}


class CertificatePages:
    """The pages over a CSMS's certificate desk, and over its chargers' where it has none."""

    def __init__(self, csms: Csms, pages: Pages) -> None:
        self._csms = csms
        self._pages = pages

    def routes(self) -> list[Route]:
        """Their routes, which come before those of a charger: an identity may hold slashes."""
        charger = "/chargers/{identity:path}/certificates"
        return [
            Route("/pki", self._pki, methods=["GET"]),
            Route("/pki/revoke", self._revoke, methods=["POST"]),
            Route("/pki/requests", self._decide, methods=["POST"]),
            Route(f"{charger}/{{command:str}}", self._command, methods=["POST"]),
            Route(charger, self._charger, methods=["GET"]),
        ]

    async def _pki(self, _: Request) -> Response:
        desk = self._csms.certificates
        if desk is None:
            return self._pages.render("pki.html", own=None, issued=[], requests=[])
        from csms.certificate_views import own

        issued = sorted(self._csms.store.issued.values(), key=lambda each: each.not_before_utc_s, reverse=True)
        return self._pages.render("pki.html", own=own(desk.pki), issued=issued, requests=desk.requests[::-1])

    async def _revoke(self, request: Request) -> Response:
        form = await form_of(request)
        try:
            found = self._desk().revoke(form.get("serial", ""))
        except EXPECTED as error:
            return self._pages.problem(problem_of(error))
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "No such certificate was signed here.")
        return see("/pki")

    async def _decide(self, request: Request) -> Response:
        """Sign a request that waits, or refuse it, as the button that was pressed says."""
        form = await form_of(request)
        number = form.get("number", "")
        try:
            sign = form.get("verdict") == "sign"
            found = await self._desk().decide(int(number), sign=sign) if number.isdecimal() else None
        except EXPECTED as error:
            return self._pages.problem(problem_of(error))
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "No such request waits any more.")
        return see("/pki")

    async def _charger(self, request: Request) -> Response:
        """The page of a charger's certificates; with a use in the query it is asked which it has."""
        use = request.query_params.get("use")
        if not use:
            return await self._page(request)
        try:
            answer = await self._csms.ask(self._pages.known(request), msgspec.convert({"use": use}, c.ListRoots))
        except EXPECTED as error:
            return await self._page(request, problem=problem_of(error))
        from csms.certificate_views import installed_of

        desk = self._csms.certificates
        roots = () if desk is None else (desk.pki.root,)
        return await self._page(request, answer=answer, installed=installed_of(answer.answer, roots))

    async def _command(self, request: Request) -> Response:
        kind = ASKED.get(request.path_params["command"])
        if kind is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such command.")
        identity = self._pages.known(request)
        try:
            command: Any = msgspec.convert(await form_of(request), kind)
            answer = await self._csms.ask(identity, command)
        except EXPECTED as error:
            return await self._page(request, problem=problem_of(error))
        return await self._page(request, answer=answer)

    async def _page(
        self,
        request: Request,
        *,
        answer: c.Answer | None = None,
        problem: Problem | None = None,
        installed: list[InstalledView] | None = None,
    ) -> Response:
        identity = self._pages.known(request)
        events = await self._csms.store.read(lambda db: db.security_events(identity, newest=EVENTS_BESIDE)[::-1])
        desk = self._csms.certificates
        asked = () if desk is None else desk.requests
        issued = [each for each in self._csms.store.issued.values() if each.charger == identity]
        return self._pages.render(
            "certificates.html",
            identity=identity,
            uses=list(c.RootUse),
            use=request.query_params.get("use", ""),
            has_pki=desk is not None,
            installed=installed,
            issued=sorted(issued, key=lambda each: each.not_before_utc_s, reverse=True),
            requests=[each for each in asked if each.charger == identity][::-1],
            security_events=events,
            answer=answer,
            problem=problem,
        )

    def _desk(self) -> Certificates:
        if self._csms.certificates is None:
            raise HTTPException(HTTPStatus.CONFLICT, "This CSMS has no PKI: start it with --pki and --tls-port.")
        return self._csms.certificates
