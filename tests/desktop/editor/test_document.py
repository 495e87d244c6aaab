"""A field as a value: what edits do to it, and that all of them can be undone."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from desktop.editor import edits
from desktop.editor.document import FieldDocument
from desktop.editor.hearing import Hearing
from desktop.editor.history import History
from firmware.field.description import Board, Role
from protocol.packets import MAX_NODE_ID, Network
from tests.desktop.editor.fields import Edit, any_edit, documents


def row(count: int, spacing_m: float = 10.0, range_m: float = 15.0) -> FieldDocument:
    """Nodes 1, 2, ... side by side; node 1 is the gateway."""
    places = [(i * spacing_m, 0.0) for i in range(count)]
    return edits.add_nodes(FieldDocument(range_m=range_m), places)[0]


@given(documents(), st.lists(st.tuples(any_edit(), st.sampled_from([None, "drag"]))))
def test_all_that_was_done_can_be_undone_and_done_again(
    beginning: FieldDocument, done: list[tuple[Edit, str | None]]
) -> None:
    history = History(beginning)
    for edit, group in done:
        history.do(edit(history.now), "an edit", group)
    end = history.now
    steps = 0
    while history.undo():
        steps += 1
    assert history.now is beginning
    assert history.undoable == ""
    for _ in range(steps):
        assert history.redo()
    assert history.now is end
    assert not history.redo()


@given(documents(), st.lists(any_edit()))
def test_keys_stay_apart_and_new_nodes_have_free_ids(beginning: FieldDocument, done: list[Edit]) -> None:
    document = beginning
    for edit in done:
        document = edit(document)
        assert len(document.by_key) == len(document.nodes)
    added, (key,) = edits.add_nodes(document, [(0, 0)])
    assert 0 <= added.by_key[key].id <= MAX_NODE_ID
    assert added.by_key[key].id not in {node.id for node in document.nodes}


def test_a_drag_is_one_step_and_one_back_to_where_it_began_is_none() -> None:
    history = History(row(3))
    beginning = history.now
    for _ in range(5):
        history.do(edits.move_nodes(history.now, {1}, 1, 0), "move", "drag 1")
    history.end_group()
    history.do(edits.move_nodes(history.now, {1}, 1, 0), "move", "drag 1")
    assert history.now.by_key[1].x_m == 6
    assert history.undo()
    assert history.now.by_key[1].x_m == 5
    assert history.undo()
    assert history.now is beginning
    assert history.redoable == "move"
    history.do(edits.move_nodes(beginning, {1}, 1, 0), "move", "drag 2")
    history.do(beginning, "move", "drag 2")
    assert not history.undoable


def test_what_is_new_after_an_undo_takes_the_place_of_what_was_undone() -> None:
    history = History(row(2))
    history.do(row(3), "first")
    history.undo()
    history.do(row(4), "second")
    assert not history.redo()
    assert len(history.now.nodes) == 4


def test_the_first_node_is_a_gateway_and_the_next_ones_are_as_the_last() -> None:
    document = row(2)
    first, second = document.nodes
    assert (first.board, first.roles) == (Board.PI, frozenset({Role.GATEWAY, Role.CONTROLLER}))
    assert (second.board, second.roles) == (Board.UNO, frozenset({Role.SENSOR}))
    document = edits.change_nodes(document, {2}, board=Board.MEGA, sensors=("sht31",))
    added, (key,) = edits.add_nodes(document, [(7.000000001, 0)])
    assert (added.by_key[key].board, added.by_key[key].sensors) == (Board.MEGA, ("sht31",))
    assert (added.by_key[key].id, added.by_key[key].x_m) == (3, 7.0)


def test_who_is_deleted_is_named_nowhere() -> None:
    document = replace(row(3), network=Network.RING, order=(1, 2, 3), controller=2)
    document = edits.change_nodes(document, {1}, neighbours=(2, 3))
    left = edits.remove_nodes(document, {2})
    assert [node.id for node in left.nodes] == [1, 3]
    assert (left.order, left.controller, left.by_key[1].neighbours) == ((1, 3), None, (3,))


def test_a_new_id_follows_wherever_the_old_one_was_named() -> None:
    document = replace(row(3), network=Network.RING, order=(1, 2, 3), controller=2)
    document = edits.change_nodes(document, {1}, neighbours=(2, 3))
    renamed = edits.rename(document, 2, 20)
    assert (renamed.order, renamed.controller) == ((1, 20, 3), 20)
    assert renamed.by_key[1].neighbours == (20, 3)
    taken = edits.rename(document, 2, 3)
    assert taken.repeated_ids == [3]
    assert taken.order == (1, 2, 3), "which of the two is meant, nobody knows"
    assert edits.with_own_ids(taken).repeated_ids == []


def test_copies_stand_beside_and_are_no_second_gateway() -> None:
    document, copies = edits.paste(row(2), row(2).nodes, 0, 5)
    assert [document.by_key[key].id for key in copies] == [3, 4]
    assert [(n.x_m, n.y_m) for n in document.nodes[2:]] == [(0, 5), (10, 5)]
    assert document.by_key[copies[0]].roles == frozenset({Role.SENSOR})


def test_nodes_are_aligned_and_spaced() -> None:
    places = [(0.0, 0.0), (1.0, 4.0), (10.0, 2.0)]
    document, keys = edits.add_nodes(FieldDocument(), places)
    assert [n.y_m for n in edits.align_row(document, keys).nodes] == [2, 2, 2]
    assert [n.x_m for n in edits.align_column(document, keys[:2]).nodes] == [0.5, 0.5, 10]
    assert [(n.x_m, n.y_m) for n in edits.space_evenly(document, keys).nodes] == [(0, 0), (5, 4), (10, 2)]


def test_a_link_that_is_taken_away_leaves_the_others_and_given_back_leaves_no_filter() -> None:
    document = row(4, range_m=100)
    hearing = Hearing(document)
    cut = edits.permit_link(document, 1, 2, hearing.heard, permitted=False)
    assert cut.by_key[1].neighbours == (3, 4)
    assert cut.by_key[2].neighbours == (3, 4)
    assert cut.by_key[3].neighbours is None
    again = edits.permit_link(cut, 2, 1, hearing.heard, permitted=True)
    assert again == document


def test_an_order_is_drawn_node_by_node_and_its_last_taken_out_again() -> None:
    document = row(3)
    for node_id in (2, 1, 2, 3, 3):
        document = edits.extend_order(document, node_id)
    assert document.order == (2, 1)
