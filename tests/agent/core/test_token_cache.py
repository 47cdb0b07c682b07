"""The authorisation cache: what it knows, for how long, and what makes room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.authorize import AuthRules, Known, decide
from agent.core.token_cache import CachedToken, Policy, TokenCache, bytes_of
from agent.core.values import AuthInfo, AuthStatus, IdToken

GOOD = AuthInfo(AuthStatus.ACCEPTED)
BAD = AuthInfo(AuthStatus.BLOCKED)
ROOMY = 100_000


def card(number: int) -> IdToken:
    return IdToken(f"CARD{number:04d}")


def room_for(entries: int) -> int:
    sample = CachedToken("cache", card(1), GOOD, used_utc_s=1.0, since_utc_s=1.0)
    return bytes_of(sample) * entries + 8


def cache_of(*infos: AuthInfo, policy: Policy = Policy.LRU) -> TokenCache:
    """Cards 0, 1, 2... learnt one second after another, in a cache that is full with them."""
    cache = TokenCache({}, max_bytes=room_for(len(infos)))
    for n, info in enumerate(infos):
        cache.learn(card(n), info, policy, float(n + 1))
    assert len(cache) == len(infos)
    return cache


def kept(cache: TokenCache) -> set[str]:
    return {one.token.value for one in cache}


@pytest.mark.req("C10.FR.01")
@pytest.mark.req("C10.FR.04")
def test_the_latest_verdict_is_kept_whatever_it_is_and_in_any_case_of_letters():
    cache = TokenCache({}, max_bytes=ROOMY)
    cache.learn(IdToken("aabb"), GOOD, Policy.LRU, 1.0)
    cache.learn(IdToken("AABB"), BAD, Policy.LRU, 2.0)
    assert len(cache) == 1
    assert cache.find(IdToken("aAbB"), 0.0) == BAD


@pytest.mark.req("C10.FR.07")
@pytest.mark.parametrize("policy", list(Policy))
def test_what_does_not_accept_makes_room_first(policy):
    cache = cache_of(GOOD, GOOD, BAD, GOOD, policy=policy)
    _, gone = cache.learn(card(9), GOOD, policy, 9.0)
    assert gone == (card(2),)


@pytest.mark.req("C10.FR.07")
@pytest.mark.parametrize(("policy", "victim"), [(Policy.LRU, 1), (Policy.LFU, 2), (Policy.FIFO, 0)], ids=str)
def test_among_equals_the_policy_decides(policy, victim):
    cache = cache_of(GOOD, GOOD, GOOD, policy=policy)
    cache.used(card(1), 10.0)
    cache.used(card(1), 11.0)
    cache.used(card(2), 20.0)
    cache.used(card(0), 21.0)
    cache.used(card(0), 22.0)
    _, gone = cache.learn(card(9), GOOD, policy, 30.0)
    assert gone == (card(victim),)


@pytest.mark.req("C10.FR.08")
@pytest.mark.octt("TC_C_46_CS")
def test_an_entry_without_an_expiry_lives_for_its_life_time_since_it_was_last_used():
    cache = TokenCache({}, max_bytes=ROOMY)
    cache.learn(card(1), GOOD, Policy.LRU, 100.0)
    cache.used(card(1), 150.0)
    rules = AuthRules(local_pre_authorize=True)
    assert decide(card(1), Known(in_cache=cache.find(card(1), 60.0)), rules, online=True, now_utc_s=209.0) is not None
    assert decide(card(1), Known(in_cache=cache.find(card(1), 60.0)), rules, online=True, now_utc_s=210.0) is None


@pytest.mark.req("C10.FR.13")
def test_the_expiry_that_the_csms_gave_goes_before_the_life_time():
    cache = TokenCache({}, max_bytes=ROOMY)
    cache.learn(card(1), AuthInfo(AuthStatus.ACCEPTED, expires_utc_s=500.0), Policy.LRU, 100.0)
    info = cache.find(card(1), 10.0)
    assert info is not None
    assert info.expires_utc_s == 500.0


steps = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from([GOOD, BAD]), st.sampled_from(list(Policy)), st.booleans()),
    max_size=60,
)


@given(steps)
def test_it_never_grows_beyond_its_room_counts_right_and_keeps_what_it_has_just_learnt(sequence):
    limit = room_for(5)
    cache = TokenCache({}, max_bytes=limit)
    journal: dict[str, CachedToken] = {}
    for n, (number, info, policy, use) in enumerate(sequence):
        entry, gone = (cache.used(card(number), float(n)), ()) if use else cache.learn(card(number), info, policy, n)
        if entry is not None:
            journal[entry.token.value.casefold()] = entry
        for token in gone:
            del journal[token.value.casefold()]
        assert {one.token.value.casefold() for one in cache} == set(journal)
        assert cache.used_bytes == sum(bytes_of(one) for one in journal.values())
        assert cache.used_bytes <= limit or len(cache) == 1
        if not use:
            assert cache.find(card(number), 0.0) == info
    again = TokenCache(journal, max_bytes=limit)
    assert again.used_bytes == cache.used_bytes
