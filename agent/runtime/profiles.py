"""The charging profiles that are installed: kept in the journal, and turned into limits as time passes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias

import msgspec
from msgspec.structs import replace

from agent.core.composite import composite, in_whole_seconds, station_composite
from agent.core.dc_limits import at_output_a
from agent.core.events import LimitSet, PhasesWanted
from agent.core.limits import LimitInput, LimitSource
from agent.core.outlook import Outlook, Wanted, chosen
from agent.core.profile_limit import current_said, limit_said, most_said
from agent.core.schedule import (
    DEFAULT_PHASES,
    OF_TRANSACTIONS,
    Kind,
    LimitOwner,
    Profile,
    ProfileError,
    Purpose,
    RateUnit,
    Schedule,
    Situation,
    checked,
    limit_at,
    next_change,
    overlapping,
)
from agent.core.session import Driver, Session
from agent.runtime.clock import Clock
from agent.runtime.journal import PutMeta
from agent.runtime.records import Operation
from agent.runtime.site import Site
from hal.types import EvseCapabilities

log = logging.getLogger(__name__)

KEY: Final = "charging_profiles"  # of the journal's meta data
IMPOSED_KEY: Final = "imposed_limits"  # the same, of what other systems than the CSMS say
MAX_PROFILES: Final = 100  # our policy
MAX_STACK_LEVEL: Final = 99  # our policy: as many levels as there can be profiles
MAX_PERIODS: Final = 1024  # OCPP 2.0.1 2.12: the most that a schedule can have
RECHECK_S: Final = 10.0  # our policy: a wall clock that jumps is noticed this soon
SOURCES: Final = {LimitOwner.GRID: LimitSource.GRID, LimitOwner.ENERGY_MANAGER: LimitSource.LOCAL}


Listener: TypeAlias = Callable[[LimitOwner, int, Schedule | None], None]
Follower: TypeAlias = Callable[[Profile | None], None]


class Evses(Protocol):
    """What profiles need of the EVSEs."""

    @property
    def evse_ids(self) -> tuple[int, ...]:
        """EVSE ids, from 1."""

    def session(self, evse: int) -> Session:
        """The session as it stands."""

    def post(self, evse: int, event: LimitSet | PhasesWanted) -> None:
        """Put an event into the EVSE's inbox."""

    def capabilities(self, evse: int) -> EvseCapabilities:
        """What the EVSE's hardware can do."""


class Memory(Protocol):
    """What profiles need of the journal."""

    def meta(self, key: str) -> bytes | None:
        """A small value."""

    def commit(self, *operations: Operation) -> object:
        """Write operations as one."""


class Profiles:
    """Installs, clears and applies charging profiles, and what other systems impose."""

    def __init__(
        self, memory: Memory, clock: Clock, evses: Evses, site: Site, enabled: Callable[[], bool] = lambda: True
    ) -> None:
        """`enabled`: whether the CSMS's profiles count at all (SmartChargingCtrlr.Enabled)."""
        self._memory = memory
        self._clock = clock
        self._evses = evses
        self._site = site
        self._enabled = enabled
        self._timer: asyncio.TimerHandle | None = None
        self._told: dict[int, LimitInput] = {}
        self._phases: dict[int, int] = {}  # that were asked for, where there is a switch
        self._seen: dict[int, tuple[str | None, float | None, Driver | None]] = {}
        self._profiles = _stored(memory.meta(KEY))
        self._imposed = {(one.owner, one.evse): one for one in _stored(memory.meta(IMPOSED_KEY))}
        self._planned: dict[int, Profile] = {}  # what cars mean to draw, by EVSE
        self._chosen: dict[int, int] = {}  # which schedule of several a car has chosen, from 0
        self._listeners: list[Listener] = []
        self._followers: list[Follower] = []
        self._changes = 0

    def start(self) -> None:
        """Apply what was installed before the restart; profiles of a transaction that is gone go with it."""
        for evse in self._evses.evse_ids:
            session = self._evses.session(evse)
            self._seen[evse] = (_tx(session), session.ready_utc_s, session.driver)
        coming = {_tx_id(self._evses.session(evse)) for evse in self._evses.evse_ids}
        kept = [one for one in self._profiles if one.purpose is not Purpose.TX or one.tx in coming]
        if len(kept) < len(self._profiles):
            self._keep(kept)
        else:
            self.apply()

    def close(self) -> None:
        """Stop watching the time."""
        if self._timer is not None:
            self._timer.cancel()

    def watch(self, session: Session) -> None:
        """See a session step.

        A transaction's profile ends with it, or with the driver who never began one; relative schedules begin when
        energy can flow; a remote start brings its own.
        """
        seen, now = self._seen.get(session.evse), (_tx(session), session.ready_utc_s, session.driver)
        if seen == now:
            return
        self._seen[session.evse] = now
        kept, current = self._profiles, _tx_id(session)
        if any(self._outlived(one, session.evse, current) for one in kept):
            kept = [one for one in kept if not self._outlived(one, session.evse, current)]
        driver = session.driver
        if driver is not None and driver.profile is not None and (seen is None or seen[2] != driver):
            brought = replace(driver.profile, evse=session.evse, tx=current)
            kept = [*(one for one in kept if one.id != brought.id and not overlapping(one, brought)), brought]
        if kept is self._profiles:
            self.apply()
        else:
            self._keep(kept)

    def check(self, profile: Profile, *, evse_overrides: bool = False) -> None:
        """Judge whether a profile could be installed. Raises `ProfileError`, whose `reason` and text say why not.

        `evse_overrides`: 1.6's rules, where a default of one EVSE stands beside that of all EVSEs on the same level,
        and takes the place of any that it overlaps (3.13.1, 3.13.2); in 2.x neither is allowed (K01.FR.06/52/53).
        """
        self.check_shape(profile)
        if profile.evse not in {0, *self._evses.evse_ids}:
            raise ProfileError("UnknownEvse", f"there is no EVSE {profile.evse} (K01.FR.28)")
        if profile.purpose is Purpose.TX:
            tx = _tx_id(self._evses.session(profile.evse))
            if tx is None or tx != profile.tx:
                why = "there is no transaction (K01.FR.09)" if tx is None else "it is another transaction (K01.FR.33)"
                raise ProfileError("TxNotFound", f"EVSE {profile.evse}: {why}")
        rest = [one for one in self._profiles if one.id != profile.id]
        if not evse_overrides and any(overlapping(one, profile) or _doubled(one, profile) for one in rest):
            raise ProfileError("DuplicateProfile", "this stack level is taken (K01.FR.06/39/52/53)")
        if sum(not overlapping(one, profile) for one in rest) >= MAX_PROFILES:
            raise ProfileError("TooManyElements", f"{MAX_PROFILES} profiles are installed; clear some first")

    def check_shape(self, profile: Profile) -> None:
        """Judge a profile by itself. Raises `ProfileError`."""
        checked(profile)
        if profile.purpose is Purpose.EXTERNAL or profile.id in {one.id for one in self._imposed.values()}:
            raise ProfileError("InvalidProfile", "external constraints are not set by the CSMS (K01.FR.05, K01.FR.22)")
        if profile.stack_level > MAX_STACK_LEVEL:
            raise ProfileError("InvalidStackLevel", f"the highest stack level is {MAX_STACK_LEVEL}")
        if len(profile.schedule.periods) > MAX_PERIODS:
            raise ProfileError("TooManyElements", f"a schedule has at most {MAX_PERIODS} periods")

    def install(self, profile: Profile, *, evse_overrides: bool = False) -> None:
        """Install it, replacing the one with the same id, or in 1.6 in the same place. Raises as `check` does."""
        self.check(profile, evse_overrides=evse_overrides)
        if profile.purpose is Purpose.TX:
            self._chosen.pop(profile.evse, None)
        self._keep(
            [*(one for one in self._profiles if one.id != profile.id and not overlapping(one, profile)), profile]
        )
        self._changed(profile)

    def clear(self, wanted: Wanted) -> int:
        """Remove the CSMS's profiles that are meant; returns how many there were (K10.FR.08, K10.FR.09)."""
        kept = [one for one in self._profiles if not wanted.matches(one)]
        count = len(self._profiles) - len(kept)
        if count:
            self._keep(kept)
        return count

    def installed(self, wanted: Wanted | None = None) -> list[Profile]:
        """The profiles that are meant, by id, with what other systems impose."""
        every = (*self._profiles, *self._imposed.values())
        return sorted((one for one in every if wanted is None or wanted.matches(one)), key=lambda one: one.id)

    @property
    def count(self) -> int:
        """How many are installed."""
        return len(self._profiles)

    def impose(self, owner: LimitOwner, schedule: Schedule, evse: int = 0) -> Profile:
        """Let another system than the CSMS limit an EVSE, or (0) all together, from now on; the profile made of it.

        It replaces what the same system said before, and holds over a restart until its schedule ends, or it is
        released. Raises `ProfileError`.
        """
        known = self._imposed.get((owner, evse))
        number = known.id if known is not None else min((one.id for one in self._imposed.values()), default=0) - 1
        profile = checked(
            Profile(
                id=number,  # negative: never the CSMS's (K11.FR.06)
                evse=evse,
                stack_level=0,
                purpose=Purpose.EXTERNAL,
                kind=Kind.ABSOLUTE,
                schedule=replace(schedule, start_utc_s=self._clock.now().utc_s),
                owner=owner,
            )
        )
        if owner not in SOURCES or evse not in {0, *self._evses.evse_ids}:
            raise ProfileError("InvalidProfile", f"{owner} cannot limit EVSE {evse}")
        self._imposed[owner, evse] = profile
        self._keep_imposed()
        self._tell(owner, evse, profile.schedule)
        return profile

    def release(self, owner: LimitOwner, evse: int = 0) -> bool:
        """What this system imposed holds no longer; False when it had imposed nothing."""
        if self._imposed.pop((owner, evse), None) is None:
            return False
        self._keep_imposed()
        self._tell(owner, evse, None)
        return True

    def on_imposed(self, listener: Listener) -> None:
        """Call `listener(owner, EVSE, schedule)` when a limit is imposed, with None when it is released."""
        self._listeners.append(listener)

    @property
    def revision(self) -> object:
        """Another than before as soon as composite schedules may be others than time alone makes them."""
        now = self._clock.now()
        return self._changes, self._enabled(), round(now.utc_s - now.mono_s)

    def on_change(self, follower: Follower) -> None:
        """Call `follower` with a profile that was installed, and with None whenever limits may have changed."""
        self._followers.append(follower)

    def plan(self, evse: int, profile: Profile | None) -> None:
        """What the car at this EVSE means to draw, or (None) nothing that is known: composite schedules say so."""
        self._planned = {one: has for one, has in self._planned.items() if one != evse}
        if profile is not None:
            self._planned[evse] = profile

    def choose(self, evse: int, number: int) -> None:
        """The car at this EVSE goes by the schedule of this number, from 0, where a profile has several."""
        if self._chosen.get(evse, 0) != number:
            self._chosen[evse] = number
            self._changes += 1
            self.apply()

    def outlook(
        self, evse: int, duration_s: float, unit: RateUnit, *, planned: bool = True, choice: int | None = None
    ) -> Outlook:
        """The composite schedule of an EVSE, or (0) of the station, from the present second on (K08; 1.6 5.7).

        `planned`: within what cars have said they will draw (K15.FR.14); `choice`: if its car chose this schedule.
        """
        now = self._clock.now()
        start_s = float(int(now.utc_s))
        everywhere = [
            (self._situation(one, now.utc_s), most_said(self._evses.session(one), self._evses.capabilities(one)))
            for one in self._evses.evse_ids
        ]
        choices = self._chosen if choice is None else self._chosen | {evse: choice}
        profiles = [*self._in_force(choices), *(self._planned.values() if planned else ())]
        fuse_a = self._site.total_a(LimitSource.SITE_FUSE)
        if evse == 0:
            periods = station_composite(profiles, everywhere, start_s, duration_s, unit, fuse_a)
        else:
            here, most_a = next(one for one in everywhere if one[0].evse == evse)
            if here.dc:
                fuse_a = at_output_a(fuse_a, self._evses.capabilities(evse).phases, here.nominal_v)
            periods = composite(profiles, here, start_s, duration_s, unit, min(most_a, fuse_a))
        return Outlook(evse, start_s, duration_s, unit, in_whole_seconds(periods))

    def apply(self) -> None:
        """Tell every EVSE the limit that holds now, and look again when it changes."""
        self.close()
        now, profiles = self._clock.now(), self._in_force(self._chosen)
        self._apply_to_transactions([one for one in profiles if one.purpose in OF_TRANSACTIONS], now.utc_s)
        of_station = [one for one in profiles if one.purpose is Purpose.STATION_MAX]
        self._site.limit(LimitSource.STATION, current_said(of_station, Situation(0), now.utc_s))
        for owner, source in SOURCES.items():
            self._apply_imposed(source, [one for one in profiles if one.owner is owner], now.utc_s)
        situations = [Situation(0), *(self._situation(one, None) for one in self._evses.evse_ids)]
        edges = [next_change(profiles, one, now.utc_s) for one in situations]
        if profiles:
            after_s = min((one - now.utc_s for one in edges if one is not None), default=RECHECK_S)
            self._timer = asyncio.get_running_loop().call_at(now.mono_s + min(after_s, RECHECK_S), self.apply)
        self._changed(None)

    def _apply_to_transactions(self, profiles: list[Profile], now_utc_s: float) -> None:
        for evse in self._evses.evse_ids:
            can = self._evses.capabilities(evse)
            here, supply = self._situation(evse, None), can.dc
            active = limit_at(profiles, here, now_utc_s)
            limit = limit_said(profiles, here, supply, now_utc_s)
            self._site.least(evse, active.min_a if active is not None and supply is None else 0.0)
            phases = 1 if active is not None and active.phases == 1 else DEFAULT_PHASES
            if can.has_phase_switch and self._phases.get(evse) != phases:
                self._phases[evse] = phases
                self._evses.post(evse, PhasesWanted(phases))  # before the limit, which may be meant for one
            if self._told.get(evse, limit_said((), here, supply, now_utc_s)) != limit:
                self._told[evse] = limit
                self._evses.post(evse, LimitSet(limit))

    def _apply_imposed(self, source: LimitSource, profiles: list[Profile], now_utc_s: float) -> None:
        """What limits all together is shared; what limits one EVSE is its own."""
        total_a = current_said([one for one in profiles if one.evse == 0], Situation(0), now_utc_s)
        own_a = {
            evse: limit_a
            for evse in self._evses.evse_ids
            if (limit_a := current_said([one for one in profiles if one.evse == evse], Situation(evse), now_utc_s))
            is not None
        }
        self._site.limit(source, total_a, own_a)

    def _tell(self, owner: LimitOwner, evse: int, schedule: Schedule | None) -> None:
        for listener in self._listeners:
            listener(owner, evse, schedule)

    def _changed(self, new: Profile | None) -> None:
        for follower in self._followers:
            follower(new)

    def _in_force(self, choices: Mapping[int, int]) -> list[Profile]:
        own = self._profiles if self._enabled() else []
        for evse, number in choices.items():
            own = chosen(own, evse, number)
        return [*own, *self._imposed.values()]

    def _keep(self, profiles: list[Profile]) -> None:
        self._profiles = profiles
        self._changes += 1
        self._memory.commit(PutMeta(KEY, msgspec.msgpack.encode(profiles) if profiles else None))
        self.apply()

    def _keep_imposed(self) -> None:
        blob = msgspec.msgpack.encode(list(self._imposed.values())) if self._imposed else None
        self._memory.commit(PutMeta(IMPOSED_KEY, blob))
        self._changes += 1
        self.apply()

    def _situation(self, evse: int, without_driver_s: float | None) -> Situation:
        """`without_driver_s`: when energy could flow, where nobody is there yet (K08.FR.06)."""
        session, now = self._evses.session(evse), self._clock.now()
        ready_s = session.ready_utc_s if session.ready_utc_s is not None else without_driver_s
        if session.ready_mono_s is not None:  # a wall clock that was set since then does not count
            ready_s = now.utc_s - (now.mono_s - session.ready_mono_s)
        capabilities = self._evses.capabilities(evse)
        if capabilities.dc is not None:
            return Situation(evse, _tx_id(session), ready_s, session.reference_v, phases=1, dc=True)
        return Situation(evse, _tx_id(session), ready_s, phases=capabilities.phases)

    def _outlived(self, profile: Profile, evse: int, tx: str | None) -> bool:
        return profile.purpose is Purpose.TX and profile.evse == evse and profile.tx != tx


def _tx(session: Session) -> str | None:
    return session.tx.id if session.tx is not None else None


def _tx_id(session: Session) -> str | None:
    """The id of the transaction that goes on, or that a driver who is there already will have."""
    if session.tx is not None:
        return session.tx.id
    return session.next_tx or None if session.driver is not None else None


def _doubled(one: Profile, other: Profile) -> bool:
    """Whether two default profiles claim one stack level, one for all EVSEs and one for a single one."""
    same = one.purpose is other.purpose is Purpose.TX_DEFAULT and one.stack_level == other.stack_level
    return same and (one.evse == 0) != (other.evse == 0)


def _stored(blob: bytes | None) -> list[Profile]:
    if blob is None:
        return []
    try:
        return [checked(one) for one in msgspec.msgpack.decode(blob, type=list[Profile])]
    except (msgspec.MsgspecError, ProfileError):
        log.exception("the stored charging profiles cannot be read and are left behind")
        return []
