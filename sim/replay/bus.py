"""The recorded answers of a meter, given to the meter driver of today: does it read the same in them?"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from agent.recording import Bus, Heard
from hal.errors import MeterError
from hal.modbus.bus import ModbusBus
from hal.modbus.meter import ModbusMeter
from hal.modbus.profile import PROFILES, load_profile
from hal.modbus.schema import Profile
from hal.types import BusHeard, MeterSample, MeterSampled, Quality
from sim.modbus_server import EXCEPTION_FLAG, ILLEGAL_ADDRESS, ModbusTcpServer, Slave
from sim.replay.compare import Difference
from sim.replay.recording import Recording

EXACT_WH: Final = 1e-6


class RecordedSlave(Slave):
    """Answers each request as it was answered the next time it was asked; what was never asked is not there."""

    def __init__(self, unit_id: int, heard: Iterable[BusHeard]) -> None:
        super().__init__(unit_id)
        self._heard = deque(heard)
        self.unknown: list[bytes] = []

    @property
    def left(self) -> int:
        """How many of the recorded requests have not been asked yet."""
        return len(self._heard)

    def answer(self, pdu: bytes) -> bytes | None:
        """The recorded answer."""
        for number, one in enumerate(self._heard):
            if one.asked == pdu:
                for _ in range(number + 1):
                    self._heard.popleft()
                return one.answered
        self.unknown.append(pdu)
        return bytes((pdu[0] | EXCEPTION_FLAG, ILLEGAL_ADDRESS))


async def differences(recording: Recording) -> list[Difference]:
    """Where the meters' recorded answers mean something else to the driver of today."""
    found: list[Difference] = []
    for evse in recording.begun.evses:
        heard = [one.heard for one in recording.of(Bus) if one.evse == evse]
        if heard:
            found += [
                Difference(at_s=at_s, kind=f"EVSE {evse} meter", what=what)
                for at_s, what in await _meter(heard, list(_samples(recording, evse)))
            ]
    return found


def _samples(recording: Recording, evse: int) -> Iterator[tuple[float, MeterSample]]:
    for one in recording.of(Heard):
        if one.evse == evse and isinstance(one.event, MeterSampled) and one.event.sample.quality is Quality.GOOD:
            yield one.at_s, one.event.sample


async def _meter(heard: Sequence[BusHeard], samples: Sequence[tuple[float, MeterSample]]) -> list[tuple[float, str]]:
    """Read the recorded answers until they are used up; each recorded sample must be among what was read, in order."""
    name, unit = heard[0].profile, heard[0].unit
    profile = _profile(name)
    if profile is None:
        return [(samples[0][0] if samples else 0.0, f"there is no profile {name!r} any more")]
    slave = RecordedSlave(unit, heard)
    server = ModbusTcpServer([slave])
    bus = ModbusBus(f"tcp://127.0.0.1:{await server.start()}")
    meter = ModbusMeter(profile, bus, unit, asyncio.get_running_loop().time)
    read: list[MeterSample] = []
    try:
        while slave.left:
            before = slave.left
            with contextlib.suppress(MeterError):  # it was silent then, too
                read.append(await meter.read())
            if slave.left == before:
                return [
                    (samples[0][0] if samples else 0.0, f"asks for {slave.unknown[-1].hex(' ')}, which was not asked")
                ]
    finally:
        await bus.close()
        await server.stop()
    return list(_unlike(samples, read))


def _unlike(samples: Sequence[tuple[float, MeterSample]], read: Sequence[MeterSample]) -> Iterator[tuple[float, str]]:
    position = 0
    for at_s, sample in samples:
        same = next((n for n in range(position, len(read)) if _same(sample, read[n])), None)
        if same is None:
            nearest = read[min(position, len(read) - 1)] if read else None
            yield at_s, f"{_words(sample)} is read as {'nothing' if nearest is None else _words(nearest)}"
        else:
            position = same + 1


def _same(one: MeterSample, other: MeterSample) -> bool:
    energy = abs(one.energy_import_wh - other.energy_import_wh) <= EXACT_WH
    return energy and (one.power_w, one.current_a, one.voltage_v) == (other.power_w, other.current_a, other.voltage_v)


def _words(sample: MeterSample) -> str:
    power = "" if sample.power_w is None else f", {sample.power_w:g} W"
    return f"{sample.energy_import_wh:g} Wh{power}"


def _profile(name: str) -> Profile | None:
    return next((one for one in map(load_profile, PROFILES.glob("*.toml")) if one.name == name), None)
