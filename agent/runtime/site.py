"""Shares the site's fuse among the EVSEs: watches who wants current and sets each one's limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agent.core.events import LimitSet
from agent.core.limits import LimitInput, LimitSource
from agent.core.session import Phase, Session
from agent.core.sharing import Allocation, Claim, SharingRule, advance, share

WANTING = frozenset({Phase.READY, Phase.STARTING, Phase.CHARGING, Phase.EASING})


class Site:
    """One fuse, in ampere per phase, and the EVSEs behind it."""

    def __init__(self, fuse_a: float, rule: SharingRule, max_a: dict[int, float], priority: dict[int, int]) -> None:
        self._fuse_a = fuse_a
        self._rule = rule
        self._max_a = max_a
        self._priority = priority
        self._post: Callable[[int, LimitSet], None]
        self._since: dict[int, float] = {}
        self._allocation = Allocation({}, {})
        self._told: dict[int, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self, post: Callable[[int, LimitSet], None]) -> None:
        """Tell every EVSE that it has nothing until it asks."""
        self._post = post
        self._apply()

    def watch(self, session: Session) -> None:
        """See how a session stands; shares again when one begins or ends to want current."""
        wants = session.phase in WANTING and session.driver is not None and session.stop is None
        known = session.evse in self._since
        if wants and not known:
            self._since[session.evse] = asyncio.get_running_loop().time()
            self._apply()
        elif not wants and known and not session.contactor_closed:
            del self._since[session.evse]
            self._apply()

    def close(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()

    def _apply(self) -> None:
        loop = asyncio.get_running_loop()
        claims = [Claim(evse, self._max_a[evse], since, self._priority[evse]) for evse, since in self._since.items()]
        target = dict.fromkeys(self._max_a, 0.0) | share(self._fuse_a, claims, self._rule)
        self._allocation, due_s = advance(loop.time(), self._fuse_a, self._allocation, target)
        for evse, current_a in self._allocation.granted_a.items():
            if self._told.get(evse) != current_a:
                self._told[evse] = current_a
                self._post(evse, LimitSet(LimitInput(LimitSource.SITE_FUSE, current_a)))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due_s is not None:
            self._timer = loop.call_at(due_s, self._apply)
