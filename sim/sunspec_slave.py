"""A simulated SunSpec meter: a chain of models at one of the customary places."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hal.modbus import sunspec
from hal.modbus.layout import Value
from hal.modbus.schema import PHASE_POINTS, SINGLE_POINTS, ReadRequest
from hal.types import MeterSample
from sim.modbus_server import Slave

COMMON_LENGTH: Final = 66
# A 16-bit integer holds a power up to 32 kW only in watts; currents to 0.01 A, voltages to 0.1 V, energy to 1 Wh.
SCALES: Final = {6: -2, 15: -1, 17: -2, 22: 0, 32: 0, 54: 0}


class SunSpecSlave(Slave):
    """Serves the common model, `before` (other models, header included), one meter model, then `behind`."""

    def __init__(
        self,
        source: Callable[[], MeterSample],
        unit_id: int = 1,
        *,
        model_id: int = 203,
        base: int = sunspec.BASES[0],
        before: Sequence[Sequence[int]] = (),
        behind: Sequence[Sequence[int]] = (),
        scales: Mapping[int, int] = SCALES,
    ) -> None:
        super().__init__(unit_id)
        self._source = source
        self._model_id = model_id
        self._base = base
        self._scales = scales
        self._before = [word for model in before for word in model]
        self._behind = [word for model in behind for word in model]

    def image(self) -> list[int]:
        """All registers from the mark to the end of the chain."""
        sample = self._source()
        meter = sunspec.encode(self._model_id, values_of(sample), self._scales)
        return [*sunspec.MARK, *common(sample.serial or ""), *self._before, *meter, *self._behind, sunspec.END_ID, 0]

    def registers(self, request: ReadRequest) -> Sequence[int] | None:
        """The registers that were asked for; None when one of them is not there."""
        start, image = request.address - self._base, self.image()
        inside = request.function == 3 and start >= 0 and start + request.count <= len(image)  # noqa: PLR2004 -- holding
        return image[start : start + request.count] if inside else None


def common(serial: str) -> list[int]:
    """The common model: maker, model, options, version, serial number, address."""
    texts = (("Simulated", 16), ("Meter", 16), ("", 8), ("1.0", 8), (serial, 16))
    words = [sunspec.COMMON_ID, COMMON_LENGTH]
    for text, count in texts:
        words += struct.unpack(f">{count}H", text.encode("ascii").ljust(2 * count, b"\0"))
    return [*words, 1, 0x8000]


def values_of(sample: MeterSample) -> dict[str, Value]:
    """A sample as values by point name."""
    values: dict[str, Value] = {name: getattr(sample, name) for name in SINGLE_POINTS}
    for field, names in PHASE_POINTS.items():
        values.update(zip(names, getattr(sample, field) or (), strict=False))
    return values
