"""A file that is being fetched, written in a thread: a slow disk holds nobody up but the transfer."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import BinaryIO, Final, Self

from agent.ocpp.transfers import TransferError, TransferFailure

SPARE_BYTES: Final = 32 * 1024 * 1024  # our policy: what a download leaves free for the journal


class Sink:
    """Appends to a file. `have` is what is there already; `limit` is the size over which no file may grow.

    `tag` names the version of the file that is being fetched, where the server has a name for it.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._file: BinaryIO | None = None
        self._tag_file = path.with_name(path.name + ".tag")
        self.have = 0
        self.tag = ""

    async def __aenter__(self) -> Self:
        opening = asyncio.get_running_loop().run_in_executor(None, self._open)
        try:
            self._file, self.have = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unused)  # the thread opens it all the same
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._file is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._close)

    def expect(self, total: int | None) -> None:
        """The whole file will have this size. Raises `TransferError` when that is too much."""
        if total is None:
            return
        if total > self._limit:
            raise TransferError(TransferFailure.TOO_BIG, f"{total} bytes; {self._limit} are allowed")
        disk = os.statvfs(self._path.parent)
        if total - self.have > disk.f_bavail * disk.f_frsize - SPARE_BYTES:
            raise TransferError(TransferFailure.TOO_BIG, f"{total} bytes do not fit on the disk")

    async def write(self, chunk: bytes) -> None:
        """Append. Raises `TransferError`."""
        assert self._file is not None  # noqa: S101 - within the context only
        if self.have + len(chunk) > self._limit:
            raise TransferError(TransferFailure.TOO_BIG, f"more than {self._limit} bytes")
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._file.write, chunk)
        except OSError as error:
            raise TransferError(TransferFailure.BROKEN, f"cannot be stored: {error.strerror}") from error
        self.have += len(chunk)

    async def restart(self) -> None:
        """Begin anew: the server has another file, or cannot go on in the middle of one."""
        assert self._file is not None  # noqa: S101 - within the context only
        await asyncio.get_running_loop().run_in_executor(None, self._file.truncate, 0)
        self.have = 0

    def _open(self) -> tuple[BinaryIO, int]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("ab", buffering=0)
        except OSError as error:
            raise TransferError(TransferFailure.BROKEN, f"cannot be stored: {error.strerror}") from error
        self.tag = self._tag_file.read_text("utf-8") if self._tag_file.is_file() else ""
        return file, file.tell()

    def _close(self) -> None:
        assert self._file is not None  # noqa: S101 - within the context only
        self._file.close()
        if self.tag:
            self._tag_file.write_text(self.tag, "utf-8")
        else:
            self._tag_file.unlink(missing_ok=True)


def _close_unused(opening: asyncio.Future[tuple[BinaryIO, int]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[0].close()
