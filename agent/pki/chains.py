"""Path validation (RFC 5280 section 6, as far as charging needs it): is this certificate good for that purpose? Pure.

The link to the CSMS is judged by the TLS library, with the same roots; this judges what comes in messages and files.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from agent.pki.certificates import is_ca, issued_by, weakness

_E = TypeVar("_E", bound=x509.ExtensionType)

MAX_DEPTH: Final = 5  # our policy: leaf, three intermediates and root; ISO 15118-2 annex F has one less

_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)


class Purpose(enum.Enum):
    """What a leaf is to be used for."""

    CSMS = "the CSMS's TLS server"
    STATION = "the station's TLS client"
    SECC = "the station's TLS server towards the vehicle"
    FIRMWARE = "signing firmware"
    CONTRACT = "a driver's contract"
    PROVISIONING = "a vehicle's provisioning"


_USAGES: Final[Mapping[Purpose, x509.ObjectIdentifier]] = MappingProxyType(
    {
        Purpose.CSMS: ExtendedKeyUsageOID.SERVER_AUTH,
        Purpose.STATION: ExtendedKeyUsageOID.CLIENT_AUTH,
        Purpose.SECC: ExtendedKeyUsageOID.SERVER_AUTH,
        Purpose.FIRMWARE: ExtendedKeyUsageOID.CODE_SIGNING,
        Purpose.CONTRACT: ExtendedKeyUsageOID.CLIENT_AUTH,
        Purpose.PROVISIONING: ExtendedKeyUsageOID.CLIENT_AUTH,
    }
)


class Flaw(enum.StrEnum):
    """What is wrong with a certificate or its chain."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    UNKNOWN_ROOT = "unknown root"
    NOT_A_CA = "signed by what is no CA"
    TOO_LONG = "chain too long"
    WEAK = "too weak"
    WRONG_PURPOSE = "wrong purpose"
    NOT_UNDERSTOOD = "critical extension that is not understood"
    EMPTY = "no certificate"


class ChainError(Exception):
    """A certificate is not good for its purpose; `flaw` says why in one word, the text in many."""

    def __init__(self, flaw: Flaw, text: str) -> None:
        super().__init__(f"{flaw}: {text}")
        self.flaw = flaw


def validated(
    chain: Sequence[x509.Certificate], roots: Iterable[x509.Certificate], purpose: Purpose, now: dt.datetime
) -> list[x509.Certificate]:
    """The path from the leaf, `chain[0]`, to one of the roots, that root included. Raises `ChainError`.

    The other members of `chain` are intermediates in any order. A root is trusted because it is installed, also one
    that another has signed.
    """
    if not chain:
        raise ChainError(Flaw.EMPTY, "nothing to judge")
    leaf, anchors = chain[0], list(roots)
    _fit_for(leaf, purpose)
    path = _path(leaf, anchors, list(chain[1:]))
    for place, one in enumerate(path):
        _in_time(one, now)
        _sound(one)
        if place:
            _may_sign(one, below=place - 1)
    return path


def _path(
    leaf: x509.Certificate, anchors: list[x509.Certificate], pool: list[x509.Certificate]
) -> list[x509.Certificate]:
    """Upwards from the leaf, always to an anchor if one has signed."""
    path = [leaf]
    while path[-1] not in anchors:
        issuer = next((one for one in anchors if issued_by(path[-1], one)), None) or next(
            (one for one in pool if one not in path and issued_by(path[-1], one)), None
        )
        if issuer is None:
            signer = path[-1].issuer.rfc4514_string()
            raise ChainError(Flaw.UNKNOWN_ROOT, f"nobody trusted has signed it; it names {signer!r}")
        path.append(issuer)
        if len(path) > MAX_DEPTH:
            raise ChainError(Flaw.TOO_LONG, f"more than {MAX_DEPTH} certificates up to the root")
    return path


def _in_time(one: x509.Certificate, now: dt.datetime) -> None:
    name = one.subject.rfc4514_string()
    if now < one.not_valid_before_utc:
        raise ChainError(Flaw.NOT_YET_VALID, f"{name!r} is valid from {one.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}")
    if now > one.not_valid_after_utc:
        raise ChainError(Flaw.EXPIRED, f"{name!r} was valid until {one.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}")


def _sound(one: x509.Certificate) -> None:
    name, why = one.subject.rfc4514_string(), weakness(one)
    if why is not None:
        raise ChainError(Flaw.WEAK, f"{name!r} has {why}")
    for extension in one.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise ChainError(Flaw.NOT_UNDERSTOOD, f"{name!r}: {extension.oid.dotted_string}")


def _may_sign(one: x509.Certificate, below: int) -> None:
    """Whether it is a CA that may have `below` other CAs under it."""
    name = one.subject.rfc4514_string()
    if not is_ca(one):
        raise ChainError(Flaw.NOT_A_CA, f"{name!r} may sign no certificates")
    usage = _extension(one, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise ChainError(Flaw.NOT_A_CA, f"the key of {name!r} is not for signing certificates")
    length = one.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    if length is not None and below > length:
        raise ChainError(Flaw.TOO_LONG, f"{name!r} allows {length} CAs below it, there are {below}")


def _fit_for(leaf: x509.Certificate, purpose: Purpose) -> None:
    """Extensions that restrict the use must allow this one; without them all is allowed (A00.FR.512, 514)."""
    usage = _extension(leaf, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise ChainError(Flaw.WRONG_PURPOSE, f"the key may not sign, as {purpose.value} must")
    extended = _extension(leaf, x509.ExtendedKeyUsage)
    allowed = {_USAGES[purpose], ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if extended is not None and not allowed & set(extended):
        raise ChainError(Flaw.WRONG_PURPOSE, f"it is not for {purpose.value}")


def _extension(one: x509.Certificate, kind: type[_E]) -> _E | None:
    try:
        return one.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
