"""Any events in any order: what must hold after every single step."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.contract import Contract
from agent.core.effects import ArmTimer, OfferCurrent, PermitPower, Pilot, SelfTestRcd, SupplyDc, SwitchPhases, Timer
from agent.core.events import (
    AuthorizationDecided,
    AvailabilityChanged,
    ContractPresented,
    DcWanted,
    Deauthorized,
    DigitalBegan,
    DigitalOver,
    DigitalPower,
    DigitalWanted,
    LimitSet,
    MonitorTested,
    PhasesSwitched,
    PhasesWanted,
    ReadingAsked,
    Recorded,
    RecordFailed,
    RemoteStart,
    StopRequested,
    TimerDue,
    UnlockRequested,
)
from agent.core.facts import TransactionEnded, TransactionStarted
from agent.core.limits import LimitInput, LimitSource
from agent.core.phases import Switch
from agent.core.rules import Rules
from agent.core.session import POWERED, Phase, Session, Talk
from agent.core.step import step
from agent.core.values import AuthInfo, AuthStatus, IdToken, Scope, StopReason, TokenKind, Trigger
from hal.types import (
    ContactorChanged,
    CpState,
    DcMode,
    FaultCleared,
    FaultKind,
    FaultRaised,
    GridSignalled,
    LockChanged,
    LockState,
    MeterErrorKind,
    MeterFailed,
    PermitLost,
    PpChanged,
    Rule,
    TokenPresented,
)
from tests.agent.core.playing import Player, cp
from tests.agent.core.test_points import POINTS

CONTRACT = Contract(valid=True)
tokens = st.sampled_from(["AABB", "aabb", "CCDD", "EEFF"])
id_tokens = tokens.map(IdToken)
infos = st.builds(AuthInfo, st.sampled_from(AuthStatus), st.sampled_from([None, "g1", "g2"]))
hardware = st.one_of(
    st.sampled_from(CpState).map(cp),
    st.sampled_from([CpState.A, CpState.B, CpState.C]).map(cp),
    st.booleans().map(lambda on: ContactorChanged(closed=on)),
    st.builds(FaultRaised, st.sampled_from(FaultKind)),
    st.builds(FaultCleared, st.sampled_from(FaultKind)),
    st.builds(LockChanged, st.sampled_from(LockState)),
    st.builds(PpChanged, st.sampled_from([None, 13.0, 32.0]), st.none()),
    st.builds(TokenPresented, tokens),
    st.just(PermitLost(Rule.LEASE_ENDED)),
    st.just(MeterFailed(MeterErrorKind.TIMEOUT, "", 1)),
    st.just("sample"),
    st.just("sample"),
)
people = st.one_of(
    st.builds(AuthorizationDecided, st.integers(0, 5), id_tokens, infos),
    st.builds(RemoteStart, id_tokens, st.integers(0, 9), st.booleans()),
    st.builds(StopRequested, st.sampled_from(Trigger), st.sampled_from(StopReason)),
    st.builds(Deauthorized, st.sampled_from(["tx-1", "tx-2"]), infos),
    st.builds(LimitSet, st.builds(LimitInput, st.sampled_from(LimitSource), st.floats(0, 100))),
    st.builds(AvailabilityChanged, st.booleans(), st.sampled_from(Scope)),
    st.builds(UnlockRequested, ends_transaction=st.booleans()),
    st.just(ReadingAsked()),
    st.just(DigitalBegan("02")),
    st.just(ContractPresented(IdToken("EMAID", TokenKind.E_MAID), CONTRACT)),
    st.builds(DigitalPower, st.booleans()),
    st.builds(DigitalOver, st.booleans(), st.booleans()),
    st.just(DigitalWanted()),
    st.builds(TimerDue, st.sampled_from(Timer)),
    st.builds(PhasesWanted, st.sampled_from([1, 3])),
    st.builds(PhasesSwitched, st.sampled_from([1, 3])),
    st.builds(DcWanted, st.sampled_from(DcMode)),
    st.builds(GridSignalled, st.sampled_from([None, 0.0, 2300.0, 9000.0])),
    st.just(MonitorTested()),
    st.builds(Recorded, st.integers(0, 5)),
    st.builds(RecordFailed, st.integers(0, 5), st.just("full")),
    st.floats(0, 100).map(lambda s: ("wait", s)),
)
rules = st.builds(
    Rules,
    free_vend=st.booleans(),
    stop_on_ev_side_disconnect=st.booleans(),
    unlock_on_ev_side_disconnect=st.booleans(),
    stop_on_invalid_id=st.booleans(),
    start_points=st.frozensets(st.sampled_from(POINTS), min_size=1),
    stop_points=st.frozensets(st.sampled_from(POINTS), min_size=1),
)


class Watched(Player):
    """Checks every step that it takes."""

    permitted = False
    event = None

    def step(self, event):
        self.event = event
        super().step(event)

    def _take(self, session, effects):
        answering = self.event
        for index, effect in enumerate(effects):
            if isinstance(effect, PermitPower):
                if effect.on:
                    assert isinstance(answering, Recorded), "permission without a record"
                    assert session.driver is not None, "permission without an authorisation"
                    assert session.cp.wants_energy
                else:
                    assert index == 0 or all(isinstance(one, PermitPower) for one in effects[:index])
                self.permitted = effect.on
            if isinstance(effect, OfferCurrent):
                assert 6.0 <= effect.current_a <= session.limit(self.mono_s).current_a
            if isinstance(effect, SwitchPhases | SelfTestRcd) and answering is not None:
                assert session.phase not in POWERED, "under load"
                assert not session.contactor_closed
            if isinstance(effect, SupplyDc) and effect.mode is not DcMode.OFF:
                assert session.phase in POWERED
            if isinstance(effect, ArmTimer):
                assert effect.at_mono_s >= self.mono_s - 1e-6
        if session.digital.talk is Talk.WAKING and session.plugged:
            assert session.offer.pilot == Pilot.X1, "a car that is woken sees X1"
        assert self.permitted == (session.phase in POWERED), f"permission and phase {session.phase} disagree"
        super()._take(session, effects)


@settings(max_examples=400, deadline=None)
@given(rules, st.lists(st.one_of(hardware, people), max_size=40), st.booleans(), st.booleans())
def test_no_order_of_events_breaks_the_laws(session_rules, events, journal_answers, can_talk):
    p = Watched(session=Session(evse=1, rules=session_rules, can_talk=can_talk, has_rcd=True, switch=Switch()))
    p.records = journal_answers
    for event in events:
        if event == "sample":
            p.play(p.sample(p.energy_wh + 10))
        elif isinstance(event, tuple):
            p.wait(event[1])
        else:
            p.play(event)
    by_tx: dict[str, list] = {}
    for fact in p.tx_facts:
        by_tx.setdefault(fact.tx, []).append(fact)
    for facts in by_tx.values():
        assert [one.seq for one in facts] == list(range(len(facts))), "gaps in seqNo"
        assert isinstance(facts[0], TransactionStarted)
        assert sum(isinstance(one, TransactionStarted) for one in facts) == 1
        ends = [one for one in facts if isinstance(one, TransactionEnded)]
        assert len(ends) <= 1
        if ends:
            assert facts[-1] is ends[0]
            assert ends[0].reading.energy_wh >= facts[0].reading.energy_wh
    assert sum(isinstance(facts[-1], TransactionEnded) for facts in by_tx.values()) >= len(by_tx) - 1


@settings(max_examples=100, deadline=None)
@given(rules, st.lists(st.one_of(hardware, people), max_size=30))
def test_a_step_is_a_pure_function(session_rules, events):
    p, q = Player(session_rules), Player(session_rules)
    for event in events:
        if isinstance(event, tuple):
            continue
        one = p.sample() if event == "sample" else event
        assert step(p.session, one, p.now) == step(q.session, one, q.now)
        p.play(one)
        q.play(one)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(hardware, people), max_size=30), st.sampled_from(FaultKind))
def test_whatever_happened_a_fault_leaves_no_permission(events, fault):
    p = Watched()
    for event in events:
        if event == "sample":
            p.play(p.sample())
        elif not isinstance(event, tuple):
            p.play(event)
    p.play(FaultRaised(fault))
    assert fault is FaultKind.METER or p.session.phase not in {Phase.CHARGING, Phase.EASING}
