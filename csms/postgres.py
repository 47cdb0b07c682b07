"""What each connection to a PostgreSQL server is prepared with. Imported only where one is used."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.types.string import StrDumper

from csms.engines import NUL_SHOWN, ONE_CSMS, AnotherCsmsError


class _Text(StrDumper):
    """Text with NUL made visible: a charger may send one in any string, and its message must be stored all the same."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", NUL_SHOWN))


def prepare(connection: psycopg.Connection[Any], _: object) -> None:
    """Prepare a new connection. Raises AnotherCsmsError where the schema is another CSMS's."""
    connection.adapters.register_dumper(str, _Text)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")  # answered means on disk, whatever the server's default is
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(current_schema()))", (ONE_CSMS,))
        if cursor.fetchone() != (True,):
            raise AnotherCsmsError
    connection.commit()
