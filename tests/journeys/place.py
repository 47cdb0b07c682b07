"""The simulator's place, with what these journeys check of every story."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sim.board import BoardSpec
from sim.hardware import MeterLink
from sim.stage.place import EPOCH_S, IDENTITY, OTHER_TAG, TAG, Place, PlaceSpec
from sim.stage.place import place as sim_place

__all__ = ["EPOCH_S", "IDENTITY", "OTHER_TAG", "TAG", "Place", "place"]


@asynccontextmanager
async def place(
    tmp_path: Path,
    version: str = "2.0.1",
    *,
    evses: int = 1,
    fuse_a: float | None = None,
    settings: dict | None = None,
    link: MeterLink | None = None,
    spec: BoardSpec | None = None,
) -> AsyncIterator[Place]:
    """A station that has been accepted and its CSMS; both end with the block."""
    asked = PlaceSpec(
        version=version,
        evses=evses,
        fuse_a=fuse_a,
        settings=settings or {},
        meter=link or MeterLink(),
        board=spec or BoardSpec(),
    )
    async with sim_place(tmp_path, asked) as made:
        yield made
        assert made.closed_without_reason() == []
