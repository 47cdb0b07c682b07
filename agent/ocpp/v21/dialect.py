"""OCPP 2.1 (edition 1): what it says of boot, transactions and meters has the shape that 2.0.1 gave it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agent.ocpp.codec import Version
from agent.ocpp.dialect import Notice, Saying
from agent.ocpp.v21 import certificates, charging_needs, display, monitoring
from agent.ocpp.v201.dialect import DialectV201


class DialectV21(DialectV201):
    """Speaks OCPP 2.1."""

    version = Version.V21
    signed_max = 32_768
    sayings: Mapping[type[Notice], Saying] = MappingProxyType(
        {
            **DialectV201.sayings,
            **monitoring.SAYINGS,
            **display.SAYINGS,
            **certificates.SAYINGS,
            **charging_needs.SAYINGS,
        }
    )
