"""How much one message about the device model may hold (DeviceDataCtrlr), and one about 1.6's keys."""

from __future__ import annotations

from typing import Final

from agent.ocpp.settings.rows import limit

MAX_ITEMS: Final = 100  # our policy: keys or variables in one message
MAX_BYTES: Final = 65_536  # our policy: of one message about variables
MAX_WRITTEN: Final = 1000  # 2.0.1 SetVariableDataType.attributeValue
MAX_TOLD: Final = 2500  # 2.0.1 GetVariableResultType.attributeValue

ITEMS_PER_GET_REPORT: Final = limit("DeviceDataCtrlr.ItemsPerMessage[GetReport]", MAX_ITEMS)
ITEMS_PER_GET_VARIABLES: Final = limit("DeviceDataCtrlr.ItemsPerMessage[GetVariables]", MAX_ITEMS)
ITEMS_PER_SET_VARIABLES: Final = limit("DeviceDataCtrlr.ItemsPerMessage[SetVariables]", MAX_ITEMS)
BYTES_PER_GET_REPORT: Final = limit("DeviceDataCtrlr.BytesPerMessage[GetReport]", MAX_BYTES)
BYTES_PER_GET_VARIABLES: Final = limit("DeviceDataCtrlr.BytesPerMessage[GetVariables]", MAX_BYTES)
BYTES_PER_SET_VARIABLES: Final = limit("DeviceDataCtrlr.BytesPerMessage[SetVariables]", MAX_BYTES)
CONFIGURATION_VALUE_SIZE: Final = limit("DeviceDataCtrlr.ConfigurationValueSize", MAX_WRITTEN)
REPORTING_VALUE_SIZE: Final = limit("DeviceDataCtrlr.ReportingValueSize", MAX_TOLD)
GET_CONFIGURATION_MAX_KEYS: Final = limit(None, MAX_ITEMS, "GetConfigurationMaxKeys")
