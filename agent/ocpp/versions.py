"""The one place that names the versions: it imports the dialect that was negotiated, and no other."""

from __future__ import annotations

from agent.ocpp.codec import Version
from agent.ocpp.dialect import Dialect


def dialect_for(version: Version, memory: bytes | None) -> Dialect:
    """The dialect of a version, with what it remembered last (under `agent.ocpp.dialect.memory_key`)."""
    match version:
        case Version.V16:
            from agent.ocpp.v16.dialect import DialectV16

            return DialectV16(memory)
        case Version.V201:
            from agent.ocpp.v201.dialect import DialectV201

            return DialectV201()
        case Version.V21:
            from agent.ocpp.v21.dialect import DialectV21

            return DialectV21()
