"""Start a PostgreSQL of its own in a temporary folder and run the tests of the CSMS's database against it.

`make test-postgres`. The server listens on a socket in its folder only, belongs to an ordinary user also where the
tests run as root (it refuses root), and is gone with its folder at the end. Nothing it holds outlives the run, so it
does not sync: that what is answered is on disk, is a matter of `synchronous_commit`, which a test reads.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.csms.databases import SERVER

ROLE = "evse"
START_S = 30.0
STOP_S = 10.0
UNTRUSTED = ("postgres", "nobody")  # whom the server belongs to when root asks for it, the first there is
TESTED = (
    "tests/csms/test_store.py",
    "tests/csms/test_postgres.py",
    "tests/csms/test_server.py",
    "tests/csms/test_api.py",
)


def binaries() -> Path | None:
    """The folder with the server's programs: Debian keeps it out of PATH."""
    in_path = shutil.which("initdb")
    found = [Path(in_path)] if in_path else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_major)
    return found[-1].parent if found else None


def _major(program: Path) -> float:
    return float(program.parts[-3])


@contextmanager
def server(programs: Path) -> Iterator[str]:
    """A server; its URL."""
    whom = _whom()
    with tempfile.TemporaryDirectory(prefix="evse-pg-") as made:
        folder = Path(made)
        if whom:
            shutil.chown(folder, user=whom["user"])
        data = folder / "data"
        initdb = [programs / "initdb", "--pgdata", data, "--username", ROLE, "--auth", "trust", "--encoding", "UTF8"]
        subprocess.run([*initdb, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **whom)
        settings = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off", "lc_messages": "C"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        log = (folder / "log").open("wb")
        running = subprocess.Popen(
            [programs / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder, **whom
        )
        url = f"postgresql://{ROLE}@/postgres?host={folder}"
        try:
            _wait(url, running, folder / "log")
            yield url
        finally:
            running.terminate()
            running.wait(STOP_S)
            log.close()


def _whom() -> dict[str, Any]:
    """Whom the server is to run as: options of `subprocess`."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = next(known[name] for name in UNTRUSTED if name in known)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _wait(url: str, running: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if running.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.1)
        else:
            return


def main(words: list[str]) -> int:
    """Run pytest on the tests of the database, or on what `words` name; its exit code."""
    programs = binaries()
    if programs is None:
        sys.stderr.write(
            "make test-postgres needs PostgreSQL's initdb and postgres, which are neither in PATH nor in "
            "/usr/lib/postgresql/*/bin (Debian: apt install postgresql)\n"
        )
        return 1
    with server(programs) as url:
        pytest = [sys.executable, "-m", "pytest", "-q", *(words or TESTED)]
        return subprocess.run(pytest, check=False, env={**os.environ, SERVER: url}).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
