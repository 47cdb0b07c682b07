"""The simulator's hands: what a person does on a bench, done to a simulated board's physics."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from hal.conformance import Act
from sim.board import SimBoard
from sim.circuit import CarSide
from sim.signing_meters import SigningMeters
from sim.symptoms import Symptom
from sim.vehicle import Vehicle, VehicleSpec

OVERDRAW_A: Final = 16.0  # a car that ignores the pilot takes this much
CUT_S: Final = 10.0  # that a meter is without its supply
REACTION_S: Final = 0.1  # to another offer, and to voltage
SYMPTOMS: Final = {
    Act.SHORT_DIODE: Symptom.DIODE_SHORT,
    Act.LEAK_DC: Symptom.RESIDUAL_DC,
    Act.LEAK_AC: Symptom.RESIDUAL_AC,
    Act.BLIND_PILOT: Symptom.CP_SILENT,
    Act.OVERDRAW: Symptom.CAR_IGNORES_PILOT,
    Act.WELD: Symptom.WELD,
    Act.SLIP_LOCK: Symptom.LOCK_SLIPS,
    Act.LEAK_POLE: Symptom.INSULATION_LOW,
    Act.BLIND_MONITOR: Symptom.INSULATION_SILENT,
    Act.BLIND_SUPPLY: Symptom.DC_SUPPLY_SILENT,
    Act.FEED_OUTPUT: Symptom.DC_OUTPUT_FED,
}
ENDS: Final = {
    Act.MEND_DIODE: (Symptom.DIODE_SHORT,),
    Act.END_LEAK: (Symptom.RESIDUAL_DC, Symptom.RESIDUAL_AC),
    Act.MEND_PILOT: (Symptom.CP_SILENT,),
    Act.END_OVERDRAW: (Symptom.CAR_IGNORES_PILOT,),
    Act.END_LEAK_POLE: (Symptom.INSULATION_LOW,),
    Act.MEND_MONITOR: (Symptom.INSULATION_SILENT,),
    Act.MEND_SUPPLY: (Symptom.DC_SUPPLY_SILENT,),
    Act.END_FEED: (Symptom.DC_OUTPUT_FED,),
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

    def __init__(self, board: SimBoard, meters: SigningMeters | None = None) -> None:
        self.board = board
        self.acts: Collection[Act] = frozenset(Act) - (set() if meters else {Act.CUT_METER})
        self._meters = meters
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
            case Act.CUT_METER if self._meters is not None:
                await self._meters.cut(CUT_S)
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
