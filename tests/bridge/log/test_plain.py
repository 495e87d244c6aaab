"""Objects as JSON and back: the same, and harmless whoever made it."""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.log.plain import PlainError, attributes, dump, load
from protocol.aggregate import Aggregate
from protocol.observer import NodeState, Observer, ReadingsSeen
from protocol.packets import DropReason, TokenId

atoms = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(allow_nan=False)
ids = st.integers(0, 0xFFFF)
ours = st.builds(TokenId, ids, ids, ids) | st.sampled_from(DropReason)
keys = st.integers() | st.text() | st.tuples(ids, ids) | ours
values = st.recursive(
    atoms | ours | st.builds(ReadingsSeen, ids, ids, ids, st.tuples(st.tuples(ids, ids))),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.dictionaries(keys, st.integers(), max_size=4).map(Counter)
        | st.sets(keys, max_size=4)
        | st.frozensets(keys, max_size=4)
        | st.lists(inner, max_size=4).map(lambda items: deque(items, maxlen=4))
    ),
    max_leaves=12,
)


def through_json(value: object) -> Any:
    return load(json.loads(json.dumps(dump(value))))


def typed(value: object) -> object:
    """The value with the types of all that it holds, as 1 equals True."""
    if isinstance(value, dict):
        return type(value), [(typed(key), typed(inner)) for key, inner in value.items()]
    if isinstance(value, list | tuple | deque):
        return type(value), getattr(value, "maxlen", None), [typed(inner) for inner in value]
    return type(value), value


@given(values)
def test_what_goes_in_comes_out(value: object) -> None:
    assert typed(through_json(value)) == typed(value)


def test_what_is_shared_stays_shared() -> None:
    nodes = {1: NodeState(hop_count=1)}
    first, second = through_json([nodes, nodes])
    assert first is second
    observer = through_json(Observer())
    assert observer._tree._nodes is observer.nodes


def test_objects_are_as_they_were() -> None:
    assert through_json(Aggregate(1, 2, 3, 4, 5)) == Aggregate(1, 2, 3, 4, 5)
    assert attributes(NodeState(hop_count=3))["hop_count"] == 3


@pytest.mark.parametrize("value", [object(), len, Observer, complex(1, 2)])
def test_what_has_no_place_is_our_own_mistake(value: object) -> None:
    with pytest.raises(TypeError):
        dump([value])


@pytest.mark.parametrize(
    "plain",
    [
        {},
        [],
        ["x", 1],
        ["r", 0],
        ["o", "os:system", "a", 1],
        ["o", "subprocess:Popen"],
        ["o", "protocol.observer:json.dumps"],
        ["o", "protocol.observer:json"],
        ["o", "protocol.observer:deque"],
        ["o", "protocol.nowhere:Thing"],
        ["e", "protocol.packets:DropReason", 9_999],
        ["n", "protocol.observer:Observer", 1],
        ["o", "protocol.tree_observer:NodeState", "nothing", 1],
        ["d", 1],
        ["q", "many", 1],
        ["b", "no hex"],
        ["s", ["l"]],
    ],
    ids=str,
)
def test_what_was_made_by_others_is_refused_and_runs_nothing(plain: object) -> None:
    with pytest.raises(PlainError):
        load(plain)
