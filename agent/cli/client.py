"""What the commands share that ask a running agent: its socket, what may be printed, and how they exit.

Imports next to nothing: `evse status` is called again and again, on small machines.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Self

from agent.places import DEFAULT_PATH, configured

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_NOT_RUNNING: Final = 3
EXIT_FORBIDDEN: Final = 4
ANSWER_S: Final = 10.0  # our policy: an agent that needs longer is stuck
FORBIDDEN: Final = -32001  # agent.control's code for a user that may not


class NotRunningError(Exception):
    """No agent serves the control socket, or it has gone."""


class ForbiddenError(Exception):
    """This user may not control the station."""


class RefusedError(Exception):
    """The agent answered with an error."""


class Agent:
    """The running agent behind its control socket. Raises the errors above."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_S)
        try:
            self._socket.connect(str(path))
        except PermissionError as error:
            self._socket.close()
            raise ForbiddenError(f"{path}: you may not; be root, the agent's user, or in the socket's group") from error
        except (OSError, ValueError) as error:
            self._socket.close()
            raise NotRunningError(
                f"no agent at {path}: {_reason(error)}; `systemctl status evse-agent` says more"
            ) from error
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, method: str, **params: object) -> Any:
        """The answer to a request."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise NotRunningError(f"{self._path}: {_reason(error)}") from error
        while "id" not in (answer := self._next()):
            pass
        if "error" in answer:
            code, message = answer["error"]["code"], answer["error"]["message"]
            raise ForbiddenError(message) if code == FORBIDDEN else RefusedError(message)
        return answer["result"]

    def follow(self, method: str) -> Iterator[Any]:
        """What the agent tells from now on, for as long as it runs."""
        _, told = self.follow_from(method)
        return told

    def follow_from(self, method: str) -> tuple[Any, Iterator[Any]]:
        """The answer to a request, and what the agent tells from then on."""
        begun = self.ask(method)
        self._socket.settimeout(None)
        return begun, self._told()

    def _told(self) -> Iterator[Any]:
        while True:
            told = self._next()
            if "params" in told:
                yield told["params"]

    def _next(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise NotRunningError(f"{self._path}: the agent does not answer") from None
        except OSError as error:
            raise NotRunningError(f"{self._path}: {_reason(error)}") from error
        if not line:
            raise NotRunningError(f"{self._path}: the agent has stopped")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that asks an agent."""
    parser.add_argument("--config", type=Path, default=DEFAULT_PATH, help="the agent's (default: %(default)s)")
    parser.add_argument("--socket", type=Path, help="the agent's control socket (default: as configured)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def connect(given: argparse.Namespace) -> Agent:
    """The agent that the options name."""
    return Agent(given.socket or configured(given.config).socket)


def carried_out(name: str, work: Callable[[], int]) -> int:
    """Run a command's work; what went wrong becomes a line on stderr and an exit status."""
    try:
        return work()
    except NotRunningError as error:
        return _failed(name, error, EXIT_NOT_RUNNING)
    except ForbiddenError as error:
        return _failed(name, error, EXIT_FORBIDDEN)
    except (RefusedError, ValueError) as error:
        return _failed(name, error, EXIT_FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        return EXIT_OK


def _failed(name: str, error: Exception, status: int) -> int:
    print(f"evse {name}: {plain(error)}", file=sys.stderr)
    return status


def plain(text: object) -> str:
    """A text from outside with everything escaped that could move a cursor, fake a line or turn the reading round."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(text))


def moment(utc_s: float | None) -> str:
    """A stamp as UTC, to the second."""
    if utc_s is None:
        return "-"
    from datetime import UTC, datetime  # costs more than the rest of this file

    return datetime.fromtimestamp(utc_s, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def duration(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest_s:02}"


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> Iterator[str]:
    """Lines of a table; every cell made harmless."""
    cells = [head, *(tuple(plain(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
