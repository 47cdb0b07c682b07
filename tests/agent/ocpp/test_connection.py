"""The WebSocket to the CSMS: what the handshake says, what it accepts, and how long the next one waits."""

from __future__ import annotations

import base64
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import serve
from websockets.http11 import Request, Response

from agent.ocpp.calls import LinkLostError
from agent.ocpp.codec import Version
from agent.ocpp.connection import BackOff, BackOffRules, DialError, Frames, LinkConfig, dial
from agent.ocpp.settings.link import (
    RETRY_BACK_OFF_RANDOM_RANGE,
    RETRY_BACK_OFF_REPEAT_TIMES,
    RETRY_BACK_OFF_WAIT_MINIMUM,
    WEBSOCKET_PING_INTERVAL,
)
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import settled, stand

ALL = (Version.V21, Version.V201, Version.V16)
FIXED = {
    RETRY_BACK_OFF_WAIT_MINIMUM.key: "10",
    RETRY_BACK_OFF_RANDOM_RANGE.key: "0",
    RETRY_BACK_OFF_REPEAT_TIMES.key: "2",
}


@pytest.mark.parametrize("chosen", ALL)
async def test_the_csms_picks_the_version_from_one_handshake_that_offers_all_in_order(chosen: Version):
    csms = ScriptedCsms(versions=(chosen,))
    url = await csms.start()
    link = await dial(LinkConfig(url, "CP1", ALL), Frames())
    assert link.version is chosen
    offered = csms.handshakes[0].headers["Sec-WebSocket-Protocol"]
    assert offered == "ocpp2.1, ocpp2.0.1, ocpp1.6"
    await link.close(1000, "")
    await csms.stop()


@pytest.mark.req("A00.FR.202", "A00.FR.203", "A00.FR.204", "A00.FR.301", "A00.FR.302", "A00.FR.303")
async def test_identity_and_password_go_into_url_and_basic_auth_and_nothing_else_is_offered():
    csms = ScriptedCsms()
    url = await csms.start()
    link = await dial(LinkConfig(url + "/", "RDAM 1/2", (Version.V16,), "geheim"), Frames())
    request = csms.handshakes[0]
    assert request.path == "/ocpp/RDAM%201%2F2"
    assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"RDAM 1/2:geheim"
    assert "Sec-WebSocket-Extensions" not in request.headers
    await link.close(1000, "")
    await csms.stop()


async def test_the_password_is_in_no_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    csms = ScriptedCsms()
    url = await csms.start()
    caplog.clear()
    link = await dial(LinkConfig(url, "CP1", (Version.V16,), "geheim"), Frames())
    await link.close(1000, "")
    client = [one.getMessage() for one in caplog.records if "server" not in one.name]
    secret = base64.b64encode(b"CP1:geheim").decode()
    assert not [line for line in client if "geheim" in line or secret in line]
    await csms.stop()


async def test_a_csms_that_picks_no_version_is_left_with_a_message_that_says_so():
    csms = ScriptedCsms(versions=())
    url = await csms.start()
    with pytest.raises(DialError, match=r"speaks none of ocpp2\.0\.1, ocpp1\.6"):
        await dial(LinkConfig(url, "CP1", (Version.V201, Version.V16)), Frames())
    await csms.stop()


async def test_a_csms_that_picks_a_version_that_was_not_offered_is_left():
    async with serve(_ignore, "127.0.0.1", 0, process_response=_picks_ocpp9, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DialError, match="unsupported subprotocol"):
            await dial(LinkConfig(f"ws://127.0.0.1:{port}", "CP1", ALL), Frames())


async def test_a_redirect_is_not_followed():
    csms = ScriptedCsms()
    url = await csms.start()

    def elsewhere(connection: object, request: Request) -> Response:
        response = connection.respond(302, "")  # type: ignore[attr-defined]
        response.headers["Location"] = url + request.path
        return response  # type: ignore[no-any-return]

    async with serve(_ignore, "127.0.0.1", 0, process_request=elsewhere) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DialError, match="302"):
            await dial(LinkConfig(f"ws://127.0.0.1:{port}", "CP1", (Version.V16,)), Frames())
    assert csms.handshakes == []
    await csms.stop()


async def test_nobody_there_is_a_dial_error():
    with pytest.raises(DialError, match=r"ws://127\.0\.0\.1:9/CP1"):
        await dial(LinkConfig("ws://127.0.0.1:9", "CP1", ALL), Frames())


async def test_a_frame_over_the_cap_ends_the_connection():
    csms = ScriptedCsms()
    url = await csms.start()
    link = await dial(LinkConfig(url, "CP1", (Version.V16,)), Frames())
    await settled()
    assert csms.socket is not None
    await csms.socket.send("x" * (1024 * 1024 + 1))
    with pytest.raises(LinkLostError, match="1009"):
        async for _ in link.frames():
            pass
    await csms.stop()


@pytest.mark.parametrize(
    ("url", "identity", "said"),
    [
        ("http://csms/", "CP1", "ws://"),
        ("file:///etc/passwd", "CP1", "ws://"),
        ("ws://user:pw@csms/", "CP1", "leave out user"),
        ("wss://csms/", "CP1", "roots to trust"),
        ("ws://csms/", "CP:1", "colon"),
        ("ws://csms/", "", "1 to 48"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_with_its_remedy(url: str, identity: str, said: str):
    with pytest.raises(ValueError, match=said):
        LinkConfig(url, identity, ALL)


def test_the_password_is_not_shown():
    assert "geheim" not in repr(LinkConfig("ws://csms/", "CP1", ALL, "geheim"))


# Back-off


@given(st.floats(1, 100), st.floats(0, 50), st.integers(0, 6), st.integers(1, 12), st.randoms(use_true_random=False))
@pytest.mark.behaviour(10)
def test_the_wait_doubles_so_many_times_and_then_stays(
    minimum_s: float, range_s: float, times: int, dials: int, rng: random.Random
):
    back_off = BackOff(rng)
    rules = BackOffRules(minimum_s, range_s, times)
    for attempt in range(dials):
        base_s = minimum_s * 2 ** min(attempt, times)
        assert base_s <= back_off.next_s(rules) <= base_s + range_s
    back_off.reset()
    assert minimum_s <= back_off.next_s(rules) <= minimum_s + range_s


@pytest.mark.behaviour(10)
async def test_every_redial_waits_longer_until_one_succeeds_and_then_the_wait_begins_anew():
    csms = ScriptedCsms()
    url = await csms.start()
    await csms.stop()
    async with stand(csms, url=url, start_values=FIXED) as one:
        await settled(10 + 20 + 40 + 5)  # dials at 0, 10, 30, 70
        await csms.start(csms.port)
        await csms.until(lambda: csms.handshakes)  # at 110
        assert csms.handshake_times_s == pytest.approx([110.0], abs=0.1)
        await one.accepted()
        await csms.hang_up()
        lost_at_s = csms.handshake_times_s[0] + 0.5
        await csms.until(lambda: len(csms.handshakes) == 2)
        assert csms.handshake_times_s[1] - lost_at_s == pytest.approx(10.0, abs=0.2)
        await csms.stop()


async def test_a_csms_that_speaks_no_version_of_ours_is_called_less_and_less_often():
    csms = ScriptedCsms(versions=())
    async with stand(csms, start_values=FIXED):
        await csms.until(lambda: len(csms.handshakes) == 5)
        gaps = [second - first for first, second in itertools.pairwise(csms.handshake_times_s)]
        assert gaps == pytest.approx([10.0, 20.0, 40.0, 40.0], abs=0.2)


@pytest.mark.behaviour(10)
async def test_a_link_whose_pongs_stay_out_is_given_up_and_dialled_again():
    csms = ScriptedCsms()
    async with stand(csms, start_values=FIXED | {WEBSOCKET_PING_INTERVAL.key: "30"}) as one:
        await one.accepted()
        assert csms.socket is not None
        csms.socket.transport.pause_reading()
        await csms.until(lambda: len(csms.handshakes) == 2, 120)


async def test_a_ping_interval_that_the_csms_writes_holds_at_once():
    csms = ScriptedCsms()
    async with stand(csms, start_values=FIXED | {WEBSOCKET_PING_INTERVAL.key: "0"}) as one:
        await one.accepted()
        assert csms.socket is not None
        csms.socket.transport.pause_reading()
        await settled(200)
        assert len(csms.handshakes) == 1
        one.settings.set(WEBSOCKET_PING_INTERVAL, 10)
        await csms.until(lambda: len(csms.handshakes) == 2, 45)


async def _ignore(_socket: object) -> None:
    pass


def _picks_ocpp9(_connection: object, _request: Request, response: Response) -> Response:
    response.headers["Sec-WebSocket-Protocol"] = "ocpp9"
    return response
