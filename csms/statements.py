"""The statements that every message needs, compiled once for the database in use. Each can be said twice without harm.

Their rows (dictionaries by column) go to the driver as they are: SQLAlchemy takes longer to prepare a statement and its
rows than SQLite to carry them out. Both databases speak the same SQL; a dialect only spells the parameters its own way.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Delete,
    Dialect,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
)

from csms import tables

_SET_APART = frozenset({"id", "origin", "energy_wh", "cost"})  # by the database, or by statements of their own


class Statements(msgspec.Struct, frozen=True, kw_only=True):
    """SQL with named parameters, in the spelling of one driver."""

    add_steps: str
    add_security_events: str
    add_readings: str
    put_chargers: str
    put_certificates: str
    put_tokens: str
    put_connectors: str
    put_frames: str
    forget_security_events: str
    merge_session: str
    to_settle: str


def statements_of(dialect: Dialect) -> Statements:
    """The statements for an engine's dialect."""
    return _compiled(dialect.name)


@cache
def _compiled(name: str) -> Statements:
    dialect, insert = _tongue(name)

    def sql(statement: Any, table: Table | None = None) -> str:
        given = None if table is None else [each.name for each in table.columns if each.name not in _SET_APART]
        return str(statement.compile(dialect=dialect, column_keys=given))

    def add(table: Table) -> str:
        """Insert those rows of `table` that are not there yet."""
        return sql(_numbered(insert(table), table).on_conflict_do_nothing(), table)

    def put(table: Table) -> str:
        """Insert rows of `table`, each taking the place of the one with its key."""
        row = insert(table)
        keys = list(table.primary_key.columns)
        rest = {each.name: row.excluded[each.name] for each in table.columns if not each.primary_key}
        return sql(row.on_conflict_do_update(index_elements=keys, set_=rest), table)

    return Statements(
        add_steps=add(tables.steps),
        add_security_events=add(tables.security_events),
        add_readings=add(tables.readings),
        put_chargers=put(tables.chargers),
        put_certificates=put(tables.certificates),
        put_tokens=put(tables.tokens),
        put_connectors=put(tables.connectors),
        put_frames=put(tables.frames),
        forget_security_events=sql(_forget_security_events()),
        merge_session=sql(_merge_session(insert), tables.sessions),
        to_settle=sql(_to_settle()),
    )


def _tongue(name: str) -> tuple[Dialect, Any]:
    """A database's dialect with named parameters, and its INSERT, which knows ON CONFLICT."""
    if name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.dialect(paramstyle="named"), sqlite.insert
    from sqlalchemy.dialects import postgresql

    return postgresql.dialect(paramstyle="pyformat"), postgresql.insert  # type: ignore[no-untyped-call]


def next_id(table: Table) -> ColumnElement[int]:
    """One more than the largest id: given by the statement, because a sequence does not know of ids given by hand."""
    return select(func.coalesce(func.max(table.c.id), literal_column("0")) + literal_column("1")).scalar_subquery()


def _numbered(statement: Any, table: Table) -> Any:
    """An INSERT whose rows get the next ids, where the table has any."""
    if "id" not in table.columns:
        return statement
    given: dict[str, BindParameter[Any]] = {
        each.name: bindparam(each.name) for each in table.columns if each.name not in _SET_APART
    }
    return statement.inline().values(id=next_id(table), **given)


def _merge_session(insert: Any) -> Any:
    """Put a step into its session: what is known stays, the first and the last register are told by their positions.

    The result is the same in whatever order, and however often, the steps of a session come.
    """
    row = _numbered(insert(tables.sessions), tables.sessions)
    new, old = row.excluded, tables.sessions.c
    earlier = or_(old.start_position.is_(None), new.start_position < old.start_position)
    later = or_(old.end_position.is_(None), new.end_position > old.end_position)
    newer = new.updated_utc_s > old.updated_utc_s
    kept = ("evse", "connector", "token", "started_utc_s", "ended_utc_s", "reason")
    changes: dict[str, ColumnElement[Any]] = {name: func.coalesce(old[name], new[name]) for name in kept}
    changes |= {name: case((earlier, new[name]), else_=old[name]) for name in ("start_wh", "start_position")}
    changes |= {name: case((later, new[name]), else_=old[name]) for name in ("end_wh", "end_position")}
    changes |= {"updated_utc_s": case((newer, new.updated_utc_s), else_=old.updated_utc_s), "settled": new.settled}
    return row.on_conflict_do_update(index_elements=[old.charger, old.tx], set_=changes)


def _to_settle() -> Select[Any]:
    """The sessions that were closed, or changed after their end, since energy and cost were worked out."""
    sessions = tables.sessions
    closed = and_(sessions.c.settled == literal_column("0"), sessions.c.ended_utc_s.is_not(None))
    return select(sessions).where(closed)


def _forget_security_events() -> Delete:
    """All but the last `kept` events."""
    events = tables.security_events
    last = select(func.max(events.c.id)).scalar_subquery()
    return delete(events).where(events.c.id <= last - bindparam("kept"))
