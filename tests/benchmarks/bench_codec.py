"""Decoding, checking and typing one TransactionEvent with 20 sampled values, beside its peers in the same run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
import ocpp.messages
import orjson

from agent.ocpp.codec import CallError, Codec, Version
from agent.ocpp.rpc import Rpc
from agent.ocpp.v201 import wire

ROUNDS = 7


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


def best_us(work: Callable[[], object], calls: int) -> float:
    """Microseconds a call takes in the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(calls):
            work()
        best = min(best, time.perf_counter() - begin)
    return best / calls * 1e6


def rows() -> list[dict[str, Any]]:
    """Row 1 of the performance goals: times in microseconds, `ratio` = peer / ours."""
    codec = Codec(Version.V201)
    raw = codec.encode(transaction_event())
    frame = msgspec.json.encode([2, "1", "TransactionEvent", msgspec.Raw(raw)]).decode()
    rpc = Rpc(codec)

    def receive() -> None:
        rpc.receive(frame, 0.0)
        rpc.refuse("1", CallError("NotSupported"))

    def validated_by_ocpp() -> None:
        ocpp.messages._validate_payload(ocpp.messages.unpack(frame), "2.0.1")

    ours = best_us(lambda: codec.decode_request("TransactionEvent", raw), 2000)
    shuffled = json.dumps(reordered(json.loads(raw)), separators=(",", ":")).encode()
    foreign = best_us(lambda: codec.decode_request("TransactionEvent", shuffled), 2000)
    whole = best_us(receive, 2000)
    parsed = best_us(lambda: orjson.loads(raw), 2000)
    stdlib = best_us(lambda: json.loads(raw), 500)
    package = best_us(validated_by_ocpp, 20)
    what = "decode, validate and type a TransactionEvent with 20 sampled values"
    return [
        row(1, what, ours, package, "ocpp, validated", ">=100"),
        row(1, what, ours, parsed, "orjson.loads alone", ">=0.67"),
        row(1, what + ", keys in another order", foreign, parsed, "orjson.loads alone", ">=0.67"),
        row(1, what, ours, stdlib, "json.loads alone", "-"),
        row(1, "frame in, event out, refusal back", whole, package, "ocpp, unpack and validate", ">=100"),
    ]


def reordered(value: Any) -> Any:
    """The same JSON with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: reordered(item) for key, item in reversed(value.items())}
    return [reordered(item) for item in value] if isinstance(value, list) else value


def row(number: int, what: str, ours: float, peer: float, peer_name: str, goal: str) -> dict[str, Any]:
    """One line of the table."""
    times = {"ours": round(ours, 2), "peer": round(peer, 2), "ratio": round(peer / ours, 2)}
    return {"row": number, "what": what, **times, "peer_name": peer_name, "goal": goal}


if __name__ == "__main__":
    for line in rows():
        print(line)  # noqa: T201
