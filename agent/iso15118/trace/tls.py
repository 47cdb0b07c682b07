"""TLS of a captured session opened with its key log: 1.2 as DIN and -2 use it, 1.3 as -20 does.

The key log is the one of NSS (SSLKEYLOGFILE). Authenticity is not judged, except where the cipher does so by itself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

CHANGE_CIPHER, ALERT, HANDSHAKE, APPLICATION = 20, 21, 22, 23  # record types
CLIENT_HELLO, SERVER_HELLO, FINISHED = 1, 2, 20  # handshake messages
ENCRYPT_THEN_MAC, SUPPORTED_VERSIONS = 22, 43  # extensions
TLS_1_3: Final = 0x0304
RECORD_LIMIT: Final = 16_384 + 2048
RETRY: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446 4.1.3


class Suite(NamedTuple):
    """A cipher suite."""

    name: str
    cipher: str  # gcm, cbc, chacha
    digest: str
    key: int  # octets


SUITES: Final[Mapping[int, Suite]] = {
    0xC023: Suite("ECDHE-ECDSA-AES128-SHA256", "cbc", "sha256", 16),
    0xC02B: Suite("ECDHE-ECDSA-AES128-GCM-SHA256", "gcm", "sha256", 16),
    0xC02C: Suite("ECDHE-ECDSA-AES256-GCM-SHA384", "gcm", "sha384", 32),
    0xCCA9: Suite("ECDHE-ECDSA-CHACHA20-POLY1305", "chacha", "sha256", 32),
    0x1301: Suite("TLS_AES_128_GCM_SHA256", "gcm", "sha256", 16),
    0x1302: Suite("TLS_AES_256_GCM_SHA384", "gcm", "sha384", 32),
    0x1303: Suite("TLS_CHACHA20_POLY1305_SHA256", "chacha", "sha256", 32),
}


class Told(NamedTuple):
    """Something to say about the handshake."""

    what: str
    values: dict[str, Any]
    fault: str = ""


class KeyLog:
    """Secrets by their label and the client's random number."""

    def __init__(self, text: str) -> None:
        self._secrets: dict[tuple[str, bytes], bytes] = {}
        for line in text.splitlines():
            words = line.split()
            if len(words) == 3 and not line.startswith("#"):  # noqa: PLR2004 - label, random, secret
                try:
                    self._secrets[words[0], bytes.fromhex(words[1])] = bytes.fromhex(words[2])
                except ValueError:
                    continue  # a line of another format tells nothing

    def get(self, label: str, random: bytes) -> bytes | None:
        """A secret, where it was logged."""
        return self._secrets.get((label, random))


class Tls:
    """One connection. Octets of both directions in, plain octets and remarks out."""

    def __init__(self, keys: KeyLog | None) -> None:
        self._keys = keys
        self._held = {True: bytearray(), False: bytearray()}
        self._handshake = {True: bytearray(), False: bytearray()}
        self._opener: dict[bool, Opener | None] = {True: None, False: None}
        self._randoms = {True: b"", False: b""}
        self._suite: Suite | None = None
        self._version = 0
        self._mac_last = False
        self._blind = False

    def feed(self, from_client: bool, data: bytes) -> Iterator[bytes | Told]:
        """Take octets of one direction."""
        if self._blind:
            return
        held = self._held[from_client]
        held += data
        while len(held) >= 5:  # noqa: PLR2004 - a record's header
            kind, length = held[0], int.from_bytes(held[3:5], "big")
            if not CHANGE_CIPHER <= kind <= APPLICATION or length > RECORD_LIMIT:
                self._blind = True
                yield Told("TLS", {}, f"no record of TLS: {bytes(held[:5]).hex()}")
                return
            if len(held) < 5 + length:
                return
            header, body = bytes(held[:5]), bytes(held[5 : 5 + length])
            del held[: 5 + length]
            yield from self._record(from_client, kind, header, body)

    def _record(self, from_client: bool, kind: int, header: bytes, body: bytes) -> Iterator[bytes | Told]:
        opener = self._opener[from_client]
        if kind == CHANGE_CIPHER:
            if self._version and self._version != TLS_1_3:
                yield from self._change(from_client)
            return
        if opener is not None:
            opened = opener.open(kind, header, body)
            if opened is None:
                self._blind = True
                yield Told("TLS", {}, "a record that its key does not open")
                return
            kind, body = opened
        elif kind == APPLICATION:
            if not self._blind:
                self._blind = True
                yield Told("TLS", {}, "no key for this connection: the messages inside need its key log")
            return
        if kind == HANDSHAKE:
            yield from self._shake(from_client, body)
        elif kind == APPLICATION:
            yield body
        elif kind == ALERT and len(body) == 2:  # noqa: PLR2004 - level and description
            yield Told("TLS alert", {"level": body[0], "description": body[1]})

    def _shake(self, from_client: bool, data: bytes) -> Iterator[Told]:
        held = self._handshake[from_client]
        held += data
        while len(held) >= 4 and len(held) >= 4 + int.from_bytes(held[1:4], "big"):  # noqa: PLR2004
            length = int.from_bytes(held[1:4], "big")
            kind, body = held[0], bytes(held[4 : 4 + length])
            del held[: 4 + length]
            if kind == CLIENT_HELLO and from_client:
                self._randoms[True] = body[2:34]
            elif kind == SERVER_HELLO and not from_client and body[2:34] != RETRY:
                yield self._server_hello(body)
            elif kind == FINISHED and self._version == TLS_1_3:
                label = "CLIENT_TRAFFIC_SECRET_0" if from_client else "SERVER_TRAFFIC_SECRET_0"
                self._opener[from_client] = self._opener_13(label)

    def _server_hello(self, body: bytes) -> Told:
        self._randoms[False] = body[2:34]
        self._version = int.from_bytes(body[:2], "big")
        at = 35 + body[34]
        number = int.from_bytes(body[at : at + 2], "big")
        for kind, value in extensions(body[at + 5 :]):
            if kind == SUPPORTED_VERSIONS:
                self._version = int.from_bytes(value[:2], "big")
            self._mac_last = self._mac_last or kind == ENCRYPT_THEN_MAC
        self._suite = SUITES.get(number)
        version = "1.3" if self._version == TLS_1_3 else "1.2" if self._version == 0x0303 else f"{self._version:#06x}"  # noqa: PLR2004
        if self._version == TLS_1_3:
            for from_client, side in ((True, "CLIENT"), (False, "SERVER")):
                self._opener[from_client] = self._opener_13(f"{side}_HANDSHAKE_TRAFFIC_SECRET")
        values = {"version": version, "cipher": self._suite.name if self._suite else f"{number:#06x}"}
        return Told("TLS handshake", values)

    def _secret(self, label: str) -> bytes | None:
        return None if self._keys is None else self._keys.get(label, self._randoms[True])

    def _opener_13(self, label: str) -> Opener | None:
        secret = self._secret(label)
        if secret is None or self._suite is None:
            return None
        digest = self._suite.digest
        key, iv = (_expand_label(secret, name, size, digest) for name, size in ((b"key", self._suite.key), (b"iv", 12)))
        return Opener13(self._suite, key, iv)

    def _change(self, from_client: bool) -> Iterator[Told]:
        master = self._secret("CLIENT_RANDOM")
        if master is None or self._suite is None:
            if not self._blind:
                self._blind = True
                yield Told("TLS", {}, "no key for this connection: the messages inside need its key log")
            return
        suite = self._suite
        mac = hashlib.new(suite.digest).digest_size if suite.cipher == "cbc" else 0
        iv = {"gcm": 4, "chacha": 12, "cbc": 0}[suite.cipher]
        seed = b"key expansion" + self._randoms[False] + self._randoms[True]
        block = _prf(master, seed, 2 * (mac + suite.key + iv), suite.digest)
        place = 0 if from_client else 1
        key = block[2 * mac + place * suite.key :][: suite.key]
        salt = block[2 * (mac + suite.key) + place * iv :][:iv]
        self._opener[from_client] = Opener12(suite, key, salt, mac, self._mac_last)


class Opener:
    """Opens the records of one direction, in their order."""

    def __init__(self, suite: Suite, key: bytes, iv: bytes) -> None:
        self.suite, self.key, self.iv, self.number = suite, key, iv, 0

    def open(self, kind: int, header: bytes, body: bytes) -> tuple[int, bytes] | None:
        """The type and the content of a record; None when the key does not fit."""
        number, self.number = self.number, self.number + 1
        try:
            return self._open(number, kind, header, body)
        except (ValueError, IndexError):
            return None

    def _open(self, number: int, kind: int, header: bytes, body: bytes) -> tuple[int, bytes] | None:
        raise NotImplementedError

    def _aead(self, nonce: bytes, body: bytes, extra: bytes) -> bytes | None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

        cipher = AESGCM(self.key) if self.suite.cipher == "gcm" else ChaCha20Poly1305(self.key)
        try:
            return cipher.decrypt(nonce, body, extra)
        except InvalidTag:
            return None

    def _counted(self, number: int) -> bytes:
        return bytes(one ^ two for one, two in zip(self.iv, number.to_bytes(len(self.iv), "big"), strict=True))


class Opener13(Opener):
    """TLS 1.3 (RFC 8446 5.2)."""

    def _open(self, number: int, kind: int, header: bytes, body: bytes) -> tuple[int, bytes] | None:
        if kind != APPLICATION:
            return kind, body
        opened = self._aead(self._counted(number), body, header)
        if opened is None:
            return None
        opened = opened.rstrip(b"\0")
        return opened[-1], opened[:-1]


class Opener12(Opener):
    """TLS 1.2 (RFC 5246 6.2.3, RFC 5288, RFC 7366, RFC 7905)."""

    def __init__(self, suite: Suite, key: bytes, iv: bytes, mac: int, mac_last: bool) -> None:
        super().__init__(suite, key, iv)
        self._mac, self._mac_last = mac, mac_last

    def _open(self, number: int, kind: int, header: bytes, body: bytes) -> tuple[int, bytes] | None:
        if self.suite.cipher == "cbc":
            return kind, self._cbc(body)
        explicit = 8 if self.suite.cipher == "gcm" else 0
        nonce = self.iv + body[:8] if explicit else self._counted(number)
        length = len(body) - explicit - 16
        extra = number.to_bytes(8, "big") + header[:3] + length.to_bytes(2, "big")
        opened = self._aead(nonce, body[explicit:], extra)
        return None if opened is None else (kind, opened)

    def _cbc(self, body: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        sealed = body[16 : -self._mac] if self._mac_last else body[16:]
        decryptor = Cipher(algorithms.AES(self.key), modes.CBC(body[:16])).decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        opened = padded[: -padded[-1] - 1]
        return opened if self._mac_last else opened[: -self._mac]


def extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The extensions of a hello."""
    at = 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        yield int.from_bytes(data[at : at + 2], "big"), data[at + 4 : at + 4 + length]
        at += 4 + length


def _prf(secret: bytes, seed: bytes, size: int, digest: str) -> bytes:
    """RFC 5246, 5."""
    found, block = b"", seed
    while len(found) < size:
        block = hmac.digest(secret, block, digest)
        found += hmac.digest(secret, block + seed, digest)
    return found[:size]


def _expand_label(secret: bytes, label: bytes, size: int, digest: str) -> bytes:
    """RFC 8446, 7.1."""
    name = b"tls13 " + label
    info = size.to_bytes(2, "big") + bytes((len(name),)) + name + b"\0"
    return hmac.digest(secret, info + b"\x01", digest)[:size]
