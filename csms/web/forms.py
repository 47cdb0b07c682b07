"""What pages have in common about requests: forms, queries, and where to go next."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qsl, quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

Q = TypeVar("Q")


def query_of(request: Request, kind: type[Q]) -> Q:
    """The query that a page was asked with. Raises HTTPException."""
    fields = {name: value for name, value in request.query_params.items() if value}
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error


async def form_of(request: Request) -> dict[str, str]:
    """The fields that were filled in; a `value` may be empty."""
    fields = parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)
    return {name: value for name, value in fields if value or name == "value"}


def see(path: str) -> Response:
    """Go there next, with GET."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def segment(text: str) -> str:
    """Text as one segment of a path."""
    return quote(text, safe="")
