"""Reads tests/vectors: the frames and bytes that the Python and the C codecs are both held against."""

from pathlib import Path

from protocol.aggregate import Aggregate
from protocol.packets import (
    Ack,
    Depth,
    Empty,
    Frame,
    FrameType,
    Help,
    Items,
    Link,
    Payload,
    Report,
    Result,
    Sync,
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
    return {name: (unhex(word), _frame(fields)) for name, word, *fields in rows("frames")}


def malformed() -> dict[str, tuple[bytes, int]]:
    """name: (bytes, number of the drop reason)."""
    return {name: (unhex(word), int(reason)) for name, reason, word in rows("malformed")}


def aggregate(word: str) -> Aggregate:
    """An aggregate from its 9 bytes in hex, read by hand."""
    data = unhex(word)
    assert len(data) == 9
    numbers = [int.from_bytes(data[a:b], "big") for a, b in ((0, 2), (2, 3), (3, 5), (5, 7), (7, 9))]
    return Aggregate(*numbers)


def _frame(fields: list[str]) -> Frame:
    pairs = [(key, [int(n) for n in value.split(",")]) for key, value in (f.split("=") for f in fields)]
    one = {key: numbers[0] for key, numbers in pairs}
    items = Items(
        tuple((n[0], Aggregate(*n[1:])) for key, n in pairs if key == "aggregate"),
        tuple(Link(*n) for key, n in pairs if key == "link"),
        one.get("doubt", 0),
    )
    frame_type = FrameType(one["type"])
    payload = _payload(frame_type, one, items)
    return Frame(frame_type, one["source"], one["destination"], one["counter"], payload)


def _payload(frame_type: FrameType, one: dict[str, int], items: Items) -> Payload:
    def sync() -> Sync:
        return Sync(one["version"], one["age"], one["hop_count"], one["period_ms"])

    match frame_type:
        case FrameType.DISC_ACK:
            return Empty()
        case FrameType.DEPTH:
            return Depth(one["depth"])
        case FrameType.HELP | FrameType.LOOK:
            return Help(one["version"], one["hop_count"])
        case FrameType.DATA | FrameType.HELP_ACK_DATA:
            return Report(one["depth"], items)
        case FrameType.DATA_ACK | FrameType.HELP_CONFIRM:
            return Ack(one["acked_version"], sync())
        case FrameType.RESULT:
            return Result(one["duration_ms"], items)
        case _:
            return sync()
