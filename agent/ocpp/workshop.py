"""What the blocks for firmware and logs need of the station around them. `agent.main` hands in the real things."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from agent.ocpp.asks.files import LogKind
from agent.ocpp.asks.firmware import Unpublished
from agent.ocpp.transfers import Transfers


class LogBook(Protocol):
    """Makes files of what the station knows of itself."""

    def name(self, kind: LogKind, at_utc_s: float) -> str:
        """What such a file is called; at most 255 characters."""

    async def write(self, kind: LogKind, to: Path, oldest_utc_s: float | None, latest_utc_s: float | None) -> None:
        """Write the log of that time. Raises OSError."""


class CustomerFile(Struct, frozen=True):
    """What is stored about one customer, a line for each piece."""

    lines: tuple[str, ...] = ()


class Customers(Protocol):
    """Where a customer's traces are."""

    def find(self, *, token: str | None, identifier: str | None) -> CustomerFile:
        """All that is stored. Raises `agent.runtime.schema.JournalError`."""

    def clear(self, *, token: str | None, identifier: str | None) -> None:
        """Erase identifiers from the ledger and the cache; energies and times stay, and so does the local list."""


class InstallOutcome(enum.StrEnum):
    """What an installer made of a file."""

    INSTALLED = "installed"  # and running
    RESTART = "restart"  # it runs after the station's next start
    UNFIT = "unfit"  # older than what runs, not for this hardware, damaged
    FAILED = "failed"


class Installer(Protocol):
    """Puts firmware in place."""

    async def install(self, file: Path) -> InstallOutcome:
        """Check and install it."""

    async def confirm(self) -> bool:
        """After the restart that it asked for: whether the new firmware runs and is well; else the old one is back."""


class FirmwareTrust(Protocol):
    """Judges who signed a file."""

    def flaw(self, certificate: str, at_utc_s: float) -> str | None:
        """What is wrong with a signing certificate; None: a manufacturer's root stands behind it (L01.FR.12)."""

    async def signed(self, file: Path, signature: str, certificate: str) -> bool:
        """Whether the signature over the whole file was made with the certificate's key (L01.FR.04)."""


class Firmware(Struct, frozen=True):
    """How firmware is judged and installed. `unsigned`: also what nobody has signed."""

    installer: Installer
    trust: FirmwareTrust
    unsigned: bool = False


class Publisher(Protocol):
    """Serves files to other stations."""

    async def publish(self, checksum: str, file: Path) -> tuple[str, ...]:
        """Serve a file; the URLs under which it is found. Raises OSError."""

    def withdraw(self, checksum: str) -> Unpublished:
        """Serve it no longer."""


class Workshop(Struct, frozen=True):
    """All of it. `folder` holds files on their way; it may be emptied whenever nothing is under way."""

    transfers: Transfers
    logs: LogBook
    customers: Customers
    folder: Path
    firmware: Firmware | None = None  # none: this station cannot update itself
    publisher: Publisher | None = None  # none: it is no local controller
