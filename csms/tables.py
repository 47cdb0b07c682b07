"""The tables of the CSMS's database."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Float,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    and_,
)
from sqlalchemy import Column as C  # noqa: N817 - the tables below are read as tables
from sqlalchemy import Integer as SqliteInteger

SCHEMA_VERSION = 4  # kept in the database; a change of the tables below raises it

# A number on the wire may be large: 64 bits, which is what SQLite calls INTEGER. Ids are given by statements.
Integer = BigInteger().with_variant(SqliteInteger, "sqlite")

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
    C("car_limit_w", Float),
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
    C("id", Integer, primary_key=True, autoincrement=False),
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
_TO_SETTLE = and_(sessions.c.settled == 0, sessions.c.ended_utc_s.is_not(None))
Index("sessions_to_settle", sessions.c.id, sqlite_where=_TO_SETTLE, postgresql_where=_TO_SETTLE)
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
    C("id", Integer, primary_key=True, autoincrement=False),
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
    C("id", Integer, primary_key=True, autoincrement=False),
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
