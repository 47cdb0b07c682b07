"""What a display shows beside the station's own words: the CSMS's messages by priority, state and time. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

import msgspec

from agent.core.session import Session
from agent.core.values import ConnectorStatus
from agent.ocpp.costs import Content

FALL_BACK_LANGUAGE: Final = "en"  # O01.FR.09


class Priority(enum.StrEnum):
    """How a message stands to others (2.x MessagePriorityEnumType)."""

    ALWAYS_FRONT = "AlwaysFront"
    IN_FRONT = "InFront"
    NORMAL = "NormalCycle"


class State(enum.StrEnum):
    """While what a message is shown (2.x MessageStateEnumType)."""

    CHARGING = "Charging"
    FAULTED = "Faulted"
    IDLE = "Idle"
    UNAVAILABLE = "Unavailable"
    SUSPENDED = "Suspended"  # 2.1
    DISCHARGING = "Discharging"  # 2.1; no session is that yet


class Message(msgspec.Struct, frozen=True):
    """A message of the CSMS's. `evse`: whose display; `tx`: it goes with that transaction; `extra`: translations."""

    id: int
    priority: Priority
    content: Content
    state: State | None = None
    start_utc_s: float | None = None
    end_utc_s: float | None = None
    tx: str | None = None
    evse: int | None = None
    extra: tuple[Content, ...] = ()

    def expired(self, now_utc_s: float) -> bool:
        """Whether its time is over."""
        return self.end_utc_s is not None and self.end_utc_s <= now_utc_s

    def started(self, now_utc_s: float) -> bool:
        """Whether its time has come."""
        return self.start_utc_s is None or self.start_utc_s <= now_utc_s


class Page(msgspec.Struct, frozen=True):
    """What one display shows: the station's own words with lines `beneath` them, unless `own` is False, and `others`.

    They take turns.
    """

    beneath: tuple[str, ...] = ()
    others: tuple[tuple[str, ...], ...] = ()
    own: bool = True

    def screens(self, sign: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """All screens, in their turn; `sign`: the station's own words."""
        return ((*sign, *self.beneath), *self.others) if self.own else self.others


def state_of(session: Session) -> State:
    """What a session is, in a message's words."""
    match session.status:
        case ConnectorStatus.FAULTED:
            return State.FAULTED
        case ConnectorStatus.UNAVAILABLE:
            return State.UNAVAILABLE
        case ConnectorStatus.CHARGING:
            return State.CHARGING
        case ConnectorStatus.SUSPENDED_EV | ConnectorStatus.SUSPENDED_EVSE:
            return State.SUSPENDED
        case _:
            return State.IDLE


def page(
    messages: Iterable[Message], session: Session, now_utc_s: float, beneath: tuple[str, ...], station: str
) -> Page:
    """The page of an EVSE's display (O01.FR.06-15, O02.FR.06-17); `station`: what it speaks to strangers."""
    languages = (*(session.driver.languages if session.driver is not None else ()), station)
    shown = [one for one in messages if _is_shown(one, session, now_utc_s)]
    by_priority = {
        priority: tuple(lines(one, languages) for one in shown if one.priority is priority) for priority in Priority
    }
    if by_priority[Priority.ALWAYS_FRONT]:
        return Page(others=by_priority[Priority.ALWAYS_FRONT], own=False)
    if by_priority[Priority.IN_FRONT]:
        return Page(others=by_priority[Priority.IN_FRONT], own=False)
    return Page(beneath, by_priority[Priority.NORMAL])


def lines(message: Message, languages: Iterable[str]) -> tuple[str, ...]:
    """A message's text in the first of these languages, else in English, else as it is (O01.FR.08, O01.FR.09)."""
    contents = (message.content, *message.extra)
    for wanted in (*languages, FALL_BACK_LANGUAGE):
        for one in contents:
            if (one.language or "").casefold().split("-")[0] == wanted.casefold().split("-")[0]:
                return tuple(one.text.splitlines())
    return tuple(message.content.text.splitlines())


def next_change_s(messages: Iterable[Message], now_utc_s: float) -> float | None:
    """How long until a message's time comes or is over; None when nothing is due."""
    moments = (at for one in messages for at in (one.start_utc_s, one.end_utc_s) if at is not None and at > now_utc_s)
    first = min(moments, default=None)
    return None if first is None else first - now_utc_s


def _is_shown(one: Message, session: Session, now_utc_s: float) -> bool:
    return (
        one.started(now_utc_s)
        and not one.expired(now_utc_s)
        and one.state in {None, state_of(session)}
        and one.evse in {None, session.evse}
        and (one.tx is None or (session.tx is not None and session.tx.id == one.tx))
    )
