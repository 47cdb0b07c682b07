"""Every document that a foreign charger's codec took or gave in recorded sessions: same bytes, same content."""

from __future__ import annotations

import base64
import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from agent.iso15118 import exi
from agent.iso15118.exi.fragment import decode_fragment, encode_fragment
from agent.iso15118.exi.plain import plain

VECTORS = Path(__file__).parents[3] / "vectors" / "v2g"
SESSIONS = sorted(path.stem for path in VECTORS.glob("*.pcap"))
SCHEMA_OF = {
    "urn:iso:15118:2:2010:AppProtocol": "app_protocol",
    "urn:din:70121:2012:MsgDef": "din",
    "urn:iso:15118:2:2013:MsgDef": "iso2",
    "urn:iso:std:iso:15118:-20:CommonMessages": "iso20",
    "urn:iso:std:iso:15118:-20:AC": "iso20_ac",
    "urn:iso:std:iso:15118:-20:DC": "iso20_dc",
    "http://www.w3.org/2000/09/xmldsig#": "xmldsig",
}
# What a signature covers, by schema: encoded as fragments.
SIGNED = {
    "xmldsig": {"SignedInfo"},
    "iso2": {
        "SalesTariff", "AuthorizationReq", "MeteringReceiptReq", "CertificateInstallationReq", "eMAID",
        "ContractSignatureCertChain", "ContractSignatureEncryptedPrivateKey", "DHpublickey",
    },
    "iso20": {"PnC_AReqAuthorizationMode", "OEMProvisioningCertificateChain"},
}  # fmt: skip


@pytest.mark.parametrize("session", SESSIONS)
def test_a_recorded_session_is_read_and_written_as_the_foreign_codec_did(session: str):
    records = [json.loads(line) for line in (VECTORS / f"{session}.jsonl").read_text().splitlines()]
    assert len(records) > 20
    for record in records:
        name = SCHEMA_OF[record["namespace"]]
        schema = importlib.import_module(f"agent.iso15118.exi.{name}")
        document = bytes.fromhex(record["exi"])
        [(root, content)] = record["content"].items()
        if root in SIGNED.get(name, ()):
            found, value = decode_fragment(schema, document)
            assert found == root
            assert encode_fragment(schema, root, value) == document
            assert same(plain(value), content), root
        else:
            message = exi.decode(schema, document)
            assert exi.encode(message) == document
            assert type(message).__name__ == root
            assert same(plain(message), content), root


def same(ours: Any, theirs: Any) -> bool:
    """Whether two readings say the same; theirs may have octets in base 64."""
    match ours, theirs:
        case dict(), dict():
            return bool(ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours))
        case list(), list():
            return len(ours) == len(theirs) and all(map(same, ours, theirs))
        case str(), str() if ours != theirs:
            return bytes.fromhex(ours) == base64.b64decode(theirs)
    return bool(ours == theirs)


def test_every_protocol_has_been_recorded():
    assert {name.partition("_")[0] for name in SESSIONS} == {"din", "iso2", "iso20"}
