"""Where the station gets its time from (ClockCtrlr)."""

from __future__ import annotations

from typing import Final

from agent.ocpp.settings.rows import sequence

HEARTBEAT: Final = "Heartbeat"  # what the CSMS says in its answers to boots and heartbeats
NTP: Final = "NTP"  # the operating system's business

TIME_SOURCE: Final = sequence("ClockCtrlr.TimeSource", None, (NTP, HEARTBEAT), (HEARTBEAT, NTP), minimum=1)
