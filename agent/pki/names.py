"""What certificates are for, and what they are called in OCPP. Pure, and without `cryptography`."""

from __future__ import annotations

import enum
from typing import Final

import msgspec


class RootUse(enum.StrEnum):
    """What a trusted root is trusted with; the words are 2.x's, 1.6 has others for the first."""

    CSMS = "CSMSRootCertificate"
    MANUFACTURER = "ManufacturerRootCertificate"
    MO = "MORootCertificate"
    V2G = "V2GRootCertificate"
    OEM = "OEMRootCertificate"


SECC_DOMAIN: Final = "CPO"  # ISO 15118-2 annex F: the DC of a charger's certificate towards cars


class LeafUse(enum.StrEnum):
    """What a certificate of the station's own is for: the link to its CSMS, the link to the vehicle, or both.

    The words are 2.x's, which has none for the last (A00.FR.428): there the type is left out.
    """

    STATION = "ChargingStationCertificate"
    V2G = "V2GCertificate"
    COMBINED = "CombinedCertificate"


class HashAlgorithm(enum.StrEnum):
    """How certificates are named in OCPP."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class CertificateError(ValueError):
    """Text that is no certificate, no chain, no key or no request; says which."""


class HashData(msgspec.Struct, frozen=True):
    """A certificate's name in OCPP: hexadecimal, as RFC 6960 4.1.1 has it; the serial without leading zeros."""

    algorithm: HashAlgorithm
    issuer_name_hash: str
    issuer_key_hash: str
    serial: str

    def names_the_same(self, other: HashData) -> bool:
        """CiStrings; and some write serial numbers with the zeros that ought not to be there."""
        return self._folded() == other._folded()

    def _folded(self) -> tuple[str, str, str, str]:
        serial = self.serial.casefold().lstrip("0")
        return self.algorithm, self.issuer_name_hash.casefold(), self.issuer_key_hash.casefold(), serial


class Subject(msgspec.Struct, frozen=True):
    """Who a certificate is to be made out to. `domain`: whose side of ISO 15118 it is on (annex F), empty for none.

    The CN is the serial number (A00.FR.511), or the SECC's id for the vehicle's side; the O is the operator's name.
    """

    common_name: str
    organization: str = ""
    country: str = ""
    domain: str = ""
