"""The model: what the views show is what the records tell, live or replayed, in pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.model.model import Changes, Model, Standing, TreeNode, hung_under
from desktop.model.words import EventKind
from desktop.sources.demo import FIRST_KILL_ROUND, METRICS, ROUNDS_DOWN, VICTIMS
from protocol.capture import Direction, Record
from protocol.observer import Observer, RoundRow
from protocol.packets import BROADCAST, Frame, FrameType, Help, encode
from tests.desktop.conftest import DEMO_ROUNDS

VICTIM = VICTIMS[0]


def model_of(records: list[Record]) -> Model:
    model = Model()
    model.feed(records)
    return model


def until_round(records: list[Record], number: int) -> list[Record]:
    """The records up to the result of that round."""
    observer = Observer()
    for i, record in enumerate(records):
        rows = [seen for seen in observer.observe(record) if isinstance(seen, RoundRow)]
        if rows and rows[0].round == number:
            return records[: i + 1]
    raise AssertionError(f"no round {number}")


def test_the_demo_forms_one_tree_of_all_nodes(demo_records: list[Record]) -> None:
    nodes = model_of(until_round(demo_records, FIRST_KILL_ROUND - 1)).tree()
    assert [node.id for node in nodes] == list(range(1, 17))
    assert [node.id for node in nodes if node.standing is Standing.ROOT] == [1]
    assert {node.standing for node in nodes[1:]} == {Standing.JOINED}
    assert all(node.parent is not None and node.hop_count for node in nodes[1:])
    assert all(node.aggregates.keys() == set(METRICS) for node in nodes)


def test_the_death_of_a_node_and_the_repair_can_be_seen(demo_records: list[Record]) -> None:
    before = {node.id: node for node in model_of(until_round(demo_records, FIRST_KILL_ROUND - 1)).tree()}
    model = model_of(until_round(demo_records, FIRST_KILL_ROUND + 4))
    after = {node.id: node for node in model.tree()}
    orphans = [node for node in before if before[node].parent == VICTIM]
    assert orphans, "the demo should kill a node that has children"
    assert after[VICTIM].standing is Standing.LOST
    assert after[VICTIM].parent == before[VICTIM].parent
    texts = [event.text for event in model.events]
    lost = f"node {VICTIM} is lost: {before[VICTIM].parent} has not heard it for two rounds"
    assert lost in texts
    for orphan in orphans:
        assert after[orphan].standing is Standing.JOINED
        assert after[orphan].parent != VICTIM
        assert f"node {orphan} lost its parent {VICTIM}" in texts
        assert any(text.startswith(f"node {orphan} moved from {VICTIM} to ") for text in texts)


def test_a_node_that_comes_back_is_part_of_the_tree_again(demo_records: list[Record]) -> None:
    model = model_of(demo_records)
    assert {node.id: node.standing for node in model.tree()}[VICTIM] is Standing.JOINED
    assert f"node {VICTIM} looks for a parent" in [event.text for event in model.events]
    assert model.rows[-1].aggregate.count == 16
    assert model.rows[-1].round == DEMO_ROUNDS > FIRST_KILL_ROUND + ROUNDS_DOWN


def test_rounds_and_series_are_those_of_the_observer(demo_records: list[Record]) -> None:
    observer, model = Observer(), model_of(demo_records)
    rows = [
        seen for record in demo_records for seen in observer.observe(record) if isinstance(seen, RoundRow)
    ]
    assert list(model.rows) == rows
    assert model.observer.good == observer.good
    for metric_id, series in model.series.items():
        own = [row for row in rows if row.metric_id == metric_id]
        assert list(series.count) == [row.aggregate.count for row in own]
        assert list(series.average) == pytest.approx([row.average for row in own])
        assert list(series.alive) == [row.alive for row in own]
        assert list(series.time_s) == [(row.timestamp_us - demo_records[0].timestamp_us) / 1e6 for row in own]


@settings(max_examples=10)
@given(data=st.data())
def test_pieces_of_any_size_make_the_same_model(demo_records: list[Record], data: st.DataObject) -> None:
    whole = model_of(demo_records)
    pieces, told = Model(), Changes()

    def note(changes: Changes) -> None:
        told.frames += changes.frames
        told.rows += changes.rows
        told.events += changes.events

    pieces.subscribe(note)
    at = 0
    while at < len(demo_records):
        size = data.draw(st.integers(1, 400))
        pieces.feed(demo_records[at : at + size])
        pieces.publish()
        at += size
    assert pieces.tree() == whole.tree()
    assert (told.rows, told.events) == (list(whole.rows), list(whole.events))
    assert told.frames == len(demo_records)


def test_who_subscribes_hears_nothing_while_nothing_changes() -> None:
    model, heard = Model(), list[Changes]()
    model.subscribe(heard.append)
    model.publish()
    model.notice("saved")
    model.publish()
    model.publish()
    assert [[event.text for event in changes.events] for changes in heard] == [["saved"]]


def test_noise_is_told_a_few_times_only() -> None:
    noise = [Record(i, "serial:COM3", Direction.INBOUND, bytes(12)) for i in range(250)]
    model = model_of(noise)
    assert sum(model.observer.dropped.values()) == 250
    assert [event.kind for event in model.events] == [EventKind.BAD] * 3
    assert [event.text.partition("(")[2] for event in model.events] == ["", "10 so far)", "100 so far)"]
    assert "COM3" in model.events[0].text


def help_from(node: int, time_s: float, counter: int) -> Record:
    frame = Frame(FrameType.HELP, node, BROADCAST, counter, Help(0, 255))
    return Record(round(time_s * 1e6), "air", Direction.OUTBOUND, encode(frame))


def test_a_node_seeks_for_as_long_as_it_calls() -> None:
    calls = [help_from(7, 0, 1), help_from(7, 4, 2), help_from(7, 12, 3)]
    model = model_of(calls)
    assert [event.text for event in model.events] == ["node 7 looks for a parent"]
    assert model.tree()[0].standing is Standing.SEEKING
    model.feed([help_from(8, 40, 1)])
    assert {node.id: node.standing for node in model.tree()} == {7: Standing.HEARD, 8: Standing.SEEKING}


def tree_node(node_id: int, parent: int | None, standing: Standing = Standing.JOINED) -> TreeNode:
    return TreeNode(node_id, standing, parent, None, None, {}, None)


@pytest.mark.parametrize("standing", [Standing.LOST, Standing.SEEKING])
def test_a_lost_node_is_drawn_where_it_was_unless_its_parent_is_now_below_it(standing: Standing) -> None:
    root, joined = tree_node(1, None, Standing.ROOT), tree_node(2, 1)
    assert hung_under([root, joined, tree_node(3, 2, standing)])[3] == 2
    below = [root, tree_node(2, 3), tree_node(3, 2, standing)]
    assert hung_under(below) == {1: None, 2: 3, 3: None}
