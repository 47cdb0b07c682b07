"""What is told in order, also to a CSMS that comes and goes."""

from __future__ import annotations

import asyncio
from typing import Any

from agent.ocpp.asks.files import LogStatusNotice, UploadStatus
from agent.ocpp.backlog import MOST, Backlog
from agent.ocpp.dialect import Notice


def notice(number: int) -> LogStatusNotice:
    return LogStatusNotice(UploadStatus.UPLOADING, number)


class Csms:
    """`answers`: what it says to each; None when the link is gone, or where it has nothing to say."""

    def __init__(self) -> None:
        self.online = True
        self.breaks_at = -1
        self.refuses = False
        self.heard: list[int] = []

    async def say(self, notice: Notice) -> Any:
        assert isinstance(notice, LogStatusNotice)
        await asyncio.sleep(1.0)
        if notice.request_id == self.breaks_at:
            self.online, self.breaks_at = False, -1
        if not self.online:
            return None
        assert notice.request_id is not None
        self.heard.append(notice.request_id)
        return None if self.refuses else {}


async def test_what_the_link_took_with_it_is_told_again_and_nothing_overtakes_it():
    csms = Csms()
    backlog = Backlog(csms)  # type: ignore[arg-type]
    csms.breaks_at = 2
    await asyncio.gather(*(backlog.tell(notice(number)) for number in (1, 2, 3)))
    assert csms.heard == [1]
    csms.online = True
    await asyncio.gather(backlog.flush(), backlog.tell(notice(4)))
    assert csms.heard == [1, 2, 3, 4]
    await backlog.flush()
    assert csms.heard == [1, 2, 3, 4]


async def test_a_csms_that_refuses_a_notice_is_not_told_it_for_ever():
    csms = Csms()
    csms.refuses = True
    backlog = Backlog(csms)  # type: ignore[arg-type]
    await backlog.tell(notice(1))
    await backlog.tell(notice(2))
    assert csms.heard == [1, 2]


async def test_what_was_on_its_way_when_its_work_was_broken_off_is_not_told_twice():
    csms = Csms()
    backlog = Backlog(csms)  # type: ignore[arg-type]
    telling = asyncio.create_task(backlog.tell(notice(1)))
    await asyncio.sleep(0.5)
    telling.cancel()
    await backlog.tell(notice(2))
    assert csms.heard == [2]  # the first had left; nobody was there any more to hear its answer


async def test_of_too_many_the_oldest_are_forgotten():
    csms = Csms()
    csms.online = False
    backlog = Backlog(csms)  # type: ignore[arg-type]
    for number in range(MOST + 5):
        await backlog.tell(notice(number))
    csms.online = True
    await backlog.flush()
    assert csms.heard == list(range(5, MOST + 5))
