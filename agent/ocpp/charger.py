"""What the OCPP side may ask of the charger, in no version's words. `agent.main` hands in the real one."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol

from agent.core.events import AnyEvent
from agent.core.session import Session
from agent.ocpp.screen import Page
from agent.runtime.car_plans import CarPlans
from agent.runtime.profiles import Profiles
from agent.runtime.reservations import Reservations
from hal.types import EvseCapabilities


class ResetKind(enum.StrEnum):
    """How to reset: at once, ending transactions with ImmediateReset/Reboot, or when the last one has ended."""

    IMMEDIATE = "Immediate"
    ON_IDLE = "OnIdle"


class Charger(Protocol):
    """The EVSEs behind the station, and the few things that concern all of them."""

    profiles: Profiles  # charging profiles, and what other systems than the CSMS impose
    reservations: Reservations
    plans: CarPlans  # the schedules that cars are offered, and what they make of them

    @property
    def evse_ids(self) -> tuple[int, ...]:
        """EVSE ids, from 1."""

    def session(self, evse: int) -> Session:
        """The session as it stands (a frozen value). Raises KeyError for an unknown EVSE."""

    def post(self, evse: int, event: AnyEvent) -> None:
        """Put an event into the EVSE's inbox. Never waits."""

    def capabilities(self, evse: int) -> EvseCapabilities:
        """What the EVSE's hardware can do. Raises KeyError for an unknown EVSE."""

    def on_step(self, listener: Callable[[int], None]) -> None:
        """Call `listener(evse)` after every step of an EVSE's session. It must not raise, and returns at once."""

    def displays(self) -> frozenset[int]:
        """The EVSEs that have a display."""

    def show(self, evse: int, page: Page) -> None:
        """Show this on the EVSE's display, beside the station's own words, until told otherwise."""

    async def release_cable(self, evse: int, *, ends_transaction: bool) -> bool:
        """Try to unlock the connector, once the contactor is open; whether it is unlocked now. Takes some seconds."""

    def reset(self, kind: ResetKind, evse: int | None = None) -> None:
        """Begin a reset of the station, or of one EVSE. Returns at once; the caller has answered already."""

    def time_learned(self, utc_s: float) -> None:
        """The CSMS told the time; the clock decides whether to believe it."""
