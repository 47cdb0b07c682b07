"""The journal's file: its tables, how they grow from version to version, and what opening it can meet.

A migration only adds (tables, columns with a default), so that an older agent can still use the file after a roll-back.
One that cannot be hidden from older agents raises `min_reader`, the oldest schema version that may open the file.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import sqlite3
from pathlib import Path
from typing import Final

import msgspec

_log = logging.getLogger(__name__)

PAGE_BYTES: Final = 512  # our policy, and SQLite's least: a commit rewrites whole pages, and a fact takes half of one
CHECKPOINT_PAGES: Final = 2000  # our policy: the WAL goes into the file each megabyte
BUSY_TIMEOUT_S: Final = 5.0  # our policy: how long a reader in another process may hold a commit up
MIN_READER: Final = "journal.min_reader"


class JournalError(Exception):
    """The journal cannot do what was asked. Names the file, the reason and what a person can do about it.

    `restart_helps`: the agent heals it by itself when it starts anew. `passing`: the disk is at fault (full, failing,
    read-only), and may take the same thing later.
    """

    def __init__(
        self, path: Path, reason: str, remedy: str, *, restart_helps: bool = False, passing: bool = False
    ) -> None:
        super().__init__(f"journal {path}: {reason}; {remedy}")
        self.path = path
        self.reason = reason
        self.remedy = remedy
        self.restart_helps = restart_helps
        self.passing = passing


class Migration(msgspec.Struct, frozen=True):
    """The statements (separated by ";") that lead to a schema version, and the oldest version that copes with it."""

    statements: str
    min_reader: int


# No index on the ledger's tx: a transaction ends near the table's end, where the search begins.
_VERSION_1: Final = """
CREATE TABLE facts (
    id INTEGER PRIMARY KEY, evse INT NOT NULL, offline INT NOT NULL, attempts INT NOT NULL, fact BLOB NOT NULL);
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY, evse INT NOT NULL, offline INT NOT NULL, attempts INT NOT NULL, fact BLOB NOT NULL,
    why TEXT NOT NULL);
CREATE TABLE sessions (evse INTEGER PRIMARY KEY, state BLOB NOT NULL);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tokens (kind TEXT, value TEXT, entry BLOB NOT NULL, PRIMARY KEY (kind, value)) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY, tx TEXT NOT NULL, evse INT NOT NULL, token TEXT,
    started_utc_s REAL NOT NULL, start_energy_wh REAL NOT NULL,
    ended_utc_s REAL, end_energy_wh REAL, reason TEXT)
"""

_VERSION_2: Final = """
CREATE TABLE security_log (id INTEGER PRIMARY KEY, at_utc_s REAL NOT NULL, kind TEXT NOT NULL, info TEXT NOT NULL)
"""

_VERSION_3: Final = ""  # facts and sessions are packed from now on (`agent.runtime.packing`)

MIGRATIONS: Final = (
    Migration(_VERSION_1, min_reader=1),
    Migration(_VERSION_2, min_reader=1),
    Migration(_VERSION_3, min_reader=3),
)

REMEDIES: Final = {
    sqlite3.SQLITE_FULL: "free space on the file system that holds it",
    sqlite3.SQLITE_READONLY: "let the agent's user write to the file and its directory, or remount it read-write",
    sqlite3.SQLITE_CANTOPEN: "create its directory and let the agent's user write there",
    sqlite3.SQLITE_IOERR: "look into the kernel's log (dmesg) for errors of the storage medium",
    sqlite3.SQLITE_BUSY: "end the other program that is using it",
    sqlite3.SQLITE_CORRUPT: "restart the agent: it moves the damaged file aside and begins a new one",
    sqlite3.SQLITE_NOTADB: "restart the agent: it moves the damaged file aside and begins a new one",
}
_DAMAGE: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PASSING: Final = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
_BY_ERRNO: Final = {
    errno.ENOSPC: sqlite3.SQLITE_FULL,
    errno.EDQUOT: sqlite3.SQLITE_FULL,
    errno.EROFS: sqlite3.SQLITE_READONLY,
    errno.EIO: sqlite3.SQLITE_IOERR,
}


def explain(path: Path, error: sqlite3.Error) -> JournalError:
    """SQLite's error in the journal's words."""
    code = _primary_code(error)
    remedy = REMEDIES.get(code, "this is a fault of the agent: report it with its log")
    return JournalError(path, str(error), remedy, restart_helps=code in _DAMAGE, passing=code in _PASSING)


def explain_os(path: Path, error: OSError) -> JournalError:
    """The system's error in the journal's words."""
    code = _BY_ERRNO.get(error.errno or 0, sqlite3.SQLITE_CANTOPEN)
    return JournalError(path, error.strerror or str(error), REMEDIES[code], passing=error.errno in _BY_ERRNO)


def lock(path: Path) -> int:
    """Keep every other agent away until `unlock`, or the process's end, however it ends. Raises `JournalError`."""
    file = path.with_name(path.name + ".lock")
    try:
        held = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise explain_os(path, error) from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise JournalError(path, "is in use by another agent", "stop that one first") from error
    return held


def unlock(held: int) -> None:
    """Let others have the journal."""
    os.close(held)


def open_for_writing(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Open or create the file, on the newest schema. Raises `JournalError`.

    A damaged file is moved aside and replaced by an empty one; its new name is the second result.
    """
    try:
        try:
            return _open(path), None
        except sqlite3.DatabaseError as error:
            if _primary_code(error) not in _DAMAGE:
                raise
            aside = _quarantine(path)
            _log.error("journal %s is damaged (%s): moved to %s, beginning a new one", path, error, aside)
            return _open(path), aside
    except sqlite3.Error as error:
        raise explain(path, error) from error
    except OSError as error:
        raise explain_os(path, error) from error


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an existing file without the right to change it. Raises `JournalError`."""
    try:
        db = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_TIMEOUT_S,
        )
        try:
            _check_reader(db, path)
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise explain(path, error) from error
    return db


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # it holds tokens; SQLite gives its other files this mode
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
    try:
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        db.execute("PRAGMA secure_delete = FAST")  # some builds overwrite all that is deleted: twice the bytes
        _check_soundness(db)
        _migrate(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _check_soundness(db: sqlite3.Connection) -> None:
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        damage = sqlite3.DatabaseError(verdict)
        damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damage


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    version = _check_reader(db, path)
    for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
        with db:
            db.execute("BEGIN IMMEDIATE")
            for statement in migration.statements.split(";"):
                db.execute(statement)
            db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (MIN_READER, migration.min_reader))
            db.execute(f"PRAGMA user_version = {number}")


def _check_reader(db: sqlite3.Connection, path: Path) -> int:
    """The file's schema version, if this agent may use it."""
    version: int
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0 and db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise JournalError(path, "is a database, but no journal", "give the journal a path of its own")
    if version > len(MIGRATIONS):
        (min_reader,) = db.execute("SELECT value FROM meta WHERE key = ?", (MIN_READER,)).fetchone()
        if min_reader > len(MIGRATIONS):
            raise JournalError(
                path,
                f"was written by a newer agent (schema {version}, readable from schema {min_reader};"
                f" this agent knows {len(MIGRATIONS)})",
                "install that agent again, or move the file aside to begin a new one",
            )
    return version


def _quarantine(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):  # the file itself last: until then the next start tries again
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _primary_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
