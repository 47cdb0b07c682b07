"""What is watched on the hardware without anybody's asking, and how its variables are read meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agent.ocpp.asks import VariableName
from agent.ocpp.device_model import Variable
from agent.ocpp.hardware_model import AFFLICTED, HardwareModel
from agent.ocpp.monitoring import LOWEST_SEVERITY, Monitor, MonitorType, Origin

OVERLOADS: Final = (  # our policy: of what an EVSE can give, and how bad it is when more is drawn
    (Origin.HARDWIRED, 1.1, 1),
    (Origin.PRECONFIGURED, 1.0, 2),
)


def built_in(hardware: HardwareModel) -> Iterator[Monitor]:
    """What is told without anybody's asking: every piece of hardware's Problem, and more power than an EVSE can give.

    Numbered in the order in which the hardware stands in the device model, so that ids outlive a restart.
    """
    severities: dict[str, int] = {}
    for afflicted in AFFLICTED.values():
        severities[afflicted.component] = min(afflicted.severity, severities.get(afflicted.component, LOWEST_SEVERITY))
    numbers = iter(range(1, 10_000))
    for one in hardware.variables():
        if one.name.variable == "Problem" and one.name.component in severities:
            severity = severities[one.name.component]
            yield Monitor(next(numbers), one.name, MonitorType.DELTA, 1, severity, origin=Origin.NOTIFICATION)
        elif one.name.variable == "Power" and one.maximum is not None:
            for origin, share, severity in OVERLOADS:
                limit_w = round(one.maximum * share)
                yield Monitor(next(numbers), one.name, MonitorType.UPPER, limit_w, severity, origin=origin)


def is_built_in(name: VariableName) -> bool:
    """Whether it is a variable that `built_in` watches: an EVSE's faults and the power that it gives say it all."""
    power = (name.component, name.variable) == ("EVSE", "Power")
    return name.evse is not None and (power or name.variable == "Problem")


class Readings:
    """An EVSE's variables as they are now, made up at most once."""

    def __init__(self, hardware: HardwareModel) -> None:
        self._hardware = hardware
        self._of_evse: dict[int, dict[VariableName, Variable]] = {}

    def variable(self, name: VariableName) -> Variable | None:
        """One of them; None for what belongs to no EVSE."""
        if name.evse is None:
            return None
        if name.component == "EVSE" and name.variable == "Power":
            return self._hardware.power(name.evse)
        if name.evse not in self._of_evse:
            self._of_evse[name.evse] = {one.name: one for one in self._hardware.of_evse(name.evse)}
        return self._of_evse[name.evse].get(name)
