"""Polls a meter on a fixed grid and reports what comes of it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final, NoReturn

import msgspec

from hal.board import COMMAND_DEADLINE_S, Meter
from hal.continuity import Followed
from hal.errors import HalError, HalTimeoutError, MeterError
from hal.flag import Flag
from hal.types import (
    FaultCleared,
    FaultKind,
    FaultRaised,
    HalEvent,
    MeterErrorKind,
    MeterFailed,
    MeterSample,
    MeterSampled,
    Quality,
)

STALE_AFTER: Final = 2  # our policy: one lost poll is noise, two in a row are a dead meter
GRID_SLACK: Final = 1e-9  # of a poll: a read that took exactly one poll does not cost another


class MeterPoller:
    """Reads `meter` every `poll_s` seconds and calls `on_event` with what the meter's events say.

    `follow` judges each good sample by the ones before (`hal.continuity`); what it refuses is a failure.
    The second failure in a row reports the last good sample once more, stale and with its old time, and raises the
    fault METER; the next good sample clears it.
    """

    def __init__(
        self,
        meter: Meter,
        poll_s: float,
        on_event: Callable[[HalEvent], None],
        follow: Callable[[MeterSample], Followed] = Followed,
    ) -> None:
        self._meter = meter
        self._poll_s = poll_s
        self._on_event = on_event
        self._follow = follow
        self._wake = Flag()
        self._read_s = -math.inf
        self._last: MeterSample | None = None
        self._failures = 0

    def set_poll_s(self, poll_s: float) -> None:
        """Poll at another rate, beginning now."""
        if poll_s != self._poll_s:
            self._poll_s = poll_s
            self._wake.set()

    async def run(self) -> NoReturn:
        """Poll until cancelled. A poll that is overtaken by the next one leaves that one out."""
        loop = asyncio.get_running_loop()
        while True:
            start_s, poll_s, tick = loop.time(), self._poll_s, 0
            while poll_s == self._poll_s:
                await self._poll(min(poll_s, COMMAND_DEADLINE_S))
                passed = (loop.time() - start_s) / poll_s
                tick = max(tick + 1, math.ceil(passed - GRID_SLACK))
                if poll_s == self._poll_s:
                    await self._sleep_until(start_s + tick * poll_s)

    async def _sleep_until(self, when_s: float) -> None:
        """Until then, or until the rate changes."""
        self._wake.clear()
        await self._wake.wait(until_s=when_s)

    async def _poll(self, deadline_s: float) -> None:
        try:
            sample = await self._meter.read(deadline_s=deadline_s)
        except MeterError as error:
            self._failed(error.kind, error.detail)
        except HalTimeoutError as error:
            self._failed(MeterErrorKind.TIMEOUT, str(error))
        except HalError as error:
            self._failed(MeterErrorKind.DISCONNECTED, str(error))
        else:
            if sample.taken_mono_s <= self._read_s:
                self._failed(MeterErrorKind.STALE, "the meter repeats its last sample")
            else:
                self._read_s = sample.taken_mono_s
                self._followed(self._follow(sample))

    def _followed(self, followed: Followed) -> None:
        kind, detail = followed.kind, followed.detail
        if followed.sample is not None:
            if kind is not None:
                self._on_event(MeterFailed(kind, detail, 0))
            self._succeeded(followed.sample)
        elif kind is not None:
            self._failed(kind, detail)

    def _succeeded(self, sample: MeterSample) -> None:
        recovered = self._failures >= STALE_AFTER
        self._last, self._failures = sample, 0
        self._on_event(MeterSampled(sample))
        if recovered:
            self._on_event(FaultCleared(FaultKind.METER))

    def _failed(self, kind: MeterErrorKind, detail: str) -> None:
        self._failures += 1
        self._on_event(MeterFailed(kind, detail, self._failures))
        if self._failures == STALE_AFTER:
            if self._last is not None:
                self._on_event(MeterSampled(msgspec.structs.replace(self._last, quality=Quality.STALE)))
            self._on_event(FaultRaised(FaultKind.METER, f"{kind}: {detail}"))
