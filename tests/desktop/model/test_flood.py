"""Noise and forgers make up nodes, metrics and links: none fills the memory, or stops the window."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from desktop.model import history
from desktop.model.model import Model
from desktop.model.readings import RoundReadings
from desktop.network import scenes
from desktop.network.scene import Message
from desktop.network.scenes import scene_of
from desktop.palette import LIGHT, PALETTES
from desktop.plots.link_words import MOST_LINKS, figure_lines
from desktop.plots.panels import MOST_PANELS, RoundPanels, metrics_of
from protocol.aggregate import Aggregate
from protocol.capture import Direction, Record
from protocol.packets import METRIC_MASK, Frame, FrameType, Items, Report, encode

NODES = 400


def made_up(seed: int = 1) -> Iterator[Record]:
    """A report of each node, of three metrics of its own, on a link of its own."""
    lot = random.Random(seed)
    for node in range(1, NODES + 1):
        metrics = sorted(lot.sample(range(METRIC_MASK + 1), 3))
        readings = tuple((metric, Aggregate.of_reading(1, 7, node)) for metric in metrics)
        frame = encode(Frame(FrameType.DATA, node, 1, 1, Report(3, Items(readings))))
        yield Record(1_000_000 + node, f"link {node}", Direction.INBOUND, frame)


def test_readings_are_kept_of_so_many_and_it_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_NODE_SERIES", 300)
    model, records = Model(), list(made_up())
    model.feed(records[:50])
    assert len(model.node_series) == 150
    model.feed(records[50:])
    assert len(model.node_series) == 300
    assert [event.text for event in model.events if "are kept, and of no more" in event.text]
    first = next(iter(model.node_series))
    model.node_series.append(first[0], first[1], 9.0, 3)
    assert len(model.node_series[first]) == 2, "who was there before goes on"
    assert set(model.copy().node_series) == set(model.node_series)


def test_a_network_of_more_nodes_than_can_be_drawn_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    model.feed(made_up())
    assert len(scene_of(model, 0).looks) == NODES
    monkeypatch.setattr(scenes, "MOST_NODES", NODES - 1)
    scene = scene_of(model, 0)
    assert isinstance(scene, Message)
    assert "400 nodes are heard" in scene.text


def test_of_many_links_the_busiest_are_told_and_the_rest_in_one_line() -> None:
    model, records = Model(), list(made_up())
    model.feed([*records, replace(records[0], link="noise", frame=b"?")])
    for _ in range(9):
        model.feed([replace(records[0], link="loudest", frame=b"?")])
    lines = list(figure_lines(model.links, None, None, ()))
    texts = [line.values[0] for line in lines]
    assert "bad on loudest" in texts
    assert len([text for text in texts if text.startswith("good on ")]) == MOST_LINKS
    rest = NODES + 2 - MOST_LINKS
    assert lines[-1].values[:2] == (f"{rest:,} more links", f"{rest:,}")


def test_links_are_counted_in_time_that_grows_as_they_do() -> None:
    model, first = Model(), next(made_up())
    model.feed(replace(first, link=f"link {i}", frame=b"?") for i in range(10_000))
    began_s = time.process_time()
    assert len(model.links.links) == 10_000
    assert time.process_time() - began_s < 1.0  # some 20 ms; link by link through all it was 10 s


def test_a_round_of_all_metrics_draws_those_most_told() -> None:
    told = {node: dict.fromkeys(range(METRIC_MASK + 1), 1) for node in (1, 2)}
    told[3] = {METRIC_MASK: 1, 5: 2}
    shown = RoundReadings(1, {}, told, ())
    assert metrics_of(shown) == [*range(MOST_PANELS - 1), METRIC_MASK]
    figure = Figure()
    RoundPanels(figure).show(shown, PALETTES[LIGHT], 9.0)
    assert len([axes for axes in figure.axes if axes.axison]) == MOST_PANELS
