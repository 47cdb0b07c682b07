"""Chromium over its own DevTools protocol: the little of it that a person at a page needs."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_S = 30.0
PATIENCE_S = 30.0
LOOK_EVERY_S = 0.1
ANSWER_S = 15.0  # a page that is being replaced may take a question with it


def chromium() -> str | None:
    """Where a Chromium is; None when there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class BrowserGoneError(Exception):
    """The browser's socket is closed, or it answers nothing any more."""


class Browser:
    """One page. Selectors are CSS; `errors` collects what the page complained about.

    A question whose asker has given up may still be answered: the answer is dropped. Were it an error, reading would
    end, the socket's queue fill up and its keep-alive fail (1011) at whatever is asked next.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.errors: list[str] = []
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())

    async def open(self, url: str) -> None:
        await self.send("Page.navigate", url=url)
        await self.until(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    async def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{script}: {answer['exceptionDetails']['exception'].get('description')}")
        return answer["result"].get("value")

    async def until(self, script: str) -> Any:
        """Wait until an expression is true, over any number of pages; its value."""
        last = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    with contextlib.suppress(AssertionError, TimeoutError):  # a page that is just being built
                        if last := await self.evaluate(script):
                            return last
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            text = await self.evaluate("document.body.innerText")
            raise AssertionError(f"never came true: {script} (last: {last})\nThe page says:\n{text}") from None

    async def text(self, selector: str) -> str:
        found: str = await self.until(f"document.querySelector({json.dumps(selector)})?.innerText")
        return found

    async def click(self, selector: str) -> None:
        """Click where an element is, as a mouse does."""
        place = await self.until(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return null;"
            "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            "return r.width ? [r.x + r.width / 2, r.y + r.height / 2] : null; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    async def type(self, selector: str, text: str) -> None:
        await self.click(selector)
        await self.send("Input.insertText", text=text)

    async def emulate(self, *, width: int, height: int, scheme: str = "light") -> None:
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        await self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def screenshot(self) -> bytes:
        """What is to be seen, as PNG."""
        answer = await self.send("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])

    async def send(self, method: str, **params: Any) -> Any:
        """Ask the browser; its answer. Raises `TimeoutError`, `BrowserGoneError`, and AssertionError for a refusal."""
        number = next(self._ids)
        waiter = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            if self._reader.done():
                raise BrowserGoneError(f"{method}: nobody reads what the browser says")
            await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
            async with asyncio.timeout(ANSWER_S):
                return await waiter
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        self._reader.cancel()
        await self._socket.close()

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                self._heard(json.loads(text))
        finally:
            for waiter in self._waiting.values():
                if not waiter.done():
                    waiter.set_exception(BrowserGoneError("the browser is gone"))

    def _heard(self, message: dict[str, Any]) -> None:
        if "id" in message:
            waiter = self._waiting.get(message["id"])
            if waiter is None or waiter.done():
                return
            if "error" in message:
                waiter.set_exception(AssertionError(message["error"]))
            else:
                waiter.set_result(message["result"])
        elif message["method"] == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(message["params"]["exceptionDetails"])[:500])
        elif message["method"] == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.errors.append(message["params"]["entry"]["text"])


@asynccontextmanager
async def browsing(program: str, folder: Path) -> AsyncIterator[Browser]:
    """A browser with one empty page, and a profile of its own in `folder`."""
    options = ["--headless=new", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0", "--lang=en-GB"]
    options += [
        f"--user-data-dir={folder}",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
    ]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    process = await asyncio.create_subprocess_exec(
        program, *options, "about:blank", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        # A browser that is busy drawing answers no pings; every question has a time limit of its own.
        async with connect(
            await _page_address(folder), max_size=None, proxy=None, ping_interval=None, max_queue=None
        ) as socket:
            browser = Browser(socket)
            for domain in ("Page", "Runtime", "Log"):
                await browser.send(f"{domain}.enable")
            yield browser
            await browser.close()
    finally:
        process.terminate()
        await process.wait()


async def _page_address(folder: Path) -> str:
    """The WebSocket of the first page, once Chromium has written down its port."""
    async with asyncio.timeout(START_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            with contextlib.suppress(OSError, IndexError, httpx.TransportError):
                port = (folder / "DevToolsActivePort").read_text().split()[0]
                for page in (await client.get(f"http://127.0.0.1:{port}/json/list")).json():
                    if page["type"] == "page":
                        return str(page["webSocketDebuggerUrl"])
            await asyncio.sleep(LOOK_EVERY_S)
