"""What the CSMS can ask of the local authorisation list (2.0.1 D; 1.6 5.10, 5.15)."""

from __future__ import annotations

from agent.core.local_list import ListUpdate, ListVerdict
from agent.ocpp.asks import Answer, Ask


class SendLocalListAsk(Ask, frozen=True):
    """Replace or change the list."""

    update: ListUpdate


class LocalListVersionAsk(Ask, frozen=True):
    """Which version of the list is here."""


class SendLocalListAnswer(Answer, frozen=True):
    """What became of an update."""

    verdict: ListVerdict


class LocalListVersionAnswer(Answer, frozen=True):
    """`version` 0: none was ever sent. `size`: how many tokens stand in it. `enabled`: whether it is in use."""

    version: int
    size: int
    enabled: bool
