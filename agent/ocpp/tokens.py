"""What the OCPP side may ask of the memory of tokens. `agent.main` hands in the real one."""

from __future__ import annotations

from typing import Protocol

from agent.core.local_list import ListUpdate, ListVerdict
from agent.core.values import AuthInfo, IdToken


class Tokens(Protocol):
    """The local list and the cache."""

    @property
    def list_version(self) -> int:
        """Of the local list; 0: there is none."""

    @property
    def list_size(self) -> int:
        """How many tokens stand in it."""

    @property
    def cache_bytes(self) -> int:
        """What the cache takes."""

    async def update_list(self, update: ListUpdate) -> ListVerdict:
        """Change the local list, durably, or leave it as it is."""

    def learn(self, token: IdToken, info: AuthInfo) -> None:
        """The CSMS said this of a token."""

    def clear_cache(self) -> bool:
        """Forget the cache; False where none is in use (2.0.1 C11.FR.04)."""
