"""What pages show of certificates: the CSMS's own, and those that a charger says it has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509

from agent.pki import certificates as pki
from agent.pki.names import CertificateError, HashAlgorithm, HashData
from csms.pki import Pki


class CertificateView(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate of the PKI: what it is for, and what it says."""

    use: str
    facts: pki.Facts


class InstalledView(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as a charger names it (CertificateHashDataType). `ours`: which of the PKI's it is, if any."""

    use: str
    algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial: str
    children: int = 0
    ours: str = ""


def own(desk: Pki) -> list[CertificateView]:
    """The roots and the CSMS's own certificates."""
    named: list[tuple[str, x509.Certificate]] = [("root: signs for chargers, and is what they must trust", desk.root)]
    roots = pki.read_pem(desk.charger_roots)
    named += [("root: chargers' certificates may come from it", each) for each in roots if each != desk.root]
    for path, _ in desk.servers:
        chain = _chain(path)
        named += [("the CSMS's own", leaf) for leaf in chain[:1]]
        named += [("intermediate of the CSMS's own", each) for each in chain[1:]]
    return [CertificateView(use=use, facts=pki.facts(each)) for use, each in named]


def _chain(path: Path) -> list[x509.Certificate]:
    try:
        return pki.read_pem(path.read_bytes())
    except (OSError, CertificateError):  # it was exchanged just now; the next look shows it
        return []


def installed_of(answer: Any, roots: Sequence[x509.Certificate] = ()) -> list[InstalledView]:
    """What GetInstalledCertificateIds was answered with: chains by their use in 2.x, plain names in 1.6."""
    told = msgspec.to_builtins(answer)
    chains = told.get("certificateHashDataChain") or [
        {"certificateHashData": named} for named in told.get("certificateHashData") or ()
    ]
    return [_installed(chain, roots) for chain in chains]


def _installed(chain: dict[str, Any], roots: Sequence[x509.Certificate]) -> InstalledView:
    named = chain["certificateHashData"]
    given = HashData(
        HashAlgorithm(named["hashAlgorithm"]), named["issuerNameHash"], named["issuerKeyHash"], named["serialNumber"]
    )
    matching = (root for root in roots if pki.hash_data(root, root, given.algorithm).names_the_same(given))
    return InstalledView(
        use=chain.get("certificateType", ""),
        algorithm=given.algorithm,
        issuer_name_hash=given.issuer_name_hash,
        issuer_key_hash=given.issuer_key_hash,
        serial=given.serial,
        children=len(chain.get("childCertificateHashData") or ()),
        ours=next((pki.common_name(root) for root in matching), ""),
    )
