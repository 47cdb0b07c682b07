"""The local authorisation list: what each kind of update makes of it, against a list kept by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.local_list import ListEntry, ListUpdate, ListVerdict, LocalList, updated
from agent.core.values import AuthInfo, AuthStatus, IdToken

GOOD = AuthInfo(AuthStatus.ACCEPTED)
BAD = AuthInfo(AuthStatus.BLOCKED)


def full(version: int, **infos: AuthInfo | None) -> ListUpdate:
    return ListUpdate(version, True, tuple(ListEntry(IdToken(key), info) for key, info in infos.items()))


def differential(version: int, **infos: AuthInfo | None) -> ListUpdate:
    return ListUpdate(version, False, full(version, **infos).entries)


def names(local: LocalList) -> dict[str, AuthStatus]:
    return {one.token.value: one.info.status for one in local.entries.values()}


def after(*updates: ListUpdate) -> LocalList:
    local = LocalList()
    for update in updates:
        verdict, local = updated(local, update, 100)
        assert verdict is ListVerdict.ACCEPTED
    return local


@pytest.mark.req("D01.FR.15")
def test_a_full_update_replaces_the_list_whatever_its_version():
    local = after(full(5, A=GOOD, B=GOOD), full(2, C=BAD))
    assert (local.version, names(local)) == (2, {"C": AuthStatus.BLOCKED})


@pytest.mark.req("D01.FR.16")
@pytest.mark.req("D01.FR.17")
def test_a_differential_update_adds_changes_and_removes():
    local = after(full(1, A=GOOD, B=GOOD), differential(2, A=BAD, B=None, C=GOOD, D=None))
    assert names(local) == {"A": AuthStatus.BLOCKED, "C": AuthStatus.ACCEPTED}
    assert local.version == 2


@pytest.mark.req("D01.FR.04")
@pytest.mark.req("D01.FR.05")
def test_an_update_without_tokens_empties_the_list_or_changes_its_version_only():
    assert names(after(full(1, A=GOOD), differential(2))) == {"A": AuthStatus.ACCEPTED}
    emptied = after(full(1, A=GOOD), full(2))
    assert (emptied.version, names(emptied)) == (2, {})


@pytest.mark.req("D01.FR.19")
@pytest.mark.parametrize("version", [4, 5])
def test_a_differential_update_that_is_not_newer_changes_nothing(version):
    before = after(full(5, A=GOOD))
    assert updated(before, differential(version, B=GOOD), 100) == (ListVerdict.VERSION_MISMATCH, before)


@pytest.mark.req("D01.FR.06")
@pytest.mark.req("D01.FR.18")
@pytest.mark.parametrize(
    "update",
    [
        full(0, A=GOOD),
        full(-1, A=GOOD),
        full(6, A=GOOD, a=BAD),
        full(6, A=None),
        differential(6, A=GOOD, a=None),
        full(6, A=GOOD, B=GOOD, C=GOOD, D=GOOD),
    ],
    ids=["version 0", "negative version", "a token twice", "no verdict", "twice, differently", "too long"],
)
def test_an_update_that_makes_no_sense_fails_as_a_whole(update):
    before = after(full(5, A=GOOD))
    assert updated(before, update, 3) == (ListVerdict.FAILED, before)


lines = st.dictionaries(st.sampled_from("ABCDEF"), st.sampled_from([GOOD, BAD, None]), max_size=6)


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans(), lines), max_size=12))
def test_any_row_of_updates_leaves_the_list_that_one_keeps_by_hand(updates):
    local, version, by_hand = LocalList(), 0, {}
    for number, is_full, drawn in updates:
        infos = {key: info or BAD for key, info in drawn.items()} if is_full else drawn
        update = full(number, **infos) if is_full else differential(number, **infos)
        verdict, local = updated(local, update, 100)
        if is_full or number > version:
            assert verdict is ListVerdict.ACCEPTED
            version = number
            by_hand = ({} if is_full else by_hand) | infos
            by_hand = {key: info for key, info in by_hand.items() if info is not None}
        else:
            assert verdict is ListVerdict.VERSION_MISMATCH
    assert (local.version, names(local)) == (version, {key: info.status for key, info in by_hand.items()})
