"""Who may charge (AuthCtrlr), and what is remembered of it (AuthCacheCtrlr, LocalAuthListCtrlr)."""

from __future__ import annotations

from typing import Final

from agent.core.token_cache import Policy
from agent.ocpp.setting import Access
from agent.ocpp.settings.rows import available, count, flag, limit, option, seconds, text

MAX_LIST: Final = 5_000  # our policy: tokens in the local list; about a megabyte of the journal
MAX_LIST_ITEMS: Final = 200  # our policy: tokens in one SendLocalList
MAX_LIST_BYTES: Final = 65_536  # our policy: of one SendLocalList
MAX_CACHE_BYTES: Final = 131_072  # our policy: about a thousand tokens

# FreeVend and its token are ours.
AUTH_ENABLED: Final = flag("AuthCtrlr.Enabled", "FreeVend", default=True, inverted16=True)
FREE_VEND_TOKEN: Final = text("AuthCtrlr.FreeVendIdToken", "FreeVendIdTag", "free", minimum=1, maximum=20)
AUTHORIZE_REMOTE_START: Final = flag("AuthCtrlr.AuthorizeRemoteStart", "AuthorizeRemoteTxRequests", default=False)
LOCAL_AUTHORIZE_OFFLINE: Final = flag("AuthCtrlr.LocalAuthorizeOffline", "LocalAuthorizeOffline", default=True)
LOCAL_PRE_AUTHORIZE: Final = flag("AuthCtrlr.LocalPreAuthorize", "LocalPreAuthorize", default=False)
OFFLINE_TX_FOR_UNKNOWN_ID: Final = flag(
    "AuthCtrlr.OfflineTxForUnknownIdEnabled", "AllowOfflineTxForUnknownId", default=False
)
NEVER_ASK: Final = flag("AuthCtrlr.DisableRemoteAuthorization", None, default=False)
# In 1.6 this key is ours: a parentIdTag is its group.
MASTER_PASS_GROUP: Final = text("AuthCtrlr.MasterPassGroupId", "MasterPassGroupId", "", maximum=36)

CONTRACT_VALIDATION_OFFLINE: Final = flag(
    "ISO15118Ctrlr.ContractValidationOffline", "ContractValidationOffline", default=False
)
CENTRAL_CONTRACT_VALIDATION: Final = flag(
    "ISO15118Ctrlr.CentralContractValidationAllowed", "CentralContractValidationAllowed", default=False
)

AUTH_CACHE_AVAILABLE: Final = available("AuthCacheCtrlr")
AUTH_CACHE_ENABLED: Final = flag("AuthCacheCtrlr.Enabled", "AuthorizationCacheEnabled", default=True)
AUTH_CACHE_LIFE_TIME: Final = seconds("AuthCacheCtrlr.LifeTime", None, 0)  # 0: for ever
AUTH_CACHE_POLICY: Final = option("AuthCacheCtrlr.Policy", None, Policy.LRU.value, tuple(one.value for one in Policy))
AUTH_CACHE_STORAGE: Final = count("AuthCacheCtrlr.Storage", None, MAX_CACHE_BYTES)
AUTH_CACHE_NO_QUESTION: Final = flag("AuthCacheCtrlr.DisablePostAuthorize", None, default=False)

LOCAL_AUTH_LIST_AVAILABLE: Final = available("LocalAuthListCtrlr")
LOCAL_AUTH_LIST_ENABLED: Final = flag("LocalAuthListCtrlr.Enabled", "LocalAuthListEnabled", default=True)
LOCAL_AUTH_LIST_ENTRIES: Final = count("LocalAuthListCtrlr.Entries", None, MAX_LIST)
LOCAL_AUTH_LIST_MAX_LENGTH: Final = limit(None, MAX_LIST, "LocalAuthListMaxLength")
ITEMS_PER_SEND_LOCAL_LIST: Final = limit("LocalAuthListCtrlr.ItemsPerMessage", MAX_LIST_ITEMS, "SendLocalListMaxLength")
BYTES_PER_SEND_LOCAL_LIST: Final = limit("LocalAuthListCtrlr.BytesPerMessage", MAX_LIST_BYTES)
LOCAL_AUTH_LIST_NO_QUESTION: Final = flag("LocalAuthListCtrlr.DisablePostAuthorize", None, default=False)
LOCAL_AUTH_LIST_EXPIRES: Final = flag(
    "LocalAuthListCtrlr.SupportsExpiryDateTime", None, default=True, access=Access.READ_ONLY, derived=True
)
