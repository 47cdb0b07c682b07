"""The pages. They work without JavaScript; with it they follow what happens, and forms replace only their answer."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from csms import commands as c
from csms import views
from csms.api import COMMANDS, MessagesQuery, SessionsQuery, TokenChange
from csms.endpoints import EXPECTED, Problem, problem_of
from csms.records import ChargerState, TokenStatus
from csms.server import Csms
from csms.web.forms import form_of, query_of, see, segment

SESSIONS_BESIDE: Final = 5  # our policy: on a charger's own page
EVENTS_BESIDE: Final = 10  # our policy: there too
FRAMES_BESIDE: Final = 15  # our policy: there too
TRIGGERS: Final = (
    "BootNotification",
    "Heartbeat",
    "StatusNotification",
    "MeterValues",
    "FirmwareStatusNotification",
    "TransactionEvent",
    "LogStatusNotification",
    "DiagnosticsStatusNotification",
)
WH_PER_KWH: Final = 1_000.0
W_PER_KW: Final = 1_000.0
Kilowatt = Annotated[float, msgspec.Meta(ge=0)]


class Pages:
    """The pages over a CSMS."""

    def __init__(self, csms: Csms) -> None:
        self._csms = csms
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,  # whatever a charger sends is text
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"segment": segment, "utc": views.utc_text, "kwh": _kwh, "pretty": _pretty}
        self._environment.globals |= {"faults": csms.faults, "triggers": TRIGGERS}

    def routes(self) -> list[Route]:
        """The routes of all pages. Longer paths come first: an identity may hold slashes."""
        charger = "/chargers/{identity:path}"
        return [
            Route("/", self._chargers),
            Route(f"{charger}/state", self._decide, methods=["POST"]),
            Route(f"{charger}/car-limit", self._limit_cars, methods=["POST"]),
            Route(f"{charger}/configuration", self._configuration, methods=["GET"]),
            Route(f"{charger}/configuration", self._set, methods=["POST"]),
            Route(f"{charger}/ask/{{command:str}}", self._command, methods=["POST"]),
            Route(charger, self._charger),
            Route("/sessions", self._sessions),
            Route("/sessions/{number:int}", self._session),
            Route("/tokens", self._tokens, methods=["GET"]),
            Route("/tokens", self._change_tokens, methods=["POST"]),
            Route("/messages", self._messages),
            Route("/faults/clear", self._clear_faults, methods=["POST"]),
        ]

    def problem(self, problem: Problem) -> Response:
        """The page that tells of an error."""
        return self.render("problem.html", problem.status, problem=problem)

    async def _chargers(self, _: Request) -> Response:
        found = await views.chargers(self._csms)
        return self.render("chargers.html", chargers=found, turned_away=self._csms.turned_away[::-1])

    async def _charger(self, request: Request) -> Response:
        return await self._charger_page(request)

    async def _charger_page(
        self, request: Request, *, answer: c.Answer | None = None, problem: Problem | None = None
    ) -> Response:
        identity = self.known(request)
        sessions, frames, security_events = await self._csms.store.read(
            lambda db: (
                db.sessions(identity, newest=SESSIONS_BESIDE)[::-1],
                db.frames(identity, newest=FRAMES_BESIDE)[::-1],
                db.security_events(identity, newest=FRAMES_BESIDE)[::-1],
            )
        )
        return self.render(
            "charger.html",
            charger=await views.charger(self._csms, identity),
            sessions=sessions,
            frames=frames,
            events=self._csms.events(identity)[-EVENTS_BESIDE:][::-1],
            security_events=security_events,
            answer=answer,
            problem=problem,
        )

    async def _decide(self, request: Request) -> Response:
        identity, form = self.known(request), await form_of(request)
        try:
            await views.decide(self._csms, identity, msgspec.convert(form.get("state"), ChargerState))
        except EXPECTED as error:
            return self.problem(problem_of(error))
        return see(f"/chargers/{segment(identity)}" if form.get("back") == "charger" else "/")

    async def _limit_cars(self, request: Request) -> Response:
        """Set what a charger may give the cars that are planned for; an empty field: whatever they take."""
        identity, form = self.known(request), await form_of(request)
        try:
            limit_kw = msgspec.convert(form.get("limit_kw") or None, Kilowatt | None, strict=False)
            self._csms.cars.limit(identity, None if limit_kw is None else limit_kw * W_PER_KW)
        except EXPECTED as error:
            return self.problem(problem_of(error))
        return see(f"/chargers/{segment(identity)}")

    async def _command(self, request: Request) -> Response:
        kind = COMMANDS.get(request.path_params["command"])
        if kind is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such command.")
        identity = self.known(request)
        try:
            command: Any = msgspec.convert(await form_of(request), kind, strict=False)
            answer = await self._csms.ask(identity, command)
        except EXPECTED as error:
            return await self._charger_page(request, problem=problem_of(error))
        return await self._charger_page(request, answer=answer)

    async def _configuration(self, request: Request) -> Response:
        names = tuple(request.query_params.get("names", "").split())
        try:
            inventory = await self._csms.settings(self.known(request), names)
        except EXPECTED as error:
            return self._settings_page(request, problem=problem_of(error))
        return self._settings_page(request, inventory=inventory)

    async def _set(self, request: Request) -> Response:
        """Change a setting and show the answer, and without JavaScript that setting as it is now."""
        identity = self.known(request)
        try:
            command = msgspec.convert(await form_of(request), c.SetSetting)
            answer = await self._csms.ask(identity, command)
            alone = "hx-request" not in request.headers
            inventory = await self._csms.settings(identity, (command.name,)) if alone else None
        except EXPECTED as error:
            return self._settings_page(request, problem=problem_of(error))
        return self._settings_page(request, inventory=inventory, answer=answer)

    def _settings_page(
        self,
        request: Request,
        *,
        inventory: c.Inventory | None = None,
        answer: c.Answer | None = None,
        problem: Problem | None = None,
    ) -> Response:
        return self.render(
            "configuration.html",
            identity=self.known(request),
            names=request.query_params.get("names", ""),
            inventory=inventory,
            answer=answer,
            problem=problem,
        )

    async def _sessions(self, request: Request) -> Response:
        which = query_of(request, SessionsQuery)
        sessions = await self._csms.store.read(
            lambda db: db.sessions(which.charger, open_only=which.open, before=which.before, newest=which.limit)
        )
        older = None
        if len(sessions) == which.limit:
            older = urlencode({**dict(request.query_params), "before": sessions[0].id})
        return self.render("sessions.html", sessions=sessions[::-1], which=which, older=older, query=request.url.query)

    async def _session(self, request: Request) -> Response:
        number = request.path_params["number"]
        session = await self._csms.store.read(lambda db: db.session(number)) if number <= views.MAX_ID else None
        if session is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such session.")
        curves, proofs = await views.curves(self._csms, session), await views.proofs(self._csms, session)
        return self.render("session.html", session=session, curves=curves, proofs=proofs)

    async def _tokens(self, _: Request) -> Response:
        tokens = sorted(self._csms.store.tokens.values(), key=lambda token: token.key)
        return self.render("tokens.html", tokens=tokens)

    async def _change_tokens(self, request: Request) -> Response:
        """Add, block, accept again or forget a token, as the button that was pressed says."""
        form = await form_of(request)
        value = form.pop("token", "")
        try:
            if not 0 < len(value) <= views.MAX_TOKEN_LENGTH:
                raise c.UnsayableError(f"a token has 1 to {views.MAX_TOKEN_LENGTH} characters")
            if "forget" in form:
                self._csms.remove_token(value)
            elif "status" in form:
                self._csms.set_token_status(value, msgspec.convert(form["status"], TokenStatus))
            else:
                added = msgspec.convert(form, TokenChange)
                self._csms.add_token(value, kind=added.kind, group=added.group)
        except EXPECTED as error:
            return self.problem(problem_of(error))
        return see("/tokens")

    async def _messages(self, request: Request) -> Response:
        which = query_of(request, MessagesQuery)
        frames = await self._csms.store.read(
            lambda db: db.frames(which.charger, violations_only=which.violations, newest=which.limit)
        )
        return self.render("messages.html", frames=frames[::-1], which=which, query=request.url.query)

    async def _clear_faults(self, _: Request) -> Response:
        self._csms.faults.clear()
        return see("/")

    def known(self, request: Request) -> str:
        """The charger that a path is about. Raises HTTPException when there is none."""
        identity: str = request.path_params["identity"]
        if self._csms.charger(identity) is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"No charger {identity} is known.")
        return identity

    def render(self, name: str, status: int = HTTPStatus.OK, **context: Any) -> Response:
        """A page from its template."""
        return HTMLResponse(self._environment.get_template(name).render(**context), status)


def _kwh(energy_wh: float | None) -> str:
    return "" if energy_wh is None else f"{energy_wh / WH_PER_KWH:.3f}"


def _pretty(content: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()
