from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DataError

from csms import database
from csms.database import Database
from csms.records import (
    LAST_POSITION,
    POSITIONS_PER_STEP,
    Charger,
    ChargerState,
    Direction,
    IdleReadings,
    LoggedFrame,
    Numbered,
    Reading,
    SessionRow,
    Step,
    Token,
)
from csms.store import MAX_WAITING, Store
from csms.tariff import Tariff
from tests.csms.databases import fresh

TARIFF = Tariff(per_kwh=Decimal("0.50"), per_hour=Decimal("1.00"), session_fee=Decimal("0.25"))


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    opened = Store(fresh())
    opened.set_tariff(TARIFF)
    yield opened
    await opened.close()


def step(seq: int, at_s: float, register_wh: float | None = None, **fields: Any) -> Step:
    readings = () if register_wh is None else (Reading(at_s, register_wh, b"[%d]" % seq),)
    base = Step(charger="CP1", tx="T1", seq=seq, at_utc_s=at_s, position=seq * POSITIONS_PER_STEP, readings=readings)
    return msgspec.structs.replace(base, **fields)


STARTED = step(0, 1_000, 50_000, starts=True, evse=1, connector=1, token="TAG")
UPDATED = step(1, 2_800, 53_000)
ENDED = step(2, 4_600, 57_500, ends=True, reason="EVDisconnected")


def billed(*steps: Step) -> SessionRow:
    opened = Database(fresh())
    opened.tariff = TARIFF
    for each in steps:
        opened.apply([each])
    (row,) = opened.sessions()
    opened.close()
    return row


# Counted transactions (2.x)


def test_a_session_is_billed_last_register_minus_first():
    row = billed(STARTED, UPDATED, ENDED)
    assert (row.start_wh, row.end_wh, row.energy_wh) == (50_000, 57_500, 7_500)
    assert row.cost == Decimal("5.00")  # 0.25 + 7.5 x 0.50 + 1 h
    assert (row.evse, row.connector, row.token, row.reason) == (1, 1, "TAG", "EVDisconnected")
    assert not row.is_open
    assert row.remark is None


def test_a_running_session_shows_energy_and_cost_so_far():
    row = billed(STARTED, UPDATED)
    assert row.is_open
    assert row.energy_wh == 3_000
    assert row.cost == Decimal("2.25")  # 0.25 + 1.50 + half an hour


@settings(deadline=None, max_examples=40)  # each example opens a database, which takes longer on a busy machine
@given(
    st.lists(st.sampled_from([STARTED, UPDATED, ENDED]), max_size=4)
    .map(lambda more: [STARTED, UPDATED, ENDED, *more])
    .flatmap(st.permutations)
)
def test_the_bill_is_the_same_in_whatever_order_and_however_often_the_events_come(steps: list[Step]):
    assert billed(*steps) == billed(STARTED, UPDATED, ENDED)


def test_the_first_of_two_different_events_with_one_number_counts():
    assert (
        billed(STARTED, ENDED, msgspec.structs.replace(ENDED, readings=(Reading(4_600, 99_000, b""),))).end_wh == 57_500
    )


def test_an_end_that_carries_both_registers_is_enough_when_the_start_told_none():
    both = (Reading(1_000, 50_000, b"begin"), Reading(4_600, 57_500, b"end"))
    started = msgspec.structs.replace(STARTED, readings=())
    assert billed(started, msgspec.structs.replace(ENDED, readings=both[::-1])).energy_wh == 7_500


@pytest.mark.parametrize(
    ("steps", "remark"),
    [
        ((ENDED,), "no start was reported"),
        ((UPDATED, ENDED), "no start was reported"),
        ((step(0, 0, starts=True), step(1, 9, ends=True)), "no energy register was reported"),
        ((STARTED, step(1, 2_000, ends=True)), "only one energy register was reported"),
        ((STARTED, step(1, 2_000, 49_999, ends=True)), "the energy register went backwards"),
    ],
)
def test_what_cannot_be_known_is_remarked_upon_and_not_billed(steps: tuple[Step, ...], remark: str):
    row = billed(*steps)
    assert (row.energy_wh, row.cost, row.remark) == (None, None, remark)
    assert not row.is_open


def test_a_clock_set_back_during_the_session_bills_no_negative_time():
    assert billed(STARTED, step(1, 10, 51_000, ends=True)).cost == Decimal("0.75")


async def test_the_end_is_answered_with_the_cost_and_a_retry_of_it_too(store: Store):
    assert await store.write(STARTED) is None
    assert await store.write(ENDED) == Decimal("5.00")
    assert await store.write(ENDED) == Decimal("5.00")


async def test_a_new_tariff_is_for_sessions_that_begin_after_it(store: Store):
    await store.write(STARTED)
    store.set_tariff(Tariff(per_kwh=Decimal(9)))
    assert await store.write(ENDED) == Decimal("5.00")
    await store.write(msgspec.structs.replace(STARTED, tx="T2"))
    assert await store.write(msgspec.structs.replace(ENDED, tx="T2")) == Decimal("67.50")


async def test_gaps_in_the_numbering_can_be_seen(store: Store):
    await asyncio.gather(*(store.write(each) for each in (STARTED, ENDED, STARTED)))
    assert await store.read(lambda db: db.steps("CP1", "T1")) == [0, 2]


async def test_the_same_transaction_id_at_another_charger_is_another_session(store: Store):
    await store.write(STARTED)
    await store.write(msgspec.structs.replace(STARTED, charger="CP2"))
    assert [(row.charger, row.tx) for row in await store.read(Database.sessions)] == [("CP1", "T1"), ("CP2", "T1")]


# Transactions that the CSMS numbers (1.6)

START = Numbered(charger="CP1", connector=1, token="TAG", at_utc_s=1_000, register_wh=50_000)


def stop(number: int, **fields: Any) -> Step:
    base = Step(charger="CP1", tx=str(number), at_utc_s=4_600, position=LAST_POSITION, ends=True, register_wh=57_500)
    return msgspec.structs.replace(base, **fields)


async def test_a_start_that_is_sent_again_gets_its_number_again(store: Store):
    first, again = await asyncio.gather(store.write(START), store.write(START))
    assert first == again
    assert await store.write(msgspec.structs.replace(START, connector=2)) != first
    await store.write(stop(first))
    assert await store.write(START) == first
    assert len(await store.read(Database.sessions)) == 2


async def test_a_stop_that_is_sent_again_changes_nothing(store: Store):
    number = await store.write(START)
    assert await store.write(stop(number)) == Decimal("5.00")
    assert await store.write(stop(number, register_wh=60_000, at_utc_s=9_000)) == Decimal("5.00")
    (row,) = await store.read(Database.sessions)
    assert (row.energy_wh, row.cost) == (7_500, Decimal("5.00"))


async def test_a_stop_without_a_start_is_recorded_as_such_once_and_hinders_no_later_start(store: Store):
    for _ in range(2):
        await store.write(stop(1))
        await store.write(stop(-1))
    await store.write(stop(-1, at_utc_s=7_000))
    rows = await store.read(Database.sessions)
    assert [(row.tx, row.remark, row.cost) for row in rows] == [
        ("unknown 1 #1", "no start was reported", None),
        ("unknown -1 #2", "no start was reported", None),
        ("unknown -1 #3", "no start was reported", None),
    ]
    assert await store.write(START) == 4


async def test_nobody_can_stop_a_transaction_of_another_charger(store: Store):
    number = await store.write(START)
    await store.write(stop(number, charger="CP2"))
    (mine,) = await store.read(lambda db: db.sessions("CP1"))
    assert mine.is_open


async def test_a_number_that_the_charger_has_used_itself_is_not_given_again(store: Store):
    await store.write(
        msgspec.structs.replace(STARTED, tx="2")
    )  # a 2.x transaction, before the charger fell back to 1.6
    assert await store.write(START) == 3


async def test_meter_values_move_a_running_session_and_an_unknown_one_only_keeps_its_readings(store: Store):
    number = await store.write(START)
    values = Step(
        charger="CP1", tx=str(number), at_utc_s=2_800, position=2_800_000, readings=(Reading(2_800, 53_000, b"[1]"),)
    )
    await store.write(values)
    await store.write(msgspec.structs.replace(values, tx="77"))
    (row,) = await store.read(Database.sessions)
    assert row.energy_wh == 3_000
    assert len(await store.read(lambda db: db.readings("CP1", "77"))) == 1


# Readings, tokens, chargers, the log


async def test_a_reading_that_comes_twice_is_kept_once(store: Store):
    evse_1 = IdleReadings(charger="CP1", evse=1, readings=(Reading(900, 1.0, b"[0]"), Reading(900, 1.0, b"[1]")))
    evse_2 = msgspec.structs.replace(evse_1, evse=2)
    for each in (evse_1, evse_2, evse_1):
        await store.write(each)
    assert len(await store.read(lambda db: db.readings("CP1"))) == 4


async def test_signed_readings_are_kept_byte_for_byte(store: Store):
    sampled = b'[{"value":1,"signedMeterValue":{"signedMeterData":"\\u00fc=="}}]'
    await store.write(IdleReadings(charger="CP1", evse=1, readings=(Reading(900, None, sampled),)))
    assert await store.read(lambda db: db.readings("CP1")) == [Reading(900, None, sampled)]


async def test_the_message_log_keeps_the_last_frames(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "FRAMES_KEPT", 3)
    for number in range(5):
        store.write_later(LoggedFrame(charger="CP1", at_utc_s=number, direction=Direction.IN, frame=f"{number}"))
    assert [frame.frame for frame in await store.read(lambda db: db.frames("CP1"))] == ["2", "3", "4"]


async def test_what_may_wait_does_not_pile_up(store: Store):
    for number in range(MAX_WAITING):
        store.write_later(LoggedFrame(charger="CP1", at_utc_s=number, direction=Direction.IN, frame=""))
    await asyncio.sleep(1)
    assert not store._waiting


async def test_everything_survives_a_restart(tmp_path: Path):
    place = fresh() or tmp_path / "csms.db"
    store = Store(place)
    store.set_tariff(TARIFF)
    store.write_now(Token(value="Tag", group="G", expires_utc_s=5.0))
    store.write_now(Charger(identity="CP1", state=ChargerState.ACCEPTED))
    number = await store.write(START)
    await store.write(STARTED)
    await store.close()

    store = Store(place)
    assert store.tokens["tag"] == Token(value="Tag", group="G", expires_utc_s=5.0)
    assert store.chargers["CP1"].state is ChargerState.ACCEPTED
    assert await store.write(START) == number
    assert await store.write(ENDED) == Decimal("5.00")
    await store.close()


async def test_an_older_row_that_still_waits_does_not_undo_what_the_operator_does(store: Store):
    waiting = store.write(Charger(identity="CP1", state=ChargerState.PENDING))
    store.write_now(Charger(identity="CP1", state=ChargerState.ACCEPTED))
    await waiting
    ((charger,), _, _) = await store.read(Database.load)
    assert charger.state is ChargerState.ACCEPTED


async def test_a_message_that_the_database_cannot_hold_does_not_harm_those_that_share_its_commit(store: Store):
    too_big = msgspec.structs.replace(STARTED, tx="T2", position=2**63)
    outcomes = await asyncio.gather(
        store.write(STARTED), store.write(too_big), store.write(ENDED), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes[::2]] == [type(None), Decimal]
    assert isinstance(outcomes[1], OverflowError | DataError)
    assert [row.tx for row in await store.read(Database.sessions)] == ["T1"]


async def test_what_is_written_in_one_turn_of_the_loop_shares_a_commit(store: Store):
    batches: list[int] = []
    apply = store._database.apply
    store._database.apply = lambda operations: (batches.append(len(operations)), apply(operations))[1]  # type: ignore[method-assign,assignment]
    await asyncio.gather(*(store.write(msgspec.structs.replace(STARTED, charger=f"CP{n}")) for n in range(50)))
    assert batches == [50]


def test_a_clock_that_was_set_back_in_mid_charge_does_not_turn_the_readings_round():
    begin, end = Reading(9_000, 50_000, b"begin", edge=-1), Reading(4_600, 57_500, b"end", edge=1)
    row = billed(msgspec.structs.replace(ENDED, readings=(begin, end)))
    assert (row.start_wh, row.end_wh) == (50_000, 57_500)
