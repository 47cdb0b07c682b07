"""A whole session of a simulated car over an open connection: negotiate a protocol, charge, hang up."""

from __future__ import annotations

from typing import Final

from agent.iso15118.exi import app_protocol
from agent.iso15118.secc.events import Protocol
from agent.iso15118.secc.negotiation import VERSIONS
from sim.evcc.link import ChargerGoneError, Link
from sim.evcc.plan import Battery, Plan, RefusedError, Report

SCHEMA_IDS: Final = (10, 20)  # any numbers do, as long as they differ


async def charge(link: Link, plan: Plan, battery: Battery, report: Report | None = None) -> Report:
    """Run a session as planned; how it went. A refusal or a charger that is gone is in the report, not raised.

    `report`: written while the session goes on, for whoever looks meanwhile.
    """
    report = report or Report()
    try:
        report.protocol = await _negotiate(link, plan)
        if report.protocol is Protocol.ISO_2:
            from sim.evcc.iso2 import Iso2Session

            pauses = await Iso2Session(link, plan, battery, report).run()
        else:
            from sim.evcc.din import DinSession

            await DinSession(link, plan, battery, report).run()
            pauses = False  # DIN SPEC 70121 has no word for it
        report.ended = "paused" if pauses else "done"
    except (RefusedError, ChargerGoneError) as error:
        report.ended = str(error)
    except TimeoutError:
        report.ended = "the charger did not answer in time"
    finally:
        battery.connect(False)
        battery.ready(False)
        await link.close()
    return report


async def _negotiate(link: Link, plan: Plan) -> Protocol:
    offers = tuple(
        app_protocol.AppProtocolType(
            ProtocolNamespace=one.value,
            VersionNumberMajor=VERSIONS[one][0],
            VersionNumberMinor=VERSIONS[one][1],
            SchemaID=schema_id,
            Priority=priority,
        )
        for priority, (one, schema_id) in enumerate(zip(plan.offers, SCHEMA_IDS, strict=False), start=1)
    )
    answer = await link.ask(app_protocol.supportedAppProtocolReq(AppProtocol=offers), app_protocol)
    if not isinstance(answer, app_protocol.supportedAppProtocolRes) or answer.SchemaID is None:
        raise RefusedError("the charger speaks none of the protocols that the car offers")
    return plan.offers[SCHEMA_IDS.index(answer.SchemaID)]
