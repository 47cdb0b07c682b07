"""What is measured when (SampledDataCtrlr, AlignedDataCtrlr)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from agent.core.values import Measurand
from agent.ocpp.setting import Access
from agent.ocpp.settings.rows import DAY_S, available, flag, length, members, seconds

ENERGY: Final = (Measurand.ENERGY_IMPORT.value,)
MEASURANDS: Final = tuple(  # what `agent.core.metering` can take from a meter
    one.value
    for one in (
        Measurand.ENERGY_IMPORT,
        Measurand.ENERGY_EXPORT,
        Measurand.POWER_IMPORT,
        Measurand.REACTIVE_IMPORT,
        Measurand.POWER_FACTOR,
        Measurand.CURRENT_IMPORT,
        Measurand.CURRENT_OFFERED,
        Measurand.VOLTAGE,
        Measurand.FREQUENCY,
        Measurand.POWER_OFFERED,
        Measurand.SOC,
    )
)

SAMPLED_AVAILABLE: Final = available("SampledDataCtrlr")
SAMPLED_INTERVAL: Final = seconds("SampledDataCtrlr.TxUpdatedInterval", "MeterValueSampleInterval", 60)
SAMPLED_STARTED_MEASURANDS: Final = members("SampledDataCtrlr.TxStartedMeasurands", None, ENERGY, MEASURANDS)
BEGIN_MEASURANDS: Final = members(None, "StartTxnSampledData", (), MEASURANDS)  # 2.x tells TxStartedMeasurands
SAMPLED_UPDATED_MEASURANDS: Final = members(
    "SampledDataCtrlr.TxUpdatedMeasurands",
    "MeterValuesSampledData",
    (
        Measurand.ENERGY_IMPORT.value,
        Measurand.POWER_IMPORT.value,
        Measurand.CURRENT_IMPORT.value,
        Measurand.VOLTAGE.value,
    ),
    MEASURANDS,
)
SAMPLED_ENDED_MEASURANDS: Final = members(
    "SampledDataCtrlr.TxEndedMeasurands", "StopTxnSampledData", ENERGY, MEASURANDS
)
SAMPLED_ENDED_INTERVAL: Final = seconds("SampledDataCtrlr.TxEndedInterval", None, 0)
SAMPLED_ENABLED: Final = flag("SampledDataCtrlr.Enabled", None, default=True)
REGISTER_WITHOUT_PHASES: Final = flag(  # no meter of ours has a register for each phase
    "SampledDataCtrlr.RegisterValuesWithoutPhases", None, default=True, access=Access.READ_ONLY, derived=True
)
ALIGNED_AVAILABLE: Final = available("AlignedDataCtrlr")
ALIGNED_INTERVAL: Final = seconds("AlignedDataCtrlr.Interval", "ClockAlignedDataInterval", 0, maximum=DAY_S)
ALIGNED_SEND_DURING_IDLE: Final = flag("AlignedDataCtrlr.SendDuringIdle", None, default=False)
# Ours: 2.x writes it as the same variable of one EVSE (2.7.13), see `agent.ocpp.scoped`.
ALIGNED_IDLE_ONLY_AT: Final = members(
    None, "AlignedDataSendDuringIdleEvses", (), ("1", "2"), member=r"[1-9]\d{0,2}", maximum=999
)
ALIGNED_MEASURANDS: Final = members("AlignedDataCtrlr.Measurands", "MeterValuesAlignedData", ENERGY, MEASURANDS)
ALIGNED_ENDED_MEASURANDS: Final = members("AlignedDataCtrlr.TxEndedMeasurands", "StopTxnAlignedData", (), MEASURANDS)
ALIGNED_ENDED_INTERVAL: Final = seconds("AlignedDataCtrlr.TxEndedInterval", None, 0, maximum=DAY_S)
ALIGNED_ENABLED: Final = flag("AlignedDataCtrlr.Enabled", None, default=True)
# 1.6 has one interval for what is told and for what the end message holds: its key writes both.
TWINS16: Final = MappingProxyType(
    {SAMPLED_INTERVAL.key: SAMPLED_ENDED_INTERVAL, ALIGNED_INTERVAL.key: ALIGNED_ENDED_INTERVAL}
)
LENGTHS: Final = tuple(
    length(one)
    for one in (
        SAMPLED_UPDATED_MEASURANDS,
        SAMPLED_ENDED_MEASURANDS,
        ALIGNED_MEASURANDS,
        ALIGNED_ENDED_MEASURANDS,
    )
)
