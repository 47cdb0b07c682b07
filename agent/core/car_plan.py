"""The schedule that a car is offered, and what it means to draw of it: values, and how two schedules compare."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from agent.core.schedule import Kind, LimitOwner, Period, Profile, Purpose, Schedule

SAME_W: Final = 1.0  # our policy: less is rounding, and no change


class Offered(Struct, frozen=True):
    """A schedule as a car was offered it: from `at_utc_s` on, for `reach_s`, in watt over all its phases (DC: None)."""

    id: int
    at_utc_s: float
    reach_s: float
    phases: int | None
    periods: tuple[Period, ...]


class CarPlan(Struct, frozen=True):
    """What a car means to draw of the schedule that it chose; `own`: it said so itself."""

    evse: int
    at_utc_s: float
    schedule: Schedule
    own: bool

    @property
    def profile(self) -> Profile:
        """The same as something that limits the EVSE."""
        return Profile(
            id=0,
            evse=self.evse,
            stack_level=0,
            purpose=Purpose.EXTERNAL,
            kind=Kind.ABSOLUTE,
            schedule=self.schedule,
            owner=LimitOwner.OTHER,
        )


def differ(old: Offered, new: Offered) -> bool:
    """Whether two schedules say another power at any moment that both speak of."""
    since_s, until_s = new.at_utc_s, min(old.at_utc_s + old.reach_s, new.at_utc_s + new.reach_s)
    edges = {one.at_utc_s + period.start_s for one in (old, new) for period in one.periods}
    moments = {since_s, *(edge for edge in edges if since_s < edge < until_s)}
    # a second later, so that edges which rounding has moved apart count as one
    return any(abs(_power_w(old, at_s + 1.0) - _power_w(new, at_s + 1.0)) > SAME_W for at_s in moments)


def _power_w(offered: Offered, utc_s: float) -> float:
    passed_s = utc_s - offered.at_utc_s
    return next(one.limit for one in reversed(offered.periods) if one.start_s <= max(passed_s, 0.0))
