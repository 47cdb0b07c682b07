"""A person at the pages, in a real browser, with a whole simulated charger at the other end, in real time."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from agent.config import Config, Evse, Ocpp, State, Station
from agent.runtime.clock import LoopClock
from csms.server import Csms
from csms.tariff import Tariff
from csms.web.app import serving
from sim.station import SimStation
from sim.vehicle import VehicleSpec
from tests.web.browser import Browser, browsing, chromium

PROGRAM = chromium()
VERSIONS = ("1.6", "2.0.1")

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: install Debian's package `chromium`"),
]


@asynccontextmanager
async def charging_site(folder: Path, version: str) -> AsyncIterator[tuple[Csms, str, SimStation]]:
    """A CSMS with its pages, and a charger that it does not know yet."""
    csms = Csms(folder / "csms.sqlite")
    csms.set_tariff(Tariff(per_kwh=Decimal("0.39"), session_fee=Decimal("0.50")))
    port = await csms.start()
    config = Config(
        schema_version=1,
        station=Station(identity="GARAGE-1", vendor="evse-agent", model="Simulated AC"),
        ocpp=Ocpp(url=f"ws://127.0.0.1:{port}", versions=(version,), security_profile=0, allow_plain_text=True),
        evse=(Evse(id=1, max_current_a=32.0),),
        state=State(dir=folder / "state"),
        settings={"MeterValueSampleInterval": 1},
    )
    station = SimStation(config, LoopClock(time.time), lambda: str(uuid.uuid4()))
    try:
        async with serving(csms) as pages:
            await station.start()
            yield csms, pages, station
    finally:
        await station.stop()
        await csms.stop()


async def energy_kwh(browser: Browser) -> float:
    return float((await browser.text(".energy")).removesuffix(" kWh"))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("version", VERSIONS)
async def test_an_operator_accepts_a_charger_starts_a_charge_sees_energy_move_stops_it_and_sees_the_bill(
    tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("csms.back_office.RETRY_BOOT_S", 2)  # what chargers are told that cannot be asked to boot
    async with (
        charging_site(tmp_path, version) as (csms, pages, station),
        browsing(str(PROGRAM), tmp_path / "profile") as browser,
    ):
        await browser.emulate(width=1280, height=900)

        await browser.open(pages)
        await browser.until("document.body.innerText.includes('Waiting to be accepted')")
        await browser.click("#accept-GARAGE-1")
        await browser.until("!document.body.innerText.includes('Waiting to be accepted')")
        await browser.until("document.querySelector('#chargers').innerText.includes('Available')")  # nobody reloads

        await browser.open(f"{pages}tokens")
        await browser.type("input[name=token]", "04A2B3C4D5E680")
        await browser.click("button.primary")
        await browser.until("document.querySelector('tbody').innerText.includes('04A2B3C4D5E680')")

        station.board.plug_in(1, VehicleSpec(capacity_wh=58_000.0, soc_pct=45.0))
        await browser.open(f"{pages}chargers/GARAGE-1")
        await browser.type("form[action$='/start'] input[name=token]", "04A2B3C4D5E680")
        await browser.click("form[action$='/start'] button")
        await browser.until("/Start.*: Accepted/.test(document.querySelector('#answer').innerText)")

        first_kwh = await energy_kwh(browser)
        await browser.until(f"parseFloat(document.querySelector('.energy').innerText) > {first_kwh}")  # nor here
        session = await browser.evaluate(
            "document.querySelector('#charger a[href^=\"/sessions/\"]').getAttribute('href')"
        )
        await browser.open(pages + session.lstrip("/"))
        moved_kwh = await energy_kwh(browser)
        await browser.until(f"parseFloat(document.querySelector('.energy').innerText) > {moved_kwh}")
        await browser.until(
            "document.querySelector('#plot canvas') && document.querySelector('#plot').clientHeight > 200"
        )

        await browser.open(f"{pages}chargers/GARAGE-1")
        await browser.click("button[id^=stop-]")
        await browser.until("/Stop.*: Accepted/.test(document.querySelector('#answer').innerText)")
        await browser.open(pages + session.lstrip("/"))
        bill = await browser.until("document.querySelector('#bill')?.innerText.match(/^[0-9.]+ EUR$/)?.[0]")

        (row,) = await csms.sessions()
        assert row.ended_utc_s is not None
        assert bill == f"{row.cost} EUR"
        assert await energy_kwh(browser) == pytest.approx((row.energy_wh or 0) / 1_000, abs=0.0005)
        assert row.energy_wh == pytest.approx(station.board.true_energy_wh(1), abs=20)
        assert browser.errors == []


@pytest.mark.timeout(120)
async def test_the_pages_are_fit_for_the_dark_and_for_a_telephone_and_use_nothing_but_this_server(tmp_path: Path):
    async with (
        charging_site(tmp_path, "2.0.1") as (_, pages, _),
        browsing(str(PROGRAM), tmp_path / "profile") as browser,
    ):
        await browser.open(pages)
        await browser.until("document.querySelector('#link').innerText === 'live'")
        colours = []
        for scheme in ("light", "dark"):
            await browser.emulate(width=390, height=800, scheme=scheme)
            for path in ("", "chargers/GARAGE-1", "chargers/GARAGE-1/configuration", "sessions", "tokens", "messages"):
                await browser.open(pages + path)
                assert await browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
                contrasts = await browser.evaluate(CONTRASTS)
                assert min(contrasts.values()) >= 4.5, (scheme, path, contrasts)  # WCAG 2.1, 1.4.3
            colours.append(await browser.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(set(colours)) == 2
        hosts = await browser.evaluate(
            "performance.getEntriesByType('resource').map((each) => new URL(each.name).origin)"
        )
        assert {f"{host}/" for host in hosts} == {pages}
        assert browser.errors == []


# The contrast of every visible text with what is behind it, the lowest of each colour pair.
CONTRASTS = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(e).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = {};
  for (const e of document.querySelectorAll("body *")) {
    const says = [...e.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!says || !e.getClientRects().length) continue;
    const front = parse(getComputedStyle(e).color).slice(0, 3), back = ground(e);
    const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
    found[`${front} on ${back}`] = (high + 0.05) / (low + 0.05);
  }
  return found;
})()
"""
