"""Who may charge, as far as the station can tell by itself: local list, cache, offline rules (OCPP 2.0.1 C01-C16)."""

from __future__ import annotations

import msgspec

from agent.core.values import AuthInfo, AuthStatus, IdToken, TokenKind


class AuthRules(msgspec.Struct, frozen=True):
    """Settings of authorisation, by OCPP 1.6's key names."""

    local_authorize_offline: bool = True
    local_pre_authorize: bool = False
    allow_offline_for_unknown: bool = False
    cache_enabled: bool = True
    local_list_enabled: bool = True


class Known(msgspec.Struct, frozen=True):
    """What the station has stored about a token."""

    in_list: AuthInfo | None = None
    in_cache: AuthInfo | None = None


def decide(token: IdToken, known: Known, rules: AuthRules, *, online: bool, now_utc_s: float) -> AuthInfo | None:
    """The station's own verdict, or None when the CSMS must be asked.

    The local list goes before the cache (1.6 3.5.3, C13.FR.01). Online, an entry decides only with LocalPreAuthorize
    and only if it accepts; offline, with LocalAuthorizeOffline, and the rule for unknown tokens comes last.
    """
    if token.kind is TokenKind.NO_AUTHORIZATION:
        return AuthInfo(AuthStatus.ACCEPTED)
    stored = _stored(known, rules, now_utc_s)
    if online:
        return stored if rules.local_pre_authorize and stored is not None and stored.accepted else None
    if stored is not None and rules.local_authorize_offline:
        return stored
    # C15.FR.08: only a token that nothing is known of is "unknown"; one that is known to be blocked stays blocked.
    if stored is None and rules.allow_offline_for_unknown:
        return AuthInfo(AuthStatus.ACCEPTED)
    return AuthInfo(AuthStatus.NO_ANSWER)


def _stored(known: Known, rules: AuthRules, now_utc_s: float) -> AuthInfo | None:
    for info, enabled in ((known.in_list, rules.local_list_enabled), (known.in_cache, rules.cache_enabled)):
        if info is not None and enabled:
            if info.accepted and info.expires_utc_s is not None and info.expires_utc_s <= now_utc_s:
                return msgspec.structs.replace(info, status=AuthStatus.EXPIRED)
            return info
    return None
