"""XML signatures of ISO 15118: digests of elements as EXI fragments, and a signature over the digests.

-2: ECDSA on P-256 with SHA-256 (7.9.2.4). -20: ECDSA on P-521 with SHA-512, or Ed448, with digests of SHA-512.

What is signed is a SignedInfo as an EXI fragment; peers disagree over which schema. Those seen take that of XML
signatures alone, others that of the message with everything it imports: ours is written the first way, and both are
accepted from others. The element with two types (`eMAID` of -2) has two digests in the same way.

This module says which octets are meant; it computes signatures only in `sign` and `verify`, which load `cryptography`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from enum import Enum
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from agent.iso15118.exi import ExiError, xmldsig
from agent.iso15118.exi.fragment import encode_fragment

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey, Ed448PublicKey

    PrivateKey = EllipticCurvePrivateKey | Ed448PrivateKey
    PublicKey = EllipticCurvePublicKey | Ed448PublicKey

EXI_CANONICAL: Final = "http://www.w3.org/TR/canonical-exi/"
REFERENCES_LIMIT: Final = 8  # -2 signs at most four elements (CertificateInstallationRes): our policy


class Algorithm(Enum):
    """How a signature is made: its URI, the hash of its digests, the octets of one of its halves."""

    P256 = ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "sha256", 32)
    P521 = ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", "sha512", 66)
    ED448 = ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448", "sha512", 57)

    def __init__(self, uri: str, digest: str, half: int) -> None:
        self.uri = uri
        self.digest_uri = f"http://www.w3.org/2001/04/xmlenc#{digest}"
        self.digest = digest
        self.half = half


BY_URI: Final[Mapping[str, Algorithm]] = {one.uri: one for one in Algorithm}


class SignatureError(ValueError):
    """A signature that does not hold; the text says what is wrong."""


def sign(schema: ModuleType, parts: Iterable[tuple[str, Any]], key: PrivateKey) -> xmldsig.SignatureType:
    """Sign elements of a message.

    Args:
        schema: The module of the message's schema.
        parts: The elements by their names; each has an `Id`.
        key: On P-256 for -2; on P-521 or Ed448 for -20.

    Raises:
        EncodeError: When an element cannot be encoded.
        SignatureError: When the key is of another kind, or an element has no Id.
    """
    algorithm = algorithm_of(key)
    references = tuple(_reference(schema, name, value, algorithm) for name, value in parts)
    info = xmldsig.SignedInfoType(
        CanonicalizationMethod=xmldsig.CanonicalizationMethodType(Algorithm=EXI_CANONICAL),
        SignatureMethod=xmldsig.SignatureMethodType(Algorithm=algorithm.uri),
        Reference=references,
    )
    value = _sign(encode_fragment(xmldsig, "SignedInfo", info), key, algorithm)
    return xmldsig.SignatureType(SignedInfo=info, SignatureValue=xmldsig.SignatureValueType(value=value))


def _reference(schema: ModuleType, name: str, value: Any, algorithm: Algorithm) -> xmldsig.ReferenceType:
    if not value.Id:
        raise SignatureError(f"{name} has no Id to refer to")
    return xmldsig.ReferenceType(
        URI="#" + value.Id,
        Transforms=xmldsig.TransformsType(Transform=(xmldsig.TransformType(Algorithm=EXI_CANONICAL),)),
        DigestMethod=xmldsig.DigestMethodType(Algorithm=algorithm.digest_uri),
        DigestValue=hashlib.new(algorithm.digest, encode_fragment(schema, name, value)).digest(),
    )


def verify(
    schema: ModuleType, parts: Iterable[tuple[str, Any]], signature: xmldsig.SignatureType, key: PublicKey
) -> None:
    """See whether a signature covers every one of these elements and was made with the key's other half.

    Raises:
        SignatureError: When it does not hold. Nothing it says may be believed then.
    """
    info = signature.SignedInfo
    algorithm = BY_URI.get(info.SignatureMethod.Algorithm)
    if algorithm is None:
        raise SignatureError(f"the algorithm {info.SignatureMethod.Algorithm} is none of ISO 15118's")
    if algorithm is not algorithm_of(key):
        raise SignatureError(f"signed with {algorithm.name}, but the certificate's key is another")
    if len(info.Reference) > REFERENCES_LIMIT:
        raise SignatureError(f"{len(info.Reference)} references, more than {REFERENCES_LIMIT}")
    for name, value in parts:
        _check_reference(schema, name, value, info.Reference)
    readings = [_spelled(over, info) for over in (xmldsig, schema)]
    if not any(_holds(octets, signature.SignatureValue.value, key, algorithm) for octets in readings if octets):
        raise SignatureError("the signature over SignedInfo is wrong")


def _check_reference(schema: ModuleType, name: str, value: Any, references: Iterable[xmldsig.ReferenceType]) -> None:
    wanted = [one for one in references if value.Id and (one.URI or "").removeprefix("#") == value.Id]
    if len(wanted) != 1:
        raise SignatureError(f"{len(wanted)} references to {name}")
    [reference] = wanted
    digest = next((one.digest for one in Algorithm if one.digest_uri == reference.DigestMethod.Algorithm), None)
    if digest is None:
        raise SignatureError(f"the digest {reference.DigestMethod.Algorithm} of {name} is none of ISO 15118's")
    for typed in (False, True):
        found = hashlib.new(digest, encode_fragment(schema, name, value, typed=typed)).digest()
        if hmac.compare_digest(found, reference.DigestValue):
            return
    raise SignatureError(f"the digest of {name} is wrong")


def _spelled(schema: ModuleType, info: xmldsig.SignedInfoType) -> bytes:
    """A SignedInfo over one schema; nothing where it cannot be written."""
    try:
        return encode_fragment(schema, "SignedInfo", info)
    except ExiError:
        return b""


def algorithm_of(key: PrivateKey | PublicKey) -> Algorithm:
    """The algorithm a key is for. Raises SignatureError for a key that ISO 15118 does not know."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed448

    match key:
        case ec.EllipticCurvePrivateKey() | ec.EllipticCurvePublicKey() if isinstance(key.curve, ec.SECP256R1):
            return Algorithm.P256
        case ec.EllipticCurvePrivateKey() | ec.EllipticCurvePublicKey() if isinstance(key.curve, ec.SECP521R1):
            return Algorithm.P521
        case ed448.Ed448PrivateKey() | ed448.Ed448PublicKey():
            return Algorithm.ED448
    raise SignatureError("neither a key on P-256 or P-521 nor one of Ed448")


def _sign(octets: bytes, key: Any, algorithm: Algorithm) -> bytes:
    """The two halves of an ECDSA signature one after the other (RFC 4050 3.3), or what Ed448 gives."""
    if algorithm is Algorithm.ED448:
        signed: bytes = key.sign(octets)
        return signed
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    halves = decode_dss_signature(key.sign(octets, _ecdsa(algorithm)))
    return b"".join(half.to_bytes(algorithm.half, "big") for half in halves)


def _holds(octets: bytes, signed: bytes, key: Any, algorithm: Algorithm) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if len(signed) != 2 * algorithm.half:
        return False
    try:
        if algorithm is Algorithm.ED448:
            key.verify(signed, octets)
        else:
            halves = (int.from_bytes(signed[at : at + algorithm.half], "big") for at in (0, algorithm.half))
            key.verify(encode_dss_signature(*halves), octets, _ecdsa(algorithm))
    except InvalidSignature:
        return False
    return True


def _ecdsa(algorithm: Algorithm) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(hashes.SHA256() if algorithm is Algorithm.P256 else hashes.SHA512())
