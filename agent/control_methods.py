"""What the control socket can be asked: the methods behind `evse status`, `ocpp`, `session` and `record`."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from agent import views
from agent.control import Ask, Client, ControlError, Method
from agent.core.schedule import LimitOwner, Period, ProfileError, RateUnit, Schedule
from agent.ocpp.masking import HIDDEN, is_secret, masked_frame
from agent.ocpp.station import Station
from agent.ocpp.variables import Settings
from agent.recording import Recorder
from agent.runtime.chargepoint import ChargePoint
from agent.runtime.clock import Clock
from agent.runtime.journal import Journal, JournalError, JournalReader
from agent.views import View

log = logging.getLogger(__name__)

WATCH_S: Final = 1.0  # our policy: how often a watcher is told

T = TypeVar("T")


class QueueAsk(Ask, frozen=True):
    """`dead`: what was given up, instead of what still waits."""

    dead: bool = False


class ResendAsk(Ask, frozen=True):
    """Which dead letter to send again."""

    id: int


class System(enum.StrEnum):
    """Who else than the CSMS may limit the station."""

    GRID = "grid"
    ENERGY_MANAGER = "energy-manager"


OWNERS: Final = {System.GRID: LimitOwner.GRID, System.ENERGY_MANAGER: LimitOwner.ENERGY_MANAGER}


class ImposeAsk(Ask, frozen=True):
    """A system limits an EVSE (0: all together) to this, for so long (None: until it says something else), then that.

    In ampere per phase, or watt over all phases. Who limits for a time and repeats it in time has a fail-safe value.
    """

    source: System
    limit: float
    unit: RateUnit = RateUnit.AMPERE
    evse: int = 0
    for_s: float | None = None
    then: float = 0.0


class ReleaseAsk(Ask, frozen=True):
    """What a system has imposed on an EVSE (0: all together) holds no longer."""

    source: System
    evse: int = 0


class Methods:
    """The methods, on a running agent's parts."""

    def __init__(
        self,
        charge_point: ChargePoint,
        station: Station,
        journal: Journal,
        settings: Settings,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._charge_point = charge_point
        self._station = station
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._recorder = recorder

    def table(self) -> Mapping[str, Method]:
        """Every method by its name."""
        return {
            "status": Method(Ask, self._status),
            "status.watch": Method(Ask, self._watch),
            "ocpp.tail": Method(Ask, self._tail),
            "ocpp.queue": Method(QueueAsk, self._queue),
            "ocpp.resend": Method(ResendAsk, self._resend),
            "ocpp.variables": Method(Ask, self._variables),
            "session.list": Method(Ask, self._sessions),
            "limit.list": Method(Ask, self._limits),
            "limit.impose": Method(ImposeAsk, self._impose),
            "limit.release": Method(ReleaseAsk, self._release),
            "record": Method(Ask, self._record),
        }

    def status(self) -> View:
        """Everything about this moment."""
        now, link, failure = self._clock.now(), self._station.link(), self._journal.failure
        return {
            "at_utc_s": now.utc_s,
            "link": {
                "url": link.url,
                "identity": link.identity,
                "version": link.version,
                "connected": link.connected,
                "accepted": link.accepted,
                "online_wanted": link.online_wanted,
            },
            "queued": len(self._station.queued()),
            "storage": {"good": failure is None, "problem": "" if failure is None else str(failure)},
            "evses": [views.evse(self._charge_point.session(evse), now) for evse in self._charge_point.evse_ids],
        }

    def link(self) -> str:
        """How the CSMS is reached, in words."""
        link, queued = self._station.link(), len(self._station.queued())
        state = "no network" if not link.online_wanted else "not connected"
        if link.connected:
            state = "connected" if link.accepted else "connected, not accepted yet"
        return f"CSMS {state}, {queued} to deliver"

    async def _status(self, _ask: Ask, _client: Client) -> View:
        return self.status()

    async def _watch(self, _ask: Ask, client: Client) -> View:
        client.run(self._keep_telling(client))
        return {"every_s": WATCH_S}

    async def _keep_telling(self, client: Client) -> None:
        while True:
            client.tell("status", self.status())
            await asyncio.sleep(WATCH_S)

    async def _tail(self, _ask: Ask, client: Client) -> View:
        def tell(direction: str, frame: str) -> None:
            told = {"at_utc_s": self._clock.now().utc_s, "direction": direction, "frame": masked_frame(frame)}
            client.tell("ocpp.frame", told)

        client.keep(self._station.watching_frames(tell))
        return {}

    async def _record(self, _ask: Ask, client: Client) -> View:
        """The beginning of a recording; what follows comes as notifications."""
        begun = await self._recorder.begin()
        client.keep(self._recorder.watching(lambda entry: client.tell("record.entry", entry)))
        return {"begun": begun}

    async def _queue(self, ask: QueueAsk, _client: Client) -> list[View]:
        if not ask.dead:
            return [views.fact(one) for one in self._station.queued()]
        letters = await self._read(JournalReader.dead_letters)
        return [views.dead_letter(one) for one in letters]

    async def _resend(self, ask: ResendAsk, _client: Client) -> View:
        if not self._station.resend(ask.id):
            raise ControlError(f"there is no dead letter {ask.id}; `evse ocpp queue --dead` lists them")
        log.info("dead letter %d is sent again, as asked on the control socket", ask.id)
        return {}

    async def _variables(self, _ask: Ask, _client: Client) -> list[View]:
        settings: list[View] = [
            {
                "name": one.key,
                "key16": one.key16,
                "value": HIDDEN if is_secret(one.key) or not one.readable else self._settings.text(one),
                "default": one.format(one.default),
                "unit": one.unit,
                "mutable": one.mutable,
            }
            for one in self._settings
        ]
        return settings + [views.variable(one) for one in self._station.model.beside_settings()]

    async def _sessions(self, _ask: Ask, _client: Client) -> list[View]:
        return [views.ledger_row(row) for row in await self._read(JournalReader.ledger)]

    async def _limits(self, _ask: Ask, _client: Client) -> list[View]:
        return [views.profile(one) for one in self._charge_point.profiles.installed()]

    async def _impose(self, ask: ImposeAsk, _client: Client) -> View:
        periods = [Period(0.0, ask.limit)]
        if ask.for_s is not None:
            periods.append(Period(ask.for_s, ask.then))
        try:
            profile = self._charge_point.profiles.impose(
                OWNERS[ask.source], Schedule(tuple(periods), ask.unit), ask.evse
            )
        except ProfileError as error:
            raise ControlError(str(error)) from error
        log.info("%s limits EVSE %d to %g %s", ask.source, ask.evse, ask.limit, ask.unit)
        return views.profile(profile)

    async def _release(self, ask: ReleaseAsk, _client: Client) -> View:
        if not self._charge_point.profiles.release(OWNERS[ask.source], ask.evse):
            raise ControlError(f"{ask.source} limits nothing there; `evse limit list` shows what holds")
        log.info("%s limits EVSE %d no longer", ask.source, ask.evse)
        return {}

    async def _read(self, read: Callable[[JournalReader], T]) -> T:
        """Read the journal beside the loop, which waits for no disk."""
        try:
            return await asyncio.to_thread(views.read_journal, self._journal.path, read)
        except JournalError as error:
            raise ControlError(str(error)) from error
