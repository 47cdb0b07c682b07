"""When a change of what is offered is told (ChargingRateChanged), and from when relative schedules count."""

from __future__ import annotations

import pytest

from agent.core.events import LimitSet
from agent.core.limits import LimitInput, LimitSource
from agent.core.rules import Rules
from agent.core.values import ChargingState, Trigger, TxPoint
from tests.agent.core.playing import Player


def charging(rules: Rules | None = None) -> Player:
    p = Player(rules)
    p.charge()
    p.wait(10)
    return p


def limit(p: Player, source: LimitSource, current_a: float) -> list[Trigger]:
    """What the limit makes the station tell, within the spacing of duty cycles."""
    told = len(p.tx_facts)
    p.play(LimitSet(LimitInput(source, current_a)))
    p.wait(6)
    return [one.trigger for one in p.tx_facts[told:]]


@pytest.mark.req("K11.FR.04")
@pytest.mark.req("K13.FR.03")
@pytest.mark.parametrize(
    "source", [LimitSource.GRID, LimitSource.LOCAL, LimitSource.SITE_FUSE, LimitSource.TEMPERATURE]
)
def test_a_limit_that_is_not_the_csms_own_is_told_when_it_changes_the_rate_and_when_it_goes(source):
    p = charging()
    assert limit(p, source, 10.0) == [Trigger.CHARGING_RATE_CHANGED]
    assert limit(p, source, 80.0) == [Trigger.CHARGING_RATE_CHANGED]


@pytest.mark.req("SC.02")
@pytest.mark.parametrize("source", [LimitSource.OCPP, LimitSource.STATION])
def test_what_the_csms_itself_has_set_is_no_news_to_it(source):
    p = charging()
    assert limit(p, source, 10.0) == []
    assert limit(p, source, 12.0) == []


@pytest.mark.req("SC.03")
def test_a_change_below_the_significance_is_not_told():
    p = charging(Rules(rate_change_pct=20.0))
    assert limit(p, LimitSource.GRID, 13.0) == []
    assert limit(p, LimitSource.GRID, 10.0) == [Trigger.CHARGING_RATE_CHANGED]


def test_a_pause_for_want_of_current_is_told_as_a_change_of_the_rate_and_then_of_the_state():
    p = charging()
    told = len(p.tx_facts)
    p.play(LimitSet(LimitInput(LimitSource.GRID, 0.0)))
    assert [one.trigger for one in p.tx_facts[told:]] == [Trigger.CHARGING_RATE_CHANGED]
    p.wait(10)
    p.open()
    assert (p.tx_facts[-1].trigger, p.tx_facts[-1].charging) == (
        Trigger.CHARGING_STATE_CHANGED,
        ChargingState.SUSPENDED_EVSE,
    )


def test_without_a_transaction_or_at_its_end_no_rate_is_told():
    p = Player()
    p.plug()
    assert limit(p, LimitSource.GRID, 10.0) == []
    p = charging()
    p.tap()
    assert Trigger.CHARGING_RATE_CHANGED not in limit(p, LimitSource.GRID, 6.0)


@pytest.mark.req("K01.FR.42")
def test_energy_could_flow_from_when_driver_and_car_were_both_there():
    p = Player(Rules(start_points=frozenset({TxPoint.AUTHORIZED})))
    p.play(p.sample())
    p.tap()
    assert p.session.tx is not None
    assert p.session.ready_utc_s is None
    p.wait(30)
    p.plug()
    assert p.session.ready_utc_s == p.now.utc_s
    assert p.session.ready_mono_s == p.mono_s


def test_the_next_driver_counts_anew():
    p = charging()
    p.tap()
    p.wait(7)
    p.open()
    p.wait(2)
    assert (p.session.tx, p.session.ready_utc_s) == (None, None)
