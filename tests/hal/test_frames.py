"""Errors and commands on their way through the socket."""

from __future__ import annotations

import msgspec
import pytest

from hal import frames
from hal.commands import Permit
from hal.errors import HalError, HalGoneError, HalRefusedError, HalTimeoutError, MeterError
from hal.types import MeterErrorKind, Rule


@pytest.mark.parametrize(
    "error",
    [
        HalRefusedError(Rule.WELDED, "never again"),
        MeterError(MeterErrorKind.CRC, "damaged"),
        HalTimeoutError("too late"),
        HalGoneError("away"),
        HalError("other"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_arrives_as_it_left(error: HalError):
    sent = frames.frame(frames.failed(7, error))
    received = frames.FROM_HOST.decode(sent[frames.LENGTH_BYTES :])
    assert isinstance(received, frames.Failed)
    arrived = frames.to_error(received)
    assert (type(arrived), str(arrived), vars(arrived)) == (type(error), str(error), vars(error))


def test_a_frame_with_unknown_fields_in_a_command_is_refused():
    good = msgspec.msgpack.decode(frames.frame(frames.Ask(1, 1, Permit(True, "x"), 5.0))[frames.LENGTH_BYTES :])
    good["command"]["really"] = True
    with pytest.raises(msgspec.ValidationError):
        frames.FROM_CLIENT.decode(msgspec.msgpack.encode(good))
