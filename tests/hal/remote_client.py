"""A client in a process of its own: permits EVSE 1, renews twice a second, and says so. `python -m` with the path."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from hal.board import LEASE_RENEW_S
from hal.errors import HalError
from hal.remote import RemoteBoard


async def main(path: Path) -> None:
    board = RemoteBoard(path)
    await board.start()
    while True:
        with contextlib.suppress(HalError):
            await board.evses[1].contactor.permit(True, "renewal")
            sys.stdout.write("permitted\n")
            sys.stdout.flush()
        await asyncio.sleep(LEASE_RENEW_S)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
