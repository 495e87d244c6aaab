"""The peers of a running bridge, as its store and its messages get them."""

from __future__ import annotations

import logging

import pytest

from bridge.link_set import LinkSet
from bridge.peer_watch import MAX_LINES, PeerWatch
from bridge.peers import MAX_PEERS
from protocol.capture import Direction, Record
from tests.bridge.rig import broadcast


def test_who_makes_nodes_up_fills_neither_memory_nor_the_messages(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch = PeerWatch(1.0, LinkSet(lambda records: None, lambda status: None))
    count = 2 * MAX_PEERS
    watch.take([Record(1_000 + node, "udp", Direction.INBOUND, broadcast(node)) for node in range(count)])
    watch.age(10_000)
    assert len(caplog.messages) == MAX_LINES + 1
    assert caplog.messages[-1] == f"{count - MAX_LINES} more changes of nodes; is somebody making nodes up?"
    assert len(watch.take_events()) == count
    assert [row.node for row in watch.take_rows()] == list(range(MAX_PEERS, count))
    assert watch.take_rows() == []
    watch.take([Record(20_000, "udp", Direction.INBOUND, broadcast(7, 900))])
    assert [row.node for row in watch.take_rows()] == [7]
    assert caplog.messages[-1] == "node 7: appeared (udp)"
