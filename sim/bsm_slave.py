"""A simulated BSM-WS36A: the chain of models that the maker publishes, and snapshots that are really signed."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final

from hal.modbus import bsm, sunspec
from hal.modbus.schema import ReadRequest
from hal.modbus.sunspec_meter import READ_HOLDING
from hal.types import MeterSample
from sim.modbus_server import Slave
from sim.ocmf_signer import OcmfSigner
from sim.sunspec_slave import SCALES, common, values_of

BASE: Final = 40000
SIGNING_LENGTH: Final = 300
SNAPSHOT_LENGTH: Final = 252
OCMF_LENGTH: Final = 498
INVALID: Final = 1
REASONS: Final = {0: "C", 1: "B", 2: "E", bsm.START: "B", bsm.END: "E"}


class BsmSlave(Slave):
    """Registers as the maker documents them: the meter at 40090, snapshots from 40521, OCMF from 41791 on.

    `looks` is how often a snapshot is still in the making when it is looked at; `refuses` makes the next ones fail.
    """

    def __init__(self, source: Callable[[], MeterSample], signer: OcmfSigner, unit_id: int = 42) -> None:
        super().__init__(unit_id)
        self.signer = signer
        self.looks = 0
        self.refuses = False
        self.source = source
        self._looks_left = 0
        self._started_wh = 0.0
        self._records: dict[int, str] = {}
        self._states = dict.fromkeys(REASONS, INVALID)
        self._signing = [0] * (2 + SIGNING_LENGTH)
        self._signing[:2] = bsm.SIGNING_ID, SIGNING_LENGTH
        key = signer.public_key
        self._put_text(bsm.KEY_OFFSET + 2, key + b"\0" * (len(key) % 2))
        self._signing[bsm.KEY_OFFSET : bsm.KEY_OFFSET + 2] = (len(key) + 1) // 2, len(key)

    def lose_power(self) -> None:
        """What is not kept: the time and whose transaction it is. Registers, pages and records are kept."""
        self.signer.utc_s = None
        self._signing[bsm.EPOCH_OFFSET : bsm.KEY_OFFSET] = [0] * (bsm.KEY_OFFSET - bsm.EPOCH_OFFSET)
        self._states = {kind: INVALID if state == bsm.UPDATING else state for kind, state in self._states.items()}

    def registers(self, request: ReadRequest) -> Sequence[int] | None:
        """The registers that were asked for; None when one of them is not there."""
        start, image = request.address - BASE, self._image()
        if request.function != READ_HOLDING or start < 0 or start + request.count > len(image):
            return None
        for kind in REASONS:
            if request == ReadRequest(READ_HOLDING, BASE + self._snapshot_at(kind) + bsm.STATE_OFFSET, 1):
                self._look(kind)
        return image[start : start + request.count]

    def write(self, address: int, words: Sequence[int]) -> bool:
        """Time and user, or the order to take a snapshot."""
        start = address - BASE
        at = self._signing_at()
        if at + bsm.EPOCH_OFFSET <= start and start + len(words) <= at + bsm.KEY_OFFSET:
            self._signing[start - at : start - at + len(words)] = words
            if start == at + bsm.EPOCH_OFFSET:
                (seconds,) = struct.unpack(">I", struct.pack(">2H", *words[:2]))
                self.signer.set_clock(float(seconds), self.source().taken_mono_s)
            return True
        for kind in REASONS:
            if start == self._snapshot_at(kind) + bsm.STATE_OFFSET and list(words) == [bsm.UPDATING]:
                self._states[kind] = bsm.UPDATING
                self._looks_left = self.looks
                return True
        return False

    def _look(self, kind: int) -> None:
        """Somebody asks whether the snapshot is made."""
        if self._states[kind] != bsm.UPDATING:
            return
        if self.refuses:
            self._states[kind] = 3
        elif self._looks_left:
            self._looks_left -= 1
        else:
            self._take(kind)

    def _take(self, kind: int) -> None:
        sample = self.source()
        total_wh = sample.energy_import_wh
        self.signer.tick(sample.taken_mono_s)
        if REASONS[kind] == "B":
            self._started_wh = total_wh
        reading = self.signer.readings(REASONS[kind], total_wh - self._started_wh, total_wh)
        user = self._text(bsm.META1_OFFSET, bsm.META1_WORDS)
        place = self._text(bsm.META1_OFFSET + bsm.META1_WORDS, bsm.META2_WORDS)
        self._records[kind] = self.signer.record([reading], user, place)
        self._states[kind] = bsm.VALID

    def _text(self, offset: int, count: int) -> str:
        return sunspec.text(self._signing[offset : offset + count])

    def _put_text(self, offset: int, content: bytes) -> None:
        self._signing[offset : offset + len(content) // 2] = struct.unpack(f">{len(content) // 2}H", content)

    # Where what lies, by the lengths of what comes before it

    def _image(self) -> list[int]:
        sample = self.source()
        words = [*sunspec.MARK, *common(sample.serial or ""), 10, 4, *[0] * 4, 17, 12, *[0] * 12]
        words += sunspec.encode(203, values_of(sample), SCALES)
        words += [*self._signing, 64902, 20, *[0] * 20]
        for kind, state in self._states.items():
            words += [bsm.SNAPSHOT_ID, SNAPSHOT_LENGTH, kind, state, *[0] * (SNAPSHOT_LENGTH - 2)]
        for kind, state in self._states.items():
            content = self._records.get(kind, "").encode().ljust(2 * bsm.OCMF_WORDS, b"\0")
            words += [bsm.OCMF_ID, OCMF_LENGTH, kind, state, *struct.unpack(f">{bsm.OCMF_WORDS}H", content)]
        return [*words, sunspec.END_ID, 0]

    @staticmethod
    def _signing_at() -> int:
        return 197

    @staticmethod
    def _snapshot_at(kind: int) -> int:
        return 521 + kind * (2 + SNAPSHOT_LENGTH)
