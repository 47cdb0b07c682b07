"""The mains behind the EVSE: phase voltages that sag with load, imbalance, lost and swapped phases. Pure."""

from __future__ import annotations

import msgspec

Phases = tuple[float, float, float]  # one value per terminal L1, L2, L3

DEAD: Phases = (0.0, 0.0, 0.0)


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A three-phase supply (line to neutral). `order[i]` is the conductor that feeds terminal i."""

    nominal_v: float = 230.0
    imbalance_v: Phases = (0.0, 0.0, 0.0)  # added to nominal, per conductor
    frequency_hz: float = 50.0
    source_impedance_ohm: float = 0.1  # per phase, resistive: 32 A sag 3.2 V
    order: tuple[int, int, int] = (0, 1, 2)
    lost: frozenset[int] = frozenset()  # conductors without voltage

    def __post_init__(self) -> None:
        if sorted(self.order) != [0, 1, 2]:
            raise ValueError(f"grid order {self.order} must name each of the conductors 0, 1 and 2 once")

    @property
    def clockwise(self) -> bool:
        """Whether the terminals see the rotating field L1-L2-L3."""
        return self.order in {(0, 1, 2), (1, 2, 0), (2, 0, 1)}

    def live(self, terminal: int) -> bool:
        """Whether this terminal (0, 1, 2) has voltage."""
        return self.order[terminal] not in self.lost

    def voltages_v(self, load_a: Phases) -> Phases:
        """Voltages at the terminals while they carry `load_a` together."""
        one, two, three = (self._terminal_v(terminal, load_a[terminal]) for terminal in range(3))
        return one, two, three

    def _terminal_v(self, terminal: int, load_a: float) -> float:
        conductor = self.order[terminal]
        if conductor in self.lost:
            return 0.0
        return max(0.0, self.nominal_v + self.imbalance_v[conductor] - self.source_impedance_ohm * load_a)


class Supply:
    """What a grid leaves of its voltage to all who hang on it; worked out anew when a load, or the grid, is another."""

    def __init__(self) -> None:
        self._of: tuple[Grid, list[Phases]] | None = None
        self._voltages_v = DEAD

    def voltages_v(self, grid: Grid, loads_a: list[Phases]) -> Phases:
        """Voltages at everybody's terminals."""
        if self._of is None or self._of[0] is not grid or self._of[1] != loads_a:
            one, two, three = (sum(load) for load in zip(*loads_a, strict=True))
            self._of, self._voltages_v = (grid, loads_a), grid.voltages_v((one, two, three))
        return self._voltages_v
