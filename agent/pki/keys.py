"""Where private keys live. A key is born there and never leaves; what leaves is a request to sign its public half.

Other homes than a file meet `Keys`: a TPM or token through an OpenSSL provider, whose key files hold a handle and no
key (docs/security.md). The TLS library loads either by its path.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from agent.pki import requests
from agent.pki.files import SECRET_MODE, remove, write
from agent.pki.names import Subject
from agent.pki.requests import KeyKind

SUFFIX: Final = ".key"
NAME_LENGTH: Final = 32  # of the public half's fingerprint: 128 bits


class Keys(Protocol):
    """A home of keys, each named by its public half."""

    def new(self, kind: KeyKind, subject: Subject) -> tuple[str, bytes]:
        """Make a key, durably: its name, and a signing request. Raises OSError and `CertificateError`."""

    def path(self, name: str) -> Path:
        """The file that the TLS library loads it by, there or not."""

    def has(self, name: str) -> bool:
        """Whether it is here."""

    def names(self) -> frozenset[str]:
        """All that are here."""

    def forget(self, name: str) -> None:
        """Destroy it. Raises OSError."""


class FileKeys:
    """Keys in files of mode 0600: as safe as the disk they are on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, kind: KeyKind, subject: Subject) -> tuple[str, bytes]:
        """Make a key: its name, and a signing request."""
        key = requests.new_key(kind)
        request = requests.signing_request(key, subject)
        name = requests.key_name(key)[:NAME_LENGTH]
        write(self.path(name), requests.key_pem(key), SECRET_MODE)
        return name, request

    def path(self, name: str) -> Path:
        """The key's file."""
        return self._folder / f"{name}{SUFFIX}"

    def has(self, name: str) -> bool:
        """Whether it is here."""
        return self.path(name).is_file()

    def names(self) -> frozenset[str]:
        """All that are here."""
        return frozenset(one.stem for one in self._folder.glob(f"*{SUFFIX}"))

    def forget(self, name: str) -> None:
        """Destroy it."""
        remove(self.path(name))
