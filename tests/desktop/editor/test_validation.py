"""What is wrong with a field is told with nodes, cause and remedy; and what mends it does mend it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from desktop.editor import edits
from desktop.editor.document import FieldDocument
from desktop.editor.field_text import write_field
from desktop.editor.hearing import Hearing, LinkKind
from desktop.editor.validation import Problem, Severity, connecting_range_m, gaps_in, problems_of
from firmware.field.description import Board, Role, parse_field
from protocol.packets import Network
from protocol.simulator.propagation import FreeSpace, Ideal
from protocol.simulator.scenario import load_scenario
from tests.desktop.editor.fields import documents
from tests.desktop.editor.test_document import row


def problems(document: FieldDocument) -> list[Problem]:
    return problems_of(Hearing(document))


def only(document: FieldDocument) -> Problem:
    (problem,) = problems(document)
    return problem


def mended(document: FieldDocument) -> FieldDocument:
    fix = only(document).fix
    assert fix is not None
    return fix(document)


def test_a_good_field_has_no_problem() -> None:
    assert problems(row(5)) == []


def test_a_field_that_is_not_begun_has_none_either() -> None:
    assert problems(FieldDocument()) == []


def test_an_id_that_is_there_twice() -> None:
    document = edits.change_nodes(row(3), {3}, id=2)
    problem = only(document)
    assert (problem.severity, problem.where, problem.keys) == (Severity.ERROR, "id", (2, 3))
    assert problem.text == "two nodes have the id 2; give each its own"
    assert problem.fix_text == "Give it 3"
    assert problems(mended(document)) == []


def test_a_tree_without_a_gateway() -> None:
    document = edits.change_nodes(row(3), {1}, roles=frozenset({Role.SENSOR}))
    assert "nobody is the root" in only(document).cause
    assert problems(mended(document)) == []


def test_too_many_gateways() -> None:
    document = edits.change_nodes(row(4), {1, 2, 3}, roles=frozenset({Role.GATEWAY}))
    assert only(document).fix_text == "Keep 1 and 2"
    assert problems(mended(document)) == []


def test_a_controller_that_is_not_there() -> None:
    document = replace(row(3), controller=9)
    assert only(document).text.startswith("the controller is node 9, which is not there")
    assert mended(document).controller is None
    assert problems(mended(document)) == []


def test_nodes_out_of_reach_and_the_range_that_reaches_them() -> None:
    document = row(4, spacing_m=18.04, range_m=15)
    problem = only(document)
    assert problem.severity is Severity.WARNING
    assert problem.cause == "3 nodes (2, 3, 4) have no way to the root by radio"
    assert problem.keys == (2, 3, 4)
    assert mended(document).range_m == pytest.approx(18.1)
    assert problems(mended(document)) == []


def test_a_range_that_is_too_short_in_one_direction_is_no_link() -> None:
    document = edits.change_nodes(row(2), {2}, range_m=5.0)
    (link,) = Hearing(document).links.values()
    assert (link.kind, link.a, link.b) == (LinkKind.ONE_WAY, 1, 2)
    assert only(document).cause == "node 2 has no way to the root by radio"
    assert problems(mended(document)) == []


def test_nodes_that_are_cut_off_by_whom_they_are_to_hear() -> None:
    document = edits.permit_link(row(3), 2, 3, Hearing(row(3)).heard, permitted=False)
    assert [node.neighbours for node in document.nodes] == [None, (1,), ()]
    texts = [problem.cause for problem in problems(document)]
    assert texts == [
        "node 3 is to hear nobody",
        "node 3 has no way to the root, as nodes hear their neighbours alone",
    ]
    lift = problems(document)[1].fix
    assert lift is not None
    assert problems(lift(document)) == []


def test_a_board_knows_sixteen_neighbours() -> None:
    document = row(20, spacing_m=1, range_m=100)
    document = edits.change_nodes(document, {20}, neighbours=tuple(range(1, 19)))
    assert only(document).cause == "node 20 is to hear 18 nodes"
    assert mended(document).by_key[20].neighbours == (1, *range(4, 19)), "the gateway, and the nearest"
    assert problems(edits.change_nodes(document, {20}, board=Board.PI)) == []


def test_neighbours_that_are_not_there() -> None:
    document = edits.change_nodes(row(3), {3}, neighbours=(2, 77))
    assert only(document).cause == "node 3 is to hear node 77, which is not there"
    assert mended(document).by_key[3].neighbours == (2,)


def test_a_sensor_that_no_board_has_and_a_controller_on_a_board() -> None:
    document = edits.change_nodes(row(2), {2}, sensors=("dht22", "sht31"))
    assert "a sensor 'dht22', which no board knows" in only(document).cause
    assert mended(document).by_key[2].sensors == ("sht31",)
    document = edits.change_nodes(row(2), {2}, roles=frozenset({Role.CONTROLLER}))
    assert mended(document).by_key[2].board is Board.PI


def test_a_name_that_names_no_file() -> None:
    document = replace(row(2), name="my field")
    assert mended(document).name == "my-field"


def test_a_round_that_is_too_short() -> None:
    document = replace(row(12), period_s=0.2)
    problem = only(document)
    assert problem.cause == "a round of 0.2 s is short for 12 nodes, 11 hops deep"
    assert problems(mended(document)) == []


def square() -> FieldDocument:
    places = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    document, _ = edits.add_nodes(FieldDocument(range_m=12, network=Network.RING), places)
    return document


def test_a_ring_that_is_no_room_needs_an_order() -> None:
    assert only(square()).fix_text == "Find one"
    assert mended(square()).order == (1, 2, 3, 4)
    assert problems(replace(square(), medium=Ideal())) == []


def test_an_order_leaves_nobody_out_and_each_hears_the_next() -> None:
    ring = replace(square(), order=(1, 2, 3))
    first = problems(ring)[0]
    assert first.cause == "the order leaves out 4"
    assert first.fix is not None
    assert problems(first.fix(ring)) == []
    crossed = replace(square(), order=(1, 3, 2, 4))
    assert [(a.id, b.id) for a, b in gaps_in(crossed, Hearing(crossed))] == [(1, 3), (2, 4)]
    assert problems(crossed)[0].cause == "node 3 does not hear node 1, which comes before it in the ring"


def test_an_order_of_nobody_and_one_of_a_tree() -> None:
    stranger = replace(square(), order=(1, 2, 3, 4, 9))
    assert mended(stranger).order == (1, 2, 3, 4)
    tree = replace(square(), network=Network.TREE, order=(1, 2))
    assert only(tree).cause == "a tree has no order"
    assert problems(mended(tree)) == []


def test_a_board_is_told_an_order_of_sixteen() -> None:
    document = replace(row(18, spacing_m=1, range_m=100), network=Network.RING)
    document = replace(document, order=tuple(range(1, 19)))
    assert problems(document)[0].text.startswith("node 2 is told an order of 18 nodes; a board knows 16")


def test_who_is_polled_hears_the_primary() -> None:
    document = replace(row(3), network=Network.POLLING)
    assert only(document).cause == "node 3 has no link both ways with node 1, which polls them"
    assert problems(replace(document, order=(2, 1, 3))) == []


def test_links_of_free_space_tell_how_good_they_are() -> None:
    document = replace(row(3, spacing_m=8), medium=FreeSpace())
    qualities = {(link.a, link.b): link.quality for link in Hearing(document).links.values()}
    assert qualities[1, 2] == qualities[2, 3] == pytest.approx(0.72, abs=0.01), "7 dB more than needed"
    assert qualities[1, 3] == pytest.approx(0.12, abs=0.01), "1 dB at 16 of 18 m"
    assert all(link.quality is None for link in Hearing(row(3)).links.values())


def test_shadows_fall_as_they_will_in_the_simulation() -> None:
    document = replace(row(6), medium=FreeSpace(shadowing_db=6))
    scenario = load_scenario(write_field(document), "f")
    expected = scenario.air.propagation.listeners(scenario.topology(), scenario.seed)
    found = Hearing(document).listeners
    assert {key: tuple(sorted(others)) for key, others in found.items()} == expected


def test_the_shortest_range_that_connects() -> None:
    places = [(0.0, 0.0), (5.0, 0.0), (5.0, 7.33), (30.0, 7.33)]
    document, _ = edits.add_nodes(FieldDocument(), places)
    assert connecting_range_m(document) == 25.0
    assert problems(replace(document, range_m=24.9)) != []
    assert problems(replace(document, range_m=25.0)) == []


@given(documents())
def test_whatever_the_field_problems_are_found_and_fixes_do_something(document: FieldDocument) -> None:
    for problem in problems(document):
        assert problem.cause
        assert problem.remedy
        assert set(problem.keys) <= set(document.by_key)
        if problem.fix is not None:
            assert problem.fix_text
            assert problem.fix(document) != document


@given(documents())
def test_a_field_without_errors_can_be_built(document: FieldDocument) -> None:
    """What the editor lets through, `treering provision` takes."""
    if not document.nodes or any(p.severity is Severity.ERROR for p in problems(document)):
        return
    assert len(parse_field(write_field(document), "f").nodes) == len(document.nodes)
