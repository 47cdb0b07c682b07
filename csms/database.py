"""The CSMS's database, used by one thread: a batch of operations is one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, delete, func, insert, select, update

from csms import tables
from csms.engines import DatabaseError, Place, connect
from csms.records import (
    FIRST_POSITION,
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
from csms.session_rows import readings_of, session_of, values_of
from csms.statements import statements_of
from csms.tariff import Tariff

__all__ = ["Database", "DatabaseError", "Operation"]

SECURITY_EVENTS_KEPT = 10_000  # our policy
FRAMES_KEPT = 10_000  # our policy: the size of the message log

Kept: TypeAlias = Charger | Token | ForgottenToken | Issued | ConnectorStatus | LoggedFrame | SecurityEvent
Operation: TypeAlias = Kept | Step | Numbered | IdleReadings
S = TypeVar("S", bound=msgspec.Struct)
Rows: TypeAlias = "defaultdict[str, list[dict[str, Any]]]"  # by their SQL

_SESSIONS = tables.sessions.c
_SETTLE = (
    update(tables.sessions)
    .where(_SESSIONS.id == bindparam("session"))
    .values(energy_wh=bindparam("energy"), cost=bindparam("price"), settled=1)
)


class Database:
    """One connection and what is done over it. Not thread-safe: it belongs to the thread that opened it."""

    def __init__(self, place: Place) -> None:
        """Open or create the database; None: in memory.

        Raises:
            DatabaseError: it is no database of ours, or cannot be opened.
        """
        self._engine, self._connection = connect(place)
        self._sql = statements_of(self._engine.dialect)
        self.tariff = Tariff()
        newest = self._connection.execute(select(func.max(tables.frames.c.serial))).scalar()
        self._connection.rollback()
        self._serial = int(newest or 0)

    @property
    def lost(self) -> bool:
        """Whether the server is gone; the next operation tries to reach it again."""
        return self._connection.invalidated

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
                if values:
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
            return [session_of(row) for row in self._connection.execute(query)][::-1]

    def session(self, number: int) -> SessionRow | None:
        """The session with this id."""
        with self._connection.begin():
            row = self._connection.execute(select(tables.sessions).where(_SESSIONS.id == number)).first()
        return None if row is None else session_of(row)

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

    def _prepare_rows(self, operation: Operation | None, rows: Rows) -> Any:
        """Turn an operation into rows to be written with its batch's. What must be asked first, is done at once."""
        match operation:
            case Step():
                self._add_step(operation, rows)
            case LoggedFrame():
                self._serial += 1
                slot = self._serial % FRAMES_KEPT
                rows[self._sql.put_frames].append(
                    {"slot": slot, "serial": self._serial, **msgspec.structs.asdict(operation)}
                )
            case IdleReadings():
                told = readings_of(operation.readings, charger=operation.charger, tx="", evse=operation.evse)
                rows[self._sql.add_readings].extend(told)
            case ConnectorStatus():
                rows[self._sql.put_connectors].append(msgspec.structs.asdict(operation))
            case SecurityEvent():
                rows[self._sql.add_security_events].append(msgspec.structs.asdict(operation))
                rows[self._sql.forget_security_events].append({"kept": SECURITY_EVENTS_KEPT})
            case Numbered():
                return self._number(operation)
            case Charger():
                rows[self._sql.put_chargers].append(msgspec.structs.asdict(operation))
            case Token():
                rows[self._sql.put_tokens].append({"key": operation.key, **msgspec.structs.asdict(operation)})
            case Issued():
                rows[self._sql.put_certificates].append(msgspec.structs.asdict(operation))
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
            values = {"id": number, "origin": origin, **values_of(begun, self.tariff)}
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
            rows[self._sql.add_steps].append(
                {"charger": step.charger, "tx": step.tx, "seq": step.seq, "at_utc_s": step.at_utc_s}
            )
        if step.seq is not None or self._find(step.charger, _SESSIONS.tx == step.tx) is not None:
            rows[self._sql.merge_session].append(values_of(step, self.tariff))
        elif step.ends:
            self._add_orphan(step)
        told = readings_of(step.readings, charger=step.charger, tx=step.tx, evse=step.evse or 0)
        rows[self._sql.add_readings].extend(told)

    def _add_orphan(self, step: Step) -> None:
        """Record, once, the end of a transaction that has no start here, under a name that no other can take."""
        origin = f"stop {step.tx} {step.at_utc_s} {step.register_wh}"
        if self._find(step.charger, _SESSIONS.origin == origin) is None:
            number = self._next_number(step.charger)
            values = values_of(step, self.tariff) | {
                "id": number,
                "origin": origin,
                "tx": f"unknown {step.tx} #{number}",
            }
            self._connection.execute(insert(tables.sessions).values(values))

    def _settle(self) -> dict[tuple[str, str], Decimal | None]:
        """Work out energy and cost of the sessions that this batch closed or changed after their end."""
        closed = self._connection.exec_driver_sql(self._sql.to_settle).all()
        if not closed:
            return {}
        settled = [session_of(row) for row in closed]
        self._connection.execute(
            _SETTLE,
            [
                {"session": row.id, "energy": row.energy_wh, "price": None if row.cost is None else str(row.cost)}
                for row in settled
            ],
        )
        return {(row.charger, row.tx): row.cost for row in settled}
