"""What a filter may ask of a packet: the fields of the header and the record, and those of payloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from desktop.packets.values import types_by_name
from protocol.aggregate import METRICS
from protocol.packets import BROADCAST, HOST, FrameType, Network


class Kind(Enum):
    """What the values of a field are."""

    NUMBER = "a number"
    TEXT = "a text"
    BYTES = "bytes"
    FLAG = "yes or no"


@dataclass(frozen=True, slots=True)
class Field:
    """`words` may stand for numbers. `types` are the frames that may bear it; None: every packet has it."""

    name: str
    kind: Kind
    help: str
    words: Mapping[str, int] = field(default_factory=dict)
    types: frozenset[FrameType] | None = None


TYPES = {frame_type.name.lower(): int(frame_type) for frame_type in FrameType}
_ADDRESSES = {"all": BROADCAST, "host": HOST}
_PAYLOAD_WORDS = {
    "metric": {metric.name: metric.id for metric in METRICS.values()},
    "network": {network.name.lower(): int(network) for network in Network},
}
_OF_ALL = (
    Field("number", Kind.NUMBER, "of the packet in the log, from 1"),
    Field("time", Kind.NUMBER, "seconds since the first packet"),
    Field("type", Kind.NUMBER, "of the frame: data, help, beat, …", TYPES),
    Field("source", Kind.NUMBER, "who sent it", _ADDRESSES),
    Field("destination", Kind.NUMBER, "whom it is for; all, host", _ADDRESSES),
    Field("node", Kind.NUMBER, "source or destination", _ADDRESSES),
    Field("counter", Kind.NUMBER, "of the sender"),
    Field("size", Kind.NUMBER, "of the frame, in bytes"),
    Field("link", Kind.TEXT, "the link that it crossed"),
    Field("comment", Kind.TEXT, "what the log says of it"),
    Field("frame", Kind.BYTES, "all its bytes"),
    Field("inbound", Kind.FLAG, "it came in"),
    Field("outbound", Kind.FLAG, "it went out"),
    Field("bad", Kind.FLAG, "its CRC, its size or its wire version is wrong"),
    Field("sealed", Kind.FLAG, "it travels sealed"),
)
FIELDS: Mapping[str, Field] = {field.name: field for field in _OF_ALL} | {
    name: Field(
        name,
        Kind.BYTES if name == "body" else Kind.NUMBER,
        "of " + ", ".join(sorted(frame_type.name.lower() for frame_type in types)),
        _PAYLOAD_WORDS.get(name, {}),
        types,
    )
    for name, types in types_by_name().items()
}
ALIASES = {"src": "source", "dst": "destination", "no": "number", "hop": "hop_count", "round": "version"}
