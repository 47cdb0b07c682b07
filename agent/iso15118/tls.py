"""TLS without sockets: octets from the cable in, octets of the session out. One port serves cars with and without it.

The first octet tells them apart: 0x16 opens a TLS handshake, 0x01 a V2GTP header.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import Final

HANDSHAKE: Final = b"\x16"  # RFC 8446 5.1
READ_BYTES: Final = 16_384
# ISO 15118-2 [V2G2-602]; the static ECDH suite that it also names no longer exists in OpenSSL 3.
CIPHERS: Final = "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"


class TlsError(Exception):
    """The handshake or a record failed; the connection is to be closed."""


def context(certificates: str, key: str) -> ssl.SSLContext:
    """What a -2 car meets: TLS 1.2, no client certificate.

    Args:
        certificates: PEM file with the SECC's certificate and its intermediates, the leaf first.
        key: PEM file with its key.

    Raises:
        OSError: When a file cannot be read (also `ssl.SSLError`, when they do not belong together).
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(CIPHERS)
    made.options |= ssl.OP_NO_RENEGOTIATION  # nothing needs it, and a hostile car could keep the charger busy with it
    made.load_cert_chain(certificates, key)
    return made


class Tls:
    """The charger's end of one TLS connection."""

    def __init__(self, made: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._session = made.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaken = False
        self.over = False  # the car has said that it says no more

    def receive(self, octets: bytes) -> bytes:
        """What the car said. Raises `TlsError`; `pending` is due afterwards in either case."""
        self._incoming.write(octets)
        try:
            if not self._shaken:
                self._session.do_handshake()
                self._shaken = True
            return self._read()
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError as error:
            raise TlsError(str(error)) from error

    def send(self, octets: bytes) -> None:
        """Say something; `pending` is due afterwards."""
        if octets:
            self._session.write(octets)

    def close(self) -> None:
        """Say that nothing more will be said, as far as that can be said; `pending` is due afterwards."""
        with contextlib.suppress(ssl.SSLError):  # no answer is waited for; before the handshake there is no word
            self._session.unwrap()

    def pending(self) -> bytes:
        """What is to go over the cable."""
        return self._outgoing.read()

    def _read(self) -> bytes:
        said = bytearray()
        while True:
            try:
                piece = self._session.read(READ_BYTES)
            except ssl.SSLWantReadError:
                return bytes(said)
            if not piece:
                self.over = True
                return bytes(said)
            said += piece
