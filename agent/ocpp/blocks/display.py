"""Display messages (2.0.1 O01-O06): the CSMS's messages, kept, and shown where and when they shall be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from agent.ocpp.asks import Handled
from agent.ocpp.asks.display import (
    DisplayStatus,
    FoundAnswer,
    MessagesNotice,
    ShowAnswer,
    ShowAsk,
    ShownAsk,
    UnshowAsk,
)
from agent.ocpp.block import Block, Routes, Surroundings
from agent.ocpp.calls import Calls
from agent.ocpp.reports import send
from agent.ocpp.screen import Message, Page, Priority, State, next_change_s, page
from agent.ocpp.settings.display import (
    DISPLAY_AVAILABLE,
    DISPLAY_ENABLED,
    DISPLAY_MESSAGES,
    FORMATS,
    MAX_MESSAGES,
)
from hal.flag import Flag

KEPT_KEY: Final = "ocpp.display"  # of the journal's meta data


def _nothing(_evse: int) -> tuple[str, ...]:
    return ()


class Display(Block):
    """`beneath(evse)`: lines to show under the station's own words; whoever gives them calls `refresh`."""

    def __init__(self, around: Surroundings) -> None:
        self.beneath: Callable[[int], tuple[str, ...]] = _nothing
        self._around = around
        kept = around.store.meta(KEPT_KEY)
        messages = msgspec.json.decode(kept, type=list[Message]) if kept else []
        self._messages = {one.id: one for one in messages}
        self._pages: dict[int, Page] = {}
        self._running: dict[int, str | None] = {}  # the transaction of each EVSE, as it was seen last
        self._seen: dict[int, object] = {}  # what of each session a page depends on
        self._news = Flag()
        around.settings.follow(DISPLAY_MESSAGES, lambda: len(self._messages))
        around.settings.follow(DISPLAY_AVAILABLE, lambda: bool(around.charger.displays()))

    def routes(self) -> Routes:
        """Who answers what."""
        return {ShowAsk: self.show, ShownAsk: self.tell, UnshowAsk: self.clear}

    async def run(self) -> None:
        """Keep every display up to date."""
        self._around.charger.on_step(self._stepped)
        self._around.settings.on_change(lambda _setting: self.refresh())
        while True:
            self._update()
            wait_s = next_change_s(self._messages.values(), self._around.clock.now().utc_s)
            await self._news.wait(wait_s)
            self._news.clear()

    def refresh(self) -> None:
        """Something that is shown may have changed."""
        self._news.set()

    def show(self, ask: ShowAsk) -> Handled:
        """SetDisplayMessage (O01, O02, O06)."""
        status = self._judge(ask.message)
        if status is DisplayStatus.ACCEPTED:
            if ask.message.priority is Priority.ALWAYS_FRONT:  # O01.FR.16, O02.FR.18
                others = {one.id for one in self._messages.values() if one.priority is Priority.ALWAYS_FRONT}
                self._messages = {one: message for one, message in self._messages.items() if one not in others}
            self._messages[ask.message.id] = ask.message
            self._keep()
        return Handled(ShowAnswer(status), self.refresh)

    def tell(self, ask: ShownAsk) -> Handled:
        """GetDisplayMessages (O03, O04)."""
        found = [
            one
            for one in self._messages.values()
            if (not ask.ids or one.id in ask.ids)
            and ask.priority in {None, one.priority}
            and ask.state in {None, one.state}
            and self._around.csms.online  # B02.FR.02: what would follow must not be sent yet
        ]

        async def follow(calls: Calls) -> None:
            if found:
                await send(calls, found, lambda _seq, more, part: MessagesNotice(ask.request_id, more, part))

        return Handled(FoundAnswer(bool(found)), follow=follow)

    def clear(self, ask: UnshowAsk) -> Handled:
        """ClearDisplayMessage (O05)."""
        found = self._messages.pop(ask.id, None) is not None
        self._keep()
        return Handled(FoundAnswer(found), self.refresh)

    def _stepped(self, evse: int) -> None:
        """Most steps are a meter's reading, which no display shows."""
        session = self._around.charger.session(evse)
        seen = (session.status, session.tx.id if session.tx else None, session.driver, session.asking, session.occupied)
        if self._seen.get(evse) != seen:
            self._seen[evse] = seen
            self.refresh()

    def _judge(self, message: Message) -> DisplayStatus:
        if message.state is State.DISCHARGING:
            return DisplayStatus.STATE  # O01.FR.02
        contents = (message.content, *message.extra)
        if any(one.format not in FORMATS or not _is_readable(one.format, one.text) for one in contents):
            return DisplayStatus.FORMAT  # O01.FR.03
        running = {
            session.tx.id for session in map(self._around.charger.session, self._around.charger.evse_ids) if session.tx
        }
        if message.tx is not None and message.tx not in running:
            return DisplayStatus.UNKNOWN_TRANSACTION  # O02.FR.01
        full = message.id not in self._messages and len(self._messages) >= MAX_MESSAGES  # O01.FR.11
        nowhere = not self._around.charger.displays() or not self._around.settings.get(DISPLAY_ENABLED)
        if full or nowhere or (message.evse is not None and message.evse not in self._around.charger.evse_ids):
            return DisplayStatus.REJECTED
        return DisplayStatus.ACCEPTED

    def _update(self) -> None:
        now_utc_s = self._around.clock.now().utc_s
        charger = self._around.charger
        sessions = [charger.session(evse) for evse in charger.evse_ids]
        ended = set(self._running.values()) - {one.tx.id if one.tx else None for one in sessions} - {None}
        self._running = {one.evse: one.tx.id if one.tx else None for one in sessions}
        over = [one.id for one in self._messages.values() if one.expired(now_utc_s) or one.tx in ended]
        for one in over:  # O01.FR.07, O02.FR.02
            del self._messages[one]
        if over:
            self._keep()
        shown = self._messages.values() if self._around.settings.get(DISPLAY_ENABLED) else ()
        for session in sessions:
            if session.evse not in charger.displays():
                continue
            new = page(shown, session, now_utc_s, self.beneath(session.evse), self._around.language)
            if self._pages.get(session.evse, Page()) != new:
                self._pages[session.evse] = new
                charger.show(session.evse, new)

    def _keep(self) -> None:
        messages = list(self._messages.values())
        self._around.keeper.remember(KEPT_KEY, msgspec.json.encode(messages) if messages else None)


def _is_readable(kind: str, text: str) -> bool:
    return kind != "ASCII" or text.isascii()
