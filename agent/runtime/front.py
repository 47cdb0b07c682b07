"""Shows and sounds what a session means, where an EVSE has a light, a display or a beeper."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from agent.core import signage
from agent.core.events import AnyEvent
from agent.core.session import Session
from agent.core.signage import Sign
from agent.core.signage_words import Language
from agent.ocpp.screen import Page
from agent.runtime.lane import Lane
from hal import board as ports

SCREEN_S: Final = 5.0  # our policy: how long one of several screens is shown
MOMENT_S: Final = 4.0  # our policy: how long a refused card is told


class Front:
    """Shows and sounds what `agent.core.signage` makes of the session, whenever it changes, where there is a front.

    A light that fails is logged and tried again; it is no fault of the session's.
    """

    def __init__(self, hardware: ports.EvseHardware, name: str, language: Language) -> None:
        self._led = hardware.led
        self._display = hardware.display
        self._language = language
        self._light_lane = Lane(f"{name} light", _no_fault)
        self._text_lane = Lane(f"{name} display", _no_fault)
        self._sound_lane = Lane(f"{name} beeper", _no_fault)
        self._shown: tuple[Sign, Language] | None = None
        self._moment: asyncio.TimerHandle | None = None
        self._page = Page()
        self._turn = 0
        self._turning: asyncio.TimerHandle | None = None
        self._session: Session

    def follow(self, before: Session, event: AnyEvent | None, session: Session) -> None:
        """See a step."""
        if self._led is None and self._display is None:
            return
        self._session = session
        if self._led is not None and (heard := signage.sound(before, event, session)) is not None:
            self._sound_lane.want(partial(self._led.beep, heard))
        brief = signage.moment(before, event)
        if brief is not None:
            self._end_moment()
            self._moment = asyncio.get_running_loop().call_later(MOMENT_S, self._moment_over)
            self._show(brief)
        elif self._moment is None:
            self._show(signage.sign(session, asyncio.get_running_loop().time()))

    def turn_to(self, page: Page) -> None:
        """Show this beside the session's own sign."""
        self._page, self._turn = page, 0
        if self._display is not None and self._shown is not None:
            self._show_text(*self._shown)

    def close(self) -> None:
        """Show nothing new."""
        self._end_moment()
        self._end_turn()
        for lane in (self._light_lane, self._text_lane, self._sound_lane):
            lane.stop()

    def _show(self, sign: Sign) -> None:
        language = signage.language_of(self._session, self._language)
        if (sign, language) == self._shown:
            return
        self._shown = sign, language
        if self._led is not None:
            self._light_lane.want(partial(self._led.show, sign.colour, sign.pattern))
        if self._display is not None:
            self._turn = 0
            self._show_text(sign, language)

    def _show_text(self, sign: Sign, language: Language) -> None:
        """One screen, and after a while the next one."""
        self._end_turn()
        screens = self._page.screens(sign.lines(language))
        if self._moment is not None and self._page.own:
            screens = screens[:1]  # why a card was refused does not take turns
        if len(screens) > 1:
            self._turning = asyncio.get_running_loop().call_later(SCREEN_S, self._next_screen)
        if self._display is not None:
            self._text_lane.want(partial(self._display.text, screens[self._turn % len(screens)]))

    def _next_screen(self) -> None:
        self._turn += 1
        if self._shown is not None:
            self._show_text(*self._shown)

    def _end_turn(self) -> None:
        if self._turning is not None:
            self._turning.cancel()
            self._turning = None

    def _moment_over(self) -> None:
        self._moment = None
        self._show(signage.sign(self._session, asyncio.get_running_loop().time()))

    def _end_moment(self) -> None:
        if self._moment is not None:
            self._moment.cancel()
            self._moment = None


def _no_fault(event: AnyEvent) -> None:
    """Where a front's troubles go: the lane has logged them."""
