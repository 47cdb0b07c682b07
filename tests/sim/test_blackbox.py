"""The charger as a black box, on the virtual clock: what its commands do to physics and agent, and what outlives it."""

from __future__ import annotations

import asyncio

import pytest

from csms.commands import ResetKind
from csms.server import Csms
from hal.errors import HalError
from sim.blackbox import Ending, Told
from sim.commands import ERROR_CODES, CommandError
from sim.persistence import FILE_NAME
from tests.sim.blackboxes import CAR, TAG, physics, running, view

FREE = {"FreeVend": True}


async def test_a_car_is_in_state_b_after_the_plug_delay_and_in_c_a_draw_delay_after_the_offer(tmp_path):
    async with running(tmp_path, **FREE) as box:
        await asyncio.sleep(2)
        await box.command("plug_in", {"evse": 1, "plug_delay_s": 3, "draw_delay_s": 4, "current_a": 10})
        await asyncio.sleep(2.9)
        assert not (await physics(box)).plugged
        await asyncio.sleep(0.2)
        assert (await physics(box)).cp.state == "B"
        await asyncio.sleep(3.5)
        assert (await physics(box)).cp.state == "B"
        await asyncio.sleep(1)
        assert (await physics(box)).cp.state == "C"
        await asyncio.sleep(5)
        now = await physics(box)
        assert now.current_a == (10.0, 10.0, 10.0)
        assert now.contactor.poles == (True, True, True)
        assert now.cp.duty_pct == pytest.approx(32 / 0.6)
        assert (await view(box)).status == "Charging"


async def test_a_car_draws_no_more_than_the_offer_and_uses_its_own_phases(tmp_path):
    async with running(tmp_path, options={"evse": {"max_current_a": 13.0}}, **FREE) as box:
        await box.command("plug_in", {"evse": 1, "draw_delay_s": 0, "current_a": 32, "phases": 2})
        await asyncio.sleep(10)
        assert (await physics(box)).current_a == pytest.approx((13.0, 13.0, 0.0))


async def test_a_car_of_less_than_six_ampere_still_draws_what_it_can(tmp_path):
    async with running(tmp_path, **FREE) as box:
        await box.command("plug_in", {"evse": 1, "draw_delay_s": 0, "current_a": 4})
        await asyncio.sleep(10)
        assert (await physics(box)).current_a[0] == 4.0


async def test_the_driver_pulls_the_plug_by_himself_after_auto_unplug_s(tmp_path):
    async with running(tmp_path, **FREE) as box:
        await box.command("plug_in", {"evse": 1, **CAR, "auto_unplug_s": 20})
        await asyncio.sleep(19)
        assert (await physics(box)).plugged
        await asyncio.sleep(3)
        assert not (await physics(box)).plugged


async def test_symptoms_follow_the_plug_and_are_forgotten_when_it_is_pulled_before(tmp_path):
    async with running(tmp_path, evses=2, **FREE) as box:
        for evse in (1, 2):
            await box.command("plug_in", {"evse": evse, "then": [{"after_s": 5, "symptom": "GroundFailure"}]})
        await box.command("plug_out", {"evse": 2, "graceful": False})
        await asyncio.sleep(6)
        assert (await physics(box, 1)).symptoms == ("residual-dc",)
        assert (await view(box, 1)).faults == ("rcd-dc",)
        assert (await physics(box, 2)).symptoms == ()


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("GroundFailure", "rcd-dc"),
        ("HighTemperature", "over-temperature"),
        ("OtherError", "e-stop"),
        ("OverVoltage", "over-voltage"),
        ("UnderVoltage", "under-voltage"),
        ("PowerMeterFailure", "meter"),
    ],
)
async def test_an_ocpp_error_code_makes_a_symptom_that_the_agent_finds_by_itself(tmp_path, code, fault):
    async with running(tmp_path) as box:
        await asyncio.sleep(2)
        await box.command("fault", {"evse": 1, "symptom": code})
        await asyncio.sleep(10)
        assert (await view(box)).faults == (fault,)
        await box.command("fault", {"evse": 1, "symptom": code, "active": False})
        await asyncio.sleep(5)
        assert (await view(box)).faults == ((fault,) if fault == "rcd-dc" else ())  # a tripped monitor stays tripped


async def test_a_lock_that_is_jammed_and_a_coil_that_pulls_nothing_show_when_they_are_used(tmp_path):
    async with running(tmp_path, evses=2, **FREE) as box:
        await box.command("fault", {"evse": 1, "symptom": "ConnectorLockFailure"})
        await box.command("fault", {"evse": 2, "symptom": "PowerSwitchFailure"})
        await asyncio.sleep(5)
        assert (await view(box, 1)).faults == (await view(box, 2)).faults == ()
        for evse in (1, 2):
            await box.command("plug_in", {"evse": evse, **CAR})
        await asyncio.sleep(10)
        assert (await view(box, 1)).faults == ("lock-jammed",)
        assert (await view(box, 2)).faults == ("contactor-no-close",)


async def test_a_slow_board_and_a_car_that_takes_too_much_are_found_out(tmp_path):
    async with running(tmp_path, evses=2, options={"evse": {"max_current_a": 10.0}}, **FREE) as box:
        await box.command("plug_in", {"evse": 1, "draw_delay_s": 0, "current_a": 20})
        await box.command("fault", {"evse": 1, "symptom": "OverCurrentFailure"})
        await box.command("fault", {"evse": 2, "symptom": "InternalError"})
        await box.command("plug_in", {"evse": 2})
        await asyncio.sleep(20)
        assert (await view(box, 1)).faults == ("over-current",)
        assert (await view(box, 2)).faults == ("board",)


def test_every_error_code_has_a_symptom_of_the_catalogue():
    assert len({symptom for symptom, _ in ERROR_CODES.values()}) == len(ERROR_CODES) - 1  # two are of the voltage


async def test_the_car_on_the_cable_and_those_to_come_are_of_the_kind_that_ev_said(tmp_path):
    async with running(tmp_path, **FREE) as box:
        await box.command("ev", {"evse": 1, "soc": 20, "max_current_a": 8, "draw_delay_s": 0})
        await box.command("plug_in", {"evse": 1})
        await asyncio.sleep(10)
        assert (await physics(box)).current_a[0] == 8.0
        assert (await physics(box)).car.soc_pct == pytest.approx(20, abs=0.1)
        await box.command("ev", {"evse": 1, "soc": 80, "target_soc": 80})
        await asyncio.sleep(5)
        assert (await physics(box)).car.soc_pct == 80
        assert (await physics(box)).cp.state == "B"
        await box.command("ev", {"evse": 1, "target_soc": 90})
        await asyncio.sleep(5)
        assert (await physics(box)).cp.state == "C"


async def test_a_car_pauses_and_resumes(tmp_path):
    async with running(tmp_path, **FREE) as box:
        await box.command("plug_in", {"evse": 1, **CAR})
        await asyncio.sleep(10)
        await box.command("ev_pause", {"evse": 1})
        await asyncio.sleep(5)
        assert (await view(box)).status == "SuspendedEV"
        await box.command("ev_resume", {"evse": 1})
        await asyncio.sleep(12)
        assert (await view(box)).status == "Charging"
        assert (await physics(box)).current_a[0] == 10.0


@pytest.mark.parametrize(("swiped", "taken"), [([], 1), ([2], 2), ([2, 3], 2), ([3], 3)])
async def test_a_reader_may_serve_one_evse_or_several(tmp_path, swiped, taken):
    csms = Csms(accept_all=True)
    csms.add_token(TAG)
    port = await csms.start()
    async with running(tmp_path, f"ws://127.0.0.1:{port}", evses=3) as box:
        await asyncio.sleep(5)
        await box.command("swipe", {"id_token": TAG, "type": "ISO15693", "evses": swiped})
        await asyncio.sleep(2)
        drivers = [(await view(box, evse)).id_token for evse in (1, 2, 3)]
        assert drivers == [TAG if evse == taken else None for evse in (1, 2, 3)]
    await csms.stop()


async def test_with_readers_configured_no_other_can_be_swiped(tmp_path):
    async with running(tmp_path, evses=3, options={"readers": ((3,), (1, 2))}) as box:
        await box.command("swipe", {"id_token": TAG})
        await box.command("swipe", {"id_token": TAG, "evses": [2, 1]})
        with pytest.raises(CommandError, match=r"evses: no reader serves \[1, 3\]; readers serve \[3\] and \[1, 2\]"):
            await box.command("swipe", {"id_token": TAG, "evses": [1, 3]})


async def test_the_network_goes_without_a_word_and_is_redialled_at_once_when_it_is_back(tmp_path):
    csms = Csms(accept_all=True)
    port = await csms.start()
    slow = {"RetryBackOffWaitMinimum": 3600}
    async with running(tmp_path, f"ws://127.0.0.1:{port}", **slow) as box:
        await asyncio.sleep(3)
        assert (await box.state()).agent.link.accepted
        await box.command("network", {"online": False})
        await asyncio.sleep(30)
        link = (await box.state()).agent.link
        assert not link.connected
        assert not link.online_wanted
        await box.command("network", {"online": True})
        await asyncio.sleep(1)
        assert (await box.state()).agent.link.connected
    await csms.stop()


async def test_an_agent_that_restarts_finds_the_network_as_it_was(tmp_path):
    async with running(tmp_path) as box:
        await box.command("network", {"online": False})
        await box.command("power", {"on": False})
        await box.command("power", {"on": True})
        await asyncio.sleep(2)
        agent = (await box.state()).agent
        assert agent.starts == 2
        assert not agent.link.online_wanted


async def test_a_power_cut_leaves_the_car_in_the_dark_and_the_register_where_it_was(tmp_path):
    async with running(tmp_path, **FREE) as box:
        await box.command("plug_in", {"evse": 1, **CAR})
        await asyncio.sleep(60)
        charging = await physics(box)
        assert charging.power_w > 6000
        await box.command("power", {"on": False})
        await asyncio.sleep(1)
        state = await box.state()
        dark = state.physics.evses[0]
        assert state.agent is None
        assert not state.physics.powered
        assert dark.plugged
        assert dark.voltage_v == dark.current_a == (0.0, 0.0, 0.0)
        assert dark.contactor.poles == (False, False, False)
        assert dark.cp.high_v == 0.0
        assert charging.energy_wh <= dark.energy_wh < charging.energy_wh + 2
        await asyncio.sleep(600)
        assert (await physics(box)).energy_wh == dark.energy_wh
        await box.command("power", {"on": True})
        await asyncio.sleep(20)
        assert (await physics(box)).energy_wh >= dark.energy_wh
        assert (await view(box)).meter.energy_wh >= dark.energy_wh - 1


async def test_in_the_dark_a_car_can_be_pulled_and_another_comes(tmp_path):
    async with running(tmp_path, **FREE) as box:
        await box.command("plug_in", {"evse": 1, **CAR})
        await box.command("power", {"on": False})
        await asyncio.sleep(1)
        await box.command("plug_out", {"evse": 1})
        await asyncio.sleep(2)
        await box.command("ev", {"evse": 1, "soc": 11})
        await box.command("plug_in", {"evse": 1})
        await box.command("power", {"on": True})
        await asyncio.sleep(1)
        assert (await physics(box)).car.soc_pct == pytest.approx(11)


async def test_what_was_plugged_in_counted_and_broken_is_there_after_the_next_start(tmp_path):
    async with running(tmp_path, **FREE) as box:
        await box.command("plug_in", {"evse": 1, **CAR})
        await asyncio.sleep(600)
        await box.command("fault", {"evse": 1, "symptom": "mirror-stuck"})
        await asyncio.sleep(0.1)
        before = await physics(box)
    async with running(tmp_path, **FREE) as box:
        after = await physics(box)
        assert before.energy_wh > 1000
        assert after.energy_wh == pytest.approx(before.energy_wh, abs=1)
        assert after.true_energy_wh == pytest.approx(before.true_energy_wh, abs=1)
        assert after.car.soc_pct == pytest.approx(before.car.soc_pct, abs=0.01)
        assert after.symptoms == ("mirror-stuck",)


async def test_no_reading_is_told_before_it_is_kept(tmp_path):
    """A process that dies between two savings has a register no lower than what the agent was told."""
    async with running(tmp_path, options={"link": {"poll_s": 0.3}}, **FREE) as box:
        await box.command("plug_in", {"evse": 1, **CAR})
        await asyncio.sleep(10)
        for _ in range(20):
            await asyncio.sleep(0.37)
            told_wh = box._host.agent.charge_point.session(1).meter.energy_import_wh
            kept = (tmp_path / FILE_NAME).read_text()
            kept_wh = float(kept.split('"register_wh":')[1].split(",")[0])
            assert told_wh <= kept_wh + 0.01  # the bus carries 32 bit floats


async def test_what_is_done_and_what_happens_by_itself_is_kept_at_once(tmp_path):
    async with running(tmp_path, **FREE) as box:
        kept = tmp_path / FILE_NAME
        await box.command("plug_in", {"evse": 1})
        await asyncio.sleep(0)
        assert '"car":{' in kept.read_text()
        assert '"lock_holds":false' in kept.read_text()
        story = box.story()
        while (await anext(story)).facts.get("value") != "locked":
            pass
        await asyncio.sleep(0)
        assert '"lock_holds":true' in kept.read_text()
        await story.aclose()


async def test_a_register_may_begin_at_zero_with_every_car(tmp_path):
    options = {"start_wh": 5000.0, "meter": {"resets_at_plug_in": True}}
    async with running(tmp_path, options=options, **FREE) as box:
        assert (await physics(box)).energy_wh == 5000
        await box.command("plug_in", {"evse": 1, **CAR})
        assert (await physics(box)).energy_wh == 0
        await asyncio.sleep(60)
        first = await physics(box)
        assert first.energy_wh == pytest.approx(first.true_energy_wh)
        await box.command("plug_out", {"evse": 1})
        await asyncio.sleep(5)
        await box.command("plug_in", {"evse": 1, **CAR})
        second = await physics(box)
        assert second.energy_wh == 0
        assert second.true_energy_wh >= first.true_energy_wh > 50


async def test_hardware_that_is_not_readable_or_not_the_same_is_named_with_a_remedy(tmp_path):
    async with running(tmp_path, evses=2):
        pass
    with pytest.raises(HalError, match=r"hardware\.json is of other hardware.*remove it"):
        async with running(tmp_path, evses=1):
            pass
    (tmp_path / FILE_NAME).write_text("{")
    with pytest.raises(HalError, match=r"hardware\.json cannot be read.*remove it"):
        async with running(tmp_path):
            pass


@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        ("plug_out", {"evse": 1}, "no car"),
        ("ev_pause", {"evse": 1}, "no car"),
        ("ev_resume", {"evse": 1}, "no car"),
    ],
)
async def test_what_cannot_be_now_is_refused(tmp_path, name, arguments, complaint):
    async with running(tmp_path) as box:
        with pytest.raises(HalError, match=complaint):
            await box.command(name, arguments)


async def test_a_delayed_effect_that_turns_out_impossible_is_told(tmp_path):
    async with running(tmp_path) as box:
        story = box.story()
        heard: list[Told] = []
        listening = asyncio.create_task(_hear(story, heard))
        await box.command("plug_in", {"evse": 1, "plug_delay_s": 2})
        await asyncio.sleep(1)
        await box.command("ev", {"evse": 1, "soc": 50})
        other = {"evse": 1, "after_s": 0}
        with pytest.raises(CommandError, match="after_s"):
            await box.command("plug_in", other)
        await asyncio.sleep(2)
        await box.command("plug_in", {"evse": 1, "plug_delay_s": 1})
        await asyncio.sleep(2)
        refused = [told.facts for told in heard if told.kind == "refused"]
        assert [(one["command"], one["error"]) for one in refused] == [
            ("plug_in", "a car is plugged in already; plug it out first")
        ]
    await listening


async def test_the_story_has_physics_steps_and_facts_in_order_and_ends_with_the_box(tmp_path):
    heard: list[Told] = []
    async with running(tmp_path, **FREE) as box:
        listening = asyncio.create_task(_hear(box.story(), heard))
        await asyncio.sleep(1)
        await box.command("plug_in", {"evse": 1, **CAR})
        await asyncio.sleep(10)
    await listening
    physical = [(one.facts["what"], one.facts["value"]) for one in heard if one.kind == "physics"]
    assert physical.index(("plug", "in")) < physical.index(("permit", True))
    assert physical.index(("permit", True)) < physical.index(("contactor", (True, True, True)))
    facts = [one.facts["fact"]["type"] for one in heard if one.kind == "fact"]
    assert "TransactionStarted" in facts
    permits = [one.facts for one in heard if one.kind == "step" and {"type": "PermitPower", "on": True} in _named(one)]
    assert [one["phase"] for one in permits] == ["charging"]
    assert [one.facts["at"] for one in heard] == sorted(one.facts["at"] for one in heard)


async def test_an_accepted_reset_ends_the_box_or_restarts_the_agent_in_it(tmp_path):
    csms = Csms(accept_all=True)
    port = await csms.start()
    async with running(tmp_path / "1", f"ws://127.0.0.1:{port}") as box:
        await asyncio.sleep(3)
        await csms.reset("SIM-1", ResetKind.IMMEDIATE)
        await asyncio.sleep(10)
        assert (await box.state()).agent.starts == 2
    async with running(tmp_path / "2", f"ws://127.0.0.1:{port}", restarts=False) as box:
        await asyncio.sleep(3)
        await csms.reset("SIM-1", ResetKind.IMMEDIATE)
        async with asyncio.timeout(30):
            assert await box.ended() is Ending.RESET
    await csms.stop()


async def _hear(story, heard: list[Told]) -> None:
    async for told in story:
        heard.append(told)  # noqa: PERF401 - what was heard before a failure counts


def _named(step: Told) -> list[dict]:
    return [{name: effect[name] for name in ("type", "on") if name in effect} for effect in step.facts["effects"]]
