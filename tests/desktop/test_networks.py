"""Rings and polled networks in the model: the demos, from their frames to lines, readings and pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from desktop.model.model import Model, Standing
from desktop.model.readings import ReadingsByRound, RoundReadings
from desktop.model.words import EventKind
from desktop.network.scenes import scene_of
from desktop.palette import PALETTES
from desktop.plots.panels import RoundPanels, file_name, grid_of, save_panels
from desktop.plots.picture import save_picture
from desktop.plots.round_pictures import RoundPictures
from desktop.sources.demo import DEMOS, FIRST_KILL_ROUND, FOUR_METRICS, demo_simulation
from protocol.aggregate import Aggregate
from protocol.capture import Record
from protocol.observer import RoundRow
from protocol.packets import Network
from protocol.simulator.faults import Kill, Leave, Revive

ROUNDS = FIRST_KILL_ROUND + 2
LIGHT, DARK = PALETTES["light"], PALETTES["dark"]


@pytest.fixture(scope="module", params=[Network.RING, Network.POLLING], ids=["ring", "polling"])
def network(request: pytest.FixtureRequest) -> Network:
    found: Network = request.param
    return found


@pytest.fixture(scope="module")
def model(network: Network) -> Model:
    """The demo, a while after the first death."""
    records: list[Record] = []
    demo_simulation(records.append, network).run(ROUNDS)
    model = Model()
    model.feed(records)
    return model


def test_the_death_is_seen(network: Network, model: Model) -> None:
    victim = DEMOS[network].victims[0]
    assert model.network is network
    looks = scene_of(model, 0).looks
    assert looks.keys() == set(range(1, DEMOS[network].nodes + 1))
    away = [node for node, look in looks.items() if look.standing in (Standing.ABSENT, Standing.MISSING)]
    assert away == [victim]
    lost = [event.text for event in model.events if event.kind is EventKind.LOST]
    assert len(lost) == 1
    assert lost[0].startswith(f"node {victim} is ")
    assert Standing.HEARD not in {look.standing for look in looks.values()}, "their place is known"


@pytest.mark.parametrize("kind", [Network.TREE, Network.RING, Network.POLLING])
def test_a_node_that_says_goodbye_has_left_until_it_is_back(kind: Network) -> None:
    records: list[Record] = []
    simulation, model = demo_simulation(records.append, kind), Model()
    leaver = DEMOS[kind].nodes
    for rounds, action, expected in ((3, Leave(leaver), [leaver]), (5, Revive(leaver), [])):
        simulation.run(rounds)
        simulation.apply(action)
        simulation.run(rounds + 2)
        model.feed(records)
        records.clear()
        scene = scene_of(model, 0)
        assert [node for node, look in scene.looks.items() if look.standing is Standing.LEFT] == expected
        assert ("1 left" in scene.summary) == bool(expected)
    texts = [event.text for event in model.events if event.text.startswith(f"node {leaver} ")]
    assert f"node {leaver} has left: it said goodbye" in texts
    assert not any("silent" in text or "missing" in text or "is lost" in text for text in texts)


def test_the_ranks_of_standbys_tell_who_takes_over_next() -> None:
    records: list[Record] = []
    simulation = demo_simulation(records.append, Network.POLLING)
    model = Model()
    expected: list[int] = []
    for rounds in (3, 4, 5):
        simulation.run(rounds)
        model.feed(records)
        records.clear()
        polled = model.observer.polled
        assert polled is not None
        assert polled.primary is not None
        if expected:
            assert polled.primary == expected[0]
        ranks = model.standby_ranks()
        expected = sorted(ranks, key=ranks.__getitem__)
        living = [n for n, peer in sorted(polled.peers.items()) if not peer.is_missing]
        assert expected == living[:4]
        simulation.apply(Kill(polled.primary))


def test_all_readings_of_a_round_are_known_soon_after_it(network: Network, model: Model) -> None:
    settled = model.settled
    assert settled is not None
    assert settled.missing == (DEMOS[network].victims[0],)
    assert settled.readings.keys() == set(range(1, DEMOS[network].nodes + 1)) - set(settled.missing)
    for metric in FOUR_METRICS:
        row = settled.rows[metric]
        raws = [readings[metric] for readings in settled.readings.values()]
        assert (row.aggregate.count, row.aggregate.total, row.max) == (len(raws), sum(raws), max(raws))


def test_a_picture_without_a_display(network: Network, model: Model, tmp_path: Path) -> None:
    save_picture(model, tmp_path / "network.png", "Demo")
    with Image.open(tmp_path / "network.png") as picture:
        assert picture.size == (1280, 640)
        colors = picture.convert("RGB").getcolors(1 << 24)
    assert colors is not None
    drawn = {f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in colors}  # type: ignore[misc]
    assert {LIGHT.joined, LIGHT.root} <= drawn


def test_panels_have_a_mark_a_node_a_line_and_a_cross(model: Model) -> None:
    figure = Figure(figsize=(9, 6))
    FigureCanvasAgg(figure)
    RoundPanels(figure).show(model.settled, LIGHT, 9)
    assert len(figure.axes) == len(FOUR_METRICS)
    assert model.settled is not None
    for axes, metric in zip(figure.axes, FOUR_METRICS, strict=True):
        by_marker = {line.get_marker(): line for line in axes.lines}
        assert len(np.array(by_marker["o"].get_xydata())) == len(model.settled.readings)
        assert len(np.array(by_marker["x"].get_xydata())) == len(model.settled.missing) == 1
        assert by_marker["None"].get_ydata()[0] == model.settled.rows[metric].average  # type: ignore[index]


def test_a_round_is_saved_as_a_picture(model: Model, tmp_path: Path) -> None:
    assert model.settled is not None
    path = tmp_path / file_name(model.settled)
    assert path.name == f"treering-round-{model.settled.round:05}.png"
    save_panels(model.settled, path, DARK, "Demo")
    with Image.open(path) as picture:
        assert picture.size == (1200, 800)
        assert picture.convert("RGB").getpixel((2, 2)) == tuple(bytes.fromhex(DARK.surface[1:]))


def test_rounds_are_saved_one_after_the_other_until_that_fails(model: Model, tmp_path: Path) -> None:
    assert model.settled is not None
    pictures = RoundPictures(tmp_path, LIGHT, "Demo")
    pictures.save(model.settled)
    pictures.save(RoundReadings(99, {}, {}, ()))
    pictures._worker.submit(int).result(timeout=60)
    pictures.close()
    assert [path.name for path in tmp_path.iterdir()] == [file_name(model.settled)], "no reading, no picture"
    assert pictures.problem is None
    failing = RoundPictures(tmp_path / "no such folder", LIGHT, "Demo")
    failing.save(model.settled)
    failing._worker.submit(int).result(timeout=60)
    failing.close()
    assert isinstance(failing.problem, FileNotFoundError)


def test_panels_without_readings_say_why() -> None:
    figure = Figure()
    RoundPanels(figure).show(None, LIGHT, 9)
    assert "No node readings yet" in figure.texts[0].get_text()


def test_four_panels_are_two_by_two_and_a_fifth_has_a_place() -> None:
    assert [grid_of(count, 1.2) for count in (1, 2, 3, 4, 5)] == [(1, 1), (2, 1), (2, 2), (2, 2), (3, 2)]
    assert grid_of(5, 2.0) == (2, 3)


def row(version: int) -> RoundRow:
    return RoundRow(0, version, 0, Aggregate(version, 120, 1, 240, 2), 0, 100, 5, 100, 0)


def test_a_round_is_settled_when_all_who_are_there_have_told_or_the_next_is_over() -> None:
    rounds, sensors = ReadingsByRound(), [1, 2, 3]
    rounds.add(7, 1, ((0, 120),))
    assert rounds.settle_if_told(sensors, ()) is None, "without a result there is no round"
    assert rounds.finish([row(7)], sensors) is None
    assert rounds.settle_if_told(sensors, {3}) is None, "2 has not told"
    rounds.add(7, 2, ((0, 120),))
    settled = rounds.settle_if_told(sensors, {3})
    assert settled is not None
    assert (settled.round, settled.missing) == (7, (3,))
    assert settled.readings.keys() == {1, 2}
    assert rounds.settle_if_told(sensors, {3}) is None, "once"
    assert rounds.finish([row(8)], sensors) is None
    late = rounds.finish([row(9)], sensors)
    assert late is not None
    assert (late.round, late.missing) == (8, (1, 2, 3))


def test_the_leaves_of_a_tree_tell_their_readings(demo_records: list[Record]) -> None:
    model = Model()
    model.feed(demo_records)
    assert model.settled is not None
    parents = {node.parent for node in model.tree()}
    assert model.settled.readings.keys() == {node.id for node in model.tree()} - parents
    assert model.settled.missing == ()
