"""The simulator shows what the station tells its driver."""

from __future__ import annotations

import asyncio

from hal.types import LedColour, LedPattern, Sound
from sim.front import Light
from tests.journeys.place import place


async def test_the_snapshot_shows_light_display_and_sound(tmp_path):
    async with place(tmp_path, fuse_a=10.0) as p:
        free = p.board.snapshot(1)
        assert free.led == Light(LedColour.GREEN, LedPattern.STEADY)
        assert free.display == ("Free", "Plug in and show your card")
        p.plug_in()
        p.tap()
        await asyncio.sleep(60)
        charging = p.board.snapshot(1)
        assert charging.led == Light(LedColour.BLUE, LedPattern.BREATHE)
        assert charging.display == ("Charging", "Reduced: site fuse 10 A")
        assert charging.last_sound is Sound.ACCEPTED
        p.board.inject(1, "residual-dc", 8.0)
        await asyncio.sleep(10)
        tripped = p.board.snapshot(1)
        assert tripped.led == Light(LedColour.RED, LedPattern.TRIPLE)
        assert tripped.display == ("Fault", "leakage current: unplug", "0.00 EUR")  # the CSMS's total of a free charge
        assert tripped.last_sound is Sound.ALARM
