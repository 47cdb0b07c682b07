"""Who may charge (AuthCtrlr), and what is remembered of it (AuthCacheCtrlr, LocalAuthListCtrlr)."""

from __future__ import annotations

from typing import Final

from agent.ocpp.settings.rows import flag, text

# FreeVend and its token are ours.
AUTH_ENABLED: Final = flag("AuthCtrlr.Enabled", "FreeVend", default=True, inverted16=True)
FREE_VEND_TOKEN: Final = text("AuthCtrlr.FreeVendIdToken", "FreeVendIdTag", "free", minimum=1, maximum=20)
AUTHORIZE_REMOTE_START: Final = flag("AuthCtrlr.AuthorizeRemoteStart", "AuthorizeRemoteTxRequests", default=False)
LOCAL_AUTHORIZE_OFFLINE: Final = flag("AuthCtrlr.LocalAuthorizeOffline", "LocalAuthorizeOffline", default=True)
LOCAL_PRE_AUTHORIZE: Final = flag("AuthCtrlr.LocalPreAuthorize", "LocalPreAuthorize", default=False)
OFFLINE_TX_FOR_UNKNOWN_ID: Final = flag(
    "AuthCtrlr.OfflineTxForUnknownIdEnabled", "AllowOfflineTxForUnknownId", default=False
)
AUTH_CACHE_ENABLED: Final = flag("AuthCacheCtrlr.Enabled", "AuthorizationCacheEnabled", default=True)
LOCAL_AUTH_LIST_ENABLED: Final = flag("LocalAuthListCtrlr.Enabled", "LocalAuthListEnabled", default=True)
