"""Shares what the EVSEs may draw together: watches who wants current, and sets each one's limit.

Whoever limits the whole station (the fuse, the CSMS, the grid) has a cap of its own here, shared by the same rule; the
resolver takes the lowest of the shares, and names whose it is.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping

from agent.core.events import LimitSet
from agent.core.limits import MAX_OFFER_A, MIN_OFFER_A, LimitInput, LimitSource
from agent.core.session import Phase, Session
from agent.core.sharing import Allocation, Claim, SharingRule, advance, share

WANTING = frozenset({Phase.READY, Phase.STARTING, Phase.CHARGING, Phase.EASING})
Tell = Callable[[int, LimitSet], None]


class Site:
    """The EVSEs that share, and the caps that they share; currents in ampere per phase."""

    def __init__(self, rule: SharingRule, max_a: Mapping[int, float], priority: Mapping[int, int]) -> None:
        self._rule = rule
        self._max_a = dict(max_a)
        self._priority = dict(priority)
        self._least_a: dict[int, float] = {}
        self._since: dict[int, float] = {}
        self._rank: dict[int, int] = {}
        self._caps: dict[LimitSource, _Cap] = {}
        self._post: Tell | None = None

    def start(self, post: Tell) -> None:
        """Tell every EVSE that it has nothing until it asks."""
        self._post = post
        for cap in self._caps.values():
            self._share(cap)

    def close(self) -> None:
        """Stop looking."""
        for cap in self._caps.values():
            cap.cancel()

    def limit(self, source: LimitSource, total_a: float | None, own_a: Mapping[int, float] | None = None) -> None:
        """Let a source limit all EVSEs together (None: it does not), and some of them (`own_a`) by themselves."""
        cap = self._caps.setdefault(source, _Cap(source))
        if (cap.total_a, cap.own_a) == (total_a, own_a or {}):
            return
        if cap.total_a is None:  # up to now everybody could draw what he liked
            cap.allocation = Allocation({evse: self._max_a[evse] for evse in self._since}, {})
        cap.total_a, cap.own_a = total_a, dict(own_a or {})
        self._share(cap)

    def total_a(self, *sources: LimitSource) -> float:
        """The lowest that these sources leave to all EVSEs together; infinite where they leave everything."""
        totals = (self._caps[one].total_a for one in sources if one in self._caps)
        return min((one for one in totals if one is not None), default=math.inf)

    def least(self, evse: int, least_a: float) -> None:
        """Say below which current it is not worth charging at an EVSE (0: whatever there is)."""
        if self._least_a.get(evse, 0.0) != least_a:
            self._least_a[evse] = least_a
            for cap in self._caps.values():
                self._share(cap)

    def watch(self, session: Session) -> None:
        """See how a session stands; shares again when one begins or ends to want current, or matters more or less."""
        wants = session.phase in WANTING and session.driver is not None and session.stop is None
        known, rank = session.evse in self._since, self._rank.get(session.evse, 0)
        self._rank[session.evse] = session.priority
        if wants and not known:
            self._since[session.evse] = asyncio.get_running_loop().time()
        elif not wants and known and not session.contactor_closed:
            del self._since[session.evse]
        elif rank == session.priority:
            return
        for cap in self._caps.values():
            self._share(cap)

    def _share(self, cap: _Cap) -> None:
        cap.cancel()
        if self._post is None:
            return
        if cap.total_a is None:
            granted = {evse: min(cap.own_a.get(evse, math.inf), self._free_a(evse)) for evse in self._max_a}
        else:
            granted = self._granted(cap, cap.total_a)
        for evse, current_a in granted.items():
            if cap.told.get(evse, self._free_a(evse)) != current_a:
                cap.told[evse] = current_a
                self._post(evse, LimitSet(LimitInput(cap.source, current_a)))

    def _free_a(self, evse: int) -> float:
        """What an EVSE is granted that nobody limits; a DC supply may take more than any AC outlet."""
        return max(MAX_OFFER_A, self._max_a[evse])

    def _granted(self, cap: _Cap, total_a: float) -> dict[int, float]:
        loop = asyncio.get_running_loop()
        claims = [
            Claim(
                evse,
                min(self._max_a[evse], cap.own_a.get(evse, math.inf)),
                since,
                self._priority.get(evse, 0),
                self._least_a.get(evse, MIN_OFFER_A),
                self._rank.get(evse, 0),
            )
            for evse, since in self._since.items()
        ]
        target = dict.fromkeys(self._max_a, 0.0) | share(total_a, claims, self._rule)
        cap.allocation, due_s = advance(loop.time(), total_a, cap.allocation, target)
        if due_s is not None:
            cap.timer = loop.call_at(due_s, self._share, cap)
        return cap.allocation.granted_a


class _Cap:
    """What one source leaves to all EVSEs together (None: everything) and to single ones, and what came of it."""

    def __init__(self, source: LimitSource) -> None:
        self.source = source
        self.total_a: float | None = None
        self.own_a: dict[int, float] = {}
        self.allocation = Allocation({}, {})
        self.told: dict[int, float] = {}
        self.timer: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        """Forget to look again."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
