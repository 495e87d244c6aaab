"""Where the nodes of a tree stand: in layers, the root on top. Pure: slots and layers, not pixels.

Children stand in the order of their ids, so the same tree gives the same picture, whatever happened before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_LAYERS = 256  # a hop count is 8 bits long: a longer path is nonsense
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

    def cut(node: int) -> None:
        children[parents[node]].remove(node)
        children[None].append(node)

    for node, _, depth in list(_walk(children[None], children)):
        if depth and depth % MAX_LAYERS == 0:
            cut(node)
    reached = {node for node, _, _ in _walk(children[None], children)}
    for node in sorted(parents):
        if node not in reached:  # in a loop
            cut(node)
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
    """Places of all in and below `tops`, and how many slots they take; the first slot's middle is 0.5."""
    walk = list(_walk(tops, children))
    blocks: dict[int, _Block] = {}
    for node, _, _ in reversed(walk):
        below = _beside(children[node], children, blocks, leaf_rows)
        blocks[node] = _Block([(0.0, 0.0), *below.contour], below.offsets)
    row = _beside(tops, children, blocks, leaf_rows)
    left = min((span[0] for span in row.contour), default=0.5) - 0.5
    right = max((span[1] for span in row.contour), default=-0.5) + 0.5
    places: dict[int, Point] = {}
    for node, parent, depth in walk:
        if parent is None:
            x, (dx, row_share) = -left, row.offsets[node]
        else:
            x, (dx, row_share) = places[parent].x, blocks[parent].offsets[node]
        places[node] = Point(x + dx, top_layer + depth + row_share)
    return places, right - left


@dataclass(slots=True)
class _Block:
    """What stands together: its span of slots in each layer, and its nodes' offsets in slots and layers.

    Offsets and spans are relative to the node above, which is above the middle.
    """

    contour: list[tuple[float, float]]
    offsets: dict[int, tuple[float, float]]


def _beside(siblings: list[int], children: _Children, blocks: Mapping[int, _Block], leaf_rows: int) -> _Block:
    """Siblings with all below them, as close as they go (Reingold and Tilford, 1981), leaves staggered."""
    ends: list[float] = []
    contour: list[tuple[float, float]] = []
    offsets: dict[int, tuple[float, float]] = {}
    run = 0  # so many leaves stand side by side up to here
    for node in siblings:
        is_leaf = not children[node]
        row, run = (run % leaf_rows, run + 1) if is_leaf else (0, 0)
        # Two leaves of a run are in different rows, and may be closer than a slot.
        gap = 1 / leaf_rows if is_leaf and run > 1 else 1.0
        block = blocks[node].contour
        x = max((end + gap - left for end, (left, _) in zip(ends, block, strict=False)), default=0.0)
        offsets[node] = (x, row / leaf_rows)
        for layer, (left, right) in enumerate(block):
            if layer < len(contour):
                contour[layer] = (min(contour[layer][0], x + left), max(contour[layer][1], x + right))
            else:
                contour.append((x + left, x + right))
        ends = [right for _, right in contour]
    middle = (offsets[siblings[0]][0] + offsets[siblings[-1]][0]) / 2 if siblings else 0.0
    return _Block(
        [(left - middle, right - middle) for left, right in contour],
        {node: (x - middle, row_share) for node, (x, row_share) in offsets.items()},
    )


def _bottom(places: Mapping[int, Point]) -> float:
    """The layer below them all."""
    return max((point.y for point in places.values()), default=-1.0) + 1


def _shifted(places: Mapping[int, Point], slots: float) -> dict[int, Point]:
    return {node: Point(x + slots, y) for node, (x, y) in places.items()}
