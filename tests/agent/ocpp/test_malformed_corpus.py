"""The published corpus of malformed frames, played to the frame layer: the code, silence or close it asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.ocpp.codec import Codec, Version
from agent.ocpp.rpc import CallReceived, CloseNeeded, Dropped, ErrorReceived, Reply, ResultRefused, Rpc
from tools import malformed_corpus

FOLDER = Path(__file__).parents[2] / "vectors" / "ocpp" / "malformed"
CORPUS = {
    version: [
        json.loads(line)
        for part in ("frames", "payloads")
        for line in (FOLDER / f"{version}-{part}.jsonl").read_text().splitlines()
    ]
    for version in Version
}


def text_of(line: dict[str, Any]) -> str:
    return line["frame"] if "frame" in line else "".join(text * times for text, times in line["parts"])


def reaction(rpc: Rpc, frame: str) -> dict[str, Any]:
    """What the frame layer did, in the corpus's words."""
    (event,) = rpc.receive(frame, 0.0)
    match event:
        case Reply(frame=answer):
            kind, message_id, code, *_ = json.loads(answer)
            assert kind == 4
            return {"error": code, "id": message_id}
        case CloseNeeded(code=code):
            return {"close": code}
        case Dropped() | ErrorReceived() | ResultRefused():
            return {"silence": True}
        case CallReceived(action=action):
            return {"taken": action}
    raise AssertionError(event)


def lives(rpc: Rpc, version: Version) -> bool:
    """Whether a legal call is still received."""
    payload = '{"type":"Hard"}' if version is Version.V16 else '{"type":"Immediate"}'
    (event,) = rpc.receive(f'[2,"alive","Reset",{payload}]', 1.0)
    answered = isinstance(event, CallReceived)
    if answered:
        rpc.answer("alive", rpc_response(version))
    return answered


def rpc_response(version: Version):
    return Codec(version).response_type("Reset")(status="Accepted")


@pytest.mark.parametrize("version", Version)
def test_every_frame_of_the_corpus_gets_the_reaction_that_ocpp_asks_for(version):
    rpc = Rpc(Codec(version))
    wrong = []
    for line in CORPUS[version]:
        got = reaction(rpc, text_of(line))
        if got != line["expect"]:
            wrong.append(f"{line['title']}: {got}, not {line['expect']}")
        assert lives(rpc, version), line["title"]
    assert not wrong, "\n".join(wrong)


def test_the_corpus_is_large_and_every_line_has_a_title_of_its_own():
    assert sum(map(len, CORPUS.values())) >= 1500
    for lines in CORPUS.values():
        titles = [line["title"] for line in lines]
        assert len(set(titles)) == len(titles)


def test_the_committed_corpus_is_what_its_program_writes():
    assert malformed_corpus.write(check=True) == 0
