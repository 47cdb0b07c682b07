"""The HTTP side of the CSMS: pages, API and their files behind one guard, on the event loop that serves chargers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from csms import api
from csms.endpoints import problem_of, problem_response
from csms.server import Csms
from csms.web.certificate_pages import CertificatePages
from csms.web.file_place import FilePlace
from csms.web.guard import LOOPBACK, Guard
from csms.web.pages import Pages

GRACE_S: Final = 1  # our policy: how long requests may take to end when the server does
BACKLOG: Final = 100  # our policy


def make_app(csms: Csms, names: Collection[str] = ()) -> Starlette:
    """The ASGI application over a CSMS. `names`: host names, beside those of loopback, that it may be asked for."""
    pages = Pages(csms)

    async def on_http_error(request: Request, error: Exception) -> Response:
        if request.url.path.startswith("/api/"):
            return problem_response(problem_of(error))
        return pages.problem(problem_of(error))

    return Starlette(
        routes=[
            *api.routes(csms),
            *FilePlace(csms.changes.touch).routes(),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
            *CertificatePages(csms, pages).routes(),
            *pages.routes(),
        ],
        middleware=[Middleware(Guard, names=names)],
        exception_handlers={HTTPException: on_http_error},
    )


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for who runs the CSMS; by itself the server would take them away."""
        yield


@asynccontextmanager
async def serving(
    csms: Csms, host: str = "127.0.0.1", port: int = 0, names: Collection[str] = ()
) -> AsyncIterator[str]:
    """Serve pages and API as long as the block lasts; the value is their URL.

    Raises:
        ValueError: `host` is reachable from elsewhere and no name says that this is meant: there are no passwords.
        OSError: the address cannot be used.
    """
    if host not in LOOPBACK and not names:
        raise ValueError(
            f"whoever reaches {host} could operate the chargers, for the pages have no passwords: listen on 127.0.0.1 "
            "and go through `ssh -L` or a proxy that asks for one; if you mean it, give the name that pages are asked "
            "for as --http-name"
        )
    listener = socket.create_server((host, port), family=_family(host), backlog=BACKLOG)
    config = uvicorn.Config(
        make_app(csms, names),
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
    finally:
        csms.changes.end()  # or its streams would hold the server up
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
