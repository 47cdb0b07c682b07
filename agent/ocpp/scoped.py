"""Settings that 2.x lets each EVSE have for itself, beside the station's: told and written as variables of the EVSE."""

from __future__ import annotations

from collections.abc import Iterator

from agent.ocpp.asks import ACTUAL, VariableName
from agent.ocpp.charger import Charger
from agent.ocpp.device_model import Attribute, DeviceModel, Variable
from agent.ocpp.setting import Access, DataType, SettingError
from agent.ocpp.settings.metering import ALIGNED_IDLE_ONLY_AT, ALIGNED_SEND_DURING_IDLE
from agent.ocpp.variables import Outcome, Settings, SettingVerdict

COMPONENT, VARIABLE = "AlignedDataCtrlr", "SendDuringIdle"


class IdleOnly:
    """AlignedDataCtrlr.SendDuringIdle of an EVSE: no clock-aligned readings of it while it has a transaction."""

    def __init__(self, settings: Settings, charger: Charger, model: DeviceModel) -> None:
        self._settings = settings
        self._charger = charger
        model.scope(COMPONENT, VARIABLE, self._variables, self._write)

    def _variables(self) -> Iterator[Variable]:
        chosen = self._settings.get(ALIGNED_IDLE_ONLY_AT)
        for evse in self._charger.evse_ids:
            value = ALIGNED_SEND_DURING_IDLE.format(str(evse) in chosen)
            yield Variable(
                name=VariableName(COMPONENT, VARIABLE, evse=evse),
                attributes=(Attribute(ACTUAL, value, Access.READ_WRITE, persistent=True),),
                type=DataType.BOOLEAN.value,
            )

    def _write(self, evse: int, text: str) -> Outcome:
        try:
            wanted = ALIGNED_SEND_DURING_IDLE.parse(text)
        except SettingError as error:
            return Outcome(SettingVerdict.INVALID, str(error))
        others = [one for one in self._settings.get(ALIGNED_IDLE_ONLY_AT) if one != str(evse)]
        self._settings.set(ALIGNED_IDLE_ONLY_AT, (*others, str(evse)) if wanted else tuple(others))
        return Outcome(SettingVerdict.ACCEPTED)
