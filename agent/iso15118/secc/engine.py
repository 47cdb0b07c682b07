"""One TCP connection of one car: bytes and snapshots in, bytes and events out. No I/O, no clock, no waiting.

Whoever holds the connection feeds it (`receive`, `update`, `tick`, `lost`) and, after each call, takes what is due
(`take`) and calls `tick` at `deadline_s`. Every way out ends with one `SessionOver`, after which nothing comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from types import ModuleType
from typing import Any, Final
from typing import Protocol as Shape

from msgspec import Struct
from msgspec.structs import replace

from agent.iso15118 import exi
from agent.iso15118.exi import Message, app_protocol
from agent.iso15118.secc.events import AnyEvent, Negotiated, Outcome, Protocol, SessionOver
from agent.iso15118.secc.negotiation import negotiate, spelled
from agent.iso15118.secc.snapshot import Payment, Snapshot
from agent.iso15118.secc.state import Dice, Fetched, Paused, Phase, Reply, State, is_ok, response_code
from agent.iso15118.secc.timing import SEQUENCE_S, SETUP_S
from agent.iso15118.v2gtp import Broken, Frame, Framer, PayloadType, framed

QUEUED_REQUESTS: Final = 4  # our policy: a car that asks before it was answered has lost the thread


class Sequence(Shape):
    """What a protocol's module is to the engine. `ALLOWED` and `answer` never disagree about a phase."""

    @property
    def ALLOWED(self) -> Mapping[Phase, tuple[type[Message], ...]]:  # noqa: N802 - a module's constant
        """Which requests may come in a phase."""

    def body(self, message: Message) -> tuple[bytes, Message]:
        """Session id and request."""

    def signature(self, message: Message) -> Any:
        """The signature in a message's header, if there is one."""

    def wrapped(self, session_id: bytes, answer: Message) -> Message:
        """An answer as it goes out."""

    def first(self, state: State, session_id: bytes, request: Any, paused: Paused | None, dice: Dice) -> State:
        """The state after SessionSetup."""

    def refusal(self, request: Message, snapshot: Snapshot, code: str) -> Message | None:
        """The response that refuses a request."""

    def answer(
        self, state: State, request: Message, snapshot: Snapshot, now_s: float, waited_s: float
    ) -> tuple[State, Reply]:
        """What a request is answered."""


class Output(Struct, frozen=True):
    """What is due: octets to send, events to act on, and why the connection is to be closed then (None: it is not)."""

    data: bytes
    events: tuple[AnyEvent, ...]
    close: str | None


class Engine:
    """The charger's side of a session, whatever protocol it turns out to speak."""

    def __init__(
        self,
        spoken: Collection[Protocol],
        snapshot: Snapshot,
        dice: Dice,
        now_s: float,
        *,
        paused: Paused | None = None,
    ) -> None:
        """Begin with a connection that was just accepted. `paused`: a session that this car may go on with."""
        self._spoken = spoken
        self._secure = False
        self._snapshot = snapshot
        self._dice = dice
        self._paused = paused
        self._framer = Framer()
        self._requests: deque[Frame] = deque()
        self._schema: ModuleType = app_protocol
        self._held: tuple[Sequence, Message, float] | None = None  # a request that is put off, and since when
        self._held_until_s: float | None = None
        self._sequence: Sequence | None = None
        self._state = State()
        self._quiet_until_s: float | None = now_s + SETUP_S
        self._data = bytearray()
        self._events: list[AnyEvent] = []
        self._close: str | None = None
        self._over = False

    def secured(self) -> None:
        """The connection is inside TLS: contracts may be offered from now on."""
        self._secure = True

    @property
    def deadline_s(self) -> float | None:
        """When `tick` is due; None: never."""
        return self._held_until_s if self._held is not None else self._quiet_until_s

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._state

    @property
    def over(self) -> bool:
        """Whether the session has ended, one way or another."""
        return self._over

    def receive(self, data: bytes, now_s: float) -> None:
        """Octets came from the car, split or joined as TCP likes."""
        for event in self._framer.feed(data):
            match event:
                case Frame() if len(self._requests) >= QUEUED_REQUESTS:
                    self._end(Outcome.FAILED, "requests came faster than answers")
                case Frame():
                    self._requests.append(event)
                case Broken(reason=reason):
                    self._end(Outcome.FAILED, reason)
        self._work(now_s)

    def update(self, snapshot: Snapshot, now_s: float) -> None:
        """The charger has changed: what was put off may be answered now."""
        self._snapshot = snapshot
        self._work(now_s)

    def fetched(self, octets: bytes | None, now_s: float) -> None:
        """What the car has wanted of others (`CertificateWanted`): a message in EXI; None: there is none to be had."""
        self._state = replace(self._state, fetched=Fetched(octets))
        self._work(now_s)

    def tick(self, now_s: float) -> None:
        """Time has passed."""
        if self._held is None and self._quiet_until_s is not None and now_s >= self._quiet_until_s:
            self._end(Outcome.FAILED, "the car has said nothing for too long")
        self._work(now_s)

    def lost(self) -> None:
        """The connection is gone."""
        self._end(Outcome.FAILED, "the connection was lost")

    def stop(self, why: str) -> None:
        """The charger gives up: nothing more is answered."""
        self._end(Outcome.FAILED, why)

    def take(self) -> Output:
        """What is due since the last call."""
        output = Output(bytes(self._data), tuple(self._events), self._close)
        self._data.clear()
        self._events.clear()
        return output

    def _work(self, now_s: float) -> None:
        while not self._over:
            if self._held is not None:
                sequence, request, since_s = self._held
                if not self._answer(sequence, request, now_s, now_s - since_s):
                    return
                self._held = self._held_until_s = None
            elif self._requests:
                self._request(self._requests.popleft(), now_s)
            else:
                return

    def _request(self, frame: Frame, now_s: float) -> None:
        if frame.type != PayloadType.EXI:
            self._end(Outcome.FAILED, f"payload type {frame.type:#06x}")
            return
        try:
            message = exi.decode(self._schema, frame.payload)
        except exi.DecodeError as error:
            self._end(Outcome.FAILED, f"no message: {error}")
            return
        if self._sequence is None:
            self._negotiate(message, now_s)
        else:
            self._serve(self._sequence, message, frame.payload, now_s)

    def _serve(self, sequence: Sequence, message: Message, octets: bytes, now_s: float) -> None:
        session_id, request = sequence.body(message)
        refused = self._refused(sequence, session_id, request)
        if refused is not None:
            self._say(sequence, sequence.refusal(request, self._seen(), refused), now_s)
            self._end(Outcome.FAILED, f"{type(request).__name__}: {refused}")
            return
        if self._state.phase is Phase.SETUP:
            self._state = sequence.first(self._state, session_id, request, self._resumable(), self._dice)
        self._state = replace(self._state, signature=sequence.signature(message), request=octets)
        if not self._answer(sequence, request, now_s, 0.0):
            self._held = (sequence, request, now_s)

    def _negotiate(self, message: Message, now_s: float) -> None:
        if not isinstance(message, app_protocol.supportedAppProtocolReq):
            self._end(Outcome.FAILED, f"{type(message).__name__} instead of supportedAppProtocolReq")
            return
        protocol, response = negotiate(message, self._spoken)
        named = {one.SchemaID: (one.Priority, spelled(one)) for one in message.AppProtocol}
        agreed = named.get(response.SchemaID) if response.SchemaID is not None else None
        self._events.append(Negotiated(tuple(sorted(named.values())), agreed[1] if agreed is not None else None))
        self._send(response, now_s)
        if protocol is None:
            self._end(Outcome.FAILED, "no protocol that the car offers is spoken here")
            return
        self._schema, self._sequence = _spoken(protocol)

    def _refused(self, sequence: Sequence, session_id: bytes, request: Message) -> str | None:
        """The response code of a request that does not belong here; None for one that does."""
        if not isinstance(request, sequence.ALLOWED[self._state.phase]):
            return "FAILED_SequenceError"
        if self._state.phase is not Phase.SETUP and session_id != self._state.session_id:
            return "FAILED_UnknownSession"
        return None

    def _answer(self, sequence: Sequence, request: Message, now_s: float, waited_s: float) -> bool:
        """Whether the request is answered now."""
        self._state, reply = sequence.answer(self._state, request, self._seen(), now_s, waited_s)
        over = [one for one in reply.events if isinstance(one, SessionOver)]
        self._events.extend(one for one in reply.events if not isinstance(one, SessionOver))
        if reply.answer is None and reply.until_s is not None:
            self._held_until_s = now_s - waited_s + reply.until_s
            self._quiet_until_s = None
            return False
        if reply.exi is not None:
            self._put(reply.exi, now_s)
        else:
            self._say(sequence, reply.answer, now_s)
        if over:
            self._end(over[0].outcome, over[0].why)
        elif reply.last or (reply.answer is not None and not is_ok(response_code(reply.answer))):
            code = response_code(reply.answer) if reply.answer is not None else "no answer"
            self._end(Outcome.FAILED, f"{type(request).__name__}: {code}")
        return True

    def _resumable(self) -> Paused | None:
        """A session that this car may go on with: not one that could not be paid for as before."""
        paused = self._paused
        payable = paused is not None and paused.payment in {None, *self._seen().payments}
        return paused if payable else None

    def _seen(self) -> Snapshot:
        """What this car may know: in the clear nobody pays by contract ([V2G2-632])."""
        if (self._secure and self._dice.judge is not None) or Payment.CONTRACT not in self._snapshot.payments:
            return self._snapshot
        return replace(self._snapshot, payments=(Payment.EXTERNAL,))

    def _say(self, sequence: Sequence, answer: Message | None, now_s: float) -> None:
        if answer is not None:
            self._send(sequence.wrapped(self._state.session_id, answer), now_s)

    def _send(self, message: Message, now_s: float) -> None:
        if not self._over:
            self._put(exi.encode(message), now_s)

    def _put(self, octets: bytes, now_s: float) -> None:
        self._data += framed(PayloadType.EXI, octets)
        self._quiet_until_s = now_s + SEQUENCE_S

    def _end(self, outcome: Outcome, why: str) -> None:
        if self._over:
            return
        self._over = True
        self._requests.clear()
        self._held = self._held_until_s = self._quiet_until_s = None
        self._events.append(SessionOver(outcome, why))
        self._close = why or str(outcome)


def load(protocols: Collection[Protocol]) -> None:
    """Load what these protocols need, before a car waits for it: half a second on a controller (estimate)."""
    for one in protocols:
        _spoken(one)


def _spoken(protocol: Protocol) -> tuple[ModuleType, Sequence]:
    """The messages of a protocol and its sequence; what is not spoken here is never loaded."""
    match protocol:
        case Protocol.DIN:
            from agent.iso15118.secc import din

            return din.MESSAGES, din
        case Protocol.ISO_2:
            from agent.iso15118.secc import iso2

            return iso2.MESSAGES, iso2
