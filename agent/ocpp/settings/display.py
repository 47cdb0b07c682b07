"""What the displays can show (DisplayMessageCtrlr) and what they say of money (TariffCostCtrlr)."""

from __future__ import annotations

from typing import Final

from agent.ocpp.setting import MAX_TEXT, Access
from agent.ocpp.settings.rows import available, count, flag, integer, members, text

MAX_MESSAGES: Final = 50  # our policy: messages that are kept at a time
FORMATS: Final = ("ASCII", "UTF8")  # of MessageFormatEnumType
PRIORITIES: Final = ("AlwaysFront", "InFront", "NormalCycle")  # MessagePriorityEnumType
PERSONAL_SIZE: Final = 512  # 2.0.1 MessageContentType.content
VENDOR: Final = "org.openchargealliance.costmsg"  # OCPP & California Pricing Requirements, 3

DISPLAY_AVAILABLE: Final = available("DisplayMessageCtrlr")
DISPLAY_ENABLED: Final = flag("DisplayMessageCtrlr.Enabled", None, default=True)
DISPLAY_MESSAGES: Final = count("DisplayMessageCtrlr.DisplayMessages", None, MAX_MESSAGES)
PERSONAL_MESSAGE_SIZE: Final = integer(
    "DisplayMessageCtrlr.PersonalMessageSize", None, PERSONAL_SIZE, access=Access.READ_ONLY, derived=True
)
SUPPORTED_FORMATS: Final = members(
    "DisplayMessageCtrlr.SupportedFormats", None, FORMATS, FORMATS, access=Access.READ_ONLY, derived=True
)
SUPPORTED_PRIORITIES: Final = members(
    "DisplayMessageCtrlr.SupportedPriorities", None, PRIORITIES, PRIORITIES, access=Access.READ_ONLY, derived=True
)

TARIFF_AVAILABLE: Final = available("TariffCostCtrlr", "Tariff")
TARIFF_ENABLED: Final = flag("TariffCostCtrlr.Enabled[Tariff]", None, default=True)
TARIFF_FALLBACK: Final = text("TariffCostCtrlr.TariffFallbackMessage", None, "", maximum=255)
COST_AVAILABLE: Final = available("TariffCostCtrlr", "Cost")
COST_ENABLED: Final = flag("TariffCostCtrlr.Enabled[Cost]", None, default=True)
COST_FALLBACK: Final = text("TariffCostCtrlr.TotalCostFallbackMessage", None, "", maximum=255)
CURRENCY: Final = text("TariffCostCtrlr.Currency", None, "EUR", maximum=3)
COST_DECIMALS: Final = integer(
    "TariffCostCtrlr.NumberOfDecimalsForCostValues", "NumberOfDecimalsForCostValues", 2, maximum=6
)

# 1.6: "OCPP & California Pricing Requirements", 3
CUSTOM_COSTS: Final = flag(
    f"CustomizationCtrlr.CustomImplementationEnabled[{VENDOR}]", "CustomDisplayCostAndPrice", default=True
)
DEFAULT_PRICE: Final = text(None, "DefaultPrice", "", maximum=MAX_TEXT, json=True)
