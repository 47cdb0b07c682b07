"""How firmly the journal is told what became of the outbox."""

from __future__ import annotations

import pytest

from agent.ocpp.keeper import Keeper
from agent.ocpp.outbox import GivenUp, Removed, Restamped, Tried
from tests.agent.ocpp.stand import MemoryStore
from tests.agent.runtime.facts import ended, started, status, updated

MEMORY = ("1.6.memory", b"{}")


class Asked(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[float | None, bool]] = []

    def commit(self, *operations, within_s=None, kept=False, synced=True):
        assert kept, "a full disk forgets none of it"
        self.asked.append((within_s, synced))
        return super().commit(within_s=within_s, kept=kept, synced=synced)


@pytest.mark.parametrize(
    ("change", "memory", "asked"),
    [
        pytest.param(Removed(started(1, "tx")), MEMORY, (0.0, True), id="the number that a 1.6 CSMS gave is synced"),
        pytest.param(Removed(started(1, "tx")), None, (0.0, False), id="a start with its own id outlives a kill"),
        pytest.param(Removed(updated(1, "tx")), MEMORY, (0.0, True), id="a 1.6 transaction may begin with an update"),
        pytest.param(Removed(ended(1, "tx")), MEMORY, (0.0, False), id="an end that is told twice ends nothing twice"),
        pytest.param(Removed(ended(1, "tx")), None, (0.0, False), id="an end outlives a kill"),
        pytest.param(GivenUp(updated(1, "tx"), "no"), None, (0.0, True), id="what was given up is an operator's"),
        pytest.param(Restamped(updated(1, "tx")), None, (0.0, True), id="a stamp is put right once"),
        pytest.param(Removed(updated(1, "tx")), None, (None, False), id="a reading waits for company"),
        pytest.param(Removed(status(1)), None, (None, False), id="a status waits for company"),
        pytest.param(Tried(1, 2), None, (None, False), id="an attempt waits for company"),
    ],
)
async def test_what_the_csms_has_is_kept_as_firmly_as_telling_it_again_would_do_harm(change, memory, asked):
    store = Asked()
    Keeper(store).changed([change], memory)
    assert store.asked == [asked]
