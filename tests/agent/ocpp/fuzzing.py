"""Frames that a broken or hostile CSMS might send, made from the JSON schemas: each one follows from its seed alone."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from agent.ocpp.codec import Version
from agent.ocpp.rpc import MAX_FRAME_BYTES
from tests.agent.ocpp.instances import FOLDERS, SCHEMAS, at, instance, places, put, wrongs
from tools.generate_wire import Schema

SCRAPS: Final = (b"[", b"]", b"{", b"}", b'"', b",", b":", b"\\", b"\\u0000", b"NaN", b"-", b"1e999", b"\xff", b"null")
LONG: Final = (b"9" * 400, b"[" * 3000, b'{"a":' * 500, b"\xf0\x9f\x98\x80" * 100)
KINDS: Final = (2, 3, 4, 5, 6, 7, 0, -1, 2.0, "2", None, True)

REQUESTS: Final[Mapping[Version, dict[str, Schema]]] = {
    version: {
        name.removesuffix("Request"): schema for name, schema in SCHEMAS[version].items() if name.endswith("Request")
    }
    for version in FOLDERS
}


def frame(version: Version, seed: int, mine: str, theirs: str) -> bytes:
    """One frame. `mine`: the id that it has if it is a call; `theirs`: the id of a call of the station's own.

    It is no longer than a station has to read: at a longer one the station rightly hangs up.
    """
    rng = random.Random(seed)
    while len(made := MAKERS[seed % len(MAKERS)](rng, version, mine, theirs)) > MAX_FRAME_BYTES:
        pass  # one in some hundred thousand
    return made


def call(rng: random.Random, version: Version, mine: str) -> tuple[list[Any], Schema]:
    """A legal call, and the schema of its payload."""
    action = rng.choice(tuple(REQUESTS[version]))
    schema = REQUESTS[version][action]
    return [2, mine, action, instance(schema, rng, 0.2)], schema


def legal(rng: random.Random, version: Version, mine: str, _theirs: str) -> bytes:
    """What the schema allows."""
    return json.dumps(call(rng, version, mine)[0]).encode()


def faulty(rng: random.Random, version: Version, mine: str, _theirs: str) -> bytes:
    """A legal call with one to three values at wrong places, or of wrong kinds, or gone."""
    made, schema = call(rng, version, mine)
    payload = made[3]
    found = list(places(payload, schema, schema, ()))
    chosen = rng.sample(found, min(len(found), rng.randint(1, 3)))
    for steps, owner in sorted(chosen, key=lambda one: -len(one[0])):  # inner ones first: an outer one takes them along
        if steps and rng.random() < 0.2:
            payload = put(payload, steps[:-1], _without(at(payload, steps[:-1]), steps[-1]))
        else:
            payload = put(payload, steps, rng.choice(list(wrongs(at(payload, steps), owner))))
    return json.dumps([*made[:3], payload]).encode()


def _without(holder: Any, key: Any) -> Any:
    if isinstance(holder, dict):
        return {name: value for name, value in holder.items() if name != key}
    return holder[:key] + holder[key + 1 :]


def torn(rng: random.Random, version: Version, mine: str, theirs: str) -> bytes:
    """Bytes that were cut, doubled or replaced."""
    text = legal(rng, version, mine, theirs)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.randrange(9))
        put_in = rng.choice((*SCRAPS, rng.randbytes(3), text[start:end] * 2, b""))
        text = text[:start] + (rng.choice(LONG) if rng.random() < 0.03 else put_in) + text[end:]
    return text if rng.random() < 0.8 else text[: rng.randrange(len(text) + 1)]


def misshapen(rng: random.Random, version: Version, mine: str, theirs: str) -> bytes:
    """The right bytes in the wrong frame: another type, another id, too few or too many parts, an unheard-of action."""
    made, _ = call(rng, version, mine)
    match rng.randrange(6):
        case 0:
            made[0] = rng.choice(KINDS)
        case 1:
            made[1] = rng.choice((None, 5, "", "x" * 37, "-1", theirs, [mine], {"id": mine}, True))
        case 2:
            made = made[: rng.randrange(4)]
        case 3:
            made += [rng.choice((None, {}, "more", 1))] * rng.randint(1, 3)
        case 4:
            made[2] = rng.choice(("", "heartbeat", "Heartbeat ", "Sudo", "\u0000", None, 2, made[2] + "Response"))
        case 5:
            made[3] = rng.choice((None, [], "{}", 7, [made[3]]))
    return json.dumps(made).encode()


def answer(rng: random.Random, version: Version, mine: str, theirs: str) -> bytes:
    """A result or an error that nobody waits for, or that the station does wait for and cannot use."""
    message_id = rng.choice((mine, theirs, theirs))
    match rng.randrange(4):
        case 0:
            made: list[Any] = [3, message_id, rng.choice(({}, None, [], {"status": "Perhaps"}, {"x": 1}))]
        case 1:
            made = [4, message_id, rng.choice(("GenericError", "Oops", "", 4, None)), rng.choice(("", "x" * 300)), {}]
        case 2:
            made = [4, message_id]
        case _:
            made = [rng.choice((5, 6)), message_id, "InternalError", "", rng.choice(({}, [], None))]
    return json.dumps(made).encode()


MAKERS: Final[tuple[Callable[[random.Random, Version, str, str], bytes], ...]] = (
    legal,
    faulty,
    faulty,
    torn,
    misshapen,
    answer,
)
