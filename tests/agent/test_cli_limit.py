"""`evse limit`: what limits the charging over time, and systems that have something to say about it."""

from __future__ import annotations

import asyncio
import json

from agent.cli.client import EXIT_FAILED
from csms import planning
from tests.agent.test_cli_status import options, run
from tests.journeys.place import IDENTITY, place


async def test_a_system_limits_the_station_until_it_lets_go(tmp_path, capsys):
    async with place(tmp_path) as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(30)
        where = options(tmp_path)
        code, text, error = await run(capsys, "limit", "impose", "grid", "10", *where)
        assert (code, text) == (0, "grid limits all EVSEs together to 10 A\n"), error
        await asyncio.sleep(1)
        assert p.session().offer.current_a == 10.0
        code, text, _ = await run(capsys, "limit", "impose", "energy-manager", "4140", "--watt", "--evse", "1", *where)
        assert (code, text) == (0, "energy-manager limits EVSE 1 to 4140 W\n")
        await asyncio.sleep(1)
        assert p.session().offer.current_a == 6.0
        for source, more in (("energy-manager", ("--evse", "1")), ("grid", ())):
            code, text, _ = await run(capsys, "limit", "release", source, *more, *where)
            assert (code, text) == (0, f"{source} limits no longer\n")
        await asyncio.sleep(10)
        assert p.session().offer.current_a == 32.0
        code, _, error = await run(capsys, "limit", "release", "grid", *where)
        assert (code, "limits nothing there" in error) == (EXIT_FAILED, True)


async def test_a_limit_for_a_time_is_followed_by_the_value_that_holds_in_silence(tmp_path, capsys):
    async with place(tmp_path) as p:
        p.plug_in()
        p.tap()
        await asyncio.sleep(30)
        where = options(tmp_path)
        await run(capsys, "limit", "impose", "grid", "16", "--for", "60", "--then", "6", *where)
        await asyncio.sleep(59)
        assert p.session().offer.current_a == 16.0
        await asyncio.sleep(2)
        assert p.session().offer.current_a == 6.0


async def test_profiles_and_imposed_limits_are_listed_with_who_set_them(tmp_path, capsys):
    async with place(tmp_path) as p:
        wish = planning.SetProfile(number=3, periods=(planning.Period(limit=16.0),), start_utc_s=0.0)
        assert (await p.csms.ask(IDENTITY, wish)).status == "Accepted"
        where = options(tmp_path)
        await run(capsys, "limit", "impose", "grid", "20", *where)
        _, text, _ = await run(capsys, "limit", "list", *where)
        assert [line.split()[:2] for line in text.splitlines()[1:]] == [["-1", "SO"], ["3", "CSO"]]
        assert "0 s: 16 A" in text
        _, text, _ = await run(capsys, "limit", "list", "--json", *where)
        assert [one["purpose"] for one in json.loads(text)] == [
            "ChargingStationExternalConstraints",
            "TxDefaultProfile",
        ]


async def test_what_is_no_limit_is_refused_with_the_reason(tmp_path, capsys):
    async with place(tmp_path):
        where = options(tmp_path)
        code, _, error = await run(capsys, "limit", "impose", "grid", "10", "--evse", "7", *where)
        assert (code, "EVSE 7" in error) == (EXIT_FAILED, True)
        code, _, error = await run(capsys, "limit", "impose", "grid", "-1", *where)
        assert (code, "at least 0" in error) == (EXIT_FAILED, True)
