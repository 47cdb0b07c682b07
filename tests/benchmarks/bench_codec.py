"""Decoding, checking and typing one TransactionEvent with 20 sampled values, beside its peers in the same run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import ocpp.messages
import orjson

from agent.ocpp.codec import CallError, Codec, Version
from agent.ocpp.rpc import Rpc
from agent.ocpp.v201 import wire
from tests.benchmarks.table import Row, best_us


def transaction_event() -> wire.TransactionEventRequest:
    """An intermediate update as a three-phase station sends it."""
    values = [
        wire.SampledValueType(
            value=1234.5 + number,
            context="Sample.Periodic",
            measurand="Energy.Active.Import.Register",
            phase="L1",
            location="Outlet",
            unitOfMeasure=wire.UnitOfMeasureType(unit="Wh", multiplier=0),
        )
        for number in range(20)
    ]
    return wire.TransactionEventRequest(
        eventType="Updated",
        timestamp="2026-01-01T00:00:00.000Z",
        triggerReason="MeterValuePeriodic",
        seqNo=3,
        transactionInfo=wire.TransactionType(transactionId="a" * 36, chargingState="Charging"),
        meterValue=[wire.MeterValueType(timestamp="2026-01-01T00:00:00.000Z", sampledValue=values)],
        evse=wire.EVSEType(id=1, connectorId=1),
    )


def rows() -> Iterator[Row]:
    """Row 1, in microseconds."""
    codec = Codec(Version.V201)
    raw = codec.encode(transaction_event())
    frame = msgspec.json.encode([2, "1", "TransactionEvent", msgspec.Raw(raw)]).decode()
    shuffled = json.dumps(reordered(json.loads(raw)), separators=(",", ":")).encode()
    rpc = Rpc(codec)

    def receive() -> None:
        rpc.receive(frame, 0.0)
        rpc.refuse("1", CallError("NotSupported"))

    def validated_by_ocpp() -> None:
        ocpp.messages._validate_payload(ocpp.messages.unpack(frame), "2.0.1")

    ours, parsed, foreign, foreign_parsed, received, stdlib, package = best_us(
        (lambda: codec.decode_request("TransactionEvent", raw), 2000),
        (lambda: orjson.loads(raw), 2000),
        (lambda: codec.decode_request("TransactionEvent", shuffled), 2000),
        (lambda: orjson.loads(shuffled), 2000),
        (receive, 2000),
        (lambda: json.loads(raw), 500),
        (validated_by_ocpp, 20),
    )
    what = "decode, validate and type a TransactionEvent with 20 sampled values"
    yield us(what, ours, package, "the `ocpp` package, validated", "ratio >= 100")
    yield us(what, ours, parsed, "orjson.loads alone", "ratio >= 0.67")
    yield us("the same, keys in another order", foreign, foreign_parsed, "orjson.loads alone", "ratio >= 0.67")
    yield us(what, ours, stdlib, "json.loads alone", "-")
    yield us("frame in, event out, refusal back", received, package, "the `ocpp` package", "ratio >= 100")


def us(what: str, ours: float, peer: float, peer_name: str, goal: str) -> Row:
    """One line of row 1."""
    return Row(row=1, what=what, ours=ours, unit="us", peer=peer, peer_name=peer_name, goal=goal)


def reordered(value: Any) -> Any:
    """The same JSON with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: reordered(item) for key, item in reversed(value.items())}
    return [reordered(item) for item in value] if isinstance(value, list) else value
