"""Write tests/vectors/v2g/made.jsonl: messages made from seeds, as the jar of the `iso15118` wheel encodes them.

python -m tests.interop.exi.vectors
"""

from __future__ import annotations

import importlib
import json
import random
import sys

from agent.iso15118.exi.plain import plain
from tests.agent.iso15118.exi import made
from tests.interop.exi.as_xml import document
from tests.interop.exi.foreign import Judge
from tools.v2g.record import OUT

SEEDS = {"din": 40, "iso2": 40}  # one kind of document that holds all others
FEW = 2
LONGEST = 2000  # octets


def main() -> int:
    """Make them."""
    lines = []
    with Judge() as judge:
        for schema in made.SCHEMAS:
            importlib.import_module(f"agent.iso15118.exi.{schema}")
            for root in made.roots(schema):
                if schema in SEEDS and root.cls.__name__ != "V2G_Message":
                    continue
                for seed in range(1, SEEDS.get(schema, FEW) + 1):
                    message = made.message(root.cls, random.Random(seed).randint)
                    octets = judge.encode(schema, document(schema, message))
                    if len(octets) <= LONGEST:
                        named = {"schema": schema, "name": root.cls.__name__, "seed": seed, "exi": octets.hex()}
                        lines.append(json.dumps(named | {"content": plain(message)}, ensure_ascii=False))
    (OUT / "made.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{len(lines)} vectors")  # noqa: T201 - what a command does
    return 0


if __name__ == "__main__":
    sys.exit(main())
