"""Identifiers, verdicts and texts for the driver as 2.x writes them."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET

from agent.core.contract import Contract
from agent.core.values import AuthInfo, AuthStatus, IdToken, TokenKind
from agent.ocpp.costs import Content, CostTold, MessageTold, Told
from agent.ocpp.dialect import given
from agent.ocpp.stamps import from_wire

MOST_PRIORITY: Final = 9  # IdTokenInfoType.chargingPriority
# Finer than the station tells them apart: wrong EVSE type, wrong time.
NOT_HERE: Final = frozenset({"NotAllowedTypeEVSE", "NotAtThisTime"})


def token_kind(kind: str) -> TokenKind:
    """2.1 leaves the list of types open: a type that is not known here is the CSMS's own business."""
    return TokenKind(kind) if kind in set(TokenKind) else TokenKind.CENTRAL


def token_of(token: Any) -> IdToken:
    """What an IdTokenType means."""
    return IdToken(token.idToken, token_kind(token.type))


def token_fields(token: IdToken) -> dict[str, Any]:
    """An IdTokenType."""
    value = "" if token.kind is TokenKind.NO_AUTHORIZATION else token.value  # C02.FR.01
    return {"idToken": value, "type": str(token.kind)}


def contract_fields(contract: Contract | None) -> dict[str, Any]:
    """What AuthorizeRequest says of a contract (C07.FR.02, C07.FR.06)."""
    if contract is None:
        return {}
    hashes = [
        {
            "hashAlgorithm": one.algorithm,
            "issuerNameHash": one.issuer_name_hash,
            "issuerKeyHash": one.issuer_key_hash,
            "serialNumber": one.serial,
            "responderURL": one.responder_url,
        }
        for one in contract.hashes
    ]
    return {"iso15118CertificateHashData": hashes or None, "certificate": contract.chain_pem}


def verdict_of(info: Any) -> AuthInfo:
    """What an IdTokenInfoType means."""
    group = given(info.groupIdToken)
    expires = given(info.cacheExpiryDateTime)
    status = AuthStatus.NOT_ALLOWED_HERE if info.status in NOT_HERE else AuthStatus(info.status)
    languages = (given(info.language1), given(info.language2))
    return AuthInfo(
        status,
        group.idToken if group else None,
        from_wire(expires) if expires else None,
        evses=tuple(given(info.evseId) or ()),
        languages=tuple(one for one in languages if one),
        priority=_priority(given(info.chargingPriority)) or 0,  # K03.FR.06
    )


def priority_of(response: Any) -> int | None:
    """What a TransactionEventResponse says of the transaction's priority, or of its driver's (K03.FR.05)."""
    info, own = given(response.idTokenInfo), _priority(given(response.chargingPriority))
    return own if own is not None or info is None else _priority(given(info.chargingPriority))


def _priority(value: int | None) -> int | None:
    return None if value is None else max(-MOST_PRIORITY, min(value, MOST_PRIORITY))


def told_of(response: Any, token: IdToken | None, tx: str | None = None, *, final: bool = False) -> tuple[Told, ...]:
    """What an answer to Authorize or TransactionEvent says of money, and to the driver (C01.FR.10, I01-I03)."""
    found: list[Told] = []
    info = given(getattr(response, "idTokenInfo", UNSET))
    cost = given(getattr(response, "totalCost", UNSET))
    personal = given(getattr(response, "updatedPersonalMessage", UNSET)) or (info and given(info.personalMessage))
    if tx is not None and cost is not None:
        found.append(CostTold(tx, cost, final=final))
    if personal is not None:
        content = Content(personal.content, str(personal.format), given(personal.language))
        found.append(MessageTold(content, tx, token))
    return tuple(found)
