from __future__ import annotations

import pytest

from agent.core.authorize import AuthRules, Known, decide
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
