"""What the CSMS can ask of charging profiles, what the station answers, and what it tells of limits that others set."""

from __future__ import annotations

from agent.core.outlook import Outlook, Wanted
from agent.core.schedule import LimitOwner, Profile, RateUnit, Schedule
from agent.ocpp.asks import Answer, Ask, Reason, UnusableProfile
from agent.ocpp.dialect import Notice


class SetProfileAsk(Ask, frozen=True):
    """Install a profile. `candidates`: the transactions that it can be for, where the profile itself does not say.

    `lenient`: 1.6's rules. Without a start a schedule counts from now on, without a transaction it is for the one that
    goes on, and a profile takes the place of another on the same stack level.
    """

    profile: Profile | UnusableProfile
    candidates: frozenset[str] | None = None
    lenient: bool = False


class ClearProfilesAsk(Ask, frozen=True):
    """Remove profiles."""

    wanted: Wanted


class ClearedAnswer(Answer, frozen=True):
    """How many profiles there were."""

    count: int


class CompositeAsk(Ask, frozen=True):
    """What may be drawn at an EVSE (0: by the station) in the time to come. `unit` None: as the station likes."""

    evse: int
    duration_s: int
    unit: RateUnit | None = None


class CompositeAnswer(Answer, frozen=True):
    """The composite schedule, or why there is none."""

    outlook: Outlook | None
    reason: Reason | None = None


class GetProfilesAsk(Ask, frozen=True):
    """Report installed profiles; every message of the report carries `request_id`."""

    request_id: int
    wanted: Wanted


class ProfilesAnswer(Answer, frozen=True):
    """Whether there is anything to report."""

    found: bool


class ProfilesReported(Notice, frozen=True):
    """One message of a report: profiles of one owner on one EVSE (0: the station). `more`: others follow."""

    request_id: int
    owner: LimitOwner
    evse: int
    profiles: tuple[Profile, ...]
    more: bool


class LimitImposed(Notice, frozen=True):
    """Another system than the CSMS limits an EVSE (0: all together). `schedule`: how, where the CSMS wants to know."""

    owner: LimitOwner
    evse: int
    schedule: Schedule | None = None


class LimitReleased(Notice, frozen=True):
    """What it had imposed holds no longer."""

    owner: LimitOwner
    evse: int
