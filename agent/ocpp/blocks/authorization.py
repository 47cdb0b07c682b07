"""Authorization (2.0.1 C01, 1.6 §4.1): put a token before the CSMS. What the station itself knows is not asked here."""

from __future__ import annotations

import logging

from agent.core.values import AuthInfo, IdToken
from agent.ocpp.calls import CallFailedError, Calls, LinkLostError

_log = logging.getLogger(__name__)


async def authorize(calls: Calls, token: IdToken) -> AuthInfo | None:
    """The CSMS's verdict; None when it gave none, or when this version cannot say the token."""
    try:
        request = calls.dialect.authorize(token)
        return calls.dialect.verdict(await calls.call(request))
    except (CallFailedError, LinkLostError, ValueError) as error:
        _log.warning("the CSMS gave no verdict on a token: %s", error)
        return None
