"""The settings in force. 2.x's variables and 1.6's configuration keys are two views of the same values.

A value comes from the journal once the CSMS has written it, else from the configuration file, else from the registry.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias, cast

import msgspec

from agent.core.authorize import AuthRules
from agent.core.rules import Rules, SigningRules
from agent.core.values import Measurand, TxPoint
from agent.ocpp.setting import Access, DataType, Setting, SettingError, T
from agent.ocpp.setting_index import index
from agent.ocpp.settings import SETTINGS
from agent.ocpp.settings.authorization import (
    AUTH_CACHE_ENABLED,
    AUTH_CACHE_LIFE_TIME,
    AUTH_CACHE_NO_QUESTION,
    AUTH_ENABLED,
    CENTRAL_CONTRACT_VALIDATION,
    CONTRACT_VALIDATION_OFFLINE,
    FREE_VEND_TOKEN,
    LOCAL_AUTH_LIST_ENABLED,
    LOCAL_AUTH_LIST_NO_QUESTION,
    LOCAL_AUTHORIZE_OFFLINE,
    LOCAL_PRE_AUTHORIZE,
    MASTER_PASS_GROUP,
    NEVER_ASK,
    OFFLINE_TX_FOR_UNKNOWN_ID,
)
from agent.ocpp.settings.link import UNLOCK_ON_EV_SIDE_DISCONNECT
from agent.ocpp.settings.metering import (
    ALIGNED_ENABLED,
    ALIGNED_ENDED_INTERVAL,
    ALIGNED_ENDED_MEASURANDS,
    ALIGNED_IDLE_ONLY_AT,
    ALIGNED_INTERVAL,
    ALIGNED_MEASURANDS,
    ALIGNED_SEND_DURING_IDLE,
    BEGIN_MEASURANDS,
    SAMPLED_ENABLED,
    SAMPLED_ENDED_INTERVAL,
    SAMPLED_ENDED_MEASURANDS,
    SAMPLED_INTERVAL,
    SAMPLED_STARTED_MEASURANDS,
    SAMPLED_UPDATED_MEASURANDS,
    TWINS16,
)
from agent.ocpp.settings.signing import (
    ALIGNED_SIGN,
    ALIGNED_SIGN_UPDATED,
    SAMPLED_SIGN,
    SAMPLED_SIGN_STARTED,
    SAMPLED_SIGN_UPDATED,
)
from agent.ocpp.settings.smart_charging import LIMIT_CHANGE_SIGNIFICANCE
from agent.ocpp.settings.transactions import (
    ACCEPTED_BEFORE,
    EV_CONNECTION_TIMEOUT,
    MAX_ENERGY_ON_INVALID_ID,
    METER_GRACE_PERIOD,
    RESUME_AFTER_POWER_LOSS,
    STOP_TX_ON_EV_SIDE_DISCONNECT,
    STOP_TX_ON_INVALID_ID,
    TX_BEFORE_ACCEPTED,
    TX_START_POINT,
    TX_STOP_POINT,
)

__all__ = ["SETTINGS", "DataType", "Outcome", "Setting", "SettingError", "SettingVerdict", "Settings", "find_by_name"]

_log = logging.getLogger(__name__)


class SettingVerdict(enum.StrEnum):
    """What became of an attempt to write a setting."""

    ACCEPTED = "accepted"
    REBOOT_REQUIRED = "reboot-required"
    INVALID = "invalid"
    READ_ONLY = "read-only"
    UNKNOWN_COMPONENT = "unknown-component"
    UNKNOWN_VARIABLE = "unknown-variable"  # also an unknown 1.6 key


class Outcome(msgspec.Struct, frozen=True):
    """The verdict, and for a refusal the reason in words (never echoes more than a setting can hold).

    `then`: what happens once the CSMS has been answered; None: nothing. `reason`: a reason code of 2.x that says more
    than the verdict's own.
    """

    verdict: SettingVerdict
    detail: str = ""
    then: Callable[[], None] | None = None
    reason: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the value was taken."""
        return self.verdict in {SettingVerdict.ACCEPTED, SettingVerdict.REBOOT_REQUIRED}


Guard: TypeAlias = Callable[[Any, bool], Awaitable[Outcome]]  # the value, and whether 1.6 wrote it

_ACCEPTED = Outcome(SettingVerdict.ACCEPTED)
_REBOOT_REQUIRED = Outcome(SettingVerdict.REBOOT_REQUIRED)


def _nowhere(key: str, text: str) -> None:
    """Settings that are not kept."""


class Settings:
    """The settings of the station. Listeners and `persist` are called at once, within the call that changes a value."""

    def __init__(
        self,
        registry: Iterable[Setting[Any]] = SETTINGS,
        start_values: Mapping[str, str] | None = None,
        stored_values: Mapping[str, str] | None = None,
        *,
        persist: Callable[[str, str], object] = _nowhere,
    ) -> None:
        """Put the values in force.

        `start_values` are the configuration file's and what the agent derives, under any of a setting's names, as
        that name's world writes them; raises `SettingError` for one that is unknown or invalid. `stored_values` are
        the journal's; one that this version does not know or accept is left out and logged. `persist(key, text)`
        takes a written value to the journal.
        """
        self._registry = tuple(registry)
        self._by_key16, self._by_key, self._components, self._defaults = index(self._registry)
        self._persist = persist
        self._listeners: list[Callable[[Setting[Any]], None]] = []
        self._values: dict[str, object] = {}  # those that are not the default
        self._written: dict[str, object] = {}  # what takes effect at the next start
        self._followed: dict[str, Callable[[], object]] = {}
        self._revisions: dict[str, int] = {}
        self._guards: dict[str, Guard] = {}
        for name, text in (start_values or {}).items():
            setting, parse = find_by_name(name, self._registry)
            self._values[setting.key] = parse(text)
        self._stored = dict(stored_values or {})
        for key, text in self._stored.items():
            self._restore(key, text)

    def __iter__(self) -> Iterator[Setting[Any]]:
        return iter(self._registry)

    def get(self, setting: Setting[T]) -> T:
        """The value in force."""
        key = setting.key
        read = self._followed.get(key)
        if read is not None:
            return cast("T", read())
        return cast("T", self._values[key] if key in self._values else self._defaults[key])

    def set(self, setting: Setting[T], value: T) -> None:
        """Write a value on the agent's own account. Raises `SettingError` when the setting cannot take it."""
        self._change(setting, setting.parse(setting.format(value)))

    def derive(self, setting: Setting[T], value: T) -> None:
        """Put in force what the agent has found out about itself; kept nowhere."""
        self._values[setting.key] = value

    def fix(self, setting: Setting[T], value: T) -> None:
        """This station can have no other value: put it in force, read-only from now on."""
        fixed = msgspec.structs.replace(setting, access=Access.READ_ONLY, access16=None, derived=True)
        self._registry = tuple(fixed if one.key == setting.key else one for one in self._registry)
        if setting.key16:
            self._by_key16 = {**self._by_key16, setting.key16.casefold(): fixed}
        if setting.component:
            self._by_key = {**self._by_key, setting.key.casefold(): fixed}
        self._values[setting.key] = value

    def follow(self, setting: Setting[T], read: Callable[[], T]) -> None:
        """Ask `read` for the value whenever it is wanted: for what the agent finds out anew each time."""
        self._followed[setting.key] = read

    def revision(self, setting: Setting[Any]) -> int:
        """How often it has become another: what can be told of a secret."""
        return self._revisions.get(setting.key, 0)

    def guard(self, setting: Setting[Any], guard: Guard) -> None:
        """Let `guard` decide about what the CSMS writes, and keep it: for what takes effect only if it works."""
        self._guards[setting.key] = guard

    def guarded(self, setting: Setting[Any] | None) -> bool:
        """Whether a decision about this setting takes time: see `wish`."""
        return setting is not None and setting.key in self._guards

    async def wish(self, setting: Setting[Any], text: str, *, by16: bool) -> Outcome:
        """The CSMS wants a guarded setting to have this value."""
        if not (setting.mutable16 if by16 else setting.mutable):
            return Outcome(SettingVerdict.READ_ONLY, f"{setting.key} is read-only")
        try:
            value = setting.parse16(text) if by16 else setting.parse(text)
        except SettingError as error:
            return Outcome(SettingVerdict.INVALID, str(error))
        outcome = await self._guards[setting.key](value, by16)
        if outcome.accepted and not setting.readable:  # nothing to compare: that it was written is all to tell
            self._became_another(setting)
        return outcome

    def on_change(self, listener: Callable[[Setting[Any]], None]) -> None:
        """Call `listener(setting)` whenever a value has become another."""
        self._listeners.append(listener)

    def find16(self, key: str) -> Setting[Any] | None:
        """The setting behind a 1.6 key."""
        return self._by_key16.get(key.casefold())

    def find(self, component: str, variable: str, instance: str | None = None) -> Setting[Any] | None:
        """The setting behind a 2.x variable of the station's own components (no EVSE named)."""
        return self._by_key.get(_key(component, variable, instance))

    def text16(self, setting: Setting[Any]) -> str:
        """The value as 1.6 writes it: in force, or what was written and takes effect at the next start."""
        return setting.format16(self._shown(setting))

    def text(self, setting: Setting[Any]) -> str:
        """The value as 2.x writes it: in force, or what was written and takes effect at the next start."""
        return setting.format(self._shown(setting))

    def set_by_key16(self, key: str, text: str) -> Outcome:
        """ChangeConfiguration (1.6 5.3)."""
        setting = self.find16(key)
        if setting is None:
            return Outcome(SettingVerdict.UNKNOWN_VARIABLE, "no such configuration key")
        outcome = self._write(setting, text, setting.parse16, mutable=setting.mutable16)
        twin = TWINS16.get(setting.key)
        if twin is not None and outcome.accepted:
            self.set(twin, self.get(setting))
        return outcome

    def set_by_variable(self, component: str, variable: str, instance: str | None, text: str) -> Outcome:
        """SetVariables of the attribute Actual (2.0.1 B05)."""
        if component.casefold() not in self._components:
            return Outcome(SettingVerdict.UNKNOWN_COMPONENT, "no such component")
        setting = self.find(component, variable, instance)
        if setting is None:
            return Outcome(SettingVerdict.UNKNOWN_VARIABLE, "no such variable in this component")
        return self._write(setting, text, setting.parse, mutable=setting.mutable)

    def has(self, component: str) -> bool:
        """Whether any setting belongs to this component."""
        return component.casefold() in self._components

    def rules(self) -> Rules:
        """What sessions go by."""
        sampled, aligned = self.get(SAMPLED_ENABLED), self.get(ALIGNED_ENABLED)
        return Rules(
            free_vend=not self.get(AUTH_ENABLED) and not self._barred(),
            free_vend_token=self.get(FREE_VEND_TOKEN),
            ev_connection_timeout_s=float(self.get(EV_CONNECTION_TIMEOUT)),
            stop_on_ev_side_disconnect=self.get(STOP_TX_ON_EV_SIDE_DISCONNECT),
            unlock_on_ev_side_disconnect=self.get(UNLOCK_ON_EV_SIDE_DISCONNECT),
            stop_on_invalid_id=self.get(STOP_TX_ON_INVALID_ID),
            max_energy_on_invalid_wh=float(self.get(MAX_ENERGY_ON_INVALID_ID)),
            start_points=self._points(TX_START_POINT),
            stop_points=self._points(TX_STOP_POINT),
            sample_interval_s=float(self.get(SAMPLED_INTERVAL)) if sampled else 0.0,
            ended_interval_s=float(self.get(SAMPLED_ENDED_INTERVAL)) if sampled else 0.0,
            aligned_interval_s=float(self.get(ALIGNED_INTERVAL)) if aligned else 0.0,
            aligned_ended_interval_s=float(self.get(ALIGNED_ENDED_INTERVAL)) if aligned else 0.0,
            aligned_ended_measurands=self._measurands(ALIGNED_ENDED_MEASURANDS),
            aligned_during_idle_only=self.get(ALIGNED_SEND_DURING_IDLE),
            aligned_idle_only_at=self._evses(ALIGNED_IDLE_ONLY_AT),
            started_measurands=self._measurands(SAMPLED_STARTED_MEASURANDS),
            begin_measurands=self._measurands(BEGIN_MEASURANDS),
            updated_measurands=self._measurands(SAMPLED_UPDATED_MEASURANDS),
            ended_measurands=self._measurands(SAMPLED_ENDED_MEASURANDS),
            aligned_measurands=self._measurands(ALIGNED_MEASURANDS),
            master_pass=bool(self.get(MASTER_PASS_GROUP)),
            resume_after_power_loss=self.get(RESUME_AFTER_POWER_LOSS),
            rate_change_pct=self.get(LIMIT_CHANGE_SIGNIFICANCE),
            signing=self._signing(),
            meter_grace_s=float(self.get(METER_GRACE_PERIOD)),
        )

    def _signing(self) -> SigningRules:
        return SigningRules(
            sampled=self.get(SAMPLED_SIGN),
            started=self.get(SAMPLED_SIGN_STARTED),
            sampled_updated=self.get(SAMPLED_SIGN_UPDATED),
            aligned=self.get(ALIGNED_SIGN),
            aligned_updated=self.get(ALIGNED_SIGN_UPDATED),
        )

    def auth_rules(self) -> AuthRules:
        """What authorisation goes by."""
        return AuthRules(
            barred=self._barred(),
            enabled=self.get(AUTH_ENABLED),
            local_authorize_offline=self.get(LOCAL_AUTHORIZE_OFFLINE),
            local_pre_authorize=self.get(LOCAL_PRE_AUTHORIZE),
            allow_offline_for_unknown=self.get(OFFLINE_TX_FOR_UNKNOWN_ID),
            cache_enabled=self.get(AUTH_CACHE_ENABLED),
            local_list_enabled=self.get(LOCAL_AUTH_LIST_ENABLED),
            list_asks_again=not self.get(LOCAL_AUTH_LIST_NO_QUESTION),
            cache_asks_again=not self.get(AUTH_CACHE_NO_QUESTION),
            never_ask=self.get(NEVER_ASK),
            master_pass=self.get(MASTER_PASS_GROUP),
            cache_life_s=float(self.get(AUTH_CACHE_LIFE_TIME)),
            contract_offline=self.get(CONTRACT_VALIDATION_OFFLINE),
            contract_by_csms=self.get(CENTRAL_CONTRACT_VALIDATION),
        )

    def _barred(self) -> bool:
        """Whether nobody may charge yet, because no CSMS has accepted the station (B02.FR.03, B03.FR.01)."""
        return not (self.get(TX_BEFORE_ACCEPTED) or self.get(ACCEPTED_BEFORE))

    def _shown(self, setting: Setting[T]) -> T:
        written = self._written.get(setting.key)
        return self.get(setting) if written is None else cast("T", written)

    def _measurands(self, setting: Setting[tuple[str, ...]]) -> tuple[Measurand, ...]:
        names = self.get(setting)
        return tuple(Measurand(name) for name in names)

    def _evses(self, setting: Setting[tuple[str, ...]]) -> frozenset[int]:
        numbers = self.get(setting)
        return frozenset(int(number) for number in numbers)

    def _points(self, setting: Setting[tuple[str, ...]]) -> frozenset[TxPoint]:
        names = self.get(setting)
        return frozenset(TxPoint(name) for name in names)

    def _write(self, setting: Setting[Any], text: str, parse: Callable[[str], Any], *, mutable: bool) -> Outcome:
        if not mutable or self.guarded(setting):
            return Outcome(SettingVerdict.READ_ONLY, f"{setting.key} is read-only")
        try:
            value = parse(text)
        except SettingError as error:
            return Outcome(SettingVerdict.INVALID, str(error))
        self._change(setting, value)
        return _REBOOT_REQUIRED if setting.reboot else _ACCEPTED

    def _change(self, setting: Setting[Any], value: object) -> None:
        text = setting.format(value)
        if self._stored.get(setting.key) != text:
            self._stored[setting.key] = text
            self._persist(setting.key, text)
        if setting.reboot:
            self._written[setting.key] = value
        elif self._values.get(setting.key, self._defaults[setting.key]) != value:
            self._values[setting.key] = value
            self._became_another(setting)

    def _became_another(self, setting: Setting[Any]) -> None:
        self._revisions[setting.key] = self.revision(setting) + 1
        for listener in self._listeners:
            listener(setting)

    def _restore(self, key: str, text: str) -> None:
        setting = self._by_key.get(key.casefold()) or self._by_key16.get(key.casefold())
        if setting is None:
            _log.warning("journal: this version has no setting %s; its stored value is left alone", key)
            return
        try:
            self._values[setting.key] = setting.parse(text)
        except SettingError as error:
            _log.warning("journal: stored setting not used: %s", error)


def find_by_name(name: str, registry: Iterable[Setting[Any]] = SETTINGS) -> tuple[Setting[Any], Callable[[str], Any]]:
    """The setting with this 1.6 key or "Component.Variable[Instance]", and how texts under that name are read.

    Raises `SettingError` with the most similar name.
    """
    rows, folded = tuple(registry), name.casefold()
    names = index(rows)
    if folded in names.by_key:
        return names.by_key[folded], names.by_key[folded].parse
    if folded in names.by_key16:
        return names.by_key16[folded], names.by_key16[folded].parse16
    import difflib  # only a mistake needs it

    spellings = [spelling for one in rows for spelling in (one.key16, one.component and one.key) if spelling]
    similar = difflib.get_close_matches(name, spellings, n=1)
    raise SettingError(f"no setting {name!r}" + (f"; did you mean {similar[0]!r}?" if similar else ""))


def _key(component: str, variable: str, instance: str | None) -> str:
    return (f"{component}.{variable}" + (f"[{instance}]" if instance else "")).casefold()
