"""Where nodes stand in the tree view: for any forest, even a damaged one, no two in one place."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from desktop.network.layout import MAX_LAYERS, SHELF_GAP_LAYERS, Layout, Point, tidy

NODES = st.integers(0, 30)
ANY_PARENTS = st.dictionaries(NODES, st.none() | NODES, max_size=31)
TREES = st.integers(1, 60).flatmap(
    lambda count: st.tuples(*[st.integers(0, max(0, node - 1)) for node in range(count)]).map(
        lambda links: {node: (parent if node else None) for node, parent in enumerate(links)}
    )
)


def test_no_nodes_take_no_place() -> None:
    assert tidy({}, None) == Layout()


def test_a_parent_stands_above_the_middle_of_its_children() -> None:
    assert tidy({1: None, 2: 1, 3: 1, 4: 1, 5: 3}, 1).places == {
        1: Point(1.5, 0),
        2: Point(0.5, 1),
        3: Point(1.5, 1),
        4: Point(2.5, 1),
        5: Point(1.5, 2),
    }


def test_nodes_in_no_tree_stand_on_a_shelf_below() -> None:
    layout = tidy({1: None, 2: 1, 7: None, 8: 7, 9: 99}, 1)
    assert layout.shelf == 2.5
    assert {node: y for node, (_, y) in layout.places.items()} == {1: 0, 2: 1, 7: 2.5, 8: 3.5, 9: 2.5}


def test_leaves_side_by_side_are_staggered_in_a_narrow_window() -> None:
    broad = {node: 0 if node else None for node in range(9)}
    assert tidy(broad, 0).slots == 8
    assert tidy(broad, 0, leaf_rows=2).slots == 4.5
    assert tidy(broad, 0, leaf_rows=2).places[2] == Point(1, 1.5)


@given(ANY_PARENTS, st.none() | NODES, st.integers(1, 4))
def test_every_node_has_a_place_of_its_own(
    parents: dict[int, int | None], root: int | None, leaf_rows: int
) -> None:
    layout = tidy(parents, root, leaf_rows)
    assert layout.places.keys() == parents.keys()
    step = 1 / leaf_rows - 1e-9
    for (_, a), (_, b) in combinations(layout.places.items(), 2):
        assert abs(a.x - b.x) >= step or abs(a.y - b.y) >= min(step, 0.5)
        if a.y == b.y:
            assert abs(a.x - b.x) >= 1 - 1e-9
    for x, y in layout.places.values():
        assert 0.5 - 1e-9 <= x <= layout.slots - 0.5 + 1e-9
        assert 0 <= y <= layout.layers - 1 + 1e-9


def test_a_log_of_nonsense_may_claim_a_path_of_any_length() -> None:
    assert tidy({node: node - 1 for node in range(600)}, 0).layers == 2 * MAX_LAYERS + SHELF_GAP_LAYERS


@given(TREES)
def test_children_stand_below_their_parent_in_the_order_of_their_ids(parents: dict[int, int | None]) -> None:
    places = tidy(parents, 0).places
    for node, parent in parents.items():
        if parent is not None:
            assert places[node].y == places[parent].y + 1
    for a, b in combinations(sorted(parents), 2):
        if parents[a] == parents[b]:
            assert places[a].x < places[b].x


@given(TREES, st.randoms(use_true_random=False))
def test_the_picture_does_not_depend_on_the_order_in_which_nodes_were_heard(parents, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(parents.items())
    random.shuffle(shuffled)
    assert tidy(dict(shuffled), 0) == tidy(parents, 0)
