"""What a scenario's step can expect: the physics and the CSMS's store; the agent's own opinion only as `phase`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.stamps import to_wire
from csms.records import SessionRow
from sim.stage.place import IDENTITY, Place
from sim.vehicle import offered_a

OCCUPIED: Final = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})
WIRE_16: Final = "1.6"
IN_BOTH: Final = frozenset(  # stop reasons that 1.6 knows by the name of 2.0.1; every other is told as Other
    {"DeAuthorized", "EmergencyStop", "EVDisconnected", "Local", "Other", "PowerLoss", "Reboot", "Remote"}
)
RESETS_16: Final = frozenset({"HardReset", "SoftReset"})

Observation = Callable[[Place, int], Any]


def reason_told(reason: str, version: str) -> frozenset[str]:
    """How an end reason of 2.0.1 may appear on a bill of this version."""
    if version != WIRE_16 or reason in IN_BOTH:
        return frozenset({reason})
    return RESETS_16 if reason == "ImmediateReset" else frozenset({"Other"})


def status_told(status: str, version: str) -> str:
    """How a connector status of 1.6 appears in this version."""
    return "Occupied" if version != WIRE_16 and status in OCCUPIED else status


def is_of(bill: SessionRow, evse: int) -> bool:
    """Whether a bill is this EVSE's; 1.6 knows connectors only."""
    return evse in {bill.evse, bill.connector if bill.evse in {None, 0} else bill.evse}


async def _bills(place: Place, evse: int) -> list[SessionRow]:
    return [bill for bill in await place.bills() if is_of(bill, evse)]


async def _last(place: Place, evse: int) -> SessionRow | None:
    return next(reversed(await _bills(place, evse)), None)


async def _status(place: Place, evse: int) -> str | None:
    return next((one.status for one in await place.statuses() if (one.evse or one.connector) == evse), None)


async def _error(place: Place, evse: int) -> str | None:
    return next((one.error or "NoError" for one in await place.statuses() if one.connector == evse), None)


def _offered_a(place: Place, evse: int) -> float:
    duty_pct = place.board.snapshot(evse).duty_pct
    return (offered_a(duty_pct) or 0.0) if duty_pct is not None else 0.0


def _power_w(place: Place, evse: int) -> float:
    now = place.board.snapshot(evse)
    return sum(volts * amps for volts, amps in zip(now.voltage_v, now.current_a, strict=True))


async def _billed_wh(place: Place, evse: int) -> float | None:
    last = await _last(place, evse)
    return last.energy_wh if last is not None else None


async def _reason(place: Place, evse: int) -> str | None:
    last = await _last(place, evse)
    return last.reason if last is not None else None


async def _count(place: Place, evse: int, *, open_only: bool) -> int:
    return sum(1 for bill in await _bills(place, evse) if bill.is_open or not open_only)


OBSERVED: Final[Mapping[str, Observation]] = MappingProxyType(
    {
        # physics
        "contactor": lambda p, evse: "closed" if any(p.board.snapshot(evse).poles) else "open",
        "cp": lambda p, evse: str(p.board.snapshot(evse).cp.state),
        "current_a": lambda p, evse: p.board.snapshot(evse).current_a[0],
        "phases": lambda p, evse: sum(1 for amps in p.board.snapshot(evse).current_a if amps > 0),
        "offered_a": _offered_a,
        "power_w": _power_w,
        "energy_wh": lambda p, evse: p.true_wh(evse),
        "lock": lambda p, evse: str(p.board.snapshot(evse).lock),
        "soc_pct": lambda p, evse: p.board.snapshot(evse).soc_pct,
        "total_a": lambda p, _: max(
            sum(phase) for phase in zip(*(p.board.snapshot(one).current_a for one in p.board.evses), strict=True)
        ),
        # the CSMS
        "status": _status,
        "error": _error,
        "online": lambda p, _: IDENTITY in p.csms.online,
        "bills": lambda p, evse: _count(p, evse, open_only=False),
        "open_bills": lambda p, evse: _count(p, evse, open_only=True),
        "billed_wh": _billed_wh,
        "reason": _reason,
        # the agent
        "alive": lambda p, _: p.station.alive,
        "phase": lambda p, evse: str(p.session(evse).phase) if p.station.agent is not None else "dead",
        "queued": lambda p, _: len(p.station.agent.station.queued()) if p.station.agent is not None else 0,
        "station_clock": lambda p, _: to_wire(p.wall()),
    }
)


async def observe(name: str, place: Place, evse: int) -> Any:
    """What is to be seen now."""
    seen = OBSERVED[name](place, evse)
    return await seen if isinstance(seen, Awaitable) else seen


def in_words_of(name: str, expected: Any, version: str) -> Any:
    """An expectation as it is told in this version; None for what this version does not tell."""
    if isinstance(expected, list):
        return [one for part in expected for one in _listed(in_words_of(name, part, version))]
    match name:
        case "status":
            return status_told(expected, version)
        case "reason":
            return sorted(reason_told(expected, version))
        case "error" if version != WIRE_16:
            return None
        case _:
            return expected


def _listed(told: Any) -> list[Any]:
    return told if isinstance(told, list) else [told]
