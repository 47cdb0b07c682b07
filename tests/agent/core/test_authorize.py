from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.authorize import AuthRules, Known, decide, judged
from agent.core.values import AuthInfo, AuthStatus, IdToken, TokenKind

TOKEN = IdToken("AABB")
GOOD = AuthInfo(AuthStatus.ACCEPTED, group="g")
BAD = AuthInfo(AuthStatus.BLOCKED)


def verdict(known=None, rules=None, *, online=False, token=TOKEN, now_utc_s=0.0):
    return decide(token, known or Known(), rules or AuthRules(), online=online, now_utc_s=now_utc_s)


def test_online_the_csms_is_asked():
    assert verdict(Known(in_cache=GOOD), online=True) is None


def test_local_pre_authorisation_spares_the_question_only_for_an_accepted_token():
    rules = AuthRules(local_pre_authorize=True)
    assert verdict(Known(in_cache=GOOD), rules, online=True) == GOOD
    assert verdict(Known(in_cache=BAD), rules, online=True) is None


@pytest.mark.req("C13.FR.01")
def test_the_local_list_goes_before_the_cache():
    assert verdict(Known(in_list=BAD, in_cache=GOOD)) == BAD


def test_offline_a_known_token_charges_only_where_local_authorisation_is_allowed():
    assert verdict(Known(in_cache=GOOD)) == GOOD
    assert verdict(Known(in_cache=GOOD), AuthRules(local_authorize_offline=False)).status is AuthStatus.NO_ANSWER


def test_offline_a_stranger_is_refused_unless_the_operator_allows_strangers():
    assert not verdict().accepted
    assert verdict(rules=AuthRules(allow_offline_for_unknown=True)).accepted


@pytest.mark.req("C15.FR.08")
def test_the_rule_for_strangers_does_not_admit_a_token_known_to_be_blocked():
    assert verdict(Known(in_cache=BAD), AuthRules(allow_offline_for_unknown=True)) == BAD


def test_an_expired_entry_is_expired_also_when_strangers_are_allowed():
    old = AuthInfo(AuthStatus.ACCEPTED, expires_utc_s=100.0)
    rules = AuthRules(allow_offline_for_unknown=True)
    assert verdict(Known(in_cache=old), rules, now_utc_s=99.0).accepted
    assert verdict(Known(in_cache=old), rules, now_utc_s=100.0).status is AuthStatus.EXPIRED


def test_a_disabled_cache_knows_nobody():
    assert not verdict(Known(in_cache=GOOD), AuthRules(cache_enabled=False)).accepted


def test_free_vend_needs_nobodys_word():
    assert verdict(token=IdToken("", TokenKind.NO_AUTHORIZATION), online=True).accepted


# Every combination of the rules, against a second account of them


def allowed_by_the_book(
    in_list: AuthInfo | None, in_cache: AuthInfo | None, rules: AuthRules, *, online: bool, now_utc_s: float
) -> str:
    """ "yes", "no" or "ask": the specification's paragraphs, told one after another (1.6 3.4, 3.5; 2.0.1 C10-C15)."""
    counts = [one for one, used in ((in_list, rules.local_list_enabled), (in_cache, rules.cache_enabled)) if used]
    entry = next((one for one in counts if one is not None), None)
    in_force = entry is not None and (entry.expires_utc_s is None or entry.expires_utc_s > now_utc_s)
    good = entry is not None and in_force and entry.status is AuthStatus.ACCEPTED
    lapsed = entry is not None and not in_force and entry.status is AuthStatus.ACCEPTED
    if online:
        if good:
            return "yes" if rules.local_pre_authorize else "ask"
        if entry is None or lapsed:
            return "ask"
        from_list = in_list is not None and rules.local_list_enabled
        return "ask" if (rules.list_asks_again if from_list else rules.cache_asks_again) else "no"
    if entry is None:
        return "yes" if rules.allow_offline_for_unknown else "no"
    return "yes" if good and rules.local_authorize_offline else "no"


stored = st.none() | st.builds(
    AuthInfo, st.sampled_from(list(AuthStatus)), expires_utc_s=st.sampled_from([None, 50.0, 150.0])
)
FLAGS = (
    "local_authorize_offline",
    "local_pre_authorize",
    "allow_offline_for_unknown",
    "cache_enabled",
    "local_list_enabled",
    "list_asks_again",
    "cache_asks_again",
)


@pytest.mark.req("C13.FR.02")
@pytest.mark.req("C13.FR.05")
@pytest.mark.req("C13.FR.06")
@pytest.mark.req("C14.FR.04")
@pytest.mark.req("C14.FR.05")
@pytest.mark.req("C12.FR.05")
@settings(deadline=None)
@given(stored, stored, st.booleans(), st.tuples(*[st.booleans()] * len(FLAGS)))
def test_every_combination_of_the_rules_decides_as_the_book_says(in_list, in_cache, online, flags):
    rules = AuthRules(**dict(zip(FLAGS, flags, strict=True)))
    found = verdict(Known(in_list, in_cache), rules, online=online, now_utc_s=100.0)
    said = "ask" if found is None else ("yes" if found.accepted else "no")
    assert said == allowed_by_the_book(in_list, in_cache, rules, online=online, now_utc_s=100.0)


@pytest.mark.req("C01.FR.03")
@pytest.mark.req("C09.FR.07")
def test_a_stored_token_of_the_drivers_group_needs_no_question_to_stop_him():
    assert decide(TOKEN, Known(in_cache=GOOD), AuthRules(), online=True, now_utc_s=0.0, stops_group="g") == GOOD
    assert decide(TOKEN, Known(in_cache=GOOD), AuthRules(), online=True, now_utc_s=0.0, stops_group="h") is None


@pytest.mark.octt("TC_C_57_CS")
@pytest.mark.octt("TC_C_58_CS")
def test_where_asking_again_is_disabled_a_stored_refusal_stands():
    rules = AuthRules(cache_asks_again=False, list_asks_again=False)
    assert verdict(Known(in_cache=BAD), rules, online=True) == BAD
    assert verdict(Known(in_list=BAD), rules, online=True) == BAD


def test_where_remote_authorisation_is_disabled_nobody_is_asked():
    rules = AuthRules(never_ask=True)
    assert verdict(Known(in_list=GOOD), rules, online=True) == GOOD
    assert verdict(rules=rules, online=True).status is AuthStatus.NO_ANSWER


def test_where_authorisation_is_disabled_a_token_is_good_as_it_comes():
    assert verdict(Known(in_list=BAD), AuthRules(enabled=False), online=True).accepted


@pytest.mark.req("C01.FR.21")
def test_a_verdict_for_other_evses_does_not_hold_here():
    only_2 = AuthInfo(AuthStatus.ACCEPTED, evses=(2,))
    assert judged(only_2, 1, AuthRules()).status is AuthStatus.NOT_ALLOWED_HERE
    assert judged(only_2, 2, AuthRules()).accepted


@pytest.mark.req("C16.FR.03")
@pytest.mark.parametrize(("group", "configured", "is_one"), [("m", "m", True), ("m", "", False), (None, "", False)])
def test_a_master_pass_is_a_token_of_the_configured_group(group, configured, is_one):
    info = AuthInfo(AuthStatus.ACCEPTED, group=group)
    assert judged(info, 1, AuthRules(master_pass=configured)).master is is_one
