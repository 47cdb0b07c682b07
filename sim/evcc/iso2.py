"""A car's session in ISO 15118-2, from SessionSetup to SessionStop, paid for by somebody else (EIM) or by contract."""

from __future__ import annotations

import asyncio
import math
from typing import Any, Final

from agent.iso15118.exi import iso2 as m
from agent.iso15118.secc.snapshot import EnergyMode, Payment
from agent.iso15118.secc.values import number, physical
from agent.iso15118.signature import sign
from sim.evcc import provisioning
from sim.evcc.dc import DcCar
from sim.evcc.link import Link
from sim.evcc.plan import EVCC_ID, Battery, Contract, Plan, RefusedError, Report
from sim.evcc.talk import POLL_S, Talk, limited

MIN_CURRENT_A: Final = 6.0
PROFILE_ENTRIES: Final = 24  # ISO 15118-2 ChargingProfileType


class Iso2Session:
    """One session over an open link whose protocol has been negotiated."""

    def __init__(self, link: Link, plan: Plan, battery: Battery, report: Report) -> None:
        self._plan = plan
        self._battery = battery
        self._report = report
        self._talk = Talk(link, m, plan.session_id, report)
        self._dc = DcCar(self._talk, m, battery, report)
        self._schedule = 1
        self._paying: Contract | None = None
        self._renegotiate_s = plan.renegotiate_s

    async def run(self) -> bool:
        """Charge as planned; whether to come back. Raises `RefusedError`, `ChargerGoneError`, `TimeoutError`."""
        await self._set_up()
        if await self._agree():
            await self._start()
            while await self._draw():  # somebody wants to talk about limits again
                await self._deliver("Renegotiate")
                if not await self._agree():
                    break
                await self._start()
            await self._stop()
        pauses = self._plan.pause or self._battery.resting
        how: m.ChargingSessionType = "Pause" if pauses else "Terminate"
        await self._talk.ask(m.SessionStopRes, m.SessionStopReq(ChargingSession=how))
        return pauses

    async def _stop(self) -> None:
        if not self._plan.mode.dc:
            self._battery.ready(False)
        await self._deliver("Stop")
        if self._plan.mode.dc:
            self._dc.stopped()
            await self._dc.welding()

    async def _start(self) -> None:
        if self._plan.mode.dc:
            self._battery.connect(False)
            await self._dc.check_cable()
            await self._dc.pre_charge()
        await self._deliver("Start")

    async def _set_up(self) -> None:
        talk = self._talk
        await talk.ask(m.SessionSetupRes, m.SessionSetupReq(EVCCID=EVCC_ID))
        self._report.session_id = talk.session_id
        offered = await talk.ask(m.ServiceDiscoveryRes, m.ServiceDiscoveryReq())
        payment = self._plan.payment.value
        if payment not in offered.PaymentOptionList.PaymentOption:
            raise RefusedError(f"{payment} is not among {offered.PaymentOptionList.PaymentOption}")
        services = [m.SelectedServiceType(ServiceID=offered.ChargeService.ServiceID)]
        if self._plan.provisioned is not None:
            wanted = provisioning.INSTALL if self._plan.contract is None else provisioning.UPDATE
            await talk.ask(m.ServiceDetailRes, m.ServiceDetailReq(ServiceID=provisioning.SERVICE))
            services.append(m.SelectedServiceType(ServiceID=provisioning.SERVICE, ParameterSetID=wanted))
        await talk.ask(
            m.PaymentServiceSelectionRes,
            m.PaymentServiceSelectionReq(
                SelectedPaymentOption=payment,
                SelectedServiceList=m.SelectedServiceListType(SelectedService=tuple(services)),
            ),
        )
        request, signature = m.AuthorizationReq(), None
        if self._plan.payment is Payment.CONTRACT:
            request, signature = await self._show(await self._contract())
        while (await talk.ask(m.AuthorizationRes, request, signature)).EVSEProcessing != "Finished":
            await asyncio.sleep(POLL_S)

    async def _contract(self) -> Contract:
        """The contract to pay with: the car's own, or the one that it gets now. Raises `RefusedError`."""
        if self._plan.provisioned is not None:
            made = await provisioning.contract(self._talk, self._plan.provisioned, self._plan.contract)
            self._report.contract = made
            return made
        if self._plan.contract is None:
            raise RefusedError("the car has no contract")
        return self._plan.contract

    async def _show(self, contract: Contract) -> tuple[m.AuthorizationReq, Any]:
        """Present the contract; the request that proves it, and its signature."""
        self._paying = contract
        details = m.PaymentDetailsReq(eMAID=contract.emaid, ContractSignatureCertChain=provisioning.shown(contract))
        answer = await self._talk.ask(m.PaymentDetailsRes, details)
        request = m.AuthorizationReq(Id="ID1", GenChallenge=answer.GenChallenge)
        return request, sign(m, [("AuthorizationReq", request)], contract.key)

    async def _agree(self) -> bool:
        """Hear what may be drawn; False: nothing now, the charger wants the car to stop."""
        request = m.ChargeParameterDiscoveryReq(
            MaxEntriesSAScheduleTuple=self._plan.entries,
            RequestedEnergyTransferMode=self._plan.mode.value,
            EVChargeParameter=self._wishes(),
        )
        while True:
            answer = await self._talk.ask(m.ChargeParameterDiscoveryRes, request)
            if answer.EVSEProcessing == "Finished" and answer.SASchedules is not None:
                break
            await asyncio.sleep(POLL_S)
        tuples = answer.SASchedules.SAScheduleTuple
        offered = tuples[min(self._plan.choice, len(tuples) - 1)]
        self._schedule = offered.SAScheduleTupleID
        entries = offered.PMaxSchedule.PMaxScheduleEntry
        self._report.schedules.append(tuple((one.TimeInterval.start, number(one.PMax)) for one in entries))
        limits = answer.EVSEChargeParameter
        if isinstance(limits, m.AC_EVSEChargeParameter):
            limited(self._battery, self._report, number(limits.EVSEMaxCurrent))
            return limits.AC_EVSEStatus.EVSENotification != "StopCharging"
        limited(self._battery, self._report, number(limits.EVSEMaximumCurrentLimit))
        return limits.DC_EVSEStatus.EVSENotification != "StopCharging"

    @property
    def _wanted_wh(self) -> float:
        return self._battery.lacks_wh if self._plan.energy_wh is None else self._plan.energy_wh

    def _wishes(self) -> Any:
        battery, plan = self._battery, self._plan
        if not plan.mode.dc:
            return m.AC_EVChargeParameter(
                DepartureTime=plan.departure_s,
                EAmount=physical(m.PhysicalValueType, self._wanted_wh, "Wh"),
                EVMaxVoltage=physical(m.PhysicalValueType, battery.voltage_v, "V"),
                EVMaxCurrent=physical(m.PhysicalValueType, battery.max_current_a, "A"),
                EVMinCurrent=physical(m.PhysicalValueType, MIN_CURRENT_A, "A"),
            )
        return m.DC_EVChargeParameter(
            DepartureTime=plan.departure_s,
            DC_EVStatus=self._dc.status(),
            EVMaximumCurrentLimit=physical(m.PhysicalValueType, battery.max_current_a, "A"),
            EVMaximumVoltageLimit=physical(m.PhysicalValueType, battery.charge_v * 1.1, "V"),
            EVEnergyRequest=physical(m.PhysicalValueType, self._wanted_wh, "Wh"),
        )

    async def _deliver(self, progress: Any) -> None:
        if progress == "Start":
            self._battery.ready(True)
        own = None
        if self._plan.mode.dc:
            own = m.DC_EVPowerDeliveryParameter(DC_EVStatus=self._dc.status(), ChargingComplete=progress == "Stop")
        request = m.PowerDeliveryReq(
            ChargeProgress=progress,
            SAScheduleTupleID=self._schedule,
            ChargingProfile=self._profile() if progress == "Start" and self._plan.tells else None,
            EVPowerDeliveryParameter=own,
        )
        await self._talk.ask(m.PowerDeliveryRes, request)

    def _profile(self) -> m.ChargingProfileType:
        """As much as the schedule allows and the car takes, in each of its periods."""
        most_w = self._battery.max_current_a * self._battery.voltage_v * (1 if self._plan.mode.dc else self._phases)
        entries = tuple(
            m.ProfileEntryType(
                ChargingProfileEntryStart=start_s,
                ChargingProfileEntryMaxPower=physical(m.PhysicalValueType, min(power_w, most_w), "W"),
            )
            for start_s, power_w in self._report.schedules[-1][:PROFILE_ENTRIES]
        )
        return m.ChargingProfileType(ProfileEntry=entries)

    @property
    def _phases(self) -> int:
        return 1 if self._plan.mode is EnergyMode.AC_1P else 3

    async def _draw(self) -> bool:
        """Charge until the plan, the battery or the charger ends it; whether to renegotiate, as either side wants."""
        loop = asyncio.get_running_loop()
        own_s, self._renegotiate_s = self._renegotiate_s, None
        again_s = math.inf if own_s is None else loop.time() + own_s
        until_s = loop.time() + self._plan.charge_s
        while loop.time() < until_s and not self._battery.full:
            notice = await (self._demanded() if self._plan.mode.dc else self._status_asked())
            if notice == "StopCharging":
                return False
            if notice == "ReNegotiation" or loop.time() >= again_s:
                return True
            await asyncio.sleep(self._plan.loop_s)
        return False

    async def _status_asked(self) -> str:
        answer = await self._talk.ask(m.ChargingStatusRes, m.ChargingStatusReq())
        if answer.EVSEMaxCurrent is not None:
            limited(self._battery, self._report, number(answer.EVSEMaxCurrent))
        await self._confirm(answer)
        return answer.AC_EVSEStatus.EVSENotification

    async def _demanded(self) -> str:
        answer = await self._dc.demanded()
        await self._confirm(answer)
        return self._dc.notice(answer)

    async def _confirm(self, answer: Any) -> None:
        """Sign the meter's reading, where that is wanted, with the contract that pays for it. Raises `RefusedError`."""
        if not answer.ReceiptRequired or answer.MeterInfo is None:
            return
        if self._paying is None:
            raise RefusedError("a receipt is wanted of a car that pays with no contract")
        receipt = m.MeteringReceiptReq(
            Id="id1", SessionID=self._talk.session_id, SAScheduleTupleID=self._schedule, MeterInfo=answer.MeterInfo
        )
        signature = sign(m, [("MeteringReceiptReq", receipt)], self._paying.key)
        await self._talk.ask(m.MeteringReceiptRes, receipt, signature)
