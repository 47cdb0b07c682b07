"""When a certificate is due for renewal, and how long to wait before a request is repeated. Pure."""

from __future__ import annotations

from typing import Final

DAY_S: Final = 86_400.0
MONTH_S: Final = 30 * DAY_S  # A03.FR.02
SHORT_LIVED_SHARE: Final = 1 / 3  # our policy: a certificate that lives for days is not renewed from its first hour on
MAX_WAIT_S: Final = 30 * DAY_S  # our policy: a wait that was doubled often enough never comes, like one that overflows


def renewal_at(not_before_utc_s: float, not_after_utc_s: float) -> float:
    """When to ask for a new one: a month before its end (A03.FR.02), or in the last third of a short life."""
    life_s = not_after_utc_s - not_before_utc_s
    return not_after_utc_s - min(MONTH_S, life_s * SHORT_LIVED_SHARE)


def repeat_after_s(wait_minimum_s: float, repeat_times: int, sent: int) -> float | None:
    """How long to wait for a signed certificate after the request went out `sent` times.

    `repeat_times`: how often the wait is doubled, so the request goes out twice even when it never is. None: long
    enough, ask no more until told to (A02.FR.17-19).
    """
    if sent > repeat_times + 1:
        return None
    return float(min(wait_minimum_s * 2.0 ** min(sent - 1, 40), MAX_WAIT_S))
