"""Mutated documents: each is refused or understood, never anything else, and none takes long or much."""

from __future__ import annotations

import contextlib
import importlib
import json
import random
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from agent.iso15118 import exi
from agent.iso15118.exi.fragment import decode_fragment
from tests.agent.iso15118.exi.test_recorded import SCHEMA_OF, SESSIONS
from tests.campaigns.results import campaign

VECTORS = Path(__file__).parents[3] / "vectors" / "v2g"
FRAMES = 20_000
CAMPAIGN_FRAMES = 1_000_000
SLOWEST_S = 1.0  # one document; on a busy machine a thread may not run for long
MOST_OCTETS = 32 * 1024 * 1024


def documents() -> list[tuple[ModuleType, bytes]]:
    """Foreign documents of every schema, of sessions and made by chance."""
    found = set()
    for session in SESSIONS:
        for line in (VECTORS / f"{session}.jsonl").read_text().splitlines():
            record = json.loads(line)
            found.add((SCHEMA_OF[record["namespace"]], bytes.fromhex(record["exi"])))
    for line in (VECTORS / "made.jsonl").read_text().splitlines():
        record = json.loads(line)
        found.add((record["schema"], bytes.fromhex(record["exi"])))
    return [(importlib.import_module(f"agent.iso15118.exi.{name}"), one) for name, one in sorted(found)]


def mutants(count: int, seed: int) -> Iterator[tuple[ModuleType, bytes]]:
    """Documents with bits turned, octets replaced, put in, taken out, cut off, or joined with another's end."""
    chance = random.Random(seed)
    whole = documents()
    for _ in range(count):
        schema, document = whole[chance.randrange(len(whole))]
        yield schema, mutated(bytearray(document), chance, whole)


def mutated(octets: bytearray, chance: random.Random, whole: list[tuple[ModuleType, bytes]]) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.randrange(1, len(octets)) if len(octets) > 1 else 0
        match chance.randrange(6):
            case 0 | 1:
                octets[at] ^= 1 << chance.randrange(8)
            case 2:
                octets[at] = chance.choice((0, 0xFF, 0x80, chance.randrange(256)))
            case 3:
                octets[at:at] = chance.randbytes(chance.randrange(1, 5))
            case 4:
                del octets[at : at + chance.randrange(1, 5)]
            case _:
                other = whole[chance.randrange(len(whole))][1]
                octets[at:] = other[chance.randrange(len(other)) :]
        if not octets:
            octets = bytearray(b"\x80")
    return bytes(octets)


def judge(schema: ModuleType, document: bytes) -> bool:
    """Decode as a document and as a fragment; whether it was understood as the first."""
    with contextlib.suppress(exi.DecodeError):
        decode_fragment(schema, document)
    try:
        message = exi.decode(schema, document)
    except exi.DecodeError as error:
        fault = error
    else:
        fault = None
    if fault is not None:
        assert 0 <= fault.offset_bits <= 8 * len(document) + 8
        assert fault.expected
        return False
    with contextlib.suppress(exi.EncodeError):  # a text shorter than it may be sent is understood
        assert exi.decode(schema, exi.encode(message, schema)) == message
    return True


def test_mutated_documents_are_refused_or_understood():
    understood = slowest_s = 0.0
    for schema, document in mutants(FRAMES, seed=1):
        begin_s = time.perf_counter()
        understood += judge(schema, document)
        slowest_s = max(slowest_s, time.perf_counter() - begin_s)
    assert 0 < understood < FRAMES
    assert slowest_s < SLOWEST_S


def test_a_document_that_announces_much_and_holds_little_costs_little():
    worst = [
        (schema, document[:8] + b"\xff" * size) for schema, document in documents()[::40] for size in (100, 20_000)
    ]
    tracemalloc.start()
    for schema, document in worst:
        judge(schema, document)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_OCTETS


@pytest.mark.campaign
def test_a_million_mutated_documents():
    done = 0
    with campaign("exi_fuzz", "mutated EXI documents of all schemas", lambda: f"{done:,} documents"):
        for schema, document in mutants(CAMPAIGN_FRAMES, seed=time.time_ns()):
            judge(schema, document)
            done += 1
