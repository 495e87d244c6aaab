"""The C core's codecs and its deframer as the tests see them; its nodes are in firmware.native.

Builds build/firmware/libtreering.so first, unless TREERING_CORE_LIBRARY names another library.
"""

from __future__ import annotations

import functools
import os
import struct
from collections import Counter
from dataclasses import asdict
from typing import Any

from benchmarks.build import make
from firmware.native import library as native
from firmware.native.items import entry_of
from firmware.native.library import LIBRARY_VARIABLE, array_length, ffi
from firmware.native.node import WORD
from protocol import outbox
from protocol.aggregate import Aggregate
from protocol.children import LINK_QUEUE
from protocol.node_base import MAX_EVENTS
from protocol.packets import (
    HEADER_BYTES,
    MAX_AGGREGATES,
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
from protocol.way import age_unit_ms

# Kind, child, parent, quality.
LINK_ITEM = struct.Struct(">BHHB")

# The C codecs are those of a sink tree; frames of the other networks are of unknown types to it.
FRAME_TYPES = (*(kind for kind in FrameType if kind <= FrameType.LOOK), FrameType.GOODBYE)


@functools.cache
def library() -> Any:
    """The loaded library, which holds as much as the Python nodes do."""
    if LIBRARY_VARIABLE not in os.environ:
        make("host")
    lib = native.library()
    capacities = {"tr_outbox_t.waiting": outbox.CAPACITY, "tr_children_t.links": LINK_QUEUE}
    capacities |= {"tr_events_t.waiting": MAX_EVENTS, "tr_children_t.children": 32}
    capacities |= {"tr_children_t.reported": 32 * MAX_AGGREGATES}
    for name, capacity in capacities.items():
        assert array_length(name) == capacity, (
            f"HOST_CAPACITIES in firmware/Makefile: {name} holds {capacity}"
        )
    return lib


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
    frame, items = ffi.new("tr_frame_t *"), ffi.new("tr_received_items_t *")
    held = ffi.from_buffer(data)
    result = lib.tr_frame_decode(frame, items, held, len(data))
    if result < 0:
        raise FrameError(DropReason(-result), "says the core")
    kind = FrameType(frame.type)
    return Frame(kind, frame.source, frame.destination, frame.counter, _read_payload(kind, frame, items))


def is_of_another_network(data: bytes | bytearray) -> bool:
    """Whether the type byte is one that Python knows and the core does not."""
    return bool(data) and data[0] & 0x1F in set(FrameType) - set(FRAME_TYPES)


def _read_payload(kind: FrameType, frame: Any, items: Any) -> Payload:
    data = bytes(ffi.buffer(frame.payload, frame.payload_bytes))
    match kind:
        case FrameType.DISC_ACK | FrameType.GOODBYE:
            return Empty()
        case FrameType.DEPTH:
            return Depth(data[0])
        case FrameType.HELP | FrameType.LOOK:
            return Help(int.from_bytes(data[:2], "big"), data[2])
        case FrameType.DATA_ACK | FrameType.HELP_CONFIRM:
            return Ack(int.from_bytes(data[:2], "big"), _read_sync(data[2:]))
        case FrameType.DATA | FrameType.HELP_ACK_DATA:
            return Report(data[0], _received_items(items))
        case FrameType.RESULT:
            return Result(int.from_bytes(data[:3], "big"), _received_items(items))
        case _:
            return _read_sync(data)


def _read_sync(data: bytes) -> Sync:
    """tr_way_read, at time 0."""
    way = ffi.new("tr_way_t *")
    library().tr_way_read(way, 0, data)
    age = (-way.origin_ms & WORD) // age_unit_ms(way.period_ms)
    return Sync(way.distance.version, age, way.distance.hop_count, way.period_ms)


def _received_items(items: Any) -> Items:
    lib = library()
    entry = ffi.new("tr_metric_aggregate_t *")
    aggregates = []
    for i in range(items.aggregate_count):
        lib.tr_items_get_aggregate(items, i, entry)
        aggregates.append(entry_of(entry, lib.tr_items_version(items)))
    data = ffi.buffer(lib.tr_items_links(items), items.link_count * LINK_ITEM.size)
    links = (Link(child, parent, quality) for _, child, parent, quality in LINK_ITEM.iter_unpack(data))
    return Items(tuple(aggregates), tuple(links), items.doubt)


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
    """tr_way_write, at time 0."""
    distance = {"version": sync.version, "hop_count": sync.hop_count}
    origin_ms = -sync.age * age_unit_ms(sync.period_ms) & WORD
    way = {"distance": distance, "origin_ms": origin_ms, "period_ms": sync.period_ms}
    data = ffi.new("uint8_t[9]")
    library().tr_way_write(ffi.new("tr_way_t *", way), 0, data)
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
