"""A workshop on the test stand: transfers, logs and customers that do what a test tells them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from agent.ocpp.asks.files import LogKind
from agent.ocpp.asks.firmware import Unpublished
from agent.ocpp.transfers import TransferError, TransferFailure
from agent.ocpp.workshop import CustomerFile, Firmware, InstallOutcome, Workshop

FORBIDDEN_URL = "file:///etc/passwd"


@dataclass
class FakeTransfers:
    """`failures` are used up one by one; a transfer takes `takes_s`. `sent` and `fetched` are what there was."""

    content: bytes = b"firmware"
    takes_s: float = 10.0
    failures: list[TransferFailure] = field(default_factory=list)
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    tries_s: list[float] = field(default_factory=list)
    protocols: tuple[str, ...] = ("HTTP", "FTP")

    def check(self, url: str) -> None:
        if url == FORBIDDEN_URL:
            raise TransferError(TransferFailure.UNSUPPORTED, "no")

    async def download(self, url: str, to: Path) -> None:
        await self._try()
        write(to, self.content)
        self.fetched.append(url)

    async def upload(self, file: Path, url: str) -> None:
        await self._try()
        self.sent.append((url, file.name, read(file)))

    async def _try(self) -> None:
        self.tries_s.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes_s)
        if self.failures:
            raise TransferError(self.failures.pop(0), "as the test wants it")


def read(file: Path) -> bytes:
    return file.read_bytes()


def write(to: Path, content: bytes) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)


@dataclass
class FakeLogs:
    asked: list[tuple[LogKind, float | None, float | None]] = field(default_factory=list)
    error: OSError | None = None

    def name(self, kind: LogKind, at_utc_s: float) -> str:
        return f"{kind}-{at_utc_s:.0f}"

    async def write(self, kind: LogKind, to: Path, oldest_utc_s: float | None, latest_utc_s: float | None) -> None:
        if self.error is not None:
            raise self.error
        self.asked.append((kind, oldest_utc_s, latest_utc_s))
        write(to, b"log")


@dataclass
class FakeCustomers:
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def find(self, *, token: str | None, identifier: str | None) -> CustomerFile:
        return CustomerFile(self.files.get(token or identifier or "", ()))

    def clear(self, *, token: str | None, identifier: str | None) -> None:
        self.files.pop(token or identifier or "")


@dataclass
class FakeInstaller:
    """`outcome` of each installation, which takes `takes_s`; `well`: what it says after the restart."""

    outcome: InstallOutcome = InstallOutcome.INSTALLED
    takes_s: float = 10.0
    well: bool = True
    installed: list[bytes] = field(default_factory=list)

    async def install(self, file: Path) -> InstallOutcome:
        self.installed.append(read(file))
        await asyncio.sleep(self.takes_s)
        return self.outcome

    async def confirm(self) -> bool:
        return self.well


@dataclass
class FakeTrust:
    """A certificate is good unless it is BAD; so is a signature."""

    def flaw(self, certificate: str, at_utc_s: float) -> str | None:
        return "bad" if certificate == "BAD" else None

    async def signed(self, file: Path, signature: str, certificate: str) -> bool:
        assert read(file)
        return signature != "BAD"


@dataclass
class FakePublisher:
    error: OSError | None = None
    published: dict[str, bytes] = field(default_factory=dict)
    reading: bool = False

    async def publish(self, checksum: str, file: Path) -> tuple[str, ...]:
        if self.error is not None:
            raise self.error
        self.published[checksum] = read(file)
        return (f"http://controller/{checksum}",)

    def withdraw(self, checksum: str) -> Unpublished:
        if self.reading:
            return Unpublished.DOWNLOADING
        found = self.published.pop(checksum, None)
        return Unpublished.NO_FIRMWARE if found is None else Unpublished.UNPUBLISHED


@dataclass
class Bench:
    """The workshop's parts, and the workshop."""

    folder: Path
    transfers: FakeTransfers = field(default_factory=FakeTransfers)
    logs: FakeLogs = field(default_factory=FakeLogs)
    customers: FakeCustomers = field(default_factory=FakeCustomers)
    installer: FakeInstaller = field(default_factory=FakeInstaller)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    unsigned: bool = False

    def left_behind(self) -> list[Path]:
        return list(self.folder.iterdir())

    @property
    def workshop(self) -> Workshop:
        firmware = Firmware(self.installer, FakeTrust(), self.unsigned)
        return Workshop(self.transfers, self.logs, self.customers, self.folder, firmware, self.publisher)
