"""The link to the CSMS, and how messages travel over it (OCPPCommCtrlr)."""

from __future__ import annotations

from typing import Final

from agent.ocpp.setting import Access
from agent.ocpp.settings.rows import DAY_S, flag, integer, members, seconds

MAX_DOUBLINGS: Final = 20  # our policy: a back-off that has doubled twenty times is longer than a week

HEARTBEAT_INTERVAL: Final = seconds("OCPPCommCtrlr.HeartbeatInterval", "HeartbeatInterval", 300, minimum=1)
WEBSOCKET_PING_INTERVAL: Final = seconds("OCPPCommCtrlr.WebSocketPingInterval", "WebSocketPingInterval", 30)
RETRY_BACK_OFF_WAIT_MINIMUM: Final = seconds(
    "OCPPCommCtrlr.RetryBackOffWaitMinimum", "RetryBackOffWaitMinimum", 10, minimum=1, maximum=DAY_S
)
RETRY_BACK_OFF_RANDOM_RANGE: Final = seconds(
    "OCPPCommCtrlr.RetryBackOffRandomRange", "RetryBackOffRandomRange", 10, maximum=DAY_S
)
RETRY_BACK_OFF_REPEAT_TIMES: Final = integer(
    "OCPPCommCtrlr.RetryBackOffRepeatTimes", "RetryBackOffRepeatTimes", 5, maximum=MAX_DOUBLINGS
)
MESSAGE_TIMEOUT: Final = seconds(  # 1.6: errata 3.83; in 2.x a network profile brings it
    "OCPPCommCtrlr.MessageTimeout[Default]",
    "MessageTimeout",
    30,
    minimum=1,
    maximum=DAY_S,
    access=Access.READ_ONLY,
    access16=Access.READ_WRITE,
)
MESSAGE_ATTEMPTS: Final = integer(
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]", "TransactionMessageAttempts", 3, minimum=1
)
MESSAGE_ATTEMPT_INTERVAL: Final = seconds(
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]", "TransactionMessageRetryInterval", 60
)
OFFLINE_THRESHOLD: Final = seconds("OCPPCommCtrlr.OfflineThreshold", None, 60)
RESET_RETRIES: Final = integer("OCPPCommCtrlr.ResetRetries", "ResetRetries", 1, maximum=10)
FILE_TRANSFER_PROTOCOLS: Final = members(
    "OCPPCommCtrlr.FileTransferProtocols",
    "SupportedFileTransferProtocols",
    (),
    ("FTP", "FTPS", "HTTP", "HTTPS", "SFTP"),
    access=Access.READ_ONLY,
    derived=True,
)
UNLOCK_ON_EV_SIDE_DISCONNECT: Final = flag(
    "OCPPCommCtrlr.UnlockOnEVSideDisconnect", "UnlockConnectorOnEVSideDisconnect", default=True
)
