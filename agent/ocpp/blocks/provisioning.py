"""Provisioning (2.0.1 B01-B04, B11, B12; 1.6 §4.2, §4.6, §5.14): boot, registration, heartbeat, reset."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from agent.ocpp.asks import REJECTED, Handled, ResetAsk, Verdict, VerdictAnswer
from agent.ocpp.block import Block, Routes
from agent.ocpp.calls import CallFailedError, Calls, NotRegisteredError
from agent.ocpp.charger import Charger, ResetKind
from agent.ocpp.device_model import Nameplate
from agent.ocpp.dialect import BootReason, Registration
from agent.ocpp.keeper import Keeper
from agent.ocpp.settings.clock import HEARTBEAT, TIME_SOURCE
from agent.ocpp.settings.link import HEARTBEAT_INTERVAL
from agent.ocpp.settings.transactions import ACCEPTED_BEFORE
from agent.ocpp.variables import Setting, Settings
from hal.flag import Flag

_log = logging.getLogger(__name__)

BOOT_RETRY_S: Final = 60.0  # our policy, where the CSMS names no interval (B02.FR.07) or does not answer
REASON_KEY: Final = "ocpp.boot_reason"  # of the journal's meta data: why the next boot will have happened

ACCEPTED_KEY: Final = "ocpp.accepted_by"  # of the journal's meta data: in which configuration a CSMS has accepted us


def why_started(remembered: bytes | None, started: BootReason) -> BootReason:
    """Why the station has started: what was `remembered` under `REASON_KEY` before it ended, else how it looks."""
    return BootReason(remembered.decode()) if remembered else started


class Provisioning(Block):
    """Whether the CSMS has accepted the station, and what keeps it so."""

    def __init__(
        self,
        plate: Nameplate,
        charger: Charger,
        settings: Settings,
        keeper: Keeper,
        reason: BootReason,
        origin: str,
        accepted_by: bytes | None,
    ) -> None:
        """`reason`: why the station has started (B01.FR.09).

        `origin` is the configuration that leads to the CSMS, `accepted_by` the one in which a CSMS accepted it last.
        """
        self.registration: Registration | None = None
        self._plate = plate
        self._charger = charger
        self._settings = settings
        self._interval_changed = Flag()
        settings.on_change(self._on_setting)
        self._reason = reason
        self._keeper = keeper
        self._origin = origin.encode()
        self._accepted_before = accepted_by == self._origin
        self._not_before_s = 0.0
        self._boot_now = Flag()

    def routes(self) -> Routes:
        """Who answers what."""
        return {ResetAsk: self.reset}

    async def run(self) -> None:
        """Say whether a CSMS has ever accepted the station, once those who go by it are listening."""
        self._settings.set(ACCEPTED_BEFORE, self._accepted_before)

    @property
    def registered(self) -> bool:
        """Whether the station may send what it likes."""
        return self.registration is Registration.ACCEPTED

    def forget(self) -> None:
        """The CSMS does not know the station, or not in the version that was negotiated: boot anew."""
        self.registration = None

    def boot_now(self) -> None:
        """Do not wait any longer for the next BootNotification (F06)."""
        self._boot_now.set()

    async def register(self, calls: Calls) -> None:
        """Send BootNotification until the CSMS accepts the station. Raises `LinkLostError`.

        The CSMS's interval holds across connections (B02.FR.04, B03.FR.02); an error or no answer is tried again, too.
        """
        loop = asyncio.get_running_loop()
        while not self.registered:
            await self._until_due()
            wait_s = await self._boot(calls)
            self._not_before_s = loop.time() + wait_s
        self._not_before_s = 0.0

    async def _until_due(self) -> None:
        self._boot_now.clear()
        await self._boot_now.wait(until_s=self._not_before_s)

    async def heartbeats(self, calls: Calls) -> None:
        """Send heartbeats for as long as the connection lasts. Raises `LinkLostError`, `NotRegisteredError`."""
        while True:
            self._interval_changed.clear()
            if not await self._interval_changed.wait(self._settings.get(HEARTBEAT_INTERVAL)):
                await self._regular_heartbeat(calls)

    def reset(self, ask: ResetAsk) -> Handled:
        """Reset after the answer has gone out (B11.FR.01, B12.FR.01, B12.FR.02)."""
        kind = ask.kind
        if kind is None or (ask.evse is not None and ask.evse not in self._charger.evse_ids):
            return REJECTED
        evses = self._charger.evse_ids if ask.evse is None else (ask.evse,)
        waits = kind is ResetKind.ON_IDLE and any(self._charger.session(one).tx for one in evses)

        def then() -> None:
            if ask.evse is None:
                reason = BootReason.SCHEDULED_RESET if waits else BootReason.REMOTE_RESET
                self._keeper.remember(REASON_KEY, reason.encode())
            self._charger.reset(kind, ask.evse)

        return Handled(VerdictAnswer(Verdict.SCHEDULED if waits else Verdict.ACCEPTED), then)

    async def heartbeat(self, calls: Calls) -> None:
        """Send a heartbeat. Raises `CallFailedError`, `LinkLostError`."""
        answer = await calls.call(calls.dialect.heartbeat())
        self._learn_time(calls.dialect.time_told(answer))

    async def _regular_heartbeat(self, calls: Calls) -> None:
        try:
            await self.heartbeat(calls)
        except NotRegisteredError:
            raise
        except CallFailedError as error:
            _log.warning("heartbeat: %s", error)

    def _learn_time(self, utc_s: float) -> None:
        if HEARTBEAT in self._settings.get(TIME_SOURCE):  # B01.FR.06
            self._charger.time_learned(utc_s)

    def _on_setting(self, setting: Setting[Any]) -> None:
        if setting is HEARTBEAT_INTERVAL:
            self._interval_changed.set()

    async def _boot(self, calls: Calls) -> float:
        """One BootNotification; the seconds to wait before another one."""
        try:
            reason = BootReason.TRIGGERED if self._boot_now.is_set() else self._reason
            response = await calls.call(calls.dialect.boot(self._plate, reason))
        except CallFailedError as error:
            _log.warning("BootNotification: %s; next try in %g s", error, BOOT_RETRY_S)
            return BOOT_RETRY_S
        answer = calls.dialect.boot_answer(response)
        self.registration = answer.registration
        self._learn_time(answer.now_utc_s)
        if self.registered:
            if answer.interval_s > 0:  # B01.FR.04
                self._settings.set(HEARTBEAT_INTERVAL, int(min(answer.interval_s, HEARTBEAT_INTERVAL.maximum)))
            self._reason = BootReason.UNKNOWN  # of a boot without a start: the CSMS had forgotten the station
            self._keeper.remember(REASON_KEY, None)
            if not self._accepted_before:
                self._accepted_before = True
                self._keeper.remember(ACCEPTED_KEY, self._origin)
                self._settings.set(ACCEPTED_BEFORE, True)
        else:
            _log.warning("the CSMS answered the boot with %s; next try in %g s", answer.registration, answer.interval_s)
        return answer.interval_s if answer.interval_s > 0 else BOOT_RETRY_S
