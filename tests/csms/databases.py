"""The databases that tests of the CSMS run on: SQLite in memory, or the server of `make test-postgres`."""

from __future__ import annotations

import itertools
import os

SERVER = "EVSE_TEST_POSTGRES"  # the URL of a server where tests may make schemas
_numbers = itertools.count(1)


def fresh() -> str | None:
    """An empty database's place."""
    server = os.environ.get(SERVER)
    if server is None:
        return None
    import psycopg

    schema = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{server}&options=-csearch_path%3D{schema}"
