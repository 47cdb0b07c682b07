"""What is watched, and how loudly (MonitoringCtrlr). Base and level are set by messages of their own."""

from __future__ import annotations

from typing import Final

from agent.ocpp.setting import Access
from agent.ocpp.settings.device_data import MAX_BYTES, MAX_ITEMS
from agent.ocpp.settings.rows import available, flag, integer, limit, option

BASES: Final = ("All", "FactoryDefault", "HardWiredOnly")  # MonitoringBaseEnumType
LOWEST_SEVERITY: Final = 9  # 2.0.1 N05: 0 is danger to life, 9 is for debugging

MONITORING_AVAILABLE: Final = available("MonitoringCtrlr")
MONITORING_ENABLED: Final = flag("MonitoringCtrlr.Enabled", None, default=True)
ITEMS_PER_SET_MONITORING: Final = limit("MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]", MAX_ITEMS)
BYTES_PER_SET_MONITORING: Final = limit("MonitoringCtrlr.BytesPerMessage[SetVariableMonitoring]", MAX_BYTES)
ITEMS_PER_CLEAR_MONITORING: Final = limit("MonitoringCtrlr.ItemsPerMessage[ClearVariableMonitoring]", MAX_ITEMS)
BYTES_PER_CLEAR_MONITORING: Final = limit("MonitoringCtrlr.BytesPerMessage[ClearVariableMonitoring]", MAX_BYTES)
OFFLINE_QUEUING_SEVERITY: Final = integer("MonitoringCtrlr.OfflineQueuingSeverity", None, 4, maximum=LOWEST_SEVERITY)
ACTIVE_BASE: Final = option(
    "MonitoringCtrlr.ActiveMonitoringBase", None, "All", BASES, access=Access.READ_ONLY, derived=True
)
ACTIVE_LEVEL: Final = integer(
    "MonitoringCtrlr.ActiveMonitoringLevel",
    None,
    LOWEST_SEVERITY,
    maximum=LOWEST_SEVERITY,
    access=Access.READ_ONLY,
    derived=True,
)
