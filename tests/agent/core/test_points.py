"""Where transactions start and stop: every legal set of points, both orders of plug and card, every way to leave."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from agent.core.facts import TransactionEnded, TransactionStarted, TransactionUpdated
from agent.core.rules import Rules
from agent.core.session import Phase
from agent.core.values import StopReason, Trigger, TxPoint
from hal.types import CpState
from tests.agent.core.playing import Player, cp

POINTS = tuple(one for one in TxPoint if one is not TxPoint.DATA_SIGNED)  # which test_signing has
SETS = [frozenset(one) for one in chain.from_iterable(combinations(POINTS, n) for n in range(1, len(POINTS) + 1))]


def leave_by_card(p: Player) -> None:
    p.play(cp(CpState.B))
    p.tap()
    p.open()
    p.wait(5)
    p.unplug()
    p.wait(5)


def leave_by_plug(p: Player) -> None:
    p.unplug()
    p.open()
    p.wait(5)


def visit(starts: frozenset[TxPoint], stops: frozenset[TxPoint], way: tuple[str, str, bool]) -> None:
    """One driver's visit, judged: one transaction, whole, and an EVSE that is free afterwards."""
    first, leave, on_disconnect = way
    p = Player(Rules(start_points=starts, stop_points=stops, stop_on_ev_side_disconnect=on_disconnect))
    for act in (p.plug, p.tap) if first == "plug first" else (p.tap, p.plug):
        act()
    p.ask()
    p.close()
    p.wait(5)
    LEAVE[leave](p)
    p.wait(70)  # nobody comes back
    facts = p.tx_facts
    label = sorted(starts), sorted(stops), way
    assert isinstance(facts[0], TransactionStarted), label
    assert isinstance(facts[-1], TransactionEnded), label
    assert sum(isinstance(one, TransactionStarted | TransactionEnded) for one in facts) == 2, label
    assert [one.seq for one in facts] == list(range(len(facts))), label
    assert p.session.phase is Phase.IDLE, label
    assert p.session.tx is None, label


LEAVE = {"by card": leave_by_card, "by plug": leave_by_plug}
WAYS = [(first, leave, stops) for first in ("plug first", "card first") for leave in LEAVE for stops in (True, False)]


@pytest.mark.behaviour(22)
@pytest.mark.parametrize("number", range(len(SETS)), ids=["+".join(sorted(one)) for one in SETS])
def test_every_set_of_points_makes_one_transaction_of_one_visit(number: int):
    for other, stops in enumerate(SETS):
        visit(SETS[number], stops, WAYS[(number + other) % len(WAYS)])


@pytest.mark.campaign
@pytest.mark.behaviour(22)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_set_of_points_in_every_way(way: tuple[str, str, bool]):
    for starts in SETS:
        for stops in SETS:
            visit(starts, stops, way)


@pytest.mark.req("E07.FR.02")
def test_a_stop_that_does_not_end_the_transaction_names_the_token_that_stopped_once():
    p = Player(Rules(stop_points=frozenset({TxPoint.EV_CONNECTED})))
    for act in (p.plug, p.tap, p.ask, p.close):
        act()
    p.wait(5)
    leave_by_card(p)
    (stopped,) = [one for one in p.tx_facts if one.trigger is Trigger.STOP_AUTHORIZED]
    assert isinstance(stopped, TransactionUpdated)
    assert stopped.token is not None
    assert p.tx_facts[-1].token is None


@pytest.mark.behaviour(22)
@pytest.mark.parametrize("starts", SETS, ids=lambda one: "+".join(sorted(one)))
def test_a_driver_who_never_plugs_in_leaves_nothing_open(starts):
    p = Player(Rules(start_points=starts, ev_connection_timeout_s=30))
    p.tap()
    p.wait(40)
    facts = p.tx_facts
    assert p.session.tx is None
    assert p.session.phase is Phase.IDLE
    assert bool(facts) is (TxPoint.AUTHORIZED in starts)
    if facts:
        assert (facts[-1].trigger, facts[-1].reason) == (Trigger.EV_CONNECT_TIMEOUT, StopReason.TIMEOUT)
