"""Diagnostics: logs for the CSMS (2.0.1 N01; 1.6 §5.8 GetDiagnostics; whitepaper GetLog). One upload at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from agent.ocpp.asks import ACCEPTED, Handled, Reason, TriggerAsk, TriggeredMessage
from agent.ocpp.asks.files import (
    DiagnosticsStatusNotice,
    LogAnswer,
    LogAsk,
    LogKind,
    LogStatusNotice,
    LogVerdict,
    UploadStatus,
)
from agent.ocpp.backlog import Backlog
from agent.ocpp.block import Block, Csms, Routes, Triggers
from agent.ocpp.calls import Calls
from agent.ocpp.transfers import TransferError, TransferFailure, persistently
from agent.ocpp.workshop import Workshop
from agent.runtime.clock import Clock
from agent.runtime.tasks import Chores

log = logging.getLogger(__name__)

STATUSES: Final = {
    TransferFailure.UNSUPPORTED: UploadStatus.UNSUPPORTED,
    TransferFailure.FORBIDDEN: UploadStatus.BAD_MESSAGE,
    TransferFailure.DENIED: UploadStatus.DENIED,
}  # every other failure is an UploadFailure


class Diagnostics(Block):
    """Makes a file of what was asked for, uploads it, and says how that goes."""

    def __init__(self, workshop: Workshop, csms: Csms, chores: Chores, clock: Clock) -> None:
        self._workshop = workshop
        self._csms = csms
        self._backlog = Backlog(csms)
        self._clock = clock
        self._asked: tuple[LogAsk, LogKind, str] | None = None  # a newer one takes its place
        self._chores = chores
        self._current: LogAsk | None = None
        self._upload: asyncio.Task[None] | None = None
        self._last = {True: UploadStatus.IDLE, False: UploadStatus.IDLE}  # by whether it has a request id

    def routes(self) -> Routes:
        """Who answers what."""
        return {LogAsk: self.handle}

    def triggers(self) -> Triggers:
        """Both kinds of status can be asked for."""
        return {
            TriggeredMessage.LOG_STATUS: lambda ask: self._triggered(ask, numbered=True),
            TriggeredMessage.DIAGNOSTICS_STATUS: lambda ask: self._triggered(ask, numbered=False),
        }

    def handle(self, ask: LogAsk) -> Handled:
        """GetLog and GetDiagnostics (N01.FR.01, N01.FR.05, N01.FR.12)."""
        kind = ask.kind
        if kind is None:
            return Handled(LogAnswer(LogVerdict.REJECTED, reason=Reason.INVALID_VALUE))
        try:
            self._workshop.transfers.check(ask.location)
        except TransferError as error:
            log.warning("a log was asked for, to be sent to where none is sent: %s", error)
            return Handled(LogAnswer(LogVerdict.REJECTED, reason=Reason.INVALID_VALUE))
        name = self._workshop.logs.name(kind, self._clock.now().utc_s)
        verdict = LogVerdict.ACCEPTED_CANCELED if self._current is not None else LogVerdict.ACCEPTED
        return Handled(LogAnswer(verdict, name), then=lambda: self._begin(ask, kind, name))

    async def _upload_all(self) -> None:
        """Upload what is asked for, one after the other."""
        while self._asked is not None:
            (ask, kind, name), self._asked = self._asked, None
            self._upload = asyncio.get_running_loop().create_task(self._deliver(ask, kind, name))
            try:
                await asyncio.wait([self._upload])
            finally:
                if not self._upload.done():  # the agent ends
                    self._upload.cancel()
                    await asyncio.wait([self._upload])
            if self._upload.cancelled():
                await self._tell(ask, UploadStatus.CANCELED)  # N01.FR.20
            elif (error := self._upload.exception()) is not None:
                raise error
            if self._current is ask:
                self._current = None

    async def accepted(self, calls: Calls) -> None:
        """Tell what it has missed."""
        del calls
        await self._backlog.flush()

    def _begin(self, ask: LogAsk, kind: LogKind, name: str) -> None:
        self._current = ask
        if self._upload is not None:
            self._upload.cancel()
        self._asked = ask, kind, name
        self._chores.wake(self._upload_all)

    async def _deliver(self, ask: LogAsk, kind: LogKind, name: str) -> None:
        workshop = self._workshop
        file = workshop.folder / name
        try:
            await self._tell(ask, UploadStatus.UPLOADING)  # N01.FR.08
            await workshop.logs.write(kind, file, ask.oldest_utc_s, ask.latest_utc_s)
            await persistently(lambda: workshop.transfers.upload(file, ask.location), ask.retries)
        except TransferError as error:
            log.warning("%s was not uploaded: %s", file.name, error)
            status = STATUSES.get(error.failure, UploadStatus.FAILED)
        except OSError as error:
            log.warning("%s could not be written: %s", file, error)
            status = UploadStatus.FAILED
        else:
            status = UploadStatus.UPLOADED
        finally:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
        await self._tell(ask, status)

    async def _tell(self, ask: LogAsk, status: UploadStatus) -> None:
        self._last[ask.request_id is not None] = status
        await self._backlog.tell(_notice(status, ask.request_id, numbered=ask.request_id is not None))

    def _triggered(self, ask: TriggerAsk, *, numbered: bool) -> Handled:
        """What was said last of an upload under way; Idle when there is none (F06.FR.14, F06.FR.15, N01.FR.13)."""
        del ask
        current = self._current
        under_way = current is not None and (current.request_id is not None) is numbered
        status = self._last[numbered] if under_way else UploadStatus.IDLE
        notice = _notice(status, current.request_id if under_way and current else None, numbered=numbered)

        async def send(calls: Calls) -> None:
            del calls
            await self._csms.say(notice)

        return Handled(ACCEPTED.answer, follow=send)


def _notice(
    status: UploadStatus, request_id: int | None, *, numbered: bool
) -> LogStatusNotice | DiagnosticsStatusNotice:
    return LogStatusNotice(status, request_id) if numbered else DiagnosticsStatusNotice(status)
