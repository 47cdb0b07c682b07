"""What a dialect says, as a peer reads it: encoded, and judged by the codec that judges incoming messages."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.ocpp.asks import Answer, Ask
from agent.ocpp.codec import Codec
from agent.ocpp.dialect import Dialect, answered, asked
from agent.ocpp.outbox import StoredFact


def payload(codec: Codec, message: msgspec.Struct | None) -> Any:
    """The JSON of a message that the schema accepts; None for none."""
    if message is None:
        return None
    raw = codec.encode(message)
    action = codec.action_of(message)
    if type(message).__name__.endswith("Request"):
        codec.decode_request(action, raw)
    else:
        codec.decode_response(action, raw)
    return msgspec.json.decode(raw)


def request(dialect: Dialect, fact: Any, *, offline: bool = False) -> Any:
    """(action, payload) of a fact; None when the version says nothing."""
    message = dialect.message(StoredFact(1, fact.evse, fact, offline=offline))
    if message is None:
        return None
    return dialect.codec.action_of(message), payload(dialect.codec, message)


def response(dialect: Dialect, action: str, **fields: Any) -> msgspec.Struct:
    """A CSMS's response."""
    return dialect.codec.decode_response(action, msgspec.json.encode(fields))


def meant(dialect: Dialect, action: str, **fields: Any) -> Ask:
    """What a CSMS's request means."""
    return asked(dialect, action, dialect.codec.decode_request(action, msgspec.json.encode(fields)))


def said(dialect: Dialect, action: str, answer: Answer) -> Any:
    """The payload of the response."""
    return payload(dialect.codec, answered(dialect, action, answer))
