"""Sessions as a table for spreadsheets (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from csms.records import SessionRow
from csms.views import utc_text

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take a cell for, and run
COLUMNS: Final = (
    "id",
    "charger",
    "transaction",
    "evse",
    "connector",
    "token",
    "started",
    "ended",
    "energy_wh",
    "cost",
    "currency",
    "reason",
    "remark",
)


def sessions_csv(sessions: Iterable[SessionRow]) -> str:
    """The table, with its header. Text that chargers sent is kept from being run as a formula."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for row in sessions:
        writer.writerow(
            (
                row.id,
                _text(row.charger),
                _text(row.tx),
                row.evse,
                row.connector,
                _text(row.token),
                utc_text(row.started_utc_s),
                utc_text(row.ended_utc_s),
                row.energy_wh,
                row.cost,
                row.currency,
                _text(row.reason),
                _text(row.remark),
            )
        )
    return table.getvalue()


def _text(value: str | None) -> str:
    if value is None:
        return ""
    return f"'{value}" if value.startswith(FORMULA) else value
