"""Power cuts, for tests of the journal."""

from __future__ import annotations

import shutil
from pathlib import Path


def after_a_power_cut(path: Path) -> Path:
    """The file as a machine finds it that lost power now: what was not committed is not in it."""
    copy = path.with_name("after.sqlite")
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), copy.with_name(copy.name + suffix))
    return copy
