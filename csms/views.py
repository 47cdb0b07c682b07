"""What pages and API show of the CSMS."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from agent.ocpp.codec import Version
from agent.ocpp.stamps import to_wire
from csms.car_plans import CarPlan
from csms.commands import Answer, SetPassword, Trigger, UnsayableError
from csms.peers import CallFailedError
from csms.proofs import Proof, proofs_of
from csms.records import Charger, ChargerState, ConnectorStatus, SessionRow
from csms.series import Curve, curves_of
from csms.server import Csms

BOOT_PATIENCE_S = 5.0  # our policy: how long an operator waits for a charger to hear of a decision
MAX_READINGS = 5_000  # our policy: more than a week of one reading every two minutes

MAX_TOKEN_LENGTH = 255  # IdTokenType of OCPP 2.1; older versions allow fewer
MAX_ID = 2**63 - 1  # SQLite's largest integer
R = TypeVar("R", ConnectorStatus, SessionRow)


class ConnectorView(msgspec.Struct, frozen=True, kw_only=True):
    """A connector's last status. 1.6 knows no EVSE: there it is 0, and connector 0 is the whole charger."""

    evse: int
    connector: int
    status: str
    error: str | None
    at_utc_s: float


class ChargerView(msgspec.Struct, frozen=True, kw_only=True):
    """A charger as it stands. `seen_utc_s`: when it was heard last, Unix seconds.

    `car_limit_w`: what it may give all cars that are planned for (`cars`); null: whatever they take.
    """

    identity: str
    state: ChargerState
    online: bool
    ocpp: Version | None
    vendor: str
    model: str
    firmware: str
    has_password: bool
    car_limit_w: float | None
    seen_utc_s: float | None
    connectors: list[ConnectorView]
    sessions: list[SessionRow]
    cars: list[CarPlan]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decided about a charger, and what it answered when it was asked to boot again."""

    charger: ChargerView
    answer: Answer | None
    remark: str | None


async def chargers(csms: Csms) -> list[ChargerView]:
    """All chargers, by identity."""
    connectors, running = await csms.store.read(lambda db: (db.connectors(), db.sessions(open_only=True)))
    statuses, sessions = _by_charger(connectors), _by_charger(running)
    return [_view(csms, each, statuses[each.identity], sessions[each.identity]) for each in csms.chargers()]


async def charger(csms: Csms, identity: str) -> ChargerView | None:
    """One charger; None when it never told anything."""
    found = csms.charger(identity)
    if found is None:
        return None
    connectors, running = await csms.store.read(
        lambda db: (db.connectors(identity), db.sessions(identity, open_only=True))
    )
    return _view(csms, found, connectors, running)


async def curves(csms: Csms, session: SessionRow) -> list[Curve]:
    """The curves of a session."""
    readings = await csms.store.read(lambda db: db.readings(session.charger, session.tx, oldest=MAX_READINGS))
    return curves_of(readings)


async def proofs(csms: Csms, session: SessionRow) -> list[Proof]:
    """What the meter signed of a session."""
    readings = await csms.store.read(lambda db: db.readings(session.charger, session.tx))
    return await asyncio.to_thread(proofs_of, readings)


async def decide(csms: Csms, identity: str, state: ChargerState) -> Decision:
    """Accept a charger, reject it or let it wait. One that waited for its acceptance is asked to boot again, now."""
    before = csms.charger(identity)
    waits = identity in csms.online and before is not None and before.state is ChargerState.PENDING
    {
        ChargerState.ACCEPTED: csms.accept,
        ChargerState.REJECTED: csms.reject,
        ChargerState.PENDING: csms.postpone,
    }[state](identity)
    answer, remark = None, None
    if waits and state is ChargerState.ACCEPTED:
        try:
            async with asyncio.timeout(BOOT_PATIENCE_S):
                answer = await csms.ask(identity, Trigger(message="BootNotification"))
        except (CallFailedError, UnsayableError, TimeoutError) as error:
            remark = f"{str(error) or 'no answer yet'}: it hears of the decision when it boots the next time"
    view = await charger(csms, identity)
    assert view is not None  # noqa: S101 - the decision has made it known
    return Decision(charger=view, answer=answer, remark=remark)


async def change_password(csms: Csms, identity: str, password: str) -> Answer:
    """Give a charger a new password; the old one counts until it has taken it (A01.FR.03-04)."""
    answer = await csms.ask(identity, SetPassword(password=password))
    if answer.status == "Accepted":
        csms.set_password(identity, password)
    return answer


def utc_text(utc_s: float | None) -> str:
    """A moment as OCPP writes it; a charger may have told one that no calendar has."""
    if utc_s is None:
        return ""
    try:
        return to_wire(utc_s)
    except (ValueError, OverflowError):
        return f"{utc_s} s"


def _view(csms: Csms, charger: Charger, connectors: list[ConnectorStatus], running: list[SessionRow]) -> ChargerView:
    return ChargerView(
        identity=charger.identity,
        state=charger.state,
        online=charger.identity in csms.online,
        ocpp=csms.version(charger.identity),
        vendor=charger.vendor,
        model=charger.model,
        firmware=charger.version,
        has_password=charger.password_hash is not None,
        car_limit_w=charger.car_limit_w,
        seen_utc_s=charger.seen_utc_s,
        connectors=[
            ConnectorView(
                evse=each.evse,
                connector=each.connector,
                status=each.status,
                error=each.error,
                at_utc_s=each.at_utc_s,
            )
            for each in connectors
        ],
        sessions=running,
        cars=list(csms.cars.plans(charger.identity)),
    )


def _by_charger(rows: Iterable[R]) -> defaultdict[str, list[R]]:
    grouped: defaultdict[str, list[R]] = defaultdict(list)
    for row in rows:
        grouped[row.charger].append(row)
    return grouped
