"""What a back office wants to know of a charger, asked of a whole one: production agent, real OCPP, real Modbus."""

import pytest


async def test_a_driver_with_a_known_token_gets_energy(station, car, clock):
    car.plug_in()
    station.tap()
    await clock.until(lambda: car.current_a > 15)
    assert station.closed()


@pytest.mark.station(version="1.6")
async def test_an_hour_of_charging_is_billed_as_it_flowed(station, car, csms, clock):
    car.plug_in(soc_pct=20)
    station.tap()
    await clock.sleep(3600)
    station.tap()
    await clock.sleep(15)
    (bill,) = await csms.bills()
    assert bill.energy_wh == pytest.approx(station.true_wh(), abs=1)


async def test_a_welded_contactor_takes_the_charger_out_of_service(station, car, csms, clock):
    car.plug_in()
    station.tap()
    await clock.until(station.closed)
    station.inject("contactor-weld")
    station.tap()
    await clock.sleep(15)
    (connector,) = [status for status in await csms.statuses() if status.connector == 1]
    assert connector.status == "Faulted"


async def test_a_power_cut_in_mid_charge_costs_nobody_a_bill(station, car, csms, clock):
    car.plug_in()
    station.tap()
    await clock.sleep(600)
    await station.kill()
    await clock.sleep(30)
    assert not station.closed()  # nobody renewed the permission
    station.boot()
    await clock.sleep(120)
    (bill,) = await csms.bills()
    assert bill.reason == "PowerLoss"
    assert bill.energy_wh == pytest.approx(station.true_wh(), abs=1)


async def test_a_meter_that_falls_silent_holds_the_energy_back(station, car, bus, clock):
    car.plug_in()
    station.tap()
    await clock.sleep(60)
    bus.slave().silent = True
    await clock.until(lambda: not station.closed(), within_s=120)
