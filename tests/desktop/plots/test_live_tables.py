"""The figures of nodes and links: what the tables say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.queueing import QueueMeter
from desktop.model import history
from desktop.model.model import Model
from desktop.plots.figures import NodeFigures, spark_text
from desktop.plots.link_words import NODE_COLUMNS, NODE_HINTS, Waiting, figure_lines, node_line, summary_of
from protocol.aggregate import TEMPERATURE
from protocol.capture import Record


@given(pieces=st.lists(st.lists(st.integers(0, 255), max_size=30), min_size=1, max_size=5))
def test_the_figures_of_a_node_are_those_of_all_its_readings(pieces: list[list[int]]) -> None:
    raws: list[int] = []
    model, figures = Model(), NodeFigures()
    figures.attach(model)
    for piece in pieces:
        for raw in piece:
            model.node_series.append(7, 0, float(len(raws)), raw)
            raws.append(raw)
        if raws:
            found = figures.of((7, 0))
            values = [TEMPERATURE.scaled(raw) for raw in raws]
            assert found.count == len(values)
            assert (found.low, found.high, found.last) == (min(values), max(values), values[-1])
            assert found.average == pytest.approx(sum(values) / len(values))


def test_figures_know_of_what_the_columns_have_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_SAMPLES", 100)
    model, figures = Model(), NodeFigures()
    figures.attach(model)
    for i in range(1000):
        model.node_series.append(7, 0, float(i), 255 if i == 3 else 100)
        if i % 10 == 0:
            figures.of((7, 0))
    found = figures.of((7, 0))
    assert found.count == 1000
    assert found.high == TEMPERATURE.scaled(255)


def test_the_age_of_a_reading_is_by_the_time_of_the_log(demo_records: list[Record]) -> None:
    model, figures = Model(), NodeFigures()
    model.feed(demo_records)
    figures.attach(model)
    keys = figures.keys(0)
    assert keys
    assert all(metric == 0 for _, metric in keys)
    assert len(figures.keys(None)) > len(keys)
    newest = min(keys, key=figures.age_s)
    assert figures.age_s(newest) < 2.5
    model.feed([replace(demo_records[-1], timestamp_us=model.now_us + 60_000_000)])
    assert figures.age_s(newest) > 59


def test_a_line_of_bars_goes_from_the_least_to_the_greatest() -> None:
    assert spark_text(np.array([1, 2, 3, 8], np.float32)) == "▁▂▃█"
    assert spark_text(np.array([5, 5], np.float32)) == "▁▁"
    assert spark_text(np.array([math.nan], np.float32)) == ""
    assert len(spark_text(np.arange(1000, dtype=np.float32))) == 16


def test_the_panel_of_the_links_counts_frames_and_explains_them(demo_records: list[Record]) -> None:
    model = Model()
    model.feed([*demo_records, replace(demo_records[-1], frame=b"\x01\x02", link="radio")])
    health = model.links
    lines = {line.values[0]: line.values for line in figure_lines(health, None, 0.25, ())}
    assert lines["frames heard"][1] == f"{model.observer.good:,}"
    assert lines["bad on radio"][1:] == ("1", "truncated: dropped")
    assert lines["queue fill"][1] == "25%"
    assert all(values[2] for values in lines.values())
    assert len(NODE_HINTS) == len(NODE_COLUMNS)
    for peer in health.nodes:
        assert len(node_line(peer, health, model.now_us).values) == len(NODE_COLUMNS)
    assert summary_of(health, model.now_us).startswith("16 nodes: ")


def test_the_queues_are_told_by_littles_law() -> None:
    meter = QueueMeter(0.0)
    for i in range(10):
        meter.arrive(float(i))
        meter.depart(i + 0.5)
    waiting = Waiting("store", "3.10", "3.00", "2.80")
    lines = {
        line.values[0]: line.values[1]
        for line in figure_lines(Model().links, meter.measured(10.0), 0.0, (waiting,))
    }
    assert lines["arrivals, λ"] == "1.0/s"
    assert lines["in the queue, W"] == "500.0 ms"
    assert lines["waiting, L"] == lines["λ × W"] == "0.50"
    assert lines["L by M/M/1"] == "1.00"
    assert lines["bridge: store"] == "3.10"
