"""The black box over HTTP, on loopback only: health, state, events and control. docs/control-api.md is its contract."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from hal.errors import HalError
from sim.blackbox import BlackBox
from sim.commands import CommandError

HOST: Final = "127.0.0.1"
BODY_MAX_BYTES: Final = 64 * 1024  # our policy: no command comes near
KEEP_ALIVE_S: Final = 15.0  # our policy: a comment on an idle stream of events, so that both ends know the other
GRACE_S: Final = 1  # our policy: how long answers under way may take when the server stops


def app(box: BlackBox) -> Starlette:
    """The web application of a black box."""

    async def health(_request: Request) -> Response:
        return _json({"status": "ok"})

    async def state(_request: Request) -> Response:
        try:
            return _json(await box.state())
        except HalError as error:
            return _problem(503, str(error))

    async def events(_request: Request) -> Response:
        return StreamingResponse(_events(box), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def control(request: Request) -> Response:
        try:
            arguments = await _arguments(request)
            await box.command(request.path_params["command"], arguments)
        except CommandError as error:
            return _problem(400, str(error), argument=error.argument)
        except HalError as error:
            return _problem(409, str(error))
        return _json({"accepted": True})

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/state", state),
            Route("/events", events),
            Route("/control/{command}", control, methods=["POST"]),
        ]
    )


class HttpServer:
    """Serves a black box on a port of loopback. Make it with `started`."""

    def __init__(self, box: BlackBox) -> None:
        config = uvicorn.Config(
            app(box),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen; port 0 takes any free one. Raises `OSError`."""
        listening = socket.create_server((HOST, port))
        self.port = listening.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]), name="control API")
        await self._server.ready.wait()

    async def stop(self) -> None:
        """Finish what is under way, then close. End the stories of the black box first."""
        self._server.should_exit = True
        if self._serving is not None:
            await asyncio.wait([self._serving])


class _Server(uvicorn.Server):
    """The process's signals are not the web server's to take. `ready`: it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _arguments(request: Request) -> dict[str, Any]:
    """The body's JSON object; none is an empty one. Raises `CommandError`."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            raise CommandError(None, f"the body has more than {BODY_MAX_BYTES} bytes")
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CommandError(None, f"the body is no JSON object: {error}") from error


async def _events(box: BlackBox) -> AsyncIterator[bytes]:
    """Server-sent events; a comment first, so that the other end knows that it listens."""
    yield b": listening\n\n"
    story = box.story()
    coming = asyncio.ensure_future(anext(story, None))
    try:
        while True:
            await asyncio.wait([coming], timeout=KEEP_ALIVE_S)
            if not coming.done():
                yield b": still here\n\n"
                continue
            told = coming.result()
            if told is None:
                return
            yield b"event: %b\ndata: %b\n\n" % (told.kind.encode(), msgspec.json.encode(told.facts))
            coming = asyncio.ensure_future(anext(story, None))
    finally:
        coming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await coming
        await story.aclose()


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _problem(status: int, error: str, **more: str | None) -> Response:
    return _json({"error": error} | {name: value for name, value in more.items() if value is not None}, status)
