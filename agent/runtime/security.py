"""Security events: all logged, the critical ones told to the CSMS, and raised for what the station itself sees."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, Protocol

from agent.core.effects import AnyEffect
from agent.core.events import AnyEvent
from agent.core.facts import WHOLE_STATION, SecurityEvent
from agent.core.security import MAX_INFO, LoggedEvent, SecurityEventKind
from agent.core.session import Session
from agent.core.texts import plain
from agent.ocpp.outbox import StoredFact
from agent.ocpp.setting import Setting
from agent.runtime.clock import Clock
from agent.runtime.records import AddFact, LogSecurityEvent, Operation
from hal.types import FaultKind, FaultRaised, MeterErrorKind, MeterFailed

log = logging.getLogger(__name__)

SAME_CAUSE_S: Final = 2.0  # our policy: one cause that all EVSEs report within this time is one event
SECURITY_COMPONENT: Final = "SecurityCtrlr"
SECURITY_KEYS: Final = frozenset({"authorizationkey", "securityprofile", "cponame"})  # 1.6 whitepaper chapter 7
FAULTS: Final = {
    FaultKind.TAMPER: SecurityEventKind.TAMPER,
    FaultKind.DOOR: SecurityEventKind.TAMPER,
    FaultKind.STORAGE: SecurityEventKind.MEMORY_EXHAUSTION,
}


class FactStore(Protocol):
    """What is needed of `agent.runtime.journal.Journal`. It logs its own failures."""

    @property
    def next_fact_id(self) -> int:
        """The id of the next fact to be stored."""

    def commit(self, *operations: Operation, within_s: float | None = None) -> asyncio.Future[None]:
        """Write operations as one."""


class SecurityDesk:
    """Meets `agent.core.security.SecurityEvents`. `offer` puts a stored fact into the outbox; `online`: could it go."""

    def __init__(
        self,
        store: FactStore,
        clock: Clock,
        offer: Callable[[StoredFact], None],
        online: Callable[[], bool],
    ) -> None:
        self._store = store
        self._clock = clock
        self._offer = offer
        self._online = online
        self._last: tuple[SecurityEventKind, str, float] | None = None

    def happened(self, kind: SecurityEventKind, info: str = "") -> None:
        """Log it; where it is critical, queue it for the CSMS, also when the disk refuses it."""
        info = plain(info, MAX_INFO)
        at_utc_s = self._clock.now().utc_s
        log.warning("security event %s: %s", kind, info or "no details")
        entry = LogSecurityEvent(LoggedEvent(at_utc_s, kind, info))
        if not kind.critical:
            self._store.commit(entry)
            return
        fact = SecurityEvent(at_utc_s=at_utc_s, kind=kind, info=info)
        stored = StoredFact(self._store.next_fact_id, WHOLE_STATION, fact, offline=not self._online())
        written = self._store.commit(AddFact(stored), entry)
        written.add_done_callback(lambda _: self._offer(stored))

    def time_set(self, by_s: float, threshold_s: float) -> None:
        """The wall clock was set forward or back; small corrections are no event."""
        if abs(by_s) > threshold_s:
            self.happened(SecurityEventKind.SYSTEM_TIME_SET, f"by {by_s:+.1f} s")

    def setting_changed(self, setting: Setting[Any]) -> None:
        """A setting has got another value; whether it concerns security is found out here."""
        if setting.component == SECURITY_COMPONENT or (setting.key16 or "").casefold() in SECURITY_KEYS:
            self.happened(SecurityEventKind.SECURITY_RECONFIGURED, setting.key)

    def watch(self, before: Session, event: AnyEvent | None, session: Session, _did: tuple[AnyEffect, ...]) -> None:
        """See an EVSE's step."""
        match event:
            case FaultRaised(fault=fault, detail=detail) if fault in FAULTS and fault not in before.faults:
                self._once(FAULTS[fault], f"{fault}: {detail}" if detail else str(fault))
            case MeterFailed(kind=MeterErrorKind.TAMPERED, detail=detail):
                self._once(SecurityEventKind.TAMPER, f"meter of EVSE {session.evse}: {detail}")

    def _once(self, kind: SecurityEventKind, info: str) -> None:
        now_s = self._clock.now().mono_s
        if self._last is not None:
            last_kind, last_info, at_s = self._last
            if (last_kind, last_info) == (kind, info) and now_s - at_s < SAME_CAUSE_S:
                return
        self._last = (kind, info, now_s)
        self.happened(kind, info)
