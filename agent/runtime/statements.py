"""How each operation and each record of the journal stands in SQLite's tables."""

from __future__ import annotations

import logging
import sqlite3
from typing import Final

import msgspec

from agent.core.facts import AnyFact, TransactionEnded, TransactionFact, TransactionStarted, TransactionUpdated
from agent.core.security import LoggedEvent, SecurityEventKind
from agent.core.token_cache import CachedToken, TokenList
from agent.ocpp.outbox import StoredFact
from agent.runtime.packing import PackingError, pack, unpack
from agent.runtime.records import (
    AddFact,
    CountAttempt,
    DeadLetter,
    EraseToken,
    ForgetSettings,
    LedgerRow,
    LogSecurityEvent,
    MoveToDeadLetters,
    Operation,
    PutMeta,
    PutSetting,
    PutToken,
    RemoveFact,
    RemoveTokens,
    ResendDeadLetter,
    RestampFact,
    SaveSession,
)

_log = logging.getLogger(__name__)

_OPEN_TX: Final = "(SELECT id FROM ledger WHERE tx = ? ORDER BY id DESC LIMIT 1)"

SECURITY_LOG_ENTRIES: Final = 2_000  # our policy: half a megabyte at the most

_encode = msgspec.msgpack.Encoder().encode
_fact = msgspec.msgpack.Decoder(AnyFact)
_token = msgspec.msgpack.Decoder(CachedToken)


def apply(db: sqlite3.Connection, operation: Operation) -> None:
    """Execute one operation within the caller's transaction. Raises `sqlite3.Error`."""
    match operation:
        case AddFact(stored):
            db.execute(
                "INSERT INTO facts (id, evse, offline, attempts, fact) VALUES (?, ?, ?, ?, ?)",
                (stored.id, stored.evse, stored.offline, stored.attempts, pack(_encode(stored.fact))),
            )
            if isinstance(stored.fact, TransactionFact):
                _enter_in_ledger(db, stored.id, stored.fact)
        case RemoveFact(fact_id):
            db.execute("DELETE FROM facts WHERE id = ?", (fact_id,))
        case CountAttempt(fact_id, attempts):
            db.execute("UPDATE facts SET attempts = ? WHERE id = ?", (attempts, fact_id))
        case MoveToDeadLetters(fact_id, why):
            db.execute(
                "INSERT INTO dead_letters (id, evse, offline, attempts, fact, why)"
                " SELECT id, evse, offline, attempts, fact, ? FROM facts WHERE id = ?",
                (why, fact_id),
            )
            db.execute("DELETE FROM facts WHERE id = ?", (fact_id,))
        case ResendDeadLetter(fact_id):
            db.execute(
                "INSERT INTO facts (id, evse, offline, attempts, fact)"
                " SELECT id, evse, offline, 0, fact FROM dead_letters WHERE id = ?",
                (fact_id,),
            )
            db.execute("DELETE FROM dead_letters WHERE id = ?", (fact_id,))
        case RestampFact(stored):
            db.execute("UPDATE facts SET fact = ? WHERE id = ?", (pack(_encode(stored.fact)), stored.id))
            _restamp_ledger(db, stored.fact)
        case SaveSession(evse, blob):
            db.execute("INSERT OR REPLACE INTO sessions (evse, state) VALUES (?, ?)", (evse, pack(blob)))
        case PutSetting(key, value):
            db.execute("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", (key, value))
        case ForgetSettings():
            db.execute("DELETE FROM settings")
        case PutToken(entry):
            db.execute(
                "INSERT OR REPLACE INTO tokens (kind, value, entry) VALUES (?, ?, ?)",
                (entry.kind, entry.token.value.casefold(), _encode(entry)),
            )
        case RemoveTokens(kind, None):
            db.execute("DELETE FROM tokens WHERE kind = ?", (kind,))
        case RemoveTokens(kind, values):
            db.executemany(
                "DELETE FROM tokens WHERE kind = ? AND value = ?", [(kind, value.casefold()) for value in values or ()]
            )
        case PutMeta(key, value):
            put_meta(db, key, value)
        case EraseToken(value):
            erase = "UPDATE ledger SET token = NULL WHERE ended_utc_s IS NOT NULL AND lower(token) = lower(?)"
            db.execute(erase, (value,))
        case LogSecurityEvent(event):
            db.execute(
                "INSERT INTO security_log (at_utc_s, kind, info) VALUES (?, ?, ?)", msgspec.structs.astuple(event)
            )
            db.execute("DELETE FROM security_log WHERE id <= last_insert_rowid() - ?", (SECURITY_LOG_ENTRIES,))


def put_meta(db: sqlite3.Connection, key: str, value: bytes | int | None) -> None:
    """Keep, replace or (None) remove a value. Raises `sqlite3.Error`."""
    if value is None:
        db.execute("DELETE FROM meta WHERE key = ?", (key,))
    else:
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


def _enter_in_ledger(db: sqlite3.Connection, fact_id: int, fact: TransactionFact) -> None:
    token = fact.token.value if fact.token else None
    if isinstance(fact, TransactionStarted):
        db.execute(
            "INSERT INTO ledger (id, tx, evse, token, started_utc_s, start_energy_wh) VALUES (?, ?, ?, ?, ?, ?)",
            (fact_id, fact.tx, fact.evse, token, fact.at_utc_s, fact.reading.energy_wh),
        )
    elif isinstance(fact, TransactionUpdated):
        if token is not None:
            db.execute(f"UPDATE ledger SET token = COALESCE(token, ?) WHERE id = {_OPEN_TX}", (token, fact.tx))  # noqa: S608
    elif isinstance(fact, TransactionEnded):
        ending = (fact.at_utc_s, fact.reading.energy_wh, fact.reason.value)
        changed = db.execute(
            "UPDATE ledger SET token = COALESCE(token, ?), ended_utc_s = ?, end_energy_wh = ?, reason = ?"  # noqa: S608
            f" WHERE id = {_OPEN_TX}",
            (token, *ending, fact.tx),
        ).rowcount
        if not changed:  # its beginning was lost with a damaged file
            db.execute(
                "INSERT INTO ledger (id, tx, evse, token, started_utc_s, start_energy_wh,"
                " ended_utc_s, end_energy_wh, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (fact_id, fact.tx, fact.evse, token, fact.started_utc_s, fact.start_energy_wh, *ending),
            )


def _restamp_ledger(db: sqlite3.Connection, fact: AnyFact) -> None:
    if isinstance(fact, TransactionStarted):
        db.execute(f"UPDATE ledger SET started_utc_s = ? WHERE id = {_OPEN_TX}", (fact.at_utc_s, fact.tx))  # noqa: S608
    elif isinstance(fact, TransactionEnded):
        stamps = (fact.started_utc_s, fact.at_utc_s, fact.tx)
        db.execute(f"UPDATE ledger SET started_utc_s = ?, ended_utc_s = ? WHERE id = {_OPEN_TX}", stamps)  # noqa: S608


def facts(db: sqlite3.Connection) -> list[StoredFact]:
    """The outbox, oldest first. Raises `sqlite3.Error`."""
    rows = db.execute("SELECT id, evse, offline, attempts, fact FROM facts ORDER BY id").fetchall()
    return [stored for row in rows if (stored := _stored(*row)) is not None]


def dead_letters(db: sqlite3.Connection) -> list[DeadLetter]:
    """What was given up, oldest first. Raises `sqlite3.Error`."""
    rows = db.execute("SELECT id, evse, offline, attempts, fact, why FROM dead_letters ORDER BY id").fetchall()
    return [DeadLetter(stored, row[5]) for row in rows if (stored := _stored(*row[:5])) is not None]


def sessions(db: sqlite3.Connection) -> dict[int, bytes]:
    """Saved sessions by EVSE. Raises `sqlite3.Error`."""
    found = {}
    for evse, state in db.execute("SELECT evse, state FROM sessions").fetchall():
        try:
            found[evse] = unpack(state)
        except PackingError as error:
            _log.error("journal: the session of EVSE %d is unreadable and is left behind: %s", evse, error)
    return found


def tokens(db: sqlite3.Connection, kind: TokenList) -> dict[str, CachedToken]:
    """One list, by the tokens' values with case folded. Raises `sqlite3.Error`."""
    found = {}
    for value, entry in db.execute("SELECT value, entry FROM tokens WHERE kind = ?", (kind,)).fetchall():
        try:
            found[value] = _token.decode(entry)
        except msgspec.DecodeError as error:
            _log.warning("journal: a token of the %s list is unreadable and is left out: %s", kind, error)
    return found


def ledger(db: sqlite3.Connection) -> list[LedgerRow]:
    """All transactions, oldest first. Raises `sqlite3.Error`."""
    rows = db.execute(
        "SELECT tx, evse, token, started_utc_s, start_energy_wh, ended_utc_s, end_energy_wh, reason"
        " FROM ledger ORDER BY id"
    )
    return [LedgerRow(*row) for row in rows.fetchall()]


def security_log(db: sqlite3.Connection) -> list[LoggedEvent]:
    """The security log, oldest first; kinds that only a newer agent knows are left out. Raises `sqlite3.Error`."""
    rows = db.execute("SELECT at_utc_s, kind, info FROM security_log ORDER BY id").fetchall()
    known = set(SecurityEventKind)
    return [LoggedEvent(at, SecurityEventKind(kind), info) for at, kind, info in rows if kind in known]


def _stored(fact_id: int, evse: int, offline: int, attempts: int, fact: bytes) -> StoredFact | None:
    try:
        return StoredFact(fact_id, evse, _fact.decode(unpack(fact)), bool(offline), attempts)
    except (msgspec.DecodeError, PackingError) as error:
        # It stays where it is: most likely a newer agent wrote it and will send it.
        _log.warning("journal: fact %d is unreadable to this version and is left alone: %s", fact_id, error)
        return None
