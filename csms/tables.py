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
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert

SCHEMA_VERSION = 3  # PRAGMA user_version; a change of the tables below raises it

_DIALECT = sqlite.dialect(paramstyle="named")
_MADE_BY_THE_DATABASE = frozenset({"id", "origin", "energy_wh", "cost"})  # or set by statements of their own

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
    C("serial", String, nullable=False, server_default=""),
    C("profile", Integer, nullable=False, server_default="0"),
)
certificates = Table(
    "certificates",
    metadata,
    C("serial", String, primary_key=True),
    C("charger", String, nullable=False),
    C("subject", String, nullable=False),
    C("not_before_utc_s", Float, nullable=False),
    C("not_after_utc_s", Float, nullable=False),
    C("pem", String, nullable=False),
    C("revoked_utc_s", Float),
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
security_events = Table(
    "security_events",
    metadata,
    C("id", Integer, primary_key=True),
    C("charger", String, nullable=False),
    C("at_utc_s", Float, nullable=False),
    C("kind", String, nullable=False),
    C("info", String, nullable=False),
    UniqueConstraint("charger", "at_utc_s", "kind", "info"),  # a charger may tell it twice
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
    C("violation", String),
)


# What every message needs is compiled once, and its rows (dictionaries by column) go to the driver as they are:
# SQLAlchemy takes longer to prepare a statement and its rows than SQLite to carry them out.


def replace(table: Table) -> str:
    """Insert rows of `table`, each taking the place of the one with its key."""
    return _sql(insert(table).prefix_with("OR REPLACE"), table)


def add(table: Table) -> str:
    """Insert those rows of `table` that are not there yet."""
    return _sql(insert(table).on_conflict_do_nothing(), table)


def merge_session() -> str:
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
    changes |= {"updated_utc_s": func.max(old.updated_utc_s, new.updated_utc_s), "settled": new.settled}
    return _sql(row.on_conflict_do_update(index_elements=[old.charger, old.tx], set_=changes), sessions)


def to_settle() -> str:
    """The sessions that were closed, or changed after their end, since energy and cost were worked out."""
    chosen = select(sessions).where(sessions.c.settled == literal_column("0"), sessions.c.ended_utc_s.is_not(None))
    return str(chosen.compile(dialect=_DIALECT))


def _sql(statement: Insert, table: Table) -> str:
    given = [column.name for column in table.columns if column.name not in _MADE_BY_THE_DATABASE]
    return str(statement.compile(dialect=_DIALECT, column_keys=given))
