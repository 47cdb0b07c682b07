"""Bytes to typed messages and back, for one OCPP version.

The generated structs of `v16`, `v201` and `v21` decide in one pass whether a payload is legal. Only a payload that they
refuse is looked at a second time, by `agent.ocpp.refusal`, which names the error code.
"""

from __future__ import annotations

import functools
import importlib
from typing import Protocol, cast

import msgspec

from agent.ocpp.errors import CallError, ErrorCode, Version, spelled
from agent.ocpp.open_values import check_open, custom_data

__all__ = ["CallError", "Codec", "ErrorCode", "Version"]


class _Wire(Protocol):
    """What every generated `wire` module has."""

    ACTIONS: dict[str, tuple[type[msgspec.Struct], type[msgspec.Struct]]]
    SENDS: dict[str, type[msgspec.Struct]]


_MODULES = {
    Version.V16: "agent.ocpp.v16.wire",
    Version.V201: "agent.ocpp.v201.wire",
    Version.V21: "agent.ocpp.v21.wire",
}


@functools.cache
def codec_of(version: Version) -> Codec:
    """The codec of a version, which all its stations in a process share: it remembers nothing of any."""
    return Codec(version)


class Codec:
    """Decodes and encodes the messages of one version. A decoder is built when its message is first met."""

    def __init__(self, version: Version) -> None:
        self.version = version
        wire = cast("_Wire", importlib.import_module(_MODULES[version]))
        self._calls = wire.ACTIONS
        self._sends = wire.SENDS
        self._actions: dict[type, str] = {message: action for action, message in wire.SENDS.items()}
        self._actions |= {message: action for action, pair in wire.ACTIONS.items() for message in pair}
        self._decoders: dict[type[msgspec.Struct], msgspec.json.Decoder[msgspec.Struct]] = {}
        self._encode = msgspec.json.Encoder().encode

    def request_type(self, action: str) -> type[msgspec.Struct]:
        """The class of an action's CALL. Raises KeyError when the version has no such action."""
        return self._calls[action][0]

    def response_type(self, action: str) -> type[msgspec.Struct]:
        """The class of an action's CALLRESULT. Raises KeyError when the version has no such action."""
        return self._calls[action][1]

    def send_type(self, action: str) -> type[msgspec.Struct]:
        """The class of an unconfirmed message (2.1). Raises KeyError when the version has no such message."""
        return self._sends[action]

    def action_of(self, message: msgspec.Struct | type) -> str:
        """The action that a message or its class belongs to. Raises KeyError for a class of another version."""
        return self._actions[message if isinstance(message, type) else type(message)]

    def decode_request(self, action: str, payload: bytes | msgspec.Raw) -> msgspec.Struct:
        """A CALL's payload. Raises CallError with the code to answer, KeyError for an unknown action."""
        return self._decode(self._calls[action][0], payload)

    def decode_response(self, action: str, payload: bytes | msgspec.Raw) -> msgspec.Struct:
        """A CALLRESULT's payload. Raises CallError and KeyError as `decode_request` does."""
        return self._decode(self._calls[action][1], payload)

    def decode_send(self, action: str, payload: bytes | msgspec.Raw) -> msgspec.Struct:
        """A SEND's payload (2.1). Raises CallError and KeyError as `decode_request` does."""
        return self._decode(self._sends[action], payload)

    def encode(self, message: msgspec.Struct) -> bytes:
        """The payload of a message. Fields that are UNSET stay absent. What we send is not validated: types are."""
        return self._encode(message)

    def _decode(self, kind: type[msgspec.Struct], payload: bytes | msgspec.Raw) -> msgspec.Struct:
        raw = bytes(payload)
        decoder = self._decoders.get(kind)
        if decoder is None:
            decoder = self._decoders[kind] = msgspec.json.Decoder(kind, dec_hook=custom_data)
        try:
            message = decoder.decode(raw)
            data = getattr(message, "data", None)
            if data is not None:
                check_open(data)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            return self._decode_slowly(kind, decoder, raw)
        # msgspec takes the last of two equal keys. Each key that it dropped took a comma along, and nothing else did:
        # numbers hold none and strings keep theirs, unless escaped. So a count tells whether a key stood twice.
        again = self._encode(message)
        if raw == again or (raw.count(b",") == again.count(b",") and not (b"\\" in raw and b"\\u" in raw)):
            return message
        return self._decode_slowly(kind, decoder, raw)

    def _decode_slowly(
        self, kind: type[msgspec.Struct], decoder: msgspec.json.Decoder[msgspec.Struct], raw: bytes
    ) -> msgspec.Struct:
        from agent.ocpp import refusal

        name = kind.__name__.removesuffix("Request") if self.version is Version.V16 else kind.__name__
        try:
            return decoder.decode(refusal.normalise(raw, name, self.version))
        except refusal.PayloadError as fault:
            raise fault.call_error(self.version) from fault
        except ValueError as error:
            raise CallError(spelled(ErrorCode.FORMAT_VIOLATION, self.version), "the payload is refused") from error
