"""Who may charge, as far as the station can tell by itself: local list, cache, offline rules (OCPP 2.0.1 C01-C16)."""

from __future__ import annotations

from typing import Final

import msgspec

from agent.core.contract import CertificateVerdict, Contract
from agent.core.values import AuthInfo, AuthStatus, IdToken, TokenKind

# C02.FR.03, C03.FR.02, C05.FR.02: what the CSMS says of these is worth nothing next time. Key codes may be kept
# (C04.FR.03), but a code that opens charging does not belong on a disk: our policy.
NOT_CACHED: Final = frozenset({TokenKind.NO_AUTHORIZATION, TokenKind.CENTRAL, TokenKind.KEY_CODE})


class AuthRules(msgspec.Struct, frozen=True):
    """Settings of authorisation, by OCPP 1.6's key names where it has them.

    `list_asks_again`, `cache_asks_again`: online, an entry that does not accept leads to a question
    (DisablePostAuthorize false). `never_ask`: DisableRemoteAuthorization. `master_pass`: the group whose tokens stop
    any transaction and start none; empty: there is none. `cache_life_s`: how long an entry without an expiry lasts
    since it was last used; 0: for ever. `barred`: nobody may charge yet, whatever else is said here.
    """

    barred: bool = False
    enabled: bool = True
    local_authorize_offline: bool = True
    local_pre_authorize: bool = False
    allow_offline_for_unknown: bool = False
    cache_enabled: bool = True
    local_list_enabled: bool = True
    list_asks_again: bool = True
    cache_asks_again: bool = True
    never_ask: bool = False
    master_pass: str = ""
    cache_life_s: float = 0.0
    contract_offline: bool = False  # ContractValidationOffline
    contract_by_csms: bool = False  # CentralContractValidationAllowed


class Known(msgspec.Struct, frozen=True):
    """What the station has stored about a token."""

    in_list: AuthInfo | None = None
    in_cache: AuthInfo | None = None


def decide(
    token: IdToken,
    known: Known,
    rules: AuthRules,
    *,
    online: bool,
    now_utc_s: float,
    stops_group: str | None = None,
) -> AuthInfo | None:
    """The station's own verdict, or None when the CSMS must be asked.

    The local list goes before the cache (1.6 3.5.3, C13.FR.01). Online, an entry that accepts decides with
    LocalPreAuthorize, one that does not only where asking again is disabled; offline, with LocalAuthorizeOffline, and
    the rule for unknown tokens comes last. `stops_group`: the group of the driver whose session this token would stop;
    a stored member of it needs no question (C01.FR.03, C09.FR.07).
    """
    if rules.barred:
        return AuthInfo(AuthStatus.NO_ANSWER)
    if token.kind is TokenKind.NO_AUTHORIZATION or not rules.enabled:
        return AuthInfo(AuthStatus.ACCEPTED)
    stored, asks_again = _stored(known, rules, now_utc_s)
    if not online or rules.never_ask:
        return _alone(stored, rules)
    if stored is None:
        return None
    if not stored.accepted:
        return None if asks_again else stored
    same_group = stops_group is not None and stored.group == stops_group
    return stored if rules.local_pre_authorize or same_group else None


def decide_contract(
    token: IdToken, contract: Contract, known: Known, rules: AuthRules, *, online: bool, now_utc_s: float
) -> AuthInfo | None:
    """The station's own verdict on a contract, or None when the CSMS must be asked, as it is whenever it can be."""
    if contract.valid is False or (contract.valid is None and not (online and rules.contract_by_csms)):
        return AuthInfo(AuthStatus.INVALID, certificate=CertificateVerdict.CHAIN_ERROR)
    if online:
        return None  # C07.FR.01
    if not rules.contract_offline:
        return AuthInfo(AuthStatus.NO_ANSWER)  # C07.FR.07
    return decide(token, known, rules, online=False, now_utc_s=now_utc_s)  # C07.FR.09-12


def judged(info: AuthInfo, evse: int, rules: AuthRules) -> AuthInfo:
    """What a verdict means at this EVSE: it may be limited to others (C01.FR.21), or be a master pass's (C16)."""
    if info.accepted and info.evses and evse not in info.evses:
        return msgspec.structs.replace(info, status=AuthStatus.NOT_ALLOWED_HERE)
    is_master = bool(rules.master_pass) and info.group is not None and info.group == rules.master_pass
    return msgspec.structs.replace(info, master=is_master)


def _alone(stored: AuthInfo | None, rules: AuthRules) -> AuthInfo:
    """The verdict when nobody can or may be asked."""
    if stored is not None and (rules.local_authorize_offline or rules.never_ask):
        return stored
    # C15.FR.08: only a token that nothing is known of is "unknown"; one that is known to be blocked stays blocked.
    if stored is None and rules.allow_offline_for_unknown:
        return AuthInfo(AuthStatus.ACCEPTED)
    return AuthInfo(AuthStatus.NO_ANSWER)


def _stored(known: Known, rules: AuthRules, now_utc_s: float) -> tuple[AuthInfo | None, bool]:
    """The entry that counts, and whether one that does not accept leads to a question."""
    sources = (
        (known.in_list, rules.local_list_enabled, rules.list_asks_again),
        (known.in_cache, rules.cache_enabled, rules.cache_asks_again),
    )
    for info, enabled, asks_again in sources:
        if info is not None and enabled:
            if info.accepted and info.expires_utc_s is not None and info.expires_utc_s <= now_utc_s:
                # C14.FR.05: online, as if it did not stand there; offline it is no unknown token (C13.FR.06).
                return msgspec.structs.replace(info, status=AuthStatus.EXPIRED), True
            return info, asks_again
    return None, True
