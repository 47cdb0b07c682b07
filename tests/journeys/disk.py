"""A disk that forgets at a power cut what was not synced, made of what strace saw a process write.

SIGKILL leaves every write in the operating system's cache. Here each file is rebuilt as of its last sync, and of what
was written since each sector of 512 bytes has reached the medium or not, as a seed decides: in any order, torn within a
page. A file that was made or removed is so for good once its directory was synced.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.benchmarks.bench_journal import whole_lines

CALLS: Final = "openat,pwrite64,ftruncate,fdatasync,fsync,unlink"
SECTOR: Final = 512
KEPT: Final = (0.0, 0.3, 0.7)  # how much of what was not synced arrives
_ON_FILE: Final = re.compile(r"^\d+ +(?P<call>\w+)\(\d+<(?P<path>[^>]*)>(?P<rest>.*)$")
_ON_PATH: Final = re.compile(r'^\d+ +(?P<call>unlink|openat)\([^"]*"(?P<path>[^"]*)"(?P<rest>.*)$')
_WRITTEN: Final = re.compile(r'^, "(?P<data>[^"]*)", \d+, (?P<at>\d+)\)')
_CUT_TO: Final = re.compile(r"^, (?P<length>\d+)\)")


def recorder(trace: Path) -> tuple[str, ...]:
    """strace's words for what `Disk` reads: every byte written, and where."""
    return ("strace", "-D", "-f", "-qq", "-y", "-xx", "-s", "100000", "-o", str(trace))


class _File:
    def __init__(self, stable: bytes | None = None) -> None:
        self.stable = stable  # as of the last sync; None: no such file
        self.since: list[tuple[int, bytes | None]] = []  # written at; None: cut off there

    def sync(self) -> None:
        self.stable = self.after(lambda: True)
        self.since.clear()

    def after(self, arrives: Callable[[], bool]) -> bytes | None:
        """Its content when of what was not synced that arrived for which `arrives` says so."""
        if self.stable is None and not self.since:
            return None
        content = bytearray(self.stable or b"")
        for at, data in self.since:
            if data is None:
                if arrives():
                    content[at:] = bytes(max(0, at - len(content)))
                continue
            for begin, end in _sectors(at, len(data)):
                if arrives():
                    content.extend(bytes(max(0, begin - len(content))))
                    content[begin:end] = data[begin - at : end - at]
        return bytes(content)


class Disk:
    """The files in one folder, as strace's output tells of them. `before`: what was there, synced, when it began."""

    def __init__(self, folder: Path, before: Mapping[str, bytes], trace: str) -> None:
        self._folder = folder
        self._files = {name: _File(content) for name, content in before.items()}
        self._removed: dict[str, _File] = {}  # until the directory is synced
        for line in whole_lines(trace):
            self._read(line)
        self.unsynced_bytes = sum(len(data or b"") for one in self._files.values() for _, data in one.since)

    def after_a_power_cut(self, rng: random.Random) -> dict[str, bytes]:
        """What is found there when the power is back, by name."""
        share = rng.choice(KEPT)
        files = dict(self._files)
        for name, one in self._removed.items():
            if name not in files and rng.random() >= share:
                files[name] = one
        contents = {name: one.after(lambda: rng.random() < share) for name, one in files.items()}
        return {name: content for name, content in contents.items() if content is not None}

    def _read(self, line: str) -> None:
        on_path = _ON_PATH.match(line)
        if on_path is not None:
            name = self._name(on_path["path"])
            if name is not None and on_path["call"] == "unlink" and name in self._files:
                self._removed[name] = self._files.pop(name)
            elif name is not None and "O_CREAT" in on_path["rest"]:
                self._files.setdefault(name, _File())
            return
        on_file = _ON_FILE.match(line)
        if on_file is None:
            return
        call, rest, done = on_file["call"], on_file["rest"], line.endswith("= 0")
        if call in {"fdatasync", "fsync"} and done and _text(on_file["path"]) == str(self._folder):
            self._removed.clear()
            return
        name = self._name(on_file["path"])
        if name is None:
            return
        one = self._files.setdefault(name, _File())
        if call in {"fdatasync", "fsync"} and done:
            one.sync()
        elif call == "pwrite64" and (written := _WRITTEN.match(rest)):
            one.since.append((int(written["at"]), _bytes(written["data"])))
        elif call == "ftruncate" and (cut := _CUT_TO.match(rest)):
            one.since.append((int(cut["length"]), None))

    def _name(self, path: str) -> str | None:
        """Within the folder; the index in shared memory is none of the disk's."""
        found = Path(_text(path))
        return found.name if found.parent == self._folder and not found.name.endswith(("-shm", ".lock")) else None


def _sectors(at: int, length: int) -> Iterator[tuple[int, int]]:
    begin, end = at, at + length
    while begin < end:
        after = min(end, (begin // SECTOR + 1) * SECTOR)
        yield begin, after
        begin = after


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _text(text: str) -> str:
    return _bytes(text).decode() if text.startswith("\\x") else text
