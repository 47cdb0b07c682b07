"""Firmware (2.0.1 L01, L02; 1.6 §5.19, whitepaper L01): fetched, judged, installed when nobody charges, told of.

One update at a time. What it has come to is kept in the journal, so that it goes on after a power cut, and is told by
the firmware that the restart brings, with the request's own id.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

import msgspec
from msgspec.structs import replace

from agent.core.events import AvailabilityChanged
from agent.core.security import SecurityEventKind
from agent.core.values import Scope
from agent.ocpp.asks import ACCEPTED, Handled, Reason, TriggerAsk, TriggeredMessage
from agent.ocpp.asks.firmware import (
    FirmwareNotice,
    FirmwareStatus,
    SignedFirmwareNotice,
    UpdateAnswer,
    UpdateAsk,
    UpdateVerdict,
)
from agent.ocpp.block import Block, Routes, Surroundings, Triggers
from agent.ocpp.blocks.provisioning import REASON_KEY
from agent.ocpp.calls import Calls
from agent.ocpp.charger import ResetKind
from agent.ocpp.codec import CallError, ErrorCode
from agent.ocpp.dialect import BootReason, Notice
from agent.ocpp.settings.firmware import ALLOW_NEW_SESSIONS
from agent.ocpp.transfers import TransferError, persistently
from agent.ocpp.workshop import Firmware, InstallOutcome, Workshop
from hal.flag import Flag

log = logging.getLogger(__name__)

JOB_KEY: Final = "ocpp.firmware"  # of the journal's meta data
LOOK_S: Final = 1.0  # our policy: how often it is looked whether the last transaction has ended

OUTCOMES: Final = {
    InstallOutcome.INSTALLED: FirmwareStatus.INSTALLED,
    InstallOutcome.UNFIT: FirmwareStatus.INSTALL_VERIFICATION_FAILED,
    InstallOutcome.FAILED: FirmwareStatus.INSTALLATION_FAILED,
}


class Job(msgspec.Struct, frozen=True):
    """An update: what was asked, how far it is, and which statuses the CSMS has not heard yet."""

    ask: UpdateAsk
    status: FirmwareStatus = FirmwareStatus.IDLE
    untold: tuple[FirmwareStatus, ...] = ()


class FirmwareUpdate(Block):
    """Takes an update from request to restart and beyond."""

    def __init__(self, around: Surroundings, workshop: Workshop, firmware: Firmware) -> None:
        self._charger = around.charger
        self._csms = around.csms
        self._clock = around.clock
        self._keeper = around.keeper
        self._security = around.security
        self._settings = around.settings
        self._transfers = workshop.transfers
        self._firmware = firmware
        self._file = workshop.folder / "firmware"
        self._job = _read(around.store.meta(JOB_KEY))
        self._work: asyncio.Task[None] | None = None
        self._news = Flag()
        self._telling = asyncio.Lock()

    def routes(self) -> Routes:
        """Who answers what."""
        return {UpdateAsk: self.handle}

    def triggers(self) -> Triggers:
        """1.6 has a status for each kind of update, 2.x one for both."""
        return {
            TriggeredMessage.FIRMWARE_STATUS: lambda ask: self._triggered(ask, numbered=False),
            TriggeredMessage.SIGNED_FIRMWARE_STATUS: lambda ask: self._triggered(ask, numbered=True),
        }

    def handle(self, ask: UpdateAsk) -> Handled:
        """UpdateFirmware in all its forms (L01.FR.21, L01.FR.22, L01.FR.24, L01.FR.27). Raises `CallError`."""
        signed = ask.certificate is not None and ask.signature is not None
        if not signed and not self._firmware.unsigned:
            if ask.request_id is None:  # whitepaper L01.FR.20
                raise CallError(ErrorCode.NOT_SUPPORTED, "only signed firmware is installed here")
            return Handled(UpdateAnswer(UpdateVerdict.REJECTED, Reason.INVALID_VALUE))
        if ask.certificate is not None:
            flaw = self._firmware.trust.flaw(ask.certificate, self._clock.now().utc_s)
            if flaw is not None:
                return Handled(
                    UpdateAnswer(UpdateVerdict.INVALID_CERTIFICATE),
                    then=lambda: self._security.happened(SecurityEventKind.INVALID_FIRMWARE_CERTIFICATE, flaw),
                )
        try:
            self._transfers.check(ask.location)
        except TransferError as error:
            log.warning("firmware was announced where none is fetched from: %s", error)
            return Handled(UpdateAnswer(UpdateVerdict.REJECTED, Reason.INVALID_VALUE))
        if self._status in {FirmwareStatus.INSTALLING, FirmwareStatus.INSTALL_REBOOTING}:
            return Handled(UpdateAnswer(UpdateVerdict.REJECTED))  # L01.FR.27: what is being written is not given up
        busy = self._job is not None and not self._status.final
        verdict = UpdateVerdict.ACCEPTED_CANCELED if busy else UpdateVerdict.ACCEPTED
        return Handled(UpdateAnswer(verdict), then=lambda: self._begin(ask))

    async def run(self) -> None:
        """Go on with what was begun, and wait for what is asked."""
        while True:
            self._news.clear()
            job = self._job
            if job is not None and not job.status.final:
                self._work = asyncio.get_running_loop().create_task(self._update(job))
                await self._until_over(self._work)
            else:
                self._serve(operative=True)
                await self._news.wait()

    async def accepted(self, calls: Calls) -> None:
        """Tell what the CSMS has not heard yet."""
        del calls
        await self._tell()

    def _begin(self, ask: UpdateAsk) -> None:
        self._keep(Job(ask))
        if self._work is not None:
            self._work.cancel()
        self._news.set()

    async def _until_over(self, work: asyncio.Task[None]) -> None:
        try:
            await asyncio.wait([work])
        finally:
            if not work.done():  # the agent ends
                work.cancel()
                await asyncio.wait([work])
        if not work.cancelled() and (error := work.exception()) is not None:
            raise error

    async def _update(self, job: Job) -> None:
        """One update from where it stands; ends with a final status, or with a restart under way."""
        ask = job.ask
        match job.status:
            case FirmwareStatus.INSTALL_REBOOTING:
                await self._after_restart()
                return
            case FirmwareStatus.INSTALLING:  # a power cut: nobody knows how far it came
                await self._finish(FirmwareStatus.INSTALLATION_FAILED)
                return
            case FirmwareStatus.DOWNLOADED | FirmwareStatus.SIGNATURE_VERIFIED | FirmwareStatus.INSTALL_SCHEDULED:
                fetched = self._file.is_file()
            case _:
                fetched = False
        if not fetched and not await self._fetch(ask, again=job.status is FirmwareStatus.DOWNLOADING):
            return
        if not await self._verify(ask):
            return
        await self._wait_to_install(ask)
        await self._install()

    async def _fetch(self, ask: UpdateAsk, *, again: bool) -> bool:
        """Download; `again`: a power cut has broken it off, and it goes on where it ended."""
        if ask.retrieve_utc_s > self._clock.now().utc_s:
            await self._enter(FirmwareStatus.DOWNLOAD_SCHEDULED)  # L01.FR.13
            await self._until(ask.retrieve_utc_s)
        if not again:
            self._forget_file()
        await self._enter(FirmwareStatus.DOWNLOADING)
        try:
            await persistently(lambda: self._transfers.download(ask.location, self._file), ask.retries)
        except TransferError as error:
            log.warning("firmware was not fetched: %s", error)
            await self._enter(FirmwareStatus.DOWNLOAD_FAILED)  # L01.FR.30
            return False
        await self._enter(FirmwareStatus.DOWNLOADED)
        return True

    async def _verify(self, ask: UpdateAsk) -> bool:
        if ask.certificate is None or ask.signature is None:
            return True
        if await self._firmware.trust.signed(self._file, ask.signature, ask.certificate):
            if self._status is not FirmwareStatus.INSTALL_SCHEDULED:
                await self._enter(FirmwareStatus.SIGNATURE_VERIFIED)
            return True
        self._forget_file()
        await self._enter(FirmwareStatus.INVALID_SIGNATURE)
        self._security.happened(SecurityEventKind.INVALID_FIRMWARE_SIGNATURE)  # L01.FR.03
        return False

    async def _wait_to_install(self, ask: UpdateAsk) -> None:
        """Until the time has come and nobody charges (L01.FR.05-07, L01.FR.16)."""
        when_utc_s = ask.install_utc_s
        if when_utc_s is not None and when_utc_s > self._clock.now().utc_s:
            await self._schedule()
            await self._until(when_utc_s)
        if self._charging():
            await self._schedule()  # L01.FR.34
            if self._settings.get(ALLOW_NEW_SESSIONS):
                await self._until_nobody_charges()
        self._serve(operative=False)
        await self._until_nobody_charges()

    async def _schedule(self) -> None:
        if self._status is not FirmwareStatus.INSTALL_SCHEDULED:
            await self._enter(FirmwareStatus.INSTALL_SCHEDULED)

    async def _until_nobody_charges(self) -> None:
        while self._charging():  # noqa: ASYNC110 - sessions are looked at; they tell nobody
            await asyncio.sleep(LOOK_S)

    async def _install(self) -> None:
        await self._enter(FirmwareStatus.INSTALLING)
        outcome = await self._firmware.installer.install(self._file)
        self._forget_file()
        if outcome is InstallOutcome.RESTART:
            await self._enter(FirmwareStatus.INSTALL_REBOOTING)  # L01.FR.15, L01.FR.32
            self._keeper.remember(REASON_KEY, BootReason.FIRMWARE_UPDATE.encode())
            self._charger.reset(ResetKind.IMMEDIATE)
            await asyncio.get_running_loop().create_future()  # what comes next, comes after the restart
        await self._finish(OUTCOMES[outcome])

    async def _after_restart(self) -> None:
        well = await self._firmware.installer.confirm()
        await self._finish(FirmwareStatus.INSTALLED if well else FirmwareStatus.INSTALLATION_FAILED)

    async def _finish(self, status: FirmwareStatus) -> None:
        self._serve(operative=True)
        if status is FirmwareStatus.INSTALLED:
            self._security.happened(SecurityEventKind.FIRMWARE_UPDATED)  # L01.FR.31
        await self._enter(status)

    async def _enter(self, status: FirmwareStatus) -> None:
        """A new state: kept, and told in its turn (L01.FR.01)."""
        if self._job is None:
            return
        self._keep(replace(self._job, status=status, untold=(*self._job.untold, status)))
        await self._tell()

    async def _tell(self) -> None:
        """Tell what is untold, in order; what cannot be told now waits for the next connection."""
        async with self._telling:
            while (job := self._job) is not None and job.untold:
                told = await self._csms.say(_notice(job.ask, job.untold[0]))
                if not told and not self._csms.online:
                    return
                if self._job is not None and self._job.ask is job.ask:
                    self._keep(replace(self._job, untold=self._job.untold[1:]))

    def _triggered(self, ask: TriggerAsk, *, numbered: bool) -> Handled:
        """The last status; Idle after Installed, and where there was no update (L01.FR.25, L01.FR.26, F06.FR.16)."""
        del ask
        job = self._job
        if job is None or job.status is FirmwareStatus.INSTALLED or job.status is FirmwareStatus.IDLE:
            idle = FirmwareStatus.IDLE
            notice: Notice = SignedFirmwareNotice(idle) if numbered else FirmwareNotice(idle)
        else:
            notice = _notice(job.ask, job.status)

        async def send(calls: Calls) -> None:
            del calls
            await self._csms.say(notice)

        return Handled(ACCEPTED.answer, follow=send)

    @property
    def _status(self) -> FirmwareStatus:
        return FirmwareStatus.IDLE if self._job is None else self._job.status

    def _keep(self, job: Job) -> None:
        self._job = job
        self._keeper.remember(JOB_KEY, msgspec.json.encode(job))

    def _charging(self) -> bool:
        return any(self._charger.session(evse).tx is not None for evse in self._charger.evse_ids)

    def _serve(self, *, operative: bool) -> None:
        """Take every EVSE out of service until the update is over, or back; a driver who charges is not disturbed."""
        for evse in self._charger.evse_ids:
            if operative is (Scope.UPDATE in self._charger.session(evse).inoperative):
                self._charger.post(evse, AvailabilityChanged(operative, Scope.UPDATE))

    async def _until(self, utc_s: float) -> None:
        while (left_s := utc_s - self._clock.now().utc_s) > 0:  # noqa: ASYNC110 - the wall clock may be set meanwhile
            await asyncio.sleep(min(left_s, 60.0))

    def _forget_file(self) -> None:
        for file in (self._file, self._file.with_name(self._file.name + ".tag")):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)


def _notice(ask: UpdateAsk, status: FirmwareStatus) -> Notice:
    return FirmwareNotice(status) if ask.request_id is None else SignedFirmwareNotice(status, ask.request_id)


def _read(kept: bytes | None) -> Job | None:
    if kept is None:
        return None
    try:
        return msgspec.json.decode(kept, type=Job)
    except msgspec.MsgspecError:
        log.exception("what was kept of a firmware update cannot be read and is left behind")
        return None
