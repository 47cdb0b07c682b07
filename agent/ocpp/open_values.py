"""Values whose content the specification leaves open (customData, DataTransfer.data): what bounds them."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 32  # our policy
MAX_VALUES = 10_000  # our policy: keys and list items within one open value
MAX_INTEGER = 2**63  # our policy: what fits 64 bits, as in the typed fields
MAX_VENDOR_ID = 255  # OCPP-J 2.0.1 chapter 7, CustomDataType


def check_open(value: Any) -> None:
    """Raises ValueError when a decoded JSON value is nested too deep, holds too many values or too large an integer."""
    values = 0
    level = [value]
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper += item.values()
            elif isinstance(item, list):
                deeper += item
            elif isinstance(item, int) and not -MAX_INTEGER <= item < MAX_INTEGER:
                raise ValueError("an integer needs more than 64 bits")
        values += len(deeper)
        if values > MAX_VALUES:
            raise ValueError(f"more than {MAX_VALUES} values")
        if not deeper:
            return
        level = deeper
    raise ValueError(f"nested deeper than {MAX_DEPTH}")


def custom_data(kind: type, value: Any) -> Any:
    """The msgspec hook for CustomDataType. Raises ValueError without a vendorId of at most 255 characters."""
    vendor = value.get("vendorId") if isinstance(value, dict) else None
    if not isinstance(vendor, str) or len(vendor) > MAX_VENDOR_ID:
        raise ValueError("customData needs a vendorId of at most 255 characters")
    check_open(value)
    return kind(value)
