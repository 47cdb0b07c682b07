"""What checks of `hal.conformance` need: hands for a car, and parts that not every EVSE has."""

from __future__ import annotations

from typing import Final

from hal import signing
from hal.conformance import Act, Unless
from hal.iec61851 import MAX_CURRENT_A
from hal.types import Signs

CAR: Final = frozenset({Act.UNPLUG, Act.PLUG, Act.ASK})

NO_METER: Final = Unless("it has no meter", lambda it: it.meter is None)
NO_LOCK: Final = Unless("it has no lock", lambda it: it.lock is None)
NO_RCD: Final = Unless("it has no residual-current monitor of its own", lambda it: it.rcd is None)
NO_PHASE_SWITCH: Final = Unless("it switches no phases", lambda it: it.phase_switch is None)
NO_REPEATS: Final = Unless("it tells changes of its pilot only", lambda it: it.capabilities.cp_repeat_s is None)
GIVES_DC: Final = Unless("it gives direct current", lambda it: it.capabilities.dc is not None)
NO_OFFER_APART: Final = Unless("it offers and closes in one", lambda it: it.capabilities.permit_first)
VENTILATED: Final = Unless("it has ventilation", lambda it: it.capabilities.has_ventilation)
CARRIES_ALL: Final = Unless(
    "it carries all that a pilot can offer", lambda it: it.capabilities.max_current_a >= MAX_CURRENT_A
)

GIVES_AC: Final = Unless("it gives no direct current", lambda it: it.capabilities.dc is None)
SIGNS_NOTHING: Final = Unless("it has no meter that signs", lambda it: signing.ability(it.meter) is Signs.NOTHING)
