"""Which CSMS to dial, and with which credentials. Pure: what is on trial, what was proved, and what to fall back to.

A change of password, security profile or network profile is a trial that outlives a power cut: old and new stand side
by side in the `Plan` until one of them has connected (2.0.1 A01, A05, B09, B10; 1.6 security whitepaper A01, A05).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from agent.ocpp.codec import Version
from agent.ocpp.tls import Trouble

SLOTS: Final = tuple(range(4))  # B09.FR.06 asks for two; one more is needed while a security profile is on trial
HOME: Final = 0  # the slot that the configuration file fills
PLAIN_PROFILES: Final = frozenset({0, 1})
WITH_PASSWORD: Final = frozenset({1, 2})
WITH_CERTIFICATE: Final = 3
HIGHEST_PROFILE: Final = 3
MAX_URL: Final = 512  # 2.0.1 NetworkConnectionProfileType; 2.1 allows more


class PlanError(ValueError):
    """A network profile or an order of them that cannot work; says why. `reason` is 2.x's reason code."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.reason = reason


class Why(enum.StrEnum):
    """Reason codes of 2.x (part 2, appendix 5) that 2.1 has for network profiles."""

    INVALID = "InvalidNetworkConf"
    SLOT = "InvalidConfSlot"
    ACTIVE = "ActiveNetworkConf"
    DOWNGRADE = "NoSecurityDowngrade"
    PROFILE = "InvalidProfile"
    NO_CERTIFICATE = "InvalidCertificate"


class Password(msgspec.Struct, frozen=True):
    """A password by the name of its secret. `binary`: the secret is bytes, written in hexadecimal digits."""

    secret: str
    binary: bool = False


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a CSMS. No `identity`, no `password`: the station's own; no `versions`: all that it has.

    `interface`: by which wire or modem, which is the operating system's to choose: kept to be told again.
    """

    url: str
    security: int
    interface: str = "Any"
    identity: str | None = None
    password: Password | None = None
    message_timeout_s: int | None = None
    versions: tuple[Version, ...] = ()

    @property
    def encrypted(self) -> bool:
        """Whether TLS is used."""
        return self.security not in PLAIN_PROFILES


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of it all.

    `origin`: what the configuration file said when this was begun; when it says something else, it counts anew.
    `active`: the slot of the last connection that came about. `trial`: a slot that a 1.6 CSMS has raised the security
    profile with; it goes when another slot connects. `password`: None is the configuration file's; `proposed`: one that
    has not connected yet. `connected_with`: the security profile of the last connection, where its slot has been filled
    anew since.
    """

    origin: str
    slots: Mapping[int, Profile]
    priority: tuple[int, ...] = (HOME,)
    active: int | None = None
    trial: int | None = None
    password: Password | None = None
    proposed: Password | None = None
    connected_with: int | None = None

    @property
    def security(self) -> int:
        """SecurityProfile: of the last connection, at first of the first entry (A05.FR.06)."""
        if self.connected_with is not None:
            return self.connected_with
        slot = self.active if self.active in self.slots else self.priority[0]
        return self.slots[slot].security if slot is not None else 0

    @property
    def passwords(self) -> frozenset[str]:
        """The secrets that it refers to."""
        named = [self.password, self.proposed, *(one.password for one in self.slots.values())]
        return frozenset(one.secret for one in named if one is not None)


class Means(msgspec.Struct, frozen=True):
    """What the station has to connect with. `downgrade`: AllowSecurityProfileDowngrade (2.1)."""

    csms_root: bool
    certificate: bool
    password: bool
    downgrade: bool = False


def checked(profile: Profile) -> Profile:
    """A profile whose parts fit together. Raises `PlanError` (B09.FR.02)."""
    scheme = scheme_of(profile.url)
    if not 0 < profile.security <= HIGHEST_PROFILE:
        raise PlanError(f"there is no security profile {profile.security}", Why.INVALID)
    if profile.encrypted != (scheme == "wss"):
        raise PlanError(f"security profile {profile.security} does not go with {scheme}://", Why.INVALID)
    return profile


def scheme_of(url: str) -> str:
    """The scheme of a URL that may lead to a CSMS. Raises `PlanError`."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise PlanError(f"the URL cannot be read: {error}", Why.INVALID) from error
    if parts.scheme not in {"ws", "wss"} or not host or len(url) > MAX_URL:
        raise PlanError("the URL must be ws:// or wss:// with a host", Why.INVALID)
    if parts.username is not None or parts.query or parts.fragment:
        raise PlanError("the URL must have no user, query or fragment", Why.INVALID)
    return parts.scheme


def with_slot(plan: Plan, slot: int, profile: Profile, means: Means) -> Plan:
    """A slot filled anew (B09). Raises `PlanError`."""
    if slot not in SLOTS:
        raise PlanError(f"there is no slot {slot}", Why.SLOT)  # B09.FR.05
    _not_lower(plan, checked(profile), means)
    connected_with = plan.security if slot == plan.active else plan.connected_with
    return replace(plan, slots={**plan.slots, slot: profile}, connected_with=connected_with)


def drafted(plan: Plan, slot: int, changes: Mapping[str, Any], means: Means) -> Plan:
    """A slot changed piece by piece, which need not fit together before it is used. Raises `PlanError`."""
    if slot in {*plan.priority, plan.active}:
        raise PlanError(f"slot {slot} is in use or may be any moment", Why.ACTIVE)  # B09.FR.22
    before = plan.slots.get(slot, Profile(url="", security=max(plan.security, 1)))
    profile = replace(before, **changes)
    _not_lower(plan, profile, means)  # B09.FR.32, B09.FR.35
    return replace(plan, slots={**plan.slots, slot: profile})


def with_priority(plan: Plan, priority: tuple[int, ...], means: Means) -> Plan:
    """Another order of the slots, for the next start (B10.FR.01-02, A05.FR.02-04). Raises `PlanError`."""
    if not priority or len(set(priority)) != len(priority):
        raise PlanError("name each slot once, and at least one", Why.INVALID)
    for slot in priority:
        profile = plan.slots.get(slot)
        if profile is None:
            raise PlanError(f"slot {slot} is empty", Why.SLOT)
        if slot not in plan.priority and profile.security:  # 0 is the configuration's, and nobody can write it
            checked(profile)  # B09.FR.33, B09.FR.34
        _not_lower(plan, profile, means)
        if profile.security > plan.security:
            _has_means(profile, means)
    return replace(plan, priority=priority)


def raised(plan: Plan, security: int, secure_url: str | None, means: Means) -> Plan:
    """1.6: another security profile for the present CSMS, on trial from now on (whitepaper A05). Raises `PlanError`."""
    if security == plan.security or not 0 < security <= HIGHEST_PROFILE:
        raise PlanError(f"the security profile is {plan.security}", Why.PROFILE)  # A05.FR.01
    home = plan.active if plan.active in plan.slots else plan.priority[0]
    present = plan.slots[home] if home is not None else plan.slots[HOME]
    profile = replace(present, security=security)
    if profile.encrypted and not present.encrypted:
        parts = urlsplit(present.url)
        profile = replace(profile, url=secure_url or parts._replace(scheme="wss").geturl())
    _not_lower(plan, checked(profile), means)
    _has_means(profile, means)
    used = {*plan.priority, plan.active}
    one_on_trial = [] if plan.trial is None or plan.trial == plan.active else [plan.trial]  # its turn is over
    free = [one for one in reversed(SLOTS) if one not in plan.slots]
    idle = [one for one in reversed(SLOTS) if one not in used]
    slot = next(iter([*one_on_trial, *free, *idle]), None)
    if slot is None:
        raise PlanError("every slot is in use: leave one out of the priority", Why.SLOT)
    return replace(
        plan, slots={**plan.slots, slot: profile}, priority=(slot, *_without(plan.priority, slot)), trial=slot
    )


def with_password(plan: Plan, password: Password) -> Plan:
    """A new password: on trial, or in force at once where none is used to connect and none can be proved (A01)."""
    if plan.security in WITH_PASSWORD:
        used = plan.active if plan.active in plan.slots else plan.priority[0]
        slots = {slot: replace(one, password=None) if slot == used else one for slot, one in plan.slots.items()}
        return replace(plan, slots=slots, proposed=password)  # B09.FR.27: of the profile in use
    return replace(plan, password=password, proposed=None)


def _not_lower(plan: Plan, profile: Profile, means: Means) -> None:
    """Lower is refused, but for 2 after 3 where the operator allows it (B09.FR.04, B09.FR.31, A05.FR.08-10)."""
    if profile.security >= plan.security:
        return
    if means.downgrade and profile.security == WITH_CERTIFICATE - 1:
        return
    raise PlanError(f"security profile {profile.security} is lower than {plan.security}", Why.DOWNGRADE)


def _has_means(profile: Profile, means: Means) -> None:
    """What the new profile needs must be there before (A05.FR.02-03; whitepaper A05.FR.02-04)."""
    if profile.encrypted and not means.csms_root:
        raise PlanError("no root certificate of a CSMS is installed", Why.NO_CERTIFICATE)
    if profile.security == WITH_CERTIFICATE and not means.certificate:
        raise PlanError("the station has no valid certificate of its own", Why.NO_CERTIFICATE)
    known = means.password or profile.password is not None
    if profile.security in WITH_PASSWORD and not known:
        raise PlanError("the station has no password", Why.PROFILE)


class Attempt(msgspec.Struct, frozen=True):
    """One way to connect. `old_...`: with the one that is to be replaced, because the new one was refused."""

    slot: int
    profile: Profile
    old_password: bool = False
    old_certificate: bool = False
    old_root: bool = False


class Spares(msgspec.Struct, frozen=True):
    """What there was to choose from at an attempt: a second certificate of our own, a root that is being replaced."""

    certificate: bool = False
    root: bool = False


class Dialling:
    """Which attempt comes next, from a start or a lost connection to the next connection (B10.FR.03-09)."""

    def __init__(self, plan: Plan, attempts: int, *, first: int | None = None) -> None:
        """`attempts`: how many each entry gets. `first`: the slot to begin with, the first entry by default."""
        self._plan = plan
        self._attempts = attempts
        order = list(plan.priority)
        if plan.active is not None and plan.active in plan.slots and order[-1] != plan.active:
            order.append(plan.active)  # when all have failed: what worked last (B10.FR.07), then all again (B10.FR.08)
        self._order = [slot for slot in order if slot in plan.slots]
        self._place = self._order.index(first) if first in self._order else 0
        self._start = self._place
        self._made = 0
        self._old_turn = False  # every other round goes by the old credentials: some CSMSs refuse without a word
        self._begin(Spares())

    @property
    def attempt(self) -> Attempt:
        """The present one."""
        return self._attempt

    def failed(self, trouble: Trouble, spares: Spares) -> bool:
        """The present attempt came to nothing: choose the next; whether to make it at once, with other credentials."""
        other = self._other_credentials(trouble, spares)
        if other is not None:
            self._attempt = other
            return True
        self._made += 1
        if self._made >= self._attempts:
            self._made = 0
            self._place = (self._place + 1) % len(self._order)
            if self._place == self._start:
                self._old_turn = not self._old_turn  # A02.FR.28
        self._begin(spares)
        return False

    @property
    def switched(self) -> bool:
        """Whether this is the first attempt at another entry: its waits begin anew."""
        return self._made == 0 and len(self._order) > 1

    def _begin(self, spares: Spares) -> None:
        slot = self._order[self._place]
        profile, old = self._plan.slots[slot], self._old_turn
        self._attempt = Attempt(
            slot,
            profile,
            old_password=old and self._on_trial(profile),
            old_certificate=old and spares.certificate,
            old_root=old and spares.root and self._is_home(slot),
        )

    def _on_trial(self, profile: Profile) -> bool:
        return self._plan.proposed is not None and profile.password is None and profile.security in WITH_PASSWORD

    def _is_home(self, slot: int) -> bool:
        """Whether it is the CSMS that the root in question came from (M05.FR.14-16)."""
        return self._plan.active is None or slot == self._plan.active

    def _other_credentials(self, trouble: Trouble, spares: Spares) -> Attempt | None:
        now = self._attempt
        match trouble:
            case Trouble.REFUSED_PASSWORD if now.profile.security in WITH_PASSWORD:
                fresh = self._on_trial(now.profile) and not now.old_password
                return replace(now, old_password=True) if fresh else None
            case Trouble.REFUSED_CERTIFICATE | Trouble.REFUSED_PASSWORD if now.profile.security == WITH_CERTIFICATE:
                return replace(now, old_certificate=True) if spares.certificate and not now.old_certificate else None
            case Trouble.CERTIFICATE | Trouble.NAME:
                fresh = spares.root and self._is_home(now.slot) and not now.old_root
                return replace(now, old_root=True) if fresh else None
            case _:
                return None


def connected(plan: Plan, attempt: Attempt) -> Plan:
    """What an attempt that connected has proved: the new is the old from now on, or the trial is over."""
    plan = replace(plan, active=attempt.slot, connected_with=None)
    if attempt.profile.security in WITH_PASSWORD and plan.proposed is not None and attempt.profile.password is None:
        proved = plan.password if attempt.old_password else plan.proposed
        plan = replace(plan, password=proved, proposed=None)
    if plan.trial is not None:
        dropped = plan.trial if plan.trial != attempt.slot else None  # whitepaper A05.FR.08: back for good
        plan = replace(_dropped(plan, {dropped} if dropped is not None else set()), trial=None)
    lower = {slot for slot, one in plan.slots.items() if one.security < attempt.profile.security}
    plan = _dropped(plan, lower)  # A05.FR.06
    return plan if plan.priority else replace(plan, priority=(attempt.slot,))


def _dropped(plan: Plan, slots: set[int]) -> Plan:
    kept = {slot: one for slot, one in plan.slots.items() if slot not in slots}
    return replace(plan, slots=kept, priority=tuple(one for one in plan.priority if one not in slots))


def _without(priority: tuple[int, ...], slot: int) -> tuple[int, ...]:
    return tuple(one for one in priority if one != slot)
