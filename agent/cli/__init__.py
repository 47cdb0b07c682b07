"""`evse GROUP ...`: finds command groups by the entry points `evse.commands` and imports only the one called.

Those of this distribution stand here by name, too: reading the metadata of every installed package takes longer than
all of `evse status`.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from types import MappingProxyType
from typing import Final

GROUP: Final = "evse.commands"
PACKAGE: Final = "evse-agent"
_AGENT = ("cert", "config", "doctor", "factory", "iso15118", "limit", "ocpp", "record", "run", "session", "status")
OWN: Final[Mapping[str, str]] = MappingProxyType(  # the module with its `command`
    {name: f"agent.cli.{name}" for name in _AGENT}
    | {"hal": "hal.cli", "sim": "sim.cli", "demo": "sim.demo", "csms": "csms.cli"}
)
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it

Command = Callable[[Sequence[str]], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the process's exit status."""
    name, *rest = (sys.argv[1:] if argv is None else list(argv)) or ["--help"]
    if name in {"-h", "--help", "help"}:
        print(_usage(sorted(_groups())))
        return 0
    if name == "--version":
        from importlib.metadata import version

        print(f"{PACKAGE} {version(PACKAGE)}")
        return 0
    with _uncollected() if argv is None else nullcontext():
        command = _found(name)
    if command is None:
        return _unknown(name)
    try:
        return command(rest)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


@contextmanager
def _uncollected() -> Iterator[None]:
    """Import: what a module makes stays. Collections find nothing there, and take a twentieth of the agent's start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _found(name: str) -> Command | None:
    """The command group of this name, imported; None when there is none."""
    try:
        if name in OWN:
            command: Command = import_module(OWN[name]).command
            return command
        load = _groups().get(name)
        return None if load is None else load()
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"evse {name}: the Python package {error.name!r} is not installed here;"
            f" install {PACKAGE} with the extra that brings it (see README)"
        ) from error


def _groups() -> dict[str, Callable[[], Command]]:
    """What imports each group, by its name."""
    from importlib.metadata import entry_points

    return {entry.name: entry.load for entry in entry_points(group=GROUP)}


def _unknown(name: str) -> int:
    import difflib

    names = sorted(_groups())
    similar = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {similar[0]!r}?" if similar else ""
    print(f"evse: no command {name!r}{hint}\n\n{_usage(names)}", file=sys.stderr)
    return EXIT_USAGE


def _usage(groups: Sequence[str]) -> str:
    names = "\n".join(f"  {name}" for name in groups)
    return f"usage: evse COMMAND ...\n\ncommands (evse COMMAND --help says more):\n{names}\n\n  --version  --help"
