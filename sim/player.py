"""Driver, car and bad luck: carries commands out on a simulated board, some of them later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import UNSET
from msgspec.structs import asdict

from hal.board import STATION
from hal.errors import HalError
from sim.board import SimBoard
from sim.commands import (
    Command,
    CommandError,
    Ev,
    EvPause,
    EvResume,
    Fault,
    Later,
    PlugIn,
    PlugOut,
    Swipe,
    symptom_meant,
)
from sim.symptoms import GRID_SYMPTOMS
from sim.vehicle import Talk, VehicleSpec

CABLE_A: Final = 32.0  # what the driver brings, unless the car draws more
STRONG_CABLE_A: Final = 63.0
# Arguments of `Ev` and `PlugIn` that are called otherwise in `VehicleSpec`.
NAMES: Final = {
    "soc": "soc_pct",
    "target_soc": "target_soc_pct",
    "current_a": "max_current_a",
    "draw_delay_s": "s2_delay_s",
}
NO_CAR: Final = frozenset(
    {
        "evse",
        "protocol",
        "energy",
        "payment",
        "contract",
        "departure_s",
        "misbehaves",
        "plug_delay_s",
        "auto_unplug_s",
        "then",
    }
)

Readers = tuple[tuple[int, ...], ...]


class Player:
    """Plays on the board that `board` gives at that moment: a charger may lose its electronics meanwhile.

    `readers`: the EVSEs that each reader serves; none: any reader that a command names. `refused` hears of what was
    to happen later and could not.
    """

    def __init__(
        self, board: Callable[[], SimBoard], evses: int, readers: Readers, refused: Callable[[str, str], None]
    ) -> None:
        self._board = board
        self._evses = evses
        self._readers = readers
        self._refused = refused
        self._cars: dict[int, VehicleSpec] = {}
        self._scripts: dict[int, list[asyncio.TimerHandle]] = {}

    def play(self, command: Command) -> None:
        """Carry a command out. Raises `CommandError` for what means nothing here, `HalError` for what cannot be now."""
        self._check_evses(command)
        board = self._board()
        match command:
            case PlugIn():
                self._plug_in(command)
            case PlugOut(evse, graceful):
                self._end_script(evse)
                board.plug_out(evse, graceful=graceful)
            case Swipe(token, kind, evses):
                self._swipe(token, kind, evses)
            case Fault():
                self._fault(command.evse, command)
            case EvPause(evse):
                board.ev_pause(evse)
            case EvResume(evse):
                board.ev_resume(evse)
            case Ev(evse):
                self._change_car(command)
            case _:
                raise CommandError(None, f"{type(command).__name__} is nothing that driver or car can do")

    def close(self) -> None:
        """Forget what was to happen later."""
        for evse in list(self._scripts):
            self._end_script(evse)

    def _check_evses(self, command: Command) -> None:
        for argument in ("evse", "evses"):
            named = getattr(command, argument, ())
            for evse in (named,) if isinstance(named, int) else named:
                if evse > self._evses:
                    raise CommandError(argument, f"there is no EVSE {evse}; there are 1 to {self._evses}")

    def _plug_in(self, command: PlugIn) -> None:
        evse = command.evse
        self._end_script(evse)
        if command.plug_delay_s:
            self._later(evse, command.plug_delay_s, "plug_in", partial(self._plugged, command))
        else:
            self._plugged(command)

    def _plugged(self, command: PlugIn) -> None:
        evse, car = command.evse, self._car(command.evse, command)
        strong = car.max_current_a > CABLE_A
        self._board().plug_in(evse, car, cable_a=STRONG_CABLE_A if strong else CABLE_A)
        for one in command.then:
            self._later(evse, one.after_s, "fault", partial(self._fault, evse, one))
        if command.auto_unplug_s is not None:
            self._later(evse, command.auto_unplug_s, "plug_out", partial(self._unplugged, evse))

    def _unplugged(self, evse: int) -> None:
        self._end_script(evse)
        self._board().plug_out(evse)

    def _swipe(self, token: str, kind: str, evses: tuple[int, ...]) -> None:
        if self._readers and not evses:
            evses = self._readers[0]
        elif self._readers and set(evses) not in map(set, self._readers):
            known = " and ".join(str(list(one)) for one in self._readers)
            raise CommandError("evses", f"no reader serves {list(evses)}; readers serve {known}")
        if len(evses) == 1:
            self._board().present_token(token, kind, evses[0])
        else:
            self._board().present_token(token, kind, STATION, evses)

    def _fault(self, evse: int, asked: Fault | Later) -> None:
        symptom, usual = symptom_meant(asked.symptom)
        where = STATION if symptom in GRID_SYMPTOMS else evse
        if asked.active:
            self._board().inject(where, symptom, usual if asked.value is None else asked.value)
        else:
            self._board().clear(where, symptom)

    def _change_car(self, command: Ev) -> None:
        """The car on the cable changes at once; the next one to come is of that kind in any case."""
        evse = command.evse
        self._cars[evse] = car = self._car(evse, command)
        if self._board().snapshot(evse).soc_pct is not None:
            self._board().change_car(evse, **_changes(command) | {"min_current_a": car.min_current_a})

    def _car(self, evse: int, command: Ev | PlugIn) -> VehicleSpec:
        """A car of the kind that comes to this EVSE, as the command wants it."""
        usual, changes = self._cars.get(evse, VehicleSpec()), _changes(command)
        most_a = changes.get("max_current_a", usual.max_current_a)
        changes.setdefault("min_current_a", min(usual.min_current_a, most_a))
        if isinstance(command, PlugIn) and command.protocol == "iso15118":
            changes["talk"] = Talk(
                command.energy,
                payment=command.payment,
                contract=command.contract,
                departure_s=command.departure_s,
                misbehaves=command.misbehaves,
            )
        return msgspec.structs.replace(usual, **changes)

    def _later(self, evse: int, delay_s: float, what: str, action: Callable[[], None]) -> None:
        def due() -> None:
            try:
                action()
            except (HalError, CommandError) as error:
                self._refused(what, str(error))

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        self._scripts.setdefault(evse, []).append(timer)

    def _end_script(self, evse: int) -> None:
        for timer in self._scripts.pop(evse, ()):
            timer.cancel()


def _changes(command: Ev | PlugIn) -> dict[str, Any]:
    """What a command says about the car, in fields of `VehicleSpec`."""
    given: Iterable[tuple[str, Any]] = asdict(command).items()
    return {NAMES.get(name, name): value for name, value in given if name not in NO_CAR and value is not UNSET}
