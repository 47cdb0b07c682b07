"""Charging profiles and what limits them (SmartChargingCtrlr; 1.6 9.4)."""

from __future__ import annotations

from typing import Final

from agent.ocpp.setting import Access
from agent.ocpp.settings.rows import available, count, decimal, flag, limit, members
from agent.runtime.profiles import MAX_PERIODS, MAX_PROFILES, MAX_STACK_LEVEL

SMART_CHARGING_AVAILABLE: Final = available("SmartChargingCtrlr")
SMART_CHARGING_ENABLED: Final = flag("SmartChargingCtrlr.Enabled", None, default=True)
PROFILE_STACK_LEVEL: Final = limit(
    "SmartChargingCtrlr.ProfileStackLevel", MAX_STACK_LEVEL, "ChargeProfileMaxStackLevel"
)
RATE_UNIT: Final = members(
    "SmartChargingCtrlr.RateUnit", None, ("A", "W"), ("A", "W"), access=Access.READ_ONLY, derived=True
)
RATE_UNIT_16: Final = members(  # the same in 1.6's words
    None,
    "ChargingScheduleAllowedChargingRateUnit",
    ("Current", "Power"),
    ("Current", "Power"),
    access=Access.READ_ONLY,
    derived=True,
)
PERIODS_PER_SCHEDULE: Final = limit("SmartChargingCtrlr.PeriodsPerSchedule", MAX_PERIODS, "ChargingScheduleMaxPeriods")
PROFILES_INSTALLED: Final = count("SmartChargingCtrlr.Entries[ChargingProfiles]", None, MAX_PROFILES)
MAX_PROFILES_INSTALLED: Final = limit(None, MAX_PROFILES, "MaxChargingProfilesInstalled")
PHASES_3_TO_1: Final = flag(
    "SmartChargingCtrlr.Phases3to1",
    "ConnectorSwitch3to1PhaseSupported",
    default=False,
    access=Access.READ_ONLY,
    derived=True,
)
AC_PHASE_SWITCHING: Final = flag(
    "SmartChargingCtrlr.ACPhaseSwitchingSupported", None, default=False, access=Access.READ_ONLY, derived=True
)
EXTERNAL_SIGNALS: Final = flag(
    "SmartChargingCtrlr.ExternalControlSignalsEnabled", None, default=True, access=Access.READ_ONLY, derived=True
)
NOTIFY_WITH_SCHEDULES: Final = flag("SmartChargingCtrlr.NotifyChargingLimitWithSchedules", None, default=False)
LIMIT_CHANGE_SIGNIFICANCE: Final = decimal(
    "SmartChargingCtrlr.LimitChangeSignificance", None, 5.0, maximum=100.0, unit="Percent"
)
