"""The HTTP API of the CSMS: everything the pages can do, and faults for tests. Documented by /api/openapi.json."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from csms import commands as c
from csms import file_commands, views
from csms import planning as p
from csms.csv_text import sessions_csv
from csms.door import TurnedAway, is_identity
from csms.endpoints import Asked, Endpoint, ProblemError, delete, do, document, first_line, get, route_of
from csms.faults import Fault
from csms.pki_api import PkiApi
from csms.proofs import Proof
from csms.records import (
    ChargerState,
    LoggedFrame,
    SecurityEvent,
    SessionRow,
    Token,
    TokenStatus,
)
from csms.series import Curve
from csms.server import Csms
from csms.stream import EventStream
from csms.tariff import Tariff
from csms.told import EventTold

API_VERSION = "1"
MAX_ROWS = 1_000  # our policy: how many rows an answer may have
DEFAULT_ROWS = 100  # our policy
LAST_UTC_S = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that OCPP can tell

COMMANDS: dict[str, type[c.Command]] = {
    "start": c.Start,
    "stop": c.Stop,
    "reset": c.Reset,
    "unlock": c.Unlock,
    "availability": c.ChangeAvailability,
    "trigger": c.Trigger,
    "clear-cache": c.ClearCache,
    "local-list": c.SendLocalList,
    "local-list-version": c.GetLocalListVersion,
    "transaction-status": c.TransactionStatus,
    "data-transfer": c.SendData,
    "reserve": p.Reserve,
    "cancel-reservation": p.CancelReservation,
    "charging-profile": p.SetProfile,
    "clear-charging-profiles": p.ClearProfiles,
    "charging-schedule": p.GetSchedule,
    "charging-profiles": p.GetProfiles,
    **file_commands.COMMANDS,
    "certificates/install": c.InstallRoot,
    "certificates/list": c.ListRoots,
    "certificates/delete": c.DeleteCertificate,
    "certificates/renew": c.Renew,
}
Rows = Annotated[int, msgspec.Meta(ge=1, le=MAX_ROWS)]


class ChargerChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a charger; what is left out stays. `password` null: it connects without one.

    `car_limit_w`: what it may give all cars that are planned for; null: whatever they take.
    """

    state: ChargerState | msgspec.UnsetType = msgspec.UNSET
    password: Annotated[str, msgspec.Meta(min_length=16, max_length=40)] | msgspec.UnsetType | None = msgspec.UNSET
    car_limit_w: Annotated[float, msgspec.Meta(ge=0)] | msgspec.UnsetType | None = msgspec.UNSET


class TokenChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token's properties. `expires_utc_s`: Unix seconds; null: never."""

    kind: c.Word = "ISO14443"
    group: c.Word | None = None
    status: TokenStatus = TokenStatus.ACCEPTED
    expires_utc_s: Annotated[float, msgspec.Meta(ge=0, le=LAST_UTC_S)] | None = None


class RawCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any CALL in the words of the charger's OCPP version."""

    action: c.Word
    payload: dict[str, Any] = {}


class SettingsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which settings; the name may come several times. None: all."""

    name: c.Word | tuple[c.Word, ...] = ()


class SessionsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sessions: of a charger, only those that run, with an id below `before`, the newest so many."""

    charger: str | None = None
    open: bool = False
    before: Annotated[int, msgspec.Meta(ge=0, le=views.MAX_ID)] | None = None
    limit: Rows = DEFAULT_ROWS


class MessagesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which frames: of a charger, only those that break a rule, the newest so many."""

    charger: str | None = None
    violations: bool = False
    limit: Rows = DEFAULT_ROWS


class SecurityQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which security events: of a charger, the newest so many."""

    charger: str | None = None
    limit: Rows = DEFAULT_ROWS


class Api:
    """The handlers over a CSMS."""

    def __init__(self, csms: Csms) -> None:
        self._csms = csms

    def endpoints(self) -> list[Endpoint]:
        """All that can be asked for. Longer paths come first: an identity may hold slashes."""
        charger, session, token = (
            "/api/chargers/{identity:path}",
            "/api/sessions/{number:int}",
            "/api/tokens/{value:path}",
        )
        commands = [
            do("POST", f"{charger}/{name}", first_line(kind), self._command, kind, c.Answer)
            for name, kind in COMMANDS.items()
        ]
        return [
            get("/api/openapi.json", "This document.", self._openapi, dict[str, Any]),
            get("/api/health", "Whether the CSMS runs.", self._health, dict[str, str]),
            get("/api/events", first_line(EventStream), self._events, str, media_type="text/event-stream"),
            get("/api/handshakes", "Connections turned away, oldest first.", self._turned_away, list[TurnedAway]),
            get("/api/chargers", "All chargers.", self._chargers, list[views.ChargerView]),
            *commands,
            get(f"{charger}/configuration", "Read settings.", self._settings, c.Inventory, SettingsQuery),
            do("PUT", f"{charger}/configuration", "Change a setting.", self._command, c.SetSetting, c.Answer),
            do("POST", f"{charger}/report", first_line(c.GetReport), self._report, c.GetReport, c.Inventory),
            get(f"{charger}/events", "What its monitors noticed, oldest first.", self._told, list[EventTold]),
            get(f"{charger}/monitors", "The monitors of a 2.x charger.", self._monitors, c.Listing),
            get(f"{charger}/display-messages", "What a 2.x charger displays.", self._displayed, c.Listing),
            do("POST", f"{charger}/call", first_line(RawCall), self._call, RawCall, c.Answer),
            do("POST", f"{charger}/password", first_line(c.SetPassword), self._password, c.SetPassword, c.Answer),
            *PkiApi(self._csms).endpoints(),
            get(charger, "One charger.", self._charger, views.ChargerView),
            do("PATCH", charger, first_line(ChargerChange), self._change, ChargerChange, views.Decision),
            get("/api/sessions", "Sessions, oldest first.", self._sessions, list[SessionRow], SessionsQuery),
            get("/api/sessions.csv", "Sessions as a table.", self._csv, str, SessionsQuery, media_type="text/csv"),
            get(f"{session}/curves", "What was read in a session.", self._curves, list[Curve]),
            get(f"{session}/proofs", "What the meter signed of a session.", self._proofs, list[Proof]),
            get(session, "One session.", self._session, SessionRow),
            get("/api/messages", "The message log, oldest first.", self._messages, list[LoggedFrame], MessagesQuery),
            get(
                "/api/security-events",
                "What chargers told of their security, oldest first.",
                self._security,
                list[SecurityEvent],
                SecurityQuery,
            ),
            get("/api/tokens", "The drivers' tokens.", self._tokens, list[Token]),
            do("PUT", token, "Add or change a token.", self._put_token, TokenChange, Token),
            delete(token, "Forget a token.", self._forget_token),
            get("/api/tariff", "The prices of sessions that begin now.", self._tariff, Tariff),
            do("PUT", "/api/tariff", "Change the prices, until the CSMS stops.", self._set_tariff, Tariff, Tariff),
            get("/api/faults", "The faults that are due.", self._faults, list[Fault]),
            do("POST", "/api/faults", "Order a fault.", self._add_fault, Fault, list[Fault]),
            delete("/api/faults", "Let all be well again.", self._clear_faults),
        ]

    async def _openapi(self, _: Asked) -> dict[str, Any]:
        return document(self.endpoints(), title="CSMS", version=API_VERSION)

    async def _health(self, _: Asked) -> dict[str, str]:
        return {"status": "ok"}

    async def _events(self, _: Asked) -> Response:
        return EventStream(self._csms.changes)

    async def _turned_away(self, _: Asked) -> list[TurnedAway]:
        return list(self._csms.turned_away)

    async def _chargers(self, _: Asked) -> list[views.ChargerView]:
        return await views.chargers(self._csms)

    async def _charger(self, asked: Asked) -> views.ChargerView:
        found = await views.charger(self._csms, asked.path["identity"])
        if found is None:
            raise _unknown_charger(asked.path["identity"])
        return found

    async def _change(self, asked: Asked) -> views.Decision:
        identity, change = asked.path["identity"], asked.body
        if not is_identity(identity):
            remedy = "Use at most 48 printable characters and no colon."
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "no charger can have this identity", remedy)
        if change.password is not msgspec.UNSET:
            self._csms.set_password(identity, change.password)
        if change.car_limit_w is not msgspec.UNSET:
            self._csms.cars.limit(identity, change.car_limit_w)
        if change.state is not msgspec.UNSET:
            return await views.decide(self._csms, identity, change.state)
        return views.Decision(charger=await self._charger(asked), answer=None, remark=None)

    async def _command(self, asked: Asked) -> c.Answer:
        return await self._csms.ask(self._known(asked), asked.body)

    async def _password(self, asked: Asked) -> c.Answer:
        return await views.change_password(self._csms, self._known(asked), asked.body.password)

    async def _call(self, asked: Asked) -> c.Answer:
        return await self._csms.ask_by_name(
            self._known(asked), asked.body.action, msgspec.json.encode(asked.body.payload)
        )

    async def _settings(self, asked: Asked) -> c.Inventory:
        name = asked.query.name
        return await self._csms.settings(self._known(asked), (name,) if isinstance(name, str) else name)

    async def _report(self, asked: Asked) -> c.Inventory:
        return await self._csms.report(self._known(asked), asked.body.kind)

    async def _told(self, asked: Asked) -> list[EventTold]:
        return list(self._csms.events(self._known(asked)))

    async def _monitors(self, asked: Asked) -> c.Listing:
        return await self._csms.listing(self._known(asked), c.Listed.MONITORS)

    async def _displayed(self, asked: Asked) -> c.Listing:
        return await self._csms.listing(self._known(asked), c.Listed.MESSAGES)

    async def _sessions(self, asked: Asked) -> list[SessionRow]:
        which = asked.query
        return await self._csms.store.read(
            lambda db: db.sessions(which.charger, open_only=which.open, before=which.before, newest=which.limit)
        )

    async def _csv(self, asked: Asked) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="sessions.csv"'}
        return Response(sessions_csv(await self._sessions(asked)), media_type="text/csv", headers=headers)

    async def _session(self, asked: Asked) -> SessionRow:
        number = asked.path["number"]
        found = await self._csms.store.read(lambda db: db.session(number)) if number <= views.MAX_ID else None
        if found is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such session", "Take an id from GET /api/sessions.")
        return found

    async def _curves(self, asked: Asked) -> list[Curve]:
        return await views.curves(self._csms, await self._session(asked))

    async def _proofs(self, asked: Asked) -> list[Proof]:
        return await views.proofs(self._csms, await self._session(asked))

    async def _messages(self, asked: Asked) -> list[LoggedFrame]:
        which = asked.query
        return await self._csms.store.read(
            lambda db: db.frames(which.charger, violations_only=which.violations, newest=which.limit)
        )

    async def _security(self, asked: Asked) -> list[SecurityEvent]:
        which = asked.query
        return await self._csms.store.read(lambda db: db.security_events(which.charger, newest=which.limit))

    async def _tokens(self, _: Asked) -> list[Token]:
        return sorted(self._csms.store.tokens.values(), key=lambda token: token.key)

    async def _put_token(self, asked: Asked) -> Token:
        value, change = asked.path["value"], asked.body
        if not 0 < len(value) <= views.MAX_TOKEN_LENGTH:
            remedy = f"Use 1 to {views.MAX_TOKEN_LENGTH} characters."
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "no token has such a value", remedy)
        self._csms.add_token(
            value, kind=change.kind, group=change.group, status=change.status, expires_utc_s=change.expires_utc_s
        )
        return self._csms.store.tokens[value.casefold()]

    async def _forget_token(self, asked: Asked) -> None:
        value = asked.path["value"]
        if value.casefold() not in self._csms.store.tokens:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such token", "Take one from GET /api/tokens.")
        self._csms.remove_token(value)

    async def _tariff(self, _: Asked) -> Tariff:
        return self._csms.store.tariff

    async def _set_tariff(self, asked: Asked) -> Tariff:
        self._csms.set_tariff(asked.body)
        return self._csms.store.tariff

    async def _faults(self, _: Asked) -> list[Fault]:
        return list(self._csms.faults.due)

    async def _add_fault(self, asked: Asked) -> list[Fault]:
        self._csms.faults.add(asked.body)
        self._csms.changes.touch()
        return list(self._csms.faults.due)

    async def _clear_faults(self, _: Asked) -> None:
        self._csms.faults.clear()
        self._csms.changes.touch()

    def _known(self, asked: Asked) -> str:
        identity: str = asked.path["identity"]
        if self._csms.charger(identity) is None:
            raise _unknown_charger(identity)
        return identity


def routes(csms: Csms) -> list[Route]:
    """The routes of the API."""
    return [route_of(endpoint) for endpoint in Api(csms).endpoints()]


def _unknown_charger(identity: str) -> ProblemError:
    return ProblemError(HTTPStatus.NOT_FOUND, f"no charger {identity!r} is known", "Take one from GET /api/chargers.")
