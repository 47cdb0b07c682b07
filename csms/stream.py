"""Server-sent events: the identities of chargers that something has happened to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from csms.endpoints import ProblemError
from csms.live import Changes, Watch

KEEP_ALIVE_S: Final = 15.0  # our policy: how long a stream may be silent, lest somebody between thinks it dead
RETRY_MS: Final = 1_000  # our policy: how soon a browser comes back


class EventStream(StreamingResponse):
    """A response that goes on until the page is closed or the CSMS stops."""

    def __init__(self, changes: Changes) -> None:
        """Raises ProblemError when too many pages are open."""
        if changes.is_full:
            remedy = "Close pages that are open elsewhere."
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages are open", remedy)
        self._changes = changes
        super().__init__((), media_type="text/event-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Stream."""
        with self._changes.watching() as watch:
            self.body_iterator = _lines(watch)
            leaving = asyncio.create_task(_until_gone(receive))
            leaving.add_done_callback(lambda _: watch.end())
            try:
                await self.stream_response(send)
            finally:
                leaving.cancel()


async def _lines(watch: Watch) -> AsyncIterator[bytes]:
    yield b"retry: %d\n\n" % RETRY_MS
    while not watch.ended:
        touched = await watch.changed(KEEP_ALIVE_S)
        yield b"data: %s\n\n" % msgspec.json.encode(sorted(touched)) if touched else b":\n\n"


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
