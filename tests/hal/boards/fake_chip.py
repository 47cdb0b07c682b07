"""A chip behind the real gpiod: its Python runs as it is, and its C calls reach pins that a simulated board has.

What gpiod hands to its extension is checked by the extension's own types first; only what would open a device is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from sim.pins import E_STOP, SimPins

LINES = E_STOP + 1


class Settings:
    """`_ext.LineSettings`, which keeps its values to itself."""

    def __init__(self, real: Any, given: dict[str, Any]) -> None:
        self.real = real(**given)
        self.given = given


class Config:
    """`_ext.LineConfig`."""

    def __init__(self, real: Any) -> None:
        self._real = real()
        self.by_line: dict[int, dict[str, Any]] = {}

    def add_line_settings(self, lines: list[int], settings: Settings) -> None:
        self._real.add_line_settings(lines, settings.real)
        self.by_line |= dict.fromkeys(lines, settings.given)


class Request:
    """`_ext.Request`: logical values; a line that is active low has the other level on its pin."""

    chip_name = "gpiochip0"
    fd = -1

    def __init__(self, pins: SimPins, config: Config, line: Any) -> None:
        self._pins = pins
        self._line = line
        self.by_line = config.by_line
        self.offsets = list(config.by_line)
        self.num_lines = len(self.offsets)
        for number, given in config.by_line.items():
            if given["direction"] == line.Direction.OUTPUT.value:
                self._drive(number, given["output_value"] == line.Value.ACTIVE.value)

    def set_values(self, values: dict[int, Any]) -> None:
        for number, value in values.items():
            if self.by_line[number]["direction"] != self._line.Direction.OUTPUT.value:
                raise PermissionError(1, "Operation not permitted")  # as the kernel says of an input
            self._drive(number, value is self._line.Value.ACTIVE)

    def get_values(self, lines: list[int], values: list[Any]) -> None:
        for place, number in enumerate(lines):
            active = self._pins.get(number) is not self.by_line[number]["active_low"]
            values[place] = self._line.Value.ACTIVE if active else self._line.Value.INACTIVE

    def release(self) -> None:
        for number, given in self.by_line.items():
            if given["direction"] == self._line.Direction.OUTPUT.value:
                self._pins.set(number, False)

    def _drive(self, number: int, active: bool) -> None:
        self._pins.set(number, active is not self.by_line[number]["active_low"])


@contextmanager
def chip_of(gpiod: Any, pins: SimPins) -> Iterator[list[Request]]:
    """While this lasts, every chip that gpiod opens is this one; what was requested of it."""
    requests: list[Request] = []
    real = gpiod._ext

    def request(config: Config, _consumer: str, _buffer: int | None) -> Request:
        requests.append(Request(pins, config, gpiod.line))
        return requests[-1]

    chip = SimpleNamespace(
        get_info=lambda: SimpleNamespace(num_lines=LINES),
        get_line_name=lambda _line: None,
        request_lines=request,
        close=lambda: None,
    )
    ours = SimpleNamespace(Chip=lambda _path: chip, LineConfig=lambda: Config(real.LineConfig))
    settings = SimpleNamespace(LineSettings=lambda **given: Settings(real.LineSettings, given))
    with mock.patch("gpiod.chip._ext", ours), mock.patch("gpiod.line_settings._ext", settings):
        yield requests
