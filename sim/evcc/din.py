"""A DC car's session in DIN SPEC 70121, from SessionSetup to SessionStop."""

from __future__ import annotations

import asyncio

from agent.iso15118.exi import din as m
from agent.iso15118.secc.values import number, physical
from sim.evcc.dc import DcCar
from sim.evcc.link import Link
from sim.evcc.plan import EVCC_ID, Battery, Plan, RefusedError, Report
from sim.evcc.talk import POLL_S, Talk, limited


class DinSession:
    """One session over an open link whose protocol has been negotiated."""

    def __init__(self, link: Link, plan: Plan, battery: Battery, report: Report) -> None:
        self._plan = plan
        self._battery = battery
        self._report = report
        self._talk = Talk(link, m, bytes(8), report)
        self._dc = DcCar(self._talk, m, battery, report)

    async def run(self) -> None:
        """Charge as planned. Raises `RefusedError`, `ChargerGoneError`, `TimeoutError`."""
        await self._set_up()
        await self._agree()
        await self._dc.check_cable()
        await self._dc.pre_charge()
        await self._deliver(on=True)
        await self._draw()
        await self._deliver(on=False)
        self._dc.stopped()
        await self._dc.welding()
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
                DC_EVStatus=self._dc.status(),
                EVMaximumCurrentLimit=physical(m.PhysicalValueType, battery.max_current_a, "A"),
                EVMaximumVoltageLimit=physical(m.PhysicalValueType, battery.charge_v * 1.1, "V"),
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
        limited(battery, self._report, number(limits.EVSEMaximumCurrentLimit))

    async def _deliver(self, *, on: bool) -> None:
        own = m.DC_EVPowerDeliveryParameter(DC_EVStatus=self._dc.status(), ChargingComplete=not on)
        await self._talk.ask(
            m.PowerDeliveryRes, m.PowerDeliveryReq(ReadyToChargeState=on, EVPowerDeliveryParameter=own)
        )

    async def _draw(self) -> None:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._plan.charge_s
        while loop.time() < until_s and not self._battery.full:
            if await self._dc.demand() == "StopCharging":
                return
            await asyncio.sleep(self._plan.loop_s)
