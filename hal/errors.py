"""What the hardware layer raises, in one tree."""

from __future__ import annotations

from hal.types import MeterErrorKind, Rule


class HalError(Exception):
    """Base of everything the hardware layer raises."""


class HalTimeoutError(HalError):
    """The hardware did not answer before the command's deadline."""


class HalGoneError(HalError):
    """The process or device that owns the hardware is not there."""


class HalRefusedError(HalError):
    """The interlock refused a command; `rule` says by which rule."""

    def __init__(self, rule: Rule, detail: str) -> None:
        super().__init__(f"refused by rule {rule}: {detail}")
        self.rule = rule
        self.detail = detail


class MeterError(HalError):
    """A reading failed; `kind` says how."""

    def __init__(self, kind: MeterErrorKind, detail: str) -> None:
        super().__init__(f"meter {kind}: {detail}")
        self.kind = kind
        self.detail = detail
