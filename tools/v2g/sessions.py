"""The sessions of the matrix: what either side is told, what must be seen on the cable, and who cannot do it and why.

What EcoG's package cannot do is told by the place in its code (0.31.2) and the clause that it leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

AC: Final = "AC_three_phase_core"
DC: Final = "DC_extended"
# EcoG's simulated supply always measures 1 V: a battery that is near enough (within 20 V).
LOW_BATTERY: Final = ("--dc", "--volts", "20")

NEVER_ASKS: Final = (
    "EcoG's charger never wants anything of a car while it charges: EVSENotification is always None "
    "(secc/controller/simulator.py, get_ac_evse_status and get_dc_evse_status)"
)
HEEDS_NO_WISH: Final = (
    "EcoG's DC car heeds StopCharging alone (evcc/states/iso15118_2_states.py, CurrentDemand): the wish of [V2G2-680] "
    "is passed over. Ours asks no DC car: each answer to a demand has the limits of the moment"
)
NO_OWN_WISH: Final = (
    "EcoG's car renegotiates when the charger asks it to, never by its own wish (evcc/states/iso15118_2_states.py)"
)
NO_RECEIPTS: Final = (
    "EcoG's charger never wants a receipt (ReceiptRequired is False in secc/states/iso15118_2_states.py)"
)
NO_UPDATE: Final = (
    "EcoG's package has no CertificateUpdate: its charger offers installation only, its car asks for no other"
)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `theirs`: EcoG's car's configuration; `charger`: what our charger is told; `ours`: what our car is told.

    `car_cannot`, `charger_cannot`: why EcoG's car, or its charger, takes no part. `settings`: of EcoG's car.
    `remark`: what is not as it would be between strangers. `billed`: our charger is a whole station with its CSMS.
    """

    what: str
    theirs: Mapping[str, Any]
    charger: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    seen: tuple[str, ...] = ("charged",)
    settings: Mapping[str, str] = {}
    car_cannot: str = ""
    charger_cannot: str = ""
    remark: str = ""
    billed: bool = False


def _din() -> dict[str, Any]:
    return {"supportedProtocols": ["DIN_SPEC_70121"], "energyTransferMode": DC, "useTls": False}


def _iso2(mode: str, *, tls: bool = False, install: bool = False) -> dict[str, Any]:
    return {
        "supportedProtocols": ["ISO_15118_2"],
        "energyTransferMode": mode,
        "useTls": tls,
        "isCertInstallNeeded": install,
    }


KEPT_NOWHERE: Final = "EcoG's car opens the contract that it is given and pays with the one that it had"
PAUSED: Final = "EcoG's car cannot pause by itself: the tool has it say Pause for Terminate, and come back with the id"
SESSIONS: Final[Mapping[str, Session]] = MappingProxyType(
    {
        "din_dc": Session(
            what="DIN 70121, DC", theirs=_din(), charger=("--dc",), ours=("--din", *LOW_BATTERY), seen=("charged",)
        ),
        "iso2_ac": Session(what="-2, AC, external payment", theirs=_iso2(AC)),
        "iso2_ac_station": Session(
            what="-2, AC, external payment, a whole station",
            theirs=_iso2(AC) | {"chargeLoopDelay": 1},
            charger_cannot="the same as -2, AC, external payment",
            billed=True,
        ),
        "iso2_dc": Session(what="-2, DC, external payment", theirs=_iso2(DC), charger=("--dc",), ours=LOW_BATTERY),
        "din_dc_station": Session(
            what="DIN 70121, DC, a whole station",
            theirs=_din() | {"chargeLoopDelay": 3, "chargeLoopCycle": 10},
            charger=("--dc",),
            charger_cannot="the same as DIN 70121, DC",
            billed=True,
        ),
        "iso2_dc_station": Session(
            what="-2, DC, external payment, a whole station",
            theirs=_iso2(DC) | {"chargeLoopDelay": 3, "chargeLoopCycle": 10},
            charger=("--dc",),
            charger_cannot="the same as -2, DC, external payment",
            billed=True,
        ),
        "iso2_ac_contract": Session(
            what="-2, AC, contract in TLS",
            theirs=_iso2(AC, tls=True),
            charger=("--tls",),
            ours=("--contract",),
            seen=("charged", "contract"),
        ),
        "iso2_dc_contract": Session(
            what="-2, DC, contract in TLS",
            theirs=_iso2(DC, tls=True),
            charger=("--tls", "--dc"),
            ours=("--contract", *LOW_BATTERY),
            seen=("charged", "contract"),
        ),
        "iso2_ac_install": Session(
            what="-2, AC, contract installed first",
            theirs=_iso2(AC, tls=True, install=True),
            charger=("--tls",),
            ours=("--install",),
            seen=("charged", "contract", "installed"),
            remark=KEPT_NOWHERE,
        ),
        "iso2_dc_install": Session(
            what="-2, DC, contract installed first",
            theirs=_iso2(DC, tls=True, install=True),
            charger=("--tls", "--dc"),
            ours=("--install", *LOW_BATTERY),
            seen=("charged", "contract", "installed"),
            remark=KEPT_NOWHERE,
        ),
        "iso2_ac_receipts": Session(
            what="-2, AC, contract, a reading signed",
            theirs=_iso2(AC, tls=True),
            charger=("--tls", "--receipts"),
            seen=("charged", "contract", "receipts"),
            charger_cannot=NO_RECEIPTS,
        ),
        "iso2_ac_pause": Session(
            what="-2, AC, paused and resumed",
            theirs=_iso2(AC),
            ours=("--pause",),
            seen=("charged", "resumed"),
            settings={"EVCC_SAYS_PAUSE": "yes"},
            remark=PAUSED,
        ),
        "iso2_dc_pause": Session(
            what="-2, DC, paused and resumed",
            theirs=_iso2(DC),
            charger=("--dc",),
            ours=("--pause", *LOW_BATTERY),
            seen=("charged", "resumed"),
            settings={"EVCC_SAYS_PAUSE": "yes"},
            remark=PAUSED,
        ),
        "iso2_ac_asked": Session(
            what="-2, AC, the charger renegotiates",
            theirs=_iso2(AC),
            charger=("--wish", "ReNegotiation"),
            seen=("charged", "asked to", "renegotiated"),
            charger_cannot=NEVER_ASKS,
        ),
        "iso2_dc_asked": Session(
            what="-2, DC, the charger renegotiates",
            theirs=_iso2(DC),
            seen=("charged", "asked to", "renegotiated"),
            car_cannot=HEEDS_NO_WISH,
            charger_cannot=NEVER_ASKS,
        ),
        "iso2_ac_wishes": Session(
            what="-2, AC, the car renegotiates",
            theirs=_iso2(AC),
            ours=("--renegotiate",),
            seen=("charged", "renegotiated"),
            car_cannot=NO_OWN_WISH,
        ),
        "iso2_dc_wishes": Session(
            what="-2, DC, the car renegotiates",
            theirs=_iso2(DC),
            ours=("--renegotiate", *LOW_BATTERY),
            seen=("charged", "renegotiated"),
            car_cannot=NO_OWN_WISH,
        ),
        "iso2_ac_stopped": Session(
            what="-2, AC, the charger stops the car",
            theirs=_iso2(AC),
            charger=("--wish", "StopCharging"),
            seen=("told to stop",),
            charger_cannot=NEVER_ASKS,
        ),
        "iso2_dc_stopped": Session(
            what="-2, DC, the charger stops the car",
            theirs=_iso2(DC),
            charger=("--dc", "--wish", "StopCharging"),
            seen=("told to stop",),
            charger_cannot=NEVER_ASKS,
        ),
        "iso2_update": Session(
            what="-2, a contract renewed",
            theirs=_iso2(AC, tls=True),
            seen=("charged",),
            car_cannot=NO_UPDATE,
            charger_cannot=NO_UPDATE,
        ),
    }
)
