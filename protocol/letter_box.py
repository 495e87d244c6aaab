"""An endpoint's letters: those it passes on, those it obeys, those it writes (PROTOCOL.md section 14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from protocol.actuator import Actuators
from protocol.controller import Request, Requests
from protocol.keys import KEY_BYTES, Membership, network_key
from protocol.letters import (
    FIRST_HOPS,
    SETTABLE,
    Answer,
    Body,
    Cause,
    HeardLetters,
    Kind,
    StateUpdate,
    Status,
    decode_answer,
    decode_body,
    encode_answer,
    encode_body,
    encode_update,
    number_of,
    update_in,
)
from protocol.long_counter import LIFE_SHIFT, LongCounter
from protocol.node import ActuatorSet, Event, Jitter, KeysChanged, LetterAnswered, LetterUnanswered, StateTold
from protocol.packets import COUNTER_MODULUS, DropReason, FrameError, Letter
from protocol.seals import Seals

PASS_ON_JITTER_MS = 100
UPDATE_PAUSE_MS = 200
GATEWAYS_KEY, SAFE_VALUE_KEY, HOLD_KEY = 9, 13, 14
Settings = Callable[[int, bytes], Status]


class LetterBox:
    """The letters of one node. Raises nothing for what they say: `receive` tells why one was dropped.

    `settings` is asked to keep a setting (16.2), and says whether it could; `emit` gets the events.
    """

    def __init__(
        self,
        node_id: int,
        membership: Membership,
        *,
        seals: Seals | None,
        counter: LongCounter,
        jitter: Jitter,
        emit: Callable[[Event], None],
        actuators: Actuators,
        settings: Settings | None,
        max_known: int,
        max_letters: int,
    ) -> None:
        self._node_id = node_id
        self.gateways = membership.gateways
        self._controller = membership.controller
        self._seals = seals
        self._counter = counter
        self._jitter = jitter
        self._emit = emit
        self._actuators = actuators
        self._settings = settings
        self._session = counter.first
        self._heard = HeardLetters(max_known)
        self._newest: dict[tuple[int, int], int] = {}  # of what is told, by who tells it and its life
        self._passing: list[tuple[int, Letter] | None] = [None] * max_letters
        self._answer: Body | None = None
        self._states: dict[int, Cause] = {}
        self._updates: dict[tuple[int, int], StateUpdate] = {}  # by node and actuator
        self._written_ms = 0  # the answer or state that waits
        self._update_due_ms = 0
        self._requests = Requests()

    @property
    def is_controller(self) -> bool:
        """Whether the node commands others."""
        return self._controller == self._node_id and (
            self._seals is None or self._seals.keys.master is not None
        )

    # --- for whoever drives it ---------------------------------------------------------------------------

    def start(self, now_ms: int) -> None:
        """The node begins: its actuators are at their safe values."""
        for actuator in range(len(self._actuators.values)):
            self._set(actuator, Cause.START, now_ms)

    def request(self, addressee: int, kind: Kind, content: bytes, now_ms: int) -> None:
        """Tell a node that, until it answers. Raises ValueError if this node is no controller."""
        if not self.is_controller:
            raise ValueError(f"node {self._node_id} is not the network's controller")
        self._requests.add(addressee, kind, content, now_ms)

    def rekey(self, addressee: int, epoch: int, now_ms: int) -> None:
        """Tell a node the network key of an epoch to come. Raises ValueError."""
        if self._seals is None or self._seals.keys.master is None:
            raise ValueError("only who holds the master key makes keys")
        key = network_key(self._seals.keys.master, epoch)
        self.request(addressee, Kind.REKEY, epoch.to_bytes(2, "big") + key, now_ms)
        if epoch > self._seals.keys.epoch:
            self._seals.change(self._seals.keys.with_next(epoch, key))

    def tell_failed(self, actuator: int, now_ms: int) -> None:
        """The node's actuator has not taken its value: tell the controller. Raises IndexError."""
        self._set(actuator, Cause.FAILED, now_ms)

    def handle_timer(self, now_ms: int) -> None:
        """Commands end, and requests are given up."""
        for actuator in self._actuators.take_silent(now_ms):
            self._set(actuator, Cause.SILENCE, now_ms)
        while (request := self._requests.take_unanswered(now_ms)) is not None:
            self._emit(LetterUnanswered(request.addressee, request.kind))
            self._tell_failure(request, now_ms)

    def next_deadline(self) -> int | None:
        """When to call `handle_timer` and `take_due`."""
        waiting = [passing[0] for passing in self._passing if passing is not None]
        if self._answer is not None or self._states:
            waiting.append(self._written_ms)
        if self._updates:
            waiting.append(self._update_due_ms)
        for deadline_ms in (self._actuators.next_deadline(), self._requests.next_deadline()):
            if deadline_ms is not None:
                waiting.append(deadline_ms)
        return min(waiting, default=None)

    def take_due(self, now_ms: int) -> Letter | None:
        """The next letter to be sent: the answer, a state, a request, an update, one to pass on."""
        if self._answer is not None:
            body, self._answer = self._answer, None
            return self._write(self._controller, encode_body(body))
        if self._states:
            actuator = min(self._states)
            state = bytes([actuator, self._actuators.values[actuator], self._states.pop(actuator)])
            return self._write(self._controller, encode_body(Body(Kind.STATE, 0, state)))
        if (request := self._requests.due(now_ms)) is not None:
            number = self._counter.next()
            return self._sealed(request.addressee, number, self._requests.write(request, number, now_ms))
        if self._updates and self._update_due_ms <= now_ms:
            update = self._updates.pop(next(iter(self._updates)))
            self._update_due_ms = now_ms + UPDATE_PAUSE_MS
            return self._letter(self._node_id, self._counter.next(), encode_update(update))
        for place, waiting in enumerate(self._passing):
            if waiting is not None and waiting[0] <= now_ms:
                self._passing[place] = None
                return waiting[1]
        return None

    # --- what comes in -----------------------------------------------------------------------------------

    def receive(self, letter: Letter, now_ms: int) -> DropReason | None:
        """A letter that a neighbour sent; why it is dropped, if it is. A copy is no drop."""
        number = number_of(letter)
        if letter.origin == self._node_id or not self._heard.is_news(letter):
            return None
        if letter.addressee != self._node_id:
            self._learn(letter, number)
            return self._pass_on(letter, now_ms)
        if not self.is_controller and letter.origin != self._controller:
            return DropReason.ROLE
        clear = self._opened(letter, number)
        if clear is None:
            return DropReason.TAG
        try:
            body = decode_body(clear)
            return (
                self._hear(letter.origin, number, body, now_ms)
                if self.is_controller
                else self._obey(body, number, now_ms)
            )
        except FrameError as error:
            return error.reason

    def _pass_on(self, letter: Letter, now_ms: int) -> DropReason | None:
        if letter.hops == 0:
            return None
        if None not in self._passing:
            return DropReason.QUEUE_FULL
        due_ms = now_ms + self._jitter.below(PASS_ON_JITTER_MS)
        self._passing[self._passing.index(None)] = due_ms, replace(letter, hops=letter.hops - 1)
        return None

    def _learn(self, letter: Letter, number: int) -> None:
        """What its controller tells all."""
        update = update_in(letter)
        if update is not None and letter.origin == self._controller and self._is_newer(letter.origin, number):
            self._emit(StateTold(update.node, update.actuator, update.value, update.cause))

    def _obey(self, body: Body, number: int, now_ms: int) -> DropReason | None:
        """A session is that of one letter, so that none is obeyed twice."""
        is_taken = self._is_of_session(body)
        status, state = Status.SESSION, None
        if is_taken:
            self._session = self._counter.next()
            status, state = self._carry_out(body, now_ms)
        answer = Answer(body.kind, status, self._session, state)
        self._answer, self._written_ms = Body(Kind.ANSWER, number, encode_answer(answer)), now_ms
        return None if is_taken else DropReason.SESSION

    def _is_of_session(self, body: Body) -> bool:
        return body.session == self._session

    def _carry_out(self, body: Body, now_ms: int) -> tuple[Status, tuple[int, int] | None]:
        match body.kind:
            case Kind.COMMAND:
                return self._command(body.content, now_ms)
            case Kind.SETTING:
                return self._change_setting(body.content), None
            case Kind.REKEY:
                return self._take_key(body.content), None
            case _:
                return Status.UNKNOWN, None

    def _command(self, content: bytes, now_ms: int) -> tuple[Status, tuple[int, int] | None]:
        if len(content) != 4:
            return Status.OUT_OF_RANGE, None
        actuator, value, hold_s = content[0], content[1], int.from_bytes(content[2:], "big")
        if actuator >= len(self._actuators.values):
            return Status.NOT_THIS_ROLE, None
        self._actuators.command(actuator, value, hold_s, now_ms)
        self._emit(ActuatorSet(actuator, value, Cause.COMMANDED))
        return Status.DONE, (actuator, value)

    def _change_setting(self, content: bytes) -> Status:
        key, value = (content[0], content[1:]) if content else (0, b"")
        if key not in SETTABLE or self._settings is None:
            return Status.UNKNOWN
        if len(value) not in SETTABLE[key]:
            return Status.OUT_OF_RANGE
        status = self._settings(key, value)
        if status is Status.DONE:
            if key == GATEWAYS_KEY:
                pairs = range(0, len(value), 2)
                self.gateways = frozenset(int.from_bytes(value[at : at + 2], "big") for at in pairs)
            elif key == SAFE_VALUE_KEY:
                self._actuators.safe_values = [value[0]] * len(self._actuators.values)
            elif key == HOLD_KEY:
                self._actuators.default_hold_s = int.from_bytes(value, "big")
        return status

    def _take_key(self, content: bytes) -> Status:
        if self._seals is None:
            return Status.UNKNOWN
        epoch, key = int.from_bytes(content[:2], "big"), content[2:]
        keys = self._seals.keys
        if len(key) != KEY_BYTES or epoch < keys.epoch or (epoch == keys.epoch and key != keys.network):
            return Status.OUT_OF_RANGE
        if epoch > keys.epoch:
            self._seals.change(keys.with_next(epoch, key))
            self._emit(KeysChanged(keys.epoch, epoch))
        return Status.DONE

    def _hear(self, node_id: int, number: int, body: Body, now_ms: int) -> DropReason | None:
        """What a node tells its controller."""
        if not self._is_newer(node_id, number):
            return DropReason.SESSION
        if body.kind == Kind.STATE:
            if len(body.content) != 3:
                return DropReason.MALFORMED
            self._emit(StateTold(node_id, *body.content))
            self._tell_all(StateUpdate(node_id, *body.content), now_ms)
            return None
        if body.kind != Kind.ANSWER:
            return DropReason.ROLE
        answer = decode_answer(body.content)
        request = self._requests.answered(node_id, body.session, answer, now_ms)
        if request is not None:
            self._emit(LetterAnswered(node_id, request.kind, answer.status, answer.state))
            if answer.state is not None:
                self._tell_all(StateUpdate(node_id, *answer.state, Cause.COMMANDED), now_ms)
            else:
                self._tell_failure(request, now_ms)
        return None

    def _is_newer(self, node_id: int, number: int) -> bool:
        """Whether it is the highest number of that node's life so far; from now on it is."""
        of_life = node_id, number >> LIFE_SHIFT
        if number <= self._newest.get(of_life, -1):
            return False
        self._newest[of_life] = number
        return True

    # --- what goes out -----------------------------------------------------------------------------------

    def _set(self, actuator: int, cause: Cause, now_ms: int) -> None:
        self._emit(ActuatorSet(actuator, self._actuators.values[actuator], cause))
        if self._controller is not None:
            self._states[actuator] = cause
            self._written_ms = now_ms

    def _tell_failure(self, request: Request, now_ms: int) -> None:
        if request.kind is Kind.COMMAND:
            actuator, value = request.content[:2]
            self._tell_all(StateUpdate(request.addressee, actuator, value, Cause.FAILED), now_ms)

    def _tell_all(self, update: StateUpdate, now_ms: int) -> None:
        """Of one actuator only the newest waits; boards with one place carry other letters on first."""
        self._updates[update.node, update.actuator] = update
        self._update_due_ms = max(self._update_due_ms, now_ms + UPDATE_PAUSE_MS)

    def _write(self, addressee: int | None, clear: bytes) -> Letter:
        assert addressee is not None  # only a node that has a controller answers
        return self._sealed(addressee, self._counter.next(), clear)

    def _sealed(self, addressee: int, number: int, clear: bytes) -> Letter:
        if self._seals is not None:
            key = self._seals.letters_of(addressee if self.is_controller else self._node_id)
            assert key is not None  # a node has its own; a controller has the master key
            clear = key.seal_letter(self._node_id, addressee, number, clear)
        return self._letter(addressee, number, clear)

    def _letter(self, addressee: int, number: int, body: bytes) -> Letter:
        life, counter = number >> LIFE_SHIFT, number % COUNTER_MODULUS
        return Letter(FIRST_HOPS, self._node_id, addressee, life, counter, body)

    def _opened(self, letter: Letter, number: int) -> bytes | None:
        if self._seals is None:
            return letter.body
        key = self._seals.letters_of(letter.origin if self.is_controller else self._node_id)
        assert key is not None
        return key.open_letter(letter.origin, letter.addressee, number, letter.body)
