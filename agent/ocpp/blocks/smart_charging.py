"""Smart charging (2.0.1 K01-K13; 1.6 §3.13, §5.5, §5.7, §5.16): the CSMS's profiles, and what it hears of others'.

What a profile means at a moment stands in `agent.core.schedule`; `agent.runtime.profiles` keeps and applies them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

from msgspec.structs import replace

from agent.core.outlook import Wanted
from agent.core.schedule import (
    OF_TRANSACTIONS,
    Kind,
    LimitOwner,
    Profile,
    ProfileError,
    Purpose,
    RateUnit,
    Schedule,
)
from agent.ocpp.asks import ACCEPTED, Handled, Reason, UnusableProfile, rejected
from agent.ocpp.asks.smart_charging import (
    ClearedAnswer,
    ClearProfilesAsk,
    CompositeAnswer,
    CompositeAsk,
    GetProfilesAsk,
    LimitImposed,
    LimitReleased,
    ProfilesAnswer,
    ProfilesReported,
    SetProfileAsk,
)
from agent.ocpp.block import Block, Csms, Routes
from agent.ocpp.calls import Calls
from agent.ocpp.charger import Charger
from agent.ocpp.codec import CallError, ErrorCode
from agent.ocpp.dialect import said
from agent.ocpp.setting import Setting
from agent.ocpp.settings.smart_charging import (
    LIMIT_CHANGE_SIGNIFICANCE,
    NOTIFY_WITH_SCHEDULES,
    PHASES_3_TO_1,
    PROFILES_INSTALLED,
    SMART_CHARGING_ENABLED,
)
from agent.ocpp.variables import Settings
from agent.runtime.tasks import Chores

_log = logging.getLogger(__name__)

REPORTED_PERIODS: Final = 256  # our policy: of one message of a report; some CSMSs take no more than 64 KiB


class SmartCharging(Block):
    """Installs, clears and reports profiles, and tells of limits that other systems impose."""

    def __init__(
        self, charger: Charger, settings: Settings, csms: Csms, chores: Chores, now_utc_s: Callable[[], float]
    ) -> None:
        self._charger = charger
        self._settings = settings
        self._csms = csms
        self._now_utc_s = now_utc_s
        self._known: dict[tuple[LimitOwner, int], Schedule] = {}  # what the CSMS was told last
        self._news: dict[tuple[LimitOwner, int], LimitImposed | LimitReleased] = {}
        self._chores = chores
        settings.follow(PROFILES_INSTALLED, lambda: charger.profiles.count)
        settings.follow(PHASES_3_TO_1, lambda: any(_switches(charger, one) for one in charger.evse_ids))
        settings.on_change(self._on_setting)
        for one in charger.profiles.installed(Wanted(purpose=Purpose.EXTERNAL)):
            self._imposed(one.owner, one.evse, one.schedule)  # from before a restart: perhaps nobody has been told yet
        charger.profiles.on_imposed(self._imposed)

    def routes(self) -> Routes:
        """Who answers what."""
        return {
            SetProfileAsk: self.set,
            ClearProfilesAsk: self.clear,
            CompositeAsk: self.composite,
            GetProfilesAsk: self.get,
        }

    def set(self, ask: SetProfileAsk) -> Handled:
        """SetChargingProfile (K01-K04)."""
        self._refuse_if_off()
        if isinstance(ask.profile, UnusableProfile):
            return rejected(ask.profile.reason)
        profile = self._completed(ask.profile, ask)
        try:
            for one in self._alternatives(profile):
                self._charger.profiles.check(one, evse_overrides=ask.lenient)
                if not ask.lenient:
                    _check_phases(one, self._charger)
        except ProfileError as error:
            _log.info("charging profile %d is refused: %s", profile.id, error)
            return rejected(Reason(error.reason))

        def then() -> None:
            try:
                self._charger.profiles.install(profile, evse_overrides=ask.lenient)
            except ProfileError as error:  # its transaction has ended while the answer went out
                _log.warning("charging profile %d has come too late: %s", profile.id, error)

        return Handled(ACCEPTED.answer, then)

    def clear(self, ask: ClearProfilesAsk) -> Handled:
        """ClearChargingProfile (K10)."""
        self._refuse_if_off()
        return Handled(ClearedAnswer(self._charger.profiles.clear(ask.wanted)))

    def composite(self, ask: CompositeAsk) -> Handled:
        """GetCompositeSchedule (K08)."""
        self._refuse_if_off()
        if ask.evse not in {0, *self._charger.evse_ids}:
            return Handled(CompositeAnswer(None, Reason.UNKNOWN_EVSE))  # K08.FR.05
        unit = ask.unit or RateUnit.AMPERE
        return Handled(CompositeAnswer(self._charger.profiles.outlook(ask.evse, float(ask.duration_s), unit)))

    def get(self, ask: GetProfilesAsk) -> Handled:
        """GetChargingProfiles (K09): the answer first, then the report in as many messages as it takes."""
        self._refuse_if_off()
        found = self._charger.profiles.installed(ask.wanted)

        async def send(calls: Calls) -> None:
            for notice in reports(ask.request_id, found):
                message = said(calls.dialect, notice)
                if message is not None:
                    await calls.call(message)

        return Handled(ProfilesAnswer(bool(found)), follow=send if found else None)

    async def _tell(self) -> None:
        """Tell the CSMS what others have imposed, or imposed no longer, as soon as it can be told."""
        while self._news and self._csms.online:
            place, notice = next(iter(self._news.items()))
            if await self._csms.say(notice) is None and not self._csms.online:
                break  # it is told when the CSMS is back
            if self._news.get(place) is notice:
                del self._news[place]

    async def accepted(self, calls: Calls) -> None:
        """The CSMS can be told again."""
        del calls
        self._chores.wake(self._tell)

    def _completed(self, profile: Profile, ask: SetProfileAsk) -> Profile:
        """The profile with what the request leaves to the station."""
        schedule = profile.schedule
        if ask.lenient and profile.kind is not Kind.RELATIVE and schedule.start_utc_s is None:
            profile = replace(profile, schedule=replace(schedule, start_utc_s=self._now_utc_s()))
        if profile.purpose is Purpose.TX and ask.lenient and profile.evse in self._charger.evse_ids:
            tx = self._charger.session(profile.evse).tx
            meant = tx is not None and (ask.candidates is None or tx.id in ask.candidates)
            profile = replace(profile, tx=tx.id if tx is not None and meant else None)
        return profile

    def _alternatives(self, profile: Profile) -> Iterator[Profile]:
        """The profile with each of its schedules. Raises `ProfileError` for several that no car chooses from."""
        yield profile
        if not profile.others:
            return
        if profile.purpose is not Purpose.TX or profile.evse not in self._charger.evse_ids:
            raise ProfileError("InvalidProfile", "several schedules are for a car's transaction (K15.FR.07)")
        if self._charger.session(profile.evse).digital.needs is None:
            raise ProfileError("InvalidProfile", "no car has said that it could choose (K01.FR.34)")
        for one in profile.others:
            yield replace(profile, schedule=one)

    def _refuse_if_off(self) -> None:
        if not self._settings.get(SMART_CHARGING_ENABLED):
            raise CallError(ErrorCode.NOT_SUPPORTED, "smart charging is switched off")  # K01.FR.29

    def _on_setting(self, setting: Setting[object]) -> None:
        if setting is SMART_CHARGING_ENABLED:
            self._charger.profiles.apply()

    def _imposed(self, owner: LimitOwner, evse: int, schedule: Schedule | None) -> None:
        """Another system has imposed a limit (None: released it): is that worth telling (K11.FR.02, K13.FR.02)?"""
        place, told = (owner, evse), self._known.get((owner, evse))
        if schedule is None:
            if self._known.pop(place, None) is None:
                return
            self._news[place] = LimitReleased(owner, evse)
        elif told is None or _change_pct(told, schedule) >= self._settings.get(LIMIT_CHANGE_SIGNIFICANCE):
            self._known[place] = schedule
            wanted = schedule if self._settings.get(NOTIFY_WITH_SCHEDULES) else None  # K11.FR.03
            self._news[place] = LimitImposed(owner, evse, wanted)
        self._chores.wake(self._tell)


def for_start(
    profile: Profile | UnusableProfile | None, evse: int, charger: Charger, *, lenient: bool = False
) -> Profile | None:
    """The profile that comes with a remote start, for the EVSE that was found. Raises `ProfileError` (K05.FR.02/05).

    `lenient`: by 1.6's rules.
    """
    if profile is None:
        return None
    if isinstance(profile, UnusableProfile):
        raise ProfileError(profile.reason, "the profile says what is not understood")
    if profile.purpose is not Purpose.TX:
        raise ProfileError("InvalidProfile", "a transaction's profile has the purpose TxProfile (K05.FR.02)")
    if profile.others:
        raise ProfileError("InvalidProfile", "no car has said that it could choose (K01.FR.34)")
    found = replace(profile, evse=evse, tx=None)
    charger.profiles.check_shape(found)
    if not lenient:
        _check_phases(found, charger)
    return found


def _check_phases(profile: Profile, charger: Charger) -> None:
    """Raises `ProfileError` for fewer phases than an EVSE will use, or a choice of one (K01.FR.43, K01.FR.48).

    A switch ensures one phase for a transaction, unless the car talks: then it is the car that decides.
    """
    concerned = charger.evse_ids if profile.evse == 0 else (profile.evse,)
    evses = [one for one in concerned if not charger.session(one).dc]  # K01.FR.44
    for period in profile.schedule.periods:
        if period.phases is None and period.phase_to_use is None:
            continue
        for evse in evses:
            most = charger.capabilities(evse).phases
            switched = period.over == 1 and profile.purpose in OF_TRANSACTIONS and _switches(charger, evse)
            if (period.over < most and not switched) or period.phase_to_use is not None:
                why = f"EVSE {evse} uses {most} phases, and cannot choose (K01.FR.43/48)"
                raise ProfileError("UnsupportedParam", why)


def _switches(charger: Charger, evse: int) -> bool:
    return charger.capabilities(evse).has_phase_switch and not charger.session(evse).can_talk


def reports(request_id: int, profiles: list[Profile]) -> Iterator[ProfilesReported]:
    """Share profiles out to messages: each of one owner and EVSE, and of bearable size (K09.FR.01, K09.FR.02)."""
    shares: list[list[Profile]] = []
    for _, group in groupby(sorted(profiles, key=_heading), key=_heading):
        shares.append([])
        room = REPORTED_PERIODS
        for one in group:
            size = len(one.schedule.periods)
            if shares[-1] and size > room:
                shares.append([])
                room = REPORTED_PERIODS
            shares[-1].append(one)
            room -= size
    for number, share in enumerate(shares, 1):
        owner, evse = share[0].owner, share[0].evse
        yield ProfilesReported(request_id, owner, evse, tuple(share), more=number < len(shares))


def _heading(profile: Profile) -> tuple[str, int]:
    return profile.owner, profile.evse


def _change_pct(old: Schedule, new: Schedule) -> float:
    """By how much a limit has changed, where it has changed most."""
    same_times = [one.start_s for one in old.periods] == [one.start_s for one in new.periods]
    if not same_times or old.unit is not new.unit:
        return 100.0
    pairs = zip(old.periods, new.periods, strict=True)
    return max(abs(b.limit - a.limit) / a.limit * 100.0 if a.limit else 100.0 * (a != b) for a, b in pairs)
