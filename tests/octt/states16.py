"""The steps that the cases of OCPP 1.6 share, each with what the station has to say in it."""

from __future__ import annotations

import asyncio
from typing import Any

from agent.ocpp.stamps import from_wire, to_wire
from tests.octt.bench import DURATION_S, EPOCH_S, HAND_S, Bench
from tests.octt.tool import ABSENT, BOOT_INTERVAL_S, require

TRANSACTION = 7  # the number that the tool gives every transaction
GOOD = {"status": "Accepted"}


def now_s() -> float:
    """The tool's clock."""
    return EPOCH_S + asyncio.get_running_loop().time()


def stamp(after_s: float = 0) -> str:
    """The tool's clock, so many seconds from now, as messages write it."""
    return to_wire(now_s() + after_s)


async def told(
    bench: Bench, status: str, connector: int | None = None, *, within_s: float = 60.0, **where: Any
) -> dict[str, Any]:
    """A StatusNotification of a connector, without error unless `where` says otherwise."""
    wanted = {"errorCode": "NoError", "connectorId": bench.evse if connector is None else connector} | where
    return await bench.tool.expect("StatusNotification", within_s, status=status, **wanted)


async def booted(bench: Bench, *, kind: str | None = None, **statuses: str) -> None:
    """By Reset of this kind, or by a power cycle. Each connector's status is told: `c1="Unavailable"`, or Available."""
    if kind is None:
        await bench.power_cycle()
    else:
        require(await bench.tool.send("Reset", type=kind), status="Accepted")
    await came_up(bench, **statuses)


async def came_up(bench: Bench, **statuses: str) -> None:
    """What every start ends with: the boot that is accepted, and the status of the station and each connector."""
    await bench.tool.expect("BootNotification", 120.0)
    for connector in (0, *bench.station.board.evses):
        await told(bench, statuses.get(f"c{connector}", "Available"), connector)
    await asyncio.sleep(BOOT_INTERVAL_S)
    bench.tool.forget("SecurityEventNotification")


async def plugged(bench: Bench, **car: Any) -> None:
    """The cable is in, and the connector prepares."""
    bench.plug(**car)
    await told(bench, "Preparing")
    await asyncio.sleep(HAND_S)


async def authorized(bench: Bench, token: str | None = None, *, asks: bool = True) -> None:
    """An identifier is presented; `asks`: the CSMS is asked about it."""
    bench.present(token)
    if asks:
        await bench.tool.expect("Authorize", idTag=token or bench.token["idToken"])


async def remote_start(bench: Bench, status: str = "Accepted", **more: Any) -> None:
    """RemoteStartTransaction at the connector, answered so."""
    asked = {"idTag": bench.token["idToken"], "connectorId": bench.evse} | more
    require(await bench.tool.send("RemoteStartTransaction", **asked), status=status)


async def started(bench: Bench, within_s: float = 60.0, **where: Any) -> dict[str, Any]:
    """StartTransaction of the token, then Charging, and energy flows."""
    wanted = {"idTag": bench.token["idToken"], "connectorId": bench.evse} | where
    start = await bench.tool.expect("StartTransaction", within_s, **wanted)
    assert abs(from_wire(start["timestamp"]) - now_s()) < within_s
    await told(bench, "Charging")
    await asyncio.sleep(HAND_S)
    assert bench.closed, "the contactor is open"
    return start


async def charging(bench: Bench, *, asks: bool = True, **car: Any) -> dict[str, Any]:
    """A transaction, the cable first; StartTransaction."""
    await plugged(bench, **car)
    await authorized(bench, asks=asks)
    return await started(bench)


async def stopped(bench: Bench, reason: str | None, within_s: float = 60.0, **where: Any) -> dict[str, Any]:
    """StopTransaction of the transaction, for this reason (Local may be left out); energy has stopped."""
    reasons = {"Local", ABSENT} if reason == "Local" else {reason}
    stop = await bench.tool.expect("StopTransaction", within_s, transactionId=TRANSACTION, **where)
    assert stop.get("reason", ABSENT) in reasons, stop
    await asyncio.sleep(HAND_S)
    assert not bench.closed, "the contactor is closed"
    return stop


async def stopped_by_card(bench: Bench, token: str | None = None, *, asks: bool = False) -> dict[str, Any]:
    """The driver ends it with an identifier: StopTransaction and Finishing."""
    await asyncio.sleep(DURATION_S)
    await authorized(bench, token, asks=asks)
    stop = await stopped(bench, "Local", idTag=token or bench.token["idToken"])
    await told(bench, "Finishing")
    return stop


async def gone(bench: Bench) -> None:
    """The cable is taken out of a connector without a transaction, which is free then."""
    bench.unplug()
    await told(bench, "Available")


async def whole_session(bench: Bench) -> None:
    """From a free connector to a free connector; the token is in the cache, where there is one."""
    await charging(bench)
    await stopped_by_card(bench)
    await gone(bench)


async def unavailable(bench: Bench, connector: int | None = None) -> None:
    """ChangeAvailability of a connector (0: of all) to Inoperative."""
    number = bench.evse if connector is None else connector
    answer = await bench.tool.send("ChangeAvailability", connectorId=number, type="Inoperative")
    require(answer, status="Accepted")
    for each in (0, *bench.station.board.evses) if number == 0 else (number,):
        await told(bench, "Unavailable", each)


async def nothing_starts(bench: Bench, for_s: float = 30.0) -> None:
    """No transaction is told of, and no energy flows."""
    await bench.tool.silence("StartTransaction", for_s)
    assert not bench.closed, "the contactor is closed"


async def listed(bench: Bench, *tokens: str, version: int = 1, update: str = "Full", status: str = "Accepted") -> None:
    """SendLocalList of these tokens, all good, or of nobody; answered so."""
    asked: dict[str, Any] = {"listVersion": version, "updateType": update}
    if tokens:
        asked["localAuthorizationList"] = [{"idTag": one, "idTagInfo": GOOD} for one in tokens]
    require(await bench.tool.send("SendLocalList", **asked), status=status)


def verdict(bench: Bench, status: str = "Accepted", parent: str | None = None) -> None:
    """What the tool says of every token from now on."""
    info = {"status": status} | ({} if parent is None else {"parentIdTag": parent})
    bench.tool.answer("Authorize", {"idTagInfo": info})
    bench.tool.answer("StartTransaction", {"transactionId": TRANSACTION, "idTagInfo": info})
    bench.tool.answer("StopTransaction", {"idTagInfo": info})
