"""Plays events to one session and answers the questions that its effects ask, as the runtime would."""

from __future__ import annotations

from agent.core.effects import ArmTimer, Authorize, CancelTimer, DrawId, Emit, Record, Timer
from agent.core.events import AnyEvent, AuthorizationDecided, IdDrawn, LimitSet, Recorded, TimerDue
from agent.core.facts import AnyFact, TransactionEnded, TransactionStarted, TransactionUpdated
from agent.core.limits import LimitInput, LimitSource
from agent.core.rules import Rules
from agent.core.session import Session
from agent.core.step import begin, step
from agent.core.values import AuthInfo, AuthStatus, Instant
from hal.types import ContactorChanged, CpChanged, CpReading, CpState, MeterSample, MeterSampled, TokenPresented

LEVEL_MV = {CpState.A: 12000, CpState.B: 9000, CpState.C: 6000, CpState.D: 3000, CpState.E: 0, CpState.F: -12000}
UTC_S = 1_800_000_000.0


def cp(state: CpState) -> CpChanged:
    return CpChanged(CpReading(state, LEVEL_MV[state], LEVEL_MV[state]))


class Player:
    """One EVSE under test. `effects` holds all effects of the last `play`, `log` those of all."""

    def __init__(
        self, rules: Rules | None = None, *, session: Session | None = None, accept: bool = True, group=None, ids=None
    ):
        self.mono_s = 100.0
        self.accept = accept
        self.group = group
        self.records = True  # whether the journal answers
        self.energy_wh = 1000.0
        self.timers: dict[Timer, float] = {}
        self.effects: list = []
        self.log: list = []
        self.ids = ids or iter(f"tx-{n}" for n in range(1, 10_000))
        self.session = session or Session(evse=1, rules=rules or Rules())
        self._take(*begin(self.session, self.now))
        self.play(LimitSet(LimitInput(LimitSource.BOARD, 16.0)))

    @property
    def now(self) -> Instant:
        return Instant(self.mono_s, UTC_S + self.mono_s)

    @property
    def facts(self) -> list[AnyFact]:
        return [one.fact for one in self.log if isinstance(one, Emit)]

    @property
    def tx_facts(self) -> list:
        kinds = (TransactionStarted, TransactionUpdated, TransactionEnded)
        return [one for one in self.facts if isinstance(one, kinds)]

    def step(self, event: AnyEvent) -> None:
        self._take(*step(self.session, event, self.now))

    def play(self, *events: AnyEvent) -> list:
        self.effects = []
        for event in events:
            self.step(event)
        return self.effects

    def wait(self, seconds: float) -> list:
        """Let time pass; due timers fire in order, the meter speaks every second."""
        self.effects, until = [], self.mono_s + seconds
        while True:
            due = min(self.timers, key=lambda t: self.timers[t], default=None)
            tick = self.mono_s + 1.0
            if due is not None and self.timers[due] <= min(tick, until):
                self.mono_s = max(self.mono_s, self.timers.pop(due))
                self.step(TimerDue(due))
            elif tick <= until:
                self.mono_s = tick
                self.step(self.sample())
            else:
                self.mono_s = until
                return self.effects

    def sample(self, energy_wh: float | None = None, serial: str = "M1") -> MeterSampled:
        if energy_wh is not None:
            self.energy_wh = energy_wh
        return MeterSampled(MeterSample(taken_mono_s=self.mono_s, energy_import_wh=self.energy_wh, serial=serial))

    def _take(self, session: Session, effects: tuple) -> None:
        self.session = session
        self.effects.extend(effects)
        self.log.extend(effects)
        for effect in effects:
            match effect:
                case DrawId():
                    self.step(IdDrawn(next(self.ids)))
                case Authorize(ask, token):
                    status = AuthStatus.ACCEPTED if self.accept else AuthStatus.INVALID
                    verdict = AuthorizationDecided(ask, token, AuthInfo(status, group=self.group))
                    self.step(verdict)
                case Record(record) if self.records:
                    self.step(Recorded(record))
                case ArmTimer(timer, at):
                    self.timers[timer] = at
                case CancelTimer(timer):
                    self.timers.pop(timer, None)

    # What people, cars and hardware do

    def plug(self) -> list:
        return self.play(cp(CpState.B), self.sample())

    def unplug(self) -> list:
        """Pull the plug, and stay away for longer than a loose contact would."""
        self.play(cp(CpState.A))
        if Timer.AWAY in self.timers:
            self.mono_s = max(self.mono_s, self.timers.pop(Timer.AWAY))
            self.step(TimerDue(Timer.AWAY))
        return self.effects

    def tap(self, token: str = "AABB") -> list:
        return self.play(TokenPresented(token))

    def ask(self) -> list:
        return self.play(cp(CpState.C), self.sample())

    def close(self) -> list:
        return self.play(ContactorChanged(closed=True))

    def open(self) -> list:
        return self.play(ContactorChanged(closed=False))

    def charge(self) -> None:
        """Plug in, tap, ask, close: the ordinary beginning."""
        self.plug()
        self.tap()
        self.ask()
        self.close()
