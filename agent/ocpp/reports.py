"""Reports that may not fit into one message: how their items are shared out, and what a message of them holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

from agent.ocpp.calls import Calls
from agent.ocpp.device_model import Variable
from agent.ocpp.dialect import Dialect, Notice, said, without_none

T = TypeVar("T")

REPORT_BYTES: Final = 16_384  # our policy: of one message of a report; some CSMSs take no more than 64 KiB


class ReportPart(Notice, frozen=True):
    """One message of a report on the device model: `seq` counts from 0, `more`: others follow."""

    request_id: int
    seq: int
    more: bool
    at_utc_s: float
    variables: tuple[Variable, ...]


def shared_out(items: Sequence[T], size: Callable[[T], int], limit: int = REPORT_BYTES) -> list[tuple[T, ...]]:
    """Items in messages of at most `limit` bytes, in order; one that is larger by itself has a message of its own."""
    shares: list[list[T]] = [[]]
    room = limit
    for one in items:
        bytes_needed = size(one)
        if bytes_needed > room and shares[-1]:
            shares.append([])
            room = limit
        shares[-1].append(one)
        room -= bytes_needed
    return [tuple(share) for share in shares]


def parts_of(dialect: Dialect, items: Sequence[T], part: Callable[[int, bool, tuple[T, ...]], Notice]) -> list[Notice]:
    """The messages of a report; `part(seq, more, items)` makes one."""
    shares = shared_out(items, lambda one: size_of(dialect, part(0, True, (one,))))
    return [part(seq, seq < len(shares) - 1, share) for seq, share in enumerate(shares)]


async def send(calls: Calls, items: Sequence[T], part: Callable[[int, bool, tuple[T, ...]], Notice]) -> None:
    """Send a report, also before the CSMS has accepted the station. Raises `CallFailedError`, `LinkLostError`."""
    for one in parts_of(calls.dialect, items, part):
        message = said(calls.dialect, one)
        if message is not None:
            await calls.call(message)


def size_of(dialect: Dialect, notice: Notice) -> int:
    """How many bytes a notice takes; 0 in versions without words for it. Not judged: that is done when it is sent."""
    saying = dialect.sayings.get(type(notice))
    return 0 if saying is None else len(msgspec.json.encode(without_none(saying.say(notice))))
