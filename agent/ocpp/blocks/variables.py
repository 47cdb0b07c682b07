"""Variables (2.0.1 B05-B07; 1.6 §5.3, §5.8): settings and device model, read, written and reported."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from agent.ocpp.asks import (
    ACCEPTED,
    ACTUAL,
    BaseReportAsk,
    Handled,
    KeysAnswer,
    KeyValue,
    ReadKeysAsk,
    ReadVariablesAsk,
    Reason,
    VariableAsk,
    VariableResult,
    VariablesAnswer,
    VariableStatus,
    Verdict,
    VerdictAnswer,
    WriteKeyAsk,
    WriteVariablesAsk,
)
from agent.ocpp.asks.device import ReportAsk
from agent.ocpp.block import Block, ByteLimits, Routes
from agent.ocpp.calls import Calls
from agent.ocpp.codec import CallError, ErrorCode
from agent.ocpp.device_model import OF_SETTINGS, DeviceModel, Variable
from agent.ocpp.reports import ReportPart, send
from agent.ocpp.setting import Access, Setting
from agent.ocpp.settings.device_data import (
    BYTES_PER_GET_REPORT,
    BYTES_PER_GET_VARIABLES,
    BYTES_PER_SET_VARIABLES,
    GET_CONFIGURATION_MAX_KEYS,
    ITEMS_PER_GET_REPORT,
    ITEMS_PER_GET_VARIABLES,
    ITEMS_PER_SET_VARIABLES,
)
from agent.ocpp.variables import Outcome, Settings, SettingVerdict
from agent.runtime.clock import Clock

_WRITTEN: Final = {
    SettingVerdict.ACCEPTED: Verdict.ACCEPTED,
    SettingVerdict.REBOOT_REQUIRED: Verdict.REBOOT_REQUIRED,
    SettingVerdict.INVALID: Verdict.REJECTED,
    SettingVerdict.READ_ONLY: Verdict.REJECTED,
    SettingVerdict.UNKNOWN_VARIABLE: Verdict.NOT_SUPPORTED,
}


class _Afterwards:
    """What the guards of a request want to happen once it has been answered."""

    def __init__(self) -> None:
        self._acts: list[Callable[[], None]] = []

    def noted(self, outcome: Outcome) -> Outcome:
        """The same, its wish noted."""
        if outcome.then is not None:
            self._acts.append(outcome.then)
        return outcome

    def act(self) -> None:
        """The answer has gone out."""
        for act in self._acts:
            act()


class Variables(Block):
    """Serves both versions' ways to look at the same settings."""

    def __init__(self, settings: Settings, model: DeviceModel, clock: Clock) -> None:
        self._settings = settings
        self._model = model
        self._clock = clock

    def routes(self) -> Routes:
        """Who answers what."""
        return {
            BaseReportAsk: self.base_report,
            ReportAsk: self.report,
            ReadKeysAsk: self.read_keys,
            ReadVariablesAsk: self.read,
            WriteKeyAsk: self.write_key,
            WriteVariablesAsk: self.write,
        }

    def byte_limits(self) -> ByteLimits:
        """How long a request may be (B06.FR.17, B08.FR.18)."""
        return {
            ReadVariablesAsk: BYTES_PER_GET_VARIABLES,
            ReportAsk: BYTES_PER_GET_REPORT,
            WriteVariablesAsk: BYTES_PER_SET_VARIABLES,
        }

    def read_keys(self, ask: ReadKeysAsk) -> Handled:
        """GetConfiguration (1.6 5.8). Raises `CallError` for more keys than GetConfigurationMaxKeys."""
        self._refuse_more(len(ask.keys), GET_CONFIGURATION_MAX_KEYS)
        if not ask.keys:
            return Handled(KeysAnswer(tuple(self._key_value(one) for one in self._settings if one.key16)))
        names: dict[str, str] = {}
        for key in ask.keys:
            names.setdefault(key.casefold(), key)  # asked twice: answered once
        settings = [(name, self._settings.find16(name)) for name in names.values()]
        found = tuple(self._key_value(one) for _, one in settings if one is not None)
        return Handled(KeysAnswer(found, tuple(name for name, one in settings if one is None)))

    def write_key(self, ask: WriteKeyAsk) -> Handled:
        """ChangeConfiguration (1.6 5.3). What is guarded is answered when its guard has decided."""
        setting = self._settings.find16(ask.key)
        if setting is None or not self._settings.guarded(setting):
            return Handled(VerdictAnswer(_WRITTEN[self._settings.set_by_key16(ask.key, ask.value).verdict]))
        after = _Afterwards()

        async def answer() -> VerdictAnswer:
            return VerdictAnswer(
                _WRITTEN[after.noted(await self._settings.wish(setting, ask.value, by16=True)).verdict]
            )

        return Handled(answer, then=after.act)

    def read(self, ask: ReadVariablesAsk) -> Handled:
        """GetVariables (B06). Raises `CallError` for more items than ItemsPerMessage (B06.FR.16)."""
        self._refuse_more(len(ask.items), ITEMS_PER_GET_VARIABLES)
        return Handled(VariablesAnswer(tuple(self._read(one) for one in ask.items)))

    def write(self, ask: WriteVariablesAsk) -> Handled:
        """SetVariables (B05), item by item. Raises `CallError` for more items than ItemsPerMessage."""
        self._refuse_more(len(ask.items), ITEMS_PER_SET_VARIABLES)
        if not any(self._guarded(one) or self._model.takes_time(one.name) for one in ask.items):
            return Handled(VariablesAnswer(tuple(self._write(one) for one in ask.items)))
        after = _Afterwards()

        async def answer() -> VariablesAnswer:
            return VariablesAnswer(tuple([await self._wish(one, after) for one in ask.items]))

        return Handled(answer, then=after.act)

    def base_report(self, ask: BaseReportAsk) -> Handled:
        """GetBaseReport (B07): the answer first, then the report in as many messages as it takes."""
        return self._report(ask.request_id, partial(self._model.report, ask.base))

    def report(self, ask: ReportAsk) -> Handled:
        """GetReport (B08). Raises `CallError` for more items than ItemsPerMessage (B08.FR.17)."""
        self._refuse_more(len(ask.wanted), ITEMS_PER_GET_REPORT)
        choose = partial(self._model.chosen, ask.wanted, ask.criteria)
        if not choose():
            return Handled(VerdictAnswer(Verdict.EMPTY))  # B08.FR.15
        return self._report(ask.request_id, choose)

    def _report(self, request_id: int, choose: Callable[[], list[Variable]]) -> Handled:
        async def follow(calls: Calls) -> None:
            at_utc_s = self._clock.now().utc_s
            await send(calls, choose(), lambda seq, more, part: ReportPart(request_id, seq, more, at_utc_s, part))

        return Handled(ACCEPTED.answer, follow=follow)

    def _read(self, ask: VariableAsk) -> VariableResult:
        found = self._model.find(ask.name)
        if isinstance(found, VariableStatus):
            return VariableResult(ask, found)
        attribute = found.attribute(ask.attribute)
        if attribute is None:
            return VariableResult(ask, VariableStatus.NOT_SUPPORTED_ATTRIBUTE)
        if attribute.access is Access.WRITE_ONLY:
            return VariableResult(ask, VariableStatus.REJECTED, reason=Reason.WRITE_ONLY)  # B06.FR.09
        return VariableResult(ask, VariableStatus.ACCEPTED, attribute.value or "")  # B06.FR.13

    def _write(self, ask: VariableAsk) -> VariableResult:
        status, reason = self._model.write(ask.name, ask.value or "", ask.attribute)
        return VariableResult(ask, status, reason=reason)

    def _guarded(self, ask: VariableAsk) -> Setting[Any] | None:
        """The setting that is meant, if a guard decides about it."""
        name = ask.name
        if ask.attribute != ACTUAL or name.evse is not None:
            return None
        setting = self._settings.find(name.component, name.variable, name.instance or None)
        return setting if self._settings.guarded(setting) else None

    async def _wish(self, ask: VariableAsk, after: _Afterwards) -> VariableResult:
        setting = self._guarded(ask)
        if setting is None and self._model.takes_time(ask.name):
            status, reason = await self._model.wish(ask.name, ask.value or "", ask.attribute)
            return VariableResult(ask, status, reason=reason)
        if setting is None:
            return self._write(ask)
        outcome = after.noted(await self._settings.wish(setting, ask.value or "", by16=False))
        status, reason = OF_SETTINGS[outcome.verdict]
        return VariableResult(ask, status, reason=Reason(outcome.reason) if outcome.reason else reason)

    def _refuse_more(self, items: int, limit: Setting[int]) -> None:
        allowed = self._settings.get(limit)
        if items > allowed:
            raise CallError(ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, f"at most {allowed} items in one message")

    def _key_value(self, setting: Setting[object]) -> KeyValue:
        value = self._settings.text16(setting) if setting.readable else None
        return KeyValue(setting.key16 or "", value, not setting.mutable16)
