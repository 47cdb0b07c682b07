"""What can be wrong with bytes that came in, or with a message that is to go out."""

from __future__ import annotations


class ExiError(ValueError):
    """Base of both."""


class DecodeError(ExiError):
    """These bytes are no message of the schema.

    Attributes:
        offset_bits: Where, counted from the first bit of the EXI document.
        path: The element that was being read, as in `V2G_Message/Body/CurrentDemandReq/EVTargetVoltage`.
        expected: What could have stood there.
        found: What stands there instead.
    """

    def __init__(self, offset_bits: int, expected: str, found: str) -> None:
        super().__init__(offset_bits, expected, found)
        self.offset_bits = offset_bits
        self.expected = expected
        self.found = found
        self.path = ""

    def __str__(self) -> str:
        where = f"byte {self.offset_bits // 8} bit {self.offset_bits % 8}"
        return f"{self.path or 'document'} ({where}): expected {self.expected}, found {self.found}"


class EncodeError(ExiError):
    """This message cannot be sent: a field is missing, out of its range, or of another type.

    Attributes:
        path: The field.
        reason: What is wrong with it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = ""

    def __str__(self) -> str:
        return f"{self.path or 'document'}: {self.reason}"
