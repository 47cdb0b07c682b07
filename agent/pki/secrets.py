"""Passwords on disk: a file each, of mode 0600, never in a database, never in a log."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path
from typing import Final

from agent.pki.files import SECRET_MODE, remove, write

MAX_BYTES: Final = 4_096  # our policy: no password is as long as that


class SecretError(ValueError):
    """A secret that cannot be read, or ought not to be used; names the file and the remedy."""


class Secrets:
    """Named secrets in a folder. A name is never used for two secrets: who refers to one gets that one or none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, secret: str) -> None:
        """Keep a secret; when this returns it is on stable storage. Raises OSError."""
        write(self._path(name), secret.encode(), SECRET_MODE)

    def get(self, name: str) -> str:
        """The secret. Raises `SecretError`."""
        return read(self._path(name))

    def keep_only(self, names: frozenset[str]) -> None:
        """Forget all others. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            for path in sorted(self._folder.iterdir()):
                if path.name not in names and path.is_file():
                    remove(path)

    def _path(self, name: str) -> Path:
        if not name or not all(one.isalnum() or one in "-_" for one in name):
            raise SecretError(f"{name!r} is no name of a secret")
        return self._folder / name


def read(path: Path) -> str:
    """The secret in a file that only its owner can read. Raises `SecretError` naming the file and the remedy."""
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            secret = file.read(MAX_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"cannot read {path}: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SecretError(f"others can read {path}: chmod 600 it, and change the secret")
    if not secret:
        raise SecretError(f"{path} is empty: write the secret into it")
    return secret
