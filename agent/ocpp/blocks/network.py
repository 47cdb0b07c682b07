"""Which CSMS, how secured, with which password (2.0.1 A01, A05, B09, B10; 1.6 security whitepaper A01, A05).

What the CSMS writes is durable before it is answered, and on trial until it has connected: `agent.ocpp.network`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from agent.core.security import SecurityEventKind, SecurityEvents
from agent.ocpp import network
from agent.ocpp.asks import Handled, Verdict
from agent.ocpp.asks.security import CertificateVerdict, NetworkProfileAsk
from agent.ocpp.block import Block, Csms, Routes, Surroundings
from agent.ocpp.network import PlanError, Why
from agent.ocpp.network_model import COMPONENT, NetworkModel
from agent.ocpp.passwords import unfit_key, unfit_password
from agent.ocpp.settings.secure_link import BASIC_AUTH_PASSWORD, NETWORK_PRIORITY, SECURITY_PROFILE
from agent.ocpp.uplink import Uplink
from agent.ocpp.variables import Outcome, SettingVerdict
from agent.pki.secrets import SecretError
from agent.runtime.schema import JournalError


class Network(Block):
    """Judges changes of the way to the CSMS, and puts them on trial."""

    def __init__(self, around: Surroundings) -> None:
        self._uplink: Uplink = around.uplink
        self._csms: Csms = around.csms
        self._security: SecurityEvents = around.security
        around.settings.guard(BASIC_AUTH_PASSWORD, self._password)
        around.settings.guard(NETWORK_PRIORITY, self._priority)
        around.settings.guard(SECURITY_PROFILE, self._profile)
        slots = NetworkModel(self._uplink, self._changed)
        around.model.join(COMPONENT, slots.variables, slots.write)

    def routes(self) -> Routes:
        """Who answers what."""
        return {NetworkProfileAsk: self.set_profile}

    def set_profile(self, ask: NetworkProfileAsk) -> Handled:
        """SetNetworkProfile (B09): kept in its slot, and used when its turn comes (B10)."""

        async def answer() -> CertificateVerdict:
            problem = ask.unusable or ("" if ask.password is None else unfit_password(ask.password))
            if problem:
                return CertificateVerdict(Verdict.REJECTED, Why.INVALID, problem)
            try:
                profile, means = ask.profile, await self._uplink.means()
                plan = network.with_slot(self._uplink.plan, ask.slot, profile, means)
                if ask.password is not None:  # it counts more than the station's (B09.FR.16)
                    profile = replace(profile, password=await self._uplink.keep_secret(ask.password))
                    plan = network.with_slot(self._uplink.plan, ask.slot, profile, means)
                await self._uplink.keep(plan)
            except PlanError as error:
                return CertificateVerdict(Verdict.REJECTED, error.reason, str(error))
            except (JournalError, OSError, SecretError) as error:
                return CertificateVerdict(Verdict.FAILED, "InternalError", str(error))  # B09.FR.03
            self._changed(ask.slot)
            return CertificateVerdict(Verdict.ACCEPTED)

        return Handled(answer)

    def _changed(self, slot: int) -> None:
        self._security.happened(SecurityEventKind.SECURITY_RECONFIGURED, f"network profile {slot}")

    async def _priority(self, slots: tuple[str, ...], by16: bool) -> Outcome:
        """NetworkConfigurationPriority (B10.FR.01-02, A05.FR.02-04); it counts from the next start (B10.FR.04)."""
        del by16

        async def change() -> None:
            means = await self._uplink.means()
            order = tuple(int(slot) for slot in slots)
            await self._uplink.keep(network.with_priority(self._uplink.plan, order, means))

        return await _outcome(change(), SettingVerdict.ACCEPTED)

    async def _profile(self, security: int, by16: bool) -> Outcome:
        """SecurityProfile as 1.6 raises it (whitepaper A05): tried as soon as the CSMS has its answer."""
        del by16

        async def change() -> None:
            means = await self._uplink.means()
            if security < self._uplink.plan.security:
                raise PlanError("a lower security profile", Why.DOWNGRADE)  # whitepaper A05.FR.01: without exception
            plan = network.raised(self._uplink.plan, security, self._uplink.home.secure_url, means)
            await self._uplink.keep(plan)

        return await _outcome(change(), SettingVerdict.ACCEPTED, then=self._csms.reconnect)

    async def _password(self, text: str, by16: bool) -> Outcome:
        """BasicAuthPassword, AuthorizationKey (A01): on trial as soon as the CSMS has its answer."""
        binary = by16 and self._uplink.home.binary_keys
        problem = unfit_key(text) if binary else unfit_password(text, by16=by16)
        if problem:
            return Outcome(SettingVerdict.INVALID, problem)
        outcome = await _outcome(
            self._uplink.propose_password(text, binary=binary), SettingVerdict.ACCEPTED, then=self._csms.reconnect
        )
        if outcome.accepted:
            self._security.happened(SecurityEventKind.SECURITY_RECONFIGURED, BASIC_AUTH_PASSWORD.key)  # A01.FR.11-12
        return outcome


async def _outcome(change: Awaitable[None], verdict: SettingVerdict, then: Callable[[], None] | None = None) -> Outcome:
    """What became of a change: durable, refused, or not taken by the disk."""
    try:
        await change
    except PlanError as error:
        return Outcome(SettingVerdict.INVALID, str(error), reason=error.reason)
    except (JournalError, OSError, SecretError) as error:
        return Outcome(SettingVerdict.INVALID, f"it could not be kept: {error}")
    return Outcome(verdict, then=then)
