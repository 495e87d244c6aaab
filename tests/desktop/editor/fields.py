"""Fields and edits as Hypothesis makes them up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from desktop.editor import edits
from desktop.editor.document import Background, FieldDocument, PlanNode
from firmware.field.description import BOARD_SENSORS, Board, Role
from protocol.packets import MAX_NODE_ID, Network
from protocol.simulator.propagation import Disk, FreeSpace, Ideal

metres = st.floats(-1e6, 1e6, allow_nan=False).map(edits.rounded_m)
ranges_m = st.floats(0.001, 1e6, allow_nan=False)
ids = st.integers(0, MAX_NODE_ID)
some_ids = st.lists(ids, unique=True, max_size=6).map(tuple)


def _optional(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | values


nodes = st.builds(
    PlanNode,
    key=st.just(0),
    id=ids,
    x_m=metres,
    y_m=metres,
    z_m=metres,
    range_m=_optional(ranges_m),
    board=st.sampled_from(Board),
    roles=st.frozensets(st.sampled_from(Role), min_size=1),
    sensors=st.lists(st.sampled_from([*BOARD_SENSORS, 'dht"22\x7f']), unique=True).map(tuple),
    neighbours=_optional(some_ids),
    safe_value=_optional(st.integers(0, 255)),
    hold_s=_optional(st.integers(1, 0xFFFF)),
    air_baud=_optional(st.integers(300, 1_000_000)),
)
media = st.one_of(
    st.just(Ideal()),
    st.just(Disk()),
    st.builds(FreeSpace, st.floats(-50, 50), st.floats(1, 5_000), st.floats(0, 30)),
)
rests = st.fixed_dictionaries(
    {},
    optional={
        "run": st.just({"rounds": 5, "seed": 7, "metrics": ["temperature", "humidity"]}),
        "link": st.just([{"from": 1, "to": 2, "loss": 0.25}]),
        "fault": st.just([{"round": 3, "partition": [[1, 2], [3]]}, {"round": 4, "kill": 2}]),
        "radio": st.just({"name": "lan", "collisions": True}),
    },
)
backgrounds = st.builds(Background, st.text(min_size=1), st.floats(1e-6, 1e3), metres, metres)


@st.composite
def documents(draw: st.DrawFn) -> FieldDocument:
    """Any that can be saved, however little sense it makes."""
    network = draw(st.sampled_from(Network))
    drawn = draw(st.lists(nodes, max_size=8))
    return FieldDocument(
        name=draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
        network=network,
        period_s=draw(st.floats(0.001, 60)),
        is_open=draw(st.booleans()),
        controller=draw(st.none() | ids),
        order=() if network is Network.TREE else draw(some_ids),
        nodes=tuple(replace(node, key=key) for key, node in enumerate(drawn, 1)),
        medium=draw(media),
        range_m=draw(st.none() | ranges_m),
        loss=draw(st.floats(0, 1)),
        background=draw(st.none() | backgrounds),
        rest=draw(rests),
    )


Edit = Callable[[FieldDocument], FieldDocument]


@st.composite
def any_edit(draw: st.DrawFn) -> Edit:
    """One thing that a person does, to nodes picked by a number."""
    picks = draw(st.sets(st.integers(0, 7), max_size=3))
    x_m, y_m, node_id = draw(metres), draw(metres), draw(ids)

    def keys(document: FieldDocument) -> list[int]:
        present = [node.key for node in document.nodes]
        return sorted({present[pick % len(present)] for pick in picks}) if present else []

    def for_first(document: FieldDocument, edit: Callable[[int], FieldDocument]) -> FieldDocument:
        return edit(keys(document)[0]) if keys(document) else document

    flag, role, sensor = draw(st.booleans()), draw(st.sampled_from(Role)), draw(st.sampled_from(["sht31"]))
    choices: list[Edit] = [
        lambda d: edits.add_nodes(d, [(x_m, y_m)])[0],
        lambda d: edits.remove_nodes(d, keys(d)),
        lambda d: edits.move_nodes(d, keys(d), x_m, y_m),
        lambda d: edits.place_nodes(d, dict.fromkeys(keys(d), (x_m, y_m))),
        lambda d: edits.paste(d, [d.by_key[key] for key in keys(d)], x_m, y_m)[0],
        lambda d: edits.toggle_role(d, keys(d), role, given=flag),
        lambda d: edits.toggle_sensor(d, keys(d), sensor, given=flag),
        lambda d: for_first(d, lambda key: edits.rename(d, key, node_id)),
        lambda d: edits.align_row(d, keys(d)),
        lambda d: edits.align_column(d, keys(d)),
        lambda d: edits.space_evenly(d, keys(d)),
        lambda d: edits.with_own_ids(d),
        lambda d: edits.change_nodes(d, keys(d), board=Board.MEGA, range_m=5.0),
        lambda d: replace(d, network=Network.RING, order=tuple(d.by_id)),
        lambda d: replace(d, medium=FreeSpace(), loss=0.5),
    ]
    return draw(st.sampled_from(choices))
