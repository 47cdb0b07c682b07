"""A meter on a Modbus bus, read as its profile says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hal.board import COMMAND_DEADLINE_S
from hal.errors import MeterError
from hal.modbus.bus import ModbusBus
from hal.modbus.layout import Layout, Value, identity_text, to_sample
from hal.modbus.profile import identity_requests, probes, rollover_wh, sample_requests
from hal.modbus.schema import Profile
from hal.modbus.turns import URGENT
from hal.types import BusHeard, MeterErrorKind, MeterSample


class ModbusMeter:
    """Satisfies `hal.board.Meter`.

    `serial`: the serial number this meter must have; None takes the one it reports. The identity is checked before
    the first sample and again after each failure, for a meter may be exchanged while it is silent.
    """

    def __init__(
        self,
        profile: Profile,
        bus: ModbusBus,
        unit_id: int,
        mono: Callable[[], float],
        *,
        serial: str | None = None,
        priority: int = URGENT,
    ) -> None:
        self._profile = profile
        self._mono = mono
        self._wanted_serial = serial
        self._serial: str | None = None
        self._identified = False
        self._unit = bus.unit(unit_id, probes=probes(profile), gap_s=profile.request_gap_s, priority=priority)
        self._heard: Callable[[BusHeard], None] | None = None
        self._blocks = [(request, Layout(profile, request)) for request in sample_requests(profile)]
        self._identity = {
            name: (request, Layout(profile, request)) for name, request in identity_requests(profile).items()
        }

    @property
    def heard(self) -> Callable[[BusHeard], None] | None:
        """Who is told of every request and its answer."""
        return self._heard

    @heard.setter
    def heard(self, listener: Callable[[BusHeard], None] | None) -> None:
        self._heard = listener
        if listener is None:
            self._unit.heard = None
            return
        name, unit_id = self._profile.name, self._unit.unit_id
        self._unit.heard = lambda asked, answered: listener(BusHeard(name, unit_id, asked, answered))

    @property
    def rollover_wh(self) -> float | None:
        """Where the register of imported energy begins anew; None when unknown."""
        return rollover_wh(self._profile)

    async def read(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> MeterSample:
        """Measure now. Raises `MeterError`.

        The sample's time is when its first answer came: no value in it is older than the meter's own refresh.
        """
        until_s = asyncio.get_running_loop().time() + deadline_s
        try:
            if not self._identified:
                await self._identify(until_s)
            return await self._sample(until_s)
        except MeterError:
            self._identified = False
            raise

    async def _sample(self, until_s: float) -> MeterSample:
        values: dict[str, Value] = {}
        taken_mono_s = 0.0
        for request, layout in self._blocks:
            words = await self._unit.read(request, until_s=until_s)
            if not values:
                taken_mono_s = self._mono()
            values.update(layout.decode(words))
        return to_sample(self._profile, values, taken_mono_s, self._serial)

    async def _identify(self, until_s: float) -> None:
        """Raises `MeterError` (WRONG_IDENTITY) when another meter or model answers."""
        code = await self._identity_of("model_code", until_s)
        if code is not None and int(code) not in self._profile.model_codes:
            raise MeterError(
                MeterErrorKind.WRONG_IDENTITY,
                f"model code {code} is not of {self._profile.name}: {', '.join(map(str, self._profile.model_codes))}",
            )
        self._serial = await self._identity_of("serial", until_s)
        if self._wanted_serial is not None and self._serial != self._wanted_serial:
            raise MeterError(
                MeterErrorKind.WRONG_IDENTITY,
                f"serial number {self._serial}, configured is {self._wanted_serial}",
            )
        self._identified = True

    async def _identity_of(self, name: str, until_s: float) -> str | None:
        """One identity point; None where the profile lacks it or this meter's firmware does."""
        if name not in self._identity:
            return None
        request, layout = self._identity[name]
        try:
            words = await self._unit.read(request, until_s=until_s)
        except MeterError as error:
            if error.kind is MeterErrorKind.EXCEPTION:
                return None
            raise
        return identity_text(layout.decode(words)[name])
