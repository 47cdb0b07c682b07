"""What a capture of the cable says of the sessions on it: messages, how soon they were answered, what came of it.

The verdict is the cable's, not either side's: both are judged alike, and no log is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from agent.iso15118.trace.listen import CAR, CHARGER, Event, retold
from agent.iso15118.trace.tls import KeyLog

LOOP: Final = frozenset({"ChargingStatusRes", "CurrentDemandRes"})
SETUP: Final = frozenset({"SDP request", "SDP response"})


class Answer(NamedTuple):
    """A message of the charger's, and how long the car waited for it."""

    what: str
    took_ms: float


class Talk:
    """The messages of a capture."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        said = [one for one in events if one.what.endswith(("Req", "Res"))]
        self.requests = [one for one in said if one.who == CAR]
        self.responses = [one for one in said if one.who == CHARGER]
        self.answers = [Answer(one.what, one.after_ms or 0.0) for one in self.responses]
        self.secure = any(one.phase == "TLS" for one in events)
        self.late = [one.late for one in events if one.late and one.who == CHARGER and one.what not in SETUP]

    def of(self, name: str) -> Iterator[Mapping[str, Any]]:
        """The values of each message of this name."""
        return (one.values for one in (*self.requests, *self.responses) if one.what == name)

    def asked(self, name: str, **values: object) -> bool:
        """Whether a message of this name with these values was sent."""
        return any(all(one.get(key) == value for key, value in values.items()) for one in self.of(name))


def heard(capture: Path, keys: Path) -> Talk:
    """What a capture says; a TLS session is opened with its keys, where there are any."""
    log = KeyLog(keys.read_text(encoding="ascii")) if keys.exists() else None
    return Talk(tuple(retold(capture.read_bytes(), log)))


def complaint(talk: Talk, wanted: Sequence[str]) -> str:
    """Why this is not the session that it was to be; empty when it is."""
    return next(filter(None, (*_broken(talk), *(SEEN[name](talk) for name in wanted))), "")


def _broken(talk: Talk) -> Iterator[str]:
    """What no good session has."""
    for event in talk.events:
        if event.fault:
            yield f"{event.what}: {event.fault}"
        code = str(event.values.get("ResponseCode", ""))
        if code.startswith("FAILED"):
            yield f"{event.what}: {code}"
    if len(talk.requests) != len(talk.responses):
        yield f"{len(talk.requests)} requests, {len(talk.responses)} answers"
    if not talk.responses or talk.responses[-1].what != "SessionStopRes":
        yield f"ended after {talk.responses[-1].what if talk.responses else 'nothing'}"


def _charged(talk: Talk) -> str:
    switched = [{"ChargeProgress": "Start"}, {"ReadyToChargeState": True}]  # in -2, in DIN
    on = any(talk.asked("PowerDeliveryReq", **values) for values in switched)
    loops = sum(one.what in LOOP for one in talk.responses)
    return "" if on and loops > 1 else f"{loops} rounds of charging"


def _contract(talk: Talk) -> str:
    chosen = talk.asked("PaymentServiceSelectionReq", SelectedPaymentOption="Contract")
    signed = any("Signature" in one for one in talk.of("AuthorizationReq"))
    return "" if talk.secure and chosen and signed else "no contract was proved inside TLS"


def _installed(talk: Talk) -> str:
    signed = any("Signature" in one for one in talk.of("CertificateInstallationRes"))
    return "" if signed else "no contract was installed"


def _receipts(talk: Talk) -> str:
    signed = sum("Signature" in one for one in talk.of("MeteringReceiptReq"))
    return "" if signed else "no reading was signed"


def _renegotiated(talk: Talk) -> str:
    names = [one.values.get("ChargeProgress") for one in talk.requests if one.what == "PowerDeliveryReq"]
    again = names == ["Start", "Renegotiate", "Start", "Stop"]
    after = [one.what for one in talk.responses]
    last = len(after) - after[::-1].index("ChargeParameterDiscoveryRes") if again else len(after)
    return "" if any(one in LOOP for one in after[last:]) else f"PowerDelivery went {names}"


def _told(notice: str) -> Callable[[Talk], str]:
    def told(talk: Talk) -> str:
        said = any(
            one.get(status, {}).get("EVSENotification") == notice
            for name in LOOP
            for one in talk.of(name)
            for status in ("AC_EVSEStatus", "DC_EVSEStatus")
        )
        return "" if said else f"the charger did not say {notice}"

    return told


def _resumed(talk: Talk) -> str:
    paused = talk.asked("SessionStopReq", ChargingSession="Pause")
    ids = [str(one["SessionID"]) for one in talk.of("SessionSetupRes")]
    joined = talk.asked("SessionSetupRes", ResponseCode="OK_OldSessionJoined")
    return "" if paused and joined and len(set(ids)) == 1 else f"paused: {paused}, joined: {joined}, sessions: {ids}"


SEEN: Final[Mapping[str, Callable[[Talk], str]]] = MappingProxyType(
    {
        "charged": _charged,
        "contract": _contract,
        "installed": _installed,
        "receipts": _receipts,
        "renegotiated": _renegotiated,
        "asked to": _told("ReNegotiation"),
        "told to stop": _told("StopCharging"),
        "resumed": _resumed,
    }
)


class Figures(NamedTuple):
    """Of one session: messages each way, and the charger's answers in milliseconds."""

    requests: int
    responses: int
    median_ms: float
    most: Answer
    loop_ms: tuple[float, float]  # of the charging loop: median, most
    late: int  # answers and stages that took longer than their clause allows


def figures(talk: Talk) -> Figures:
    """What is to be told of a session."""
    loop = [one.took_ms for one in talk.answers if one.what in LOOP]
    return Figures(
        len(talk.requests),
        len(talk.responses),
        median(one.took_ms for one in talk.answers),
        max(talk.answers, key=lambda one: one.took_ms),
        (median(loop), max(loop)) if loop else (0.0, 0.0),
        len(talk.late),
    )
