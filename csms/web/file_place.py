"""A place for files, in memory: chargers upload logs to /files/ and fetch firmware from there. For tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PREFIX: Final = "/files/"
MAX_FILE_BYTES: Final = 16 * 1024 * 1024  # our policy
MAX_ALL_BYTES: Final = 64 * 1024 * 1024  # our policy: of more, the oldest go
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
UPLOADED_AS: Final = re.compile(r'filename="([^"]*)"')


class FilePlace:
    """Files by name, the oldest first."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._files: dict[str, bytes] = {}
        self._changed = changed

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route(PREFIX, self._list, methods=["GET"]),
            Route(PREFIX, self._post, methods=["POST"]),
            Route(f"{PREFIX}{{name:str}}", self._get, methods=["GET"]),
            Route(f"{PREFIX}{{name:str}}", self._put, methods=["PUT"]),
        ]

    async def _list(self, _: Request) -> Response:
        return JSONResponse([{"name": name, "bytes": len(content)} for name, content in self._files.items()])

    async def _get(self, request: Request) -> Response:
        content = self._files.get(request.path_params["name"])
        if content is None:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        headers = {"Content-Disposition": "attachment"}  # whatever it is, no browser shall show it
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def _put(self, request: Request) -> Response:
        return await self._keep(request.path_params["name"], request)

    async def _post(self, request: Request) -> Response:
        named = UPLOADED_AS.search(request.headers.get("content-disposition", ""))
        return await self._keep(named[1] if named else "", request)

    async def _keep(self, name: str, request: Request) -> Response:
        if NAME.fullmatch(name) is None:
            return Response("no such name for a file", HTTPStatus.BAD_REQUEST)
        content = await request.body()
        self._files.pop(name, None)
        self._files[name] = content
        while sum(map(len, self._files.values())) > MAX_ALL_BYTES:
            self._files.pop(next(iter(self._files)))
        self._changed()
        return Response(status_code=HTTPStatus.CREATED)
