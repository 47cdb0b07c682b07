"""Collects what became of each TLS case, and writes it as a table when asked to (EVSE_TLS_MATRIX=FILE)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class Matrix:
    """One row for each case that passed."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str]] = []

    def add(self, side: str, case: str, result: str, events: Iterable[object]) -> None:
        """A case has passed."""
        self.rows.append((side, case, result, ", ".join(str(one) for one in events) or "none"))

    def write(self, path: Path) -> None:
        """The table, in Markdown."""
        head = [
            "# TLS and PKI cases",
            "",
            f"{len(self.rows)} cases over real sockets, each written here by the test that passed (`make tls-matrix`).",
            "",
            "| judged | case | result | security events |",
            "|---|---|---|---|",
        ]
        rows = [f"| {' | '.join(row)} |" for row in self.rows]
        path.write_text("\n".join([*head, *rows, ""]), "utf-8")
