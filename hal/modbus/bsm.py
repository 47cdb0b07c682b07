"""BSM-WS36A of BAUER Electronic: a SunSpec meter that signs snapshots and gives them as OCMF.

From the maker's public documents (bsm-python: modbus-interface, snapshots, ocmf, models 64900 to 64903). Where its
models are is found by walking the chain; offsets below count from a model's id.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from hal.board import COMMAND_DEADLINE_S, SIGNING_DEADLINE_S
from hal.errors import MeterError
from hal.modbus.bus import ModbusBus
from hal.modbus.schema import MAX_REGISTERS, ReadRequest
from hal.modbus.sunspec import text
from hal.modbus.sunspec_meter import READ_HOLDING, Model, SunSpecMeter
from hal.modbus.turns import URGENT
from hal.types import MeterErrorKind, MeterSample, MeterTransaction, SignedReading

SIGNING_ID: Final = 64900
SNAPSHOT_ID: Final = 64901
OCMF_ID: Final = 64903
EPOCH_OFFSET: Final = 63  # seconds, 32 bits; behind it the time zone in minutes
META1_OFFSET: Final = 82  # becomes ID of the OCMF
META1_WORDS: Final = 70
META2_WORDS: Final = 50  # behind it; becomes X2
KEY_OFFSET: Final = 252  # registers of the key, its bytes, the key
TYPE_OFFSET: Final = 2
STATE_OFFSET: Final = 3
OCMF_OFFSET: Final = 4
OCMF_WORDS: Final = 496
CURRENT: Final = 0  # types of snapshots that switch nothing
START: Final = 3
END: Final = 4
VALID: Final = 0
UPDATING: Final = 2
STATES: Final = {1: "invalid", 3: "failed", 4: "failed: not enabled", 5: "failed: no feedback"}
POLL_S: Final = 0.2  # our policy: how often a snapshot in the making is looked at
SNAPSHOT_S: Final = 15.0  # snapshots: the maker's time-out
MAX_WRITE: Final = 120  # Modbus Application Protocol V1.1b3, 6.12 allows 123; the maker's tool writes this many


class BsmMeter:
    """Satisfies `hal.board.InterimSigner`."""

    def __init__(
        self,
        bus: ModbusBus,
        unit_id: int,
        mono: Callable[[], float],
        *,
        serial: str | None = None,
        priority: int = URGENT,
    ) -> None:
        self._meter = SunSpecMeter(bus, unit_id, mono, serial=serial, priority=priority)
        self._name = f"{bus.url} unit {unit_id}"

    @property
    def rollover_wh(self) -> float | None:
        """Where the counter of imported energy begins anew; None when unknown."""
        return self._meter.rollover_wh

    async def read(self, *, deadline_s: float = COMMAND_DEADLINE_S) -> MeterSample:
        """Measure now. Raises `MeterError`."""
        return await self._meter.read(deadline_s=deadline_s)

    async def public_key(self, *, deadline_s: float = SIGNING_DEADLINE_S) -> str:
        """The key that verifies what it signs. Raises `MeterError`."""
        until_s = asyncio.get_running_loop().time() + deadline_s
        await self._meter.locate(until_s)
        return await self._public_key(self._model(SIGNING_ID), until_s)

    async def start_transaction(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """Sign the beginning. Raises `MeterError`."""
        return await self._snapshot(START, transaction, deadline_s)

    async def stop_transaction(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """Sign the end. Raises `MeterError`."""
        return await self._snapshot(END, transaction, deadline_s)

    async def sign_reading(
        self, transaction: MeterTransaction, *, deadline_s: float = SIGNING_DEADLINE_S
    ) -> MeterSample:
        """Sign what it shows now. Raises `MeterError`."""
        return await self._snapshot(CURRENT, transaction, deadline_s)

    async def _snapshot(self, kind: int, transaction: MeterTransaction, deadline_s: float) -> MeterSample:
        until_s = asyncio.get_running_loop().time() + deadline_s
        await self._meter.locate(until_s)
        signing = self._model(SIGNING_ID)
        await self._describe(signing, transaction, until_s)
        snapshot = await self._instance(SNAPSHOT_ID, kind, until_s)
        await self._meter.unit.write(snapshot.address + STATE_OFFSET, [UPDATING], until_s=until_s)
        await self._wait(snapshot, until_s)
        record = await self._instance(OCMF_ID, kind, until_s)
        data = text(await self._words(record.address + OCMF_OFFSET, OCMF_WORDS, until_s))
        signed = SignedReading(data, public_key=await self._public_key(signing, until_s))
        sample = await self._meter.read(deadline_s=until_s - asyncio.get_running_loop().time())
        return replace(sample, signed=signed)

    async def _describe(self, signing: Model, transaction: MeterTransaction, until_s: float) -> None:
        """Whose transaction it is, and what time: both are gone when the meter has lost its power."""
        if transaction.utc_s is not None:
            clock = struct.unpack(">2H", struct.pack(">I", int(transaction.utc_s)))
            await self._meter.unit.write(signing.address + EPOCH_OFFSET, [*clock, 0], until_s=until_s)
        words = [*_words_of(transaction.token, META1_WORDS), *_words_of(transaction.evse_id, META2_WORDS)]
        await self._meter.unit.write(signing.address + META1_OFFSET, words[:MAX_WRITE], until_s=until_s)

    async def _wait(self, snapshot: Model, until_s: float) -> None:
        """Until the snapshot is valid. Raises `MeterError`."""
        loop = asyncio.get_running_loop()
        until_s = min(until_s, loop.time() + SNAPSHOT_S)
        while True:
            (state,) = await self._words(snapshot.address + STATE_OFFSET, 1, until_s)
            if state == VALID:
                return
            if state != UPDATING:
                why = STATES.get(state, f"in state {state}")
                raise MeterError(MeterErrorKind.SIGNATURE, f"{self._name}: the snapshot is {why}; try again")
            if loop.time() + POLL_S >= until_s:
                raise MeterError(MeterErrorKind.TIMEOUT, f"{self._name}: the snapshot is not made in time")
            await asyncio.sleep(POLL_S)

    async def _public_key(self, signing: Model, until_s: float) -> str:
        count, size = await self._words(signing.address + KEY_OFFSET, 2, until_s)
        words = await self._words(signing.address + KEY_OFFSET + 2, count, until_s)
        return struct.pack(f">{len(words)}H", *words)[:size].hex()

    def _model(self, model_id: int) -> Model:
        for model in self._meter.models:
            if model.id == model_id:
                return model
        raise MeterError(MeterErrorKind.WRONG_IDENTITY, f"{self._name}: no model {model_id}; it is no BSM")

    async def _instance(self, model_id: int, kind: int, until_s: float) -> Model:
        """The model of this id that holds snapshots of this type. Raises `MeterError`."""
        for model in self._meter.models:
            if model.id == model_id and list(await self._words(model.address + TYPE_OFFSET, 1, until_s)) == [kind]:
                return model
        raise MeterError(MeterErrorKind.WRONG_IDENTITY, f"{self._name}: no model {model_id} of type {kind}")

    async def _words(self, address: int, count: int, until_s: float) -> Sequence[int]:
        words: list[int] = []
        while len(words) < count:
            part = ReadRequest(READ_HOLDING, address + len(words), min(count - len(words), MAX_REGISTERS))
            words += await self._meter.unit.read(part, until_s=until_s)
        return words


def _words_of(content: str, count: int) -> tuple[int, ...]:
    return struct.unpack(f">{count}H", content.encode("ascii", errors="replace")[: 2 * count].ljust(2 * count, b"\0"))
