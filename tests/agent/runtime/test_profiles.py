from __future__ import annotations

import asyncio

import msgspec
import pytest

from agent.core.limits import LimitSource
from agent.core.outlook import Wanted
from agent.core.schedule import (
    DAY_S,
    Kind,
    LimitOwner,
    Period,
    Profile,
    ProfileError,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from agent.core.session import Driver, Phase, Session, Transaction
from agent.core.sharing import SharingRule
from agent.core.values import ChargingState, IdToken, Trigger
from agent.runtime.clock import LoopClock
from agent.runtime.profiles import IMPOSED_KEY, KEY, MAX_PROFILES, RECHECK_S, Profiles
from agent.runtime.site import Site
from hal.types import EvseCapabilities

EPOCH_S = 1_800_057_600.0


class Store:
    """A journal's meta data, and nothing else of it."""

    def __init__(self, kept: dict[str, bytes | None] | None = None) -> None:
        self.kept = dict(kept or {})

    def meta(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def commit(self, *operations) -> None:
        for one in operations:
            self.kept[one.key] = one.value


class Stand:
    """Two EVSEs whose limits are noted as (time, EVSE, source, ampere)."""

    def __init__(self, store: Store | None = None, fuse_a: float | None = None) -> None:
        self.store = store or Store()
        self.noted: list[tuple[float, int, LimitSource, float]] = []
        self.sessions = {1: Session(evse=1, next_tx="next-1"), 2: Session(evse=2, next_tx="next-2")}
        self.enabled = True
        self.leap_s = 0.0
        self.clock = LoopClock(wall=lambda: EPOCH_S + self.leap_s + asyncio.get_running_loop().time())
        self.site = Site(SharingRule.EQUAL, {1: 32.0, 2: 32.0}, {})
        self.site.limit(LimitSource.SITE_FUSE, fuse_a)
        self.site.start(self.post)
        self.profiles = Profiles(self.store, self.clock, self, self.site, lambda: self.enabled)
        self.profiles.start()

    # What profiles need of the EVSEs

    @property
    def evse_ids(self) -> tuple[int, ...]:
        return (1, 2)

    def session(self, evse: int) -> Session:
        return self.sessions[evse]

    def capabilities(self, evse: int) -> EvseCapabilities:
        return EvseCapabilities(max_current_a=32.0 if evse == 1 else 16.0)

    def post(self, evse: int, event) -> None:
        self.noted.append((asyncio.get_running_loop().time(), evse, event.limit.source, event.limit.current_a))

    # What a test does and sees

    @property
    def limits(self) -> list[tuple[float, int, float]]:
        """Of the transactions' profiles."""
        return [(at, evse, limit) for at, evse, source, limit in self.noted if source is LimitSource.OCPP]

    def shares(self, source: LimitSource) -> dict[int, float]:
        """What a source leaves to each EVSE now."""
        return {evse: limit for _, evse, one, limit in self.noted if one is source}

    def become(self, evse: int, **changes) -> None:
        self.sessions[evse] = msgspec.structs.replace(self.sessions[evse], **changes)
        self.site.watch(self.sessions[evse])
        self.profiles.watch(self.sessions[evse])

    def transact(self, evse: int, tx: str | None) -> None:
        mono_s = asyncio.get_running_loop().time()
        at_s = self.clock.now().utc_s
        if tx is None:
            self.become(evse, tx=None, driver=None, phase=Phase.IDLE, ready_utc_s=None, ready_mono_s=None)
            return
        made = Transaction(
            id=tx,
            seq=1,
            started_utc_s=at_s,
            started_mono_s=0.0,
            start_energy_wh=0.0,
            last_energy_wh=0.0,
            charging=ChargingState.CHARGING,
        )
        driver = self.sessions[evse].driver or Driver(IdToken("AABB"))
        self.become(
            evse, tx=made, driver=driver, phase=Phase.CHARGING, ready_utc_s=at_s, ready_mono_s=mono_s, next_tx="later"
        )


def default(
    number: int, *periods, evse=0, stack=0, start=EPOCH_S, duration=None, kind=Kind.ABSOLUTE, **more
) -> Profile:
    schedule = Schedule(tuple(Period(*one) for one in periods), start_utc_s=start, duration_s=duration)
    purpose = more.pop("purpose", Purpose.TX_DEFAULT)
    return Profile(id=number, evse=evse, stack_level=stack, purpose=purpose, kind=kind, schedule=schedule, **more)


async def test_a_profile_reaches_every_evse_at_once_and_each_period_on_the_second():
    stand = Stand()
    stand.profiles.install(default(1, (0, 16.0), (60, 8.0), duration=120))
    await asyncio.sleep(300)
    assert [(round(at, 3), evse, limit) for at, evse, limit in stand.limits] == [
        (0.0, 1, 16.0),
        (0.0, 2, 16.0),
        (60.0, 1, 8.0),
        (60.0, 2, 8.0),
        (120.0, 1, 80.0),
        (120.0, 2, 80.0),
    ]


@pytest.mark.behaviour(20)
async def test_clearing_acts_at_once():
    stand = Stand()
    stand.profiles.install(default(1, (0, 6.0)))
    assert stand.profiles.clear(Wanted(ids=frozenset({1}))) == 1
    assert stand.limits[-2:] == [(0.0, 1, 80.0), (0.0, 2, 80.0)]
    assert stand.profiles.clear(Wanted(ids=frozenset({1}))) == 0


@pytest.mark.req("K01.FR.27")
@pytest.mark.behaviour(20)
async def test_profiles_survive_a_restart():
    store = Store()
    Stand(store).profiles.install(default(1, (0, 10.0), evse=2))
    again = Stand(Store(store.kept))
    assert again.limits == [(0.0, 2, 10.0)]


async def test_profiles_that_cannot_be_read_are_left_behind():
    assert Stand(Store({KEY: b"\xc1 not a profile", IMPOSED_KEY: b"{}"})).profiles.installed() == []


@pytest.mark.behaviour(20)
async def test_a_transactions_profile_ends_with_it_and_a_relative_one_begins_with_it():
    stand = Stand()
    stand.profiles.install(default(1, (0, 20.0), (30, 12.0), kind=Kind.RELATIVE, start=None))
    await asyncio.sleep(100)
    stand.transact(1, "tx-1")
    own = default(2, (0, 9.0), evse=1, purpose=Purpose.TX, tx="tx-1")
    stand.profiles.install(own)
    await asyncio.sleep(60)
    stand.transact(1, None)
    assert [(at, limit) for at, evse, limit in stand.limits if evse == 1] == [
        (100.0, 20.0),
        (100.0, 9.0),
        (160.0, 80.0),
    ]
    assert [one.id for one in stand.profiles.installed()] == [1]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (default(9, (0, 6.0), evse=7), "K01.FR.28"),
        (default(9, (0, 6.0), purpose=Purpose.EXTERNAL), "K01.FR.22"),
        (default(9, (0, 6.0), evse=1, purpose=Purpose.TX, tx="tx-1"), "K01.FR.09"),
        (default(9, (0, 6.0), evse=2, purpose=Purpose.TX, tx="other"), "K01.FR.33"),
        (default(9, (0, 6.0), evse=2), "K01.FR.06/39/52/53"),
    ],
)
async def test_what_cannot_be_installed_is_refused_with_its_rule_and_changes_nothing(wrong, says):
    stand = Stand()
    stand.transact(2, "tx-2")
    stand.profiles.install(default(1, (0, 16.0)))
    before = list(stand.limits)
    with pytest.raises(ProfileError, match=says):
        stand.profiles.install(wrong)
    assert stand.limits == before


@pytest.mark.req("K01.FR.05")
async def test_the_same_id_replaces():
    stand = Stand()
    stand.profiles.install(default(1, (0, 16.0)))
    stand.profiles.install(default(1, (0, 14.0), stack=3))
    assert [(one.id, one.stack_level) for one in stand.profiles.installed()] == [(1, 3)]


async def test_by_the_rules_of_1_6_the_same_place_replaces_and_one_evses_default_stands_beside_that_of_all():
    stand = Stand()
    stand.profiles.install(default(1, (0, 16.0)), evse_overrides=True)
    stand.profiles.install(default(2, (0, 12.0)), evse_overrides=True)
    assert [one.id for one in stand.profiles.installed()] == [2]
    stand.profiles.install(default(3, (0, 8.0), evse=1), evse_overrides=True)
    assert stand.limits[-1] == (0.0, 1, 8.0)
    assert [one.id for one in stand.profiles.installed()] == [2, 3]


async def test_a_profile_is_picked_out_by_id_alone_or_by_what_is_given():
    stand = Stand()
    stand.profiles.install(default(1, (0, 16.0)))
    stand.profiles.install(default(2, (0, 12.0), stack=1))
    stand.profiles.install(default(3, (0, 12.0), purpose=Purpose.STATION_MAX))
    assert [one.id for one in stand.profiles.installed(Wanted(purpose=Purpose.TX_DEFAULT, stack_level=1))] == [2]
    assert [one.id for one in stand.profiles.installed(Wanted(ids=frozenset({3, 9})))] == [3]
    assert stand.profiles.installed(Wanted(ids=frozenset({3}), stack_level=9)) == []
    assert stand.profiles.clear(Wanted(evse=0)) == 3


@pytest.mark.req("K08.FR.02")
@pytest.mark.req("K08.FR.06")
async def test_the_outlook_begins_with_the_present_second_in_whole_seconds_and_knows_what_the_evse_can_give():
    stand = Stand(fuse_a=20.0)
    await asyncio.sleep(10.7)
    stand.profiles.install(default(1, (0, 12.0), (60, 99.0), kind=Kind.RELATIVE, start=None))
    outlook = stand.profiles.outlook(1, 300, RateUnit.AMPERE)
    assert outlook.start_utc_s == EPOCH_S + 10
    assert [(one.start_s, one.limit) for one in outlook.periods] == [(0, 12.0), (60, 20.0)]  # as the wire counts
    assert stand.profiles.outlook(2, 300, RateUnit.AMPERE).periods[-1].limit == 16.0
    assert stand.profiles.outlook(0, 300, RateUnit.AMPERE).periods[-1].limit == 20.0


@pytest.mark.req("K04.FR.05")
async def test_the_stations_profile_is_shared_by_those_who_charge_and_never_exceeded():
    stand = Stand()
    stand.transact(1, "tx-1")
    stand.profiles.install(default(1, (0, 20.0), purpose=Purpose.STATION_MAX))
    assert stand.shares(LimitSource.STATION) == {1: 20.0, 2: 0.0}
    stand.transact(2, "tx-2")
    assert stand.shares(LimitSource.STATION) == {1: 10.0, 2: 0.0}  # the first car slows down before the second begins
    await asyncio.sleep(6)
    assert stand.shares(LimitSource.STATION) == {1: 10.0, 2: 10.0}
    stand.profiles.clear(Wanted())
    assert stand.shares(LimitSource.STATION) == {1: 80.0, 2: 80.0}


async def test_a_stations_profile_that_comes_while_all_charge_lowers_all_at_once():
    stand = Stand()
    stand.transact(1, "tx-1")
    stand.transact(2, "tx-2")
    stand.profiles.install(default(1, (0, 16.0), purpose=Purpose.STATION_MAX))
    assert stand.shares(LimitSource.STATION) == {1: 8.0, 2: 8.0}


@pytest.mark.req("K01.FR.21")
async def test_who_charges_badly_below_a_rate_waits_rather_than_have_less():
    stand = Stand()
    stand.profiles.install(default(1, (0, 16.0), purpose=Purpose.STATION_MAX))
    stand.transact(1, "tx-1")
    stand.transact(2, "tx-2")
    await asyncio.sleep(6)
    assert stand.shares(LimitSource.STATION) == {1: 8.0, 2: 8.0}
    own = default(2, (0, 32.0), evse=2, purpose=Purpose.TX, tx="tx-2")
    stand.profiles.install(msgspec.structs.replace(own, schedule=msgspec.structs.replace(own.schedule, min_rate=11.0)))
    await asyncio.sleep(6)
    assert stand.shares(LimitSource.STATION) == {1: 16.0, 2: 0.0}


@pytest.mark.req("K05.FR.03")
async def test_a_profile_that_came_with_a_remote_start_is_for_the_transaction_that_follows_and_ends_with_it():
    stand = Stand()
    brought = default(5, (0, 9.0), evse=1, purpose=Purpose.TX, kind=Kind.RELATIVE, start=None)
    stand.become(1, driver=Driver(IdToken("AABB"), None, Trigger.REMOTE_START, 1, profile=brought))
    assert [(one.id, one.tx) for one in stand.profiles.installed()] == [(5, "next-1")]
    stand.transact(1, "next-1")
    assert stand.limits == [(0.0, 1, 9.0)]
    stand.transact(1, None)
    assert stand.profiles.installed() == []
    assert stand.limits[-1] == (0.0, 1, 80.0)


async def test_a_profile_of_a_remote_start_goes_with_the_driver_who_never_plugged_in():
    stand = Stand()
    brought = default(5, (0, 9.0), evse=1, purpose=Purpose.TX, kind=Kind.RELATIVE, start=None)
    stand.become(1, driver=Driver(IdToken("AABB"), None, Trigger.REMOTE_START, 1, profile=brought))
    stand.become(1, driver=None)
    assert stand.profiles.installed() == []


async def test_a_profile_of_a_remote_start_that_was_cleared_does_not_come_back():
    stand = Stand()
    brought = default(5, (0, 9.0), evse=1, purpose=Purpose.TX, kind=Kind.RELATIVE, start=None)
    stand.become(1, driver=Driver(IdToken("AABB"), None, Trigger.REMOTE_START, 1, profile=brought))
    stand.profiles.clear(Wanted())
    stand.transact(1, "next-1")
    assert stand.profiles.installed() == []


@pytest.mark.req("K01.FR.06")
async def test_profiles_of_one_level_may_follow_each_other_but_not_overlap():
    stand = Stand()
    stand.profiles.install(default(1, (0, 16.0), valid_to_utc_s=EPOCH_S + 60))
    stand.profiles.install(default(2, (0, 8.0), valid_from_utc_s=EPOCH_S + 60))
    with pytest.raises(ProfileError, match="stack level is taken"):
        stand.profiles.install(default(3, (0, 8.0)))
    await asyncio.sleep(61)
    assert [limit for _, evse, limit in stand.limits if evse == 1] == [16.0, 8.0]


async def test_there_is_an_end_to_how_many_can_be_installed():
    stand = Stand()
    for number in range(MAX_PROFILES):
        stand.profiles.install(default(number, (0, 16.0), stack=number))
    with pytest.raises(ProfileError, match="clear some first"):
        stand.profiles.install(default(MAX_PROFILES, (0, 16.0), purpose=Purpose.STATION_MAX))
    with pytest.raises(ProfileError, match="highest stack level"):
        stand.profiles.install(default(0, (0, 16.0), stack=100))
    assert stand.profiles.count == MAX_PROFILES


@pytest.mark.req("K01.FR.13")
async def test_a_daily_profile_reaches_the_evses_every_day_on_the_second():
    stand = Stand()
    night = default(1, (0, 6.0), kind=Kind.RECURRING, recurrency=Recurrency.DAILY, duration=3600, start=EPOCH_S + 100)
    stand.profiles.install(night)
    await asyncio.sleep(2 * DAY_S)
    mine = [(round(at, 3), limit) for at, evse, limit in stand.limits if evse == 1]
    assert mine == [(100.0, 6.0), (3700.0, 80.0), (DAY_S + 100.0, 6.0), (DAY_S + 3700.0, 80.0)]


async def test_a_wall_clock_that_leaps_is_noticed_and_does_not_move_what_counts_from_the_transaction():
    stand = Stand()
    stand.profiles.install(default(1, (0, 16.0), start=EPOCH_S + 5000))
    stand.transact(2, "tx-2")
    own = default(2, (0, 12.0), (100, 6.0), evse=2, purpose=Purpose.TX, tx="tx-2", kind=Kind.RELATIVE, start=None)
    stand.profiles.install(own)
    stand.leap_s = 6000.0
    await asyncio.sleep(RECHECK_S + 1)
    assert stand.limits[-1] == (RECHECK_S, 1, 16.0)
    await asyncio.sleep(100)
    assert [(at, limit) for at, evse, limit in stand.limits if evse == 2] == [(0.0, 12.0), (100.0, 6.0)]


async def test_switched_off_the_csms_profiles_do_not_count_but_what_others_impose_does():
    stand = Stand()
    stand.profiles.install(default(1, (0, 10.0)))
    stand.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 8.0),)), evse=1)
    stand.enabled = False
    stand.profiles.apply()
    assert stand.limits[-2:] == [(0.0, 1, 80.0), (0.0, 2, 80.0)]
    assert stand.shares(LimitSource.GRID) == {1: 8.0}


# Other systems than the CSMS


@pytest.mark.req("K11.FR.01")
@pytest.mark.req("K12.FR.01")
@pytest.mark.req("K13.FR.01")
async def test_what_the_grid_imposes_on_all_is_shared_until_it_is_released():
    stand = Stand()
    stand.transact(1, "tx-1")
    stand.transact(2, "tx-2")
    stand.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 14.0),)))
    assert stand.shares(LimitSource.GRID) == {1: 7.0, 2: 7.0}
    assert stand.profiles.release(LimitOwner.GRID)
    assert stand.shares(LimitSource.GRID) == {1: 80.0, 2: 80.0}
    assert not stand.profiles.release(LimitOwner.GRID)


async def test_an_imposed_schedule_goes_its_way_to_the_value_that_holds_when_its_system_falls_silent():
    stand = Stand()
    stand.profiles.impose(LimitOwner.ENERGY_MANAGER, Schedule((Period(0, 16.0), Period(60, 6.0))), evse=1)
    await asyncio.sleep(100)
    mine = [(at, limit) for at, evse, source, limit in stand.noted if (evse, source) == (1, LimitSource.LOCAL)]
    assert mine == [(0.0, 16.0), (60.0, 6.0)]


@pytest.mark.req("K11.FR.06")
@pytest.mark.req("K10.FR.09")
async def test_what_is_imposed_has_numbers_of_its_own_is_reported_and_not_the_csms_to_clear_or_replace():
    stand = Stand()
    one = stand.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 8.0),)))
    two = stand.profiles.impose(LimitOwner.ENERGY_MANAGER, Schedule((Period(0, 9.0),)), evse=2)
    again = stand.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 7.0),)))
    assert (one.id, two.id, again.id) == (-1, -2, -1)
    wanted = Wanted(purpose=Purpose.EXTERNAL)
    assert [(p.owner, p.evse) for p in stand.profiles.installed(wanted)] == [("EMS", 2), ("SO", 0)]
    assert stand.profiles.clear(Wanted()) == 0
    with pytest.raises(ProfileError, match="external constraints"):
        stand.profiles.install(default(-1, (0, 16.0)))


@pytest.mark.req("K12.FR.01")
async def test_what_is_imposed_holds_over_a_restart_until_it_ends_or_is_released():
    store = Store()
    stand = Stand(store)
    stand.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 8.0), Period(60, 16.0))), evse=1)
    stand.profiles.impose(LimitOwner.ENERGY_MANAGER, Schedule((Period(0, 9.0),)), evse=2)
    await asyncio.sleep(20)
    again = Stand(Store(store.kept))
    assert [one.id for one in again.profiles.installed()] == [-2, -1]
    assert again.shares(LimitSource.GRID) == {1: 8.0}
    await asyncio.sleep(41)  # its beginning is not that of the restart
    assert again.shares(LimitSource.GRID) == {1: 16.0}
    assert again.profiles.impose(LimitOwner.GRID, Schedule((Period(0, 7.0),)), evse=1).id == -1
    assert again.profiles.release(LimitOwner.GRID, 1)
    assert again.profiles.release(LimitOwner.ENERGY_MANAGER, 2)
    assert Stand(Store(again.store.kept)).profiles.installed() == []


@pytest.mark.parametrize(
    ("owner", "schedule", "evse"),
    [
        (LimitOwner.OTHER, Schedule((Period(0, 8.0),)), 0),
        (LimitOwner.GRID, Schedule((Period(0, 8.0),)), 3),
        (LimitOwner.GRID, Schedule((Period(0, float("nan")),)), 0),
        (LimitOwner.GRID, Schedule((Period(0, -1.0),)), 0),
    ],
)
async def test_what_cannot_be_a_limit_is_refused(owner, schedule, evse):
    stand = Stand()
    with pytest.raises(ProfileError):
        stand.profiles.impose(owner, schedule, evse)
    assert stand.noted == []
