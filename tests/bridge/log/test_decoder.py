"""The state of a decoder: taken up as it was, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.log.decoder import Decoder, StateError, packed, unpacked
from bridge.log.plain import dump
from protocol.observer import Observer
from tests.bridge.log.rig import FIELDS, access_to, field_records, open_opener, opener_of


@pytest.mark.parametrize(("network", "sealed"), FIELDS)
def test_a_state_holds_all_that_facts_to_come_depend_on(network: str, sealed: bool) -> None:
    """Taken up after every few records; the next facts tell what is not in it."""
    records, opener = field_records(network, sealed), opener_of(access_to(sealed))
    decoder = Decoder(opener())
    for at in range(0, len(records), 11):
        other = Decoder(opener())
        other.restore(unpacked(packed(decoder.state())))
        assert other.state() == decoder.state()
        piece = records[at : at + 11]
        assert other.facts(piece) == decoder.facts(piece)
    assert decoder.records == len(records)


def changed(**changes: Any) -> bytes:
    values = json.loads(Decoder(open_opener()).state()) | changes
    return json.dumps(values).encode()


def observer_with(**more: int) -> object:
    observer = Observer()
    vars(observer).update(more)
    return dump(observer)


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        changed(observer=None),
        changed(observer=dump([])),
        changed(observer=observer_with(of_another_version=1)),
        changed(heard=dump({})),
        changed(records="many"),
        changed(reader=["another network", None]),
    ],
    ids=lambda state: state[:20].decode(),
)
def test_another_state_is_refused_and_changes_nothing(state: bytes) -> None:
    decoder = Decoder(open_opener())
    before = decoder.state()
    with pytest.raises(StateError):
        decoder.restore(state)
    assert decoder.state() == before


def test_what_is_cut_or_damaged_does_not_unpack() -> None:
    data = packed(Decoder(open_opener()).state())
    for size in range(len(data)):
        with pytest.raises(StateError):
            unpacked(data[:size])
    with pytest.raises(StateError):
        unpacked(data[:-1] + bytes([data[-1] ^ 1]))
