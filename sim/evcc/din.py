"""A DC car's session in DIN SPEC 70121, from SessionSetup to SessionStop."""

from __future__ import annotations

import asyncio
from typing import Final

from agent.iso15118.exi import din as m
from agent.iso15118.secc.values import number, physical
from sim.evcc.link import Link
from sim.evcc.plan import EVCC_ID, Battery, Plan, RefusedError, Report
from sim.evcc.talk import Talk

POLL_S: Final = 0.2
PRE_CHARGE_V: Final = 20.0  # DIN SPEC 70121 9.6.3
PRE_CHARGE_A: Final = 1.0
PRE_CHARGE_TRIES: Final = 35


class DinSession:
    """One session over an open link whose protocol has been negotiated."""

    def __init__(self, link: Link, plan: Plan, battery: Battery, report: Report) -> None:
        self._plan = plan
        self._battery = battery
        self._report = report
        self._talk = Talk(link, m, bytes(8), report)

    async def run(self) -> None:
        """Charge as planned. Raises `RefusedError`, `ChargerGoneError`, `TimeoutError`."""
        await self._set_up()
        await self._agree()
        self._battery.ready(True)
        check = m.CableCheckReq(DC_EVStatus=self._status())
        while (await self._talk.ask(m.CableCheckRes, check)).EVSEProcessing != "Finished":
            await asyncio.sleep(POLL_S)
        await self._pre_charge()
        await self._deliver(on=True)
        await self._draw()
        await self._deliver(on=False)
        self._battery.ready(False)
        await self._talk.ask(m.WeldingDetectionRes, m.WeldingDetectionReq(DC_EVStatus=self._status()))
        await self._talk.ask(m.SessionStopRes, m.SessionStopReq())

    async def _set_up(self) -> None:
        talk = self._talk
        await talk.ask(m.SessionSetupRes, m.SessionSetupReq(EVCCID=EVCC_ID))
        self._report.session_id = talk.session_id
        offered = await talk.ask(m.ServiceDiscoveryRes, m.ServiceDiscoveryReq())
        service = m.SelectedServiceType(ServiceID=offered.ChargeService.ServiceTag.ServiceID)
        await talk.ask(
            m.ServicePaymentSelectionRes,
            m.ServicePaymentSelectionReq(
                SelectedPaymentOption="ExternalPayment",
                SelectedServiceList=m.SelectedServiceListType(SelectedService=(service,)),
            ),
        )
        wanted = m.ContractAuthenticationReq()
        while (await talk.ask(m.ContractAuthenticationRes, wanted)).EVSEProcessing != "Finished":
            await asyncio.sleep(POLL_S)

    async def _agree(self) -> None:
        battery = self._battery
        request = m.ChargeParameterDiscoveryReq(
            EVRequestedEnergyTransferType=self._plan.mode.value,
            EVChargeParameter=m.DC_EVChargeParameter(
                DC_EVStatus=self._status(),
                EVMaximumCurrentLimit=physical(m.PhysicalValueType, battery.max_current_a, "A"),
                EVMaximumVoltageLimit=physical(m.PhysicalValueType, battery.voltage_v * 1.1, "V"),
            ),
        )
        while True:
            answer = await self._talk.ask(m.ChargeParameterDiscoveryRes, request)
            if answer.EVSEProcessing == "Finished":
                break
            await asyncio.sleep(POLL_S)
        limits = answer.EVSEChargeParameter
        if not isinstance(limits, m.DC_EVSEChargeParameter):
            raise RefusedError("the charger has AC for a DC car")
        self._limited(number(limits.EVSEMaximumCurrentLimit))

    async def _pre_charge(self) -> None:
        wanted_v = self._battery.voltage_v
        request = m.PreChargeReq(
            DC_EVStatus=self._status(),
            EVTargetVoltage=physical(m.PhysicalValueType, wanted_v, "V"),
            EVTargetCurrent=physical(m.PhysicalValueType, PRE_CHARGE_A, "A"),
        )
        for _ in range(PRE_CHARGE_TRIES):
            answer = await self._talk.ask(m.PreChargeRes, request)
            if abs(number(answer.EVSEPresentVoltage) - wanted_v) <= PRE_CHARGE_V:
                return
            await asyncio.sleep(POLL_S)
        raise RefusedError("the charger did not reach the battery's voltage")

    async def _deliver(self, *, on: bool) -> None:
        own = m.DC_EVPowerDeliveryParameter(DC_EVStatus=self._status(), ChargingComplete=not on)
        await self._talk.ask(
            m.PowerDeliveryRes, m.PowerDeliveryReq(ReadyToChargeState=on, EVPowerDeliveryParameter=own)
        )

    async def _draw(self) -> None:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._plan.charge_s
        while loop.time() < until_s and not self._battery.full:
            wanted_a = min([self._battery.max_current_a, *self._report.limits_a[-1:]])
            answer = await self._talk.ask(
                m.CurrentDemandRes,
                m.CurrentDemandReq(
                    DC_EVStatus=self._status(),
                    EVTargetCurrent=physical(m.PhysicalValueType, wanted_a, "A"),
                    EVTargetVoltage=physical(m.PhysicalValueType, self._battery.voltage_v, "V"),
                    ChargingComplete=False,
                ),
            )
            if answer.EVSEMaximumCurrentLimit is not None:
                self._limited(number(answer.EVSEMaximumCurrentLimit))
            status = answer.DC_EVSEStatus
            if status.EVSENotification == "StopCharging" or status.EVSEStatusCode != "EVSE_Ready":
                return
            await asyncio.sleep(self._plan.loop_s)

    def _status(self) -> m.DC_EVStatusType:
        return m.DC_EVStatusType(EVReady=True, EVErrorCode="NO_ERROR", EVRESSSOC=int(self._battery.soc_pct))

    def _limited(self, current_a: float) -> None:
        self._battery.limited_to(current_a)
        if self._report.limits_a[-1:] != [current_a]:
            self._report.limits_a.append(current_a)
