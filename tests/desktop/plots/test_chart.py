"""The chart as it is drawn and saved, without a display."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from desktop.model.history import Series
from desktop.model.model import Model
from desktop.palette import LIGHT, PALETTES, contrast
from desktop.plots.chart import Chart, chart_of, columns_of
from desktop.plots.pane import Pane, default_panes, lines_of, node_color, pane_of, pane_text, with_metric
from protocol.aggregate import TEMPERATURE, Aggregate
from protocol.capture import Record
from protocol.observer import RoundRow

WIDTH, HEIGHT = 600, 400
LIGHT_PALETTE = PALETTES[LIGHT]


def row(raw: int, count: int, doubt: int = 0, alive: int = 16) -> RoundRow:
    return RoundRow(0, 1, 0, Aggregate(1, raw, 4, raw * count, count), doubt, 300, 20, 500, 0, alive)


def model_of(rows: dict[float, RoundRow]) -> Model:
    model = Model()
    series = model.series[0] = Series(TEMPERATURE)
    for time_s, one in rows.items():
        series.append(time_s, one)
        model.rows.append(one)
    return model


def drawn(chart: Chart) -> NDArray[np.uint8]:
    """The picture, (height, width, 3)."""
    figure = chart.get_figure()
    if figure is None:
        figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=chart.palette.surface)
        FigureCanvasAgg(figure)
        figure.add_artist(chart)
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def where(picture: NDArray[np.uint8], color: str) -> NDArray[np.bool_]:
    """The pixels of nearly that colour."""
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
    return np.asarray(np.abs(picture.astype(int) - wanted).max(axis=2) < 8)


def columns_with(chart: Chart, picture: NDArray[np.uint8], color: str, pane: int = 0) -> NDArray[np.bool_]:
    """In which pixel columns of an axis there is that colour."""
    rect = chart.shown[pane].place.rect
    inside = picture[HEIGHT - int(rect.y1) : HEIGHT - int(rect.y0), int(rect.x0) : int(rect.x1)]
    return np.asarray(where(inside, color).any(axis=0))


def test_without_a_round_there_are_empty_axes_and_a_word() -> None:
    picture = drawn(chart_of(Model(), 0))
    assert not where(picture, LIGHT_PALETTE.maximum).any()
    assert where(picture, LIGHT_PALETTE.muted).any()


@pytest.mark.parametrize("rounds", [120, 5_000])
def test_a_gap_stays_a_gap(rounds: int) -> None:
    step_s = 60 / rounds
    times = [i * step_s for i in range(rounds)]
    chart = chart_of(model_of({t: row(120, 16) for t in times if not 20 < t < 40}), 0)
    found = columns_with(chart, drawn(chart), LIGHT_PALETTE.maximum)
    third = len(found) // 3
    assert found[: third - 8].mean() > 0.9
    assert not found[third + 8 : 2 * third - 8].any()
    assert found[2 * third + 8 : -8].mean() > 0.9


@pytest.mark.parametrize("rounds", [3, 5_000])
def test_a_round_that_is_not_exact_is_marked(rounds: int) -> None:
    times = [i * 60 / rounds for i in range(rounds)]
    chart = chart_of(model_of({t: row(120, 16, 3 * (i == rounds // 3)) for i, t in enumerate(times)}), 0)
    picture = drawn(chart)
    for pane in (0, 1):
        marked = np.flatnonzero(columns_with(chart, picture, LIGHT_PALETTE.doubt, pane))
        assert 1 <= len(marked) <= 12
        assert abs(marked.mean() / len(columns_with(chart, picture, "#000000")) - 1 / 3) < 0.03


def test_the_bounds_of_the_average_have_width_only_where_nodes_are_missing() -> None:
    rows = {float(t): row(120 + t % 2, 16 if t < 30 else 8) for t in range(60)}
    rows |= {t: replace(one, aggregate=replace(one.aggregate, total=100 * one.aggregate.count)) for t, one in
             rows.items()}  # fmt: skip
    with_them, without = (
        Chart(model=model_of(rows), panes=(Pane(0, ("average",), with_bounds=bounds),))
        for bounds in (True, False)
    )
    for chart in (with_them, without):
        chart.look()
    differs = (drawn(with_them) != drawn(without)).any(axis=(0, 2))
    rect = with_them.shown[0].place.rect
    inside = differs[int(rect.x0) : int(rect.x1)]
    middle = len(inside) // 2
    assert inside[middle + 10 : -12].mean() > 0.9
    series = with_them.model.series[0]
    assert (series.column("average_lo").values[:30] == series.average[:30]).all()


def test_the_axes_stay_while_the_data_fit() -> None:
    model = model_of({2.0: row(120, 16)})
    chart = chart_of(model, 0)

    def limits() -> list[object]:
        chart.look()
        drawn(chart)
        return [(shown.place.window_s, shown.place.limits) for shown in chart.shown]

    before = limits()
    for time_s in range(4, 60, 2):
        model.series[0].append(time_s, row(120 + time_s % 3, 16))
        assert limits() == before, f"at {time_s} s"
    model.series[0].append(62.0, row(120, 16))
    after = limits()
    assert after != before, "the time goes on"
    model.series[0].append(64.0, row(180, 16))
    assert limits() != after, "a value outside"


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_what_is_shown_can_be_saved(suffix: str, demo_records: list[Record], tmp_path: Path) -> None:
    model = Model()
    model.feed(demo_records)
    sizes = []
    for panes in ((), default_panes(0), (*default_panes(0), Pane(1, with_all=True))):
        chart = Chart(model=model, panes=panes, cursors_s={"A": 6.0, "B": 12.0})
        chart.look()
        figure = Figure(figsize=(6, 4))
        FigureCanvasAgg(figure)
        figure.add_artist(chart)
        path = tmp_path / f"plot-{len(panes)}.{suffix}"
        figure.savefig(path)
        sizes.append(path.stat().st_size)
    assert sizes == sorted(set(sizes)), "the more is shown, the more is saved"


def test_the_columns_are_those_of_the_window(demo_records: list[Record]) -> None:
    model = Model()
    model.feed(demo_records)
    chart = chart_of(model, 0)
    chart.panes = (*default_panes(0), Pane(1, ("average",), with_bounds=False, nodes=(16,)))
    chart.viewport.look_at(5.0, 15.0)
    columns = columns_of(chart)
    assert list(columns) == [
        "time_s", "time_us", "temperature max", "temperature average", "temperature average lo",
        "temperature average hi", "temperature counted", "temperature alive",
        "humidity average", "humidity node 16",
    ]  # fmt: skip
    assert {len(column) for column in columns.values()} == {len(columns["time_s"])}
    assert ((columns["time_s"] >= 5) & (columns["time_s"] <= 15)).all()
    series = model.series[0]
    inside = (series.time_s >= 5) & (series.time_s <= 15)
    told = np.isfinite(columns["temperature max"])
    np.testing.assert_array_equal(columns["temperature max"][told], series.maximum[inside])
    np.testing.assert_array_equal(columns["time_s"][told], series.time_s[inside])


def test_a_metric_is_changed_where_it_was_shown() -> None:
    panes = (*default_panes(0), Pane(3))
    assert [pane.metric_id for pane in with_metric(panes, 0, 1)] == [1, 1, 3]


def test_each_node_has_a_colour_that_can_be_read() -> None:
    for palette in PALETTES.values():
        colors = {node_color(node, palette.surface) for node in range(1, 65)}
        assert len(colors) > 55
        assert min(contrast(color, palette.surface) for color in colors) >= 4.5


def test_a_line_of_a_node_is_there_as_soon_as_it_tells_a_reading() -> None:
    model = Model()
    pane = Pane(0, (), nodes=(7,))
    assert lines_of(pane, model, LIGHT_PALETTE) == []
    model.node_series.append(7, 0, 1.0, 100)
    model.node_series.append(8, 0, 1.0, 100)
    [line] = lines_of(pane, model, LIGHT_PALETTE)
    assert line.value_at(2.0) == (1.0, TEMPERATURE.scaled(100))
    assert line.value_at(0.5) is None
    assert len(lines_of(replace(pane, with_all=True), model, LIGHT_PALETTE)) == 2


def test_an_axis_that_is_kept_is_read_again_and_what_is_none_is_not() -> None:
    for pane in (
        *default_panes(0),
        Pane(1, ("minimum",), with_bounds=False, nodes=(3, 7)),
        Pane(9, (), True),
    ):
        assert pane_of(pane_text(pane)) == pane
    for text in ("", "{}", "[1]", "null", '["x", [], true, [], false]', "[1, 2, 3, 4, 5]"):
        assert pane_of(text) is None
