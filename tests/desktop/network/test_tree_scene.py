"""How a tree looks: who joins, who repairs, who is lost and who is stale."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from desktop.model.model import Model, Standing
from desktop.network.node_history import history_of
from desktop.network.tree_scene import STALE_ROUNDS, tree_scene
from desktop.palette import PALETTES
from desktop.sources.demo import FIRST_KILL_ROUND, VICTIMS
from protocol.capture import Record
from protocol.simulator.faults import Action, Cut, Kill
from protocol.simulator.scenario import Grid, Scenario
from protocol.simulator.scenario_run import simulation_of

PERIOD_S = 2.0
LIGHT = PALETTES["light"]


def watched(*actions: Action, rounds_after: float) -> Model:
    """What a model makes of a line of five nodes, of which things happen after five rounds."""
    records: list[Record] = []
    simulation = simulation_of(
        Scenario(field=Grid(5, 1), period_ms=round(PERIOD_S * 1000)), on_record=records.append
    )
    simulation.advance_to(simulation.round_start_ms(5) * 1000)
    simulation.apply(*actions)
    simulation.advance_to(simulation.now_us + round(rounds_after * PERIOD_S * 1e6))
    model = Model()
    model.feed(records)
    return model


def standings(model: Model) -> dict[int, Standing]:
    return {node: look.standing for node, look in tree_scene(model, 0).looks.items()}


def test_a_tree_that_stands_has_a_root_and_members() -> None:
    model = watched(rounds_after=1)
    assert standings(model) == {1: Standing.ROOT} | dict.fromkeys(range(2, 6), Standing.JOINED)


def test_who_has_lost_its_parent_repairs() -> None:
    model = watched(Kill(2), rounds_after=STALE_ROUNDS + 2.5)
    found = standings(model)
    assert found[2] is Standing.LOST
    assert found[3] is Standing.SEEKING
    scene = tree_scene(model, 0)
    assert "3 repairing, 1 lost" in scene.summary
    fitted = scene.fit(600, 400, 13)
    assert scene.links(fitted, fitted.places, LIGHT, 1.0)[3].dashes


def test_who_reports_no_more_while_rounds_go_on_is_stale() -> None:
    """Node 2 gives up 3; of those below 3, which died with it, nobody hears that they are gone."""
    dead = Kill(3), Kill(4), Kill(5)
    before = standings(watched(*dead, rounds_after=STALE_ROUNDS - 1))
    assert {before[node] for node in (4, 5)} == {Standing.JOINED}
    model = watched(*dead, rounds_after=STALE_ROUNDS + 1.5)
    found = standings(model)
    assert (found[2], found[3]) == (Standing.JOINED, Standing.LOST)
    assert {found[node] for node in (4, 5)} == {Standing.STALE}
    assert "2 stale" in tree_scene(model, 0).summary
    assert next(tree_scene(model, 0).describe(4, model.now_us)) == "node 4: joined, but reports no more"


def test_who_calls_and_never_had_a_parent_joins() -> None:
    records: list[Record] = []
    simulation = simulation_of(Scenario(field=Grid(3, 1)), on_record=records.append)
    simulation.apply(Cut(1, 2))
    simulation.advance_to(60_000_000)
    model = Model()
    model.feed(records)
    assert {standings(model).get(node) for node in (2, 3)} <= {Standing.JOINING, Standing.HEARD, None}
    assert Standing.JOINING in standings(model).values()


def test_a_link_tells_its_quality() -> None:
    scene = tree_scene(watched(rounds_after=1), 0)
    lines = list(scene.describe_link(3))
    assert lines[0] == "link from 3 to its parent 2"
    assert "100% of the last reports arrived" in lines


@pytest.fixture(scope="module")
def demo(demo_records: Iterable[Record]) -> Model:
    model = Model()
    model.feed(demo_records)
    return model


def test_the_history_of_a_node_has_its_events_standing_readings_and_frames(demo: Model) -> None:
    victim = VICTIMS[0]
    history = history_of(demo, victim)
    assert any("is lost" in line.text for line in history.events)
    assert history.events[0].timestamp_us > history.events[-1].timestamp_us, "the newest first"
    assert all(f"node {victim}" in line.text for line in history.events)
    colors = [span.color for span in history.spans]
    assert colors[0] == "joined"
    assert "lost" in colors
    assert colors[-1] == "joined", "it is back"
    lost = next(span for span in history.spans if span.color == "lost")
    assert lost.start_s > (FIRST_KILL_ROUND - 1) * PERIOD_S
    assert history.frames.endswith("heard") or "lost (" in history.frames
    assert "frames heard" in history.frames


def test_a_leaf_has_lines_of_its_readings(demo: Model) -> None:
    leaf = next(node for (node, _), series in demo.node_series.items() if len(series) > 5)
    sparks = history_of(demo, leaf).sparks
    assert {spark.label for spark in sparks} == {"temperature", "humidity"}
    for spark in sparks:
        assert spark.extent[0] <= min(spark.low)
        assert spark.extent[1] >= max(spark.high)
        assert spark.last


def test_of_a_node_that_was_never_heard_nothing_is_known(demo: Model) -> None:
    history = history_of(demo, 999)
    assert (history.events, history.spans, history.sparks, history.frames) == ((), (), (), "")
