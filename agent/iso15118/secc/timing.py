"""The timers of the SECC, in seconds. Clauses: ISO 15118-2 (8.7.2, tables 109 to 111), DIN SPEC 70121 (table 75)."""

from __future__ import annotations

from typing import Final

SETUP_S: Final = 18.0  # V2G_SECC_CommunicationSetup_Performance_Time: from the plug to SessionSetupRes
SEQUENCE_S: Final = 60.0  # V2G_SECC_Sequence_Timeout: a car that has our answer sends its next request
ONGOING_S: Final = 55.0  # V2G_SECC_Ongoing_Performance_Time: how long we may go on answering Ongoing
CABLE_CHECK_S: Final = 38.0  # V2G_SECC_CableCheck_Performance_Time
PRE_CHARGE_S: Final = 5.0  # V2G_SECC_PreCharge_Performance_Time
CONTACTOR_S: Final = 3.0  # IEC 61851-1 table A.6: from state C to a closed contactor
POWER_DELIVERY_S: Final = 4.5  # V2G_SECC_Msg_Performance_Time of PowerDeliveryRes
CERTIFICATE_S: Final = 4.5  # V2G_SECC_Msg_Performance_Time of CertificateInstallationRes and CertificateUpdateRes
RECEIPT_S: Final = 60.0  # our policy: how long a car's receipt does before the next one is asked for
LINGER_S: Final = 5.0  # [V2G2-025]: how long the connection may outlive the last answer
