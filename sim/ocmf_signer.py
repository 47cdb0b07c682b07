"""The part of a simulated meter that signs: ECDSA on P-256 over OCMF payloads, with a page counter that outlives power.

Its symptoms are those of a meter that was tampered with: `tamper` changes a value after it was signed, `skip_page`
leaves out a page, as if a record had been taken away.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from typing import Any

SECONDS_OF_2022 = 1_640_995_200  # where a meter's clock begins that nobody has set


class OcmfSigner:
    """Makes records. One `seed` makes one key and, signing being deterministic, the same bytes in every run."""

    def __init__(self, serial: str, seed: str = "simulated meter") -> None:
        # Only a meter that signs loads it: every simulated charger has this module.
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        secret = int.from_bytes(hashlib.sha256(f"{seed} {serial}".encode()).digest(), "big")
        curve = ec.SECP256R1()
        self._key = ec.derive_private_key(secret % (curve.group_order - 1) + 1, curve)
        self._algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        self._serial = serial
        self.page = 0
        self.tamper = False
        self.skip_page = False
        self._mono_s = 0.0
        self.utc_s: float | None = None  # None: the clock has not been set since power came

    def set_clock(self, utc_s: float, mono_s: float) -> None:
        """Somebody tells the time; from now on the clock runs."""
        self.utc_s, self._mono_s = utc_s, mono_s

    def tick(self, mono_s: float) -> None:
        """It is this moment now."""
        if self.utc_s is not None:
            self.set_clock(self.utc_s + mono_s - self._mono_s, mono_s)

    @property
    def public_key(self) -> bytes:
        """DER, as it is printed on the meter."""
        from cryptography.hazmat.primitives import serialization

        public = self._key.public_key()
        return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def readings(self, reason: str, energy_wh: float, total_wh: float) -> dict[str, Any]:
        """One reading: the energy of this transaction, and what the register shows."""
        return {
            "TM": self._time(),
            "TX": reason,
            "RV": _Kwh(energy_wh),
            "RI": "1-0:1.8.0*198",
            "RU": "kWh",
            "XV": _Kwh(total_wh),
            "XI": "1-0:1.8.0*255",
            "XU": "kWh",
            "RT": "AC",
            "EF": "" if self.utc_s is not None else "t",
            "ST": "G",
        }

    def record(self, readings: list[dict[str, Any]], user: str, place: str) -> str:
        """A signed record of these readings."""
        self.page += 2 if self.skip_page else 1
        payload = {
            "FV": "1.0",
            "GI": "Simulated",
            "GS": self._serial,
            "PG": f"T{self.page}",
            "MS": self._serial,
            "IS": bool(user),
            "IT": "UNDEFINED" if user else "NONE",
            "ID": user,
            "X2": place,
            "RD": readings,
        }
        text = _json(payload)
        signature = self._key.sign(text.encode(), self._algorithm).hex()
        if self.tamper:
            text = text.replace('"RV":', '"RV":1', 1)
        return f'OCMF|{text}|{{"SA":"ECDSA-secp256r1-SHA256","SD":"{signature}"}}'

    def _time(self) -> str:
        """The meter's clock: S is synchronised, U unknown (OCMF table 19)."""
        utc_s = SECONDS_OF_2022 if self.utc_s is None else self.utc_s
        at = datetime.fromtimestamp(utc_s, timezone(timedelta(0)))
        return at.strftime("%Y-%m-%dT%H:%M:%S,000%z ") + ("U" if self.utc_s is None else "S")


class _Kwh(float):
    """A number of watt-hours that is written as kWh with three decimals."""


def _json(value: Any) -> str:
    """JSON in which numbers keep their decimals."""
    match value:
        case _Kwh():
            return f"{value / 1000.0:.3f}"
        case dict():
            return "{" + ",".join(f"{_json(key)}:{_json(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_json, value)) + "]"
        case _:
            return json.dumps(value)
