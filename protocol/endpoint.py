"""A member of a network, sealed or open: what stands between a node and its links (PROTOCOL.md 10 and 14).

The node inside knows nothing of keys. What comes in is checked and opened, and given to it as an open frame;
what it sends is numbered and sealed. The endpoint itself proves its counter, and carries letters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from protocol import packets
from protocol.actuator import Actuators
from protocol.keys import Keys, Membership
from protocol.letter_box import LetterBox, Settings
from protocol.letters import Kind
from protocol.long_counter import LIFE_SHIFT, LongCounter
from protocol.node import Event, FrameDropped, Jitter, KeysChanged, LinkName, Node, SenderProven
from protocol.node_base import MAX_EVENTS
from protocol.packets import (
    BROADCAST,
    COUNTER_MODULUS,
    CRC_BYTES,
    HEADER_BYTES,
    HOST,
    MAX_NODE_ID,
    TYPE_MASK,
    Ack,
    Challenge,
    DropReason,
    Frame,
    FrameError,
    FrameType,
    Letter,
    Payload,
    Response,
    Sync,
)
from protocol.proofs import INTRODUCTION_MS, Question, Questions
from protocol.replay_window import Refusal, Senders
from protocol.sealing import HOST_TYPES, shown_number, unfit
from protocol.seals import Seals

MakeInner = Callable[[int], Node]


@dataclass(frozen=True, slots=True)
class Places:
    """How many of each an endpoint keeps (10.3, 14.1)."""

    senders: int = 1024
    challenges: int = 2
    responses: int = 8
    known_letters: int = 64
    letters: int = 64


UNO = Places(senders=12, responses=4, known_letters=16, letters=1)


class Endpoint:
    """One member; a node of the seam (protocol.node.Node), with another one inside.

    `make_node` makes that one, given the time: at once in an open network, after the introduction in a sealed
    one. Its counters are not used: `counter` numbers all. `seed` drives the endpoint's own jitter only.
    `overhears` says whether the inner node has a use for frames for others (rings and polled networks).
    """

    def __init__(
        self,
        node_id: int,
        make_node: MakeInner,
        *,
        membership: Membership,
        counter: LongCounter,
        seed: int,
        now_ms: int,
        overhears: bool = False,
        actuators: Actuators | None = None,
        settings: Settings | None = None,
        places: Places | None = None,
    ) -> None:
        places = places or Places()
        self.node_id = node_id
        self.inner: Node | None = None
        self._make_node = make_node
        self._counter = counter
        self._overhears = overhears
        self._jitter = Jitter(seed)
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._has_left = False
        self._seals = None if membership.keys is None else Seals(node_id, membership.keys)
        self._senders = Senders(places.senders)
        self._questions = Questions(places.challenges, places.responses, self._jitter)
        self._letters = LetterBox(
            node_id,
            membership,
            seals=self._seals,
            counter=counter,
            jitter=self._jitter,
            emit=self._events.append,
            actuators=actuators or Actuators(),
            settings=settings,
            max_known=places.known_letters,
            max_letters=places.letters,
        )
        self._start_ms: int | None = now_ms
        if self._seals is None:
            self._begin(now_ms)
        else:
            self._start_ms = now_ms + INTRODUCTION_MS
            self._questions.introduce(now_ms)

    @property
    def keys(self) -> Keys | None:
        """Those in use now; None in an open network."""
        return None if self._seals is None else self._seals.keys

    # --- the seam ----------------------------------------------------------------------------------------

    def handle_timer(self, now_ms: int) -> None:
        """See protocol.node.Node.handle_timer."""
        if self._has_left:
            return
        if self._start_ms is not None and self._start_ms <= now_ms:
            self._begin(now_ms)
        self._letters.handle_timer(now_ms)
        if self.inner is not None:
            self.inner.handle_timer(now_ms)

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """See protocol.node.Node.measure."""
        return self.inner is not None and self.inner.measure(version, readings, now_ms)

    def leave(self, now_ms: int) -> None:
        """See protocol.node.Node.leave; one that has not begun has nobody to say goodbye to."""
        self._has_left = True
        self._start_ms = None
        if self.inner is not None:
            self.inner.leave(now_ms)

    def next_deadline(self) -> int | None:
        """See protocol.node.Node.next_deadline."""
        deadlines_ms = [None if self.inner is None else self.inner.next_deadline()]
        if not self._has_left:
            deadlines_ms += (
                self._start_ms,
                self._questions.next_due_ms(),
                self._letters.next_deadline(),
            )
        return min((deadline_ms for deadline_ms in deadlines_ms if deadline_ms is not None), default=None)

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """See protocol.node.Node.frames_to_send: what proves counters, letters, then the inner node's."""
        frames: list[tuple[LinkName, bytes]] = []
        if not self._has_left:
            self._prove(frames, now_ms)
            while (letter := self._letters.take_due(now_ms)) is not None:
                frames.append(self._made(FrameType.LETTER, BROADCAST, letter, self._counter.next()))
        if self.inner is not None:
            frames += [(link, self._closed(frame)) for link, frame in self.inner.frames_to_send(now_ms)]
        return frames

    def next_event(self) -> Event | None:
        """See protocol.node.Node.next_event."""
        if self._events:
            return self._events.popleft()
        return None if self.inner is None else self.inner.next_event()

    def receive(self, frame: bytes, now_ms: int) -> None:
        """See protocol.node.Node.receive."""
        if self._has_left:
            return
        if self._seals is None:
            self._receive_open(frame, now_ms)
        else:
            self._receive_sealed(frame, self._seals, now_ms)

    def ask(self, sender: int, now_ms: int) -> None:
        """Have a sender prove its counter, though nothing came from it: somebody else wants to read it."""
        if self._seals is not None and not self._has_left and sender != self.node_id:
            self._challenge(sender, True, now_ms)

    def tell_failed(self, actuator: int, now_ms: int) -> None:
        """The node's actuator has not taken its value (14.3). Raises IndexError if there is none."""
        self._letters.tell_failed(actuator, now_ms)

    # --- for controllers ---------------------------------------------------------------------------------

    def command(self, addressee: int, actuator: int, value: int, hold_s: int, now_ms: int) -> None:
        """Have a node's actuator take that value (14.3). Raises ValueError if this is no controller."""
        self._letters.request(
            addressee, Kind.COMMAND, bytes([actuator, value]) + hold_s.to_bytes(2, "big"), now_ms
        )

    def change_setting(self, addressee: int, key: int, value: bytes, now_ms: int) -> None:
        """Have a node keep a setting (16.2). Raises ValueError if this is no controller."""
        self._letters.request(addressee, Kind.SETTING, bytes([key]) + value, now_ms)

    def rekey(self, addressee: int, epoch: int, now_ms: int) -> None:
        """Send a node the network key of an epoch to come. Raises ValueError without the master key."""
        self._letters.rekey(addressee, epoch, now_ms)

    def begin_epoch(self) -> None:
        """Use the next network key from now on. Raises ValueError when it is not known."""
        if self._seals is None:
            raise ValueError("an open network has no keys")
        self._seals.change(self._seals.keys.advanced())
        self._keys_changed(self._seals)

    # --- frames received ---------------------------------------------------------------------------------

    def _receive_open(self, frame: bytes, now_ms: int) -> None:
        assert self.inner is not None  # an open node begins at once
        if not frame or frame[0] & TYPE_MASK != FrameType.LETTER:
            self.inner.receive(frame, now_ms)
            return
        try:
            got = packets.decode(frame)
        except FrameError as error:
            self._drop(error.reason, None)
            return
        if got.source == self.node_id:
            self._drop(DropReason.OWN_ID, got.source)
        elif got.destination in (self.node_id, BROADCAST):
            self._take_letter(got, now_ms)

    def _receive_sealed(self, frame: bytes, seals: Seals, now_ms: int) -> None:
        reason = unfit(frame)
        if reason is not None:
            self._drop(reason, None)
            return
        _, source, destination, counter = packets.peek_header(frame)
        if source == self.node_id:
            self._drop(DropReason.OWN_ID, source)
        elif source > MAX_NODE_ID:
            self._drop(DropReason.MALFORMED, None)
        elif destination in (self.node_id, BROADCAST):
            self._hear(frame, seals, source, counter, destination, now_ms)
        elif self._overhears and destination != HOST:
            self._overhear(frame, seals, source, counter, now_ms)

    def _hear(
        self, frame: bytes, seals: Seals, source: int, counter: int, destination: int, now_ms: int
    ) -> None:
        """A frame for this node or for all."""
        to_all = destination == BROADCAST
        shown = shown_number(frame)
        located = (
            self._senders.locate(source, counter) if shown is None else self._senders.judge(source, shown)
        )
        is_proven = located != Refusal.UNPROVEN
        if located < 0 and (is_proven or shown is None):
            self._drop(DropReason.REPLAYED if is_proven else DropReason.UNPROVEN, source)
            if located != Refusal.SEEN:
                self._challenge(source, to_all, now_ms)
            return
        number = located if shown is None else shown
        opened = self._opened(frame, seals, number)
        if opened is None:
            self._drop(DropReason.TAG, source)
            self._challenge(source, to_all, now_ms)
            return
        if is_proven:
            self._senders.take(source, number)
        got = self._decoded(opened, source)
        if got is None:
            return
        if got.type is FrameType.CHALLENGE:
            self._on_challenge(source, number, is_proven=is_proven, to_all=to_all, now_ms=now_ms)
        elif got.type is FrameType.RESPONSE:
            assert isinstance(got.payload, Response)
            self._on_response(got.payload, source, number, is_proven=is_proven, now_ms=now_ms)
        elif got.type is FrameType.LETTER:
            self._take_letter(got, now_ms)
        else:
            self._deliver(got, opened, now_ms)

    def _overhear(self, frame: bytes, seals: Seals, source: int, counter: int, now_ms: int) -> None:
        """A frame for another node, of which the inner one may learn; nobody is challenged for it."""
        if shown_number(frame) is not None or frame[0] & TYPE_MASK == FrameType.LETTER:
            return
        number = self._senders.locate(source, counter)
        if number == Refusal.UNPROVEN:
            return
        if number < 0:
            self._drop(DropReason.REPLAYED, source)
            return
        opened = self._opened(frame, seals, number)
        if opened is None:
            self._drop(DropReason.TAG, source)
            return
        self._senders.take(source, number)
        got = self._decoded(opened, source)
        if got is not None:
            self._deliver(got, opened, now_ms)

    def _opened(self, frame: bytes, seals: Seals, number: int) -> bytes | None:
        epoch = seals.keys.epoch
        opened = seals.open(frame, number)
        if seals.keys.epoch != epoch:
            self._keys_changed(seals)
        return opened

    def _decoded(self, opened: bytes, source: int) -> Frame | None:
        """What a member says; what is for the host is sealed otherwise (10.4)."""
        if opened[0] in HOST_TYPES:
            self._drop(DropReason.ROLE, source)
            return None
        try:
            return packets.decode(opened)
        except FrameError as error:
            self._drop(error.reason, source)
            return None

    def _deliver(self, got: Frame, opened: bytes, now_ms: int) -> None:
        """To the inner node, unless its sender's role does not allow it (10.5)."""
        gateways = self._letters.gateways
        if gateways and got.source not in gateways and _shows_root(got.payload):
            self._drop(DropReason.ROLE, got.source)
        elif self.inner is None:
            self._drop(DropReason.STATE, got.source)
        else:
            self.inner.receive(opened, now_ms)

    def _take_letter(self, got: Frame, now_ms: int) -> None:
        assert isinstance(got.payload, Letter)
        reason = self._letters.receive(got.payload, now_ms)
        if reason is not None:
            self._drop(reason, got.source)

    # --- proof -------------------------------------------------------------------------------------------

    def _challenge(self, sender: int, to_all: bool, now_ms: int) -> None:
        """Ask who sent that frame, which was for all or for this node alone, to prove its counter."""
        self._questions.challenge(sender, now_ms, spread=to_all)

    def _on_challenge(self, sender: int, number: int, *, is_proven: bool, to_all: bool, now_ms: int) -> None:
        """Who is proven asks for good reason, and is answered again. Who asks all is asked in turn only if
        it is known, and has another life now."""
        self._questions.respond(sender, number, now_ms, spread=to_all, again=is_proven)
        if not is_proven and (not to_all or sender in self._senders):
            self._challenge(sender, to_all, now_ms)

    def _on_response(
        self, response: Response, sender: int, number: int, *, is_proven: bool, now_ms: int
    ) -> None:
        asked = response.challenged_life << LIFE_SHIFT | response.challenged_counter
        answers = self._questions.settle(asked, now_ms)
        if not answers:
            self._drop(DropReason.UNPROVEN, sender)
        if not is_proven:
            if answers:
                self._senders.prove(sender, number)
                self._events.append(SenderProven(sender))
            else:
                self._challenge(sender, False, now_ms)

    def _prove(self, frames: list[tuple[LinkName, bytes]], now_ms: int) -> None:
        """The CHALLENGEs and RESPONSEs that are due."""
        while (question := self._questions.due(now_ms)) is not None:
            frames.append(self._asked(question, now_ms))

    def _asked(self, question: Question, now_ms: int) -> tuple[LinkName, bytes]:
        question.is_sent, question.at_ms = True, now_ms
        number = self._counter.next()
        life = number >> LIFE_SHIFT
        payload: Payload
        if question.type is FrameType.RESPONSE:
            payload = Response(life, question.number >> LIFE_SHIFT, question.number % COUNTER_MODULUS)
        else:
            question.number = number
            payload = Challenge(life)
        return self._made(question.type, question.peer, payload, number)

    # --- helpers -----------------------------------------------------------------------------------------

    def _begin(self, now_ms: int) -> None:
        """The inner node's own machine begins."""
        self._start_ms = None
        self.inner = self._make_node(now_ms)
        self._letters.start(now_ms)

    def _made(
        self, frame_type: FrameType, destination: int, payload: Payload, number: int
    ) -> tuple[LinkName, bytes]:
        """A frame of the endpoint's own."""
        frame = packets.encode(Frame(frame_type, self.node_id, destination, 0, payload))
        return LinkName.AIR, self._numbered(frame, number)

    def _closed(self, frame: bytes) -> bytes:
        return self._numbered(frame, self._counter.next())

    def _numbered(self, frame: bytes, number: int) -> bytes:
        """The open frame with that counter instead of its own, sealed if the network is."""
        if self._seals is not None:
            return self._seals.seal(frame, number)
        body = frame[:5] + (number % COUNTER_MODULUS).to_bytes(3, "big") + frame[HEADER_BYTES:-CRC_BYTES]
        return body + packets.crc16(body).to_bytes(CRC_BYTES, "big")

    def _keys_changed(self, seals: Seals) -> None:
        self._events.append(KeysChanged(seals.keys.epoch, seals.keys.next_epoch))

    def _drop(self, reason: DropReason, source: int | None) -> None:
        self._events.append(FrameDropped(reason, source))


def _shows_root(payload: Payload) -> bool:
    """Whether the sender says that it is the root: a way of hop count 0 (10.5)."""
    sync = payload.sync if isinstance(payload, Ack) else payload
    return isinstance(sync, Sync) and sync.hop_count == 0
