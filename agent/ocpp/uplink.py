"""The way to the CSMS: dials by the plan, with what the store of certificates holds, and keeps what was proved.

What `agent.ocpp.network` decides is made durable here before anybody relies on it; passwords go into files of their own
and never into the journal.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from agent.core.security import SecurityEventKind, SecurityEvents
from agent.ocpp import network
from agent.ocpp.codec import Version
from agent.ocpp.connection import BackOff, BackOffRules, DialError, Frames, LinkConfig, WebSocketLink, dial
from agent.ocpp.keeper import Store
from agent.ocpp.network import HOME, WITH_CERTIFICATE, WITH_PASSWORD, Attempt, Dialling, Means, Password, Plan, Profile
from agent.ocpp.settings.link import (
    MESSAGE_TIMEOUT,
    RETRY_BACK_OFF_RANDOM_RANGE,
    RETRY_BACK_OFF_REPEAT_TIMES,
    RETRY_BACK_OFF_WAIT_MINIMUM,
)
from agent.ocpp.settings.secure_link import (
    ACTIVE_NETWORK_PROFILE,
    ADDITIONAL_ROOT_CHECK,
    ALLOW_DOWNGRADE,
    ALLOW_WILDCARDS,
    CONNECTION_ATTEMPTS,
    IDENTITY,
    NETWORK_PRIORITY,
    SECURITY_PROFILE,
)
from agent.ocpp.tls import TlsConfig, TlsVersion, Trouble
from agent.ocpp.variables import Settings
from agent.pki.folders import only_root
from agent.pki.names import LeafUse, RootUse
from agent.pki.secrets import SecretError, Secrets
from agent.runtime.records import PutMeta
from agent.runtime.schema import JournalError

if TYPE_CHECKING:
    from cryptography import x509

    from agent.pki.store import Leaf
    from agent.pki.store import Store as Certificates

_log = logging.getLogger(__name__)

PLAN_KEY: Final = "ocpp.network"  # of the journal's meta data
CONFIGURED: Final = "configured"  # the secret that the configuration file had when the CSMS changed the password
AT_ONCE: Final = 0.0

EVENTS: Final[Mapping[Trouble, tuple[SecurityEventKind, ...]]] = MappingProxyType(
    {
        Trouble.CERTIFICATE: (SecurityEventKind.INVALID_CSMS_CERTIFICATE,),
        Trouble.NAME: (SecurityEventKind.INVALID_CSMS_CERTIFICATE, SecurityEventKind.CSMS_FAILED_TO_AUTHENTICATE),
        Trouble.VERSION: (SecurityEventKind.INVALID_TLS_VERSION,),
        Trouble.CIPHER: (SecurityEventKind.INVALID_TLS_CIPHER_SUITE,),
        Trouble.REFUSED_CERTIFICATE: (SecurityEventKind.FAILED_TO_AUTHENTICATE_AT_CSMS,),
        Trouble.REFUSED_PASSWORD: (SecurityEventKind.FAILED_TO_AUTHENTICATE_AT_CSMS,),
    }
)


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says: the CSMS to begin with, and who the station is.

    `password`: of the configuration. `secure_url`: where profiles 2 and 3 are served, if not where the URL says with
    wss. `certificates`, `secrets`: folders; None: there are none, and what needs them is refused.
    """

    url: str
    identity: str
    versions: tuple[Version, ...] = (Version.V21, Version.V201, Version.V16)
    security: int = 0
    password: str | None = None
    secure_url: str | None = None
    binary_keys: bool = True
    minimum: TlsVersion = "1.2"
    certificates: Path | None = None
    secrets: Path | None = None

    def __repr__(self) -> str:
        """Without the password."""
        return f"Home({self.url!r}, {self.identity!r}, security profile {self.security})"

    @property
    def origin(self) -> str:
        """What tells one configuration from another; no secret in it."""
        return f"{self.security} {self.url} {self.identity}"


class Uplink:
    """Dials, and remembers what became of it."""

    def __init__(
        self,
        home: Home,
        journal: Store,
        settings: Settings,
        security: SecurityEvents,
        new_id: Callable[[], str],
        now_utc_s: Callable[[], float],
        rng: random.Random,
    ) -> None:
        """`rng` spreads redials."""
        self.back_off = BackOff(rng)
        self.home = home
        self._now_utc_s = now_utc_s
        self.plan = _plan(home, journal.meta(PLAN_KEY))
        self._journal = journal
        self._settings = settings
        self._security = security
        self._new_id = new_id
        self._secrets = Secrets(home.secrets) if home.secrets is not None else None
        self._store: Certificates | None = None
        self._peer: tuple[bytes, ...] = ()  # the CSMS's certificates at the last connection
        self._told: set[SecurityEventKind] = set()
        self._spares = network.Spares()
        self._check_configured_password()
        self._dialling = self._begin()
        settings.follow(SECURITY_PROFILE, lambda: self.plan.security)
        settings.follow(ACTIVE_NETWORK_PROFILE, lambda: self.attempt.slot)
        settings.follow(NETWORK_PRIORITY, lambda: tuple(str(slot) for slot in self.plan.priority))
        settings.follow(IDENTITY, lambda: self.identity)  # B09.FR.28

    @property
    def attempt(self) -> Attempt:
        """The way that is tried now, or in use."""
        return self._dialling.attempt

    @property
    def identity(self) -> str:
        """Who the station is to the CSMS of this attempt."""
        return self.attempt.profile.identity or self.home.identity

    @property
    def certificates(self) -> Certificates | None:
        """The station's certificates. Loads what reads them when first asked for."""
        if self._store is None and self.home.certificates is not None:
            from agent.pki.store import Store

            self._store = Store(self.home.certificates)
        return self._store

    async def means(self) -> Means:
        """What there is to connect with, as of now."""
        return await asyncio.to_thread(self._means, self._now_utc_s())

    async def keep(self, plan: Plan) -> None:
        """Make a changed plan durable; it counts from the next start or `begin_anew` on. Raises `JournalError`."""
        await self._journal.commit(PutMeta(PLAN_KEY, msgspec.json.encode(plan)), within_s=AT_ONCE)
        self.plan = plan

    async def propose_password(self, text: str, *, binary: bool) -> None:
        """Put a new password on trial. Raises OSError, `SecretError` and `JournalError`; then nothing has changed."""
        await self.keep(network.with_password(self.plan, await self.keep_secret(text, binary=binary)))

    async def keep_secret(self, text: str, *, binary: bool = False) -> Password:
        """Lay a password down; what does not come into the plan is gone soon. Raises OSError and `SecretError`."""
        password = Password(f"password-{self._new_id()}", binary)
        await asyncio.to_thread(self._put_password, password, text)
        return password

    def wait_s(self) -> float:
        """How long to wait before the next attempt (OCPP-J 5.3)."""
        rules = BackOffRules(
            wait_minimum_s=self._settings.get(RETRY_BACK_OFF_WAIT_MINIMUM),
            random_range_s=self._settings.get(RETRY_BACK_OFF_RANDOM_RANGE),
            repeat_times=self._settings.get(RETRY_BACK_OFF_REPEAT_TIMES),
        )
        return self.back_off.next_s(rules)

    def begin_anew(self) -> None:
        """Dial by the plan as it is now, from its first entry on."""
        self.back_off.reset()
        self._dialling = self._begin()

    async def dial(self, frames: Frames) -> WebSocketLink:
        """Make the present attempt. Raises `DialError`."""
        try:
            config = await asyncio.to_thread(self._link, self._now_utc_s())
        except (SecretError, ValueError, OSError) as error:
            raise DialError(str(error), Trouble.CONFIGURATION) from error
        link = await dial(config, frames)
        self._peer = link.peer
        return link

    def failed(self, error: DialError) -> bool:
        """Note why the attempt failed; whether the next one is to be made at once."""
        for kind in EVENTS.get(error.trouble, ()):
            if kind not in self._told:  # once an outage (A00.FR.316)
                self._told.add(kind)
                self._security.happened(kind, str(error))
        at_once = self._dialling.failed(error.trouble, self._spares)
        if self._dialling.switched and not at_once:
            self.back_off.reset()
        return at_once

    async def proved(self) -> None:
        """The present attempt has connected: what it proved is kept, what it replaces forgotten, in that order."""
        self._told.clear()
        self.back_off.reset()
        attempt = self.attempt
        plan = network.connected(self.plan, attempt)
        if plan != self.plan:
            secured = plan.security != self.plan.security or plan.password != self.plan.password
            try:
                await self.keep(plan)
            except JournalError:  # which the journal has logged: what is on trial stays so, and is proved again
                return
            if secured:
                self._security.happened(SecurityEventKind.SECURITY_RECONFIGURED, "proved by a connection")
        if attempt.profile.message_timeout_s is not None:
            self._settings.derive(MESSAGE_TIMEOUT, attempt.profile.message_timeout_s)
        try:
            discarded = await asyncio.to_thread(self._forget, attempt, self._now_utc_s())
        except OSError as error:
            _log.error("what is no longer needed cannot be removed: %s", error)
            return
        if discarded:
            self._security.happened(SecurityEventKind.DISCARDED_RENEWED_CERTIFICATE, discarded)

    def rests_on(self, root: x509.Certificate) -> bool:
        """Whether the present connection is verified by this root, or would be by none without it. Blocks."""
        if not self.attempt.profile.encrypted:
            return False
        from cryptography.x509 import load_der_x509_certificate

        from agent.pki.certificates import issued_by

        peer = [load_der_x509_certificate(one) for one in self._peer]
        roots, fallback = self._csms_roots()
        others = [one for one in (*roots, fallback) if one is not None and one != root]
        return root in peer or not others or (bool(peer) and issued_by(peer[-1], root))

    def lost(self) -> None:
        """The connection is gone: the next attempt begins with the entry that it was made by."""
        self._dialling = self._begin(first=self.attempt.slot)

    # In a thread

    def _link(self, now_utc_s: float) -> LinkConfig:
        attempt, home = self.attempt, self.home
        profile = attempt.profile
        tls = self._tls(attempt, now_utc_s) if profile.encrypted else None
        versions = tuple(one for one in home.versions if not profile.versions or one in profile.versions)
        password = self._password(attempt) if profile.security in WITH_PASSWORD else None
        return LinkConfig(profile.url, profile.identity or home.identity, versions or home.versions, password, tls)

    def _password(self, attempt: Attempt) -> str | bytes | None:
        proposed = None if attempt.old_password else self.plan.proposed
        password = attempt.profile.password or proposed or self.plan.password
        if password is None:
            return self.home.password
        if self._secrets is None:
            raise SecretError("the station has no place for secrets")
        text = self._secrets.get(password.secret)
        return bytes.fromhex(text) if password.binary else text

    def _tls(self, attempt: Attempt, now_utc_s: float) -> TlsConfig:
        only = self._only_root(attempt)
        if only is not None:
            self._spares = network.Spares()
            return TlsConfig(only, None, self.home.minimum, wildcards=self._settings.get(ALLOW_WILDCARDS))
        from agent.pki import certificates as pki

        roots, fallback = self._csms_roots()
        leaves = self._leaves(now_utc_s) if attempt.profile.security == WITH_CERTIFICATE else []
        self._spares = network.Spares(certificate=len(leaves) > 1, root=fallback is not None)
        trusted = [fallback] if attempt.old_root and fallback is not None else roots
        if not trusted:
            raise SecretError("no root certificate of a CSMS is installed: see `evse cert install`")
        client = None
        if attempt.profile.security == WITH_CERTIFICATE:
            if not leaves:
                raise SecretError("the station has no certificate of its own: see `evse cert csr`")
            leaf = leaves[1] if attempt.old_certificate and len(leaves) > 1 else leaves[0]
            client = (leaf.path, leaf.key_path)
        return TlsConfig(
            pki.to_pem(trusted).decode(),
            client,
            self.home.minimum,
            wildcards=self._settings.get(ALLOW_WILDCARDS),
        )

    def _only_root(self, attempt: Attempt) -> str | None:
        """The root to trust, PEM, where there is nothing to choose: to look at it loads what weighs 10 MiB."""
        if self.home.certificates is None or attempt.profile.security == WITH_CERTIFICATE:
            return None
        return only_root(self.home.certificates, RootUse.CSMS)

    def _csms_roots(self) -> tuple[list[x509.Certificate], x509.Certificate | None]:
        """What a CSMS may be signed by; and the root that is being replaced, if one is (M05.FR.09-14).

        Which of two is the older one stands in the newer one: the older has signed it.
        """
        if self.certificates is None:
            return [], None
        from agent.pki.certificates import issued_by

        roots = [one.certificate for one in self.certificates.roots(RootUse.CSMS)]
        if self._settings.get(ADDITIONAL_ROOT_CHECK):
            for new in roots:
                old = next((one for one in roots if one != new and issued_by(new, one)), None)
                if old is not None:
                    return [new], old
        return roots, None

    def _leaves(self, now_utc_s: float) -> list[Leaf]:
        """The station's certificates that have begun; an expired one too: the CSMS decides about it (A00.FR.430)."""
        if self.certificates is None:
            return []
        from agent.pki.certificates import moment

        now = moment(now_utc_s)
        return [one for one in self.certificates.leaves(LeafUse.STATION) if one.certificate.not_valid_before_utc <= now]

    def _means(self, now_utc_s: float) -> Means:
        from agent.pki.certificates import moment

        now = moment(now_utc_s)
        roots, _ = self._csms_roots()
        return Means(
            csms_root=any(one.not_valid_after_utc > now for one in roots),
            certificate=any(one.certificate.not_valid_after_utc > now for one in self._leaves(now_utc_s)),
            password=bool(self.plan.password or self.plan.proposed or self.home.password),
            downgrade=self._settings.get(ALLOW_DOWNGRADE),
        )

    def _forget(self, attempt: Attempt, now_utc_s: float) -> str:
        """Remove what the connection has made superfluous; what was discarded of a renewed certificate, in words."""
        if self._secrets is not None:
            named = self.plan.passwords
            self._secrets.keep_only(named | {CONFIGURED} if named else named)
        if not attempt.profile.encrypted or self._only_root(attempt) is not None or self.certificates is None:
            return ""
        _, fallback = self._csms_roots()
        if fallback is not None and not attempt.old_root:
            self.certificates.remove_root(RootUse.CSMS, fallback)  # M05.FR.13
        leaves = self._leaves(now_utc_s) if attempt.profile.security == WITH_CERTIFICATE else []
        used = 1 if attempt.old_certificate else 0
        for place, leaf in enumerate(leaves):
            if place != used and (leaf.use is LeafUse.STATION or leaves[used].use is LeafUse.COMBINED):
                self.certificates.remove_leaf(leaf)  # A02.FR.10; what serves cars, too, stays until replaced for both
        return f"serial {leaves[0].certificate.serial_number:x}" if used and leaves else ""

    def _put_password(self, password: Password, text: str) -> None:
        if self._secrets is None:
            raise SecretError("the station has no place for secrets")
        if self.plan.password is None and self.home.password is not None:
            self._secrets.put(CONFIGURED, self.home.password)
        self._secrets.put(password.secret, text)

    # Inside

    def _begin(self, first: int | None = None) -> Dialling:
        return Dialling(self.plan, self._settings.get(CONNECTION_ATTEMPTS), first=first)

    def _check_configured_password(self) -> None:
        """A person who has written another password into the configuration means it: it goes before the CSMS's."""
        if self._secrets is None or not (self.plan.password or self.plan.proposed) or self.home.password is None:
            return
        try:
            configured = self._secrets.get(CONFIGURED)
        except SecretError:
            configured = None
        if configured != self.home.password:
            _log.warning("the configuration has another password than before: it counts from now on")
            self.plan = replace(self.plan, password=None, proposed=None)


def _plan(home: Home, kept: bytes | None) -> Plan:
    """The plan as it was kept, unless the configuration has changed since: then it is begun anew."""
    fresh = Plan(origin=home.origin, slots={HOME: Profile(url=home.url, security=home.security)})
    if kept is None:
        return fresh
    try:
        plan = msgspec.json.decode(kept, type=Plan)
    except msgspec.MsgspecError:
        _log.exception("the stored network profiles cannot be read: the configuration's counts")
        return fresh
    if plan.origin != home.origin or not any(slot in plan.slots for slot in plan.priority):
        _log.warning("the configuration names another CSMS or security profile than before: it counts from now on")
        return fresh
    return plan
