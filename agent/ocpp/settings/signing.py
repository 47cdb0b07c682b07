"""What a signing meter signs, and what of it the CSMS is told (Signed Meter Values in OCPP 1.0, 3.3 and 4.3).

A station whose meters sign nothing has none of these; see `agent.signatures`.
"""

from __future__ import annotations

from typing import Final

from agent.ocpp.public_keys import KeyTold
from agent.ocpp.setting import Access, Setting
from agent.ocpp.settings.rows import flag, option, text

SAMPLED_SIGN: Final = flag("SampledDataCtrlr.SignReadings", "SampledDataSignReadings", default=False)
SAMPLED_SIGN_STARTED: Final = flag(
    "SampledDataCtrlr.SignStartedReadings", "SampledDataSignStartedReadings", default=False
)
SAMPLED_SIGN_UPDATED: Final = flag(
    "SampledDataCtrlr.SignUpdatedReadings", "SampledDataSignUpdatedReadings", default=False
)
ALIGNED_SIGN: Final = flag("AlignedDataCtrlr.SignReadings", "AlignedDataSignReadings", default=False)
ALIGNED_SIGN_UPDATED: Final = flag(
    "AlignedDataCtrlr.SignUpdatedReadings", "AlignedDataSignUpdatedReadings", default=False
)
PUBLIC_KEY_TOLD: Final = option(
    "OCPPCommCtrlr.PublicKeyWithSignedMeterValue",
    "PublicKeyWithSignedMeterValue",
    KeyTold.ONCE.value,
    tuple(one.value for one in KeyTold),
)


def meter_public_key(connector: int) -> Setting[str]:
    """1.6's key for the meter of a connector (3.3.1); 2.x has FiscalMetering.PublicKey."""
    return text(None, f"MeterPublicKey{connector}", "", access=Access.READ_ONLY, derived=True)
