"""How well frames come in: what is counted of a run, and of frames that are lost, bad or heard twice."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bridge.peers import PeerState
from desktop.model.links import lost_share
from desktop.model.model import Model
from protocol.capture import Record
from protocol.packets import DropReason, peek_header


def model_of(records: list[Record]) -> Model:
    model = Model()
    model.feed(records)
    return model


def test_good_frames_are_counted_by_node_and_link(demo_records: list[Record]) -> None:
    model = model_of(demo_records)
    links = model.links
    assert sum(link.good for link in links.links) == model.observer.good
    assert sum(peer.frames for peer in links.nodes) == model.observer.good
    assert {peer.node for peer in links.nodes} == set(model.observer.nodes)
    assert not any(link.bad for link in links.links)
    assert not links.duplicates


def test_frames_that_are_not_heard_are_gaps_of_the_counter(demo_records: list[Record]) -> None:
    whole = {peer.node: peer for peer in model_of(demo_records).links.nodes}
    lot = random.Random(7)
    middle = [record for record in demo_records if peek_header(record.frame)[1] == 5]
    gone = {id(record) for record in lot.sample(middle[2:-2], 6)}
    heard = {peer.node: peer for peer in model_of([r for r in demo_records if id(r) not in gone]).links.nodes}
    assert heard[5].lost_frames == whole[5].lost_frames + 6
    assert heard[5].frames == whole[5].frames - 6
    assert lost_share(heard[5]) == pytest.approx(6 / whole[5].frames, abs=0.05)
    assert heard[6] == whole[6]


def test_copies_and_noise_are_told_apart(demo_records: list[Record]) -> None:
    first, *rest = demo_records
    noise = replace(first, frame=b"\x01\x02", link="radio")
    damaged = replace(first, frame=first.frame[:-1] + bytes([first.frame[-1] ^ 0xFF]))
    links = model_of([first, replace(first, link="other"), noise, damaged, *rest]).links
    assert links.duplicates == {peek_header(first.frame)[1]: 1}
    bad = {link.link: link.bad for link in links.links if link.bad}
    assert bad["radio"] == {DropReason.TRUNCATED: 1}
    assert sum(bad[first.link].values()) == 1


def test_who_is_silent_is_lost_and_a_copy_counts_on_its_own(demo_records: list[Record]) -> None:
    model = model_of(demo_records)
    held = model.links
    live = model.copy()
    live.feed([replace(demo_records[-1], timestamp_us=model.now_us + 1)])
    live.links.age(model.now_us + 3_600_000_000)
    assert {peer.state for peer in live.links.nodes} == {PeerState.LOST}
    assert {peer.state for peer in held.nodes} != {PeerState.LOST}
    assert live.links.since_us == held.since_us == demo_records[0].timestamp_us
