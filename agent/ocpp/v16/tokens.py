"""Identifiers and verdicts as 1.6 writes them."""

from __future__ import annotations

from typing import Any

from agent.core.values import AuthInfo, AuthStatus, IdToken
from agent.ocpp.dialect import given
from agent.ocpp.stamps import from_wire


def card(id_tag: str) -> IdToken:
    """1.6 does not say where an identifier comes from: it is taken for a card's, and judged like one."""
    return IdToken(id_tag)


def verdict_of(info: Any) -> AuthInfo:
    """What an IdTagInfo means."""
    expires = given(info.expiryDate)
    return AuthInfo(AuthStatus(info.status), given(info.parentIdTag), from_wire(expires) if expires else None)
