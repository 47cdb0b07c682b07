"""Runs EcoG's `iso15118` as charger or car and writes down what its codec is given and gives. Started by cable.py.

    python peer.py secc|evcc RECORD.jsonl [EVCC_CONFIG.json]

This file runs inside the foreign package's own environment and imports nothing of ours but, when told to, slot.py.

PEER_CODEC=ours in the environment puts our codec in the place of its own; PEER_RECORDS=no writes nothing down.
Its car can be made to do what its code has no way to: EVCC_SAYS_PAUSE in the environment has it say Pause for Terminate
in SessionStopReq, EVCC_RESUMES=SESSION_ID has it come back to that session, by the package's own variable.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from iso15118.shared import security
from iso15118.shared.iexi_codec import IEXICodec

PATIENCE = 10.0
TERMINATE = '"ChargingSession": "Terminate"'
PAUSE = '"ChargingSession": "Pause"'


class Recorder(IEXICodec):  # type: ignore[misc]
    """A codec, listened to."""

    def __init__(self, codec: Any, side: str, out: TextIO) -> None:
        self._codec, self._side, self._out = codec, side, out

    def encode(self, message: str, namespace: str) -> bytes:
        """Encode and note it."""
        if "EVCC_SAYS_PAUSE" in os.environ:
            message = message.replace(TERMINATE, PAUSE)
        document: bytes = self._codec.encode(message, namespace)
        self._note("encode", document, message, namespace)
        return document

    def decode(self, stream: bytes, namespace: str) -> str:
        """Decode and note it."""
        message: str = self._codec.decode(stream, namespace)
        self._note("decode", stream, message, namespace)
        return message

    def get_version(self) -> str:
        """Whose it is."""
        return str(self._codec.get_version())

    def _note(self, action: str, document: bytes, message: str, namespace: str) -> None:
        content = json.loads(message)
        line = {"side": self._side, "action": action, "namespace": namespace}
        self._out.write(json.dumps(line | {"exi": bytes(document).hex(), "content": content}) + "\n")
        self._out.flush()


def chosen() -> Any:
    """The package's own codec, a jar; or, with PEER_CODEC=ours, ours in its place."""
    if os.environ.get("PEER_CODEC") == "ours":
        from tools.v2g.slot import Slot

        return Slot()
    from iso15118.shared.exificient_exi_codec import ExificientEXICodec

    return ExificientEXICodec()


def keep_tls_keys() -> None:
    """Let every TLS context write its keys where SSLKEYLOGFILE says."""
    made = security.get_ssl_context

    def with_keylog(server_side: bool) -> ssl.SSLContext | None:
        context: ssl.SSLContext | None = made(server_side)
        if context is not None:
            context.keylog_filename = os.environ["SSLKEYLOGFILE"]
        return context

    for module in list(sys.modules.values()):
        if getattr(module, "get_ssl_context", None) is made:
            module.get_ssl_context = with_keylog  # type: ignore[attr-defined]


def be_patient() -> None:
    """Stretch the package's time-outs: on a loaded machine its cold codec alone takes longer than they allow.

    It waits longer, and its clock, with which it measures how long a phase has taken, goes slower.
    """
    wait_for = asyncio.wait_for

    async def patient(awaitable: Any, timeout: float | None) -> Any:  # noqa: ASYNC109
        return await wait_for(awaitable, None if timeout is None else PATIENCE * timeout)

    asyncio.wait_for = patient  # type: ignore[assignment]
    clock, begin = time.time, time.time()

    def slow() -> float:
        return begin + (clock() - begin) / PATIENCE

    for module in list(sys.modules.values()):
        if getattr(module, "time", None) is clock:
            module.time = slow  # type: ignore[attr-defined]


async def secc(codec: Any) -> None:
    """A charger."""
    from iso15118.secc import SECCHandler
    from iso15118.secc.controller.interface import ServiceStatus
    from iso15118.secc.controller.simulator import SimEVSEController
    from iso15118.secc.secc_settings import Config

    keep_tls_keys()
    config = Config()
    config.load_envs()
    controller = SimEVSEController()
    await controller.set_status(ServiceStatus.STARTING)
    await SECCHandler(exi_codec=codec, evse_controller=controller, config=config).start(config.iface)


async def evcc(codec: Any, path: str) -> None:
    """A car."""
    from iso15118.evcc import Config, EVCCHandler, evcc_settings
    from iso15118.evcc.controller.simulator import SimEVController
    from iso15118.evcc.evcc_config import load_from_file

    keep_tls_keys()
    config = Config()
    config.load_envs()
    car = await load_from_file(path)
    evcc_settings.RESUME_SESSION_ID = os.environ.get("EVCC_RESUMES")
    handler: Any = EVCCHandler(evcc_config=car, iface=config.iface, exi_codec=codec, ev_controller=SimEVController(car))
    await handler.start()


def main() -> None:
    """Run one side."""
    side, record, *rest = sys.argv[1:]
    be_patient()
    with Path(record).open("w", encoding="utf-8") as out:
        codec = chosen() if os.environ.get("PEER_RECORDS") == "no" else Recorder(chosen(), side, out)
        asyncio.run(secc(codec) if side == "secc" else evcc(codec, rest[0]))


if __name__ == "__main__":
    main()
