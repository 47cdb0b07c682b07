"""How the CSMS's database is opened: a SQLite file, or a PostgreSQL server. Here stands what differs between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from csms import tables

BUSY_TIMEOUT_S: Final = 5.0  # our policy: how long to wait for another process that holds the file
CONNECT_TIMEOUT_S: Final = 5  # our policy: how long to wait for a server
DEAD_LINK_S: Final = 20  # our policy: how long a server may leave a statement unacknowledged
ONE_CSMS: Final = 0x45565345  # our policy: the advisory lock that tells two CSMSs of one schema apart
NUL_SHOWN: Final = "\N{SYMBOL FOR NULL}"  # PostgreSQL's text holds everything but NUL
SCHEMES: Final = frozenset({"postgresql", "postgres"})

Place: TypeAlias = "Path | str | None"  # a SQLite file, the URL of a server, None: in memory


class DatabaseError(Exception):
    """The database cannot be used; the message names the place and the remedy."""


class AnotherCsmsError(SQLAlchemyError):
    """The schema is used by another CSMS, which keeps it in its memory, too."""


def name_of(place: Place) -> str:
    """What to call a place in front of people: never with its password."""
    if isinstance(place, str):
        return _url(place).render_as_string(hide_password=True)
    return str(place or ":memory:")


def connect(place: Place) -> tuple[Engine, Connection]:
    """Open or create the database at a place, with the tables in it.

    Raises:
        DatabaseError: it is no database of ours, or cannot be opened.
    """
    engine = _postgres(place) if isinstance(place, str) else _sqlite(place)
    name = name_of(place)
    try:
        connection = engine.connect()
        version = _prepare_postgres(connection) if isinstance(place, str) else _prepare_sqlite(connection)
    except AnotherCsmsError as error:
        engine.dispose()
        raise DatabaseError(f"{name} is used by another CSMS: stop it, or give another database or schema") from error
    except SQLAlchemyError as error:
        engine.dispose()
        raise DatabaseError(
            f"{name} cannot be opened as a CSMS database ({_first_line(error)}): {_remedy(place)}"
        ) from error
    if version > tables.SCHEMA_VERSION:
        connection.close()
        engine.dispose()
        raise DatabaseError(
            f"{name} was written by a newer CSMS (schema {version}, this one knows {tables.SCHEMA_VERSION}): "
            "install that version, or give another database"
        )
    return engine, connection


def _first_line(error: SQLAlchemyError) -> str:
    return str(error.__cause__ or error).strip().partition("\n")[0]


def _remedy(place: Place) -> str:
    if isinstance(place, str):
        return "check that the server runs, and the user, password and database in the URL"
    return "check the path and its permissions, or give another file"


def _sqlite(place: Path | None) -> Engine:
    url = URL.create("sqlite", database=str(place or ":memory:"))
    return create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})


def _prepare_sqlite(connection: Connection) -> int:
    """Set the connection up, create what is missing, and return the version of the schema found."""
    sql = connection.exec_driver_sql
    version = int(sql("PRAGMA user_version").scalar_one())
    if version > tables.SCHEMA_VERSION:
        return version
    sql("PRAGMA journal_mode=WAL")
    sql("PRAGMA synchronous=FULL")
    if version == 1:  # its message log has no place for violations; a log may be lost
        sql("DROP TABLE frames")
    tables.metadata.create_all(connection)
    there = {row[1] for row in sql("PRAGMA table_info(chargers)")}
    for name, kind in (
        ("serial", "VARCHAR NOT NULL DEFAULT ''"),
        ("profile", "INTEGER NOT NULL DEFAULT 0"),
        ("car_limit_w", "FLOAT"),
    ):
        if name not in there:  # a database of an older CSMS
            sql(f"ALTER TABLE chargers ADD COLUMN {name} {kind}")
    sql(f"PRAGMA user_version={tables.SCHEMA_VERSION}")
    connection.commit()
    return tables.SCHEMA_VERSION


def _url(place: str) -> URL:
    """Raises DatabaseError."""
    try:
        url = make_url(place)
    except ArgumentError:
        url = URL.create("?")
    if url.drivername not in SCHEMES:
        raise DatabaseError(
            "that is no URL of a database: write it like postgresql://user@host/name, the password in ~/.pgpass"
        )
    return url


def _postgres(place: str) -> Engine:
    url = _url(place).set(drivername="postgresql+psycopg")
    try:
        from csms.postgres import prepare
    except ImportError as error:
        raise DatabaseError(
            f"{error}: a PostgreSQL database needs `pip install 'evse-agent[csms,postgres]'`"
        ) from error
    options = {
        "application_name": "evse csms",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives_idle": DEAD_LINK_S,
        "tcp_user_timeout": DEAD_LINK_S * 1_000,
    }
    engine = create_engine(url, connect_args={name: value for name, value in options.items() if name not in url.query})
    event.listen(engine, "connect", prepare)  # of each connection, the one after a restart of the server included
    return engine


def _prepare_postgres(connection: Connection) -> int:
    """Create what is missing, and return the version of the schema found."""
    sql = connection.exec_driver_sql
    sql("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    version: Any = sql("SELECT max(version) FROM schema_version").scalar()
    if version is None:
        tables.metadata.create_all(connection)
        sql(f"INSERT INTO schema_version VALUES ({tables.SCHEMA_VERSION})")  # noqa: S608 - a number of ours
        version = tables.SCHEMA_VERSION
    if int(version) < tables.SCHEMA_VERSION:
        sql("ALTER TABLE chargers ADD COLUMN IF NOT EXISTS car_limit_w DOUBLE PRECISION")  # since 4
        sql(f"INSERT INTO schema_version VALUES ({tables.SCHEMA_VERSION})")  # noqa: S608 - a number of ours
    connection.commit()
    return int(version)
