"""The C core as the tests see it: the node with the methods of protocol.node.Node, the codecs, the deframer.

Builds and loads build/firmware/libtreering.so, or loads the library that TREERING_CORE_LIBRARY names.
"""

from __future__ import annotations

import functools
import os
import subprocess
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cffi import FFI

from protocol import outbox
from protocol.aggregate import NO_NODE, Aggregate
from protocol.children import LINK_QUEUE
from protocol.node import (
    ChildJoined,
    ChildLost,
    Event,
    FrameDropped,
    Joined,
    LinkName,
    MeasurementDue,
    ParentLost,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
)
from protocol.node_base import MAX_EVENTS
from protocol.packets import (
    HEADER_BYTES,
    MAX_FRAME_BYTES,
    Ack,
    Depth,
    DropReason,
    Empty,
    Frame,
    FrameError,
    FrameType,
    Help,
    Items,
    Link,
    Payload,
    Report,
    Result,
    Sync,
)
from protocol.timing import Timing
from protocol.wire_format import DEPTH, DURATION

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "firmware"
BUILD_TIMEOUT_S = 50.0

FOREVER_MS = 0xFFFFFFFF
WORD = 0xFFFFFFFF

# `why` of ParentLost by enum tr_why, with n for how many.
WHY = {
    "TR_WHY_STARTED_ANEW": "it has started anew",
    "TR_WHY_STALE": "nothing new comes from the root",
    "TR_WHY_NO_ANSWER": "no answer to n tries",
    "TR_WHY_NO_WAY": "it has no way to the root",
    "TR_WHY_FINDS_NONE": "it finds no way to the root",
    "TR_WHY_BETTER": "there is a better one",
}

# The C core runs a sink tree; frames of the other networks are of unknown types to it.
FRAME_TYPES = tuple(kind for kind in FrameType if kind <= FrameType.LOOK)
EVENTS = (
    *(Joined, ParentLost, ChildJoined, ChildLost, MeasurementDue),
    *(ReportAccepted, ReportSealed, RoundFinished, FrameDropped),
)

ffi: Any = FFI()


def build(target: str = "host") -> None:
    """Compile the core, unless that is up to date."""
    command = ["make", "-s", "-C", str(ROOT / "firmware"), target]
    subprocess.run(command, check=True, timeout=BUILD_TIMEOUT_S)


@functools.cache
def library() -> Any:
    """The loaded library."""
    path = os.environ.get("TREERING_CORE_LIBRARY")
    if path is None:
        build()
    ffi.cdef((BUILD / "treering.cdef").read_text("ascii"))
    lib = ffi.dlopen(path or str(BUILD / "libtreering.so"))
    capacities = {"tr_outbox_t.waiting": outbox.CAPACITY, "tr_children_t.links": LINK_QUEUE}
    capacities |= {"tr_events_t.ring": MAX_EVENTS, "tr_children_t.children": 32}
    for name, capacity in capacities.items():
        assert array_length(name) == capacity, (
            f"HOST_CAPACITIES in firmware/Makefile: {name} holds {capacity}"
        )
    return lib


def array_length(name: str) -> int:
    """How many elements an array of a struct has, by "struct.field"."""
    struct, field = name.split(".")
    length: int = dict(ffi.typeof(struct).fields)[field].type.length
    return length


# --- the codecs ------------------------------------------------------------------------------------------


def crc16(data: bytes) -> int:
    """tr_crc16."""
    crc: int = library().tr_crc16(data, len(data))
    return crc


def read_aggregate(data: bytes) -> Aggregate:
    """tr_aggregate_read."""
    found = ffi.new("tr_aggregate_t *")
    version = library().tr_aggregate_read(found, data)
    return Aggregate(version, found.max, found.max_id, found.total, found.count)


def write_aggregate(aggregate: Aggregate) -> bytes:
    """tr_aggregate_write."""
    data = ffi.new("uint8_t[9]")
    library().tr_aggregate_write(_aggregate(aggregate), aggregate.version, data)
    return bytes(data)


def merge(a: Aggregate, b: Aggregate) -> Aggregate:
    """tr_aggregate_merge."""
    merged = _aggregate(a)
    library().tr_aggregate_merge(merged, _aggregate(b))
    return Aggregate(a.version, merged.max, merged.max_id, merged.total, merged.count)


def _aggregate(a: Aggregate) -> Any:
    return ffi.new("tr_aggregate_t *", {"max": a.max, "max_id": a.max_id, "total": a.total, "count": a.count})


def decode(data: bytes) -> Frame:
    """tr_frame_decode and the readers of payloads. Raises FrameError as protocol.packets.decode does."""
    lib = library()
    frame = ffi.new("tr_frame_t *")
    held = ffi.from_buffer(data)
    result = lib.tr_frame_decode(frame, held, len(data))
    if result < 0:
        raise FrameError(DropReason(-result), "says the core")
    kind = FrameType(frame.type)
    return Frame(kind, frame.source, frame.destination, frame.counter, _read_payload(kind, frame))


def is_of_another_network(data: bytes | bytearray) -> bool:
    """Whether the type byte is one that Python knows and the core does not."""
    return bool(data) and data[0] & 0x1F in set(FrameType) - set(FRAME_TYPES)


def _read_payload(kind: FrameType, frame: Any) -> Payload:
    data = bytes(ffi.buffer(frame.payload, frame.payload_bytes))
    match kind:
        case FrameType.DISC_ACK:
            return Empty()
        case FrameType.DEPTH:
            return Depth(data[0])
        case FrameType.HELP | FrameType.LOOK:
            return Help(int.from_bytes(data[:2], "big"), data[2])
        case FrameType.DATA_ACK | FrameType.HELP_CONFIRM:
            return Ack(int.from_bytes(data[:2], "big"), _read_sync(data[2:]))
        case FrameType.DATA | FrameType.HELP_ACK_DATA:
            return Report(data[0], _received_items(frame, DEPTH.sizeof()))
        case FrameType.RESULT:
            return Result(int.from_bytes(data[:3], "big"), _received_items(frame, DURATION.sizeof()))
        case _:
            return _read_sync(data)


def _read_sync(data: bytes) -> Sync:
    sync = ffi.new("tr_sync_t *")
    library().tr_sync_read(sync, data)
    return Sync(sync.version, sync.age, sync.hop_count, sync.period_ms)


def _received_items(frame: Any, head_bytes: int) -> Items:
    lib = library()
    items, entry, link = (
        ffi.new("tr_received_items_t *"),
        ffi.new("tr_metric_aggregate_t *"),
        ffi.new("tr_link_t *"),
    )
    lib.tr_frame_items(frame, head_bytes, items)
    aggregates, links = [], []
    for i in range(items.aggregate_count):
        lib.tr_items_get_aggregate(items, i, entry)
        aggregates.append(_entry(entry, lib.tr_items_version(items)))
    for i in range(items.link_count):
        lib.tr_items_get_link(items, i, link)
        links.append(Link(link.child, link.parent, link.quality))
    return Items(tuple(aggregates), tuple(links), items.doubt)


def _entry(entry: Any, version: int) -> tuple[int, Aggregate]:
    a = entry.aggregate
    return entry.metric, Aggregate(version, a.max, a.max_id, a.total, a.count)


def encode(frame: Frame) -> bytes:
    """tr_frame_encode and the writers of payloads."""
    payload = _write_payload(frame.payload)
    data = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
    data[HEADER_BYTES : HEADER_BYTES + len(payload)] = payload  # in its place already, as in the node
    header = ffi.new("tr_frame_t *")
    header.type, header.source, header.destination = frame.type, frame.source, frame.destination
    header.counter, header.payload, header.payload_bytes = frame.counter, data + HEADER_BYTES, len(payload)
    return bytes(ffi.buffer(data, library().tr_frame_encode(header, data)))


def _write_payload(payload: Payload) -> bytes:
    match payload:
        case Empty():
            return b""
        case Depth(depth):
            return bytes([depth])
        case Help(version, hop_count):
            return version.to_bytes(2, "big") + bytes([hop_count])
        case Ack(acked_version, sync):
            return acked_version.to_bytes(2, "big") + _write_sync(sync)
        case Report(depth, items):
            return bytes([depth]) + _write_items(items)
        case Result(duration_ms, items):
            return duration_ms.to_bytes(3, "big") + _write_items(items)
        case Sync():
            return _write_sync(payload)
        case _:
            raise TypeError(f"the core has no {type(payload).__name__}")


def _write_sync(sync: Sync) -> bytes:
    data = ffi.new("uint8_t[9]")
    library().tr_sync_write(ffi.new("tr_sync_t *", asdict(sync)), data)
    return bytes(data)


def _write_items(items: Items) -> bytes:
    written = ffi.new("tr_items_t *")
    written.version = items.version or 0
    written.aggregate_count, written.link_count = len(items.aggregates), len(items.links)
    for i, (metric, aggregate) in enumerate(items.aggregates):
        written.aggregates[i].metric = metric
        written.aggregates[i].aggregate = _aggregate(aggregate)[0]
    for i, link in enumerate(items.links):
        written.links[i] = asdict(link)
    data = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
    return bytes(ffi.buffer(data, library().tr_items_write(written, items.doubt, data)))


# --- byte streams ----------------------------------------------------------------------------------------


def encode_stream(frame: bytes) -> bytes:
    """tr_cobs_encode, with the frame where the sketch has it."""
    stream = ffi.new(f"uint8_t[{MAX_FRAME_BYTES + 2}]")
    stream[1 : 1 + len(frame)] = frame
    return bytes(ffi.buffer(stream, library().tr_cobs_encode(stream + 1, len(frame), stream)))


class CoreDeframer:
    """tr_deframer_t with the methods of protocol.framing.Deframer."""

    def __init__(self) -> None:
        self.drops: Counter[DropReason] = Counter()
        self._deframer = ffi.new("tr_deframer_t *")

    def feed(self, data: bytes) -> list[bytes]:
        """See protocol.framing.Deframer.feed."""
        lib, deframer = library(), self._deframer
        frames = []
        for byte in data:
            result = lib.tr_deframer_take(deframer, byte)
            if result > 0:
                frames.append(bytes(ffi.buffer(deframer.frame, deframer.length)))
            elif result < 0:
                self.drops[DropReason(-result)] += 1
        return frames


# --- the node --------------------------------------------------------------------------------------------


class CoreNode:
    """tr_node_t with the constructor and the methods of protocol.sink_tree.SinkTreeNode."""

    def __init__(
        self,
        node_id: int,
        *,
        seed: int,
        first_counter: int,
        now_ms: int,
        root: bool = False,
        timing: Timing | None = None,
        metrics: tuple[int, ...] = (0,),
        max_children: int = 32,
        first_version: int = 1,
    ) -> None:
        self.node_id = node_id
        self._lib = library()
        self._timing = timing or Timing()
        config = {
            "node_id": node_id,
            "is_root": root,
            "max_children": max_children,
            "first_metric": metrics[0],
            "first_version": first_version,
            "first_counter": first_counter,
            "seed": seed & WORD,
            "timing": asdict(self._timing),
        }
        self._config = ffi.new("tr_node_config_t *", config)
        self._node = ffi.new("tr_node_t *")
        self._event = ffi.new("tr_event_t *")
        self._frame = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
        self._link = ffi.new("enum tr_link_name *")
        self._now_ms = now_ms
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        if self._lib.tr_node_init(self._node, self._config, now_ms & WORD) != 0:
            raise ValueError(f"the core refuses {config}")

    def receive(self, frame: bytes, now_ms: int) -> None:
        """See protocol.node.Node.receive."""
        self._lib.tr_node_receive(self._node, frame, len(frame), now_ms & WORD)
        self._after_call(now_ms)

    def handle_timer(self, now_ms: int) -> None:
        """See protocol.node.Node.handle_timer."""
        self._lib.tr_node_handle_timer(self._node, now_ms & WORD)
        self._after_call(now_ms)

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """See protocol.node.Node.measure."""
        given = ffi.new("tr_reading_t[]", [{"metric": m, "raw": raw} for m, raw in readings.items()])
        in_time = self._lib.tr_node_measure(self._node, version, given, len(readings), now_ms & WORD)
        self._after_call(now_ms)
        return bool(in_time)

    def next_deadline(self) -> int | None:
        """See protocol.node.Node.next_deadline; one that is over is given as the time of the last call."""
        wait_ms = self._lib.tr_node_wait_ms(self._node, self._now_ms & WORD)
        return None if wait_ms == FOREVER_MS else self._now_ms + wait_ms

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """See protocol.node.Node.frames_to_send."""
        frames = []
        while length := self._lib.tr_node_next_frame(
            self._node, now_ms & WORD, self._frame, MAX_FRAME_BYTES, self._link
        ):
            assert length > 0
            frames.append((LinkName(self._link[0]), bytes(ffi.buffer(self._frame, length))))
        self._after_call(now_ms)
        return frames

    def next_event(self) -> Event | None:
        """See protocol.node.Node.next_event."""
        return self._events.popleft() if self._events else None

    def _after_call(self, now_ms: int) -> None:
        """Take the events while what they refer to is there."""
        self._now_ms = now_ms
        while self._lib.tr_node_next_event(self._node, self._event):
            self._events.append(self._read_event(self._event.kind, self._event.node, self._event.value))

    def _read_event(self, kind: int, node: int, value: int) -> Event:
        lib = self._lib
        match kind:
            case lib.TR_EVENT_JOINED:
                return Joined(node, value)
            case lib.TR_EVENT_PARENT_LOST:
                return ParentLost(node, self._why(value))
            case lib.TR_EVENT_CHILD_JOINED:
                return ChildJoined(node)
            case lib.TR_EVENT_CHILD_LOST:
                return ChildLost(node)
            case lib.TR_EVENT_MEASUREMENT_DUE:
                return MeasurementDue(value)
            case lib.TR_EVENT_REPORT_ACCEPTED:
                return ReportAccepted(node, value)
            case lib.TR_EVENT_REPORT_SEALED:
                return ReportSealed(value)
            case lib.TR_EVENT_ROUND_FINISHED:
                return RoundFinished(value, self._node.round.duration_ms, self._items())
        assert kind == lib.TR_EVENT_FRAME_DROPPED
        return FrameDropped(DropReason(value), None if node == NO_NODE else node)

    def _why(self, why: int) -> str:
        name = next(name for name in WHY if getattr(self._lib, name) == why)
        return WHY[name].replace(" n ", f" {self._node.unanswered} ")

    def _items(self) -> Items:
        items = self._node.round.items
        return Items(
            tuple(_entry(items.aggregates[i], items.version) for i in range(items.aggregate_count)),
            tuple(Link(link.child, link.parent, link.quality) for link in items.links[0 : items.link_count]),
            items.doubt,
        )
