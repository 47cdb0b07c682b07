"""`evse hal new NAME`: a board file that works on a stub in memory, and its configuration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from hal.errors import HalError

TEMPLATES: Final = Path(__file__).parent / "templates"
NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def write(name: str, into: Path) -> list[Path]:
    """Write `NAME.py` and `NAME.toml` into a folder; returns their paths.

    Raises `HalError` for a name that no module can have, a file that is there already, and a folder that is not.
    """
    if NAME.fullmatch(name) is None:
        raise HalError(f"{name!r} is no name of a module; use lower-case letters, digits and _, e.g. acme_box")
    written = []
    for kind in ("py", "toml"):
        path = into / f"{name}.{kind}"
        text = (TEMPLATES / f"board.{kind}.txt").read_text(encoding="utf-8").replace("NAME", name)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise HalError(f"{path} is there already; choose another name or folder") from None
        except OSError as error:
            raise HalError(f"{path}: {error}") from error
        written.append(path)
    return written
