"""The fault catalogue: each symptom of `sim/faults.toml`, played on a whole station, and what came of it.

The oracle is the guarded board's event stream, the simulator's physics, and what the CSMS stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from agent.config_text import Document, did_you_mean
from hal.types import (
    ContactorChanged,
    FaultRaised,
    HalEvent,
    LockChanged,
    LockState,
    MeterFailed,
    PermitLost,
    Stamped,
)
from sim.stage.actions import ACTIONS, Action
from sim.stage.observed import is_of, observe, reason_told
from sim.stage.place import Place, PlaceSpec, place
from sim.time import run_virtual
from sim.vehicle import VehicleSpec

CATALOGUE: Final = Path(__file__).parents[1] / "faults.toml"
UNDER_WAY_S: Final = 30.0  # into a charge a symptom appears in mid-charge
DRIVER_S: Final = 2.0  # between plug and tap

Stage = Literal["charging", "before", "plug", "idle"]


class _StepText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    do: str
    after: float = 0.0
    evse: int = 1
    with_: dict[str, Any] = msgspec.field(default_factory=dict, name="with")


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row: what happens, and what must come of it."""

    id: str
    title: str
    steps: tuple[_StepText, ...]
    event: str
    reaction: str
    status_16: str
    error_16: str
    status_201: str
    stage: Stage = "charging"
    place: PlaceSpec = PlaceSpec()
    car: VehicleSpec = VehicleSpec()
    cable_a: float = 32.0
    after: float = 10.0


class _Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fault: tuple[Fault, ...]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a fault in one version of OCPP. `events`: what the guarded board reported from the symptom on."""

    id: str
    version: str
    events: tuple[str, ...]
    reaction: str
    status: str | None
    error: str | None

    def differences(self, fault: Fault) -> list[str]:
        """What is not as the catalogue says."""
        told = {"1.6": fault.status_16}.get(self.version, fault.status_201)
        wrong = []
        if fault.event and fault.event not in self.events:
            wrong.append(f"the board reported {list(self.events)}, expected {fault.event!r} among it")
        if not fault.event and (loud := [event for event in self.events if event.startswith("fault ")]):
            wrong.append(f"the board reported {loud}, expected no fault")
        if not self._reacts_as(fault.reaction):
            wrong.append(f"the session: {self.reaction!r}, expected {fault.reaction!r}")
        if self.status != told:
            wrong.append(f"status is {self.status}, expected {told}")
        if self.version == "1.6" and self.error != fault.error_16:
            wrong.append(f"errorCode is {self.error}, expected {fault.error_16}")
        return wrong

    def _reacts_as(self, expected: str) -> bool:
        how, _, reason = expected.partition(": ")
        mine, _, told = self.reaction.partition(": ")
        return mine == how and (not reason or told in reason_told(reason, self.version))


def catalogue(file: Path = CATALOGUE) -> tuple[Fault, ...]:
    """The rows. Raises `ConfigError` naming file, line and remedy."""
    document = Document({file: file.read_text("utf-8")})
    try:
        rows = msgspec.convert(document.merged, _Catalogue).fault
    except msgspec.ValidationError as error:
        raise document.translate(error, _Catalogue) from error
    for number, row in enumerate(rows):
        for place_of, step in enumerate(row.steps):
            try:
                action_of(step)
            except (KeyError, ValueError) as error:
                raise document.error(("fault", number, "steps", place_of), str(error)) from error
    return rows


def action_of(step: _StepText) -> Action:
    """The action that a step names. Raises ValueError for an unknown one, or one that does not take its `with`."""
    kind = ACTIONS.get(step.do)
    if kind is None:
        raise ValueError(f"nobody can {step.do!r}{did_you_mean(step.do, ACTIONS)}")
    return msgspec.convert(step.with_, kind)


def run(fault: Fault, version: str, directory: Path) -> Found:
    """Let it happen, on a clock of its own; `directory` must be empty."""
    return run_virtual(_happen(fault, version, directory))


async def _happen(fault: Fault, version: str, directory: Path) -> Found:
    async with place(directory, msgspec.structs.replace(fault.place, version=version)) as stage:
        if fault.stage == "charging":
            await _charge(fault, stage)
            await asyncio.sleep(UNDER_WAY_S)
        elif fault.stage == "plug":
            stage.board.plug_in(1, fault.car, cable_a=fault.cable_a)
            await asyncio.sleep(DRIVER_S)
        before_wh, began_s = stage.true_wh(), stage.wall.mono_s
        async with _listening(stage) as events:
            for step in fault.steps:
                await asyncio.sleep(step.after)
                await action_of(step).carry_out(stage, step.evse)
            if fault.stage == "before":
                await asyncio.sleep(DRIVER_S)
                await _charge(fault, stage)
            await asyncio.sleep(fault.after)
        return Found(
            id=fault.id,
            version=version,
            events=tuple(dict.fromkeys(word for stamped in events if (word := _word(stamped, began_s)))),
            reaction=await _reaction(fault, stage, before_wh),
            status=await observe("status", stage, 1),
            error=await observe("error", stage, 1),
        )


async def _charge(fault: Fault, stage: Place) -> None:
    stage.board.plug_in(1, fault.car, cable_a=fault.cable_a)
    await asyncio.sleep(DRIVER_S)
    stage.tap()


@asynccontextmanager
async def _listening(stage: Place) -> AsyncIterator[list[Stamped]]:
    """What the guarded board reports, its present state first."""
    heard: list[Stamped] = []

    async def listen() -> None:
        async for stamped in stage.station.hardware.guarded.evses[1].events():
            heard.append(stamped)  # noqa: PERF401 - readable while it grows

    listening = asyncio.get_running_loop().create_task(listen())
    await asyncio.sleep(0)
    try:
        yield heard
    finally:
        listening.cancel()


def _word(stamped: Stamped, since_s: float) -> str | None:
    """An event as the catalogue writes it; None for readings and everyday movements."""
    event: HalEvent = stamped.event
    match event:
        case FaultRaised(fault):
            return f"fault {fault}"
        case MeterFailed(kind):
            return f"meter {kind}"
        case PermitLost(rule):
            return f"permit {rule}"
        case ContactorChanged(closed=False) if stamped.mono_s > since_s:
            return "contactor open"
        case LockChanged(state) if stamped.mono_s > since_s:
            return f"lock {state}" if state is not LockState.LOCKED else None
        case _:
            return None


async def _reaction(fault: Fault, stage: Place, before_wh: float) -> str:
    """What became of the session, seen from outside."""
    bills = [bill for bill in await stage.bills() if is_of(bill, 1)]
    last = bills[-1] if bills else None
    drawing = any(stage.board.snapshot(1).current_a)
    if last is not None and last.is_open:
        if drawing:
            return "goes on"
        return "held back" if fault.stage == "charging" else "no energy"
    if fault.stage in {"before", "plug"}:
        if drawing or stage.true_wh() > before_wh:
            return f"ends: {last.reason}" if last is not None else "unbilled energy"
        return f"ends: {last.reason}" if last is not None else "no energy"
    return f"ends: {last.reason}" if last is not None else "nothing"
