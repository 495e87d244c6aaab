"""Where the nodes of a tree stand: in layers, the root on top. Pure: slots and layers, not pixels.

Every subtree keeps a span of slots to itself and children stand in the order of their ids, so the same tree
always gives the same picture, and a node that moves disturbs few others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

# Between the tree and the shelf of nodes that are in no tree.
SHELF_GAP_LAYERS = 0.5


class Point(NamedTuple):
    """`x` in slots from the left, `y` in layers from the top."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A place for every node and the extent of it all; `shelf` is the layer of the nodes in no tree."""

    places: Mapping[int, Point] = field(default_factory=dict)
    slots: float = 0.0
    layers: float = 0.0
    shelf: float | None = None


_Children = Mapping[int | None, list[int]]


def tidy(parents: Mapping[int, int | None], root: int | None, leaf_rows: int = 1) -> Layout:
    """Lay a forest out; `parents` has every node as a key. Parents that are no keys, and loops, are cut.

    The tree of `root` (or, without one, that of the lowest parentless id) is on top; all others stand on a
    shelf below it. Neighbours in a layer are a slot apart; with `leaf_rows` > 1, leaves side by side are
    staggered over so many rows, 1 / leaf_rows of a slot and of a layer apart: a broad tree becomes narrower.
    """
    children = _forest(parents, root)
    tops = children[None]
    tree, tree_slots = _place(tops[:1], children, 0.0, leaf_rows)
    if not tops[1:]:
        return Layout(tree, tree_slots, _bottom(tree))
    shelf = _bottom(tree) + SHELF_GAP_LAYERS
    others, others_slots = _place(tops[1:], children, shelf, leaf_rows)
    slots = max(tree_slots, others_slots)
    places = _shifted(tree, (slots - tree_slots) / 2) | _shifted(others, (slots - others_slots) / 2)
    return Layout(places, slots, _bottom(places), shelf)


def _forest(parents: Mapping[int, int | None], root: int | None) -> _Children:
    """Every node's children by id; those of None are the tops of the trees, the root's first."""
    children: dict[int | None, list[int]] = {None: []} | {node: [] for node in parents}
    for node, parent in sorted(parents.items()):
        children[None if node == root or parent not in parents else parent].append(node)
    reached = {node for node, _, _ in _walk(children[None], children)}
    for node in sorted(parents):
        if node not in reached:  # in a loop: cut it here
            children[parents[node]].remove(node)
            children[None].append(node)
            reached |= {below for below, _, _ in _walk([node], children)}
    children[None].sort(key=lambda node: (node != root, node))
    return children


def _walk(tops: list[int], children: _Children) -> Iterator[tuple[int, int | None, int]]:
    """(node, parent, depth) of all in and below `tops`, every node before its children."""
    stack: list[tuple[int, int | None, int]] = [(top, None, 0) for top in reversed(tops)]
    while stack:
        node, parent, depth = stack.pop()
        yield node, parent, depth
        stack += [(child, node, depth + 1) for child in reversed(children[node])]


def _place(
    tops: list[int], children: _Children, top_layer: float, leaf_rows: int
) -> tuple[dict[int, Point], float]:
    """Places of all in and below `tops`, from slot 0 on, and how many slots they take."""
    places: dict[int, Point] = {}
    inner = []
    end = 0.0  # the slot where the next leaf may begin
    run, run_parent = 0, None  # so many leaves of that parent stand side by side up to here
    for node, parent, depth in _walk(tops, children):
        if children[node]:
            inner.append((node, top_layer + depth))
            run = 0
            continue
        if run and parent == run_parent:
            end -= 1 - 1 / leaf_rows
        else:
            run, run_parent = 0, parent
        places[node] = Point(end + 0.5, top_layer + depth + run % leaf_rows / leaf_rows)
        end += 1
        run += 1
    for node, layer in reversed(inner):
        first, last = places[children[node][0]], places[children[node][-1]]
        places[node] = Point((first.x + last.x) / 2, layer)
    return places, end


def _bottom(places: Mapping[int, Point]) -> float:
    """The layer below them all."""
    return max((point.y for point in places.values()), default=-1.0) + 1


def _shifted(places: Mapping[int, Point], slots: float) -> dict[int, Point]:
    return {node: Point(x + slots, y) for node, (x, y) in places.items()}
