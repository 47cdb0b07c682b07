"""TLS at the CSMS's door: which versions and suites, which certificate, and whose certificates chargers may show."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509

# A00.FR.318/421: the ECDSA and the RSA suites; those between are the RSA ones with forward secrecy.
CIPHERS = (
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:"
    "AES256-GCM-SHA384:AES128-GCM-SHA256:@SECLEVEL=2"
)


def server_context(
    certificates: Iterable[tuple[Path, Path]], client_roots: str, failed: Callable[[str], None]
) -> ssl.SSLContext:
    """The door's TLS. A charger may show a certificate (profile 3) or none (profile 2); a bad one is refused.

    `certificates`: chain and key, one pair for each kind of key. `client_roots`: PEM of the CAs that chargers'
    certificates may come from. `failed` hears why a handshake failed. Raises OSError (`ssl.SSLError` is one).
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2  # A00.FR.313/416
    made.set_ciphers(CIPHERS)
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION  # A00.FR.321/424
    for chain, key in certificates:
        made.load_cert_chain(chain, key)
    made.verify_mode = ssl.CERT_OPTIONAL
    made.load_verify_locations(cadata=client_roots)
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
