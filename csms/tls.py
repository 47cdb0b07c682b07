"""TLS at the CSMS's door: which versions and suites, which certificate, and whose certificates chargers may show."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509

log = logging.getLogger(__name__)

NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python has no name for

# A00.FR.318/421: the ECDSA and the RSA suites; those between are the RSA ones with forward secrecy.
CIPHERS = (
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:"
    "AES256-GCM-SHA384:AES128-GCM-SHA256:@SECLEVEL=2"
)


def server_context(
    certificates: Sequence[tuple[Path, Path]],
    client_roots: str,
    failed: Callable[[str], None],
    *,
    lenient: bool = False,
) -> ssl.SSLContext:
    """The door's TLS. A charger may show a certificate (profile 3) or none (profile 2); a bad one is refused.

    `certificates`: chain and key, one pair for each kind of key; when their files change, the next handshake is made
    with what they hold then, for a CSMS's certificate should not live longer than a day (A00.FR.701). `client_roots`:
    PEM of the CAs that chargers' certificates may come from. `failed` hears why a handshake failed. `lenient`: who asks
    looks at the time of what chargers show. Raises OSError (`ssl.SSLError` is one).
    """
    shown = _Shown(certificates, lambda: _context(certificates, client_roots, failed, lenient=lenient))
    made = shown.context

    def look(connection: ssl.SSLSocket | ssl.SSLObject, _name: object, _context: object) -> None:
        connection.context = shown.now()

    made.sni_callback = look  # is called where no name was asked for, too
    return made


class _Shown:
    """The context with the certificates that lie in the files now."""

    def __init__(self, files: Sequence[tuple[Path, Path]], make: Callable[[], ssl.SSLContext]) -> None:
        self._files = tuple(chain.from_iterable(files))
        self._make = make
        self._stamps = self._look()
        self.context = make()

    def now(self) -> ssl.SSLContext:
        """What to go on with. While certificate and key do not belong together, they are being exchanged."""
        stamps = self._look()
        if stamps != self._stamps:
            try:
                self.context, self._stamps = self._make(), stamps
            except (OSError, ValueError) as error:
                log.warning("the CSMS's certificate was changed and cannot be used, the old one stays: %s", error)
        return self.context

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_stamp(path) for path in self._files)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _context(
    certificates: Iterable[tuple[Path, Path]], client_roots: str, failed: Callable[[str], None], *, lenient: bool
) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2  # A00.FR.313/416
    made.set_ciphers(CIPHERS)
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION  # A00.FR.321/424
    for certificate, key in certificates:
        made.load_cert_chain(certificate, key)
    made.verify_mode = ssl.CERT_OPTIONAL
    made.load_verify_locations(cadata=client_roots)
    if lenient:
        made.verify_flags |= NO_CHECK_TIME
    made.sslobject_class = _alerting(failed)
    return made


def _alerting(failed: Callable[[str], None]) -> type[ssl.SSLObject]:
    """A connection whose peer is told why the handshake failed.

    asyncio hangs up as soon as it hears of a failure, before the alert has gone out. It sends what waits when the
    library wants to read more: so that is what it is told first, and the failure at the next call.
    """

    class Alerting(ssl.SSLObject):
        failure: ssl.SSLError | None = None

        def do_handshake(self) -> None:
            if self.failure is not None:
                raise self.failure
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                self.failure = error
                failed(getattr(error, "verify_message", "") or error.reason or str(error))
                raise ssl.SSLWantReadError from error

    return Alerting


def peer_certificate(transport: Any) -> x509.Certificate | None:
    """The certificate that the other end has shown and that was found good; None: it has shown none."""
    connection = transport.get_extra_info("ssl_object")
    shown = None if connection is None else connection.getpeercert(binary_form=True)
    if shown is None:
        return None
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(shown)
