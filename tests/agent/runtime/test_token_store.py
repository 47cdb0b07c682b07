"""What of the authorisation cache goes to the disk."""

from __future__ import annotations

import itertools

from agent.core.authorize import AuthRules
from agent.core.token_cache import Policy
from agent.core.values import AuthInfo, AuthStatus, IdToken
from agent.runtime.clock import LoopClock
from agent.runtime.records import PutToken, RemoveTokens
from agent.runtime.token_store import TokenStore
from tests.agent.ocpp.stand import MemoryStore

ACCEPTED = AuthInfo(AuthStatus.ACCEPTED)
BLOCKED = AuthInfo(AuthStatus.BLOCKED)
ANNA = IdToken("04AABBCC")
BERT = IdToken("04DDEEFF")


class Wall:
    """Ten seconds pass between two looks at it."""

    def __init__(self) -> None:
        self._ticks = itertools.count(1_800_000_000, 10)

    def __call__(self) -> float:
        return float(next(self._ticks))


def stored(journal: MemoryStore) -> list[tuple[str, AuthStatus]]:
    entries = [one.entry for operations, _ in journal.commits for one in operations if isinstance(one, PutToken)]
    return [(one.token.value, one.info.status) for one in entries]


async def a_store() -> tuple[MemoryStore, TokenStore]:
    journal = MemoryStore()
    return journal, TokenStore(journal, LoopClock(wall=Wall()), AuthRules, lambda: Policy.LRU)


async def test_a_verdict_that_start_and_end_repeat_is_stored_once():
    journal, store = await a_store()
    for _ in range(3):
        store.learn(ANNA, ACCEPTED)
    assert stored(journal) == [("04AABBCC", AuthStatus.ACCEPTED)]


async def test_a_verdict_that_is_repeated_later_keeps_its_entry_young():
    journal, store = await a_store()
    for _ in range(8):
        store.learn(ANNA, ACCEPTED)
    assert len(stored(journal)) == 2


async def test_another_verdict_is_stored_at_once_and_so_is_another_driver_between_two_of_the_same():
    journal, store = await a_store()
    store.learn(ANNA, ACCEPTED)
    store.learn(ANNA, BLOCKED)
    store.learn(BERT, ACCEPTED)
    store.learn(ANNA, BLOCKED)
    assert [status for token, status in stored(journal) if token == ANNA.value] == [
        AuthStatus.ACCEPTED,
        AuthStatus.BLOCKED,
        AuthStatus.BLOCKED,
    ]


async def test_what_was_forgotten_is_stored_again():
    journal, store = await a_store()
    store.learn(ANNA, ACCEPTED)
    store.clear_cache()
    store.learn(ANNA, ACCEPTED)
    kinds = [type(one) for operations, _ in journal.commits for one in operations]
    assert kinds == [PutToken, RemoveTokens, PutToken]
