"""What people and harnesses can do to a station from outside: network, frames, queue, dead letters."""

from __future__ import annotations

import asyncio
import json

import pytest

from agent.core.values import ConnectorStatus
from agent.ocpp.codec import Version
from agent.ocpp.connection import LinkState
from agent.ocpp.settings.link import RETRY_BACK_OFF_RANDOM_RANGE, RETRY_BACK_OFF_WAIT_MINIMUM
from tests.agent.ocpp.scripted_csms import Refuse, ScriptedCsms
from tests.agent.ocpp.stand import ended, quick_retries, settled, stand, started, status

ABNORMAL_CLOSURE = 1006  # RFC 6455 7.4.1: no closing handshake
SLOW = {RETRY_BACK_OFF_WAIT_MINIMUM.key: "1000", RETRY_BACK_OFF_RANDOM_RANGE.key: "0"}


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def test_a_network_that_goes_away_drops_the_link_without_a_word_and_nothing_is_dialled_until_it_is_back():
    csms = ScriptedCsms()
    async with stand(csms, start_values=SLOW) as one:
        await one.accepted()
        socket = csms.socket
        assert socket is not None
        one.station.network(False)
        await socket.wait_closed()
        assert socket.close_code == ABNORMAL_CLOSURE
        assert not one.station.online
        await settled(5000)
        assert len(csms.handshakes) == 1
        one.station.network(True)
        back_at_s = now_s()
        await csms.until(lambda: len(csms.handshakes) == 2)
        assert csms.handshake_times_s[1] - back_at_s < 0.1


async def test_a_network_that_is_back_ends_the_back_off_and_disturbs_no_connection():
    csms = ScriptedCsms()
    url = await csms.start()
    await csms.stop()
    async with stand(csms, url=url, start_values=SLOW) as one:
        await settled(10)
        await csms.start(csms.port)
        one.station.network(True)
        await csms.until(lambda: csms.handshakes)
        assert csms.handshake_times_s[0] < 11
        await one.accepted()
        one.station.network(True)
        await settled(10)
        assert len(csms.handshakes) == 1
        await csms.hang_up()
        await csms.until(lambda: len(csms.handshakes) == 2)
        assert csms.handshake_times_s[1] > 1000  # it did not shorten the next wait either
        await csms.stop()


async def test_a_network_that_goes_and_comes_within_a_moment_costs_one_connection():
    csms = ScriptedCsms()
    async with stand(csms, start_values=SLOW) as one:
        await one.accepted()
        one.station.network(False)
        one.station.network(True)
        await csms.until(lambda: len(csms.handshakes) == 2)
        assert csms.handshake_times_s[1] < 10


async def test_a_network_that_goes_away_in_the_middle_of_a_dial_leaves_no_connection():
    writers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    csms = ScriptedCsms()
    async with stand(csms, url=f"ws://127.0.0.1:{port}", start_values=SLOW) as one:
        await settled(1)
        one.station.network(False)
        silent.close()
        writers[0].close()
        await csms.start(port)
        await settled(100)
        assert csms.handshakes == []
        one.station.network(True)
        await csms.until(lambda: csms.handshakes)
        assert csms.handshake_times_s[0] < 110
        await csms.stop()


async def test_a_station_that_stops_while_its_network_is_away_stops():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        await one.accepted()
        one.station.network(False)
        await settled()
        async with asyncio.timeout(1):
            await one.stop()


async def test_frames_are_seen_both_ways_for_as_long_as_somebody_watches():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        seen: list[tuple[str, str]] = []
        with one.station.watching_frames(lambda direction, text: seen.append((direction, text))):
            await one.accepted()
        watched = len(seen)
        await csms.heard_of("Heartbeat")
        assert len(seen) == watched
        boot, answer = (json.loads(text) for _, text in seen[:2])
        assert [direction for direction, _ in seen[:2]] == ["out", "in"]
        assert (boot[2], answer[:2]) == ("BootNotification", [3, boot[1]])


async def test_the_link_tells_where_it_goes_and_how_it_stands():
    csms = ScriptedCsms(versions=("ocpp2.0.1",))
    async with stand(csms, versions=[Version.V201]) as one:
        url = f"ws://127.0.0.1:{csms.port}/ocpp"
        assert one.station.link() == LinkState(url, "CP 1", None, False, False, True)
        await one.accepted()
        assert one.station.link() == LinkState(url, "CP 1", "ocpp2.0.1", True, True, True)
        one.station.network(False)
        await settled()
        assert one.station.link() == LinkState(url, "CP 1", "ocpp2.0.1", False, True, False)


async def test_the_queue_shows_what_is_still_to_be_told_oldest_first():
    async with stand(ScriptedCsms(), url="ws://127.0.0.1:9/none") as one:
        one.tell(started(), status(ConnectorStatus.CHARGING), ended())
        assert [stored.id for stored in one.station.queued()] == [1, 2, 3]
        assert [type(stored.fact) for stored in one.station.queued()] == [
            type(started()),
            type(status(ConnectorStatus.CHARGING)),
            type(ended()),
        ]


@pytest.mark.behaviour(4)
@pytest.mark.parametrize("again", [1, 2])
async def test_a_dead_letter_is_sent_again_with_fresh_attempts_and_none_other_is(again: int):
    csms = ScriptedCsms(answers={"StopTransaction": Refuse("InternalError")})
    async with stand(csms, start_values=quick_retries(1)) as one:
        one.tell(started(), ended())
        await csms.heard_of("StopTransaction")
        await settled()
        (letter,) = one.store.dead
        csms.answers["StopTransaction"] = {}
        assert not one.station.resend(letter.stored.id + 100)
        for _ in range(again):
            assert one.station.resend(letter.stored.id)
        await settled()
        stops = csms.calls("StopTransaction")
        assert len(stops) == 2
        assert stops[0].id == stops[1].id  # so that a CSMS that has it after all can tell
        assert stops[1].payload["transactionId"] == 7
        assert one.store.dead == []
        assert one.store.kept == {}
