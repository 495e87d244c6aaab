"""What frames bear: the values of PROTOCOL.md section 2, and why bytes are none (section 8)."""

from __future__ import annotations

from enum import IntEnum

from protocol.aggregate import Aggregate
from protocol.values import value_class


class FrameType(IntEnum):
    """PROTOCOL.md section 2."""

    DISCOVERY = 1
    DISC_ACK = 2
    DISC_ACK_ACK = 3
    DEPTH = 4
    DATA = 5
    DATA_ACK = 6
    HELP = 7
    HELP_ACK = 8
    HELP_ACK_DATA = 9
    HELP_CONFIRM = 10
    RESULT = 11
    LOOK = 12
    TOKEN = 13
    SIGN = 14
    CLAIM = 15
    HELLO = 16
    POLL = 17
    READING = 18
    BEAT = 19
    GOODBYE = 20
    CHALLENGE = 21
    RESPONSE = 22
    LETTER = 23
    HEARD = 24
    BOOT = 25
    PAIR = 26


class DropReason(IntEnum):
    """Why a frame was not used: PROTOCOL.md section 8. The C core shares the numbers."""

    FRAMING = 1
    OVERSIZED = 2
    TRUNCATED = 3
    WIRE_VERSION = 4
    CHECKSUM = 5
    SEALED = 6
    UNKNOWN_TYPE = 7
    MALFORMED = 8
    OWN_ID = 9
    STATE = 10
    NOT_A_CHILD = 11
    STALE_VERSION = 12
    TABLE_FULL = 13
    NOT_FEASIBLE = 14
    QUEUE_FULL = 15
    OPEN = 16
    TAG = 17
    REPLAYED = 18
    UNPROVEN = 19
    ROLE = 20
    SESSION = 21

    @property
    def label(self) -> str:
        """The reason as people read it."""
        return self.name.lower().replace("_", " ")


class FrameError(ValueError):
    """Bytes that are no frame, or a frame that has no bytes; `reason` says which check failed."""

    def __init__(self, reason: DropReason, detail: str) -> None:
        super().__init__(f"{reason.label}: {detail}")
        self.reason = reason


def malformed(detail: str) -> FrameError:
    """The error for a payload, or a value of one, that breaks a rule of its type."""
    return FrameError(DropReason.MALFORMED, detail)


@value_class(frozen=True, slots=True)
class Sync:
    """What a joined node says of its way to the root: round `version` began `age` units of time ago.

    protocol.way.age_unit_ms tells the unit, which depends on the period.
    """

    version: int
    age: int
    hop_count: int
    period_ms: int


@value_class(frozen=True, slots=True)
class Ack:
    """Payload of DATA_ACK and HELP_CONFIRM."""

    acked_version: int
    sync: Sync


@value_class(frozen=True, slots=True)
class Help:
    """Payload of HELP and LOOK: the sender's feasibility distance; hop count 255 if it has none."""

    version: int
    hop_count: int


@value_class(frozen=True, slots=True)
class Depth:
    """Payload of DEPTH: hops to the furthest leaf."""

    depth: int


@value_class(frozen=True, slots=True)
class Empty:
    """Payload of DISC_ACK and GOODBYE."""


@value_class(frozen=True, slots=True)
class Link:
    """`parent` counts `child` among its children; quality 1 to 255, or 0: given up."""

    child: int
    parent: int
    quality: int


@value_class(frozen=True, slots=True)
class Items:
    """A report's items: (metric, aggregate) pairs, a metric once, of one version; links; nodes in doubt."""

    aggregates: tuple[tuple[int, Aggregate], ...] = ()
    links: tuple[Link, ...] = ()
    doubt: int = 0

    @property
    def version(self) -> int | None:
        """The round of the aggregates, None without any."""
        return self.aggregates[0][1].version if self.aggregates else None


@value_class(frozen=True, slots=True)
class Report:
    """Payload of DATA and HELP_ACK_DATA."""

    depth: int
    items: Items


@value_class(frozen=True, slots=True)
class Result:
    """Payload of RESULT; `duration_ms` from the start of the round."""

    duration_ms: int
    items: Items


Pairs = tuple[tuple[int, int], ...]


@value_class(frozen=True, slots=True)
class TokenId:
    """The name of a token; protocol.token_order says which of two is newer."""

    epoch: int
    generator: int
    sequence: int


@value_class(frozen=True, slots=True)
class Token:
    """Payload of TOKEN (12.2). `aggregates` as in Items; `readings` are (node, (metric, raw) pairs)."""

    id: TokenId
    fork: int
    home: int
    follows: int
    version: int
    next_version: int
    age_ms: int
    period_ms: int
    turn: int
    flags: int
    aggregates: tuple[tuple[int, Aggregate], ...] = ()
    readings: tuple[tuple[int, Pairs], ...] = ()


@value_class(frozen=True, slots=True)
class Sign:
    """Payload of SIGN: the newest token and version that the sender knows."""

    id: TokenId
    version: int
    passed_over: int
    hold_ms: int


@value_class(frozen=True, slots=True)
class Claim:
    """Payload of CLAIM: the epoch that the sender wants to open, and the newest version that it knows."""

    epoch: int
    version: int


class Network(IntEnum):
    """What a HELLO says the sender takes part in; a sink tree has no HELLO."""

    TREE = 0
    RING = 1
    POLLING = 2


@value_class(frozen=True, slots=True)
class Hello:
    """Payload of HELLO; `network` is a Network that this version knows, or another number."""

    network: int
    epoch: int
    version: int


@value_class(frozen=True, slots=True)
class Poll:
    """Payload of POLL."""

    epoch: int
    version: int
    attempt: int


@value_class(frozen=True, slots=True)
class Reading:
    """Payload of READING: raw readings by metric, of the node that sends it."""

    epoch: int
    version: int
    attempt: int
    pairs: Pairs


@value_class(frozen=True, slots=True)
class Beat:
    """Payload of BEAT: round `version` began `age_ms` ago, and the sender is primary for `lease_ms`.

    `heirs` are the ids of those who take over from it, in their order (13.3).
    """

    epoch: int
    version: int
    age_ms: int
    period_ms: int
    lease_ms: int
    heirs: tuple[int, ...] = ()


@value_class(frozen=True, slots=True)
class Challenge:
    """Payload of CHALLENGE: the life that the sender's counter counts in (10.2)."""

    life: int


@value_class(frozen=True, slots=True)
class Response:
    """Payload of RESPONSE: the sender's life, and the long counter of the CHALLENGE that it answers."""

    life: int
    challenged_life: int
    challenged_counter: int


@value_class(frozen=True, slots=True)
class Letter:
    """Payload of LETTER (14.1): it may be passed on `hops` more times; the long counter is the origin's.

    `body` is as it travels: sealed under the key of a node, or in an open network clear.
    """

    hops: int
    origin: int
    addressee: int
    origin_life: int
    origin_counter: int
    body: bytes


@value_class(frozen=True, slots=True)
class Heard:
    """Payload of HEARD: that frame went by, and the quality of its source's link (15.2)."""

    heard_source: int
    heard_counter: int
    quality: int


@value_class(frozen=True, slots=True)
class Boot:
    """Payload of BOOT: the long counter names this start of the node; `cause` and `flags` as in 15.3."""

    boot_life: int
    boot_counter: int
    cause: int
    flags: int
    settings_crc: int


@value_class(frozen=True, slots=True)
class Pair:
    """Payload of PAIR: a step of the pairing of two machines (10.7), and what it bears."""

    step: int
    body: bytes


Payload = (
    Sync
    | Ack
    | Help
    | Depth
    | Empty
    | Report
    | Result
    | Token
    | Sign
    | Claim
    | Hello
    | Poll
    | Reading
    | Beat
    | Challenge
    | Response
    | Letter
    | Heard
    | Boot
    | Pair
)


@value_class(frozen=True, slots=True)
class Frame:
    """One open frame."""

    type: FrameType
    source: int
    destination: int
    counter: int
    payload: Payload
