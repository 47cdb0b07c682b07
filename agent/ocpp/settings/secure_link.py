"""Security of the link, and which CSMS it leads to (SecurityCtrlr, and OCPPCommCtrlr's network profiles)."""

from __future__ import annotations

from typing import Final

from agent.ocpp.network import HIGHEST_PROFILE, SLOTS
from agent.ocpp.setting import Access
from agent.ocpp.settings.rows import DAY_S, count, flag, integer, limit, seconds, sequence, text

MAX_ROOTS: Final = 100  # our policy: of all uses together
MAX_CHAIN: Final = 10_000  # characters of CertificateSigned's certificateChain

SECURITY_PROFILE: Final = integer(
    "SecurityCtrlr.SecurityProfile",
    "SecurityProfile",
    0,
    maximum=HIGHEST_PROFILE,
    access=Access.READ_ONLY,
    access16=Access.READ_WRITE,
    derived=True,
)
BASIC_AUTH_PASSWORD: Final = text(
    "SecurityCtrlr.BasicAuthPassword", "AuthorizationKey", "", maximum=40, access=Access.WRITE_ONLY, derived=True
)
IDENTITY: Final = text("SecurityCtrlr.Identity", None, "", maximum=48, access=Access.READ_ONLY, derived=True)
ORGANIZATION_NAME: Final = text("SecurityCtrlr.OrganizationName", "CpoName", "", maximum=64)
CERTIFICATE_ENTRIES: Final = count("SecurityCtrlr.CertificateEntries", None, MAX_ROOTS)
CERTIFICATE_STORE_MAX: Final = limit(None, MAX_ROOTS, "CertificateStoreMaxLength")
MAX_CHAIN_SIZE: Final = limit("SecurityCtrlr.MaxCertificateChainSize", MAX_CHAIN, "CertificateSignedMaxChainSize")
ADDITIONAL_ROOT_CHECK: Final = flag(
    "SecurityCtrlr.AdditionalRootCertificateCheck",
    "AdditionalRootCertificateCheck",
    default=False,
    access=Access.READ_ONLY,
)
CERT_SIGNING_WAIT_MINIMUM: Final = seconds(
    "SecurityCtrlr.CertSigningWaitMinimum", "CertSigningWaitMinimum", 60, minimum=1, maximum=DAY_S
)
CERT_SIGNING_REPEAT_TIMES: Final = integer(
    "SecurityCtrlr.CertSigningRepeatTimes", "CertSigningRepeatTimes", 5, maximum=20
)
ALLOW_DOWNGRADE: Final = flag(
    "SecurityCtrlr.AllowSecurityProfileDowngrade", None, default=False, access=Access.READ_ONLY
)
ALLOW_WILDCARDS: Final = flag("SecurityCtrlr.AllowCSMSTLSWildcards", None, default=False)

NETWORK_PRIORITY: Final = sequence(
    "OCPPCommCtrlr.NetworkConfigurationPriority",
    None,
    ("0",),
    tuple(str(slot) for slot in SLOTS),
    minimum=1,
    derived=True,
)
ACTIVE_NETWORK_PROFILE: Final = integer(
    "OCPPCommCtrlr.ActiveNetworkProfile", None, 0, access=Access.READ_ONLY, derived=True
)
CONNECTION_ATTEMPTS: Final = integer("OCPPCommCtrlr.NetworkProfileConnectionAttempts", None, 3, minimum=1, maximum=100)
