"""Certificates, and which CSMS to connect to (2.x blocks A, B09 and M; 1.6 security whitepaper)."""

from __future__ import annotations

import msgspec

from agent.ocpp.asks import Answer, Ask, Verdict
from agent.ocpp.network import Profile
from agent.pki.names import HashData, LeafUse, RootUse


class InstallRootAsk(Ask, frozen=True):
    """Trust a root for this use. `pem`: as it came."""

    use: RootUse
    pem: str


class DeleteCertificateAsk(Ask, frozen=True):
    """Delete the certificate of this name."""

    hash: HashData


class InstalledAsk(Ask, frozen=True):
    """Which certificates are there? `roots` and `v2g_chains`: what is asked for."""

    roots: frozenset[RootUse]
    v2g_chains: bool = False


class SignedAsk(Ask, frozen=True):
    """A certificate signed for a key of the station's, with its intermediates. `request`: as in the request."""

    pem: str
    use: LeafUse | None = None
    request: int | None = None


class NetworkProfileAsk(Ask, frozen=True):
    """Keep this network profile in a slot. `unusable`: why it is none that this station could use; empty: it is one.

    `password`: of this profile alone; None: the station's.
    """

    slot: int
    profile: Profile
    unusable: str = ""
    password: str | None = None

    def __repr__(self) -> str:
        """Without the password."""
        return f"NetworkProfileAsk({self.slot}, {self.profile!r})"


class Installed(msgspec.Struct, frozen=True):
    """A certificate that is there; a V2G leaf with its intermediates."""

    use: RootUse | LeafUse
    hash: HashData
    children: tuple[HashData, ...] = ()


class InstalledAnswer(Answer, frozen=True):
    """The certificates asked for; none: not found."""

    found: tuple[Installed, ...]


class CertificateVerdict(Answer, frozen=True):
    """What became of a certificate or network profile. `reason`: a reason code of 2.x; `detail`: why, in words."""

    verdict: Verdict
    reason: str = ""
    detail: str = ""
