"""OCPP versions and the error codes of their RPC framework (OCPP-J 1.6 table 7, 2.0.1 and 2.1 section 4.3)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

MAX_DESCRIPTION = 255  # OCPP-J 2.0.1 4.2.3


class Version(enum.StrEnum):
    """OCPP versions, by the name of their WebSocket subprotocol."""

    V16 = "ocpp1.6"
    V201 = "ocpp2.0.1"
    V21 = "ocpp2.1"


class ErrorCode(enum.StrEnum):
    """Error codes, in the spelling of OCPP 2.x."""

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"


# OCPP-J 1.6 names two codes otherwise, one of them misspelt, and its errata (5.1, 5.2) keep it so.
_NAMES_16 = {
    "FormatViolation": "FormationViolation",
    "OccurrenceConstraintViolation": "OccurenceConstraintViolation",
}
_NAMES_2X = {old: new for new, old in _NAMES_16.items()}
_UNKNOWN_TO_16 = {"MessageTypeNotSupported": "GenericError", "RpcFrameworkError": "GenericError"}


def spelled(code: str, version: Version) -> str:
    """A code as the version writes it, whichever spelling is given."""
    known = understood(code)
    if version is Version.V16:
        return _NAMES_16.get(known) or _UNKNOWN_TO_16.get(known, known)
    return known


def understood(code: str) -> str:
    """A code that a peer sent, in the spelling of OCPP 2.x."""
    return _NAMES_2X.get(code, code)


class CallError(Exception):
    """What a CALLERROR says. `description` is cut to 255 characters; it must not repeat what the peer sent."""

    def __init__(self, code: str, description: str = "", details: Mapping[str, Any] | None = None) -> None:
        self.code = str(code)
        self.description = description[:MAX_DESCRIPTION]
        self.details = dict(details or {})
        super().__init__(f"{self.code}: {self.description}")
