"""What each fault does to a session: ends it, or holds the energy back until it is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from agent.core.values import StopReason
from hal.types import FaultKind

# A fault that stands here ends the transaction with this reason; every other one suspends the energy while it lasts.
ENDS: Final[Mapping[FaultKind, StopReason]] = MappingProxyType(
    {
        FaultKind.CP_DIODE: StopReason.OTHER,
        FaultKind.CP_SHORT: StopReason.OTHER,
        FaultKind.PP_OPEN: StopReason.OTHER,
        FaultKind.PP_SHORT: StopReason.OTHER,
        FaultKind.WELD: StopReason.OTHER,
        FaultKind.NO_CLOSE: StopReason.OTHER,
        FaultKind.RCD_DC: StopReason.GROUND_FAULT,
        FaultKind.RCD_AC: StopReason.GROUND_FAULT,
        FaultKind.PE_LOSS: StopReason.GROUND_FAULT,
        FaultKind.OVER_CURRENT: StopReason.OVERCURRENT_FAULT,
        FaultKind.E_STOP: StopReason.EMERGENCY_STOP,
        FaultKind.INSULATION: StopReason.GROUND_FAULT,
        FaultKind.INSULATION_MONITOR: StopReason.OTHER,
        FaultKind.DC_SUPPLY: StopReason.OTHER,
        FaultKind.DC_OVER_VOLTAGE: StopReason.OTHER,
    }
)

# These let a charge that runs go on: on the last good reading of a silent meter for a while (Rules.meter_grace_s), and
# to its end on a full disk, since all that it relies on is durable. Neither lets one begin.
LETS_FINISH: Final = frozenset({FaultKind.METER, FaultKind.STORAGE})


def end_reason(faults: Collection[FaultKind]) -> StopReason | None:
    """Why a transaction must end, if one of these faults says so."""
    return next((ENDS[one] for one in sorted(faults) if one in ENDS), None) if faults else None


def holds_energy(faults: Iterable[FaultKind]) -> bool:
    """Whether one of these faults forbids energy right now."""
    return any(one not in LETS_FINISH for one in faults)


def out_of_order(faults: Iterable[FaultKind]) -> bool:
    """Whether a connector without a transaction is out of order; a silent meter may be back before anybody comes."""
    return any(one is not FaultKind.METER for one in faults)


def to_report(faults: Iterable[FaultKind]) -> FaultKind | None:
    """The fault that the connector's status names when there are several: one that ends sessions first."""
    return min(faults, key=lambda one: (one not in ENDS, one), default=None)
