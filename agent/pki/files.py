"""Files that a power cut finds old or new, never half: written beside, synced, renamed, the directory synced."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

SECRET_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644
FOLDER_MODE: Final = 0o700
SCRATCH: Final = ".new"  # at the end of a name: what a cut left behind, and the next write replaces


def write(path: Path, content: bytes, mode: int = PUBLIC_MODE) -> None:
    """Put a file in place; when this returns it is on stable storage. Raises OSError, and then nothing has changed."""
    make_folder(path.parent)
    scratch = path.with_name(path.name + SCRATCH)
    with contextlib.suppress(FileNotFoundError):
        scratch.unlink()  # one that others may read would keep its mode
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Take a file away for good; one that is not there is away already. Raises OSError."""
    try:
        path.unlink()
    except FileNotFoundError:
        return
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, for its owner only. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make what happened to the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
