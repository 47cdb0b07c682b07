"""SupportedAppProtocol: which protocol to speak, made from its schema by tools/generate_exi.py; do not edit."""

from __future__ import annotations

from typing import Literal

from agent.iso15118.exi.message import Message

ResponseCodeType = Literal[
    "OK_SuccessfulNegotiation", "OK_SuccessfulNegotiationWithMinorDeviation", "Failed_NoNegotiation",
]


class AppProtocolType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "ProtocolNamespace:text[0..100] VersionNumberMajor:unsignedInt VersionNumberMinor:unsignedInt "
        "SchemaID:unsignedByte Priority:1..20"
    )
    ProtocolNamespace: str
    VersionNumberMajor: int
    VersionNumberMinor: int
    SchemaID: int
    Priority: int


class supportedAppProtocolReq(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "AppProtocol{1,20}:AppProtocolType"
    AppProtocol: tuple[AppProtocolType, ...]


class supportedAppProtocolRes(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "ResponseCode:$ResponseCodeType SchemaID?:unsignedByte"
    ResponseCode: ResponseCodeType
    SchemaID: int | None = None


ROOTS = (
    "supportedAppProtocolReq supportedAppProtocolRes"
)

FRAGMENTS = (
    "AppProtocol:AppProtocolType Priority:1..20 ProtocolNamespace:text[0..100] ResponseCode:$ResponseCodeType "
    "SchemaID:unsignedByte VersionNumberMajor:unsignedInt VersionNumberMinor:unsignedInt "
    "supportedAppProtocolReq:supportedAppProtocolReq supportedAppProtocolRes:supportedAppProtocolRes"
)

ATTRIBUTES = (

)
