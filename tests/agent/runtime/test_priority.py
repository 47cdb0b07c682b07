"""Whose energy goes before others': what the CSMS says of drivers and transactions, where there is too little."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from agent.core.events import AuthorizationDecided, PriorityGiven
from agent.core.limits import LimitSource
from agent.core.session import Driver
from agent.core.values import AuthInfo, AuthStatus, IdToken
from tests.agent.core.playing import Player
from tests.agent.runtime.test_profiles import Stand

TAKES_S = 6.0  # IEC 61851-1: a car follows a lower duty cycle within 5 s


@pytest.mark.req("K03.FR.04", "K03.FR.05", "K03.FR.06")
async def test_a_transaction_that_matters_more_takes_the_current_of_the_others():
    stand = Stand(fuse_a=20.0)
    stand.transact(1, "tx-1")
    stand.become(2, driver=Driver(IdToken("CCDD"), priority=1))
    stand.transact(2, "tx-2")
    await asyncio.sleep(TAKES_S)
    assert stand.shares(LimitSource.SITE_FUSE) == {1: 0.0, 2: 20.0}
    given = stand.sessions[1].tx
    assert given is not None
    stand.become(1, tx=replace(given, priority=2))
    await asyncio.sleep(TAKES_S)
    assert stand.shares(LimitSource.SITE_FUSE) == {1: 20.0, 2: 0.0}
    stand.become(1, tx=replace(given, priority=1))
    await asyncio.sleep(TAKES_S)
    assert stand.shares(LimitSource.SITE_FUSE) == {1: 10.0, 2: 10.0}


@pytest.mark.req("K03.FR.05")
def test_what_the_csms_says_of_a_transaction_overrules_its_driver_until_it_ends():
    player = Player()
    player.accept = False  # the verdict comes by hand
    player.plug()
    player.tap()
    number, token = player.session.asks + 1, IdToken("AABB")
    player.session = replace(player.session, asking=(number, token))
    player.play(AuthorizationDecided(number, token, AuthInfo(AuthStatus.ACCEPTED, priority=3)), player.sample())
    assert player.session.tx is not None
    assert player.session.priority == 3
    player.play(PriorityGiven("another", -5))
    assert player.session.priority == 3
    player.play(PriorityGiven(player.session.tx.id, -5))
    assert player.session.priority == -5
    player.unplug()
    player.wait(10)
    assert player.session.tx is None
    assert player.session.priority == 0
