"""The operator's tokens as a charger's local list, and what else can be asked about authorisation."""

from __future__ import annotations

import httpx

from agent.ocpp.stamps import to_wire
from csms.records import TokenStatus
from csms.server import Csms
from tests.csms.charger import charger
from tests.csms.running import EPOCH_S, EVERY_2X, EVERY_VERSION

GOOD, BAD = {"status": "Accepted"}, {"status": "Blocked"}


@EVERY_VERSION
async def test_all_known_tokens_go_into_the_list_as_they_stand(csms: Csms, web: httpx.AsyncClient, version: str):
    for token in tuple(csms.store.tokens):
        csms.remove_token(token)
    csms.add_token("AA", group="G", expires_utc_s=EPOCH_S + 60)
    csms.add_token("BB", status=TokenStatus.BLOCKED)
    async with charger(csms, version=version) as cp:
        cp.answers["SendLocalList"] = {"status": "Accepted"}
        reply = await web.post("/api/chargers/CP1/local-list", json={"version": 3})
        assert reply.json()["status"] == "Accepted"
        ((_, payload),) = cp.asked
    expiry = to_wire(EPOCH_S + 60)
    if version == "ocpp1.6":
        info = GOOD | {"parentIdTag": "G", "expiryDate": expiry}
        lines = [{"idTag": "AA", "idTagInfo": info}, {"idTag": "BB", "idTagInfo": BAD}]
        assert payload == {"listVersion": 3, "updateType": "Full", "localAuthorizationList": lines}
    else:
        info = GOOD | {"groupIdToken": {"idToken": "G", "type": "Central"}, "cacheExpiryDateTime": expiry}
        tokens = [{"idToken": each, "type": "ISO14443"} for each in ("AA", "BB")]
        lines = [{"idToken": tokens[0], "idTokenInfo": info}, {"idToken": tokens[1], "idTokenInfo": BAD}]
        assert payload == {"versionNumber": 3, "updateType": "Full", "localAuthorizationList": lines}


@EVERY_VERSION
async def test_some_tokens_are_added_and_others_taken_out(csms: Csms, web: httpx.AsyncClient, version: str):
    csms.add_token("AA")
    async with charger(csms, version=version) as cp:
        cp.answers["SendLocalList"] = {"status": "VersionMismatch"}
        body = {"version": 4, "full": False, "tokens": ["AA"], "remove": ["CC"]}
        reply = await web.post("/api/chargers/CP1/local-list", json=body)
        assert reply.json()["status"] == "VersionMismatch"
        ((_, payload),) = cp.asked
    lines = payload["localAuthorizationList"]
    assert payload["updateType"] == "Differential"
    assert [("idTagInfo" in line or "idTokenInfo" in line) for line in lines] == [True, False]


@EVERY_VERSION
async def test_the_version_of_the_list_comes_in_the_reply(csms: Csms, web: httpx.AsyncClient, version: str):
    answer = {"listVersion" if version == "ocpp1.6" else "versionNumber": 7}
    async with charger(csms, version=version) as cp:
        cp.answers["GetLocalListVersion"] = answer
        reply = await web.post("/api/chargers/CP1/local-list-version", json={})
        assert reply.json()["answer"] == answer


@EVERY_2X
async def test_a_transaction_can_be_asked_for_in_2_x(csms: Csms, web: httpx.AsyncClient, version: str):
    async with charger(csms, version=version) as cp:
        cp.answers["GetTransactionStatus"] = {"messagesInQueue": True, "ongoingIndicator": False}
        reply = await web.post("/api/chargers/CP1/transaction-status", json={"tx": "T1"})
        assert reply.json()["answer"] == {"messagesInQueue": True, "ongoingIndicator": False}
        assert cp.asked == [("GetTransactionStatus", {"transactionId": "T1"})]


async def test_1_6_has_another_message_for_what_the_security_whitepaper_lets_trigger(
    csms: Csms, web: httpx.AsyncClient
):
    async with charger(csms) as cp:
        cp.answers["ExtendedTriggerMessage"] = {"status": "Accepted"}
        await web.post("/api/chargers/CP1/trigger", json={"message": "SignChargePointCertificate"})
        assert cp.asked == [("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})]
        refused = await web.post("/api/chargers/CP1/transaction-status", json={})
        assert refused.status_code == 422
