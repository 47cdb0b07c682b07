"""What charging profiles say of an EVSE at a moment, as one source of its limit, and what it gives without them."""

from __future__ import annotations

from collections.abc import Iterable

from agent.core.dc_limits import most_a
from agent.core.limits import MAX_OFFER_A, LimitInput, LimitSource
from agent.core.schedule import Profile, Situation, dc_limit_at, limit_at
from agent.core.session import Session
from hal.types import DcRatings, EvseCapabilities


def limit_said(profiles: Iterable[Profile], here: Situation, supply: DcRatings | None, now_utc_s: float) -> LimitInput:
    """The prevailing profiles' limit, or none: of a DC `supply` a current and a power, side by side."""
    every = tuple(profiles)
    if supply is None:
        active = limit_at(every, here, now_utc_s)
        return LimitInput(LimitSource.OCPP, MAX_OFFER_A if active is None else active.current_a)
    amps, watts = dc_limit_at(every, here, now_utc_s)
    return LimitInput(LimitSource.OCPP, supply.max_current_a if amps is None else amps, power_w=watts)


def current_said(profiles: Iterable[Profile], situation: Situation, now_utc_s: float) -> float | None:
    """The current that profiles leave at a moment; None: none limits anything."""
    active = limit_at(profiles, situation, now_utc_s)
    return None if active is None else active.current_a


def most_said(session: Session, can: EvseCapabilities) -> float:
    """What an EVSE can give by itself."""
    if can.dc is not None:
        return most_a(can.dc, session.reference_v)
    limits = (one.current_a for one in session.limits if one.source is LimitSource.BOARD)
    return min(limits, default=can.max_current_a)
