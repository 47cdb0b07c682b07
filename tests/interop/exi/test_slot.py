"""Our codec in the jar's place: JSON and bytes are the jar's in every recorded session of DIN and -2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.v2g.slot import MODULES, Slot

VECTORS = Path(__file__).parents[2] / "vectors" / "v2g"
SESSIONS = sorted(path.stem for path in VECTORS.glob("*.pcap") if not path.stem.startswith("iso20"))


@pytest.mark.parametrize("session", SESSIONS)
def test_in_the_place_of_the_jar_our_codec_gives_the_same_json_and_the_same_bytes(session: str):
    slot = Slot()
    for line in (VECTORS / f"{session}.jsonl").read_text().splitlines():
        record = json.loads(line)
        assert record["namespace"] in MODULES
        assert slot.encode(json.dumps(record["content"]), record["namespace"]).hex() == record["exi"]
        if record["action"] == "decode":
            assert json.loads(slot.decode(bytes.fromhex(record["exi"]), record["namespace"])) == record["content"]
