"""The settings that govern a session, as one frozen value. The registry of settings fills it; the core reads it."""

from __future__ import annotations

import msgspec

from agent.core.values import Measurand, TxPoint


class SigningRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a signing meter is asked to sign; the CSMS gets it with the readings. Begin and end go with either one."""

    sampled: bool = False  # SampledDataSignReadings: with the end message, the readings kept for it too
    started: bool = False  # SampledDataSignStartedReadings: the beginning is told as soon as it is signed
    sampled_updated: bool = False  # SampledDataSignUpdatedReadings
    aligned: bool = False  # AlignedDataSignReadings
    aligned_updated: bool = False  # AlignedDataSignUpdatedReadings

    @property
    def wanted(self) -> bool:
        """Whether anything is to be signed."""
        return self.sampled or self.aligned


class Rules(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one EVSE behaves. Names follow OCPP 2.0.1's variables; 1.6's key stands beside where it differs."""

    free_vend: bool = False  # charge whoever plugs in (1.6 vendor key FreeVend; 2.x AuthCtrlr.Enabled = false)
    free_vend_token: str = "free"  # noqa: S105 - an identifier to bill to, not a secret
    ev_connection_timeout_s: float = 60.0  # ConnectionTimeOut; 0: wait for ever
    stop_on_ev_side_disconnect: bool = True  # StopTransactionOnEVSideDisconnect
    unlock_on_ev_side_disconnect: bool = True
    stop_on_invalid_id: bool = True  # StopTransactionOnInvalidId
    max_energy_on_invalid_wh: float = 0.0  # MaxEnergyOnInvalidId: what a transaction may have that is not stopped
    start_points: frozenset[TxPoint] = frozenset({TxPoint.POWER_PATH_CLOSED})
    stop_points: frozenset[TxPoint] = frozenset({TxPoint.AUTHORIZED})
    sample_interval_s: float = 60.0  # MeterValueSampleInterval; 0: none
    aligned_interval_s: float = 0.0  # ClockAlignedDataInterval; 0: none
    aligned_during_idle_only: bool = False  # AlignedDataSendDuringIdle: none while any EVSE has a transaction
    aligned_idle_only_at: frozenset[int] = frozenset()  # the same of one EVSE: none while it has a transaction
    started_measurands: tuple[Measurand, ...] = (Measurand.ENERGY_IMPORT,)
    begin_measurands: tuple[Measurand, ...] = ()  # 1.6 StartTxnSampledData: told once more, right after the start
    updated_measurands: tuple[Measurand, ...] = (
        Measurand.ENERGY_IMPORT,
        Measurand.POWER_IMPORT,
        Measurand.CURRENT_IMPORT,
        Measurand.VOLTAGE,
    )
    ended_measurands: tuple[Measurand, ...] = (Measurand.ENERGY_IMPORT,)
    aligned_measurands: tuple[Measurand, ...] = (Measurand.ENERGY_IMPORT,)
    ended_interval_s: float = 0.0  # SampledDataCtrlr.TxEndedInterval; 0: the first and the last reading only
    aligned_ended_interval_s: float = 0.0  # AlignedDataCtrlr.TxEndedInterval; 0: none
    aligned_ended_measurands: tuple[Measurand, ...] = ()
    master_pass: bool = False  # there are tokens that stop any transaction
    resume_after_power_loss: bool = False  # our policy: end with PowerLoss unless the maker chooses to resume
    rate_change_pct: float = 5.0  # LimitChangeSignificance: a change of the rate by less is not worth telling
    signing: SigningRules = SigningRules()
    meter_grace_s: float = 60.0  # keep charging on the last good reading this long (charging.md 3)

    @property
    def begin_is_signed(self) -> bool:
        """Whether the reading right after the start waits for the meter's signature (paper on signed values, 3.3.5)."""
        signs = self.signing.sampled and self.signing.started
        return signs and Measurand.ENERGY_IMPORT in self.begin_measurands
