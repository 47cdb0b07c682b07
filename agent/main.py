"""Composition root: the only place that builds the agent's objects from the configuration."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from agent import evses, signatures, workshops
from agent.config import Config, Evse, V2g, read_secret
from agent.control import ControlServer
from agent.control_methods import Methods
from agent.core.events import AnyEvent, ClockCorrected, LimitSet
from agent.core.recovery import kept
from agent.core.restamp import Correction
from agent.core.security import SecurityEventKind, SecurityEvents
from agent.core.session import Session
from agent.core.signage_words import Language
from agent.core.token_cache import Policy
from agent.first_session import first_session
from agent.ocpp.charger import ResetKind
from agent.ocpp.codec import Version
from agent.ocpp.device_model import Nameplate
from agent.ocpp.dialect import BootReason
from agent.ocpp.hardware_model import connector_type
from agent.ocpp.outbox import StoredFact
from agent.ocpp.settings.authorization import AUTH_CACHE_POLICY
from agent.ocpp.settings.link import MESSAGE_TIMEOUT, RESET_RETRIES
from agent.ocpp.settings.security import TIME_ADJUSTMENT_THRESHOLD
from agent.ocpp.settings.smart_charging import SMART_CHARGING_ENABLED
from agent.ocpp.settings.station import NUMBER_OF_CONNECTORS
from agent.ocpp.station import Station
from agent.ocpp.uplink import Home
from agent.ocpp.variables import Settings
from agent.ocpp.workshop import Workshop
from agent.pki.folders import plant_roots
from agent.places import SECRETS_NAME
from agent.recording import Recorder
from agent.runtime.authorizer import Authorizer
from agent.runtime.chargepoint import ChargePoint
from agent.runtime.clock import Clock
from agent.runtime.customers import CustomerTraces
from agent.runtime.evse import EvseTask
from agent.runtime.journal import FILE_NAME, Journal, JournalError, PutMeta, PutSetting, SaveSession
from agent.runtime.perform import Performer
from agent.runtime.profiles import Profiles
from agent.runtime.reservations import Reservations
from agent.runtime.security import SecurityDesk
from agent.runtime.site import Site
from agent.runtime.tasks import together
from agent.runtime.token_store import TokenStore
from hal import ownership
from hal.board import Board, EvseHardware
from hal.types import DcRatings, FaultCleared, FaultRaised, GridSignalled, TokenPresented

if TYPE_CHECKING:
    from agent.iso15118.server import SeccServer

log = logging.getLogger(__name__)

MACHINE_BOOT_KEY: Final = "agent.machine_boot"  # of the journal's meta data: under which start the agent ran last


class UnguardedBoardError(ValueError):
    """The board has no interlock in front of its contactors."""


class Agent:
    """Everything that runs on the controller. Made by `build`; lives from `run` until a reset or cancellation."""

    def __init__(
        self,
        board: Board,
        journal: Journal,
        settings: Settings,
        clock: Clock,
        site: Site,
        tokens: TokenStore,
        station: Callable[[ChargePoint, SecurityEvents, Workshop], Station],
        config: Config,
        *,
        control: bool,
    ) -> None:
        self._began_utc_s = clock.now().utc_s
        self._clock_corrected = False
        self.board = board
        self.journal = journal
        self.settings = settings
        self.clock = clock
        self._certificates = config.certificates
        self.charge_point = ChargePoint(
            clock,
            self._reset,
            rules=settings.rules,
            reset_retries=lambda: settings.get(RESET_RETRIES),
            known=tokens.known,
            time_set=self._time_set,
        )
        point = self.charge_point
        point.equip(
            site,
            Profiles(journal, clock, point, site, lambda: settings.get(SMART_CHARGING_ENABLED)),
            Reservations(journal, clock, point, lambda evse: connector_type(point.capabilities(evse))),
        )
        self.security = SecurityDesk(journal, clock, self._offer, lambda: self.station.online)
        self.log_book = workshops.log_book(config, journal, clock, settings, self._status)
        self._publisher = workshops.publisher(config)
        workshop = workshops.workshop(config, self.log_book, CustomerTraces(journal, tokens.forget), self._publisher)
        self.station = station(point, self.security, workshop)
        self.authorizer = Authorizer(
            tokens, clock, settings.auth_rules, self.station.authorize, lambda: self.station.online
        )
        self.recorder = Recorder(config, board, self.charge_point, self.station, journal, clock)
        self.control = Methods(self.charge_point, self.station, journal, settings, clock, self.recorder)
        self._control_server = ControlServer(config.control_socket, self.control.table()) if control else None
        self._performers: list[tuple[EvseTask, Performer]] = []
        self.v2g: dict[int, SeccServer] = {}  # by EVSE
        self._reset_asked: asyncio.Future[ResetKind] | None = None
        settings.on_change(lambda _setting: self.charge_point.rules_changed())
        settings.on_change(self.security.setting_changed)

    def add(
        self,
        session: Session,
        hardware: EvseHardware,
        new_id: Callable[[], str],
        language: Language,
        config: Evse,
    ) -> None:
        """Take in an EVSE with its session, what its display speaks, and what is configured of it."""
        task = self.charge_point.add(session, hardware)
        performer = Performer(
            session.evse,
            hardware,
            self.journal,
            post=task.post,
            authorize=lambda evse, ask: self.authorizer.ask(evse, ask, partial(self.charge_point.post, evse)),
            offer=self.station.offer,
            online=lambda: self.station.online,
            new_id=new_id,
            signer=signatures.signer(config, task, self.settings, self.clock),
            language=language,
        )
        self._performers.append((task, performer))
        task.post(LimitSet(evses.board_limit(config.wiring_a, hardware.capabilities)))

    def talk(self, evse: int, config: V2g, phases: int, supply: DcRatings | None) -> None:
        """Let cars at this EVSE speak ISO 15118-2; where there is a DC `supply`, DIN 70121, too."""
        from agent.plug_and_charge import PlugAndCharge
        from agent.v2g import followed, outlet_of, server_for

        def tell(event: AnyEvent) -> None:
            self.charge_point.post(evse, event)

        point = self.charge_point
        contracts = PlugAndCharge(config, self._certificates, self.settings, self.clock, self.station.say)
        outlet = outlet_of(evse, config, phases, supply)
        server = server_for(evse, config, outlet, lambda: point.session(evse), self.clock, tell, contracts, point.plans)
        self.v2g[evse] = server
        point.plans.on_change(evse, server.changed)
        point.on_step(lambda stepped: followed(server, point.session(evse)) if stepped == evse else None)

    async def run(self) -> ResetKind:
        """Charge until a reset was asked for and every session is at rest (returns its kind), or until cancelled.

        On the way out every permission is withdrawn and the journal closed; an open transaction is recovered at the
        next start. A task that fails takes the agent down with it: the lease ends, and the service manager starts anew.
        """
        self._reset_asked = asyncio.get_running_loop().create_future()
        self._started()
        try:
            self.charge_point.start()
            tasks = (task.run(performer) for task, performer in self._performers)
            cars = (server.run() for server in self.v2g.values())
            control = () if self._control_server is None else (self._control_server.run(),)
            others = (self._listen(), self.station.run(), *control, *cars)
            with self.charge_point.watching(self.security.watch), self._noting():
                await together(*tasks, *others, self._until_reset(self._reset_asked))
            return self._reset_asked.result()
        finally:
            await self._close()

    async def _until_reset(self, asked: asyncio.Future[ResetKind]) -> None:
        """Return once a reset was asked for, and the CSMS has heard of what ended for it (B12.FR.04, B12.FR.05)."""
        kind = await asked
        with suppress(JournalError):
            await self.journal.commit()  # what was written before is offered to the CSMS by now
        with suppress(TimeoutError):
            async with asyncio.timeout(self.settings.get(MESSAGE_TIMEOUT)):
                await self.station.transactions_told()
        self.security.happened(SecurityEventKind.RESET, str(kind))

    def _started(self) -> None:
        if self.journal.recovered_from is not None:
            self.security.happened(SecurityEventKind.SECURITY_LOG_CLEARED, "with a damaged journal, which is kept")
        self.security.happened(SecurityEventKind.STARTUP)

    def _offer(self, stored: StoredFact) -> None:
        self.station.offer(stored)

    def _time_set(self, by_s: float) -> None:
        if by_s and not self._clock_corrected:
            self._clock_corrected = True  # once: later corrections are of a clock that was right before
            correction = Correction(self._began_utc_s, self.clock.now().utc_s - by_s, by_s)
            self.station.clock_corrected(correction)
            self.charge_point.post_all(ClockCorrected(correction))
        self.security.time_set(by_s, self.settings.get(TIME_ADJUSTMENT_THRESHOLD))

    def _reset(self, kind: ResetKind) -> None:
        if self._reset_asked is not None and not self._reset_asked.done():
            self._reset_asked.set_result(kind)

    def _status(self) -> object:
        return self.control.status()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Keep the ends of the log and of the talk with the CSMS for whoever asks for them."""
        loggers = [logging.getLogger(name) for name in ("agent", "hal")]
        for one in loggers:
            one.addHandler(self.log_book.tail)
        try:
            with self.station.watching_frames(self.log_book.frame):
                yield
        finally:
            for one in loggers:
                one.removeHandler(self.log_book.tail)

    async def _listen(self) -> None:
        """The station's own stream: readers that serve several EVSEs, and what concerns all of them."""
        async for stamped in self.board.events():
            match stamped.event:
                case TokenPresented() as presented:
                    self.charge_point.token_presented(presented)
                case FaultRaised() | FaultCleared() as fault:
                    self.charge_point.post_all(fault)
                case GridSignalled(limit_w):
                    share_w = None if limit_w is None else limit_w / len(self._performers)
                    self.charge_point.post_all(GridSignalled(share_w))  # our policy: the same for each EVSE
                case other:
                    log.info("station: %s", other)

    async def _close(self) -> None:
        if self._publisher is not None:
            self._publisher.close()
        self.authorizer.close()
        self.charge_point.close()
        await asyncio.gather(*(performer.withdraw() for _, performer in self._performers))
        await self.journal.close()


def build(
    config: Config,
    board: Board,
    clock: Clock,
    new_id: Callable[[], str],
    rng: random.Random | None = None,
    *,
    machine_boot: str | None = None,
    journal: Journal | None = None,
    control: bool = True,
) -> Agent:
    """The agent for this configuration, on a started board.

    `new_id` gives UUIDs; `rng` spreads redials; `machine_boot` is the operating system's id of its own start;
    `journal` None: the one in the state directory; `control`: whether it serves its control socket.

    Raises `UnguardedBoardError`, `OwnershipError`, `JournalError`, `SettingError`, and `ValueError` for a configured
    EVSE that the board does not have.
    """
    _check(config, board)
    if journal is None:
        config.state.dir.mkdir(parents=True, exist_ok=True)
        journal = Journal.open(config.state.dir / FILE_NAME)
    if journal.recovered_from is not None:
        log.error("the journal was damaged and begun anew; the damaged one is kept as %s", journal.recovered_from)
    start_values = config.start_values() | {NUMBER_OF_CONNECTORS.key: str(len(config.evse))}
    settings = Settings(
        signatures.registry(config, board),
        start_values=start_values,
        stored_values=journal.settings(),
        persist=lambda key, text: journal.commit(PutSetting(key, text)),
    )

    started = _why_started(journal, machine_boot)
    tokens = TokenStore(journal, clock, settings.auth_rules, lambda: Policy(settings.get(AUTH_CACHE_POLICY)))

    def station(charge_point: ChargePoint, security: SecurityEvents, workshop: Workshop) -> Station:
        return Station(
            settings,
            charge_point,
            journal,
            clock,
            new_id,
            rng or random.SystemRandom(),
            _home(config),
            _plate(config, board),
            tokens=tokens,
            language=config.station.language,
            started=started,
            security=security,
            workshop=workshop,
        )

    agent = Agent(board, journal, settings, clock, evses.site(config, board), tokens, station, config, control=control)
    _take_in(agent, config, new_id, power_cut=journal.cut_off and started is BootReason.POWER_UP)
    return agent


def _why_started(journal: Journal, machine_boot: str | None) -> BootReason:
    """Whether the machine has started, or only the agent on it."""
    if machine_boot is None:
        return BootReason.POWER_UP
    before = journal.meta(MACHINE_BOOT_KEY)
    journal.commit(PutMeta(MACHINE_BOOT_KEY, machine_boot.encode()))
    return BootReason.APPLICATION_RESET if before == machine_boot.encode() else BootReason.POWER_UP


def _take_in(agent: Agent, config: Config, new_id: Callable[[], str], *, power_cut: bool) -> None:
    """Give the agent its EVSEs, with their sessions as they were kept; what a power cut means for them is kept, too."""
    saved = agent.journal.sessions()
    for evse in config.evse:
        hardware = agent.board.evses[evse.id]
        session = first_session(evse, hardware, saved.get(evse.id), agent.settings.rules(), power_cut=power_cut)
        if power_cut and session.unsure:
            agent.journal.commit(SaveSession(evse.id, msgspec.msgpack.encode(kept(session))))
        agent.add(session, hardware, new_id, config.station.language, evse)
        if evse.v2g is not None:
            agent.talk(evse.id, evse.v2g, evse.phases, hardware.capabilities.dc)


def _check(config: Config, board: Board) -> None:
    """Raise what `build` says for a board that this configuration does not go with."""
    if not board.info.guarded:
        raise UnguardedBoardError(f"board {board.info.model} has no interlock: wrap it in hal.guard.Guard")
    ownership.check(board.info, (evse.capabilities for evse in board.evses.values()))
    evses.check(config, board)


def _home(config: Config) -> Home:
    """Where the CSMS is, and what is needed to get there. Raises `ValueError` and OSError for unfit files."""
    ocpp = config.ocpp
    if ocpp.ca_file is not None:
        plant_roots(config.certificates, ocpp.ca_file)
    return Home(
        url=ocpp.url,
        identity=config.station.identity,
        versions=tuple(Version(f"ocpp{one}") for one in ocpp.versions),
        security=ocpp.security_profile,
        password=read_secret(ocpp.password_file) if ocpp.password_file is not None else None,
        secure_url=ocpp.secure_url,
        binary_keys=ocpp.authorization_key == "hex",
        minimum=ocpp.tls_minimum,
        certificates=config.certificates,
        secrets=config.state.dir / SECRETS_NAME,
    )


def _plate(config: Config, board: Board) -> Nameplate:
    station = config.station
    return Nameplate(station.vendor, station.model, station.serial or board.info.serial, board.info.firmware or None)
