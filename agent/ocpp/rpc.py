"""The RPC framework of OCPP-J as a pure object: frames in, events out. One per connection; no I/O, no clock.

Clauses are those of OCPP 2.1 part 4; 2.0.1 and 1.6 number them alike. The frame layer answers what it can judge alone
(`Reply`); whether a station that is not yet accepted may serve a call is the station's to say.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Annotated, Any

import msgspec

from agent.ocpp.codec import CallError, Codec, ErrorCode, Version
from agent.ocpp.errors import MAX_DESCRIPTION, spelled, understood

CALL, CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR, SEND = 2, 3, 4, 5, 6  # 4.1.3
MAX_ID_LENGTH = 36  # 4.1.4
NO_ID = "-1"  # 4.2.3: the message id could not be read
DEFAULT_TIMEOUT_S = 30.0  # our policy; 4.1.1 leaves it open
MAX_FRAME_BYTES = 1024 * 1024  # our policy; also the limit of the websockets library
TOO_BIG = 1009  # RFC 6455 7.4.1
_FRAME_START = 80  # our policy: how much of a dropped frame goes to the log

MessageId = Annotated[str, msgspec.Meta(max_length=MAX_ID_LENGTH)]


class CallReceived(msgspec.Struct, frozen=True):
    """The peer asks for something; `answer` or `refuse` it. `payload_bytes` is what BytesPerMessage limits."""

    id: str
    action: str
    message: msgspec.Struct
    payload_bytes: int


class ResultReceived(msgspec.Struct, frozen=True):
    """Our call was answered."""

    id: str
    message: msgspec.Struct
    request: msgspec.Struct


class ErrorReceived(msgspec.Struct, frozen=True):
    """Our call failed: the peer refused it, or its answer is not legal. `code` is in the spelling of OCPP 2.x."""

    id: str
    code: str
    description: str
    details: dict[str, Any]
    request: msgspec.Struct


class ResultRefused(msgspec.Struct, frozen=True):
    """The peer could not process an answer of ours (CALLRESULTERROR, 2.1)."""

    id: str
    code: str
    description: str


class SendReceived(msgspec.Struct, frozen=True):
    """The peer sent an unconfirmed message (2.1)."""

    id: str
    action: str
    message: msgspec.Struct


class TimedOut(msgspec.Struct, frozen=True):
    """Our call was not answered in time; the next may be sent."""

    id: str
    request: msgspec.Struct


class Reply(msgspec.Struct, frozen=True):
    """Send this frame now."""

    frame: str


class CloseNeeded(msgspec.Struct, frozen=True):
    """Close the WebSocket with this code."""

    code: int
    reason: str


class Dropped(msgspec.Struct, frozen=True):
    """A frame was ignored. For the log."""

    reason: str
    frame_start: str


Event = (
    CallReceived
    | ResultReceived
    | ErrorReceived
    | ResultRefused
    | SendReceived
    | TimedOut
    | Reply
    | CloseNeeded
    | Dropped
)


class CallInFlightError(RuntimeError):
    """A second call before the first was answered or timed out (4.1.1)."""


class Pending(msgspec.Struct, frozen=True):
    """Our call that waits for its answer."""

    id: str
    request: msgspec.Struct
    deadline_s: float


class _Call(msgspec.Struct, array_like=True, tag=CALL, forbid_unknown_fields=True):
    id: MessageId
    action: str
    payload: msgspec.Raw


class _Send(msgspec.Struct, array_like=True, tag=SEND, forbid_unknown_fields=True):
    id: MessageId
    action: str
    payload: msgspec.Raw


class _Result(msgspec.Struct, array_like=True, tag=CALL_RESULT, forbid_unknown_fields=True):
    id: MessageId
    payload: msgspec.Raw


class _Error(msgspec.Struct, array_like=True, tag=CALL_ERROR, forbid_unknown_fields=True):
    id: MessageId
    code: str
    description: str | None = ""  # peers leave the last two out, or null
    details: Any = None


class _ResultError(msgspec.Struct, array_like=True, tag=CALL_RESULT_ERROR, forbid_unknown_fields=True):
    id: MessageId
    code: str
    description: str | None = ""
    details: Any = None


_Frame = _Call | _Result | _Error
_Frame21 = _Call | _Result | _Error | _ResultError | _Send
_PARTS: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class Rpc:
    """One side of one connection. `now_s` is monotonic time.

    `supported` names the actions that this side serves; a known action outside it is answered with NotSupported.
    """

    def __init__(
        self,
        codec: Codec,
        *,
        call_timeout_s: float = DEFAULT_TIMEOUT_S,
        max_frame_bytes: int = MAX_FRAME_BYTES,
        supported: Container[str] | None = None,
    ) -> None:
        self.in_flight: Pending | None = None
        self._codec = codec
        self._version = codec.version
        self.call_timeout_s = call_timeout_s  # of the calls to come
        self._max_frame_bytes = max_frame_bytes
        self._supported = supported
        self._unanswered: set[str] = set()
        self._read = msgspec.json.Decoder(_Frame21 if codec.version is Version.V21 else _Frame).decode

    def call(self, message: msgspec.Struct, *, message_id: str, now_s: float) -> str:
        """The CALL frame to send. Raises CallInFlightError before the last call is answered or timed out (4.1.1)."""
        if self.in_flight is not None:
            raise CallInFlightError(f"call {self.in_flight.id} waits for its answer; send the next when it has come")
        frame = _frame(CALL, _checked(message_id), self._codec.action_of(message), message)
        self.in_flight = Pending(message_id, message, now_s + self.call_timeout_s)
        return frame

    def send(self, message: msgspec.Struct, *, message_id: str) -> str:
        """The SEND frame of an unconfirmed message (2.1), which need not wait for any answer (4.2.4)."""
        return _frame(SEND, _checked(message_id), self._codec.action_of(message), message)

    def answer(self, call_id: str, message: msgspec.Struct) -> str:
        """The CALLRESULT frame for a call. Raises KeyError when no such call waits for an answer."""
        self._unanswered.remove(call_id)
        return _frame(CALL_RESULT, call_id, message)

    def refuse(self, call_id: str, error: CallError) -> str:
        """The CALLERROR frame for a call. Raises KeyError when no such call waits for an answer."""
        self._unanswered.remove(call_id)
        return self._error_frame(call_id, error)

    def deadline_s(self) -> float | None:
        """When the call in flight times out; None when none is."""
        return None if self.in_flight is None else self.in_flight.deadline_s

    def expire(self, now_s: float) -> list[Event]:
        """Give up the call in flight when its time has come. An answer that comes later is dropped."""
        pending = self.in_flight
        if pending is None or now_s < pending.deadline_s:
            return []
        self.in_flight = None
        return [TimedOut(pending.id, pending.request)]

    def receive(self, frame: str | bytes, now_s: float) -> list[Event]:
        """What a frame means, and what else is due at `now_s`. Never raises, whatever the bytes."""
        return [*self._receive(frame), *self.expire(now_s)]

    def _receive(self, frame: str | bytes) -> list[Event]:
        if len(frame) > self._max_frame_bytes:
            return [CloseNeeded(TOO_BIG, f"a frame is longer than {self._max_frame_bytes} bytes")]
        try:
            raw = frame.encode() if isinstance(frame, str) else frame.decode().encode()
        except UnicodeError:
            return [self._frame_error(NO_ID, "the message is not UTF-8")]
        if len(raw) > self._max_frame_bytes:
            return [CloseNeeded(TOO_BIG, f"a frame is longer than {self._max_frame_bytes} bytes")]
        try:
            found: _Call | _Result | _Error | _Send | _ResultError = self._read(raw)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            return self._salvage(raw)
        match found:
            case _Call():
                return [self._on_call(found)]
            case _Result():
                return self._on_result(found, raw)
            case _Error():
                return [self._on_error(found.id, found.code, found.description, found.details, raw)]
            case _Send():
                return [self._on_send(found, raw)]
            case _ResultError():
                return [ResultRefused(found.id, _cut(understood(found.code)), _cut(found.description))]

    def _on_call(self, call: _Call) -> Event:
        if call.id in self._unanswered:
            return self._frame_error(call.id, "a call with this message id is being handled")
        try:
            self._codec.request_type(call.action)
        except KeyError:
            return self._refusal(call.id, ErrorCode.NOT_IMPLEMENTED, f"the action is not known in {self._version}")
        if self._supported is not None and call.action not in self._supported:
            return self._refusal(call.id, ErrorCode.NOT_SUPPORTED, f"{call.action} is not supported here")
        try:
            message = self._codec.decode_request(call.action, call.payload)
        except CallError as error:
            return Reply(self._error_frame(call.id, error))
        self._unanswered.add(call.id)
        return CallReceived(call.id, call.action, message, len(bytes(call.payload)))

    def _on_result(self, result: _Result, raw: bytes) -> list[Event]:
        pending = self.in_flight
        if pending is None or pending.id != result.id:
            return [_dropped("no call of ours waits for this answer", raw)]
        try:
            message = self._codec.decode_response(self._codec.action_of(pending.request), result.payload)
        except CallError as error:
            return self._failed_result(pending, error)
        self.in_flight = None
        return [ResultReceived(pending.id, message, pending.request)]

    def _failed_result(self, pending: Pending, error: CallError) -> list[Event]:
        """An answer that cannot be used ends the call as an error would; 2.1 tells the peer (4.2.3)."""
        self.in_flight = None
        description = _cut(f"the answer is not legal: {error.description}")
        events: list[Event] = [ErrorReceived(pending.id, understood(error.code), description, {}, pending.request)]
        if self._version is Version.V21:
            events.append(Reply(self._error_frame(pending.id, error, CALL_RESULT_ERROR)))
        return events

    def _on_error(self, message_id: str, code: str, description: str | None, details: Any, raw: bytes) -> Event:
        pending = self.in_flight
        if pending is None or pending.id != message_id:
            return _dropped("no call of ours waits for this error", raw)
        self.in_flight = None
        details = details if isinstance(details, dict) else {}
        return ErrorReceived(message_id, _cut(understood(code)), _cut(description), details, pending.request)

    def _on_send(self, send: _Send, raw: bytes) -> Event:
        """A SEND is never answered, not even with an error (4.2.4)."""
        try:
            return SendReceived(send.id, send.action, self._codec.decode_send(send.action, send.payload))
        except (CallError, KeyError):
            return _dropped("an unconfirmed message that is unknown or not legal", raw)

    def _salvage(self, raw: bytes) -> list[Event]:
        """Answer a frame that is no legal RPC message, as far as it can be read. Answers are never answered."""
        try:
            parts = _PARTS.decode(raw)
        except (ValueError, RecursionError):
            return [self._frame_error(NO_ID, "the message is not a JSON array")]
        kind = _part(parts, 0, int)
        message_id = _part(parts, 1, MessageId)
        if kind is None:
            return [self._frame_error(NO_ID, "a message begins with its message type number")]
        if kind == CALL:
            what = "a call is [2, message id of at most 36 characters, action, payload]"
            return [self._frame_error(NO_ID if message_id is None else message_id, what)]
        if kind in {CALL_RESULT, CALL_ERROR}:
            return self._salvage_answer(kind, message_id, parts, raw)
        if self._version is Version.V201:  # 2.0.1 4.4; 1.6 and 2.1 ignore it (4.1.3)
            code = ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED
            return [self._refusal(NO_ID if message_id is None else message_id, code, "the message type is not known")]
        return [_dropped("a message type that is unknown, or a frame of it that is not legal", raw)]

    def _salvage_answer(self, kind: int, message_id: str | None, parts: list[msgspec.Raw], raw: bytes) -> list[Event]:
        """A broken answer still ends the call that it answers."""
        pending = self.in_flight
        if pending is None or pending.id != message_id:
            return [_dropped("no call of ours waits for this answer, which is not legal either", raw)]
        if kind == CALL_RESULT:
            code = spelled(ErrorCode.RPC_FRAMEWORK_ERROR, self._version)
            return self._failed_result(pending, CallError(code, "a result is [3, message id, payload]"))
        code = _part(parts, 2, str) or ErrorCode.GENERIC_ERROR
        return [self._on_error(pending.id, code, _part(parts, 3, str), None, raw)]

    def _frame_error(self, message_id: str, description: str) -> Reply:
        return self._refusal(message_id, ErrorCode.RPC_FRAMEWORK_ERROR, description)

    def _refusal(self, message_id: str, code: ErrorCode, description: str) -> Reply:
        return Reply(self._error_frame(message_id, CallError(code, description)))

    def _error_frame(self, message_id: str, error: CallError, kind: int = CALL_ERROR) -> str:
        return _frame(kind, message_id, spelled(error.code, self._version), error.description, error.details)


def _frame(*parts: Any) -> str:
    return msgspec.json.encode(parts).decode()


def _checked(message_id: str) -> str:
    if len(message_id) > MAX_ID_LENGTH:
        raise ValueError(
            f"a message id of {len(message_id)} characters; OCPP allows {MAX_ID_LENGTH}, enough for a UUID"
        )
    return message_id


def _part(parts: list[msgspec.Raw], index: int, kind: Any) -> Any:
    """One element of a broken frame; None when it is absent or of another type."""
    try:
        return msgspec.json.decode(parts[index], type=kind)
    except (ValueError, IndexError, RecursionError):
        return None


def _cut(text: str | None) -> str:
    return (text or "")[:MAX_DESCRIPTION]


def _dropped(reason: str, raw: bytes) -> Dropped:
    return Dropped(reason, raw[:_FRAME_START].decode(errors="replace"))
