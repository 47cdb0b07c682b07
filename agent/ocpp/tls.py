"""TLS towards the CSMS: what the station asks of it, and what it means when a connection does not come about."""

from __future__ import annotations

import enum
import ipaddress
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec

# A00.FR.319/422 name the first and the last line; the line between has the forward secrecy that its note recommends.
# Level 2 refuses keys below 112 bits (RSA 2048, EC 224) and SHA-1 (A00.FR.320, A00.FR.501-504).
CIPHERS: Final = (
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:"
    "AES256-GCM-SHA384:AES128-GCM-SHA256:@SECLEVEL=2"
)
TlsVersion = Literal["1.2", "1.3"]
_VERSIONS: Final[Mapping[TlsVersion, ssl.TLSVersion]] = MappingProxyType(
    {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
)
HOSTNAME_MISMATCH: Final = 62  # X509_V_ERR_HOSTNAME_MISMATCH
NAME_ERRORS: Final = frozenset({HOSTNAME_MISMATCH, 64})  # and X509_V_ERR_IP_ADDRESS_MISMATCH
CLOCK_ERRORS: Final = frozenset({9, 10})  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


class Trouble(enum.StrEnum):
    """Why there is no connection."""

    UNREACHABLE = "the CSMS cannot be reached"
    NO_TLS = "the other end does not speak TLS"
    CERTIFICATE = "the CSMS's certificate is not valid"
    NAME = "the CSMS's certificate is made out to somebody else"
    VERSION = "the CSMS has no TLS version that is safe"
    CIPHER = "the CSMS has no TLS cipher suite that is safe"
    REFUSED_CERTIFICATE = "the CSMS does not accept the station's certificate"
    REFUSED_PASSWORD = "the CSMS does not accept who the station says it is"  # noqa: S105 - a sentence
    TLS = "TLS failed"
    HTTP = "the CSMS did not take the connection"
    NO_OCPP = "no OCPP version in common"
    CONFIGURATION = "the station has not got what this connection needs"


class TlsConfig(msgspec.Struct, frozen=True):
    """What one connection is secured with.

    `roots`: PEM of all that is trusted, and nothing else is. `client`: the files of the station's certificate chain and
    key (profile 3). `wildcards`: whether a certificate for *.example.com will do (AllowCSMSTLSWildcards).
    """

    roots: str
    client: tuple[Path, Path] | None = None
    minimum: TlsVersion = "1.2"
    wildcards: bool = False


class Handshake:
    """What became of one TLS handshake: noted as the library goes along, because its last error hides the first."""

    def __init__(self) -> None:
        self.error: ssl.SSLError | None = None
        self.cipher_chosen = False
        self.unanswered = False  # TLS 1.3 is up, our certificate shown, and not a byte has come back
        self.peer: tuple[bytes, ...] = ()  # the CSMS's certificate, DER; from Python 3.13 on its chain to the root, too

    def note(self, error: ssl.SSLError, connection: ssl.SSLObject) -> None:
        """An error; the first one counts."""
        if self.error is None:
            self.error = error
            self.cipher_chosen = connection.cipher() is not None


def context(config: TlsConfig, handshake: Handshake) -> ssl.SSLContext:
    """The context of one connection. Blocks: it reads files. Raises OSError (`ssl.SSLError` is one) and ValueError."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks path and name; and heeds no SSLKEYLOGFILE
    made.minimum_version = _VERSIONS[config.minimum]
    made.set_ciphers(CIPHERS)
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION  # A00.FR.321
    # A root that an older root has signed is trusted by itself (M05.FR.12): the older one will be gone.
    made.verify_flags |= ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
    made.load_verify_locations(cadata=config.roots)
    if config.client is not None:
        certificate, key = config.client
        made.load_cert_chain(certificate, key, password=_no_password)
    made.sslobject_class = _watched(handshake, wildcards=config.wildcards, shows_certificate=config.client is not None)
    return made


def _no_password() -> str:
    """Instead of asking at a terminal."""
    raise ValueError("the key is encrypted, and there is nobody to ask for its password: store it plain, mode 0600")


def _watched(handshake: Handshake, *, wildcards: bool, shows_certificate: bool) -> type[ssl.SSLObject]:
    """A connection that tells `handshake` of its errors, and refuses wildcards before anything is sent."""

    class Watched(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
                if not wildcards:
                    _refuse_wildcard(self)
                handshake.peer = _chain(self)
                handshake.unanswered = shows_certificate and self.version() == "TLSv1.3"
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                handshake.note(error, self)
                raise

        def read(self, *arguments: Any) -> Any:
            try:
                found = super().read(*arguments)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLZeroReturnError):
                raise
            except ssl.SSLError as error:  # TLS 1.3: a server may refuse a certificate after the client's handshake
                handshake.note(error, self)
                raise
            handshake.unanswered = False
            return found

    return Watched


def _refuse_wildcard(connection: ssl.SSLObject) -> None:
    """Raise `ssl.SSLCertVerificationError` when only a wildcard matched the name (2.0.1 errata 2025-02, 2.62)."""
    name = (connection.server_hostname or "").casefold().rstrip(".")
    certificate = connection.getpeercert()
    if certificate is None or _is_address(name) or name in _names(certificate):
        return
    error = ssl.SSLCertVerificationError(
        1, f"certificate verify failed: only a wildcard matches {name!r}; see AllowCSMSTLSWildcards"
    )
    error.verify_code = HOSTNAME_MISMATCH
    error.verify_message = f"only a wildcard matches {name!r}"
    raise error


def _chain(connection: ssl.SSLObject) -> tuple[bytes, ...]:
    verified = getattr(connection, "get_verified_chain", None)
    if verified is not None:
        return tuple(verified())
    leaf = connection.getpeercert(binary_form=True)
    return () if leaf is None else (leaf,)


def _names(certificate: Mapping[str, Any]) -> set[str]:
    """The DNS names a certificate is made out to; the common name where it has no others."""
    names = {value.casefold() for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"}
    if names:
        return names
    return {
        value.casefold() for part in certificate.get("subject", ()) for field, value in part if field == "commonName"
    }


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


# How OpenSSL says things. Alerts first: what the CSMS told us.
_REFUSED_CERTIFICATE: Final = frozenset(
    {
        "ALERT_BAD_CERTIFICATE",
        "ALERT_UNSUPPORTED_CERTIFICATE",
        "ALERT_CERTIFICATE_REVOKED",
        "ALERT_CERTIFICATE_EXPIRED",
        "ALERT_CERTIFICATE_UNKNOWN",
        "ALERT_CERTIFICATE_REQUIRED",
        "ALERT_NO_CERTIFICATE",
        "ALERT_UNKNOWN_CA",
        "ALERT_ACCESS_DENIED",
        "ALERT_DECRYPT_ERROR",  # our signature did not fit our certificate
    }
)
_VERSION: Final = frozenset(
    {"UNSUPPORTED_PROTOCOL", "ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION", "VERSION_TOO_LOW", "NO_PROTOCOLS_AVAILABLE"}
)
_CIPHER: Final = frozenset(
    {
        "ALERT_INSUFFICIENT_SECURITY",
        "WRONG_CIPHER_RETURNED",
        "UNKNOWN_CIPHER_RETURNED",
        "NO_CIPHERS_AVAILABLE",
        "NO_SHARED_CIPHER",
        "DH_KEY_TOO_SMALL",
        "UNSUPPORTED_COMPRESSION_ALGORITHM",
        "COMPRESSION_DISABLED",
        "WRONG_SIGNATURE_TYPE",
        "WRONG_CURVE",
        "UNSUPPORTED_ELLIPTIC_CURVE",
    }
)
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "RECORD_LAYER_FAILURE"})
_PREFIXES: Final = ("TLSV13_", "TLSV1_", "SSLV3_", "TLS_")


def trouble_in(error: ssl.SSLError, *, cipher_chosen: bool) -> Trouble:
    """What a TLS error means. `cipher_chosen`: the CSMS had agreed to a cipher suite before."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Trouble.NAME if error.verify_code in NAME_ERRORS else Trouble.CERTIFICATE
    reason = error.reason or ""
    for prefix in _PREFIXES:
        reason = reason.removeprefix(prefix)
    if reason == "ALERT_HANDSHAKE_FAILURE":
        # One alert for two things: no suite in common, or (up to TLS 1.2) no certificate where one was asked for.
        return Trouble.REFUSED_CERTIFICATE if cipher_chosen else Trouble.CIPHER
    for reasons, trouble in (
        (_REFUSED_CERTIFICATE, Trouble.REFUSED_CERTIFICATE),
        (_VERSION, Trouble.VERSION),
        (_CIPHER, Trouble.CIPHER),
        (_NO_TLS, Trouble.NO_TLS),
    ):
        if reason in reasons:
            return trouble
    return Trouble.TLS
