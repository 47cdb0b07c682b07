"""A SunSpec meter: found by walking its chain of models, then read in one request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from hal.board import COMMAND_DEADLINE_S
from hal.errors import MeterError
from hal.modbus import sunspec
from hal.modbus.bus import ModbusBus
from hal.modbus.layout import sample_of
from hal.modbus.schema import ReadRequest
from hal.modbus.turns import URGENT
from hal.types import MeterErrorKind, MeterSample

READ_HOLDING: Final = 3
PROBE_COUNTS: Final = range(3, 16)  # of registers from the mark on, where the common model is; no polled length


class Model(msgspec.Struct, frozen=True):
    """One model in the chain: its id, where the id lies, and how many registers follow the header."""

    id: int
    address: int
    length: int


class SunSpecMeter:
    """Satisfies `hal.board.Meter`.

    `serial`: the serial number that this meter must have; None takes the one it reports. Models and serial number
    are looked up before the first sample and again after each failure.
    """

    def __init__(
        self,
        bus: ModbusBus,
        unit_id: int,
        mono: Callable[[], float],
        *,
        serial: str | None = None,
        priority: int = URGENT,
    ) -> None:
        self._mono = mono
        self._wanted_serial = serial
        self._serial: str | None = None
        self._name = f"{bus.url} unit {unit_id}"
        self._meter: Model | None = None
        self._rollover_wh: float | None = None
        self.unit = bus.unit(unit_id, probes=(), priority=priority)
        self.models: tuple[Model, ...] = ()

    @property
    def rollover_wh(self) -> float | None:
        """Where the counter of imported energy begins anew; None when unknown."""
        return self._rollover_wh

    async def read(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> MeterSample:
        """Measure now. Raises `MeterError`."""
        until_s = asyncio.get_running_loop().time() + deadline_s
        try:
            meter = await self.locate(until_s)
            words = await self._words(meter.address, sunspec.words_needed(meter.id), until_s)
        except MeterError:
            self._meter = None
            raise
        if words[0] != meter.id:
            self._meter = None
            raise MeterError(MeterErrorKind.WRONG_IDENTITY, f"{self._name}: model {meter.id} is gone")
        self._rollover_wh = sunspec.rollover_wh(words)
        return sample_of(f"SunSpec model {meter.id}", sunspec.decode(words), self._mono(), self._serial)

    async def locate(self, until_s: float) -> Model:
        """The meter's model; walks the chain when it is not known. Raises `MeterError`."""
        if self._meter is not None:
            return self._meter
        base = await self._base(until_s)
        self.unit.probe_with([ReadRequest(READ_HOLDING, base, count) for count in PROBE_COUNTS])
        self.models = await self._walk(base + len(sunspec.MARK), until_s)
        serials = [model for model in self.models if model.id == sunspec.COMMON_ID]
        meters = [model for model in self.models if model.id in sunspec.METER_IDS]
        if not serials or not meters:
            ids = ", ".join(str(model.id) for model in self.models)
            raise MeterError(MeterErrorKind.WRONG_IDENTITY, f"{self._name}: no meter model among {ids or 'none'}")
        at = serials[0].address + sunspec.SERIAL_OFFSET
        self._serial = sunspec.text(await self._words(at, sunspec.SERIAL_WORDS, until_s)) or None
        if self._wanted_serial is not None and self._serial != self._wanted_serial:
            raise MeterError(
                MeterErrorKind.WRONG_IDENTITY, f"serial number {self._serial}, configured is {self._wanted_serial}"
            )
        self._meter = meters[0]
        return meters[0]

    async def _base(self, until_s: float) -> int:
        """Where the mark is. Raises `MeterError`."""
        for base in sunspec.BASES:
            try:
                words = await self._words(base, len(sunspec.MARK), until_s)
            except MeterError as error:
                if error.kind is not MeterErrorKind.EXCEPTION:
                    raise
            else:
                if tuple(words) == sunspec.MARK:
                    return base
        raise MeterError(MeterErrorKind.WRONG_IDENTITY, f"{self._name}: no SunSpec device; use a profile of its model")

    async def _walk(self, address: int, until_s: float) -> tuple[Model, ...]:
        models: list[Model] = []
        while len(models) < sunspec.MAX_MODELS:
            model_id, length = await self._words(address, sunspec.HEADER_WORDS, until_s)
            if model_id == sunspec.END_ID:
                return tuple(models)
            models.append(Model(model_id, address, length))
            address += sunspec.HEADER_WORDS + length
        raise MeterError(MeterErrorKind.WRONG_IDENTITY, f"{self._name}: the chain of SunSpec models has no end")

    async def _words(self, address: int, count: int, until_s: float) -> Sequence[int]:
        return await self.unit.read(ReadRequest(READ_HOLDING, address, count), until_s=until_s)
