"""Installers of firmware: programs of the system's, and one that only pretends, for simulated stations."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.core.texts import plain
from agent.ocpp.workshop import InstallOutcome

log = logging.getLogger(__name__)

# Our policy: what an install program's exit code means; any other is a failure.
EXIT_CODES: Final = {0: InstallOutcome.INSTALLED, 10: InstallOutcome.RESTART, 11: InstallOutcome.UNFIT}
MAX_LINE: Final = 500


class CommandInstaller:
    """Runs programs, never a shell. The file's path is the last argument of `install`."""

    def __init__(self, install: Sequence[str], confirm: Sequence[str], timeout_s: float) -> None:
        """`confirm` is run after the restart and exits with 0 when the new firmware is well; none: it always is."""
        self._install = tuple(install)
        self._confirm = tuple(confirm)
        self._timeout_s = timeout_s

    async def install(self, file: Path) -> InstallOutcome:
        """Check and install it."""
        code = await self._run(*self._install, str(file))
        return InstallOutcome.FAILED if code is None else EXIT_CODES.get(code, InstallOutcome.FAILED)

    async def confirm(self) -> bool:
        """Whether the new firmware runs and is well."""
        return not self._confirm or await self._run(*self._confirm) == 0

    async def _run(self, *argv: str) -> int | None:
        """The exit code; None when the program could not be started, or had to be killed."""
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        except OSError as error:
            log.error("firmware: %s cannot be run: %s", argv[0], error)  # noqa: TRY400 - no trace is needed for this
            return None
        try:
            async with asyncio.timeout(self._timeout_s):
                said, _ = await process.communicate()
        except TimeoutError:
            log.error("firmware: %s did not end within %g s", argv[0], self._timeout_s)  # noqa: TRY400 - as above
            return None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        log.info(
            "firmware: %s exited with %s: %s",
            argv[0],
            process.returncode,
            plain(said.decode(errors="replace"), MAX_LINE),
        )
        return process.returncode


class SimulatedInstaller:
    """Takes files of JSON, `{"version": "1.2.3"}`, and keeps the version; with `"restart": true` after a restart."""

    def __init__(self, state: Path) -> None:
        self._state = state

    async def install(self, file: Path) -> InstallOutcome:
        """Refuse what is no such file or older than what runs; fail where the file says so."""
        try:
            content = json.loads(_read(file))
            version = _version(content["version"])
        except (ValueError, KeyError, TypeError, OSError):
            return InstallOutcome.UNFIT
        if version < _version(self.version):
            log.warning("firmware: %s is older than %s", content["version"], self.version)
            return InstallOutcome.UNFIT
        if content.get("fails"):
            return InstallOutcome.FAILED
        _write(self._state, json.dumps({"version": content["version"], "well": not content.get("sick")}))
        return InstallOutcome.RESTART if content.get("restart") else InstallOutcome.INSTALLED

    async def confirm(self) -> bool:
        """Whether the new firmware is well."""
        return bool(self._kept().get("well"))

    @property
    def version(self) -> str:
        """What runs."""
        return str(self._kept().get("version", "0"))

    def _kept(self) -> dict[str, object]:
        try:
            kept: dict[str, object] = json.loads(_read(self._state))
        except (OSError, ValueError):
            return {}
        return kept


def _version(text: object) -> tuple[int, ...]:
    if not isinstance(text, str):
        raise TypeError("a version is a text like 1.2.3")
    return tuple(int(part) for part in text.split("."))


def _read(file: Path) -> str:
    return file.read_text("utf-8")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
