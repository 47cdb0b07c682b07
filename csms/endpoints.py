"""How the HTTP API is put together: an endpoint is one row of a table, which makes its route and its documentation.

Errors are problem documents (RFC 9457) with a member `remedy`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from csms.commands import UnsayableError
from csms.database import DatabaseError
from csms.peers import CallFailedError, Failure

OPENAPI_VERSION = "3.1.0"
_WHERE = re.compile(r"\{(\w+)(?::\w+)?\}")
_FAILURES: Mapping[Failure, tuple[HTTPStatus, str]] = {
    Failure.OFFLINE: (HTTPStatus.CONFLICT, "Ask again when the charger is online."),
    Failure.REFUSED: (
        HTTPStatus.BAD_GATEWAY,
        "See the messages for what was said: it does not do this, or wrongly.",
    ),
    Failure.SILENT: (HTTPStatus.GATEWAY_TIMEOUT, "Look at the charger; ask again when it answers."),
}
SEE = "See /api/openapi.json for what may be sent."


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error: what is wrong, and what to do about it (RFC 9457)."""

    title: str
    status: int
    detail: str
    remedy: str
    type: str = "about:blank"


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(self, status: HTTPStatus, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.problem = Problem(title=status.phrase, status=status, detail=detail, remedy=remedy)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request as a handler gets it: names in the path, and the decoded query and body."""

    request: Request
    path: Mapping[str, Any]
    query: Any = None
    body: Any = None


Handle: TypeAlias = Callable[[Asked], Awaitable[Any]]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path. `reply` None: no content. A handler may return a Response of its own instead."""

    method: str
    path: str
    summary: str
    handle: Handle
    reply: Any = None
    query: Any = None
    body: Any = None
    media_type: str = "application/json"


def json_response(content: Any, status: int = HTTPStatus.OK, media_type: str = "application/json") -> Response:
    """A JSON response."""
    return Response(msgspec.json.encode(content), status, media_type=media_type)


def problem_response(problem: Problem) -> Response:
    """An error's response."""
    return json_response(problem, problem.status, "application/problem+json")


def problem_of(error: Exception) -> Problem:
    """The problem document of an error that an operator can do something about. Raises others again."""
    match error:
        case ProblemError():
            return error.problem
        case CallFailedError():
            status, remedy = _FAILURES[error.failure]
            return ProblemError(status, str(error), remedy).problem
        case UnsayableError():
            return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "Correct it and send it again.").problem
        case DatabaseError():
            remedy = "Make room on its disk, or start its server."
            return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), remedy).problem
        case msgspec.ValidationError():
            return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), SEE).problem
        case msgspec.DecodeError():
            return ProblemError(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {error}", SEE).problem
        case HTTPException():
            return ProblemError(HTTPStatus(error.status_code), error.detail, SEE).problem
        case _:
            raise error


EXPECTED = (ProblemError, CallFailedError, UnsayableError, DatabaseError, msgspec.DecodeError)


def first_line(described: type) -> str:
    """What a type says of itself, as a summary."""
    return (described.__doc__ or "").partition("\n")[0]


def get(
    path: str, summary: str, handle: Handle, reply: Any, query: Any = None, media_type: str = "application/json"
) -> Endpoint:
    """Something to read."""
    return Endpoint(
        method="GET", path=path, summary=summary, handle=handle, reply=reply, query=query, media_type=media_type
    )


def do(method: str, path: str, summary: str, handle: Handle, body: Any, reply: Any) -> Endpoint:
    """Something to do, with a body."""
    return Endpoint(method=method, path=path, summary=summary, handle=handle, body=body, reply=reply)


def delete(path: str, summary: str, handle: Handle) -> Endpoint:
    """Something to delete."""
    return Endpoint(method="DELETE", path=path, summary=summary, handle=handle)


def route_of(endpoint: Endpoint) -> Route:
    """The Starlette route of an endpoint."""

    async def serve(request: Request) -> Response:
        try:
            reply = await endpoint.handle(await _asked(endpoint, request))
        except EXPECTED as error:
            return problem_response(problem_of(error))
        if isinstance(reply, Response):
            return reply
        return Response(status_code=HTTPStatus.NO_CONTENT) if endpoint.reply is None else json_response(reply)

    return Route(endpoint.path, serve, methods=[endpoint.method], name=f"{endpoint.method} {endpoint.path}")


async def _asked(endpoint: Endpoint, request: Request) -> Asked:
    query, body = None, None
    if endpoint.query is not None:
        query = msgspec.convert(_fields(request.query_params.multi_items()), endpoint.query, strict=False)
    if endpoint.body is not None:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            remedy = "Send Content-Type: application/json."
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be JSON", remedy)
        body = msgspec.json.decode(await request.body() or b"{}", type=endpoint.body)
    return Asked(request=request, path=request.path_params, query=query, body=body)


def _fields(items: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Query parameters by name; a name that comes several times has a list of values."""
    fields: dict[str, str | list[str]] = {}
    for name, value in items:
        before = fields.get(name)
        if before is None:
            fields[name] = value
        else:
            fields[name] = [*before, value] if isinstance(before, list) else [before, value]
    return fields


def document(endpoints: Iterable[Endpoint], *, title: str, version: str) -> dict[str, Any]:
    """The OpenAPI document of a table of endpoints."""
    rows = list(endpoints)
    kinds = [kind for row in rows for kind in (row.reply, row.body, row.query) if kind is not None]
    schemas, components = msgspec.json.schema_components([*kinds, Problem], ref_template="#/components/schemas/{name}")
    found = dict(zip(map(repr, [*kinds, Problem]), schemas, strict=True))
    failure = {"application/problem+json": {"schema": found[repr(Problem)]}}
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        operation: dict[str, Any] = {"summary": row.summary, "parameters": [*_path_parameters(row.path)]}
        if row.query is not None:
            operation["parameters"] += _query_parameters(components[row.query.__name__])
        if row.body is not None:
            content = {"application/json": {"schema": found[repr(row.body)]}}
            operation["requestBody"] = {"required": True, "content": content}
        if row.reply is None:
            operation["responses"] = {"204": {"description": "Done."}}
        else:
            content = {row.media_type: {"schema": found[repr(row.reply)]}}
            operation["responses"] = {"200": {"description": "As asked.", "content": content}}
        operation["responses"]["default"] = {"description": "What is wrong, and the remedy.", "content": failure}
        paths.setdefault(_WHERE.sub(r"{\1}", row.path), {})[row.method.lower()] = operation
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": components},
    }


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _WHERE.findall(path)
    ]


def _query_parameters(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": kind}
        for name, kind in schema["properties"].items()
    ]
