"""The network profiles as 2.1 has them in its device model: NetworkConfiguration, one instance for each slot (B09)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks import ACTUAL, Reason, VariableName, VariableStatus
from agent.ocpp.codec import Version
from agent.ocpp.device_model import Attribute, Variable
from agent.ocpp.network import HIGHEST_PROFILE, MAX_URL, SLOTS, PlanError, Profile, drafted, scheme_of
from agent.ocpp.passwords import MAX_PASSWORD, unfit_password
from agent.ocpp.setting import Access, DataType
from agent.ocpp.uplink import Uplink
from agent.pki.secrets import SecretError
from agent.runtime.schema import JournalError

COMPONENT: Final = "NetworkConfiguration"
PASSWORD: Final = "BasicAuthPassword"  # noqa: S105 - a name
TRANSPORT: Final = "JSON"
MAX_IDENTITY: Final = 48  # 2.1 NetworkConnectionProfileType
MAX_TIMEOUT_S: Final = 86_400  # our policy
INTERFACES: Final = (*(f"Wired{n}" for n in range(4)), *(f"Wireless{n}" for n in range(4)), "Any")
VERSIONS: Final[Mapping[str, tuple[Version, ...]]] = MappingProxyType(
    {  # of a network profile; 2.0.1 calls itself OCPP20
        "OCPP16": (Version.V16,),
        "OCPP20": (Version.V201,),
        "OCPP201": (Version.V201,),
        "OCPP21": (Version.V21, Version.V201),
    }
)
_TOLD: Final[Mapping[tuple[Version, ...], str]] = MappingProxyType(
    {versions: name for name, versions in VERSIONS.items()}
)


class NetworkModel:
    """Reads and writes the slots of the way to the CSMS."""

    def __init__(self, uplink: Uplink, changed: Callable[[int], None]) -> None:
        """`changed` hears which slot has become another."""
        self._uplink = uplink
        self._changed = changed

    def variables(self) -> Iterator[Variable]:
        """Every slot that there may be, the empty ones too (B09.FR.08)."""
        for slot in SLOTS:
            profile = self._uplink.plan.slots.get(slot)
            for name, value in _values(profile).items():
                yield _variable(slot, name, value)

    async def write(self, name: VariableName, text: str) -> tuple[VariableStatus, Reason | None]:
        """Write a variable that is writable and there (B09.FR.22-25). What is kept, is durable."""
        slot = int(name.component_instance or "")
        try:
            changes = await self._changes(name.variable.casefold(), text)
            means = await self._uplink.means()
            await self._uplink.keep(drafted(self._uplink.plan, slot, changes, means))
        except PlanError as error:
            return VariableStatus.REJECTED, Reason(error.reason)
        except ValueError:
            return VariableStatus.REJECTED, Reason.INVALID_VALUE
        except (JournalError, OSError, SecretError):
            return VariableStatus.REJECTED, Reason.INTERNAL_ERROR
        self._changed(slot)
        return VariableStatus.ACCEPTED, None

    async def _changes(self, variable: str, text: str) -> dict[str, Any]:
        """What of a profile is to become what. Raises ValueError (`PlanError` is one), OSError and `SecretError`."""
        match variable:
            case "basicauthpassword":
                problem = unfit_password(text)
                if problem:
                    raise ValueError(problem)
                return {"password": await self._uplink.keep_secret(text)}
            case "ocppcsmsurl":
                scheme_of(text)
                return {"url": text}
            case "ocppinterface":
                return {"interface": _one_of(text, INTERFACES)}
            case "ocpptransport":
                _one_of(text, (TRANSPORT,))
                return {}
            case "ocppversion":
                return {"versions": VERSIONS[_one_of(text, tuple(VERSIONS))]}
            case "messagetimeout":
                return {"message_timeout_s": _number(text, 0, MAX_TIMEOUT_S) or None}
            case "securityprofile":
                return {"security": _number(text, 1, HIGHEST_PROFILE)}
            case _:
                if len(text) > MAX_IDENTITY or ":" in text:  # A00.FR.204
                    raise ValueError("no identity")
                return {"identity": text or None}


def _values(profile: Profile | None) -> dict[str, str | None]:
    """The variables of a slot by name; None: not known, or not to be told."""
    given = profile or Profile(url="", security=0)
    return {
        "OcppCsmsUrl": given.url,
        "OcppInterface": given.interface,
        "OcppTransport": TRANSPORT,
        "OcppVersion": _TOLD.get(given.versions, ""),
        "MessageTimeout": str(given.message_timeout_s or 0),
        "SecurityProfile": str(given.security),
        "Identity": given.identity or "",
        PASSWORD: None,
        "ApnEnabled": "false",
        "VpnEnabled": "false",
    }


_KINDS: Final[Mapping[str, dict[str, Any]]] = MappingProxyType(
    {
        "OcppCsmsUrl": {"maximum": MAX_URL},
        "OcppInterface": {"type": DataType.OPTION_LIST.value, "values": INTERFACES},
        "OcppTransport": {"type": DataType.OPTION_LIST.value, "values": (TRANSPORT,)},
        "OcppVersion": {"type": DataType.OPTION_LIST.value, "values": tuple(VERSIONS)},
        "MessageTimeout": {"type": DataType.INTEGER.value, "unit": "s", "minimum": 0, "maximum": MAX_TIMEOUT_S},
        "SecurityProfile": {"type": DataType.INTEGER.value, "minimum": 0, "maximum": HIGHEST_PROFILE},
        "Identity": {"maximum": MAX_IDENTITY},
        PASSWORD: {"maximum": MAX_PASSWORD},
        "ApnEnabled": {"type": DataType.BOOLEAN.value},
        "VpnEnabled": {"type": DataType.BOOLEAN.value},
    }
)


def _variable(slot: int, name: str, value: str | None) -> Variable:
    # Modem and VPN are the operating system's (B09.FR.13); the rest may be written (B09.FR.10).
    access = Access.READ_ONLY if name in {"ApnEnabled", "VpnEnabled"} else Access.READ_WRITE
    if name == PASSWORD:
        access = Access.WRITE_ONLY
    actual = Attribute(ACTUAL, value, access, persistent=True)
    where = VariableName(COMPONENT, name, component_instance=str(slot))
    return Variable(name=where, attributes=(actual,), **_KINDS[name])


def _one_of(text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise ValueError(f"one of {', '.join(words)}")
    return text


def _number(text: str, least: int, most: int) -> int:
    number = int(text) if text.isascii() and text.isdecimal() else -1
    if not least <= number <= most:
        raise ValueError(f"a whole number from {least} to {most}")
    return number
