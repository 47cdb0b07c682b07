"""The CSMS's database: its tables, and the statements that change them. Everything can be said twice without harm."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column as C  # noqa: N817 - the tables below are read as tables
from sqlalchemy import (
    ColumnElement,
    Float,
    Index,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    and_,
    case,
    func,
    or_,
)
from sqlalchemy.dialects.sqlite import insert

SCHEMA_VERSION = 1  # PRAGMA user_version; a change of the tables below raises it

metadata = MetaData()

chargers = Table(
    "chargers",
    metadata,
    C("identity", String, primary_key=True),
    C("state", String, nullable=False),
    C("vendor", String, nullable=False),
    C("model", String, nullable=False),
    C("version", String, nullable=False),
    C("password_hash", String),
    C("seen_utc_s", Float),
)
tokens = Table(
    "tokens",
    metadata,
    C("key", String, primary_key=True),
    C("value", String, nullable=False),
    C("kind", String, nullable=False),
    C("group", String),
    C("status", String, nullable=False),
    C("expires_utc_s", Float),
)
sessions = Table(
    "sessions",
    metadata,
    C("id", Integer, primary_key=True),
    C("charger", String, nullable=False),
    C("tx", String, nullable=False),
    C("origin", String),  # what a start without an id of its own is recognised by
    C("evse", Integer),
    C("connector", Integer),
    C("token", String),
    C("started_utc_s", Float),
    C("ended_utc_s", Float),
    C("updated_utc_s", Float, nullable=False),
    C("start_wh", Float),
    C("start_position", Integer),
    C("end_wh", Float),
    C("end_position", Integer),
    C("reason", String),
    C("tariff", LargeBinary, nullable=False),  # JSON: the prices in force when the session became known
    C("energy_wh", Float),  # energy and cost are final values, set when the session is closed
    C("cost", String),
    C("settled", Integer, nullable=False),
    UniqueConstraint("charger", "tx"),
    UniqueConstraint("charger", "origin"),
)
Index(
    "sessions_to_settle",
    sessions.c.id,
    sqlite_where=and_(sessions.c.settled == 0, sessions.c.ended_utc_s.is_not(None)),
)
steps = Table(
    "steps",
    metadata,
    C("charger", String, primary_key=True),
    C("tx", String, primary_key=True),
    C("seq", Integer, primary_key=True, autoincrement=False),
    C("at_utc_s", Float, nullable=False),
    sqlite_with_rowid=False,
)
readings = Table(
    "readings",
    metadata,
    C("id", Integer, primary_key=True),
    C("charger", String, nullable=False),
    C("tx", String, nullable=False),  # "" outside a transaction
    C("evse", Integer, nullable=False),  # 0: not told
    C("at_utc_s", Float, nullable=False),
    C("register_wh", Float),
    C("sampled", LargeBinary, nullable=False),  # JSON as it came, signed values byte for byte
    C("checksum", Integer, nullable=False),
    UniqueConstraint("charger", "tx", "evse", "at_utc_s", "checksum"),
)
connectors = Table(
    "connectors",
    metadata,
    C("charger", String, primary_key=True),
    C("evse", Integer, primary_key=True, autoincrement=False),
    C("connector", Integer, primary_key=True, autoincrement=False),
    C("status", String, nullable=False),
    C("error", String),
    C("at_utc_s", Float, nullable=False),
)
frames = Table(
    "frames",
    metadata,
    C("slot", Integer, primary_key=True, autoincrement=False),
    C("serial", Integer, nullable=False),
    C("charger", String, nullable=False),
    C("at_utc_s", Float, nullable=False),
    C("direction", String, nullable=False),
    C("frame", String, nullable=False),
)


def replace(table: Table) -> Insert:
    """Insert rows of `table`, each taking the place of the one with its key."""
    return insert(table).prefix_with("OR REPLACE")


def add(table: Table) -> Insert:
    """Insert those rows of `table` that are not there yet."""
    return insert(table).on_conflict_do_nothing()


def _merge() -> Insert:
    """Put a step into its session: what is known stays, the first and the last register are told by their positions.

    The result is the same in whatever order, and however often, the steps of a session come.
    """
    row = insert(sessions)
    new, old = row.excluded, sessions.c
    earlier = or_(old.start_position.is_(None), new.start_position < old.start_position)
    later = or_(old.end_position.is_(None), new.end_position > old.end_position)
    kept = ("evse", "connector", "token", "started_utc_s", "ended_utc_s", "reason")
    changes: dict[str, ColumnElement[Any]] = {name: func.coalesce(old[name], new[name]) for name in kept}
    changes |= {name: case((earlier, new[name]), else_=old[name]) for name in ("start_wh", "start_position")}
    changes |= {name: case((later, new[name]), else_=old[name]) for name in ("end_wh", "end_position")}
    return row.on_conflict_do_update(
        index_elements=[old.charger, old.tx],
        set_={**changes, "updated_utc_s": func.max(old.updated_utc_s, new.updated_utc_s), "settled": 0},
    )


merge_session = _merge()
