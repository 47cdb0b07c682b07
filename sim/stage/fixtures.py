"""The fixtures of `sim.pytest_plugin`: a charger, a car, a CSMS, the meters' bus and the clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from sim.pytest_plugin import MARKER, PLACE, PLACE_FIXTURE, spec_fields
from sim.stage.hands import Bus, Car, Operator, StationHand, VirtualClock
from sim.stage.place import Place, PlaceSpec, place


def _spec(item: pytest.Item) -> PlaceSpec:
    try:
        return msgspec.convert(spec_fields(item), PlaceSpec)
    except msgspec.ValidationError as error:
        known = ", ".join(PlaceSpec.__struct_fields__)
        raise pytest.UsageError(f"{item.nodeid}: mark {MARKER}: {error}; fields are {known}") from error


@pytest_asyncio.fixture(name=PLACE_FIXTURE)
async def _place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Charger, CSMS and street; what all the others are views of."""
    async with place(tmp_path, _spec(request.node)) as made:
        request.node.stash[PLACE] = made
        yield made


@pytest.fixture
def station(evse_sim_place: Place) -> StationHand:
    """The charger: present tokens, let things break, cut its network or its power, see what it does."""
    return StationHand(evse_sim_place)


@pytest.fixture
def car(evse_sim_place: Place) -> Car:
    """The car at EVSE 1 and the hand of its driver; it is not plugged in yet."""
    return Car(evse_sim_place, 1)


@pytest.fixture
def csms(evse_sim_place: Place) -> Operator:
    """The CSMS: what it was told, what it bills, what it asks of the charger."""
    return Operator(evse_sim_place)


@pytest.fixture
def bus(evse_sim_place: Place) -> Bus:
    """The Modbus line with the meters."""
    return Bus(evse_sim_place)


@pytest.fixture
def clock(evse_sim_place: Place) -> VirtualClock:
    """Time, which passes only when everybody waits."""
    return VirtualClock(evse_sim_place.wall)
