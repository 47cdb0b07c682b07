"""Remote control (2.0.1 F01-F03, F05; 1.6 §5.11, §5.12, §5.18): start, stop and unlock on the CSMS's request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agent.core.events import RemoteStart, StopRequested
from agent.core.schedule import ProfileError
from agent.core.session import Phase, Session
from agent.core.values import ConnectorStatus, StopReason, TokenKind, Trigger
from agent.ocpp.asks import (
    REJECTED,
    Handled,
    Reason,
    RemoteStartAsk,
    RemoteStopAsk,
    UnlockAnswer,
    UnlockAsk,
    Unlocked,
    Verdict,
    VerdictAnswer,
    rejected,
)
from agent.ocpp.block import Block, Routes
from agent.ocpp.blocks.smart_charging import for_start
from agent.ocpp.charger import Charger
from agent.ocpp.settings.authorization import AUTHORIZE_REMOTE_START
from agent.ocpp.settings.link import UNLOCK_ON_EV_SIDE_DISCONNECT
from agent.ocpp.settings.smart_charging import SMART_CHARGING_ENABLED
from agent.ocpp.variables import Settings

WITHOUT_DRIVER: Final = frozenset({Phase.IDLE, Phase.CONNECTED, Phase.FINISHED})
CLOSED: Final = frozenset({ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE})


class RemoteControl(Block):
    """Judges what the CSMS wants done at an EVSE. `accepted`: whether it has accepted the station (B02.FR.05)."""

    def __init__(self, charger: Charger, settings: Settings, accepted: Callable[[], bool]) -> None:
        self._charger = charger
        self._settings = settings
        self._accepted = accepted

    def routes(self) -> Routes:
        """Who answers what."""
        return {RemoteStartAsk: self.start, RemoteStopAsk: self.stop, UnlockAsk: self.unlock}

    async def run(self) -> None:
        """A station whose cables are all fixed unlocks none (1.6 errata 3.85, 2.0.1 2.1.12)."""
        if not any(self._charger.capabilities(evse).has_proximity for evse in self._charger.evse_ids):
            self._settings.fix(UNLOCK_ON_EV_SIDE_DISCONNECT, False)

    def start(self, ask: RemoteStartAsk) -> Handled:
        """Start where asked, or choose where (F01.FR.20); an unauthorised transaction is continued (F01.FR.13)."""
        ours = ask.token.kind is not TokenKind.CENTRAL  # C03.FR.01: what the CSMS made up needs no question
        authorize = ours and self._settings.get(AUTHORIZE_REMOTE_START)  # F01.FR.01, F01.FR.02
        open_group = authorize and not ask.knows_group
        evse = self._choose(ask, open_group=open_group) if ask.evse is None else ask.evse
        if not self._accepted() or evse not in self._charger.evse_ids:
            return REJECTED
        if not _free(self._charger.session(evse), ask, open_group=open_group):
            return REJECTED
        profile = ask.profile if self._settings.get(SMART_CHARGING_ENABLED) else None  # K05.FR.04
        try:
            brought = for_start(profile, evse, self._charger, lenient=ask.lenient)
        except ProfileError as error:
            return rejected(Reason(error.reason))  # K05.FR.05, F01.FR.26
        open_tx = self._charger.session(evse).tx
        event = RemoteStart(ask.token, ask.remote_start_id, authorize=authorize, group=ask.group, profile=brought)
        answer = VerdictAnswer(Verdict.ACCEPTED, tx=open_tx.id if open_tx else None)
        return Handled(answer, lambda: self._charger.post(evse, event))

    def stop(self, ask: RemoteStopAsk) -> Handled:
        """Stop the transaction if it is under way (F03.FR.07, F03.FR.08)."""
        evse = self._where(ask.candidates)
        if evse is None or not self._accepted():
            return REJECTED
        event = StopRequested(Trigger.REMOTE_STOP, StopReason.REMOTE)
        return Handled(VerdictAnswer(Verdict.ACCEPTED), lambda: self._charger.post(evse, event))

    def unlock(self, ask: UnlockAsk) -> Handled:
        """Unlock a connector (F05); the answer tells what came of it, so it takes as long as the lock does."""
        if ask.evse not in self._charger.evse_ids:
            return Handled(UnlockAnswer(Unlocked.UNKNOWN))
        session = self._charger.session(ask.evse)
        if ask.connector not in {None, session.connector}:
            return Handled(UnlockAnswer(Unlocked.UNKNOWN))  # F05.FR.03
        if session.driver is not None and not ask.ends_transaction:
            return Handled(UnlockAnswer(Unlocked.ONGOING))  # F05.FR.02
        if not session.has_lock:
            return Handled(UnlockAnswer(Unlocked.NO_LOCK))

        async def answer() -> UnlockAnswer:
            unlocked = await self._charger.release_cable(ask.evse, ends_transaction=ask.ends_transaction)
            return UnlockAnswer(Unlocked.UNLOCKED if unlocked else Unlocked.FAILED)  # F05.FR.04, F05.FR.05

        return Handled(answer)

    def _where(self, candidates: frozenset[str]) -> int | None:
        for evse in self._charger.evse_ids:
            tx = self._charger.session(evse).tx
            if tx is not None and tx.id in candidates:
                return evse
        return None

    def _choose(self, ask: RemoteStartAsk, *, open_group: bool) -> int | None:
        """What is kept for the driver, else where a car already waits, else the first free EVSE."""
        sessions = [self._charger.session(evse) for evse in self._charger.evse_ids]
        free = [one for one in sessions if _free(one, ask, open_group=open_group)]
        kept = [one for one in free if one.kept.held]
        waiting = [one for one in free if one.phase is Phase.CONNECTED]
        return next((one.evse for one in kept or waiting or free), None)


def _free(session: Session, ask: RemoteStartAsk, *, open_group: bool) -> bool:
    """Whether a driver could begin here: in service, without fault, nobody authorised yet (F01.FR.23, F01.FR.24).

    What is reserved is free for whom it is reserved (F01.FR.21, F01.FR.22). `open_group`: the verdict on the token will
    tell its group, so that what is reserved for a group may be for it; if it is not, the session turns it away.
    """
    if session.kept.turns_away(ask.token, ask.group) and not (open_group and session.kept.for_groups):
        return False
    open_for_all = session.operative and not session.faults and session.status not in CLOSED
    return open_for_all and session.token is None and session.phase in WITHOUT_DRIVER
