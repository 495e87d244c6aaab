"""The seam that every node shares (PROTOCOL.md section 4): a state machine without I/O or clock.

Whoever drives a node (simulator, event loop, firmware) passes the time in, carries the frames out and
answers `MeasurementDue` by calling `measure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from protocol.letters import Cause, Kind
from protocol.packets import DropReason, Items, Pairs, TokenId


class LinkName(IntEnum):
    """Where a frame goes: to the node's neighbours, or to whoever watches the root."""

    AIR = 0
    HOST = 1


@dataclass(frozen=True, slots=True)
class Joined:
    """The node has a parent; `hop_count` is its own distance to the root."""

    parent: int
    hop_count: int


@dataclass(frozen=True, slots=True)
class ParentLost:
    """The node seeks a new parent; `why` is for people."""

    parent: int
    why: str


@dataclass(frozen=True, slots=True)
class ChildJoined:
    """The node has taken a child."""

    child: int


@dataclass(frozen=True, slots=True)
class ChildLost:
    """The node has given a child up."""

    child: int


@dataclass(frozen=True, slots=True)
class MeasurementDue:
    """A round has begun: call `measure(version, ...)` soon."""

    version: int


@dataclass(frozen=True, slots=True)
class ReportAccepted:
    """A report now stands for the child in round `version`."""

    child: int
    version: int


@dataclass(frozen=True, slots=True)
class ReportSealed:
    """The node's own report of the round is put together: what it has accepted until now is in it."""

    version: int


@dataclass(frozen=True, slots=True)
class RoundFinished:
    """The result of the root, of a ring's home or of a primary; `duration_ms` since the round began."""

    version: int
    duration_ms: int
    items: Items


@dataclass(frozen=True, slots=True)
class FrameDropped:
    """A frame was of no use; `source` is None where the bytes do not tell."""

    reason: DropReason
    source: int | None


@dataclass(frozen=True, slots=True)
class PeerFound:
    """A ring's or a polled network's node knows that peer to be present now."""

    peer: int


@dataclass(frozen=True, slots=True)
class PeerLost:
    """That peer is silent; `why` is for people."""

    peer: int
    why: str


@dataclass(frozen=True, slots=True)
class TokenTaken:
    """The node holds that token, which came from `previous`."""

    previous: int
    token: TokenId
    version: int
    turn: int


@dataclass(frozen=True, slots=True)
class TokenMade:
    """The node made that token: `parent` is the one it parted from (12.3), None after a loss (12.5)."""

    token: TokenId
    parent: TokenId | None


@dataclass(frozen=True, slots=True)
class TokenPassed:
    """The node has sent that token to `successor` for the first time; more tries may follow."""

    successor: int
    token: TokenId


@dataclass(frozen=True, slots=True)
class TokenDropped:
    """The node gives up the token that it held, for a newer one."""

    token: TokenId
    newest: TokenId


@dataclass(frozen=True, slots=True)
class ReadingsAdded:
    """The node has added its readings to the token that it holds."""

    version: int
    token: TokenId


@dataclass(frozen=True, slots=True)
class TurnFinished:
    """The token is back at its home."""

    version: int
    turn: int


@dataclass(frozen=True, slots=True)
class ClaimMade:
    """The node takes the token for lost, and wants to open that epoch."""

    epoch: int


@dataclass(frozen=True, slots=True)
class ResultLearned:
    """What another node found in that round."""

    version: int
    items: Items


@dataclass(frozen=True, slots=True)
class ReadingsHeard:
    """The raw readings of one node in that round."""

    node: int
    version: int
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class BecamePrimary:
    """The node polls the others from now on."""

    epoch: int


@dataclass(frozen=True, slots=True)
class SteppedDown:
    """The node is a standby again; `why` is for people."""

    epoch: int
    why: str


@dataclass(frozen=True, slots=True)
class PeerMissing:
    """That peer did not answer in round `version`."""

    peer: int
    version: int


@dataclass(frozen=True, slots=True)
class SenderProven:
    """That sender has proven its long counter: what it sends is accepted from now on (10.3)."""

    sender: int


@dataclass(frozen=True, slots=True)
class KeysChanged:
    """The node seals under the key of `epoch`, and knows that of `next_epoch`: to be kept over a restart."""

    epoch: int
    next_epoch: int | None


@dataclass(frozen=True, slots=True)
class ActuatorSet:
    """The node's actuator is to have that value now."""

    actuator: int
    value: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class StateTold:
    """A node's actuator does that, says its controller or it. `cause` is a Cause, or another number."""

    node: int
    actuator: int
    value: int
    cause: int


@dataclass(frozen=True, slots=True)
class LetterAnswered:
    """The controller's letter was taken, or refused; `state` is (actuator, value) after a command."""

    addressee: int
    kind: Kind
    status: int
    state: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class LetterUnanswered:
    """The controller has given up: that node did not answer any of its letters."""

    addressee: int
    kind: Kind


Event = (
    Joined
    | ParentLost
    | ChildJoined
    | ChildLost
    | MeasurementDue
    | ReportAccepted
    | ReportSealed
    | RoundFinished
    | FrameDropped
    | PeerFound
    | PeerLost
    | TokenTaken
    | TokenMade
    | TokenPassed
    | TokenDropped
    | ReadingsAdded
    | TurnFinished
    | ClaimMade
    | ResultLearned
    | ReadingsHeard
    | BecamePrimary
    | SteppedDown
    | PeerMissing
    | SenderProven
    | KeysChanged
    | ActuatorSet
    | StateTold
    | LetterAnswered
    | LetterUnanswered
)


class Node(Protocol):
    """What drivers know of a node. Times are milliseconds of one clock that never goes back."""

    def receive(self, frame: bytes, now_ms: int) -> None:
        """One received frame. Never raises for what the bytes are: they become FrameDropped."""

    def handle_timer(self, now_ms: int) -> None:
        """Do what is due; harmless when nothing is."""

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """Raw readings (0 to 255) by metric id for round `version`; a metric without one is left out.

        False when it comes too late to be counted."""

    def leave(self, now_ms: int) -> None:
        """Say GOODBYE with the next frames to send, and nothing else from now on."""

    def next_deadline(self) -> int | None:
        """When to call `handle_timer` and `frames_to_send` again."""

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """The frames that are due, in order."""

    def next_event(self) -> Event | None:
        """What happened, oldest first; None when there is nothing more."""


class Jitter:
    """xorshift32 (Marsaglia, 2003): the same lines in Python and C, so that both send at the same times."""

    def __init__(self, seed: int) -> None:
        self._state = seed & 0xFFFFFFFF or 1

    def below(self, limit: int) -> int:
        """The next number, from 0 to limit - 1; 0 when limit is 0."""
        x = self._state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self._state = x
        return x % limit if limit else 0
