"""Monitoring (2.0.1 N02-N08): watches variables, and tells the CSMS what it notices, also what happened offline."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Hashable, Iterable
from typing import Any, Final

import msgspec

from agent.ocpp.asks import (
    ACCEPTED,
    REJECTED,
    Handled,
    Reason,
    VariableName,
    VariableStatus,
    Verdict,
    VerdictAnswer,
    rejected,
)
from agent.ocpp.asks.monitoring import (
    ClearedAnswer,
    ClearMonitorsAsk,
    Event,
    EventsNotice,
    MonitoringBaseAsk,
    MonitoringCriterion,
    MonitoringLevelAsk,
    MonitoringReportAsk,
    MonitorResult,
    MonitorsAnswer,
    MonitorsNotice,
    SetMonitorsAsk,
)
from agent.ocpp.block import Block, ByteLimits, Routes, Surroundings
from agent.ocpp.calls import Calls
from agent.ocpp.codec import CallError, ErrorCode
from agent.ocpp.device_model import DeviceModel, Variable
from agent.ocpp.hardware_model import HardwareModel
from agent.ocpp.hardware_monitors import Readings, built_in, is_built_in
from agent.ocpp.monitoring import (
    LOWEST_SEVERITY,
    NUMERIC,
    PERIODIC,
    THRESHOLDS,
    Alarm,
    Base,
    ClearStatus,
    Kept,
    Monitor,
    Monitors,
    MonitorType,
    Origin,
    Sample,
    SetStatus,
    due_in_s,
    elapsed,
    folded,
    seen,
)
from agent.ocpp.reports import send
from agent.ocpp.setting import Setting
from agent.ocpp.settings.device_data import BYTES_PER_GET_REPORT, ITEMS_PER_GET_REPORT
from agent.ocpp.settings.monitoring import (
    ACTIVE_BASE,
    ACTIVE_LEVEL,
    BYTES_PER_CLEAR_MONITORING,
    BYTES_PER_SET_MONITORING,
    ITEMS_PER_CLEAR_MONITORING,
    ITEMS_PER_SET_MONITORING,
    MONITORING_ENABLED,
    OFFLINE_QUEUING_SEVERITY,
)
from hal.flag import Flag
from hal.types import FaultKind

_log = logging.getLogger(__name__)

KEPT_KEY: Final = "ocpp.monitors"  # of the journal's meta data
QUEUE_KEY: Final = "ocpp.events"
MAX_QUEUED: Final = 200  # our policy: the oldest events give way to newer ones
EVENTS_PER_MESSAGE: Final = 20  # our policy: some 10 KiB
STARTING_S: Final = 60.0  # our policy: a station that has just started is not offline yet, and tells all it finds
_KINDS: Final = {
    MonitoringCriterion.THRESHOLD: THRESHOLDS,
    MonitoringCriterion.DELTA: frozenset({MonitorType.DELTA}),
    MonitoringCriterion.PERIODIC: frozenset({MonitorType.PERIODIC, MonitorType.CLOCK_ALIGNED}),
}


class Monitoring(Block):
    """Sees every step of every EVSE and every change of a setting; what is periodic has a timer."""

    def __init__(self, around: Surroundings, model: DeviceModel, hardware: HardwareModel) -> None:
        self._around = around
        self._model = model
        self._hardware = hardware
        self._settings = around.settings
        self._monitors: Monitors
        kept = around.store.meta(KEPT_KEY)
        self._kept = msgspec.json.decode(kept, type=Kept) if kept else Kept()
        queued = around.store.meta(QUEUE_KEY)
        self._queue: deque[Event] = deque(msgspec.json.decode(queued, type=list[Event]) if queued else [], MAX_QUEUED)
        self._last_event = 0
        self._started_mono_s = 0.0
        self._problem_events: dict[int | None, int] = {}  # the last event of each EVSE's hardware
        self._faults: dict[int, frozenset[FaultKind]] = {}
        self._figures: dict[int, Hashable] = {}  # by EVSE: all that its built-in monitors watch
        self._only_built_in = False  # no monitor is there that watches anything else
        self._changed: set[int | None] = set()  # EVSEs that have made a step; None: a setting
        self._news = Flag()  # something to evaluate
        self._settings.derive(ACTIVE_BASE, str(self._kept.base))
        self._settings.derive(ACTIVE_LEVEL, self._kept.level)

    def routes(self) -> Routes:
        """Who answers what."""
        return {
            ClearMonitorsAsk: self.clear,
            MonitoringBaseAsk: self.rebase,
            MonitoringLevelAsk: self.level,
            MonitoringReportAsk: self.report,
            SetMonitorsAsk: self.set,
        }

    def byte_limits(self) -> ByteLimits:
        """How long a request may be (N06.FR.07)."""
        return {
            ClearMonitorsAsk: BYTES_PER_CLEAR_MONITORING,
            MonitoringReportAsk: BYTES_PER_GET_REPORT,
            SetMonitorsAsk: BYTES_PER_SET_MONITORING,
        }

    async def run(self) -> None:
        """Watch."""
        now = self._around.clock.now()
        self._last_event = int(now.utc_s)  # our policy: ids of two lives of the station differ
        self._started_mono_s = now.mono_s
        self._monitors = Monitors(built_in(self._hardware), self._kept)
        self._begin_all()
        self._around.charger.on_step(self._stepped)
        self._settings.on_change(self._on_setting)
        await self._watch()

    async def accepted(self, calls: Calls) -> None:
        """There is somebody to tell what has waited."""
        del calls
        self._around.chores.wake(self._tell)  # something to send, or somebody to send it to

    def set(self, ask: SetMonitorsAsk) -> Handled:
        """SetVariableMonitoring (N04). Raises `CallError` for more items than ItemsPerMessage."""
        self._refuse_more(len(ask.wishes), ITEMS_PER_SET_MONITORING)
        results = []
        for wish in ask.wishes:
            status, monitor = self._monitors.wish(wish, self._model.find(wish.name))
            if monitor is not None:
                self._begin(monitor, Readings(self._hardware))
            elif status is SetStatus.REJECTED:
                _log.info("monitor on %s.%s refused", wish.name.component, wish.name.variable)
            results.append(MonitorResult(wish, status, monitor.id if monitor is not None else wish.id))
        self._survey()
        self._keep()

        def then() -> None:
            self._changed.update((None, *self._around.charger.evse_ids))
            self._news.set()

        return Handled(MonitorsAnswer(tuple(results)), then)

    def clear(self, ask: ClearMonitorsAsk) -> Handled:
        """ClearVariableMonitoring (N06). Raises `CallError` for more items than ItemsPerMessage (N06.FR.06)."""
        self._refuse_more(len(ask.ids), ITEMS_PER_CLEAR_MONITORING)
        results: list[tuple[int, ClearStatus]] = [(one, self._monitors.clear(one)) for one in ask.ids]
        self._survey()
        self._keep()
        return Handled(ClearedAnswer(tuple(results)), self._news.set)

    def rebase(self, ask: MonitoringBaseAsk) -> Handled:
        """SetMonitoringBase (N03)."""
        self._monitors.rebase(Base(ask.base))
        self._begin_all()
        self._settings.derive(ACTIVE_BASE, str(ask.base))
        self._keep()
        return Handled(ACCEPTED.answer, self._news.set)

    def level(self, ask: MonitoringLevelAsk) -> Handled:
        """SetMonitoringLevel (N05)."""
        if not 0 <= ask.severity <= LOWEST_SEVERITY:
            return REJECTED  # N05.FR.02
        self._monitors.level = ask.severity
        self._settings.derive(ACTIVE_LEVEL, ask.severity)
        self._keep()
        return ACCEPTED

    def report(self, ask: MonitoringReportAsk) -> Handled:
        """GetMonitoringReport (N02). Raises `CallError` for more items than ItemsPerMessage."""
        self._refuse_more(len(ask.wanted), ITEMS_PER_GET_REPORT)
        if not self._around.csms.online:
            return rejected(Reason.NOT_ACCEPTED)  # B02.FR.02: what would follow must not be sent yet
        kinds = frozenset(kind for one in ask.criteria for kind in _KINDS[one])
        by_name: dict[VariableName, list[Monitor]] = {}
        for one in self._monitors.listed():
            wanted = not ask.wanted or any(each.fits(one.name) for each in ask.wanted)
            if wanted and (not kinds or one.type in kinds):
                by_name.setdefault(folded(one.name), []).append(one)
        if not by_name:
            return Handled(VerdictAnswer(Verdict.EMPTY))  # N02.FR.10
        monitors = [tuple(own) for own in by_name.values()]

        async def follow(calls: Calls) -> None:
            now_utc_s = self._around.clock.now().utc_s
            await send(
                calls, monitors, lambda seq, more, own: MonitorsNotice(ask.request_id, seq, more, now_utc_s, own)
            )

        return Handled(ACCEPTED.answer, follow=follow)

    # Watching

    def _stepped(self, evse: int) -> None:
        """A step that moves nothing that is watched wakes nobody: most are a meter's sample like the one before."""
        session = self._around.charger.session(evse)
        power_w = session.meter.power_w if session.meter is not None else None
        figures = (session.faults, power_w, session.tx.id if session.tx is not None else None)
        if self._only_built_in and figures == self._figures.get(evse):
            return
        self._figures[evse] = figures
        self._changed.add(evse)
        self._news.set()

    def _on_setting(self, _setting: Setting[Any]) -> None:
        self._changed.add(None)
        self._news.set()

    async def _watch(self) -> None:
        while True:
            now = self._around.clock.now()
            periodic = (one for one in self._monitors.watches.values() if one.monitor.type in PERIODIC)
            wait_s = min((due_in_s(one, now) for one in periodic), default=None)
            await self._news.wait(wait_s)
            self._news.clear()
            self._evaluate()

    def _evaluate(self) -> None:
        """Let every monitor see what has changed, and what time it is."""
        changed, self._changed = self._changed, set()
        now = self._around.clock.now()
        alarms: list[Alarm] = []
        read = Readings(self._hardware)
        healthy = {evse for evse in changed if not self._faults_changed(evse)}
        exceeded = False
        for watch in list(self._monitors.watches.values()):
            monitor, evse = watch.monitor, watch.monitor.name.evse
            due = monitor.type in PERIODIC and due_in_s(watch, now) <= 0
            touched = evse in changed if evse is not None else bool(changed)
            if not due and (not touched or (evse in healthy and monitor.name.variable == "Problem")):
                continue
            sample = self._sample(monitor.name, read.variable(monitor.name))
            if sample is None:
                continue
            after, alarm = elapsed(watch, sample, now) if due else seen(watch, sample)
            self._monitors.watches[monitor.id] = after
            exceeded = exceeded or after.exceeded is not watch.exceeded
            if alarm is not None:
                alarms.append(alarm)
        if exceeded:
            self._keep()
        self._raise(alarms)

    def _faults_changed(self, evse: int | None) -> bool:
        """Whether an EVSE's faults are others than when it was last looked at."""
        if evse is None:
            return True
        faults = self._around.charger.session(evse).faults
        before, self._faults[evse] = self._faults.get(evse), faults
        return before != faults

    def _raise(self, alarms: list[Alarm]) -> None:
        """Make events of alarms: problems first, because they are what brings other things about (N07.FR.05)."""
        before = len(self._queue)
        for alarm in sorted(alarms, key=lambda one: one.monitor.name.variable != "Problem"):
            event = self._event(alarm)
            if self._is_told(event):
                self._queue.append(event)
        if len(self._queue) != before or alarms:
            if not self._around.csms.online:
                self._keep_queue()
            self._around.chores.wake(self._tell)  # something to send, or somebody to send it to

    def _event(self, alarm: Alarm) -> Event:
        self._last_event += 1
        name, sample = alarm.monitor.name, alarm.sample
        cause = None
        if name.variable == "Problem":
            self._problem_events[name.evse] = self._last_event
        elif name.variable == "AvailabilityState" and sample.value == "Faulted":
            cause = self._problem_events.get(name.evse)
        return Event(
            id=self._last_event,
            at_utc_s=self._around.clock.now().utc_s,
            name=name,
            value=sample.value,
            trigger=alarm.trigger,
            origin=alarm.monitor.origin,
            severity=alarm.monitor.severity,
            monitor=None if alarm.monitor.origin is Origin.NOTIFICATION else alarm.monitor.id,
            cause=cause,
            tech_code=sample.detail,
            cleared=alarm.cleared,
            tx=sample.tx,
        )

    def _is_told(self, event: Event) -> bool:
        """Whether the CSMS wants to hear of it (N05.FR.03), and if it is out of reach, later too (N07.FR.04)."""
        if not self._settings.get(MONITORING_ENABLED) or event.severity > self._monitors.level:
            return False
        starting = self._around.clock.now().mono_s - self._started_mono_s < STARTING_S
        waits = starting or event.severity <= self._settings.get(OFFLINE_QUEUING_SEVERITY)
        return self._around.csms.online or waits

    def _sample(self, name: VariableName, known: Variable | None = None) -> Sample | None:
        found = known or self._model.find(name)
        if isinstance(found, VariableStatus):
            return None
        return Sample(found.value, found.detail, self._tx(name), found.type in NUMERIC, found.revision)

    def _tx(self, name: VariableName) -> str | None:
        if name.evse is None:
            return None
        tx = self._around.charger.session(name.evse).tx
        return tx.id if tx is not None else None

    def _begin_all(self) -> None:
        read = Readings(self._hardware)
        for monitor in self._monitors:
            if monitor.id not in self._monitors.watches:
                self._begin(monitor, read)
        self._survey()
        self._changed.update((None, *self._around.charger.evse_ids))
        self._news.set()

    def _survey(self) -> None:
        self._only_built_in = all(is_built_in(one.monitor.name) for one in self._monitors.watches.values())

    def _begin(self, monitor: Monitor, read: Readings) -> None:
        sample = self._sample(monitor.name, read.variable(monitor.name))
        news = monitor.origin is Origin.NOTIFICATION and sample is not None and sample.value == "true"
        told = Sample("false") if news else sample  # a problem that was there at the start is news, too
        self._monitors.begin(monitor, told, self._around.clock.now())

    # Telling

    async def _tell(self) -> None:
        while self._queue and self._around.csms.online and self._around.csms.speaks(EventsNotice):
            await self._send(self._take())

    def _take(self) -> list[Event]:
        return [self._queue.popleft() for _ in range(min(len(self._queue), 10 * EVENTS_PER_MESSAGE))]

    async def _send(self, events: list[Event]) -> None:
        """One report of events; what the CSMS did not take though it is there is not told again."""
        shares = [events[at : at + EVENTS_PER_MESSAGE] for at in range(0, len(events), EVENTS_PER_MESSAGE)]
        for seq, share in enumerate(shares):
            more = seq < len(shares) - 1
            notice = EventsNotice(seq, more, self._around.clock.now().utc_s, tuple(share))
            if await self._around.csms.say(notice) is None and not self._around.csms.online:
                self._put_back(event for late in shares[seq:] for event in late)
                return
        self._keep_queue()

    def _put_back(self, events: Iterable[Event]) -> None:
        kept = [one for one in events if one.severity <= self._settings.get(OFFLINE_QUEUING_SEVERITY)]
        self._queue.extendleft(reversed(kept))
        self._keep_queue()

    def _keep_queue(self) -> None:
        self._around.keeper.remember(QUEUE_KEY, msgspec.json.encode(list(self._queue)) if self._queue else None)

    def _keep(self) -> None:
        self._around.keeper.remember(KEPT_KEY, msgspec.json.encode(self._monitors.kept()))

    def _refuse_more(self, items: int, limit: Setting[int]) -> None:
        allowed = self._settings.get(limit)
        if items > allowed:
            raise CallError(ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, f"at most {allowed} items in one message")
