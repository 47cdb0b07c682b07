"""The simulator's hands: what a person does on a bench, done to a simulated board's physics."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from hal.conformance import Act
from sim.board import SimBoard
from sim.circuit import CarSide
from sim.symptoms import Symptom
from sim.vehicle import Vehicle, VehicleSpec

OVERDRAW_A: Final = 16.0  # a car that ignores the pilot takes this much
REACTION_S: Final = 0.1  # to another offer, and to voltage
SYMPTOMS: Final = {
    Act.SHORT_DIODE: Symptom.DIODE_SHORT,
    Act.LEAK_DC: Symptom.RESIDUAL_DC,
    Act.LEAK_AC: Symptom.RESIDUAL_AC,
    Act.BLIND_PILOT: Symptom.CP_SILENT,
    Act.OVERDRAW: Symptom.CAR_IGNORES_PILOT,
    Act.WELD: Symptom.WELD,
}
ENDS: Final = {
    Act.MEND_DIODE: (Symptom.DIODE_SHORT,),
    Act.END_LEAK: (Symptom.RESIDUAL_DC, Symptom.RESIDUAL_AC),
    Act.MEND_PILOT: (Symptom.CP_SILENT,),
    Act.END_OVERDRAW: (Symptom.CAR_IGNORES_PILOT,),
}


class CarSimulator(Vehicle):
    """A box with switches in the place of a car: S2 is where the hand put it, whatever the pilot says."""

    def __init__(self) -> None:
        super().__init__(VehicleSpec(max_current_a=OVERDRAW_A, reaction_s=REACTION_S))
        self.ventilation = False

    @property
    def side(self) -> CarSide:
        """Its side of the pilot's circuit."""
        return CarSide(self.s2_closed, self.ventilation)

    def pause(self) -> None:
        """Open S2."""
        self.s2_closed = False

    def resume(self, now_s: float) -> None:  # noqa: ARG002 - a car takes its time, a switch does not
        """Close S2."""
        self.s2_closed = True
        self._obeyed_a = self._offer_a or 0.0

    def _ask(self, now_s: float) -> None:
        pass

    def _release(self) -> None:
        pass


class SimBench:
    """Satisfies `hal.conformance.Bench` for a simulated board, or for a device whose physics one is."""

    acts: Collection[Act] = frozenset(Act)

    def __init__(self, board: SimBoard) -> None:
        self.board = board
        self._cars: dict[int, CarSimulator] = {}

    def forget_cars(self) -> None:
        """Another board stands on the bench, with no car on its cable."""
        self._cars.clear()

    async def do(self, evse: int, act: Act) -> float:
        """Do it now."""
        match act:
            case Act.UNPLUG:
                if self._cars.pop(evse, None) is not None:
                    self.board.plug_out(evse, graceful=False)
            case Act.PLUG:
                self._car(evse)
                self.board.ev_pause(evse)
            case Act.ASK | Act.ASK_VENTILATED:
                self._car(evse).ventilation = act is Act.ASK_VENTILATED
                self.board.ev_resume(evse)
            case Act.RESET_RCD:
                await self.board.evses[evse].rcd.reset()
            case _ if act in SYMPTOMS:
                self.board.inject(evse, SYMPTOMS[act])
            case _:
                for symptom in ENDS[act]:
                    self.board.clear(evse, symptom)
        return asyncio.get_running_loop().time()

    def closed(self, evse: int) -> bool:
        """Whether the poles conduct."""
        return any(self.board.snapshot(evse).poles)

    def _car(self, evse: int) -> CarSimulator:
        """The box on the cable."""
        if evse not in self._cars:
            self._cars[evse] = CarSimulator()
            self.board.plug_in(evse, self._cars[evse])
        return self._cars[evse]
