"""The CSMS's SQLite database, used by one thread: a batch of operations is one transaction."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    bindparam,
    create_engine,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from csms import tables
from csms.records import (
    FIRST_POSITION,
    Account,
    Charger,
    ConnectorStatus,
    ForgottenToken,
    IdleReadings,
    Issued,
    LoggedFrame,
    Numbered,
    Reading,
    SecurityEvent,
    SessionRow,
    Step,
    Token,
)
from csms.tariff import Tariff

SECURITY_EVENTS_KEPT = 10_000  # our policy
FRAMES_KEPT = 10_000  # our policy: the size of the message log
BUSY_TIMEOUT_S = 5.0  # our policy: how long to wait for another process that holds the database

Kept: TypeAlias = Charger | Token | ForgottenToken | Issued | ConnectorStatus | LoggedFrame | SecurityEvent
Operation: TypeAlias = Kept | Step | Numbered | IdleReadings
S = TypeVar("S", bound=msgspec.Struct)
Rows: TypeAlias = "defaultdict[str, list[dict[str, Any]]]"  # by their SQL

_ADD_STEPS = tables.add(tables.steps)
_ADD_SECURITY_EVENTS = tables.add(tables.security_events)
_ADD_READINGS = tables.add(tables.readings)
_PUT_CHARGERS = tables.replace(tables.chargers)
_PUT_CERTIFICATES = tables.replace(tables.certificates)
_PUT_TOKENS = tables.replace(tables.tokens)
_PUT_CONNECTORS = tables.replace(tables.connectors)
_PUT_FRAMES = tables.replace(tables.frames)
_FORGET_SECURITY_EVENTS = "DELETE FROM security_events WHERE id <= (SELECT max(id) FROM security_events) - :kept"
_MERGE_SESSION = tables.merge_session()
_TO_SETTLE = tables.to_settle()
_SESSIONS = tables.sessions.c
_SETTLE = (
    update(tables.sessions)
    .where(_SESSIONS.id == bindparam("session"))
    .values(energy_wh=bindparam("energy"), cost=bindparam("price"), settled=1)
)


class DatabaseError(Exception):
    """The database cannot be used; the message names the file and the remedy."""


class Database:
    """One connection and what is done over it. Not thread-safe: it belongs to the thread that opened it."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the database; None: in memory.

        Raises:
            DatabaseError: the file is no database of ours, or cannot be opened.
        """
        place = str(path or ":memory:")
        url = URL.create("sqlite", database=place)
        self._engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
        self.tariff = Tariff()
        try:
            self._connection = self._engine.connect()
            version = self._prepare()
        except SQLAlchemyError as error:
            self._engine.dispose()
            raise DatabaseError(
                f"{place} cannot be opened as a CSMS database ({error.__cause__ or error}): "
                "check the path and its permissions, or give another file"
            ) from error
        if version > tables.SCHEMA_VERSION:
            self.close()
            raise DatabaseError(
                f"{place} was written by a newer CSMS (schema {version}, this one knows {tables.SCHEMA_VERSION}): "
                "install that version, or give another file"
            )
        newest = self._connection.execute(select(func.max(tables.frames.c.serial))).scalar()
        self._connection.rollback()
        self._serial = int(newest or 0)

    def close(self) -> None:
        """Close the connection and its files."""
        self._connection.close()
        self._engine.dispose()

    def apply(self, operations: Sequence[Operation | None]) -> list[Any]:
        """Do the operations in one transaction and return what each has to say (see `Store.write`); None does nothing.

        Raises:
            SQLAlchemyError, OverflowError: nothing was done.
        """
        rows: Rows = defaultdict(list)
        with self._connection.begin():
            results = [self._prepare_rows(operation, rows) for operation in operations]
            for sql, values in rows.items():
                self._connection.exec_driver_sql(sql, values)
            costs = self._settle()
        for index, operation in enumerate(operations):
            if isinstance(operation, Step) and operation.ends:
                results[index] = costs.get((operation.charger, operation.tx))
        return results

    def load(self) -> tuple[list[Charger], list[Token], list[Issued]]:
        """All chargers, tokens and certificates that were signed."""
        return (
            self._all(Charger, select(tables.chargers)),
            self._all(Token, select(tables.tokens)),
            self._all(Issued, select(tables.certificates)),
        )

    def sessions(
        self,
        charger: str | None = None,
        *,
        open_only: bool = False,
        before: int | None = None,
        newest: int | None = None,
    ) -> list[SessionRow]:
        """The sessions of one charger, or of all, oldest first; of those with an id below `before`, the `newest`."""
        query = select(tables.sessions).order_by(_SESSIONS.id.desc()).limit(newest)
        if charger is not None:
            query = query.where(_SESSIONS.charger == charger)
        if open_only:
            query = query.where(_SESSIONS.ended_utc_s.is_(None))
        if before is not None:
            query = query.where(_SESSIONS.id < before)
        with self._connection.begin():
            return [_session(row) for row in self._connection.execute(query)][::-1]

    def session(self, number: int) -> SessionRow | None:
        """The session with this id."""
        with self._connection.begin():
            row = self._connection.execute(select(tables.sessions).where(_SESSIONS.id == number)).first()
        return None if row is None else _session(row)

    def steps(self, charger: str, tx: str) -> list[int]:
        """The sequence numbers seen of a transaction, in order: for who looks for gaps."""
        steps = tables.steps.c
        query = select(steps.seq).where(steps.charger == charger, steps.tx == tx).order_by(steps.seq)
        with self._connection.begin():
            return list(self._connection.execute(query).scalars())

    def readings(self, charger: str, tx: str = "", *, oldest: int | None = None) -> list[Reading]:
        """The readings of a transaction, or (`tx` empty) those outside any, oldest first, at most so many."""
        readings = tables.readings.c
        query = select(tables.readings).where(readings.charger == charger, readings.tx == tx)
        return self._all(Reading, query.order_by(readings.at_utc_s, readings.id).limit(oldest))

    def connectors(self, charger: str | None = None) -> list[ConnectorStatus]:
        """The last status of each connector that reported one, of one charger or of all."""
        connectors = tables.connectors.c
        query = select(tables.connectors)
        if charger is not None:
            query = query.where(connectors.charger == charger)
        return self._all(ConnectorStatus, query.order_by(connectors.charger, connectors.evse, connectors.connector))

    def security_events(self, charger: str | None = None, *, newest: int | None = None) -> list[SecurityEvent]:
        """What a charger, or all, told of their security, oldest first; at most the `newest`."""
        events = tables.security_events.c
        query = select(tables.security_events).order_by(events.id.desc()).limit(newest)
        if charger is not None:
            query = query.where(events.charger == charger)
        return self._all(SecurityEvent, query)[::-1]

    def frames(
        self, charger: str | None = None, *, violations_only: bool = False, newest: int | None = None
    ) -> list[LoggedFrame]:
        """What the message log still holds of a charger, or of all, oldest first; at most the `newest`."""
        frames = tables.frames.c
        query = select(tables.frames).order_by(frames.serial.desc()).limit(newest)
        if charger is not None:
            query = query.where(frames.charger == charger)
        if violations_only:
            query = query.where(frames.violation.is_not(None))
        return self._all(LoggedFrame, query)[::-1]

    def _all(self, kind: type[S], query: Select[Any]) -> list[S]:
        """The rows of a query as structs; columns that the struct has no field for are left out."""
        with self._connection.begin():
            rows = self._connection.execute(query).all()
        return [msgspec.convert(row, kind, from_attributes=True) for row in rows]

    def _prepare(self) -> int:
        """Set the connection up, create what is missing, and return the version of the schema found."""
        version = int(self._connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version > tables.SCHEMA_VERSION:
            return version
        self._connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        self._connection.exec_driver_sql("PRAGMA synchronous=FULL")
        if version == 1:  # its message log has no place for violations; a log may be lost
            self._connection.exec_driver_sql("DROP TABLE frames")
        tables.metadata.create_all(self._connection)
        there = {row[1] for row in self._connection.exec_driver_sql("PRAGMA table_info(chargers)")}
        for name, kind in (("serial", "VARCHAR NOT NULL DEFAULT ''"), ("profile", "INTEGER NOT NULL DEFAULT 0")):
            if name not in there:  # a database of an older CSMS
                self._connection.exec_driver_sql(f"ALTER TABLE chargers ADD COLUMN {name} {kind}")
        self._connection.exec_driver_sql(f"PRAGMA user_version={tables.SCHEMA_VERSION}")
        self._connection.commit()
        return tables.SCHEMA_VERSION

    def _prepare_rows(self, operation: Operation | None, rows: Rows) -> Any:
        """Turn an operation into rows to be written with its batch's. What must be asked first, is done at once."""
        match operation:
            case Step():
                self._add_step(operation, rows)
            case LoggedFrame():
                self._serial += 1
                slot = self._serial % FRAMES_KEPT
                rows[_PUT_FRAMES].append({"slot": slot, "serial": self._serial, **msgspec.structs.asdict(operation)})
            case IdleReadings():
                _add_readings(rows, operation.readings, charger=operation.charger, tx="", evse=operation.evse)
            case ConnectorStatus():
                rows[_PUT_CONNECTORS].append(msgspec.structs.asdict(operation))
            case SecurityEvent():
                rows[_ADD_SECURITY_EVENTS].append(msgspec.structs.asdict(operation))
                rows[_FORGET_SECURITY_EVENTS].append({"kept": SECURITY_EVENTS_KEPT})
            case Numbered():
                return self._number(operation)
            case Charger():
                rows[_PUT_CHARGERS].append(msgspec.structs.asdict(operation))
            case Token():
                rows[_PUT_TOKENS].append({"key": operation.key, **msgspec.structs.asdict(operation)})
            case Issued():
                rows[_PUT_CERTIFICATES].append(msgspec.structs.asdict(operation))
            case ForgottenToken():
                self._connection.execute(delete(tables.tokens).where(tables.tokens.c.key == operation.key))
            case None:
                pass
        return None

    def _number(self, start: Numbered) -> int:
        """Open the session of a start that has no id, or find the one that this very start has opened already."""
        origin = f"start {start.connector} {start.token} {start.at_utc_s} {start.register_wh}"
        number = self._find(start.charger, _SESSIONS.origin == origin)
        if number is None:
            number = self._next_number(start.charger)
            begun = Step(
                charger=start.charger,
                tx=str(number),
                at_utc_s=start.at_utc_s,
                position=FIRST_POSITION,
                connector=start.connector,
                token=start.token,
                starts=True,
                register_wh=start.register_wh,
            )
            values = {"id": number, "origin": origin, **self._session_values(begun)}
            self._connection.execute(insert(tables.sessions).values(values))
        return number

    def _next_number(self, charger: str) -> int:
        """A number that no session has for its id, nor this charger for a transaction it named itself."""
        number = int(self._connection.execute(select(func.max(_SESSIONS.id))).scalar() or 0) + 1
        while self._find(charger, _SESSIONS.tx == str(number)) is not None:
            number += 1
        return number

    def _find(self, charger: str, condition: ColumnElement[bool]) -> int | None:
        """The id of the charger's session that meets a condition."""
        query = select(_SESSIONS.id).where(_SESSIONS.charger == charger, condition)
        found: int | None = self._connection.execute(query).scalar()
        return found

    def _add_step(self, step: Step, rows: Rows) -> None:
        if step.seq is not None:
            rows[_ADD_STEPS].append(
                {"charger": step.charger, "tx": step.tx, "seq": step.seq, "at_utc_s": step.at_utc_s}
            )
        if step.seq is not None or self._find(step.charger, _SESSIONS.tx == step.tx) is not None:
            rows[_MERGE_SESSION].append(self._session_values(step))
        elif step.ends:
            self._add_orphan(step)
        _add_readings(rows, step.readings, charger=step.charger, tx=step.tx, evse=step.evse or 0)

    def _add_orphan(self, step: Step) -> None:
        """Record, once, the end of a transaction that has no start here, under a name that no other can take."""
        origin = f"stop {step.tx} {step.at_utc_s} {step.register_wh}"
        if self._find(step.charger, _SESSIONS.origin == origin) is None:
            number = self._next_number(step.charger)
            values = self._session_values(step) | {"id": number, "origin": origin, "tx": f"unknown {step.tx} #{number}"}
            self._connection.execute(insert(tables.sessions).values(values))

    def _session_values(self, step: Step) -> dict[str, Any]:
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
            "tariff": msgspec.json.encode(self.tariff),
            "settled": 0,
        }

    def _settle(self) -> dict[tuple[str, str], Decimal | None]:
        """Work out energy and cost of the sessions that this batch closed or changed after their end."""
        closed = self._connection.exec_driver_sql(_TO_SETTLE).all()
        if not closed:
            return {}
        settled = [_session(row) for row in closed]
        self._connection.execute(
            _SETTLE,
            [
                {"session": row.id, "energy": row.energy_wh, "price": None if row.cost is None else str(row.cost)}
                for row in settled
            ],
        )
        return {(row.charger, row.tx): row.cost for row in settled}


def _add_readings(rows: Rows, readings: Iterable[Reading], *, charger: str, tx: str, evse: int) -> None:
    for reading in readings:
        rows[_ADD_READINGS].append(
            {
                "charger": charger,
                "tx": tx,
                "evse": evse,
                "at_utc_s": reading.at_utc_s,
                "register_wh": reading.register_wh,
                "sampled": reading.sampled,
                "checksum": zlib.crc32(reading.sampled),
            }
        )


def _session(row: Row[Any]) -> SessionRow:
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
