"""Which CSMS is dialled, and with which credentials: every change is a trial that ends in the old or in the new."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.ocpp import network
from agent.ocpp.network import Dialling, Means, Password, Plan, PlanError, Profile, Spares, Why
from agent.ocpp.tls import Trouble

ALL = Means(csms_root=True, certificate=True, password=True)
OLD = Profile(url="ws://old/ocpp", security=1)
NEW = Profile(url="wss://new/ocpp", security=2)


def plan(**more: Any) -> Plan:
    fields: dict[str, Any] = {"origin": "", "slots": {0: OLD}, "priority": (0,), "active": 0}
    return Plan(**fields | more)


def slots_dialled(one: Dialling, attempts: int, trouble: Trouble = Trouble.UNREACHABLE) -> list[int]:
    found = []
    for _ in range(attempts):
        found.append(one.attempt.slot)
        one.failed(trouble, Spares())
    return found


# Dialling


@pytest.mark.req("B10.FR.03", "B10.FR.04", "B10.FR.07", "B10.FR.08")
def test_each_entry_gets_its_attempts_then_what_worked_last_and_then_all_begin_again():
    one = Dialling(plan(slots={0: OLD, 1: NEW, 2: NEW}, priority=(1, 2)), 2)
    assert slots_dialled(one, 8) == [1, 1, 2, 2, 0, 0, 1, 1]


def test_after_a_lost_connection_the_entry_that_was_in_use_comes_first():
    one = Dialling(plan(slots={0: OLD, 1: NEW}, priority=(1, 0)), 3, first=0)
    assert slots_dialled(one, 4) == [0, 0, 0, 1]


def test_an_only_entry_is_dialled_for_ever():
    assert slots_dialled(Dialling(plan(), 3), 10) == [0] * 10


@pytest.mark.req("A01.FR.03")
def test_a_refused_new_password_makes_way_for_the_old_one_at_once_and_is_tried_again_next_time():
    one = Dialling(plan(proposed=Password("new")), 3)
    assert not one.attempt.old_password
    assert one.failed(Trouble.REFUSED_PASSWORD, Spares())
    assert one.attempt.old_password
    assert not one.failed(Trouble.REFUSED_PASSWORD, Spares())
    assert not one.attempt.old_password


@pytest.mark.req("A02.FR.28")
def test_a_refused_new_certificate_makes_way_for_the_old_one_if_there_is_one():
    secured = plan(slots={0: replace(NEW, security=3)})
    one = Dialling(secured, 3)
    assert one.failed(Trouble.REFUSED_CERTIFICATE, Spares(certificate=True))
    assert one.attempt.old_certificate
    assert not Dialling(secured, 3).failed(Trouble.REFUSED_CERTIFICATE, Spares())


@pytest.mark.req("A02.FR.28")
def test_a_csms_that_refuses_without_a_word_is_called_with_the_old_credentials_every_other_round():
    one = Dialling(plan(slots={0: replace(NEW, security=3)}), 2)
    used = []
    for _ in range(6):
        used.append(one.attempt.old_certificate)
        one.failed(Trouble.UNREACHABLE, Spares(certificate=True))
    assert used == [False, False, True, True, False, False]


@pytest.mark.req("M05.FR.14", "M05.FR.15", "M05.FR.16")
def test_the_old_root_is_tried_at_the_csms_that_it_came_from_and_at_no_other():
    here = Dialling(plan(slots={0: NEW}), 3)
    assert here.failed(Trouble.CERTIFICATE, Spares(root=True))
    assert here.attempt.old_root
    elsewhere = Dialling(plan(slots={0: OLD, 1: NEW}, priority=(1, 0)), 3)
    assert not elsewhere.failed(Trouble.CERTIFICATE, Spares(root=True))


@given(
    st.lists(st.tuples(st.sampled_from(list(Trouble)), st.booleans(), st.booleans()), max_size=60),
    st.permutations([0, 1, 2]),
    st.integers(1, 4),
    st.booleans(),
)
def test_whatever_goes_wrong_every_entry_is_tried_again_and_at_once_never_for_ever(story, priority, attempts, proposed):
    slots = {0: OLD, 1: NEW, 2: replace(NEW, security=3)}
    one = Dialling(
        plan(slots=slots, priority=tuple(priority), proposed=Password("new") if proposed else None), attempts
    )
    at_once = 0
    for trouble, certificate, root in story:
        assert one.attempt.slot in slots
        at_once = at_once + 1 if one.failed(trouble, Spares(certificate, root)) else 0
        assert at_once <= 3
    assert set(slots_dialled(one, 4 * attempts)) == set(slots)


# What a connection proves


@pytest.mark.req("A05.FR.06")
def test_a_higher_profile_that_connected_takes_the_lower_ones_with_it():
    start = plan(slots={0: OLD, 1: NEW}, priority=(1, 0))
    done = network.connected(start, Dialling(start, 3).attempt)
    assert (done.active, done.security, done.priority, set(done.slots)) == (1, 2, (1,), {1})


def test_the_old_profile_connecting_keeps_everything_as_it_was():
    start = plan(slots={0: OLD, 1: NEW}, priority=(1, 0))
    done = network.connected(start, Dialling(start, 3, first=0).attempt)
    assert done == start


def test_a_password_that_connected_is_the_password_and_one_that_did_not_is_forgotten():
    start = plan(password=Password("old"), proposed=Password("new"))
    one = Dialling(start, 3)
    assert network.connected(start, one.attempt).passwords == {"new"}
    one.failed(Trouble.REFUSED_PASSWORD, Spares())
    assert network.connected(start, one.attempt).passwords == {"old"}


@pytest.mark.req("A05.FR.08")
def test_a_raised_profile_whose_trial_another_connection_ended_is_dropped():
    trial = network.raised(plan(), 2, None, ALL)
    assert trial.slots[trial.priority[0]].url == "wss://old/ocpp"
    back = network.connected(trial, Dialling(trial, 3, first=0).attempt)
    assert (back.priority, set(back.slots), back.trial, back.security) == ((0,), {0}, None, 1)
    proved = network.connected(trial, Dialling(trial, 3).attempt)
    assert (proved.security, len(proved.slots), proved.trial) == (2, 1, None)


# What is refused


@pytest.mark.req("B09.FR.02")
@pytest.mark.parametrize(
    "profile",
    [
        Profile(url="http://csms/", security=1),
        Profile(url="ws://", security=1),
        Profile(url="ws://user:pw@csms/", security=1),
        Profile(url="ws://csms/?a=b", security=1),
        Profile(url="ws://csms:99999/", security=1),
        Profile(url="ws://[csms/", security=1),
        Profile(url=f"ws://{'c' * 600}/", security=1),
        Profile(url="ws://csms/", security=2),
        Profile(url="wss://csms/", security=1),
        Profile(url="ws://csms/", security=0),
        Profile(url="wss://csms/", security=4),
        Profile(url="ws://csms/", security=-1),
    ],
)
def test_a_profile_that_cannot_work_is_refused(profile):
    with pytest.raises(PlanError) as refused:
        network.with_slot(plan(), 1, profile, ALL)
    assert refused.value.reason == Why.INVALID


@pytest.mark.req("A00.FR.005", "B09.FR.04", "B09.FR.05")
def test_a_lower_profile_and_a_slot_that_is_not_there_are_refused():
    secure = plan(slots={0: NEW})
    with pytest.raises(PlanError) as refused:
        network.with_slot(secure, 1, OLD, ALL)
    assert refused.value.reason == Why.DOWNGRADE
    with pytest.raises(PlanError) as refused:
        network.with_slot(secure, 9, NEW, ALL)
    assert refused.value.reason == Why.SLOT


@pytest.mark.req("A05.FR.08", "A05.FR.09", "A05.FR.10", "B09.FR.31")
@pytest.mark.parametrize(("allowed", "to", "taken"), [(True, 2, True), (True, 1, False), (False, 2, False)])
def test_from_3_back_to_2_only_where_the_operator_allows_it_and_never_to_1(allowed, to, taken):
    top = plan(slots={0: replace(NEW, security=3)})
    lower = NEW if to == 2 else OLD
    means = replace(ALL, downgrade=allowed)
    if taken:
        filled = network.with_slot(top, 1, lower, means)
        assert network.with_priority(filled, (1, 0), means).priority == (1, 0)
    else:
        with pytest.raises(PlanError):
            network.with_slot(top, 1, lower, means)


@pytest.mark.req("A05.FR.02", "A05.FR.03", "B10.FR.02")
@pytest.mark.parametrize("missing", ["csms_root", "certificate", "password"])
def test_a_higher_profile_needs_its_means_before_it_is_tried(missing):
    start = plan(slots={0: replace(OLD, security=0), 1: replace(NEW, security=3), 2: OLD})
    wanted = (2,) if missing == "password" else (1,)
    assert network.with_priority(start, wanted, ALL).priority == wanted
    with pytest.raises(PlanError):
        network.with_priority(start, wanted, replace(ALL, **{missing: False}))


@pytest.mark.req("B10.FR.02")
@pytest.mark.parametrize("priority", [(), (0, 0), (0, 3), (7,)])
def test_an_order_of_slots_that_are_empty_or_named_twice_is_refused(priority):
    with pytest.raises(PlanError):
        network.with_priority(plan(), priority, ALL)


@pytest.mark.req("A05.FR.01")
@pytest.mark.parametrize("security", [0, 1, 4])
def test_1_6_raises_the_profile_and_does_nothing_else(security):
    with pytest.raises(PlanError):
        network.raised(plan(), security, None, ALL)


@pytest.mark.req("A05.FR.06")
def test_a_slot_that_is_filled_anew_raises_the_profile_when_it_has_connected_and_not_before():
    anew = network.with_slot(network.raised(plan(), 2, None, ALL), 0, replace(NEW, security=3), ALL)
    assert anew.security == 1
    assert network.connected(anew, Dialling(anew, 1).attempt).security == 2  # the one on trial comes first
    assert network.connected(anew, Dialling(anew, 1, first=0).attempt).security == 3


def test_a_profile_that_is_raised_again_and_again_takes_one_slot_and_without_a_free_one_it_is_refused():
    first = network.raised(plan(), 2, None, ALL)
    assert network.raised(first, 2, None, ALL) == first
    full = plan(slots=dict.fromkeys(network.SLOTS, OLD), priority=tuple(network.SLOTS))
    with pytest.raises(PlanError, match="every slot is in use"):
        network.raised(full, 2, None, ALL)


# Stories: random changes and connections. Whatever happens, there is a way to dial, and the profile never falls.

PROFILES = (
    OLD,
    NEW,
    Profile(url="ws://other/", security=1),
    Profile(url="wss://third/", security=3),
)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("slot"), st.integers(0, 4), st.sampled_from(PROFILES)),
            st.tuples(st.just("priority"), st.lists(st.integers(0, 4), max_size=4), st.none()),
            st.tuples(st.just("raise"), st.integers(0, 4), st.none()),
            st.tuples(st.just("password"), st.none(), st.none()),
            st.tuples(st.just("connect"), st.integers(0, 12), st.sampled_from(list(Trouble))),
            st.tuples(st.just("restart"), st.none(), st.none()),
        ),
        max_size=30,
    )
)
def test_in_any_story_there_is_a_way_to_dial_and_the_security_profile_never_falls(story):
    now, before = plan(), 1
    for number, (what, first, second) in enumerate(story):
        try:
            match what:
                case "slot":
                    now = network.with_slot(now, first, second, ALL)
                case "priority":
                    now = network.with_priority(now, tuple(first), ALL)
                case "raise":
                    now = network.raised(now, first, None, ALL)
                case "password":
                    now = network.with_password(now, Password(f"p{number}"))
                case "connect":
                    dialling = Dialling(now, 2)
                    for _ in range(first):
                        dialling.failed(second, Spares(certificate=True, root=True))
                    now = network.connected(now, dialling.attempt)
                case "restart":
                    now = msgspec.json.decode(msgspec.json.encode(now), type=Plan)
        except PlanError:
            continue
        assert now.security >= before
        before = now.security
        assert Dialling(now, 1).attempt.profile.security >= 1
        assert set(now.priority) <= set(now.slots)
