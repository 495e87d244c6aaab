"""Letters: what travels unchanged between a controller and one node, by every path (PROTOCOL.md 14)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import IntEnum

from protocol.long_counter import LIFE_SHIFT, LONG_COUNTER_BYTES
from protocol.packets import DropReason, FrameError, Letter, crc16, write_letter

FIRST_HOPS = 15
HOPS_BYTES = 1  # the first; it changes on the way
_HEAD_BYTES = 1 + LONG_COUNTER_BYTES
_UPDATE_BYTES = 5


class Kind(IntEnum):
    """What a letter says (14.3)."""

    COMMAND = 1
    SETTING = 2
    REKEY = 3
    ANSWER = 4
    STATE = 5
    STATE_UPDATE = 6


class Status(IntEnum):
    """What an answer says (14.3)."""

    DONE = 0
    SESSION = 1
    UNKNOWN = 2
    OUT_OF_RANGE = 3
    NOT_THIS_ROLE = 4

    @property
    def label(self) -> str:
        """As people read it."""
        return self.name.lower().replace("_", " ")


class Cause(IntEnum):
    """Why an actuator has its value (14.3); FAILED: it should have it, and has not or does not say so."""

    COMMANDED = 0
    SILENCE = 1
    START = 2
    FAILED = 3

    @property
    def label(self) -> str:
        """As people read it."""
        return self.name.lower()


# The settings that a letter may change, and how many bytes each has (16.2).
_IDS = range(2, 33, 2)
SETTABLE = {2: (1,), 9: (2, 4), 10: _IDS, 12: (1,), 13: (1,), 14: (2,), 15: (4,), 17: _IDS}


@dataclass(frozen=True, slots=True)
class Body:
    """The clear body of a letter; `session` is a long counter, `content` what the kind says."""

    kind: int
    session: int
    content: bytes = field(repr=False)  # of a REKEY a key


@dataclass(frozen=True, slots=True)
class Answer:
    """The content of an ANSWER; `state` is (actuator, value) after a COMMAND."""

    kind: int
    status: int
    session: int
    state: tuple[int, int] | None = None


def encode_body(body: Body) -> bytes:
    """Kind, session, content."""
    return bytes([body.kind]) + body.session.to_bytes(LONG_COUNTER_BYTES, "big") + body.content


def decode_body(data: bytes) -> Body:
    """Raises FrameError (malformed) for what is cut short."""
    if len(data) < _HEAD_BYTES:
        raise FrameError(DropReason.MALFORMED, f"a letter of {len(data)} bytes")
    return Body(data[0], int.from_bytes(data[1:_HEAD_BYTES], "big"), data[_HEAD_BYTES:])


def encode_answer(answer: Answer) -> bytes:
    """The content of an ANSWER."""
    return (
        bytes([answer.kind, answer.status])
        + answer.session.to_bytes(LONG_COUNTER_BYTES, "big")
        + bytes(answer.state or ())
    )


def decode_answer(content: bytes) -> Answer:
    """Raises FrameError (malformed)."""
    head_bytes = 2 + LONG_COUNTER_BYTES
    if len(content) not in (head_bytes, head_bytes + 2):
        raise FrameError(DropReason.MALFORMED, f"an answer of {len(content)} bytes")
    state = (content[-2], content[-1]) if len(content) > head_bytes else None
    return Answer(content[0], content[1], int.from_bytes(content[2:head_bytes], "big"), state)


@dataclass(frozen=True, slots=True)
class StateUpdate:
    """What the controller tells all of one actuator; `cause` is a Cause, or another number."""

    node: int
    actuator: int
    value: int
    cause: int


def encode_update(update: StateUpdate) -> bytes:
    """The body of the letter, which is clear in a sealed network, too: the frames around it are sealed."""
    told = bytes([update.actuator, update.value, update.cause])
    return encode_body(Body(Kind.STATE_UPDATE, 0, update.node.to_bytes(2, "big") + told))


def update_in(letter: Letter) -> StateUpdate | None:
    """What a letter tells all: its addressee is its origin. None for one to somebody, or of another kind."""
    if letter.addressee != letter.origin or len(letter.body) != _HEAD_BYTES + _UPDATE_BYTES:
        return None
    if letter.body[0] != Kind.STATE_UPDATE:
        return None
    content = letter.body[_HEAD_BYTES:]
    return StateUpdate(int.from_bytes(content[:2], "big"), *content[2:])


def number_of(letter: Letter) -> int:
    """The long counter that names the letter."""
    return letter.origin_life << LIFE_SHIFT | letter.origin_counter


class HeardLetters:
    """A few letters by their CRC-16; the one heard least lately gives its place to a new one (14.1)."""

    def __init__(self, max_letters: int) -> None:
        self._max_letters = max_letters
        self._heard: OrderedDict[int, None] = OrderedDict()

    def is_news(self, letter: Letter) -> bool:
        """Whether it is no copy of what was heard; from now on it is."""
        mark = crc16(write_letter(letter)[HOPS_BYTES:])
        is_news = mark not in self._heard
        self._heard[mark] = None
        self._heard.move_to_end(mark)
        if len(self._heard) > self._max_letters:
            self._heard.popitem(last=False)
        return is_news
