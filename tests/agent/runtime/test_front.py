"""Light, display and beeper follow the session, and cost it nothing."""

from __future__ import annotations

import asyncio

import pytest

from agent.core.events import AuthorizationDecided
from agent.core.session import Phase
from agent.core.signage_words import WORDS
from agent.core.values import AuthInfo, AuthStatus
from agent.ocpp.screen import Page
from agent.runtime.front import SCREEN_S
from hal.errors import HalTimeoutError
from hal.types import CpState, FaultKind, FaultRaised, TokenPresented
from tests.agent.core.playing import cp
from tests.agent.runtime import test_evse
from tests.agent.runtime.stub_hardware import StubHardware
from tests.agent.runtime.test_evse import bench


class Front:
    """Notes what is shown; `broken` raises instead, `hangs` never answers."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.broken = False
        self.hangs = False

    async def show(self, colour, pattern, *, deadline_s=1.0):
        await self._do(f"{colour} {pattern}")

    async def beep(self, sound, *, deadline_s=1.0):
        await self._do(f"beep {sound}")

    async def text(self, lines, *, deadline_s=1.0):
        await self._do(" / ".join(lines))

    async def _do(self, what: str) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.broken:
            raise HalTimeoutError("the light does not answer")
        self.shown.append(what)


def with_front(monkeypatch, *, led: bool = True, display: bool = True) -> Front:
    front = Front()

    class Hardware(StubHardware):
        def __init__(self) -> None:
            super().__init__()
            self.led = front if led else None
            self.display = front if display else None

    monkeypatch.setattr(test_evse, "StubHardware", Hardware)
    return front


async def test_light_and_display_follow_a_whole_start(monkeypatch):
    front = with_front(monkeypatch)
    async with bench() as b:
        assert front.shown == ["green steady", "Free / Plug in and show your card"]
        front.shown.clear()
        await b.happen(cp(CpState.B))
        assert front.shown == ["yellow slow", "Connected / Please show your card"]
        front.shown.clear()
        await b.happen(TokenPresented("AABB"))
        assert set(front.shown) >= {"beep accepted", "blue flash", "Paused / Too little current: board rating"}


async def test_what_has_not_changed_is_not_shown_again(monkeypatch):
    front = with_front(monkeypatch)
    async with bench() as b:
        front.shown.clear()
        for _ in range(10):
            await b.sample()
        assert front.shown == []


async def test_a_refused_card_is_told_for_a_moment(monkeypatch):
    front = with_front(monkeypatch)
    async with bench() as b:
        await b.happen(cp(CpState.B))
        refused = AuthInfo(AuthStatus.EXPIRED)
        b.performer._authorize = lambda _evse, one: b.task.post(AuthorizationDecided(one.ask, one.token, refused))
        front.shown.clear()
        await b.happen(TokenPresented("AABB"))
        assert set(front.shown) >= {"beep refused", "red triple", "Not accepted / This card has expired"}
        front.shown.clear()
        await asyncio.sleep(3)
        await b.sample()
        assert front.shown == []
        await asyncio.sleep(2)
        assert front.shown[-2:] == ["yellow slow", "Connected / Please show your card"]


async def test_a_light_that_fails_is_tried_again_and_stops_no_charge(monkeypatch):
    front = with_front(monkeypatch)
    front.broken = True
    async with bench() as b:
        await b.ask_for_energy()
        assert b.task.session.phase is Phase.CHARGING
        assert FaultKind.BOARD not in b.task.session.faults
        front.broken = False
        await asyncio.sleep(2)
        assert "white fast" in front.shown or "blue flash" in front.shown


async def test_a_display_that_hangs_delays_no_power_off(monkeypatch):
    front = with_front(monkeypatch)
    front.hangs = True
    async with bench() as b:
        await b.ask_for_energy()
        before_s = asyncio.get_running_loop().time()
        await b.happen(FaultRaised(FaultKind.E_STOP))
        assert ("permit off", before_s) in [(what, at_s) for at_s, what in b.hardware.asked]


async def test_a_station_with_a_light_alone_uses_it(monkeypatch):
    front = with_front(monkeypatch, display=False)
    async with bench() as b:
        await b.happen(cp(CpState.B))
        assert front.shown == ["green steady", "yellow slow"]


@pytest.mark.req("C01.FR.08")
async def test_what_is_shown_changes_to_the_drivers_language_and_back(monkeypatch):
    front = with_front(monkeypatch)
    async with bench() as b:
        german = AuthInfo(AuthStatus.ACCEPTED, languages=("de-AT",))
        b.performer._authorize = lambda _evse, one: b.task.post(AuthorizationDecided(one.ask, one.token, german))
        await b.happen(cp(CpState.B))
        before = front.shown[-1]
        await b.happen(TokenPresented("AABB"))
        words = WORDS["de"].titles.values()
        assert any(title in shown for title, _ in words for shown in front.shown)
        assert before != front.shown[-1]
        await b.happen(TokenPresented("AABB"))  # he goes
        await asyncio.sleep(20)
        assert front.shown[-1].startswith(tuple(title for title, _ in WORDS["en"].titles.values()))


async def test_a_display_takes_turns_with_the_csms_s_messages_and_shows_costs_beneath(monkeypatch):
    front = with_front(monkeypatch, led=False)
    async with bench() as b:
        front.shown.clear()
        b.performer.show_page(Page(("2.50 EUR",), (("Coffee", "inside"),)))
        await asyncio.sleep(2.6 * SCREEN_S)
        own = "Free / Plug in and show your card / 2.50 EUR"
        assert front.shown == [own, "Coffee / inside", own]
        front.shown.clear()
        b.performer.show_page(Page(others=(("Closed",),), own=False))
        await b.happen(cp(CpState.B))
        await asyncio.sleep(3 * SCREEN_S)
        assert set(front.shown) == {"Closed"}, "what is always in front gives way to nothing"
        b.performer.show_page(Page())
        await asyncio.sleep(SCREEN_S)
        assert front.shown[-1] == "Connected / Please show your card"


async def test_a_refused_card_is_told_at_once_also_while_messages_take_turns(monkeypatch):
    front = with_front(monkeypatch, led=False)
    async with bench() as b:
        refused = AuthInfo(AuthStatus.EXPIRED)
        b.performer._authorize = lambda _evse, one: b.task.post(AuthorizationDecided(one.ask, one.token, refused))
        await b.happen(cp(CpState.B))
        b.performer.show_page(Page(others=(("Coffee",),)))
        await asyncio.sleep(1.5 * SCREEN_S)
        assert front.shown[-1] == "Coffee"
        front.shown.clear()
        await b.happen(TokenPresented("AABB"))
        await asyncio.sleep(3)
        assert front.shown[-1] == "Not accepted / This card has expired"
