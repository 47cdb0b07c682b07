"""Where a database may be, as said on the command line."""

from __future__ import annotations

import pytest

from csms.cli import command
from csms.engines import DatabaseError, name_of
from csms.store import Store


@pytest.mark.parametrize("place", ["mysql://u@host/db", "csms.db", "", "postgresql+asyncpg://u@host/db", "sqlite:///x"])
def test_what_is_no_url_of_a_postgresql_server_is_refused_with_how_one_looks(place: str):
    with pytest.raises(DatabaseError, match="write it like postgresql://user@host/name"):
        Store(place)


def test_a_server_that_is_not_there_is_named_without_its_password(capsys: pytest.CaptureFixture[str]):
    url = "postgresql://evse:planted-secret@127.0.0.1:1/csms"
    assert command(["--port", "0", "--http-port", "0", "--database", url]) == 1
    said = capsys.readouterr().err
    assert "postgresql://evse:***@127.0.0.1:1/csms cannot be opened" in said
    assert "check that the server runs" in said
    assert "planted-secret" not in said + name_of(url)


def test_a_file_and_a_server_at_once_are_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        command(["--db", "csms.db", "--database", "postgresql://evse@host/csms"])
    assert "not allowed with" in capsys.readouterr().err
