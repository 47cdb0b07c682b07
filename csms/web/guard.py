"""Keeps strangers out of an HTTP server that has no passwords because it is reached from this machine only.

A web page anywhere can make the browser of somebody at this machine send requests here. So the name it asks for must
be this machine's (against DNS rebinding), and whatever changes something must come from a page of ours (against CSRF).
"""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from csms.endpoints import ProblemError, problem_response
from csms.web.file_place import MAX_FILE_BYTES, PREFIX

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 9.2.1
MAX_BODY_BYTES: Final = 256 * 1024  # our policy: no more than an OCPP message may hold
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """ASGI middleware. `names` are the host names, beside those of loopback, by which the server may be asked for."""

    def __init__(self, app: ASGIApp, names: Collection[str] = ()) -> None:
        self._app = app
        self._names = LOOPBACK | {name.casefold() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it with a problem document."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(ALWAYS)
                headers.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        try:
            limit = MAX_FILE_BYTES if scope["path"].startswith(PREFIX) else MAX_BODY_BYTES
            self._check(scope["method"], Headers(scope=scope), limit)
        except ProblemError as error:
            await problem_response(error.problem)(scope, receive, send_safely)
            return
        await self._app(scope, receive, send_safely)

    def _check(self, method: str, headers: Headers, limit: int) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _host(f"//{hosts[0]}") not in self._names:
            remedy = "Ask for http://127.0.0.1:<port>/, or start `evse csms` with --http-name and the name you use."
            raise ProblemError(HTTPStatus.MISDIRECTED_REQUEST, "the Host header names another server", remedy)
        if method in SAFE:
            return
        if not _is_same_origin(headers, hosts[0]):
            remedy = "Send it from a page of this server, or without an Origin header from a program."
            raise ProblemError(HTTPStatus.FORBIDDEN, "a page of another site may not change anything", remedy)
        length = headers.get("content-length", "0" if "transfer-encoding" not in headers else "")
        if not length.isdigit():
            raise ProblemError(HTTPStatus.LENGTH_REQUIRED, "the body has no length", "Send Content-Length.")
        if int(length) > limit:
            remedy = f"Send at most {limit} bytes."
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too long", remedy)


def _is_same_origin(headers: Headers, host: str) -> bool:
    """Whether no browser sent it, or one that shows a page of ours: browsers add Origin to what changes things."""
    if any(urlsplit(origin).netloc.casefold() != host.casefold() for origin in headers.getlist("origin")):
        return False
    return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").casefold()
    except ValueError:
        return ""
