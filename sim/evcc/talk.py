"""Asking and checking, as both protocols' sessions do it."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any, Final, TypeVar

from agent.iso15118.exi import Message, xmldsig
from sim.evcc.link import Link
from sim.evcc.plan import Battery, RefusedError, Report

POLL_S: Final = 0.2  # how soon the car asks again where it was answered Ongoing

_Answer = TypeVar("_Answer", bound=Message)


class Talk:
    """One car's half of a conversation in one protocol, whose messages are in `schema`."""

    def __init__(self, link: Link, schema: ModuleType, session_id: bytes, report: Report) -> None:
        self._link = link
        self._schema: Any = schema
        self._report = report
        self.session_id = session_id

    async def ask(self, kind: type[_Answer], request: Message, signature: Any = None) -> _Answer:
        """The response to a request. Raises `RefusedError` when it is no OK of the right kind."""
        return (await self.ask_signed(kind, request, signature))[0]

    async def ask_signed(
        self, kind: type[_Answer], request: Message, signature: Any = None
    ) -> tuple[_Answer, xmldsig.SignatureType | None]:
        """The same, with the response's signature."""
        m = self._schema
        header = m.MessageHeaderType(SessionID=self.session_id, Signature=signature)
        asked_s = asyncio.get_running_loop().time()
        whole: Any = await self._link.ask(m.V2G_Message(Header=header, Body=m.BodyType(BodyElement=request)), m)
        self._report.slowest_s = max(self._report.slowest_s, asyncio.get_running_loop().time() - asked_s)
        answer = whole.Body.BodyElement if isinstance(whole, m.V2G_Message) else whole
        self._report.responses.append(type(answer).__name__)
        if not isinstance(answer, kind):
            raise RefusedError(f"{type(request).__name__} was answered with {type(answer).__name__}")
        code = str(getattr(answer, "ResponseCode", "none"))
        if code.startswith("FAILED"):
            raise RefusedError(f"{type(request).__name__}: {code}")
        self.session_id = whole.Header.SessionID
        return answer, whole.Header.Signature


def limited(battery: Battery, report: Report, current_a: float) -> None:
    """The car obeys a limit of the charger's; the report has it where it is a new one."""
    battery.limited_to(current_a)
    if report.limits_a[-1:] != [current_a]:
        report.limits_a.append(current_a)
