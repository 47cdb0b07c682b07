from __future__ import annotations

import asyncio

import msgspec
import pytest

from agent.core.schedule import Kind, Period, Profile, ProfileError, Purpose, RateUnit, Schedule
from agent.core.session import Session, Transaction
from agent.core.values import ChargingState
from agent.runtime.clock import LoopClock
from agent.runtime.profiles import KEY, Profiles, Wanted

EPOCH_S = 1_800_057_600.0


class Store:
    """A journal's meta data, and nothing else of it."""

    def __init__(self, meta: bytes | None = None) -> None:
        self.kept = meta

    def meta(self, key: str) -> bytes | None:
        assert key == KEY
        return self.kept

    def commit(self, *operations) -> None:
        for one in operations:
            self.kept = one.value


class Stand:
    """Two EVSEs whose limits are noted as (time, EVSE, ampere)."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()
        self.limits: list[tuple[float, int, float]] = []
        self.sessions = {1: Session(evse=1), 2: Session(evse=2)}
        clock = LoopClock(wall=lambda: EPOCH_S + asyncio.get_running_loop().time())
        self.profiles = Profiles(self.store, clock, self.sessions.__getitem__, self.note, lambda: (1, 2))
        self.profiles.start()

    def note(self, evse, event) -> None:
        self.limits.append((asyncio.get_running_loop().time(), evse, event.limit.current_a))

    def transact(self, evse: int, tx: str | None) -> None:
        at_s = EPOCH_S + asyncio.get_running_loop().time()
        made = tx and Transaction(
            id=tx,
            seq=1,
            started_utc_s=at_s,
            started_mono_s=0.0,
            start_energy_wh=0.0,
            last_energy_wh=0.0,
            charging=ChargingState.CHARGING,
        )
        self.sessions[evse] = msgspec.structs.replace(self.sessions[evse], tx=made or None)
        self.profiles.watch(self.sessions[evse])


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


async def test_clearing_acts_at_once():
    stand = Stand()
    stand.profiles.install(default(1, (0, 6.0)))
    assert stand.profiles.clear(Wanted(id=1)) == 1
    assert stand.limits[-2:] == [(0.0, 1, 80.0), (0.0, 2, 80.0)]
    assert stand.profiles.clear(Wanted(id=1)) == 0


@pytest.mark.req("K01.FR.27")
async def test_profiles_survive_a_restart():
    store = Store()
    Stand(store).profiles.install(default(1, (0, 10.0), evse=2))
    again = Stand(Store(store.kept))
    assert again.limits == [(0.0, 2, 10.0)]


async def test_profiles_that_cannot_be_read_are_left_behind():
    assert Stand(Store(b"\xc1 not a profile")).profiles.installed() == []


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
        (default(9, (0, 6.0), evse=2), "K01.FR.52/53"),
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


async def test_the_same_id_or_the_same_place_replaces():
    stand = Stand()
    stand.profiles.install(default(1, (0, 16.0)))
    stand.profiles.install(default(1, (0, 14.0), stack=3))
    stand.profiles.install(default(2, (0, 12.0), stack=3))
    assert [(one.id, one.stack_level) for one in stand.profiles.installed()] == [(2, 3)]


async def test_a_profile_is_picked_out_by_id_alone_or_by_what_is_given():
    stand = Stand()
    stand.profiles.install(default(1, (0, 16.0)))
    stand.profiles.install(default(2, (0, 12.0), stack=1))
    stand.profiles.install(default(3, (0, 12.0), purpose=Purpose.STATION_MAX))
    assert [one.id for one in stand.profiles.installed(Wanted(purpose=Purpose.TX_DEFAULT, stack_level=1))] == [2]
    assert [one.id for one in stand.profiles.installed(Wanted(id=3, stack_level=9))] == [3]
    assert stand.profiles.clear(Wanted(evse=0)) == 3


async def test_the_composite_schedule_of_the_station_knows_only_its_own_limit():
    stand = Stand()
    stand.profiles.install(default(1, (0, 16.0)))
    stand.profiles.install(default(2, (0, 40.0), purpose=Purpose.STATION_MAX))
    assert stand.profiles.composite(0, 60, RateUnit.AMPERE, 64.0) == (Period(0, 40.0),)
    assert stand.profiles.composite(1, 60, RateUnit.AMPERE, 32.0) == (Period(0, 16.0),)
