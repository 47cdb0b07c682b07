"""What a campaign reached, dated, in `results/*.md`: also when it was broken off, and when it found something."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).parent / "results"
HEAD = "| date (UTC) | reached | hours | outcome |\n|---|---|---|---|\n"


def note(name: str, what: str, reached: str, seconds: float, outcome: str) -> None:
    """Add a row to a campaign's results."""
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{name}.md"
    if not file.exists():
        file.write_text(f"# {what}\n\n{HEAD}")
    now = dt.datetime.now(dt.UTC)
    with file.open("a") as report:
        report.write(f"| {now:%Y-%m-%d %H:%M} | {reached} | {seconds / 3600:.2f} | {outcome} |\n")


@contextmanager
def campaign(name: str, what: str, reached: Callable[[], str]) -> Iterator[None]:
    """Note what the block has reached, however it ends."""
    began_s = time.monotonic()
    try:
        yield
    except BaseException as error:
        kind = "broken off" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {str(error)[:200]}"
        note(name, what, reached(), time.monotonic() - began_s, " ".join(kind.split()))
        raise
    note(name, what, reached(), time.monotonic() - began_s, "nothing wrong")
