"""Reservations over time: kept, used, expired, broken, and none forgotten by a restart."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from agent.core.events import ReservationOver, ReservationsChanged
from agent.core.reservation import PlaceState, Reservation
from agent.core.session import Driver, Phase, Session
from agent.core.values import ConnectorStatus, IdToken, ReservationEnd, Scope
from agent.runtime.clock import LoopClock
from agent.runtime.reservations import KEY, RECHECK_S, Reservations

EPOCH_S = 1_800_057_600.0
OWNER = IdToken("OWNER")


class Store:
    """A journal's meta data, and nothing else of it."""

    def __init__(self, meta: bytes | None = None) -> None:
        self.kept = meta

    def meta(self, key: str) -> bytes | None:
        assert key == KEY
        return self.kept

    def commit(self, *operations: Any) -> None:
        for one in operations:
            self.kept = one.value


class Stand:
    """Two EVSEs that believe what they are told; what is over is noted as (time, EVSE, id, why)."""

    def __init__(self, store: Store | None = None, **sessions: Session) -> None:
        self.store = store or Store()
        self.sessions = {1: Session(evse=1), 2: Session(evse=2)} | {s.evse: s for s in sessions.values()}
        self.over: list[tuple[float, int, int, ReservationEnd]] = []
        self.leap_s = 0.0
        clock = LoopClock(wall=lambda: EPOCH_S + self.leap_s + asyncio.get_running_loop().time())
        self.reservations = Reservations(self.store, clock, self, lambda evse: {1: "sType2", 2: "cType2"}[evse])
        self.reservations.start()

    @property
    def evse_ids(self) -> tuple[int, ...]:
        return (1, 2)

    def session(self, evse: int) -> Session:
        return self.sessions[evse]

    def post(self, evse: int, event: ReservationsChanged | ReservationOver) -> None:
        match event:
            case ReservationsChanged(kept):
                self.sessions[evse] = msgspec.structs.replace(self.sessions[evse], kept=kept)
            case ReservationOver(number, why):
                self.over.append((asyncio.get_running_loop().time(), evse, number, why))

    @property
    def held(self) -> list[int]:
        return [evse for evse, session in self.sessions.items() if session.kept.held]

    def become(self, evse: int, **changes: Any) -> None:
        self.sessions[evse] = msgspec.structs.replace(self.sessions[evse], **changes)
        self.reservations.watch(self.sessions[evse])


def wish(number: int = 1, evse: int | None = 1, for_s: float = 60.0, **more: Any) -> Reservation:
    return Reservation(id=number, token=OWNER, expires_utc_s=EPOCH_S + for_s, evse=evse, **more)


@pytest.mark.req("H04.FR.01")
@pytest.mark.req("H04.FR.02")
async def test_a_reservation_that_nobody_uses_expires_on_the_second():
    stand = Stand()
    assert stand.reservations.reserve(wish(for_s=35.5)) is None
    assert stand.held == [1]
    await asyncio.sleep(100)
    assert stand.held == []
    assert stand.over == [(35.5, 1, 1, ReservationEnd.EXPIRED)]


async def test_what_expired_while_the_wall_clock_leapt_is_noticed():
    stand = Stand()
    stand.reservations.reserve(wish(for_s=5000))
    stand.leap_s = 6000
    await asyncio.sleep(RECHECK_S + 1)
    assert [number for _, _, number, _ in stand.over] == [1]


async def test_a_reservation_outlives_a_restart_and_expires_all_the_same():
    stand = Stand()
    stand.reservations.reserve(wish(for_s=60))
    stand.reservations.reserve(wish(2, evse=2, for_s=600))
    again = Stand(Store(stand.store.kept))
    assert again.held == [1, 2]
    stand.reservations.close()
    later = Stand(Store(stand.store.kept))
    later.leap_s = 100
    later.reservations.apply()
    assert (later.held, later.over) == ([2], [(0.0, 1, 1, ReservationEnd.EXPIRED)])


async def test_reservations_that_cannot_be_read_are_left_behind():
    assert Stand(Store(b"\xc1 none")).reservations.made() == []


@pytest.mark.req("H01.FR.02")
async def test_the_same_id_replaces():
    stand = Stand()
    stand.reservations.reserve(wish(1, evse=1))
    assert stand.reservations.reserve(wish(1, evse=2)) is None
    assert stand.held == [2]
    assert stand.over == []


@pytest.mark.req("H01.FR.02")
async def test_a_replacement_that_cannot_be_made_leaves_the_old_one():
    stand = Stand()
    stand.become(2, driver=Driver(IdToken("X")), phase=Phase.AUTHORIZED)
    stand.reservations.reserve(wish(1, evse=1))
    assert stand.reservations.reserve(wish(1, evse=2)) is PlaceState.OCCUPIED
    assert stand.held == [1]


@pytest.mark.req("H02.FR.01")
@pytest.mark.req("H02.FR.02")
@pytest.mark.req("H02.FR.03")
async def test_a_cancelled_reservation_keeps_nothing_and_is_not_over_by_itself():
    stand = Stand()
    stand.reservations.reserve(wish())
    assert stand.reservations.cancel(1)
    assert (stand.held, stand.over) == ([], [])
    assert not stand.reservations.cancel(1)


@pytest.mark.req("H03.FR.09")
async def test_a_reservation_is_used_once():
    stand = Stand()
    stand.reservations.reserve(wish(for_s=60))
    stand.become(1, driver=Driver(OWNER, reservation_id=1), phase=Phase.AUTHORIZED)
    assert stand.reservations.made() == []
    await asyncio.sleep(100)
    assert stand.over == []


@pytest.mark.req("H01.FR.16")
@pytest.mark.req("H01.FR.17")
@pytest.mark.parametrize(
    "broken",
    [
        {"status": ConnectorStatus.FAULTED},
        {"status": ConnectorStatus.UNAVAILABLE, "inoperative": frozenset({Scope.EVSE})},
    ],
)
async def test_a_reservation_is_removed_when_its_evse_fails_or_is_taken_out_of_service(broken: dict[str, Any]):
    stand = Stand()
    stand.reservations.reserve(wish())
    stand.become(1, **broken)
    assert stand.over == [(0.0, 1, 1, ReservationEnd.REMOVED)]
    assert stand.held == []
    assert stand.reservations.reserve(wish()) in {PlaceState.FAULTED, PlaceState.UNAVAILABLE}


@pytest.mark.req("B11.FR.05")
async def test_a_reservation_stays_while_its_evse_waits_for_a_reset():
    stand = Stand()
    stand.reservations.reserve(wish())
    stand.become(1, status=ConnectorStatus.UNAVAILABLE, inoperative=frozenset({Scope.RESET}))
    assert (stand.over, stand.held) == ([], [1])


@pytest.mark.req("H01.FR.07")
async def test_a_reservation_of_any_evse_keeps_the_last_one_as_strangers_come_and_lets_it_go_as_they_leave():
    stand = Stand()
    stand.reservations.reserve(wish(evse=None))
    assert stand.held == []
    stand.become(2, driver=Driver(IdToken("X")), phase=Phase.AUTHORIZED)
    assert stand.held == [1]
    stand.become(2, driver=None, phase=Phase.IDLE)
    assert stand.held == []


@pytest.mark.req("H01.FR.20")
async def test_as_many_reservations_as_evses_keep_them_all_and_no_more_can_be_made():
    stand = Stand()
    assert stand.reservations.reserve(wish(1, evse=None)) is None
    assert stand.reservations.reserve(wish(2, evse=None)) is None
    assert stand.held == [1, 2]
    assert stand.reservations.reserve(wish(3, evse=None)) is PlaceState.OCCUPIED
    stand.reservations.cancel(1)
    assert stand.held == []


async def test_a_strangers_car_on_the_cable_does_not_take_a_kept_evse_from_its_owner():
    stand = Stand()
    stand.reservations.reserve(wish(1, evse=None))
    stand.become(2, driver=Driver(IdToken("X")), phase=Phase.AUTHORIZED)
    stand.become(1, phase=Phase.CONNECTED)
    assert stand.held == [1]


@pytest.mark.req("H01.FR.24")
async def test_a_reservation_of_a_type_keeps_the_only_evse_that_has_it():
    stand = Stand()
    stand.reservations.reserve(wish(evse=None, connector_type="cType2"))
    assert stand.held == [2]
