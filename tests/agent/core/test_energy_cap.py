"""MaxEnergyOnInvalidId: what a transaction may still have when the CSMS does not accept its driver, in any order."""

from __future__ import annotations

import pytest

from agent.core.effects import PermitPower
from agent.core.events import Deauthorized
from agent.core.rules import Rules
from agent.core.session import Phase
from agent.core.values import AuthInfo, AuthStatus, ChargingState, Trigger, TxPoint
from tests.agent.core.playing import Player

INVALID = AuthInfo(AuthStatus.INVALID)


def refused(max_wh: float, used_wh: float, **rules: object) -> Player:
    p = Player(Rules(stop_on_invalid_id=False, max_energy_on_invalid_wh=max_wh, **rules))
    p.charge()
    start_wh = p.session.tx.start_energy_wh
    p.play(p.sample(energy_wh=start_wh + used_wh))
    p.effects = []
    p.play(Deauthorized("tx-1", INVALID))
    return p


@pytest.mark.req("E05.FR.02")
@pytest.mark.parametrize(("max_wh", "used_wh"), [(0, 0), (0, 500), (400, 500), (500, 500)])
def test_energy_that_is_used_up_ends_at_once(max_wh, used_wh):
    p = refused(max_wh, used_wh)
    assert next(one for one in p.effects if isinstance(one, PermitPower)).on is False
    p.open()
    p.wait(2)
    assert p.session.tx is not None
    assert p.session.tx.charging is ChargingState.SUSPENDED_EVSE
    assert p.tx_facts[-1].trigger is Trigger.CHARGING_STATE_CHANGED


@pytest.mark.req("E05.FR.03")
def test_energy_that_is_left_flows_until_the_register_reaches_it():
    p = refused(1000, 500)
    start_wh = p.session.tx.start_energy_wh
    assert p.session.phase is Phase.CHARGING
    p.play(p.sample(energy_wh=start_wh + 999))
    assert p.session.phase is Phase.CHARGING
    p.play(p.sample(energy_wh=start_wh + 1000))
    assert p.session.phase is Phase.EASING


def test_where_the_end_of_energy_ends_a_transaction_it_says_why():
    p = refused(0, 10, stop_points=frozenset({TxPoint.ENERGY_TRANSFER}))
    p.open()
    p.wait(4)
    assert p.tx_facts[-1].reason == "DeAuthorized"


def test_the_driver_whom_the_csms_refused_can_still_end_it_with_his_card():
    p = refused(0, 10)
    p.open()
    p.tap()
    p.wait(4)
    assert p.session.tx is None
