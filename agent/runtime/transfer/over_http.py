"""HTTP and HTTPS: download with ranges, upload with PUT, and with POST where that is not understood (N01.FR.18/19)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import httpx

from agent.ocpp.transfers import TransferError, TransferFailure
from agent.runtime.transfer.address import Address, parsed
from agent.runtime.transfer.sink import Sink

MAX_REDIRECTS: Final = 5  # our policy
CHUNK: Final = 256 * 1024
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
DENIALS: Final = frozenset({401, 403, 407})
NO_PUT: Final = frozenset({400, 404, 405, 411, 415, 501})  # POST may be what this server wants
PARTIAL, RANGE_NOT_SATISFIABLE, SERVER_ERROR = 206, 416, 500

Resolve = Callable[[Address], Any]


class Http:
    """One transfer's client. `resolve` judges a host and gives the IP address to connect to."""

    def __init__(self, trust: Callable[[], ssl.SSLContext], resolve: Resolve, idle_s: float) -> None:
        self._trust = trust
        self._resolve = resolve
        self._idle_s = idle_s

    async def fetch(self, address: Address, sink: Sink) -> None:
        """Download. Raises `TransferError`."""
        for _ in range(MAX_REDIRECTS + 1):
            target = await self._fetch(address, sink)
            if target is None:
                return
            address = target
        raise TransferError(TransferFailure.FORBIDDEN, "too many redirects")

    async def _fetch(self, address: Address, sink: Sink) -> Address | None:
        """One request; where it is redirected to, None when it was not."""
        headers = {}
        if sink.have and sink.tag:
            headers = {"Range": f"bytes={sink.have}-", "If-Range": sink.tag}
        async with self._client(address) as client, await self._send(client, "GET", address, headers) as response:
            if response.status_code in REDIRECTS:
                return _redirected(address, response)
            if response.status_code == RANGE_NOT_SATISFIABLE:
                if response.headers.get("Content-Range") == f"bytes */{sink.have}":
                    return None  # all of it is there already
                await sink.restart()
                raise TransferError(TransferFailure.BROKEN, "the server has another file now")
            _judge(response)
            if response.status_code != PARTIAL or not _begins_at(response, sink.have):
                await sink.restart()
            tag = response.headers.get("ETag", "")
            sink.tag = "" if tag.startswith("W/") else tag
            length = response.headers.get("Content-Length")
            sink.expect(sink.have + int(length) if length and length.isdigit() else None)
            await _pour(response, sink)
            return None

    async def store(self, file: Path, address: Address) -> None:
        """Upload. Raises `TransferError`."""
        for _ in range(MAX_REDIRECTS + 1):
            target = await self._put(file, address)
            if target is None:
                return
            address = target
        raise TransferError(TransferFailure.FORBIDDEN, "too many redirects")

    async def _put(self, file: Path, address: Address) -> Address | None:
        size = str((await asyncio.get_running_loop().run_in_executor(None, file.stat)).st_size)
        into_folder = address.path.endswith("/")
        named = Address(
            address.scheme,
            address.host,
            address.port,
            address.path + file.name if into_folder else address.path,
            address.user,
            address.password,
        )
        kind = {"Content-Type": "application/octet-stream", "Content-Length": size}
        async with self._client(address) as client:
            response = await self._send(client, "PUT", named, kind, _pieces(file))
            await response.aclose()
            if response.status_code in REDIRECTS:
                return _redirected(address, response)
            if response.status_code not in NO_PUT:
                _judge(response)
                return None
            described = {"Content-Disposition": f'form-data; name="uploadfile"; filename="{file.name}"'}
            response = await self._send(client, "POST", address, kind | described, _pieces(file))
            await response.aclose()
            if response.status_code in REDIRECTS:
                return _redirected(address, response)
            _judge(response)
            return None

    def _client(self, address: Address) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=self._trust() if address.scheme == "https" else True,
            timeout=self._idle_s,
            trust_env=False,  # the environment of a charger is nobody's to configure a proxy in
        )

    async def _send(
        self,
        client: httpx.AsyncClient,
        method: str,
        address: Address,
        headers: dict[str, str],
        content: AsyncIterator[bytes] | None = None,
    ) -> Any:
        """Ask the machine that was judged, in the name of the host that was asked for."""
        ip = await self._resolve(address)
        host = f"[{ip}]" if ":" in ip else ip
        name = f"[{address.host}]" if ":" in address.host else address.host
        request = client.build_request(
            method,
            f"{address.scheme}://{host}:{address.port}{address.path}",
            headers={"Host": f"{name}:{address.port}", "Accept-Encoding": "identity", **headers},
            content=content,
            extensions={"sni_hostname": address.host},
        )
        auth = httpx.BasicAuth(address.user, address.password or "") if address.user is not None else None
        try:
            response = await client.send(request, stream=True, auth=auth)
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            raise TransferError(TransferFailure.BROKEN, f"{address!r}: {_why(error)}") from error
        return _Closing(response)


class _Closing:
    """A response that is closed at the end of a block; the rest is the response's own."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)

    async def __aenter__(self) -> httpx.Response:
        return self._response

    async def __aexit__(self, *_: object) -> None:
        await self._response.aclose()


async def _pour(response: httpx.Response, sink: Sink) -> None:
    try:
        async for chunk in response.aiter_raw():
            await sink.write(chunk)
    except httpx.HTTPError as error:
        raise TransferError(TransferFailure.BROKEN, _why(error)) from error


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    with await loop.run_in_executor(None, lambda: file.open("rb")) as opened:
        while chunk := await loop.run_in_executor(None, opened.read, CHUNK):
            yield chunk


def _judge(response: Any) -> None:
    status = response.status_code
    if response.is_success:
        return
    if status in DENIALS:
        raise TransferError(TransferFailure.DENIED, f"the server answered {status}")
    raise TransferError(TransferFailure.BROKEN, f"the server answered {status}")


def _redirected(address: Address, response: Any) -> Address:
    base = f"{address.scheme}://{address.host}:{address.port}{address.path}"
    target = parsed(urljoin(base, response.headers.get("Location", "")))
    if not target.scheme.startswith("http") or (address.scheme == "https" and target.scheme == "http"):
        raise TransferError(TransferFailure.FORBIDDEN, f"redirected from {address.scheme} to {target.scheme}")
    if (target.host, target.port) == (address.host, address.port) and target.user is None:
        return Address(target.scheme, target.host, target.port, target.path, address.user, address.password)
    return target


def _begins_at(response: httpx.Response, offset: int) -> bool:
    return str(response.headers.get("Content-Range", "")).startswith(f"bytes {offset}-")


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
