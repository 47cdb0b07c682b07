"""Asks a signing meter for what a session wants signed, one thing at a time. Nothing and nobody waits for it here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from agent.core.effects import SignMeter
from agent.core.events import AnyEvent, MeterKeyRead, MeterNotSigned, MeterSigned
from hal import signing
from hal.board import Meter
from hal.errors import HalError
from hal.types import FaultCleared, FaultKind, FaultRaised, MeterTransaction, Moment, Signs

log = logging.getLogger(__name__)

KEY_AGAIN_S: Final = 60.0  # our policy: how soon the key of a meter that does not answer is asked for again
FAULT_AFTER: Final = 2  # our policy: one failure is noise, two in a row are a meter that does not sign


class Signer:
    """The signing of one EVSE's meter.

    `place`: the EVSE's official id, which the meter signs along. `utc_s`: the time, None while nobody knows it. A meter
    that signs no beginning is the fault METER until it signs again: the driver gets no energy, and is to know why.
    """

    def __init__(
        self,
        evse: int,
        meter: Callable[[], Meter | None],
        post: Callable[[AnyEvent], None],
        *,
        place: str = "",
        utc_s: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._name = f"EVSE {evse} meter"
        self._meter = meter
        self._post = post
        self._place = place
        self._utc_s = utc_s
        self._asked: list[SignMeter] = []
        self._working: asyncio.Task[None] | None = None
        self._learning: asyncio.Task[None] | None = None
        self._failures = 0

    def start(self) -> None:
        """Find out the key by which the meter's records are verified."""
        if signing.ability(self._meter()) is not Signs.NOTHING:
            self._learning = asyncio.get_running_loop().create_task(self._learn_key(), name=f"{self._name} key")

    def ask(self, wanted: SignMeter) -> None:
        """Have this signed after what is under way; an end makes readings before it superfluous."""
        if wanted.moment is Moment.END:
            self._asked = [one for one in self._asked if one.moment is not Moment.BETWEEN]
        self._asked.append(wanted)
        if self._working is None or self._working.done():
            self._working = asyncio.get_running_loop().create_task(self._work(), name=f"{self._name} signing")

    def close(self) -> None:
        """Ask no more."""
        self._asked.clear()
        for task in (self._working, self._learning):
            if task is not None:
                task.cancel()

    async def _work(self) -> None:
        while self._asked:
            await self._sign(self._asked.pop(0))

    async def _sign(self, wanted: SignMeter) -> None:
        order = MeterTransaction(wanted.tx, wanted.token, self._place, self._utc_s())
        try:
            sample = await signing.sign(self._meter(), wanted.moment, order)
        except HalError as error:
            log.warning("%s: the %s of transaction %s is not signed: %s", self._name, wanted.moment, wanted.tx, error)
            self._post(MeterNotSigned(wanted.tx, wanted.moment, wanted.purpose))
            self._failed(wanted.moment, str(error))
        else:
            self._succeeded()
            self._post(MeterSigned(wanted.tx, wanted.moment, sample, wanted.purpose))

    def _failed(self, moment: Moment, why: str) -> None:
        if moment is Moment.BEGIN:
            self._failures += 1
            if self._failures == FAULT_AFTER:
                self._post(FaultRaised(FaultKind.METER, f"it signs no beginning: {why}"))

    def _succeeded(self) -> None:
        if self._failures >= FAULT_AFTER:
            self._post(FaultCleared(FaultKind.METER))
        self._failures = 0

    async def _learn_key(self) -> None:
        while True:
            try:
                self._post(MeterKeyRead(await signing.public_key(self._meter())))
            except HalError as error:
                log.info("%s: its key cannot be read yet: %s", self._name, error)
                await asyncio.sleep(KEY_AGAIN_S)
            else:
                return
