"""A DC car's half of what DIN SPEC 70121 and ISO 15118-2 have in common; `schema` is the module with the messages."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any, Final

from agent.iso15118.secc.values import number, physical
from sim.evcc.plan import Battery, RefusedError, Report
from sim.evcc.talk import POLL_S, Talk, limited

PRE_CHARGE_V: Final = 20.0  # DIN SPEC 70121 9.6.3, ISO 15118-2 8.8.3: how near the voltages must be
PRE_CHARGE_A: Final = 1.0
PRE_CHARGE_TRIES: Final = 35  # 7 s at the pace of POLL_S


class DcCar:
    """Cable check, precharge, demand and welding detection of one session."""

    def __init__(self, talk: Talk, schema: ModuleType, battery: Battery, report: Report) -> None:
        self._talk = talk
        self._schema: Any = schema
        self._battery = battery
        self._report = report

    def status(self) -> Any:
        """DC_EVStatus: ready, without an error."""
        return self._schema.DC_EVStatusType(EVReady=True, EVErrorCode="NO_ERROR", EVRESSSOC=int(self._battery.soc_pct))

    async def check_cable(self) -> None:
        """Wait until the charger has measured the insulation."""
        m = self._schema
        self._battery.ready(True)
        request = m.CableCheckReq(DC_EVStatus=self.status())
        while (await self._talk.ask(m.CableCheckRes, request)).EVSEProcessing != "Finished":
            await asyncio.sleep(POLL_S)

    async def pre_charge(self) -> None:
        """Wait until the charger's voltage is near the battery's. Raises `RefusedError` when that takes too long."""
        m, wanted_v = self._schema, self._battery.voltage_v
        request = m.PreChargeReq(
            DC_EVStatus=self.status(),
            EVTargetVoltage=physical(m.PhysicalValueType, wanted_v, "V"),
            EVTargetCurrent=physical(m.PhysicalValueType, PRE_CHARGE_A, "A"),
        )
        for _ in range(PRE_CHARGE_TRIES):
            answer = await self._talk.ask(m.PreChargeRes, request)
            if abs(number(answer.EVSEPresentVoltage) - wanted_v) <= PRE_CHARGE_V:
                self._battery.connect(True)
                return
            await asyncio.sleep(POLL_S)
        raise RefusedError("the charger did not reach the battery's voltage")

    async def demand(self) -> str:
        """Ask for as much as battery and charger bear; the charger's notice, "StopCharging" where it is not ready."""
        return self.notice(await self.demanded())

    def notice(self, answer: Any) -> str:
        """What an answer to a demand wants of the car."""
        status = answer.DC_EVSEStatus
        return "StopCharging" if status.EVSEStatusCode != "EVSE_Ready" else str(status.EVSENotification)

    async def demanded(self) -> Any:
        """Ask for as much as battery and charger bear; the answer, whose limit is obeyed."""
        m = self._schema
        limits_a = () if self._battery.greedy else self._report.limits_a[-1:]
        wanted_a = min([self._battery.max_current_a, *limits_a])
        answer = await self._talk.ask(
            m.CurrentDemandRes,
            m.CurrentDemandReq(
                DC_EVStatus=self.status(),
                EVTargetCurrent=physical(m.PhysicalValueType, wanted_a, "A"),
                EVTargetVoltage=physical(m.PhysicalValueType, self._battery.charge_v, "V"),
                ChargingComplete=False,
            ),
        )
        if answer.EVSEMaximumCurrentLimit is not None:
            limited(self._battery, self._report, number(answer.EVSEMaximumCurrentLimit))
        return answer

    def stopped(self) -> None:
        """The charger's supply is off: the car's contactor opens without load, then S2."""
        self._battery.connect(False)
        self._battery.ready(False)

    async def welding(self) -> None:
        """Let the charger look whether its contactors have opened."""
        m = self._schema
        await self._talk.ask(m.WeldingDetectionRes, m.WeldingDetectionReq(DC_EVStatus=self.status()))
