"""A CSMS that says yes to everything and looks at nothing: what a fleet costs without anybody at the other end.

Says its port on standard output. Usage: ... [PORT]
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

VERSIONS = [Subprotocol(one) for one in ("ocpp2.1", "ocpp2.0.1", "ocpp1.6")]
INTERVAL_S = 300


def answer(action: str, version: str) -> str:
    """The shortest answer that lets a charger work."""
    now = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    match action:
        case "BootNotification":
            return f'{{"status":"Accepted","currentTime":"{now}","interval":{INTERVAL_S}}}'
        case "Heartbeat":
            return f'{{"currentTime":"{now}"}}'
        case "Authorize" if version == "ocpp1.6":
            return '{"idTagInfo":{"status":"Accepted"}}'
        case "Authorize":
            return '{"idTokenInfo":{"status":"Accepted"}}'
        case "StartTransaction":
            return '{"idTagInfo":{"status":"Accepted"},"transactionId":1}'
    return "{}"


async def attend(socket: ServerConnection) -> None:
    """Answer until the charger goes."""
    try:
        async for frame in socket:
            text = str(frame)
            if text.startswith("[2,"):
                _, message_id, _, action, _ = text.split('"', 4)
                await socket.send(f'[3,"{message_id}",{answer(action, str(socket.subprotocol))}]')
    except ConnectionClosed:
        return


async def main(port: int) -> None:
    """Serve for ever."""
    async with serve(
        attend, "127.0.0.1", port, subprotocols=VERSIONS, compression=None, ping_interval=None, backlog=1024
    ) as server:
        sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
