"""The station's certificates on disk: roots it trusts, and what it shows of itself.

    roots/csms/*.pem  roots/manufacturer/*.pem  roots/mo/*.pem  roots/v2g/*.pem  roots/oem/*.pem
    own/station/NAME.pem .key .csr              own/v2g/...              own/combined/... (serves as both)

NAME is the public key's fingerprint, which is what key, request and certificate have in common. Every change is one
rename or one removal, so a power cut finds the old or the new; what it leaves over is tidied up at the next look.
People may put files there, too: roots under any name, one or many in a file. Files are read anew when they change.
Everything here waits for the disk: call it from a thread.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509

from agent.pki import certificates as pki
from agent.pki.certificates import fingerprint, issued_by, key_of
from agent.pki.files import remove, write
from agent.pki.folders import CSR, FOLDERS, PEM, files
from agent.pki.keys import NAME_LENGTH, FileKeys, Keys
from agent.pki.names import CertificateError, HashAlgorithm, HashData, LeafUse, RootUse, Subject
from agent.pki.requests import KeyKind

_log = logging.getLogger(__name__)

MAX_FILE: Final = 1_000_000  # our policy: a bundle of several hundred roots


class Root(msgspec.Struct, frozen=True):
    """A trusted root and the file it is in."""

    use: RootUse
    certificate: x509.Certificate
    path: Path


class Leaf(msgspec.Struct, frozen=True):
    """A certificate of the station's own with its intermediates, and its key."""

    use: LeafUse
    name: str
    chain: tuple[x509.Certificate, ...]
    path: Path
    key_path: Path

    @property
    def certificate(self) -> x509.Certificate:
        """The leaf itself."""
        return self.chain[0]


class Named(msgspec.Struct, frozen=True):
    """Certificates as GetInstalledCertificateIds tells of them: a root, or a leaf with its intermediates."""

    use: RootUse | LeafUse
    certificate: x509.Certificate
    hash: HashData
    children: tuple[HashData, ...] = ()


class _Seen(msgspec.Struct):
    """A file as it was when it was last read."""

    signature: tuple[int, int, int]
    found: tuple[x509.Certificate, ...]


class Store:
    """Looks at the folders at each call; only files that changed are parsed again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[Path, _Seen] = {}
        self._changing = threading.RLock()
        self._keys: Mapping[LeafUse, Keys] = {use: FileKeys(folder / FOLDERS[use]) for use in LeafUse}

    # What is there

    def roots(self, use: RootUse) -> list[Root]:
        """The trusted roots of one use, each once."""
        found: dict[str, Root] = {}
        for path in self._files(use):
            for one in self._read(path):
                found.setdefault(fingerprint(one), Root(use, one, path))
        return list(found.values())

    def leaves(self, use: LeafUse) -> list[Leaf]:
        """The station's certificates for one use that have their key, the one that began last first (A02.FR.09).

        Of those that began together, as from a CA that lets all of a day begin at midnight, the one installed last.
        One that serves every use is among those of each.
        """
        found = [one for kind in dict.fromkeys((use, LeafUse.COMBINED)) for one in self.kept(kind)]
        return sorted(found, key=self._age, reverse=True)

    def kept(self, use: LeafUse) -> list[Leaf]:
        """Those that were made for this use alone."""
        found = []
        keys = self._keys[use]
        for path in self._files(use):
            chain = self._read(path)
            if not chain:
                continue
            name = _name(chain[0])
            key_path = keys.path(name) if keys.has(name) else path.with_suffix(".key")
            if key_path.is_file():
                found.append(Leaf(use, path.stem, chain, path, key_path))
            else:
                _log.warning("%s: there is no key to it", path)
        return found

    def issued(self, leaf: Leaf) -> list[tuple[x509.Certificate, x509.Certificate]]:
        """A leaf and its intermediates, each with who signed it; without those whose signer is not known."""
        candidates = [*leaf.chain, *self._all_roots()]
        found = ((one, _issuer(one, candidates)) for one in leaf.chain)
        return [(one, issuer) for one, issuer in found if issuer is not one]

    def pending(self, use: LeafUse) -> dict[str, bytes]:
        """Requests that wait for their certificate, by the name of their key."""
        keys = self._keys[use]
        folder = self.folder / FOLDERS[use]
        return {one.stem: one.read_bytes() for one in sorted(folder.glob(f"*{CSR}")) if keys.has(one.stem)}

    def pending_for(self, certificate: x509.Certificate) -> tuple[LeafUse, bytes] | None:
        """Which request it is the answer to, by its key; None: to none."""
        name = _name(certificate)
        return next(((use, self.pending(use)[name]) for use in LeafUse if name in self.pending(use)), None)

    def count(self) -> int:
        """How many roots are installed (CertificateStoreMaxLength, CertificateEntries)."""
        return sum(len(self.roots(use)) for use in RootUse)

    def named(self, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> list[Named]:
        """Everything with its hashes, as the CSMS may ask for it (M03)."""
        found = [
            Named(
                use,
                one.certificate,
                pki.hash_data(one.certificate, _issuer(one.certificate, self._all_roots()), algorithm),
            )
            for use in RootUse
            for one in self.roots(use)
        ]
        for leaf in (leaf for use in LeafUse for leaf in self.kept(use)):
            hashes = [
                pki.hash_data(one, _issuer(one, [*leaf.chain, *self._all_roots()]), algorithm) for one in leaf.chain
            ]
            found.append(Named(leaf.use, leaf.certificate, hashes[0], tuple(hashes[1:])))
        return found

    # What changes it. All of these raise OSError when the disk does not take it; then nothing has changed.

    def add_root(self, use: RootUse, certificate: x509.Certificate) -> None:
        """Trust a root; one that is there stays (M05.FR.17)."""
        with self._changing:
            if all(one.certificate != certificate for one in self.roots(use)):
                path = self.folder / FOLDERS[use] / f"{fingerprint(certificate)[:NAME_LENGTH]}{PEM}"
                write(path, pki.to_pem([certificate]))

    def remove_root(self, use: RootUse, certificate: x509.Certificate) -> None:
        """Trust a root no more, in whatever files it is; others in the same file stay."""
        with self._changing:
            for path in self._files(use):
                found = self._read(path)
                kept = [one for one in found if one != certificate]
                if not kept and found:
                    remove(path)
                elif len(kept) != len(found):
                    write(path, pki.to_pem(kept))

    def new_request(self, use: LeafUse, kind: KeyKind, subject: Subject) -> bytes:
        """Make a key and ask for its certificate; earlier requests of this use are given up."""
        with self._changing:
            name, request = self._keys[use].new(kind, subject)
            write(self._path(use, name, CSR), request)
            for other in self.pending(use):
                if other != name:
                    remove(self._path(use, other, CSR))
            self.tidy(use)
        return request

    def add_leaf(self, use: LeafUse, chain: list[x509.Certificate]) -> None:
        """Keep what was signed for a key of ours. Raises `CertificateError` when there is no such key."""
        name = _name(chain[0])
        with self._changing:
            if not self._keys[use].has(name):
                raise CertificateError("the certificate's key is none of ours")
            write(self._path(use, name, PEM), pki.to_pem(chain))
            remove(self._path(use, name, CSR))

    def remove_leaf(self, leaf: Leaf) -> None:
        """Give up a certificate of the station's own, its key first: a cut leaves no secret that nothing refers to."""
        with self._changing:
            remove(leaf.key_path)
            remove(leaf.path)
            self.tidy(leaf.use)

    def remove_certificate(self, use: LeafUse, certificate: x509.Certificate) -> None:
        """Give up the leaves with this certificate."""
        for leaf in self.kept(use):
            if leaf.certificate == certificate:
                self.remove_leaf(leaf)

    def keep_newest(self, use: LeafUse, count: int) -> None:
        """Give up all but so many of the leaves that were made for this use alone, those that began last."""
        newest = sorted(self.kept(use), key=self._age, reverse=True)
        for leaf in newest[count:]:
            self.remove_leaf(leaf)

    def tidy(self, use: LeafUse) -> None:
        """Finish what a power cut left undone: a request that was answered, a key that nobody refers to."""
        with self._changing:
            signed = {_name(chain[0]) for chain in map(self._read, self._files(use)) if chain}
            by_hand = {path.stem for path in self._files(use)}
            for name in self.pending(use).keys() & signed:
                remove(self._path(use, name, CSR))
            for name in self._keys[use].names() - signed - by_hand - self.pending(use).keys():
                if len(name) == NAME_LENGTH:
                    self._keys[use].forget(name)

    # Inside

    def _path(self, use: LeafUse, name: str, suffix: str) -> Path:
        return self.folder / FOLDERS[use] / f"{name}{suffix}"

    def _files(self, use: RootUse | LeafUse) -> Iterator[Path]:
        yield from files(self.folder, use)

    def _age(self, leaf: Leaf) -> tuple[dt.datetime, int]:
        seen = self._seen.get(leaf.path)
        written_ns = seen.signature[0] if seen is not None else 0  # it is gone meanwhile
        return leaf.certificate.not_valid_before_utc, written_ns

    def _all_roots(self) -> list[x509.Certificate]:
        return [one.certificate for use in RootUse for one in self.roots(use)]

    def _read(self, path: Path) -> tuple[x509.Certificate, ...]:
        """The certificates in a file; none when it is gone or no good, which is logged when it is first seen."""
        try:
            status = path.stat()
        except OSError:
            self._seen.pop(path, None)
            return ()
        signature = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._seen.get(path)
        if known is not None and known.signature == signature:
            return known.found
        found: tuple[x509.Certificate, ...] = ()
        try:
            with path.open("rb") as file:
                found = tuple(pki.read_pem(file.read(MAX_FILE)))
        except (OSError, CertificateError) as error:
            _log.error("%s is left out: %s", path, error)
        self._seen[path] = _Seen(signature, found)
        return found


def _name(certificate: x509.Certificate) -> str:
    return pki.key_fingerprint(key_of(certificate))[:NAME_LENGTH]


def _issuer(certificate: x509.Certificate, candidates: list[x509.Certificate]) -> x509.Certificate:
    """Who signed it; itself where nobody known did: the CSMS can still tell it by its serial number."""
    return next((one for one in candidates if issued_by(certificate, one)), certificate)
