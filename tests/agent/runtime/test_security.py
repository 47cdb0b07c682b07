"""Security events: what is logged, what is told, what the station notices by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.core.events import AnyEvent
from agent.core.facts import SecurityEvent
from agent.core.security import MAX_INFO, LoggedEvent, SecurityEventKind
from agent.core.session import Session
from agent.ocpp.outbox import StoredFact
from agent.ocpp.setting import DataType, Setting
from agent.ocpp.settings.link import HEARTBEAT_INTERVAL
from agent.runtime import statements
from agent.runtime.clock import LoopClock
from agent.runtime.journal import Journal
from agent.runtime.security import SecurityDesk
from hal.types import FaultKind, FaultRaised, MeterErrorKind, MeterFailed

EPOCH_S = 1_767_225_600.0


class Office:
    """A desk with a real journal behind it."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal.open(path / "journal.sqlite")
        self.offered: list[StoredFact] = []
        loop = asyncio.get_running_loop()
        clock = LoopClock(wall=lambda: EPOCH_S + loop.time())
        self.desk = SecurityDesk(self.journal, clock, self.offered.append, lambda: False)

    async def log(self) -> list[LoggedEvent]:
        await self.journal.commit()
        return self.journal.security_log()

    def sees(self, event: AnyEvent, session: Session) -> None:
        self.desk.watch(session, event, session, ())


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    one = Office(tmp_path)
    yield one
    if not one.journal._closing:
        await one.journal.close()


@pytest.mark.req("A04.FR.01", "A04.FR.02", "A04.FR.04")
async def test_a_critical_event_is_stored_for_delivery_and_logged_with_the_moment_it_happened(office: Office):
    await asyncio.sleep(5)
    office.desk.happened(SecurityEventKind.TAMPER, "lid")
    at_s = EPOCH_S + asyncio.get_running_loop().time()
    assert await office.log() == [LoggedEvent(at_s, SecurityEventKind.TAMPER, "lid")]
    (stored,) = office.journal.facts()
    assert stored.fact == SecurityEvent(at_utc_s=at_s, kind=SecurityEventKind.TAMPER, info="lid")
    assert [one.id for one in office.offered] == [stored.id]


@pytest.mark.req("A04.FR.04")
async def test_an_event_that_is_not_critical_is_logged_and_not_told(office: Office):
    office.desk.happened(SecurityEventKind.INVALID_MESSAGES, "too big")
    assert [one.kind for one in await office.log()] == [SecurityEventKind.INVALID_MESSAGES]
    assert office.journal.facts() == []
    assert office.offered == []


async def test_the_log_lets_go_of_its_oldest(office: Office, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(statements, "SECURITY_LOG_ENTRIES", 3)
    for number in range(5):
        office.desk.happened(SecurityEventKind.REPLAY, str(number))
    assert [one.info for one in await office.log()] == ["2", "3", "4"]


async def test_what_an_attacker_writes_into_an_event_stays_on_one_line_and_within_255_characters(office: Office):
    office.desk.happened(SecurityEventKind.INVALID_MESSAGES, "a\r\nb\x1b[2J\u202e" + "x" * 500)
    (entry,) = await office.log()
    assert entry.info.isprintable() or set(entry.info) <= {*"ab[2Jx", "\N{REPLACEMENT CHARACTER}"}
    assert not set(entry.info) & set("\r\n\x1b\u202e")
    assert len(entry.info) == MAX_INFO


async def test_an_opened_housing_is_one_event_however_many_evses_report_it(office: Office):
    for evse in (1, 2, 3):
        office.sees(FaultRaised(FaultKind.TAMPER, "tilted"), Session(evse=evse))
    await asyncio.sleep(10)
    office.sees(FaultRaised(FaultKind.TAMPER, "tilted"), Session(evse=1, faults=frozenset({FaultKind.TAMPER})))
    assert [(one.kind, one.info) for one in await office.log()] == [(SecurityEventKind.TAMPER, "tamper: tilted")]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (FaultRaised(FaultKind.DOOR), SecurityEventKind.TAMPER),
        (FaultRaised(FaultKind.STORAGE, "disk full"), SecurityEventKind.MEMORY_EXHAUSTION),
        (MeterFailed(MeterErrorKind.TAMPERED, "cover", 1), SecurityEventKind.TAMPER),
    ],
)
async def test_what_hardware_and_disk_report_becomes_the_event_of_its_kind(
    office: Office, event: AnyEvent, kind: SecurityEventKind
):
    office.sees(event, Session(evse=1))
    office.sees(FaultRaised(FaultKind.WELD), Session(evse=1))
    assert [one.kind for one in await office.log()] == [kind]


async def test_a_clock_that_is_set_is_an_event_from_the_threshold_on(office: Office):
    office.desk.time_set(-19.9, 20.0)
    office.desk.time_set(-20.1, 20.0)
    assert [(one.kind, one.info) for one in await office.log()] == [(SecurityEventKind.SYSTEM_TIME_SET, "by -20.1 s")]


async def test_a_change_of_a_security_setting_is_logged_by_name_and_not_by_value(office: Office):
    for setting in (
        HEARTBEAT_INTERVAL,
        Setting(type=DataType.STRING, default="", component="SecurityCtrlr", variable="BasicAuthPassword"),
        Setting(type=DataType.STRING, default="", key16="AuthorizationKey"),
    ):
        office.desk.setting_changed(setting)
    assert [one.info for one in await office.log()] == ["SecurityCtrlr.BasicAuthPassword", "AuthorizationKey"]


async def test_an_event_is_told_also_when_the_disk_refuses_it(office: Office):
    await office.journal.close()
    office.desk.happened(SecurityEventKind.MEMORY_EXHAUSTION)
    await asyncio.sleep(0)
    assert [one.fact.at_utc_s for one in office.offered] == [EPOCH_S + asyncio.get_running_loop().time()]
