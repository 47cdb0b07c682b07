"""Contracts of cars, and the charger's own certificate towards them (ISO15118Ctrlr)."""

from __future__ import annotations

from typing import Final

from agent.ocpp.settings.rows import flag, text

PNC_ENABLED: Final = flag("ISO15118Ctrlr.PnCEnabled", "ISO15118PnCEnabled", default=True)
V2G_CERTIFICATE_INSTALLATION: Final = flag("ISO15118Ctrlr.V2GCertificateInstallationEnabled", None, default=True)
CONTRACT_CERTIFICATE_INSTALLATION: Final = flag(
    "ISO15118Ctrlr.ContractCertificateInstallationEnabled", None, default=True
)
REQUEST_METERING_RECEIPT: Final = flag("ISO15118Ctrlr.RequestMeteringReceipt", None, default=False)
SECC_ID: Final = text("ISO15118Ctrlr.SeccId", None, "", maximum=64)  # empty: the serial number; X.520: 64 at most
COUNTRY_NAME: Final = text("ISO15118Ctrlr.CountryName", None, "", maximum=2)
V2G_ORGANIZATION_NAME: Final = text("ISO15118Ctrlr.OrganizationName", None, "", maximum=64)  # empty: SecurityCtrlr's
