"""Published firmware (2.0.1 L03, L04): a local controller fetches a file once and serves it to the stations near it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
from pathlib import Path
from typing import Final

from agent.ocpp.asks import ACCEPTED, Handled, Reason, TriggerAsk, TriggeredMessage, rejected
from agent.ocpp.asks.firmware import (
    PublishAsk,
    PublishNotice,
    PublishStatus,
    UnpublishAnswer,
    UnpublishAsk,
)
from agent.ocpp.backlog import Backlog
from agent.ocpp.block import Block, Csms, Routes, Triggers
from agent.ocpp.calls import Calls
from agent.ocpp.transfers import TransferError, persistently
from agent.ocpp.workshop import Publisher, Workshop

log = logging.getLogger(__name__)

CHECKSUM: Final = re.compile(r"[0-9a-f]{32}")
CHUNK: Final = 1024 * 1024


class Publishing(Block):
    """One publication is prepared at a time; any number of files may be published."""

    def __init__(self, workshop: Workshop, publisher: Publisher, csms: Csms) -> None:
        self._transfers = workshop.transfers
        self._folder = workshop.folder
        self._publisher = publisher
        self._csms = csms
        self._backlog = Backlog(csms)
        self._asked: asyncio.Queue[PublishAsk] = asyncio.Queue()
        self._current: PublishAsk | None = None
        self._last = PublishNotice(PublishStatus.IDLE)

    def routes(self) -> Routes:
        """Who answers what."""
        return {PublishAsk: self.publish, UnpublishAsk: self.unpublish}

    def triggers(self) -> Triggers:
        """The last status, Idle once it is published (L03.FR.10, L03.FR.11)."""
        return {TriggeredMessage.PUBLISH_STATUS: self._triggered}

    def publish(self, ask: PublishAsk) -> Handled:
        """PublishFirmware (L03.FR.05)."""
        if self._current is not None or CHECKSUM.fullmatch(ask.checksum.casefold()) is None:
            return rejected(Reason.INVALID_VALUE)
        try:
            self._transfers.check(ask.location)
        except TransferError as error:
            log.warning("firmware to be published is where none is fetched from: %s", error)
            return rejected(Reason.INVALID_VALUE)
        self._current = ask
        return Handled(ACCEPTED.answer, then=lambda: self._asked.put_nowait(ask))

    def unpublish(self, ask: UnpublishAsk) -> Handled:
        """UnpublishFirmware (L04.FR.01-04)."""
        return Handled(UnpublishAnswer(self._publisher.withdraw(ask.checksum.casefold())))

    async def run(self) -> None:
        """Prepare what is asked for, one after the other."""
        while True:
            ask = await self._asked.get()
            await self._prepare(ask)
            self._current = None

    async def accepted(self, calls: Calls) -> None:
        """Tell what it has missed."""
        del calls
        await self._backlog.flush()

    async def _prepare(self, ask: PublishAsk) -> None:
        checksum = ask.checksum.casefold()
        file = self._folder / f"published-{checksum}"
        await self._tell(ask, PublishStatus.DOWNLOADING)
        try:
            await persistently(lambda: self._transfers.download(ask.location, file), ask.retries)
        except TransferError as error:
            log.warning("firmware to be published was not fetched: %s", error)
            await self._tell(ask, PublishStatus.DOWNLOAD_FAILED)  # L03.FR.06
            return
        await self._tell(ask, PublishStatus.DOWNLOADED)
        found = await asyncio.get_running_loop().run_in_executor(None, _md5, file)
        if found != checksum:
            _forget(file)
            await self._tell(ask, PublishStatus.INVALID_CHECKSUM)  # L03.FR.07
            return
        await self._tell(ask, PublishStatus.CHECKSUM_VERIFIED)
        try:
            locations = await self._publisher.publish(checksum, file)
        except OSError as error:
            log.warning("firmware could not be published: %s", error)
            _forget(file)
            await self._tell(ask, PublishStatus.PUBLISH_FAILED)  # L03.FR.08
            return
        await self._tell(ask, PublishStatus.PUBLISHED, locations)  # L03.FR.04, L03.FR.09

    async def _tell(self, ask: PublishAsk, status: PublishStatus, locations: tuple[str, ...] = ()) -> None:
        self._last = PublishNotice(status, ask.request_id, locations)
        await self._backlog.tell(self._last)

    def _triggered(self, ask: TriggerAsk) -> Handled:
        del ask
        notice = PublishNotice(PublishStatus.IDLE) if self._last.status is PublishStatus.PUBLISHED else self._last

        async def send(calls: Calls) -> None:
            del calls
            await self._csms.say(notice)

        return Handled(ACCEPTED.answer, follow=send)


def _md5(file: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)  # L03.FR.02 asks for it, and against accidents it is good enough
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _forget(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)
