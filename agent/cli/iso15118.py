"""`evse iso15118 decode`: what a car and a charger said to each other, out of a capture or a few bytes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from agent.cli.client import EXIT_OK

EXIT_NOTHING: Final = 1
EXIT_NO_FILE: Final = 2
SCHEMAS: Final = ("app_protocol", "iso2", "din", "iso20", "iso20_ac", "iso20_dc", "iso20_acdp", "iso20_wpt")


def command(argv: Sequence[str]) -> int:
    """Run `evse iso15118 ...`: 0 something was understood, 1 nothing was, 2 there is no such file."""
    parser = argparse.ArgumentParser(prog="evse iso15118", description="ISO 15118 and DIN SPEC 70121.")
    actions = parser.add_subparsers(dest="action", required=True)
    decode = actions.add_parser("decode", help="messages of a capture, with times, phases, values, and who was late")
    decode.add_argument("what", help="a pcap or pcapng file, or hexadecimal digits of a V2GTP frame or an EXI document")
    decode.add_argument("--keylog", type=Path, metavar="FILE", help="keys of TLS sessions (SSLKEYLOGFILE)")
    decode.add_argument("--json", action="store_true", help="one JSON object a line")
    given = parser.parse_args(argv)
    path = Path(given.what)
    octets = hexadecimal(given.what)
    if octets is not None and not path.exists():
        return _print(_bytes(octets), as_json=given.json)
    try:
        data = path.read_bytes()
        keys = None if given.keylog is None else given.keylog.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        print(f"evse iso15118 decode: {error.filename}: {error.strerror}", file=sys.stderr)
        return EXIT_NO_FILE
    from agent.iso15118.trace.listen import retold
    from agent.iso15118.trace.tls import KeyLog

    return _print(retold(data, None if keys is None else KeyLog(keys)), as_json=given.json)


def hexadecimal(text: str) -> bytes | None:
    """The octets that a text of hexadecimal digits stands for; None when it is none."""
    try:
        return bytes.fromhex(text.removeprefix("0x").replace(":", " "))
    except ValueError:
        return None


def _bytes(octets: bytes) -> Iterable[Any]:
    """The messages in a few octets: V2GTP frames, or one EXI document of any schema."""
    from agent.iso15118 import exi, v2gtp
    from agent.iso15118.trace.listen import CAR, Event, Session, named
    from agent.iso15118.trace.values import in_units

    if octets[:1] == bytes((v2gtp.VERSION,)):
        session = Session()
        for frame in v2gtp.Framer().feed(octets):
            if isinstance(frame, v2gtp.Broken):
                yield Event(0.0, "bytes", "V2GTP", fault=frame.reason)
            else:
                yield session.hear(CAR, frame, 0.0)
        return
    from importlib import import_module

    faults = []
    for name in SCHEMAS:
        schema = import_module(f"agent.iso15118.exi.{name}")
        try:
            message = exi.decode(schema, octets)
        except exi.DecodeError as error:
            faults.append(f"{name}: {error}")
            continue
        if type(message).__module__ == schema.__name__:  # not a bare part of a signature, which fits many octets
            what, values = named(message)
            yield Event(0.0, name, what, values=in_units(values))
    if len(faults) == len(SCHEMAS):
        for fault in faults:
            yield Event(0.0, "bytes", "not understood", fault=fault)


def _print(events: Iterable[Any], *, as_json: bool) -> int:
    import msgspec

    from agent.cli.told import line

    understood = 0
    begin_s: float | None = None
    for event in events:
        understood += not event.fault
        begin_s = event.at_s if begin_s is None else begin_s
        print(msgspec.json.encode(event).decode() if as_json else line(event, begin_s))
    return EXIT_OK if understood else EXIT_NOTHING
