"""Variables (2.0.1 B05-B07; 1.6 §5.3, §5.8): settings and device model, read, written and reported."""

from __future__ import annotations

from typing import Final

from agent.ocpp.asks import (
    ACCEPTED,
    ACTUAL,
    BaseReportAsk,
    Handled,
    KeysAnswer,
    KeyValue,
    ReadKeysAsk,
    ReadVariablesAsk,
    VariableAsk,
    VariableResult,
    VariablesAnswer,
    VariableStatus,
    Verdict,
    VerdictAnswer,
    WriteKeyAsk,
    WriteVariablesAsk,
)
from agent.ocpp.block import Block, Routes
from agent.ocpp.calls import Calls
from agent.ocpp.codec import CallError, ErrorCode
from agent.ocpp.device_model import DeviceModel, Variable
from agent.ocpp.dialect import Dialect, ReportPart
from agent.ocpp.setting import Setting
from agent.ocpp.settings.device_data import GET_CONFIGURATION_MAX_KEYS, ITEMS_PER_GET_VARIABLES, ITEMS_PER_SET_VARIABLES
from agent.ocpp.variables import Settings, SettingVerdict
from agent.runtime.clock import Clock

REPORT_BYTES: Final = 16_384  # our policy: of one message of a report; some CSMSs take no more than 64 KiB

_WRITTEN: Final = {
    SettingVerdict.ACCEPTED: Verdict.ACCEPTED,
    SettingVerdict.REBOOT_REQUIRED: Verdict.REBOOT_REQUIRED,
    SettingVerdict.INVALID: Verdict.REJECTED,
    SettingVerdict.READ_ONLY: Verdict.REJECTED,
    SettingVerdict.UNKNOWN_VARIABLE: Verdict.NOT_SUPPORTED,
}


class Variables(Block):
    """Serves both versions' ways to look at the same settings."""

    def __init__(self, settings: Settings, model: DeviceModel, clock: Clock) -> None:
        self._settings = settings
        self._model = model
        self._clock = clock

    def routes(self) -> Routes:
        """Who answers what."""
        return {
            BaseReportAsk: self.report,
            ReadKeysAsk: self.read_keys,
            ReadVariablesAsk: self.read,
            WriteKeyAsk: self.write_key,
            WriteVariablesAsk: self.write,
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
        """ChangeConfiguration (1.6 5.3)."""
        return Handled(VerdictAnswer(_WRITTEN[self._settings.set_by_key16(ask.key, ask.value).verdict]))

    def read(self, ask: ReadVariablesAsk) -> Handled:
        """GetVariables (B06). Raises `CallError` for more items than ItemsPerMessage (B06.FR.16)."""
        self._refuse_more(len(ask.items), ITEMS_PER_GET_VARIABLES)
        return Handled(VariablesAnswer(tuple(self._read(one) for one in ask.items)))

    def write(self, ask: WriteVariablesAsk) -> Handled:
        """SetVariables (B05), item by item. Raises `CallError` for more items than ItemsPerMessage."""
        self._refuse_more(len(ask.items), ITEMS_PER_SET_VARIABLES)
        return Handled(VariablesAnswer(tuple(self._write(one) for one in ask.items)))

    def report(self, ask: BaseReportAsk) -> Handled:
        """GetBaseReport (B07): the answer first, then the report in as many messages as it takes."""

        async def send(calls: Calls) -> None:
            variables = self._model.report(ask.base)
            at_utc_s = self._clock.now().utc_s
            for part in parts_of(calls.dialect, ask.request_id, at_utc_s, variables):
                message = calls.dialect.report_part(part)
                if message is not None:
                    await calls.call(message)

        return Handled(ACCEPTED.answer, follow=send)

    def _read(self, ask: VariableAsk) -> VariableResult:
        found = self._model.find(ask.name)
        if isinstance(found, VariableStatus):
            return VariableResult(ask, found)
        if ask.attribute != ACTUAL:
            return VariableResult(ask, VariableStatus.NOT_SUPPORTED_ATTRIBUTE)
        return VariableResult(ask, VariableStatus.ACCEPTED, found.value)

    def _write(self, ask: VariableAsk) -> VariableResult:
        found = self._model.find(ask.name)
        if isinstance(found, Variable) and ask.attribute != ACTUAL:
            return VariableResult(ask, VariableStatus.NOT_SUPPORTED_ATTRIBUTE)
        status, reason = self._model.write(ask.name, ask.value or "")
        return VariableResult(ask, status, reason=reason)

    def _refuse_more(self, items: int, limit: Setting[int]) -> None:
        allowed = self._settings.get(limit)
        if items > allowed:
            raise CallError(ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, f"at most {allowed} items in one message")

    def _key_value(self, setting: Setting[object]) -> KeyValue:
        return KeyValue(setting.key16 or "", self._settings.text16(setting), not setting.mutable)


def parts_of(dialect: Dialect, request_id: int, at_utc_s: float, variables: list[Variable]) -> list[ReportPart]:
    """Share variables out to messages of at most `REPORT_BYTES`, numbered from 0 (B07.FR.10)."""
    shares: list[list[Variable]] = [[]]
    room = REPORT_BYTES
    for one in variables:
        size = _size(dialect, ReportPart(request_id, 0, more=True, at_utc_s=at_utc_s, variables=(one,)))
        if size > room:
            shares.append([])
            room = REPORT_BYTES
        shares[-1].append(one)
        room -= size
    last = len(shares) - 1
    return [
        ReportPart(request_id, seq, more=seq < last, at_utc_s=at_utc_s, variables=tuple(share))
        for seq, share in enumerate(shares)
    ]


def _size(dialect: Dialect, part: ReportPart) -> int:
    message = dialect.report_part(part)
    return 0 if message is None else len(dialect.codec.encode(message))
