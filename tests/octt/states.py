"""The reusable and memory states of OCPP 2.0.1 part 6 (2.18, 2.19), each with the validations of its steps."""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet
from typing import Any

from tests.octt.bench import DURATION_S, HAND_S, Bench
from tests.octt.tool import BOOT_INTERVAL_S, PRESENT, require

RUNNING_BEFORE_PLUG = frozenset({"ParkingBayOccupancy", "Authorized"})


async def told(bench: Bench, status: str, evse: int | None = None, *, within_s: float = 60.0) -> None:
    """The CSMS hears of a connector's status, by StatusNotification or as an event of its component."""
    await bench.tool.expect(
        "StatusNotification", within_s, connectorStatus=status, evseId=evse or bench.evse, connectorId=1
    )


async def event(bench: Bench, within_s: float = 60.0, **where: Any) -> dict[str, Any]:
    """A TransactionEvent, and what its first one says of the transaction's id."""
    payload = await bench.tool.expect("TransactionEvent", within_s, **where)
    bench.tx = payload["transactionInfo"]["transactionId"]
    if payload["eventType"] == "Ended":
        bench.authorized = False
    return payload


async def booted(
    bench: Bench, *, by_hand: bool = False, kind: str = "Immediate", unavailable: AbstractSet[int] = frozenset()
) -> dict[str, Any]:
    """Booted: by Reset or by a power cycle; the BootNotification. Every connector is told of, and why it booted."""
    if by_hand:
        await bench.power_cycle()
    else:
        require(await bench.tool.send("Reset", type=kind), status="Accepted")
    boot = await bench.tool.expect("BootNotification", 120.0)
    for evse in bench.station.board.evses:
        await told(bench, "Unavailable" if evse in unavailable else "Available", evse)
    await bench.tool.expect("SecurityEventNotification", type={"StartupOfTheDevice", "ResetOrReboot"})
    await asyncio.sleep(BOOT_INTERVAL_S)
    return boot


async def reserved(bench: Bench, token: dict[str, str] | None = None, reservation: int = 1, **more: Any) -> None:
    """Reserved: one EVSE, for a token."""
    asked = {"evseId": bench.evse} | more
    answer = await bench.tool.send(
        "ReserveNow", id=reservation, expiryDateTime="2026-01-01T01:00:00Z", idToken=token or bench.token, **asked
    )
    require(answer, status="Accepted")
    await told(bench, "Reserved", asked["evseId"])


async def unavailable(bench: Bench, evse: int | None = None, connector: int | None = None) -> None:
    """Unavailable: the station (no EVSE named), an EVSE, or a connector."""
    place = {"evse": {"id": evse} | ({"connectorId": connector} if connector else {})} if evse else {}
    require(await bench.tool.send("ChangeAvailability", operationalStatus="Inoperative", **place), status="Accepted")
    for one in [evse] if evse else list(bench.station.board.evses):
        await told(bench, "Unavailable", one)


async def connected(bench: Bench, **car: Any) -> dict[str, Any] | None:
    """EVConnectedPreSession: the plug is in; the TransactionEvent, where one is due."""
    start = await bench.points("TxStartPoint")
    running = bench.tx is not None
    bench.plug(**car)
    await told(bench, "Occupied")
    await asyncio.sleep(HAND_S)
    due = running or "EVConnected" in start or ("PowerPathClosed" in start and bench.authorized)
    if not due:
        return None
    return await event(
        bench,
        eventType="Updated" if running else "Started",
        triggerReason={"CablePluggedIn", "ChargingStateChanged", "RemoteStart"},
        transactionInfo__chargingState={"EVConnected", "SuspendedEVSE", "Charging"}
        if bench.authorized
        else {"EVConnected"},
        evse__id=bench.evse,
        evse__connectorId=1,
    )


async def authorized(
    bench: Bench, *, remote: bool | None = None, asks: bool = True, **start: Any
) -> dict[str, Any] | None:
    """Authorized, locally (A) or by RequestStartTransaction (B); the TransactionEvent, where one is due.

    `asks`: an AuthorizeRequest is due: the token is not cached, and the configuration wants one.
    """
    remote = bench.remote if remote is None else remote
    points = await bench.points("TxStartPoint")
    running = bench.tx is not None
    wanted: dict[str, Any] = {}
    if remote:
        answer = await bench.tool.send(
            "RequestStartTransaction", idToken=bench.token, remoteStartId=77, evseId=bench.evse, **start
        )
        require(answer, status="Accepted")
        asks = asks and await bench.value("AuthCtrlr.AuthorizeRemoteStart") == "true"
        wanted |= {"transactionInfo__remoteStartId": 77}
    else:
        bench.present()
    if asks:
        await bench.tool.expect("Authorize", idToken__idToken=bench.token["idToken"], idToken__type=bench.token["type"])
    bench.authorized = True
    due = running or "Authorized" in points or (bench.connected and "PowerPathClosed" in points)
    if not due:
        return None
    return await event(
        bench,
        eventType="Updated" if running else "Started",
        triggerReason="RemoteStart" if remote else "Authorized",
        idToken__idToken=bench.token["idToken"],
        idToken__type=bench.token["type"],
        **wanted,
    )


async def charging(bench: Bench, *, remote: bool | None = None, asks: bool = True, **car: Any) -> dict[str, Any]:
    """EnergyTransferStarted, from wherever the case stands; the TransactionEvent that says so."""
    if not bench.authorized:
        await authorized(bench, remote=remote, asks=asks)
    if not bench.connected:
        await connected(bench, **car)
    payload = await event(
        bench,
        eventType={"Started", "Updated"},
        triggerReason="ChargingStateChanged",
        transactionInfo__chargingState="Charging",
    )
    assert bench.closed, "the contactor is open"
    return payload


async def suspended(bench: Bench) -> dict[str, Any]:
    """EnergyTransferSuspended by the EV."""
    await asyncio.sleep(DURATION_S)
    bench.pause()
    ends = "EnergyTransfer" in await bench.points("TxStopPoint")
    wanted: dict[str, Any] = {"eventType": "Ended" if ends else "Updated", "triggerReason": "ChargingStateChanged"}
    if ends:
        wanted["transactionInfo__stoppedReason"] = "StoppedByEV"
    else:
        wanted["transactionInfo__chargingState"] = {"EVConnected", "SuspendedEV"}
    payload = await event(bench, **wanted)
    if ends:  # the suspension itself may be told of, too
        for one in bench.tool.left("TransactionEvent"):
            require(bench.tool.take(one), eventType="Updated", transactionInfo__chargingState="SuspendedEV")
    return payload


async def stop_authorized(bench: Bench, *, remote: bool | None = None) -> dict[str, Any]:
    """StopAuthorized: by the same token (A) or RequestStopTransaction (B); the event that says so."""
    remote = bench.remote if remote is None else remote
    await asyncio.sleep(DURATION_S)
    if remote:
        require(await bench.tool.send("RequestStopTransaction", transactionId=bench.tx), status="Accepted")
        payload = await event(bench, triggerReason="RemoteStop")
    else:
        bench.present()
        payload = await event(bench, triggerReason="StopAuthorized")
    if payload["eventType"] == "Ended" and not remote:
        assert payload["transactionInfo"].get("stoppedReason", "Local") == "Local", payload
    bench.authorized = False
    return payload


async def post_session(bench: Bench) -> None:
    """EVConnectedPostSession: energy has stopped and may not begin again without a driver."""
    await asyncio.sleep(BOOT_INTERVAL_S)
    if bench.tool.left("TransactionEvent"):
        await event(bench, triggerReason="ChargingStateChanged", transactionInfo__chargingState="EVConnected")
    assert not bench.closed, "the contactor is closed"


async def disconnected(bench: Bench) -> dict[str, Any] | None:
    """EVDisconnected after the stop was authorised; the event, where the transaction still ran."""
    ended = any(
        one.payload["eventType"] == "Ended" and one.payload["transactionInfo"]["transactionId"] == bench.tx
        for one in bench.tool.calls("TransactionEvent")
    )
    bench.unplug()
    await told(bench, "Available")
    if ended or bench.tx is None:
        bench.tx = None
        return None
    payload = await event(bench, triggerReason={"EVCommunicationLost", "EVDeparted"})
    bench.tx = None if payload["eventType"] == "Ended" else bench.tx
    return payload


async def left(bench: Bench) -> None:
    """ParkingBayUnoccupied, through every state that has not been reached yet; there is no bay sensor."""
    if bench.tx is not None and bench.authorized:
        await stop_authorized(bench)
        await post_session(bench)
    if bench.connected:
        await disconnected(bench)
    bench.tx, bench.authorized = None, False


async def whole_session(bench: Bench) -> None:
    """From an empty bay to an empty bay."""
    await charging(bench)
    await left(bench)


async def cached(bench: Bench) -> None:
    """IdTokenCached: the token is in the authorization cache, with the status that the tool gives it."""
    await authorized(bench)
    await asyncio.sleep(BOOT_INTERVAL_S)
    if bench.tool.answers["Authorize"]["idTokenInfo"]["status"] == "Accepted":
        await connected(bench)
        await charging(bench)
        await left(bench)
    bench.authorized = False


async def listed(bench: Bench, *entries: dict[str, Any], version: int = 1) -> None:
    """IdTokenLocalAuthList: the local list is these entries, or the valid token alone."""
    own = {"idToken": bench.token, "idTokenInfo": {"status": "Accepted"}}
    answer = await bench.tool.send(
        "SendLocalList", versionNumber=version, updateType="Full", localAuthorizationList=list(entries) or [own]
    )
    require(answer, status="Accepted")


async def offline_transaction(bench: Bench, *, back: bool = True) -> None:
    """StartOfflineTransaction: a driver starts while the CSMS is away, which then is back (unless not `back`)."""
    await bench.tool.go_offline()
    bench.present()
    bench.plug()
    await asyncio.sleep(DURATION_S)
    if back:
        await bench.tool.go_online()


def verdict(bench: Bench, status: str = "Accepted", group: dict[str, str] | None = None, **more: Any) -> None:
    """What the CSMS says of every token from now on; `more`: of what else an authorisation asks for."""
    info = {"idTokenInfo": {"status": status} | ({} if group is None else {"groupIdToken": group})}
    bench.tool.answer("Authorize", info | more)
    bench.tool.answer("TransactionEvent", lambda request: info if "idToken" in request else {})


async def refused(bench: Bench, token: str, *, for_s: float = 30.0) -> None:
    """Nothing of a driver whom nobody accepts is told as a transaction, and no energy flows."""
    bench.present(token)
    await bench.tool.expect("Authorize", idToken__idToken=token, idToken__type=bench.token["type"])
    await bench.tool.silence("TransactionEvent", for_s)
    assert not bench.closed, "the contactor is closed"


async def profile_set(bench: Bench, profile: dict[str, Any], evse: int | None = None) -> None:
    """SetChargingProfile: the profile is installed."""
    answer = await bench.tool.send(
        "SetChargingProfile", evseId=bench.evse if evse is None else evse, chargingProfile=profile
    )
    require(answer, status="Accepted")


async def certificate_installed(bench: Bench, kind: str, pem: str) -> None:
    """CertificateInstalled: a root of this kind is in the store."""
    require(await bench.tool.send("InstallCertificate", certificateType=kind, certificate=pem), status="Accepted")


async def installed_certificates(bench: Bench, *kinds: str) -> list[dict[str, Any]]:
    """GetInstalledCertificates: what the store holds of these kinds."""
    answer = await bench.tool.send("GetInstalledCertificateIds", certificateType=list(kinds))
    return list(require(answer, status="Accepted", certificateHashDataChain=PRESENT)["certificateHashDataChain"])
