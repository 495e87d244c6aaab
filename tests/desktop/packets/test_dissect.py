"""Every byte of a frame belongs to a field that is called as the payload calls it."""

from __future__ import annotations

from collections import Counter

import pytest

from desktop.packets.dissect import FieldNode, dissect, leaves
from desktop.packets.values import names_of, types_by_name, values_of
from protocol.packets import Payload, decode
from protocol.sealing import SealingKey
from tests.protocol import vectors

FRAMES = vectors.frames()


def told(nodes: list[FieldNode], frame: bytes) -> Counter[tuple[str, int | bytes]]:
    """Name and value of each field of the payload, read from the bytes that it is said to have."""
    payload = [node for node in nodes if node.name == "payload"]
    found: Counter[tuple[str, int | bytes]] = Counter()
    for leaf in leaves(payload[0].parts if payload else []):
        raw = frame[leaf.offset : leaf.offset + leaf.size_bytes]
        if leaf.name != "item":
            found[leaf.name, raw if leaf.name == "body" else int.from_bytes(raw, "big")] += 1
    return found


def meant_by(payload: Payload) -> Counter[tuple[str, int | bytes]]:
    """Name and value of all that a payload says; a report without doubt does not speak of it."""
    names = set(names_of(type(payload)))
    found = Counter((name, value) for name in names for value in values_of(payload, name))
    del found["doubt", 0]
    return found


def covered(nodes: list[FieldNode]) -> list[int]:
    """The bytes of the innermost fields."""
    return [i for leaf in leaves(nodes) for i in range(leaf.offset, leaf.offset + leaf.size_bytes)]


@pytest.mark.parametrize("name", FRAMES)
def test_fields_have_the_names_the_values_and_the_bytes_of_the_payload(name: str) -> None:
    frame, _ = FRAMES[name]
    nodes = dissect(frame)
    payload = decode(frame).payload
    values = meant_by(payload)
    assert told(nodes, frame) == values
    assert covered(nodes) == list(range(len(frame)))


def test_a_byte_leads_to_its_field() -> None:
    frame, _ = FRAMES["data_one_metric"]
    for node in dissect(frame):
        for leaf in leaves([node]):
            for offset in range(leaf.offset, leaf.offset + leaf.size_bytes):
                assert node.leaf_at(offset) is leaf
    assert dissect(frame)[0].leaf_at(8) is None


def test_numbers_are_told_with_what_they_mean() -> None:
    frame, _ = FRAMES["data_one_metric"]
    texts = {leaf.name: leaf.text for leaf in leaves(dissect(frame))}
    assert texts["type"] == "DATA"
    assert texts["metric"] == "0 (temperature)"
    assert texts["max"].endswith("degC)")
    assert texts["crc"].endswith("right")


def test_a_damaged_frame_says_so_and_shows_its_header() -> None:
    frame, _ = FRAMES["data_one_metric"]
    damaged = frame[:-1] + bytes([frame[-1] ^ 1])
    nodes = dissect(damaged)
    texts = {leaf.name: leaf.text for leaf in leaves(nodes)}
    assert texts["source"] == str(decode(frame).source)
    assert "checksum" in texts["payload"]
    assert "would be right" in texts["crc"]


@pytest.mark.parametrize("name", ["data_one_metric", "beat_with_heirs", "response"])
def test_a_sealed_frame_shows_what_is_in_it_if_it_was_opened(name: str) -> None:
    frame, _ = FRAMES[name]
    key = SealingKey(bytes(16))
    sealed = key.seal(frame, 7 << 24 | 5)
    shut = {leaf.name: leaf.text for leaf in leaves(dissect(sealed))}
    assert shut["type"].endswith("sealed")
    assert "keys" in shut["payload"]
    opened = key.open(sealed, 7 << 24 | 5)
    nodes = dissect(sealed, opened)
    assert opened is not None
    assert told(nodes, opened) == told(dissect(opened), opened)
    assert covered(nodes) == list(range(len(sealed)))


@pytest.mark.parametrize("frame", [b"", b"\x05", bytes(7), bytes(8), bytes(9), bytes(200)])
def test_whatever_the_bytes_they_are_shown(frame: bytes) -> None:
    assert covered(dissect(frame)) == list(range(len(frame)))


def test_each_name_belongs_to_the_types_that_bear_it() -> None:
    types = types_by_name()
    for frame, meant in FRAMES.values():
        for name, _ in meant_by(decode(frame).payload):
            assert meant.type in types[name]
