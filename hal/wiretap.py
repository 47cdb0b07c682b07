"""Which meters can be listened to while they are asked: those that offer an ear at their bus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from hal.types import BusHeard


@runtime_checkable
class Tapped(Protocol):
    """A meter whose bus can be listened to; `heard` is told of every request and its answer."""

    heard: Callable[[BusHeard], None] | None
