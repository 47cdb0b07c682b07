"""The registry's rows, one module for each part of the station: a row for each setting, with its names in both worlds.

A functional block adds its settings in three steps: write a module here whose constants are rows (`rows.py` says how),
name it in `_PARTS` below, with a line for each row in docs/configuration.md, and read values with `Settings.get(ROW)`.
What the agent finds out by itself is a row with `derived=True`; its owner calls `Settings.derive(ROW, value)`, or once
`Settings.follow(ROW, read)` for what changes.

Types and units are the specifications' (1.6 chapter 9; 2.0.1 part 2, chapter "Referenced Components and Variables";
part 4 chapter 8 for the back-off). Defaults are our policy. A row that this agent cannot yet obey in full allows only
what it does.
"""

from __future__ import annotations

from typing import Any, Final

from agent.ocpp.setting import Setting
from agent.ocpp.settings import (
    authorization,
    clock,
    device_data,
    display,
    firmware,
    link,
    metering,
    monitoring,
    plug_and_charge,
    reservation,
    secure_link,
    security,
    signing,
    smart_charging,
    station,
    transactions,
)
from agent.ocpp.settings.rows import rows_of

_PARTS: Final = (
    link,
    secure_link,
    device_data,
    transactions,
    authorization,
    metering,
    signing,
    monitoring,
    display,
    clock,
    smart_charging,
    reservation,
    station,
    security,
    firmware,
    plug_and_charge,
)

SETTINGS: Final[tuple[Setting[Any], ...]] = tuple(dict.fromkeys(row for part in _PARTS for row in rows_of(part)))
