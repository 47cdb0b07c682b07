"""Smart charging of cars that talk ISO 15118 (2.x K15-K17): their needs to the CSMS, its profile to them, their plans.

The car never waits here: `agent.runtime.car_plans` gives up waiting by itself, and what is known then is what it gets.
"""

from __future__ import annotations

import logging

from agent.core.car_plan import CarPlan
from agent.core.outlook import Wanted
from agent.core.schedule import Purpose
from agent.core.session import Needs
from agent.ocpp.asks.charging_needs import NeedsTold, Planning, PlanTold
from agent.ocpp.block import Block, Csms
from agent.ocpp.charger import Charger
from agent.ocpp.dialect import Notice
from agent.ocpp.settings.smart_charging import SMART_CHARGING_ENABLED
from agent.ocpp.variables import Settings
from agent.runtime.tasks import Chores

_log = logging.getLogger(__name__)


class ChargingNeeds(Block):
    """Tells the CSMS, one thing after the other, what cars need and what they mean to draw."""

    def __init__(self, charger: Charger, settings: Settings, csms: Csms, chores: Chores) -> None:
        self._charger = charger
        self._settings = settings
        self._csms = csms
        self._news: dict[tuple[int, type[Notice]], NeedsTold | PlanTold] = {}  # the latest of each, however many come
        self._chores = chores
        charger.plans.on_car(self._needs, self._plan)

    async def _tell(self) -> None:
        """Say what there is to say."""
        while self._news:
            match self._news.pop(next(iter(self._news))):
                case NeedsTold() as told:
                    await self._tell_needs(told)
                case PlanTold() as told:
                    await self._tell_plan(told)

    def _say(self, told: NeedsTold | PlanTold, evse: int) -> None:
        self._news.pop((evse, type(told)), None)
        self._news[evse, type(told)] = told
        self._chores.wake(self._tell)

    def _needs(self, evse: int, needs: Needs) -> None:
        """A car says what it needs (K15.FR.01, K17.FR.01); offline it is offered what is known (K15.FR.15)."""
        if self._may_ask(NeedsTold):
            self._say(NeedsTold(evse, needs), evse)
        else:
            self._charger.plans.settle(evse, needs)

    def _plan(self, plan: CarPlan) -> None:
        """A car has chosen. What it only takes over is worth telling where the CSMS made it (K15.FR.19)."""
        if self._may_ask(PlanTold) and (plan.own or self._planned_by_csms(plan.evse)):
            self._say(PlanTold(plan), plan.evse)

    async def _tell_needs(self, told: NeedsTold) -> None:
        planning = await self._csms.say(told)
        follows = planning is Planning.ACCEPTED and self._charger.session(told.evse).tx is not None
        if not follows:  # K15.FR.04, K15.FR.05; without a transaction there is nothing that a profile could be for
            self._charger.plans.settle(told.evse, told.needs)

    async def _tell_plan(self, told: PlanTold) -> None:
        taken = await self._csms.say(told)
        if taken:
            self._charger.plans.agreed(told.plan)
        elif taken is not None:
            _log.warning("EVSE %d: the CSMS does not take the car's schedule (K15.FR.12)", told.plan.evse)

    def _may_ask(self, notice: type[NeedsTold | PlanTold]) -> bool:
        return self._settings.get(SMART_CHARGING_ENABLED) and self._csms.online and self._csms.speaks(notice)

    def _planned_by_csms(self, evse: int) -> bool:
        return bool(self._charger.profiles.installed(Wanted(evse=evse, purpose=Purpose.TX)))
