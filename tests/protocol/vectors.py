"""Reads tests/vectors: the frames and bytes that the Python and the C codecs are both held against."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from protocol.aggregate import Aggregate
from protocol.packets import (
    Ack,
    Beat,
    Boot,
    Challenge,
    Claim,
    Depth,
    Empty,
    Frame,
    FrameType,
    Heard,
    Hello,
    Help,
    Items,
    Letter,
    Link,
    Pair,
    Pairs,
    Payload,
    Poll,
    Reading,
    Report,
    Response,
    Result,
    Sign,
    Sync,
    Token,
    TokenId,
)

FOLDER = Path(__file__).parent.parent / "vectors"


def rows(name: str, kind: str | None = None) -> list[list[str]]:
    """The lines of a vector file as words; with a kind, those that begin with it, without it."""
    lines = [line.split() for line in (FOLDER / f"{name}.txt").read_text("ascii").splitlines()]
    found = [words for words in lines if words and not words[0].startswith("#")]
    return [words[1:] for words in found if words[0] == kind] if kind else found


def unhex(word: str) -> bytes:
    """The bytes of a hex word; "-" and "." stand for none."""
    return b"" if word in "-." else bytes.fromhex(word)


def frames() -> dict[str, tuple[bytes, Frame]]:
    """name: (bytes, the frame that they mean)."""
    return {name: (unhex(word), _frame(words)) for name, word, *words in rows("frames")}


def malformed() -> dict[str, tuple[bytes, int]]:
    """name: (bytes, number of the drop reason)."""
    return {name: (unhex(word), int(reason)) for name, reason, word in rows("malformed")}


def aggregate(word: str) -> Aggregate:
    """An aggregate from its 9 bytes in hex, read by hand."""
    data = unhex(word)
    assert len(data) == 9
    numbers = [int.from_bytes(data[a:b], "big") for a, b in ((0, 2), (2, 3), (3, 5), (5, 7), (7, 9))]
    return Aggregate(*numbers)


# Payloads that are numbers alone, named in the vectors as in the dataclass.
_PLAIN: dict[FrameType, type[Payload]] = {
    FrameType.DISCOVERY: Sync,
    FrameType.DISC_ACK: Empty,
    FrameType.DISC_ACK_ACK: Sync,
    FrameType.DEPTH: Depth,
    FrameType.HELP: Help,
    FrameType.HELP_ACK: Sync,
    FrameType.LOOK: Help,
    FrameType.CLAIM: Claim,
    FrameType.HELLO: Hello,
    FrameType.POLL: Poll,
    FrameType.GOODBYE: Empty,
    FrameType.CHALLENGE: Challenge,
    FrameType.RESPONSE: Response,
    FrameType.HEARD: Heard,
    FrameType.BOOT: Boot,
}


def _frame(words: list[str]) -> Frame:
    lists = [(key, [int(n) for n in value.split(",")]) for key, value in (word.split("=") for word in words)]
    one = {key: numbers[0] for key, numbers in lists}
    frame_type = FrameType(one["type"])
    payload = _payload(frame_type, one, lists)
    return Frame(frame_type, one["source"], one["destination"], one["counter"], payload)


def _payload(frame_type: FrameType, one: dict[str, int], lists: list[tuple[str, list[int]]]) -> Payload:
    def all_of(wanted: str) -> list[list[int]]:
        return [numbers for key, numbers in lists if key == wanted]

    def named(cls: type[Any], *left_out: str) -> dict[str, Any]:
        return {field.name: one[field.name] for field in fields(cls) if field.name not in left_out}

    aggregates = tuple((n[0], Aggregate(*n[1:])) for n in all_of("aggregate"))
    items = Items(aggregates, tuple(Link(*n) for n in all_of("link")), one.get("doubt", 0))
    match frame_type:
        case FrameType.DATA | FrameType.HELP_ACK_DATA:
            return Report(one["depth"], items)
        case FrameType.DATA_ACK | FrameType.HELP_CONFIRM:
            return Ack(one["acked_version"], Sync(**named(Sync)))
        case FrameType.RESULT:
            return Result(one["duration_ms"], items)
        case FrameType.TOKEN:
            readings = tuple((n[0], _pairs(n[1:])) for n in all_of("readings"))
            numbers = named(Token, "id", "aggregates", "readings")
            return Token(TokenId(**named(TokenId)), **numbers, aggregates=aggregates, readings=readings)
        case FrameType.SIGN:
            return Sign(TokenId(**named(TokenId)), **named(Sign, "id"))
        case FrameType.READING:
            return Reading(**named(Reading, "pairs"), pairs=tuple((n[0], n[1]) for n in all_of("pair")))
        case FrameType.BEAT:
            return Beat(**named(Beat, "heirs"), heirs=tuple(n for heirs in all_of("heirs") for n in heirs))
        case FrameType.LETTER:
            body = one["body"].to_bytes(one["body_bytes"], "big")
            return Letter(**named(Letter, "body"), body=body)
        case FrameType.PAIR:
            return Pair(one["step"], one["body"].to_bytes(one["body_bytes"], "big"))
        case _:
            plain = _PLAIN[frame_type]
            return plain(**named(plain))


def _pairs(numbers: list[int]) -> Pairs:
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))
