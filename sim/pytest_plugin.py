"""A pytest plugin: whole chargers in your tests, on a virtual clock.

`async def test_x(station, car): ...` gets a charger that its CSMS has accepted and a car beside it. Mark a test with
`@pytest.mark.station(version="1.6", evses=2)` (fields of `PlaceSpec`) for another one. When a test fails, its
report shows the OCPP frames, the Modbus telegrams and what control pilot and contactor did.

Needs pytest-asyncio, in its mode "auto" (or mark the tests with `asyncio`). Other tests are left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from sim.stage.place import Place

Factories = Mapping[str, Callable[[], asyncio.AbstractEventLoop]]

PLACE: Final = pytest.StashKey["Place"]()
PLACE_FIXTURE: Final = "evse_sim_place"
MARKER: Final = "station"


def pytest_configure(config: pytest.Config) -> None:
    """Bring the fixtures in, where the plugin that can run them is there."""
    config.addinivalue_line(
        "markers", f"{MARKER}(**fields): the charger of this test, fields of sim.stage.place.PlaceSpec"
    )
    if config.pluginmanager.hasplugin("asyncio"):
        from sim.stage import fixtures

        config.pluginmanager.register(fixtures, "evse_sim_fixtures")


def _new_virtual_loop() -> asyncio.AbstractEventLoop:
    from sim.time import new_virtual_loop

    return new_virtual_loop()


# Always the same objects: pytest-asyncio rebuilds wider-scoped loops whenever the factory changes.
_VIRTUAL: Final[Factories] = {"virtual": _new_virtual_loop}
_ORDINARY: Final[Factories] = {"asyncio": asyncio.new_event_loop}


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_asyncio_loop_factories(item: pytest.Item) -> Generator[None, Factories | None, Factories]:
    """Tests with a simulated charger run in virtual time; all others as their project has it."""
    others = yield
    if PLACE_FIXTURE in getattr(item, "fixturenames", ()):
        return _VIRTUAL
    return others or _ORDINARY


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what went over the wires to the report of a failed test."""
    report = yield
    place: Place | None = item.stash.get(PLACE, None)
    if place is not None and call.when == "call" and report.failed:
        report.sections += [(title, text) for title, text in place.traces.sections(place.board.trace) if text]
    return report


def spec_fields(item: Any) -> dict[str, Any]:
    """What a test's marks, the nearest last, say of its charger."""
    fields: dict[str, Any] = {}
    for mark in reversed(list(item.iter_markers(MARKER))):
        fields |= mark.kwargs
    return fields
