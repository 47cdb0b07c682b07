"""A driver whom the CSMS does not accept, in any order with everything else: the energy of that transaction ends."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.core.effects import PermitPower
from agent.core.events import Deauthorized
from agent.core.session import Session
from agent.core.values import AuthInfo, AuthStatus
from hal.types import TokenPresented
from tests.agent.core.playing import Player
from tests.agent.core.test_session_properties import hardware, people, rules

LATE = 1_000_000  # the number of a fact that is about whoever drives now
no_cards = hardware.filter(lambda event: not isinstance(event, TokenPresented))


class Judged(Player):
    """Fails when the transaction whose driver was refused is given energy again."""

    permitted = False
    refused: str | None = None

    def _take(self, session: Session, effects: tuple) -> None:
        for effect in effects:
            if isinstance(effect, PermitPower):
                self.permitted = effect.on
                mine = session.tx is not None and session.tx.id == self.refused
                assert not (effect.on and mine), "a refused driver got energy"
        super()._take(session, effects)

    def happen(self, event: object) -> None:
        match event:
            case "sample":
                self.play(self.sample())
            case ("wait", seconds):
                self.wait(min(seconds, 20.0))
            case _:
                self.play(event)


@pytest.mark.behaviour(21)
@pytest.mark.req("E05.FR.02")
@settings(max_examples=60, deadline=None)
@given(rules, st.booleans(), st.lists(st.one_of(hardware, people), max_size=20), st.lists(no_cards, max_size=15))
def test_whenever_the_refusal_comes_the_energy_ends_and_does_not_come_back(session_rules, begins, before, after):
    p = Judged(session=Session(evse=1, rules=replace(session_rules, free_vend=False)))
    if begins:
        p.charge()
    for event in before:
        p.happen(event)
    assume(p.session.tx is not None)
    p.refused = p.session.tx.id
    p.play(Deauthorized(p.refused, AuthInfo(AuthStatus.INVALID), seq=LATE))
    p.wait(10)  # a car that draws has six seconds to stop
    assert not p.permitted
    for event in after:
        p.happen(event)
    p.wait(10)
    assert p.session.tx is None or not p.permitted
