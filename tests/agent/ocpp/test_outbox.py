"""The outbox: order, retry, thinning, dead letters."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.facts import AnyFact, TransactionEnded, TransactionStarted, TransactionUpdated
from agent.core.values import ConnectorStatus, Trigger
from agent.ocpp.outbox import MAX_DROPS, GivenUp, Outbox, Removed, Retry, StoredFact, Tried
from tests.agent.ocpp.stand import TOKEN, ended, idle_reading, started, status, updated

RETRY = Retry(attempts=3, interval_s=60.0)


def filled(*facts: AnyFact, capacity: int = 10_000) -> Outbox:
    outbox = Outbox(capacity=capacity)
    for number, fact in enumerate(facts, 1):
        outbox.add(StoredFact(number, fact.evse, fact))
    return outbox


def drained(outbox: Outbox, now_s: float = 0.0) -> list[AnyFact]:
    facts = []
    while (one := outbox.next(now_s)) is not None:
        facts.append(one.fact)
        outbox.delivered(one.id)
    return facts


def test_facts_go_out_in_the_order_in_which_they_happened():
    facts = [started(), status(ConnectorStatus.CHARGING), updated(), started("tx-2", evse=2), ended()]
    assert drained(filled(*facts)) == facts


def test_one_fact_is_in_flight_at_a_time():
    outbox = filled(started(), status(ConnectorStatus.CHARGING))
    assert outbox.next(0.0) is not None
    assert outbox.next(0.0) is None


@pytest.mark.behaviour(4)
@pytest.mark.req("E13.FR.03")
def test_a_failed_fact_waits_attempts_times_interval_and_holds_up_those_behind_it():
    outbox = filled(started(), ended())
    one = outbox.next(0.0)
    assert one is not None
    assert outbox.failed(one.id, 100.0, RETRY, "why") == Tried(1, 1)
    assert (outbox.next(159.9), outbox.due_s()) == (None, 160.0)
    again = outbox.next(160.0)
    assert again is not None
    assert (again.id, again.attempts) == (1, 1)
    assert outbox.failed(1, 200.0, RETRY, "why") == Tried(1, 2)
    assert outbox.due_s() == 320.0


@pytest.mark.behaviour(4)
@pytest.mark.req("E13.FR.04")
def test_after_the_last_attempt_it_is_a_dead_letter_and_the_next_goes_out():
    outbox = Outbox([StoredFact(1, 1, started(), attempts=2), StoredFact(2, 1, ended())])
    outbox.next(0.0)
    change = outbox.failed(1, 0.0, RETRY, "CALLERROR")
    assert isinstance(change, GivenUp)
    assert change.why == "CALLERROR"
    assert drained(outbox) == [ended()]


def test_a_status_that_fails_for_good_is_no_dead_letter():
    outbox = filled(status(ConnectorStatus.CHARGING))
    outbox.next(0.0)
    assert isinstance(outbox.failed(1, 0.0, Retry(1, 0.0), "why"), Removed)


def test_statuses_do_not_wait_behind_a_retry():
    outbox = filled(started(), status(ConnectorStatus.CHARGING))
    outbox.next(0.0)
    outbox.failed(1, 0.0, RETRY, "why")
    assert drained(outbox) == [status(ConnectorStatus.CHARGING)]


def test_a_lost_link_counts_no_attempt_and_marks_the_queue_as_offline():
    outbox = filled(started())
    outbox.next(0.0)
    outbox.link_lost(0.0, Retry(3, 60.0))
    again = outbox.next(0.0)
    assert again is not None
    assert (again.attempts, again.offline) == (0, True)


@pytest.mark.req("E11.FR.07")
def test_what_a_journal_kept_is_offline():
    one = Outbox([StoredFact(5, 1, started())]).next(0.0)
    assert one is not None
    assert one.offline


def test_a_lost_link_leaves_the_last_status_of_each_connector():
    outbox = filled(
        status(ConnectorStatus.PREPARING),
        status(ConnectorStatus.PREPARING, 2),
        status(ConnectorStatus.CHARGING),
    )
    assert [one.stored.id for one in outbox.link_lost(0.0, Retry(3, 60.0))] == [1]
    assert drained(outbox) == [status(ConnectorStatus.PREPARING, 2), status(ConnectorStatus.CHARGING)]


def test_a_dead_letter_that_is_sent_again_takes_its_old_place():
    outbox = Outbox([StoredFact(7, 1, ended())])
    outbox.add(StoredFact(3, 1, started()))
    assert drained(outbox) == [started(), ended()]


@pytest.mark.behaviour(7)
def test_a_full_outbox_drops_every_second_meter_update_of_each_transaction_beginning_with_the_first():
    facts = [started(), started("tx-2", evse=2)]
    for seq in range(1, 6):
        facts += [updated(seq), updated(seq, "tx-2", 2)]  # type: ignore[list-item]
    outbox = filled(*facts, capacity=len(facts))
    dropped = outbox.add(StoredFact(100, 1, ended(9)))
    assert [(one.stored.fact.tx, one.stored.fact.seq) for one in dropped] == [  # type: ignore[union-attr]
        ("tx-1", 1),
        ("tx-1", 3),
        ("tx-1", 5),
        ("tx-2", 1),
        ("tx-2", 3),
        ("tx-2", 5),
    ]


@pytest.mark.behaviour(7)
def test_what_is_missed_least_goes_first():
    change = updated(3, trigger=Trigger.CHARGING_STATE_CHANGED)
    facts = [started(), status(ConnectorStatus.PREPARING), status(ConnectorStatus.CHARGING), idle_reading(), updated(2)]
    outbox = filled(*facts, change, capacity=6)
    gone = [outbox.add(StoredFact(100 + number, 1, started(f"new-{number}"))) for number in range(4)]
    assert [[type(one.stored.fact).__name__ for one in some] for some in gone] == [
        ["ConnectorStatusChanged"],
        ["ReadingTaken"],
        ["TransactionUpdated"],
        ["TransactionUpdated"],
    ]
    assert gone[3][0].stored.fact == change


FACTS = st.one_of(
    st.builds(started, st.sampled_from(["a", "b"]), st.sampled_from([1, 2])),
    st.builds(updated, st.integers(1, 9), st.sampled_from(["a", "b"]), st.sampled_from([1, 2])),
    st.builds(lambda seq: updated(seq, token=TOKEN), st.integers(1, 9)),
    st.builds(ended, st.integers(2, 9), st.sampled_from(["a", "b"]), st.sampled_from([1, 2])),
    st.builds(status, st.sampled_from(ConnectorStatus), st.sampled_from([1, 2])),
    st.builds(idle_reading, st.sampled_from([1, 2])),
)


@given(st.lists(FACTS, max_size=40), st.integers(1, 20), st.randoms(use_true_random=False))
@pytest.mark.behaviour(7)
def test_nothing_is_lost_but_what_may_be_and_nothing_overtakes(
    facts: list[AnyFact], capacity: int, chance: random.Random
):
    outbox = Outbox(capacity=capacity)
    delivered: list[StoredFact] = []
    dead: list[int] = []
    dropped: list[StoredFact] = []
    now_s = 0.0
    numbered = [StoredFact(number, one.evse, one) for number, one in enumerate(facts, 1)]
    waiting = list(numbered)
    while waiting or len(outbox):
        now_s += chance.choice([1.0, 100.0])
        if waiting:
            dropped += [one.stored for one in outbox.add(waiting.pop(0))]
        one = outbox.next(now_s)
        if one is None:
            continue
        match chance.randrange(4):
            case 0:
                change = outbox.failed(one.id, now_s, Retry(2, 10.0), "why")
                if isinstance(change, GivenUp):
                    dead.append(change.stored.id)
                elif isinstance(change, Removed):
                    dropped.append(change.stored)
            case 1:
                dropped += [lost.stored for lost in outbox.link_lost(0.0, Retry(3, 60.0))]
            case _:
                outbox.delivered(one.id)
                delivered.append(one)
    told = [one.id for one in delivered]
    assert sorted([*told, *dead, *(one.id for one in dropped)]) == [one.id for one in numbered]
    for lane in (True, False):
        ids = [one.id for one in delivered if (type(one.fact).__name__ == "ConnectorStatusChanged") == lane]
        assert all(first < second for first, second in pairwise(ids))
    for one in dropped:
        assert not isinstance(one.fact, TransactionStarted | TransactionEnded)
        assert not (isinstance(one.fact, TransactionUpdated) and one.fact.token)


def test_a_message_under_which_the_link_breaks_again_and_again_is_given_up_and_the_next_goes_out():
    outbox = Outbox()
    outbox.add(StoredFact(1, 1, started()))
    outbox.add(StoredFact(2, 1, started("tx-2")))
    retry, now_s, changes = Retry(3, 60.0), 0.0, []
    for _ in range(MAX_DROPS + 2):
        now_s += 1000.0
        assert outbox.next(now_s).id == 1
        changes.append(outbox.link_lost(now_s, retry))
    assert changes[:MAX_DROPS] == [[]] * MAX_DROPS
    assert changes[MAX_DROPS:] == [[Tried(1, 1)], [Tried(1, 2)]]
    assert outbox.next(now_s + 1000.0).id == 1
    (given_up,) = outbox.link_lost(now_s + 1000.0, retry)
    assert isinstance(given_up, GivenUp)
    assert outbox.next(now_s + 2000.0).id == 2


def test_a_link_that_breaks_under_one_message_after_the_other_counts_no_attempts():
    outbox = Outbox()
    for fact_id in range(1, MAX_DROPS + 5):
        outbox.add(StoredFact(fact_id, 1, started()))
        assert outbox.next(0.0).id == fact_id
        assert outbox.link_lost(0.0, Retry(1, 60.0)) == []
        assert outbox.next(0.0).id == fact_id
        outbox.delivered(fact_id)


def test_a_message_that_the_csms_was_not_ready_for_has_its_turn_again_without_an_attempt():
    outbox = Outbox()
    outbox.add(StoredFact(1, 1, started()))
    assert outbox.next(0.0).id == 1
    outbox.released(1)
    assert outbox.next(0.0) == StoredFact(1, 1, started())


def test_a_status_that_did_not_last_is_never_told():
    outbox = Outbox()
    gone = [
        outbox.add(StoredFact(1, 1, status(ConnectorStatus.PREPARING)), 30.0),
        outbox.add(StoredFact(2, 2, status(ConnectorStatus.PREPARING, evse=2)), 31.0),
        outbox.add(StoredFact(3, 1, status(ConnectorStatus.CHARGING)), 35.0),
    ]
    assert [[one.stored.id for one in some] for some in gone] == [[], [], [1]]
    assert (outbox.next(30.9), outbox.due_s()) == (None, 31.0)
    assert [one.status for one in drained(outbox, 31.0)] == [ConnectorStatus.PREPARING]
    assert [one.status for one in drained(outbox, 35.0)] == [ConnectorStatus.CHARGING]


def test_only_statuses_have_to_last():
    outbox = Outbox()
    assert outbox.add(StoredFact(1, 1, started()), 30.0) == []
    assert drained(outbox, 0.0) == [started()]
