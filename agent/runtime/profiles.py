"""The charging profiles that are installed: kept in the journal, and turned into each EVSE's limit as time passes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from agent.core.events import LimitSet
from agent.core.limits import MAX_OFFER_A, LimitInput, LimitSource
from agent.core.schedule import (
    Period,
    Profile,
    ProfileError,
    Purpose,
    RateUnit,
    Situation,
    checked,
    composite,
    limit_at,
    next_change,
)
from agent.core.session import Session
from agent.runtime.clock import Clock
from agent.runtime.journal import Journal, PutMeta

log = logging.getLogger(__name__)

KEY: Final = "charging_profiles"  # of the journal's meta data
MAX_PROFILES: Final = 100  # our policy; told to the CSMS as ChargingProfileMaxStackLevel's companion


class Wanted(msgspec.Struct, frozen=True):
    """Which profiles are meant; None means any."""

    id: int | None = None
    evse: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None

    def matches(self, profile: Profile) -> bool:
        """Whether a profile is meant. An id alone decides (OCPP 2.0.1 K10.FR.03)."""
        if self.id is not None:
            return profile.id == self.id
        pairs = ((self.evse, profile.evse), (self.purpose, profile.purpose), (self.stack_level, profile.stack_level))
        return all(wanted in {None, has} for wanted, has in pairs)


class Profiles:
    """Installs, clears and applies charging profiles."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        session: Callable[[int], Session],
        post: Callable[[int, LimitSet], None],
        evses: Callable[[], tuple[int, ...]],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._session = session
        self._post = post
        self._evses = evses
        self._timer: asyncio.TimerHandle | None = None
        self._told: dict[int, float] = {}
        self._transactions: dict[int, str | None] = {}
        self._profiles = _stored(journal.meta(KEY))

    def start(self) -> None:
        """Apply what was installed before the restart; profiles of a transaction that is gone go with it."""
        ongoing = {self._tx(evse) for evse in self._evses()}
        self._keep([one for one in self._profiles if one.purpose is not Purpose.TX or one.tx in ongoing])

    def close(self) -> None:
        """Stop watching the time."""
        if self._timer is not None:
            self._timer.cancel()

    def watch(self, session: Session) -> None:
        """See a session step: the profile of a transaction ends with it, relative schedules begin with it."""
        tx = session.tx.id if session.tx is not None else None
        if self._transactions.get(session.evse) != tx:
            ended = self._transactions.get(session.evse)
            self._transactions[session.evse] = tx
            kept = [one for one in self._profiles if ended is None or one.tx != ended]
            if len(kept) < len(self._profiles):
                self._keep(kept)
            else:
                self._apply()

    def install(self, profile: Profile) -> None:
        """Install, replacing the one with the same id, or with the same purpose, stack level and EVSE.

        Raises `ProfileError`, whose `reason` and text say why not (K01.FR.09/28/33/52/53).
        """
        checked(profile)
        if profile.evse not in {0, *self._evses()}:
            raise ProfileError("UnknownEvse", f"there is no EVSE {profile.evse} (K01.FR.28)")
        if profile.purpose is Purpose.EXTERNAL:
            raise ProfileError("InvalidProfile", "external constraints are not set by the CSMS (K01.FR.22)")
        if profile.purpose is Purpose.TX and (tx := self._tx(profile.evse)) != profile.tx:
            why = "there is no transaction (K01.FR.09)" if tx is None else "it is another transaction (K01.FR.33)"
            raise ProfileError("TxNotFound", f"EVSE {profile.evse}: {why}")
        rest = [one for one in self._profiles if one.id != profile.id and _slot(one) != _slot(profile)]
        if profile.purpose is Purpose.TX_DEFAULT and any(_overlap(one, profile) for one in rest):
            raise ProfileError(
                "DuplicateProfile", "this stack level is taken for all EVSEs, or for a single one (K01.FR.52/53)"
            )
        if len(rest) >= MAX_PROFILES:
            raise ProfileError("TooManyProfiles", f"{MAX_PROFILES} profiles are installed; clear some first")
        self._keep([*rest, profile])

    def clear(self, wanted: Wanted) -> int:
        """Remove the profiles that are meant; returns how many there were."""
        kept = [one for one in self._profiles if not wanted.matches(one)]
        count = len(self._profiles) - len(kept)
        if count:
            self._keep(kept)
        return count

    def installed(self, wanted: Wanted | None = None) -> list[Profile]:
        """The profiles that are meant, by id."""
        meant = [one for one in self._profiles if wanted is None or wanted.matches(one)]
        return sorted(meant, key=lambda one: one.id)

    def composite(self, evse: int, duration_s: float, unit: RateUnit, unlimited_a: float) -> tuple[Period, ...]:
        """The composite schedule of an EVSE (0: of the station's own limit) from the present second on."""
        now_s = float(int(self._clock.now().utc_s))
        if evse == 0:
            whole = [one for one in self._profiles if one.purpose in {Purpose.STATION_MAX, Purpose.EXTERNAL}]
            return composite(whole, Situation(0), now_s, duration_s, unit, unlimited_a)
        return composite(self._profiles, self._situation(evse, now_s), now_s, duration_s, unit, unlimited_a)

    def _keep(self, profiles: list[Profile]) -> None:
        self._profiles = profiles
        self._journal.commit(PutMeta(KEY, msgspec.msgpack.encode(profiles) if profiles else None))
        self._apply()

    def _apply(self) -> None:
        """Tell every EVSE the limit that holds now, and look again when it changes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.now()
        due: list[float] = []
        for evse in self._evses():
            situation = self._situation(evse, None)
            active = limit_at(self._profiles, situation, now.utc_s)
            current_a = active.current_a if active is not None else MAX_OFFER_A
            if self._told.get(evse, MAX_OFFER_A) != current_a:
                self._told[evse] = current_a
                self._post(evse, LimitSet(LimitInput(LimitSource.OCPP, current_a)))
            edge = next_change(self._profiles, situation, now.utc_s)
            if edge is not None:
                due.append(edge)
        if due:
            after_s = min(due) - now.utc_s
            self._timer = asyncio.get_running_loop().call_at(now.mono_s + after_s, self._apply)

    def _situation(self, evse: int, without_tx_s: float | None) -> Situation:
        """`without_tx_s`: when a transaction would begin, where none is going on."""
        tx = self._session(evse).tx
        return Situation(evse, tx.id if tx else None, tx.started_utc_s if tx else without_tx_s)

    def _tx(self, evse: int) -> str | None:
        tx = self._session(evse).tx
        return tx.id if tx is not None else None


def _slot(profile: Profile) -> tuple[object, ...]:
    return profile.purpose, profile.stack_level, profile.evse, profile.tx


def _overlap(one: Profile, other: Profile) -> bool:
    """Whether two default profiles claim one stack level, one for all EVSEs and one for a single one."""
    same = one.purpose is other.purpose and one.stack_level == other.stack_level
    return same and (one.evse == 0) != (other.evse == 0)


def _stored(blob: bytes | None) -> list[Profile]:
    if blob is None:
        return []
    try:
        return [checked(one) for one in msgspec.msgpack.decode(blob, type=list[Profile])]
    except (msgspec.MsgspecError, ProfileError):
        log.exception("the stored charging profiles cannot be read and are left behind")
        return []
