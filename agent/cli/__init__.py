"""`evse GROUP ...`: finds command groups by the entry points `evse.commands` and imports only the one called."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points, version
from typing import Final

GROUP: Final = "evse.commands"
PACKAGE: Final = "evse-agent"
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it

Command = Callable[[Sequence[str]], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the process's exit status."""
    name, *rest = (sys.argv[1:] if argv is None else list(argv)) or ["--help"]
    groups = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name in {"-h", "--help", "help"}:
        print(_usage(groups))
        return 0
    if name == "--version":
        print(f"{PACKAGE} {version(PACKAGE)}")
        return 0
    if name not in groups:
        similar = difflib.get_close_matches(name, groups, n=1)
        hint = f"; did you mean {similar[0]!r}?" if similar else ""
        print(f"evse: no command {name!r}{hint}\n\n{_usage(groups)}", file=sys.stderr)
        return EXIT_USAGE
    try:
        return _load(groups[name])(rest)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _load(entry: EntryPoint) -> Command:
    try:
        command: Command = entry.load()
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"evse {entry.name}: the Python package {error.name!r} is not installed here;"
            f" install {PACKAGE} with the extra that brings it (see README)"
        ) from error
    return command


def _usage(groups: dict[str, EntryPoint]) -> str:
    names = "\n".join(f"  {name}" for name in sorted(groups))
    return f"usage: evse COMMAND ...\n\ncommands (evse COMMAND --help says more):\n{names}\n\n  --version  --help"
