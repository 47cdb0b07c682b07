"""What a station tells the driver in front of it: light, display and beeper, derived from the session. Pure.

No meaning rests on a colour alone: each pattern of the light belongs to one colour, so whoever sees no colours reads
the pattern. A reason is given in plain words: "Reduced: site fuse 10 A".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from agent.core.events import AnyEvent, AuthorizationDecided
from agent.core.faults import holds_energy, to_report
from agent.core.limits import Limit, LimitSource
from agent.core.session import Phase, Session
from agent.core.signage_words import WORDS, Language, Situation
from agent.core.values import AuthStatus, ConnectorStatus
from hal.types import FaultKind, LedColour, LedPattern, Sound, TokenPresented

LIGHT: Final[Mapping[Situation, tuple[LedColour, LedPattern]]] = MappingProxyType(
    {
        Situation.FREE: (LedColour.GREEN, LedPattern.STEADY),
        Situation.RESERVED: (LedColour.YELLOW, LedPattern.WINK),
        Situation.OUT_OF_SERVICE: (LedColour.RED, LedPattern.DOUBLE),
        Situation.STARTING_UP: (LedColour.WHITE, LedPattern.FAST),
        Situation.CHECKING: (LedColour.WHITE, LedPattern.FAST),
        Situation.REFUSED: (LedColour.RED, LedPattern.TRIPLE),
        Situation.PLUG_IN: (LedColour.YELLOW, LedPattern.SLOW),
        Situation.IDENTIFY: (LedColour.YELLOW, LedPattern.SLOW),
        Situation.RELEASE: (LedColour.YELLOW, LedPattern.SLOW),
        Situation.WAITING_FOR_CAR: (LedColour.BLUE, LedPattern.FLASH),
        Situation.STARTING: (LedColour.WHITE, LedPattern.FAST),
        Situation.CHARGING: (LedColour.BLUE, LedPattern.BREATHE),
        Situation.CAR_PAUSES: (LedColour.BLUE, LedPattern.FLASH),
        Situation.PAUSED: (LedColour.BLUE, LedPattern.FLASH),
        Situation.ENDING: (LedColour.WHITE, LedPattern.FAST),
        Situation.UNPLUG: (LedColour.YELLOW, LedPattern.SLOW),
        Situation.FAULT: (LedColour.RED, LedPattern.TRIPLE),
    }
)

_BY_STATUS: Final = {
    ConnectorStatus.FAULTED: Situation.FAULT,
    ConnectorStatus.UNAVAILABLE: Situation.OUT_OF_SERVICE,
    ConnectorStatus.RESERVED: Situation.RESERVED,
}
_BY_PHASE: Final = {
    Phase.IDLE: Situation.FREE,
    Phase.AUTHORIZED: Situation.PLUG_IN,
    Phase.CONNECTED: Situation.IDENTIFY,
    Phase.STARTING: Situation.STARTING,
    Phase.STOPPING: Situation.ENDING,
    Phase.FINISHED: Situation.UNPLUG,
    Phase.RECOVERING: Situation.STARTING_UP,
}


class Sign(msgspec.Struct, frozen=True):
    """What is shown: the situation, and the reason for it where there is one."""

    situation: Situation
    reason: FaultKind | Limit | AuthStatus | None = None

    @property
    def colour(self) -> LedColour:
        """The light's colour."""
        return LIGHT[self.situation][0]

    @property
    def pattern(self) -> LedPattern:
        """How the light is lit."""
        return LIGHT[self.situation][1]

    def lines(self, language: Language) -> tuple[str, str]:
        """The display's two lines: what is, and why or what to do."""
        words = WORDS[language]
        title, detail = words.titles[self.situation]
        match self.reason:
            case FaultKind() as fault:
                detail = words.faults.get(fault, fault)  # a word that is missing must not cost the session
            case AuthStatus() as status:
                detail = words.refusals[status]
            case Limit(current_a, source) if self.situation is Situation.CHARGING:
                detail = words.reduced.format(words.limits[source], current_a)
            case Limit(_, source):
                detail = words.too_little.format(words.limits[source])
        return title, detail


def sign(session: Session, now_mono_s: float) -> Sign:
    """What the session as it stands shows."""
    fault = to_report(session.faults)
    if session.status in _BY_STATUS:
        situation = _BY_STATUS[session.status]
        return Sign(situation, fault if situation is Situation.FAULT else None)
    if session.asking is not None and session.driver is None:
        return Sign(Situation.CHECKING)
    if session.phase is Phase.IDLE and session.held_by is not None:
        return Sign(Situation.RELEASE)
    if session.phase is Phase.EASING and session.stop is not None:
        return Sign(Situation.ENDING)
    if session.phase in _BY_PHASE:
        return Sign(_BY_PHASE[session.phase])
    limit = session.limit(now_mono_s)
    if holds_energy(session.faults):
        return Sign(Situation.PAUSED, fault)
    if not limit.offers:
        return Sign(Situation.PAUSED, limit)
    match session.status:
        case ConnectorStatus.CHARGING:
            return Sign(Situation.CHARGING, limit if _reduced(session, limit) else None)
        case ConnectorStatus.SUSPENDED_EV:
            return Sign(Situation.CAR_PAUSES)
        case ConnectorStatus.SUSPENDED_EVSE:
            return Sign(Situation.PAUSED)
        case _:
            return Sign(Situation.WAITING_FOR_CAR)


def language_of(session: Session, station: Language) -> Language:
    """The driver's language where the station speaks it, else English if he has others (C01.FR.08-13)."""
    wanted = session.driver.languages if session.driver is not None else ()
    tags = (one.partition("-")[0].casefold() for one in wanted)
    return next((language for tag in tags for language in WORDS if language == tag), "en" if wanted else station)


def moment(before: Session, event: AnyEvent | None) -> Sign | None:
    """What is shown for a moment, before the session's own sign returns: a card that was refused, and why."""
    if isinstance(event, AuthorizationDecided) and _answers(before, event) and not event.info.accepted:
        return Sign(Situation.REFUSED, event.info.status)
    return None


def sound(before: Session, event: AnyEvent | None, after: Session) -> Sound | None:
    """What this step lets the driver hear."""
    if isinstance(event, AuthorizationDecided) and _answers(before, event):
        turned_away = before.driver is None and before.kept.turns_away(event.token, event.info.group)
        return Sound.ACCEPTED if event.info.accepted and not turned_away else Sound.REFUSED
    if isinstance(event, TokenPresented) and before.stop is None and after.stop is not None:
        return Sound.ACCEPTED
    if after.status is ConnectorStatus.FAULTED:
        return None if before.status is ConnectorStatus.FAULTED else Sound.ALARM
    if after.phase is Phase.FINISHED and before.phase is not Phase.FINISHED:
        return Sound.DONE
    return None


def _answers(before: Session, event: AuthorizationDecided) -> bool:
    """Whether this is the verdict on the card that was shown last, and nobody else's start from afar."""
    return before.asking is not None and before.asking[0] == event.ask and before.remote is None


def _reduced(session: Session, limit: Limit) -> bool:
    """Whether less is offered than this station could."""
    own_a = next((one.current_a for one in session.limits if one.source is LimitSource.BOARD), limit.current_a)
    return limit.current_a < own_a
