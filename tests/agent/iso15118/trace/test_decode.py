"""`evse iso15118 decode`: recorded sessions retold, with TLS and without, whole and broken."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.iso15118 import command
from agent.iso15118 import v2gtp
from agent.iso15118.sdp import Request, Security, write_request
from agent.iso15118.trace import limits, pcap
from agent.iso15118.trace.listen import Event, Session, retold
from agent.iso15118.trace.streams import Reassembly
from agent.iso15118.trace.tls import KeyLog
from agent.iso15118.trace.values import flat, in_units, scaled

VECTORS = Path(__file__).parents[3] / "vectors" / "v2g"
SESSIONS = sorted(path.stem for path in VECTORS.glob("*.pcap"))


def events(name: str) -> list[Event]:
    keys = VECTORS / f"{name}.keys"
    return list(retold((VECTORS / f"{name}.pcap").read_bytes(), KeyLog(keys.read_text()) if keys.exists() else None))


@pytest.mark.parametrize("name", SESSIONS)
def test_a_recorded_session_is_retold_from_discovery_to_its_end_without_a_fault(name: str):
    told = events(name)
    names = [one.what for one in told]
    assert [one.fault for one in told if one.fault] == []
    assert names.index("SDP request") < names.index("SDP response") < names.index("TCP connect")
    assert names.index("supportedAppProtocolReq") < names.index("SessionSetupReq") < names.index("SessionStopRes")
    assert "TLS handshake" in names or not (VECTORS / f"{name}.keys").exists()
    heard = json.loads(f"[{','.join((VECTORS / f'{name}.jsonl').read_text().splitlines())}]")
    documents = [one for one in heard if one["action"] == "decode"]
    assert sum(one.who == "car" and one.what.endswith("Req") for one in told) == len(documents)


def test_without_its_key_log_a_tls_session_says_what_is_missing():
    told = list(retold((VECTORS / "iso2_ac_pnc.pcap").read_bytes()))
    assert any(one.what == "TLS handshake" for one in told)
    assert any("key log" in one.fault for one in told)


def test_a_charger_that_was_slow_is_named_with_the_clause():
    told = events("din_dc")
    late = [one for one in told if one.late]
    assert late
    assert all(one.who == "charger" and one.after_ms is not None for one in late)
    assert "Table 75" in late[0].late


def frames(name: str) -> Iterator[tuple[str, str, v2gtp.Frame]]:
    """The messages of a recorded session: who, its name without Req or Res, and the frame."""
    heard = Session()
    for line in (VECTORS / f"{name}.jsonl").read_text().splitlines():
        record = json.loads(line)
        who = "charger" if record["action"] == "encode" else "car"
        frame = v2gtp.Frame(v2gtp.PayloadType.EXI, bytes.fromhex(record["exi"]))
        yield who, limits.bare(heard.hear(who, frame, 0.0).what), frame


@pytest.mark.parametrize(
    ("session", "stage"),
    [
        (session, stage)
        for session, has_not in (("din_dc", "Authorization"), ("iso2_dc_eim", "ContractAuthentication"))
        for stage in sorted(set(limits.STAGES) - {has_not})
    ],
)
@pytest.mark.parametrize("late", ["never", "at its first answer", "by its last answer"])
def test_a_charger_that_takes_too_long_for_a_stage_is_named_once_however_many_messages_it_took(session, stage, late):
    heard = list(frames(session))
    stages = {"supportedAppProtocol", stage} if stage == "SessionSetup" else {stage}
    answers = sum(who == "charger" and bare in stages for who, bare, _ in heard)
    seconds, timer = limits.STAGES[stage]
    takes_s = [(seconds + (-0.5 if late == "never" else 0.5)) / answers] * answers
    if late == "at its first answer":
        takes_s = [seconds + 0.5, *[0.01] * (answers - 1)]
    listening, now_s, told = Session(), 100.0, []
    for who, bare, frame in heard:
        if who == "charger":
            now_s += takes_s.pop(0) if bare in stages else 0.01
        event = listening.hear(who, frame, now_s)
        told += [event.what] if timer in event.late else []
    assert told == ([] if late == "never" else [f"{stage}Res"])


@pytest.mark.parametrize("name", SESSIONS)
def test_a_capture_may_be_cut_anywhere(name: str):
    data = (VECTORS / f"{name}.pcap").read_bytes()
    whole = events(name)
    for length in range(0, len(data), 2503):
        told = list(retold(data[:length]))
        assert len(told) <= len(whole) + 4


def test_a_capture_with_wrong_octets_tells_what_can_be_told():
    data = (VECTORS / "din_dc.pcap").read_bytes()
    chance = random.Random(1)
    for _ in range(40):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 40)):
            broken[chance.randrange(24, len(broken))] = chance.randrange(256)
        for one in retold(bytes(broken)):
            assert one.what


def test_segments_in_any_order_and_twice_give_the_same_stream():
    stream = bytes(random.Random(2).randbytes(4000))
    start = 2**32 - 1500  # the numbers turn over on the way
    segments = [(at, stream[at : at + 300]) for at in range(0, 4000, 150)]
    for seed in range(20):
        random.Random(seed).shuffle(segments)
        reassembly = Reassembly()
        reassembly.begin((start - 1) % 2**32)
        assert b"".join(reassembly.feed((start + at) % 2**32, data)[0] for at, data in segments) == stream


def pcapng(packets: list[bytes]) -> bytes:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack(">II", kind, len(body) + 12) + body + struct.pack(">I", len(body) + 12)

    section = block(pcap.SECTION, struct.pack(">IHHq", pcap.BYTE_ORDER, 1, 0, -1))
    interface = block(pcap.INTERFACE, struct.pack(">HHI", 1, 0, 0) + struct.pack(">HHB3x", pcap.TSRESOL, 1, 9))
    packed = [
        block(pcap.ENHANCED, struct.pack(">IIIII", 0, 0, number * 10**9 // 4, len(one), len(one)) + one)
        for number, one in enumerate(packets)
    ]
    return section + interface + b"".join(packed)


def test_a_pcapng_file_with_slac_and_discovery_is_read():
    macs = bytes.fromhex("0001020304050a0b0c0d0e0f")
    slac = macs + bytes.fromhex("88e1" + "01" + "6460" + "0000" + "0000" + "1122334455667788")
    datagram = write_request(Request(Security.TLS))
    udp = struct.pack(">HHHH", 50000, 15118, 8 + len(datagram), 0) + datagram
    address = bytes.fromhex("fe80" + "00" * 13 + "01")
    ipv6 = struct.pack(">IHBB", 6 << 28, len(udp), 17, 1) + address + bytes.fromhex("ff02" + "00" * 13 + "01") + udp
    told = list(retold(pcapng([slac, macs + bytes.fromhex("86dd") + ipv6])))
    assert [(one.what, one.at_s) for one in told] == [("CM_SLAC_PARM.REQ", 0.0), ("SDP request", 0.25)]
    assert told[0].values == {"run": "1122334455667788"}
    assert told[1].values == {"security": "TLS"}


def test_values_are_told_in_their_units():
    message = {
        "EVTargetVoltage": {"Multiplier": -1, "Unit": "V", "Value": 4005},
        "EVMaximumChargeCurrent": {"Exponent": 1, "Value": 20},
        "DC_EVStatus": {"EVRESSSOC": 47, "EVReady": True},
    }
    assert list(flat(in_units(message))) == [
        "EVTargetVoltage=400.5 V", "EVMaximumChargeCurrent=200 A", "DC_EVStatus.EVRESSSOC=47 %",
        "DC_EVStatus.EVReady=yes",
    ]  # fmt: skip
    assert [scaled(-5, -3), scaled(0, -2), scaled(-120, -1)] == ["-0.005", "0", "-12"]


def test_the_command_prints_lines_or_json(capsys: pytest.CaptureFixture[str]):
    assert command(["decode", str(VECTORS / "din_dc.pcap")]) == 0
    text = capsys.readouterr().out
    assert "pre-charge    PreChargeReq" in text
    assert "EVTargetVoltage=" in text
    assert command(["decode", str(VECTORS / "din_dc.pcap"), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"at_s", "who", "what"} <= lines[0].keys()


def test_the_command_reads_a_few_octets(capsys: pytest.CaptureFixture[str]):
    assert command(["decode", "01 fe 80 01 00 00 00 04 80400040"]) == 0
    assert "supportedAppProtocolRes" in capsys.readouterr().out
    assert command(["decode", "80400040"]) == 0
    assert "app_protocol" in capsys.readouterr().out
    assert command(["decode", "80ffffffff"]) == 1
    assert "expected" in capsys.readouterr().out
    assert command(["decode", "no-such-file.pcap"]) == 2
    assert "no-such-file.pcap" in capsys.readouterr().err
