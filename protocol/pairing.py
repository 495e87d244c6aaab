"""Pairing of two machines (PROTOCOL.md 10.7): a new one gets a member's keys, and people compare a code.

Sans-I/O, in the shape of a node: `receive`, `handle_timer`, `next_deadline`, `frames_to_send`, `next_event`.
What people say comes by `say_yes` and `give_up`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, deque
from dataclasses import dataclass
from enum import IntEnum

from protocol.packets import (
    BROADCAST,
    MAX_NODE_ID,
    DropReason,
    Frame,
    FrameError,
    FrameType,
    Pair,
    decode,
    encode,
)
from protocol.pairing_gift import MAX_PARTS, PART_BYTES, Gift, decode_gift, encode_gift, parts_of
from protocol.pairing_keys import COMMITMENT_BYTES, ENTROPY_BYTES, SHOWN_BYTES, Agreement, OwnKey, commitment

REPEAT_MS = 500
SILENCE_MS = 10_000
LIMIT_MS = 600_000
LINGER_MS = 2_000
END_FRAMES = 3
MAX_OTHERS = 64  # that a holder tells of: a stranger can make ids up
PAIRING_BYTES = 8
_COUNTER_BYTES = 3
RANDOM_BYTES = ENTROPY_BYTES + _COUNTER_BYTES  # that each machine takes


class Step(IntEnum):
    """The first byte of a PAIR payload."""

    ASK = 1
    OFFER = 2
    OPEN = 3
    GIVE = 4
    TAKEN = 5
    DONE = 6
    END = 7


class Cause(IntEnum):
    """Why a pairing ended without a new member; as END says it, but for SILENCE."""

    SILENCE = 0
    REFUSED = 1
    NO_ANSWER = 2
    STOPPED = 3
    UNUSABLE = 4


@dataclass(frozen=True, slots=True)
class CodeShown:
    """People compare the code now."""

    code: str


@dataclass(frozen=True, slots=True)
class OtherAsked:
    """A machine asks that the holder does not admit, or another one by the same id; said once of each id."""

    node_id: int


@dataclass(frozen=True, slots=True)
class GiftReceived:
    """It is to be stored now; then `confirm_stored`."""

    gift: Gift


@dataclass(frozen=True, slots=True)
class Paired:
    """The new machine has its keys."""


@dataclass(frozen=True, slots=True)
class Ended:
    """There is no new member; `by_other`: the other machine said so."""

    cause: Cause
    by_other: bool = False


Event = CodeShown | OtherAsked | GiftReceived | Paired | Ended


class Machine(ABC):
    """What both have in common: frames in and out, what is heard of the other, and how it ends.

    `random_bytes` are RANDOM_BYTES from the machine's best source, never used before.
    """

    def __init__(self, node_id: int, random_bytes: bytes, now_ms: int) -> None:
        if not 0 <= node_id <= MAX_NODE_ID:
            raise ValueError(f"a node id is 0 to {MAX_NODE_ID}, not {node_id}")
        self.drops: Counter[DropReason] = Counter()
        self._id = node_id
        self._key = OwnKey(random_bytes[:ENTROPY_BYTES])
        self._counter = int.from_bytes(random_bytes[ENTROPY_BYTES:RANDOM_BYTES], "big")
        self._limit_ms = now_ms + LIMIT_MS
        self._events: deque[Event] = deque()
        self._peer: int | None = None
        self._pairing = b""
        self._heard_ms: int | None = None  # when the other said something valid
        self._agreement: Agreement | None = None
        self._is_agreed = False  # by the person here
        self._is_settled = False  # paired or ended
        self._cause = Cause.SILENCE
        self._ends_due = 0
        self._end_due_ms = 0

    # --- what the driver calls ---------------------------------------------------------------------------

    @property
    @abstractmethod
    def is_over(self) -> bool:
        """Whether nothing is left to send or to wait for."""

    def receive(self, data: bytes, now_ms: int) -> None:
        """One frame; never raises for what the bytes are."""
        try:
            reason = self._take(decode(data), now_ms)
        except FrameError as error:
            reason = error.reason
        if reason is not None:
            self.drops[reason] += 1

    def say_yes(self, now_ms: int) -> None:
        """The person here says that both codes are equal."""
        if self._agreement is not None and not self._is_settled:
            self._is_agreed = True

    def give_up(self, cause: Cause, now_ms: int) -> None:
        """End it, and tell the other if there is one."""
        if not self._is_settled:
            self._end(Ended(cause))
            self._ends_due = 0 if self._peer is None else END_FRAMES
            self._end_due_ms = now_ms

    def handle_timer(self, now_ms: int) -> None:
        """To be called when `next_deadline()` has come; early or late calls do no harm."""
        if self._is_settled:
            return
        if self._heard_ms is not None and now_ms - self._heard_ms >= SILENCE_MS:
            self._end(Ended(Cause.SILENCE))
        elif now_ms >= self._limit_ms:
            self.give_up(Cause.SILENCE if self._peer is None else Cause.NO_ANSWER, now_ms)

    def next_deadline(self) -> int | None:
        """When to call `handle_timer` and `frames_to_send` again."""
        if self._ends_due:
            return self._end_due_ms
        if self._is_settled:
            return None
        return self._limit_ms if self._heard_ms is None else min(self._limit_ms, self._heard_ms + SILENCE_MS)

    def frames_to_send(self, now_ms: int) -> list[bytes]:
        """The frames that are due, in order."""
        if not self._ends_due or now_ms < self._end_due_ms:
            return []
        self._ends_due -= 1
        self._end_due_ms = now_ms + REPEAT_MS
        return [self._frame(Step.END, self._pairing + bytes([self._cause]))]

    def next_event(self) -> Event | None:
        """What happened, oldest first; None when there is nothing more."""
        return self._events.popleft() if self._events else None

    # --- inside ------------------------------------------------------------------------------------------

    def _take(self, frame: Frame, now_ms: int) -> DropReason | None:
        """Why the frame is of no use, if it is not."""
        if frame.source == self._id:
            return DropReason.OWN_ID
        if frame.destination not in (self._id, BROADCAST):
            return None
        if not isinstance(frame.payload, Pair):
            return DropReason.STATE
        step, body = frame.payload.step, frame.payload.body
        if step == Step.ASK:
            return self._take_ask(frame.source, body, now_ms)
        pairing, rest = body[:PAIRING_BYTES], body[PAIRING_BYTES:]
        if pairing != self._pairing or (self._peer is not None and frame.source != self._peer):
            return DropReason.STATE
        if step == Step.END:
            return self._take_end(rest)
        reason = self._take_step(frame.source, step, rest, now_ms)
        if reason is None:
            self._heard_ms = now_ms
        return reason

    def _take_ask(self, source: int, body: bytes, now_ms: int) -> DropReason | None:
        return DropReason.STATE

    @abstractmethod
    def _take_step(self, source: int, step: int, rest: bytes, now_ms: int) -> DropReason | None:
        """A step of this pairing, of the other machine if that is known; `rest` follows the pairing."""

    def _take_end(self, rest: bytes) -> DropReason | None:
        if self._is_settled or self._peer is None:
            return DropReason.STATE
        if len(rest) != 1 or rest[0] not in list(Cause) or rest[0] == Cause.SILENCE:
            return DropReason.MALFORMED
        self._end(Ended(Cause(rest[0]), by_other=True))
        return None

    def _end(self, ended: Ended) -> None:
        self._cause = ended.cause
        self._is_settled = True
        self._events.append(ended)

    def _agree(self, secret: bytes, new: tuple[int, bytes], holder: tuple[int, bytes]) -> None:
        self._agreement = Agreement(secret, new, holder)
        self._events.append(CodeShown(self._agreement.code))

    def _frame(self, step: Step, body: bytes) -> bytes:
        self._counter = (self._counter + 1) & 0xFFFFFF
        destination = BROADCAST if self._peer is None else self._peer
        return encode(Frame(FrameType.PAIR, self._id, destination, self._counter, Pair(step, body)))

    def _sealed(self, agreement: Agreement, step: Step) -> bytes:
        """The body of a step that says nothing but that its sender has the key."""
        return self._pairing + agreement.seal(step, 0, self._pairing, b"")


class NewMachine(Machine):
    """N: asks for the keys of the node that it is to be, and repeats its newest step until the next."""

    def __init__(self, node_id: int, random_bytes: bytes, now_ms: int) -> None:
        super().__init__(node_id, random_bytes, now_ms)
        self._commitment = commitment(self._key.shown)
        self._pairing = self._commitment[:PAIRING_BYTES]
        self._offer = b""
        self._parts: dict[int, bytes] = {}
        self._part_count = 0
        self._is_gift_told = False
        self._is_stored = False
        self._repeat_due_ms = now_ms

    @property
    def is_over(self) -> bool:
        """See Machine."""
        return self._is_settled and not self._ends_due

    def say_yes(self, now_ms: int) -> None:
        """See Machine."""
        super().say_yes(now_ms)
        self._tell_gift(now_ms)

    def confirm_stored(self, now_ms: int) -> None:
        """The gift cannot be lost any more."""
        self._is_stored = True
        self._repeat_due_ms = now_ms

    def give_up(self, cause: Cause, now_ms: int) -> None:
        """See Machine. Who has the keys has them."""
        if self._is_stored:
            self._settle()
        super().give_up(cause, now_ms)

    def handle_timer(self, now_ms: int) -> None:
        """See Machine."""
        if self._is_stored and self._heard_ms is not None and now_ms - self._heard_ms >= SILENCE_MS:
            self._settle()
        super().handle_timer(now_ms)

    def next_deadline(self) -> int | None:
        """See Machine."""
        deadline_ms = super().next_deadline()
        return deadline_ms if deadline_ms is None or self._ends_due else min(deadline_ms, self._repeat_due_ms)

    def frames_to_send(self, now_ms: int) -> list[bytes]:
        """See Machine."""
        if self._is_settled:
            return super().frames_to_send(now_ms)
        if now_ms < self._repeat_due_ms:
            return []
        self._repeat_due_ms = now_ms + REPEAT_MS
        if self._agreement is None:
            return [self._frame(Step.ASK, self._commitment)]
        if self._is_stored:
            return [self._frame(Step.TAKEN, self._sealed(self._agreement, Step.TAKEN))]
        return [self._frame(Step.OPEN, self._pairing + self._key.shown)]

    def _settle(self) -> None:
        if not self._is_settled:
            self._is_settled = True
            self._events.append(Paired())

    def _take_end(self, rest: bytes) -> DropReason | None:
        return DropReason.STATE if self._is_stored else super()._take_end(rest)

    def _take_step(self, source: int, step: int, rest: bytes, now_ms: int) -> DropReason | None:
        if self._is_settled:
            return DropReason.STATE
        if step == Step.OFFER:
            return self._take_offer(source, rest, now_ms)
        if self._agreement is None:
            return DropReason.STATE
        if step == Step.GIVE and not self._is_stored:
            return self._take_part(self._agreement, rest, now_ms)
        if step == Step.DONE and self._is_stored:
            if self._agreement.open(step, 0, self._pairing, rest) is None:
                return DropReason.TAG
            self._settle()
            return None
        return DropReason.STATE

    def _take_offer(self, source: int, shown: bytes, now_ms: int) -> DropReason | None:
        """The first one; its copies say that the other is still there."""
        if len(shown) != SHOWN_BYTES:
            return DropReason.MALFORMED
        if self._agreement is not None:
            return None if shown == self._offer else DropReason.STATE
        try:
            secret = self._key.secret_with(shown)
        except ValueError:
            return DropReason.MALFORMED
        self._peer, self._offer, self._repeat_due_ms = source, shown, now_ms
        self._agree(secret, (self._id, self._key.shown), (source, shown))
        return None

    def _take_part(self, agreement: Agreement, rest: bytes, now_ms: int) -> DropReason | None:
        head, sealed = rest[:2], rest[2:]
        if len(head) < 2:
            return DropReason.MALFORMED
        part, parts = head
        clear = agreement.open(Step.GIVE, part, self._pairing + head, sealed)
        if clear is None:
            return DropReason.TAG
        if part >= parts or parts > MAX_PARTS or len(clear) > PART_BYTES:
            return DropReason.MALFORMED
        self._parts[part] = clear
        self._part_count = parts
        self._tell_gift(now_ms)
        return None

    def _tell_gift(self, now_ms: int) -> None:
        """Once, when all of it is there and the person has said yes."""
        if self._is_gift_told or not self._is_agreed or self._is_settled:
            return
        if len(self._parts) < max(1, self._part_count):
            return
        self._is_gift_told = True
        try:
            gift = decode_gift(b"".join(self._parts[part] for part in sorted(self._parts)))
        except ValueError:
            return self.give_up(Cause.UNUSABLE, now_ms)
        settings = gift.settings
        if settings.node_id != self._id or settings.network_key is None or settings.node_key is None:
            return self.give_up(Cause.UNUSABLE, now_ms)
        self._events.append(GiftReceived(gift))


class KeyHolder(Machine):
    """H: gives the keys of one node, once the person here has said yes. It only answers.

    Raises ValueError for an id that it cannot admit, and for a gift that cannot be given.
    """

    def __init__(self, node_id: int, admitted_id: int, gift: Gift, random_bytes: bytes, now_ms: int) -> None:
        super().__init__(node_id, random_bytes, now_ms)
        if admitted_id == node_id or gift.settings.node_id != admitted_id:
            raise ValueError(f"node {node_id} cannot give node {admitted_id} what is for another")
        self._admitted_id = admitted_id
        self._gift = parts_of(encode_gift(gift))
        self._commitment = b""
        self._others: set[int] = set()
        self._taken_ms: int | None = None
        self._answers: list[bytes] = []

    @property
    def is_giving(self) -> bool:
        """Whether the person here has said yes: the gift may be on its way."""
        return self._is_agreed

    @property
    def is_over(self) -> bool:
        """See Machine."""
        return self._is_settled and not self._ends_due and self._taken_ms is None and not self._answers

    def handle_timer(self, now_ms: int) -> None:
        """See Machine."""
        if self._taken_ms is not None and now_ms - self._taken_ms >= LINGER_MS:
            self._taken_ms = None
        super().handle_timer(now_ms)

    def next_deadline(self) -> int | None:
        """See Machine."""
        return super().next_deadline() if self._taken_ms is None else self._taken_ms + LINGER_MS

    def frames_to_send(self, now_ms: int) -> list[bytes]:
        """See Machine."""
        answers, self._answers = self._answers, []
        return answers + super().frames_to_send(now_ms)

    def _take_ask(self, source: int, body: bytes, now_ms: int) -> DropReason | None:
        if len(body) != COMMITMENT_BYTES:
            return DropReason.MALFORMED
        if source != self._admitted_id:
            self._tell_other(source)
            return DropReason.STATE
        if self._is_settled:
            return DropReason.STATE
        if body != (self._commitment or body):
            self._tell_other(source)
            return DropReason.STATE
        self._peer, self._commitment, self._pairing = source, body, body[:PAIRING_BYTES]
        self._heard_ms = now_ms
        self._offer()
        return None

    def _tell_other(self, source: int) -> None:
        if source not in self._others and len(self._others) < MAX_OTHERS:
            self._others.add(source)
            self._events.append(OtherAsked(source))

    def _take_step(self, source: int, step: int, rest: bytes, now_ms: int) -> DropReason | None:
        if step == Step.OPEN and not self._is_settled:
            return self._take_open(rest)
        if step == Step.TAKEN and self._agreement is not None and self._is_agreed:
            return self._take_taken(self._agreement, rest, now_ms)
        return DropReason.STATE

    def _take_open(self, shown: bytes) -> DropReason | None:
        if commitment(shown) != self._commitment or len(shown) != SHOWN_BYTES:
            return DropReason.TAG
        if self._agreement is None:
            assert self._peer is not None  # as there is a commitment
            try:
                secret = self._key.secret_with(shown)
            except ValueError:
                return DropReason.MALFORMED
            self._agree(secret, (self._peer, shown), (self._id, self._key.shown))
        if self._agreement is not None and self._is_agreed:
            self._give(self._agreement)
        else:
            self._offer()
        return None

    def _take_taken(self, agreement: Agreement, rest: bytes, now_ms: int) -> DropReason | None:
        if self._is_settled and self._taken_ms is None:
            return DropReason.STATE
        if agreement.open(Step.TAKEN, 0, self._pairing, rest) is None:
            return DropReason.TAG
        if not self._is_settled:
            self._is_settled = True
            self._events.append(Paired())
        self._taken_ms = now_ms
        self._answers.append(self._frame(Step.DONE, self._sealed(agreement, Step.DONE)))
        return None

    def _offer(self) -> None:
        self._answers.append(self._frame(Step.OFFER, self._pairing + self._key.shown))

    def _give(self, agreement: Agreement) -> None:
        for part, clear in enumerate(self._gift):
            head = self._pairing + bytes([part, len(self._gift)])
            sealed = agreement.seal(Step.GIVE, part, head, clear)
            self._answers.append(self._frame(Step.GIVE, head + sealed))
