"""Every row of `hal.timings`, measured in simulated time: on the interlock, in the session, on the simulated board."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest

from agent.core import derating
from agent.core.derating import Derating
from agent.core.effects import OfferCurrent, Pilot, SelfTestRcd, SetPilot, SwitchPhases, Timer
from agent.core.events import MonitorTested, PhasesSwitched, PhasesWanted
from agent.core.phases import Switch
from agent.core.session import Session
from hal import interlock
from hal.commands import Permit, PilotPwm, PilotX1
from hal.timings import TIMINGS, Bound, Timing
from hal.types import ContactorChanged, CpState, FaultCleared, FaultKind, FaultRaised, HalEvent
from tests.agent.core.playing import Player
from tests.hal.boards_tried import simulated
from tests.hal.rig import DUTY_16A, DUTY_20A, Rig, cp, draw

STEP_S = 0.1  # how often is looked, where something has to be tried again and again
SLACK_S = 1.0  # "at least" is no licence to wait for ever


def elapsed(now_s: Callable[[], float], wait: Callable[[float], object], done: Callable[[], bool]) -> float:
    """How long it takes until it is so; no row is longer than a day and a minute."""
    began_s = now_s()
    while not done():
        assert now_s() < began_s + 86_460
        wait(STEP_S)
    return now_s() - began_s


# The interlock


def charging() -> Rig:
    rig = Rig()
    rig.charging()
    return rig


def closes_after(event: HalEvent, end: HalEvent) -> float:
    rig = charging()
    rig.see(event)
    rig.see(ContactorChanged(False))
    rig.see(end)
    return elapsed(lambda: rig.now_s, rig.renew, lambda: rig.raw_permitted)


def pwm_off() -> float:
    rig = charging()
    rig.ask(PilotX1())
    rig.see(cp(CpState.C, pwm=False))
    began_s = rig.now_s
    rig.renew(20.0)
    return rig.opened_s - began_s


def spacing() -> float:
    rig = charging()
    rig.wait(60.0)
    rig.ask(PilotPwm(DUTY_16A - 1))
    return elapsed(lambda: rig.now_s, rig.wait, lambda: rig.ask(PilotPwm(DUTY_20A)) is None)


def greedy(rig: Rig, current_a: float = 30.0) -> float:
    began_s = rig.now_s
    draw(rig, current_a, 20)
    return rig.opened_s - began_s


def reaction() -> float:
    lowered = charging()
    lowered.ask(PilotPwm(10.0))
    return greedy(lowered, 15.0) - greedy(charging())


def lease() -> float:
    rig = charging()
    rig.renew(60.0)
    rig.ask(Permit(True))
    began_s = rig.now_s
    rig.wait(20.0)
    return rig.opened_s - began_s


def weld() -> float:
    rig = charging()
    rig.ask(Permit(False))

    def until_due(_: float) -> None:
        rig.wait((interlock.deadline_s(rig.state, rig.now_s) or math.inf) - rig.now_s)

    return elapsed(lambda: rig.now_s, until_due, lambda: FaultKind.WELD in rig.state.active)


# The session


def said(player: Player) -> list[Pilot | float]:
    kinds = (SetPilot, OfferCurrent)
    return [one.pilot if isinstance(one, SetPilot) else one.current_a for one in player.log if isinstance(one, kinds)]


def asleep(steps: int) -> float:
    """How long a car that never wakes is in this step of its wake-up."""
    player = Player()
    player.plug()
    player.tap()
    known = len(said(player))
    for step in range(steps):
        took_s = elapsed(lambda: player.mono_s, player.wait, lambda step=step: len(said(player)) > known + step)
    assert said(player)[known:] == [Pilot.X1, Pilot.E, 16.0][:steps]
    return took_s


def switching(*, settled: bool) -> float:
    player = Player(session=Session(evse=1, switch=Switch()))
    player.play(PhasesSwitched(3))
    player.wait(11)
    player.charge()
    player.play(PhasesWanted(1), cp(CpState.B))
    player.open()
    took_s = elapsed(lambda: player.mono_s, player.wait, lambda: SwitchPhases(1) in player.log)
    if not settled:
        return took_s
    player.play(PhasesSwitched(1))
    return elapsed(lambda: player.mono_s, player.wait, lambda: said(player)[-1] == 16.0)


def self_tests(player: Player) -> list[SelfTestRcd]:
    return [one for one in player.log if isinstance(one, SelfTestRcd)]


def self_test() -> float:
    player = Player(session=Session(evse=1, has_rcd=True))
    player.play(MonitorTested())
    began_s, tests = player.mono_s, len(self_tests(player))
    player.wait(60.0)
    player.mono_s = player.timers[Timer.SELF_TEST] - 60.0  # nothing happens for nearly a day
    assert len(self_tests(player)) == tests
    elapsed(lambda: player.mono_s, player.wait, lambda: len(self_tests(player)) > tests)
    return player.mono_s - began_s


def warm() -> float:
    state = derating.measured(derating.measured(Derating(), "plug", 20.0, 0.0), "plug", 80.0, 50.0)
    return 0.0 if state.allowed_a == derating.FALLBACK_A else math.inf


def cool() -> float:
    state, now_s = derating.measured(Derating(), "plug", 80.0, 0.0), 1.0
    while derating.measured(state, "plug", 20.0, now_s).allowed_a <= derating.FALLBACK_A:
        state, now_s = derating.measured(state, "plug", 20.0, now_s), now_s + STEP_S
    return now_s - 1.0


# The simulated board, whose contactor has a coil, springs and bounce


def on_the_board(check: str) -> float:
    return next(one.measured_s for one in simulated().findings if one.check == check and one.measured_s is not None)


FAULT = FaultKind.E_STOP
MEASURES: Mapping[str, Callable[[], float]] = {
    "T-close": lambda: on_the_board("close"),
    "T-open": lambda: on_the_board("leave-c"),
    "T-unplug": lambda: on_the_board("unplug"),
    "T-pwm-off": pwm_off,
    "T-spacing": spacing,
    "T-reaction": reaction,
    "T-overcurrent": lambda: greedy(charging()),
    "T-lease": lease,
    "T-reclose": lambda: closes_after(cp(CpState.B), cp(CpState.C)),
    "T-reclose-fault": lambda: closes_after(FaultRaised(FAULT, "test"), FaultCleared(FAULT)),
    "T-weld": weld,
    "T-sleep": lambda: asleep(1),
    "T-x1": lambda: asleep(2),
    "T-ef": lambda: asleep(3),
    "T-phases-open": lambda: switching(settled=False),
    "T-phases-settle": lambda: switching(settled=True),
    "T-self-test": self_test,
    "T-warm": warm,
    "T-cool": cool,
}


@pytest.mark.parametrize("row", [pytest.param(one, id=one.id, marks=pytest.mark.times(one.id)) for one in TIMINGS])
def test_what_takes_its_time_takes_the_time_of_its_row(row: Timing, record_property: Callable[[str, object], None]):
    measured_s = MEASURES[row.id]()
    record_property("latencies", [{"row": row.id, "measured_s": measured_s}])
    assert row.allows(measured_s), f"{row.says}: {measured_s:g} s"
    if row.bound is Bound.AT_LEAST:
        assert measured_s < row.seconds + SLACK_S


@pytest.mark.parametrize(
    ("bound", "measured_s", "allowed"),
    [
        (Bound.AT_MOST, 3.0, True),
        (Bound.AT_MOST, 3.1, False),
        (Bound.AT_LEAST, 3.0, True),
        (Bound.AT_LEAST, 2.9, False),
        (Bound.AT_MOST, math.nan, False),
        (Bound.AT_LEAST, math.nan, False),
    ],
)
def test_a_row_allows_one_side_of_its_time(bound: Bound, measured_s: float, allowed: bool):
    assert Timing("T", "", bound, 3.0, "").allows(measured_s) is allowed
