"""SupportedAppProtocol: the protocol that the car likes best of those that this charger speaks (ISO 15118-2 8.2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from agent.iso15118.exi import app_protocol
from agent.iso15118.secc.events import Protocol

VERSIONS: Final[Mapping[Protocol, tuple[int, int]]] = MappingProxyType({Protocol.DIN: (2, 0), Protocol.ISO_2: (2, 0)})


def negotiate(
    request: app_protocol.supportedAppProtocolReq, spoken: Collection[Protocol]
) -> tuple[Protocol | None, app_protocol.supportedAppProtocolRes]:
    """What is spoken from now on (None: nothing), and the answer that says so.

    The car's priority decides, 1 first; of equal ones the first that it names. The major version must be ours, the
    minor one need not ([V2G2-175], [V2G2-172]).
    """
    for offer in sorted(request.AppProtocol, key=lambda one: one.Priority):
        protocol = _known(offer.ProtocolNamespace)
        if protocol is None or protocol not in spoken or offer.VersionNumberMajor != VERSIONS[protocol][0]:
            continue
        exact = offer.VersionNumberMinor == VERSIONS[protocol][1]
        code: app_protocol.ResponseCodeType = (
            "OK_SuccessfulNegotiation" if exact else "OK_SuccessfulNegotiationWithMinorDeviation"
        )
        return protocol, app_protocol.supportedAppProtocolRes(ResponseCode=code, SchemaID=offer.SchemaID)
    return None, app_protocol.supportedAppProtocolRes(ResponseCode="Failed_NoNegotiation")


def spelled(offer: app_protocol.AppProtocolType) -> str:
    """A protocol with its version, as the CSMS is told it."""
    return f"{offer.ProtocolNamespace},{offer.VersionNumberMajor},{offer.VersionNumberMinor}"


def _known(namespace: str) -> Protocol | None:
    return next((one for one in Protocol if one.value == namespace), None)
