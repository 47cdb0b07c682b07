"""Secrets are planted in every place an OCPP message has for them, and looked for in what is shown."""

from __future__ import annotations

import json

import pytest

from agent.ocpp.masking import WITHHELD, masked_frame, masked_token

SECRET = "hunter2-correct-horse"

FRAMES = {
    "1.6 ChangeConfiguration": [2, "1", "ChangeConfiguration", {"key": "AuthorizationKey", "value": SECRET}],
    "any case": [2, "1", "ChangeConfiguration", {"value": SECRET, "key": "AUTHORIZATIONKEY"}],
    "1.6 GetConfiguration's answer": [
        3,
        "1",
        {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": SECRET}]},
    ],
    "2.x SetVariables": [
        2,
        "1",
        "SetVariables",
        {
            "setVariableData": [
                {
                    "attributeValue": SECRET,
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                }
            ]
        },
    ],
    "2.x NotifyReport": [
        2,
        "1",
        "NotifyReport",
        {"reportData": [{"variable": {"name": "BasicAuthPassword"}, "variableAttribute": [{"value": SECRET}]}]},
    ],
    "2.x SetNetworkProfile, VPN": [
        2,
        "1",
        "SetNetworkProfile",
        {"connectionData": {"vpn": {"server": "s", "user": "u", "password": SECRET, "key": SECRET, "type": "IPSec"}}},
    ],
    "2.x SetNetworkProfile, APN": [
        2,
        "1",
        "SetNetworkProfile",
        {"connectionData": {"apn": {"apn": "a", "apnPassword": SECRET}, "basicAuthPassword": SECRET}},
    ],
    "credentials in a URL": [2, "1", "GetDiagnostics", {"location": f"ftp://user:{SECRET}@host/path"}],
    "a message within a message": [2, "1", "DataTransfer", {"data": json.dumps({"password": SECRET})}],
}


@pytest.mark.parametrize(
    "frame",
    [
        '[2,"1","SetNetworkProfile",{"basicAuthP\\u0061ssword":"SECRET"}]',
        '[2,"1","ChangeConfiguration",{"key":"Authorization\\u004bey","value":"SECRET"}]',
        '[2,"1","GetDiagnostics",{"location":"ftp:\\/\\/user:SECRET@host"}]',
    ],
)
def test_a_secret_is_found_behind_escapes(frame):
    assert SECRET not in masked_frame(frame.replace("SECRET", SECRET))


def test_what_holds_no_secret_stays_as_it_came():
    for frame in ('[3, "1",  {}]', '[2,"1","Heartbeat",{}', "no JSON", '[2,"1","X",{"mail":"me@host"}]'):
        assert masked_frame(frame) == frame


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_no_secret_is_shown(frame):
    assert SECRET not in masked_frame(json.dumps(frame))


def test_what_is_cut_off_in_the_middle_of_a_secret_is_withheld():
    text = json.dumps(FRAMES["1.6 ChangeConfiguration"])[:-2]
    assert masked_frame(text) == WITHHELD


@pytest.mark.parametrize(
    "frame",
    [
        [2, "1", "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "300"}],
        [2, "1", "GetVariables", {"getVariableData": [{"variable": {"name": "BasicAuthPassword"}}]}],
        [2, "1", "GetConfiguration", {"key": ["AuthorizationKey"]}],
        [3, "1", {"idTagInfo": {"status": "Accepted"}}],
        [2, "1", "GetLog", {"log": {"remoteLocation": "https://host/path?q=a@b"}}],
    ],
)
def test_everything_else_is_shown_as_it_is(frame):
    assert json.loads(masked_frame(json.dumps(frame))) == frame


def test_what_is_no_json_is_shown_as_it_is():
    assert masked_frame("[2,") == "[2,"


@pytest.mark.parametrize(
    ("token", "shown"),
    [("04A2B3C4D5E680", "**********E680"), ("AABBCCDD", "******DD"), ("12345", "****5"), ("12", "**"), ("", "")],
)
def test_at_most_a_third_of_a_token_is_shown(token, shown):
    assert masked_token(token) == shown


@pytest.mark.req("C04.FR.04")
def test_a_key_code_is_hidden_and_a_card_is_not():
    frame = '[2,"1","Authorize",{"idToken":{"idToken":"4711","type":"%s"}}]'
    assert "4711" not in masked_frame(frame % "KeyCode")
    assert "4711" in masked_frame(frame % "ISO14443")
