"""Where transactions begin and end (TxCtrlr)."""

from __future__ import annotations

from typing import Final

from agent.core.values import TxPoint
from agent.ocpp.setting import Access
from agent.ocpp.settings.rows import flag, integer, members, seconds

START_POINTS: Final = tuple(one.value for one in TxPoint)
STOP_POINTS: Final = tuple(one for one in START_POINTS if one != TxPoint.DATA_SIGNED)  # errata 2025-09, 2.24

EV_CONNECTION_TIMEOUT: Final = seconds("TxCtrlr.EVConnectionTimeOut", "ConnectionTimeOut", 60)
TX_START_POINT: Final = members(
    "TxCtrlr.TxStartPoint", None, (TxPoint.POWER_PATH_CLOSED.value,), START_POINTS, minimum=1
)
TX_STOP_POINT: Final = members(
    "TxCtrlr.TxStopPoint",
    None,
    (TxPoint.AUTHORIZED.value,),
    STOP_POINTS,
    minimum=1,  # the cable has a key of its own
)
STOP_TX_ON_EV_SIDE_DISCONNECT: Final = flag(
    "TxCtrlr.StopTxOnEVSideDisconnect", "StopTransactionOnEVSideDisconnect", default=True
)
STOP_TX_ON_INVALID_ID: Final = flag("TxCtrlr.StopTxOnInvalidId", "StopTransactionOnInvalidId", default=True)
MAX_ENERGY_ON_INVALID_ID: Final = integer("TxCtrlr.MaxEnergyOnInvalidId", "MaxEnergyOnInvalidId", 0, unit="Wh")
# Our policy: a charger charges by its own rules from its first day, unless the operator wants to be asked first.
TX_BEFORE_ACCEPTED: Final = flag("TxCtrlr.TxBeforeAcceptedEnabled", "TxBeforeAcceptedEnabled", default=True)
# Ours: no specification names these three.
ACCEPTED_BEFORE: Final = flag(
    "OCPPCommCtrlr.AcceptedBefore", "AcceptedBefore", default=False, access=Access.READ_ONLY, derived=True
)
RESUME_AFTER_POWER_LOSS: Final = flag("TxCtrlr.ResumeAfterPowerLoss", "ResumeAfterPowerLoss", default=False)
METER_GRACE_PERIOD: Final = seconds("TxCtrlr.MeterGracePeriod", "MeterGracePeriod", 60)
