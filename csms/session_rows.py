"""Between what a charger tells of a session and its rows. PURE."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Row

from csms.records import Account, Reading, SessionRow, Step
from csms.tariff import Tariff


def values_of(step: Step, tariff: Tariff) -> dict[str, Any]:
    """The session as far as one step tells of it."""
    ordered = sorted(step.readings, key=lambda reading: (reading.edge, reading.at_utc_s))
    registers = [reading.register_wh for reading in ordered if reading.register_wh is not None]
    if step.register_wh is not None:
        registers.append(step.register_wh)
    return {
        "charger": step.charger,
        "tx": step.tx,
        "evse": step.evse,
        "connector": step.connector,
        "token": step.token,
        "started_utc_s": step.at_utc_s if step.starts else None,
        "ended_utc_s": step.at_utc_s if step.ends else None,
        "updated_utc_s": step.at_utc_s,
        "start_wh": registers[0] if registers else None,
        "start_position": step.position if registers else None,
        "end_wh": registers[-1] if registers else None,
        "end_position": step.position + len(registers) - 1 if registers else None,
        "reason": step.reason,
        "tariff": msgspec.json.encode(tariff),
        "settled": 0,
    }


def readings_of(readings: Iterable[Reading], *, charger: str, tx: str, evse: int) -> Iterator[dict[str, Any]]:
    """The rows of readings."""
    for reading in readings:
        yield {
            "charger": charger,
            "tx": tx,
            "evse": evse,
            "at_utc_s": reading.at_utc_s,
            "register_wh": reading.register_wh,
            "sampled": reading.sampled,
            "checksum": zlib.crc32(reading.sampled),
        }


def session_of(row: Row[Any]) -> SessionRow:
    """A session's row with its energy and cost, so far or for good."""
    registers = 0 if row.start_position is None else 1 if row.start_position == row.end_position else 2
    account = Account(
        started_utc_s=row.started_utc_s,
        ended_utc_s=row.ended_utc_s,
        updated_utc_s=row.updated_utc_s,
        start_wh=row.start_wh,
        end_wh=row.end_wh,
        registers=registers,
        tariff=msgspec.json.decode(row.tariff, type=Tariff),
    )
    energy_wh, remark = account.energy()
    return SessionRow(
        id=row.id,
        charger=row.charger,
        tx=row.tx,
        evse=row.evse,
        connector=row.connector,
        token=row.token,
        started_utc_s=row.started_utc_s,
        ended_utc_s=row.ended_utc_s,
        start_wh=row.start_wh,
        end_wh=row.end_wh,
        energy_wh=energy_wh,
        cost=account.cost(),
        currency=account.tariff.currency,
        reason=row.reason,
        remark=remark,
    )
