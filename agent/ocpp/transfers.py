"""Files that come and go: what a functional block may ask for, how it fails, and how often it is tried."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

log = logging.getLogger(__name__)

RETRIES: Final = 2  # our policy, where the CSMS leaves the number of retries to the station
RETRY_INTERVAL_S: Final = 30.0  # our policy, as above
MAX_RETRIES: Final = 100  # our policy: what a CSMS may ask for at the most
MAX_RETRY_INTERVAL_S: Final = 86_400.0  # our policy, as above


class TransferFailure(enum.StrEnum):
    """Why a file did not arrive."""

    UNSUPPORTED = "unsupported"  # no such scheme here
    FORBIDDEN = "forbidden"  # an address that this station does not talk to, or that is none
    DENIED = "denied"  # the server does not let us
    TOO_BIG = "too big"
    BROKEN = "broken"  # the server, the network, the disk

    @property
    def lasting(self) -> bool:
        """Whether another try would end the same."""
        return self is not TransferFailure.BROKEN


class TransferError(Exception):
    """A file did not arrive. The text is fit for a log and holds no password."""

    def __init__(self, failure: TransferFailure, text: str) -> None:
        super().__init__(f"{failure}: {text}")
        self.failure = failure


class Retries(Struct, frozen=True):
    """How often and how soon a transfer that broke is tried again."""

    retries: int = RETRIES
    interval_s: float = RETRY_INTERVAL_S

    @classmethod
    def asked(cls, retries: int | None, interval_s: int | None) -> Retries:
        """What the CSMS asks for, within reason."""
        return cls(
            RETRIES if retries is None else min(max(retries, 0), MAX_RETRIES),
            RETRY_INTERVAL_S if interval_s is None else min(max(float(interval_s), 0.0), MAX_RETRY_INTERVAL_S),
        )


class Transfers(Protocol):
    """Moves files. `agent.runtime.transfer` is the real one."""

    @property
    def protocols(self) -> tuple[str, ...]:
        """What it speaks, by the names of FileTransferProtocolEnumType."""

    def check(self, url: str) -> None:
        """Raise `TransferError` for an address that it would refuse without asking anybody."""

    async def download(self, url: str, to: Path) -> None:
        """Fetch a file, going on where `to` ends if a try before has begun it. Raises `TransferError`."""

    async def upload(self, file: Path, url: str) -> None:
        """Send a file. Raises `TransferError`."""


async def persistently(attempt: Callable[[], Awaitable[None]], retries: Retries) -> None:
    """Try until it works, it can never work, or the tries are used up. Raises the last `TransferError`."""
    left = retries.retries
    while True:
        try:
            await attempt()
        except TransferError as error:
            if error.failure.lasting or left == 0:
                raise
            log.warning("file transfer: %s; next try in %g s", error, retries.interval_s)
            left -= 1
        else:
            return
        await asyncio.sleep(retries.interval_s)
