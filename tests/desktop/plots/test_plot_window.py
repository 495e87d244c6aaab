"""The plots and tables in a real window, driven by what a person does."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from desktop.lists.table import Column, Line
from desktop.model.model import Model
from desktop.plots.pane import Pane
from protocol.capture import Record
from tests.desktop.rig import live, press, texts, wait

if TYPE_CHECKING:
    from desktop.plots.view import PlotView
    from desktop.window import Window


@pytest.fixture
def plot(window: Window, demo_records: list[Record]) -> PlotView:
    """The plot, with a run of the demo, seen."""
    model = Model()
    model.feed(demo_records)
    window.show_page(window.workspace)
    window.workspace.attach(model)
    view = window.workspace.plot
    window.workspace.select(view)
    wait(window, lambda: view.chart.shown and view.widget.winfo_height() > 50, "a plot that is drawn")
    settle(window, view)
    return view


def settle(window: Window, view: PlotView) -> None:
    """Until what was done is drawn."""
    view.redraw()
    wait(window, lambda: view._draw_timer is None, "the drawing")


def middle(view: PlotView, pane: int = 0, at_s: float | None = None) -> tuple[int, int]:
    """A place of the widget: of that time, in the middle of that axis."""
    place = view.chart.shown[pane].place
    start_s, end_s = place.window_s
    share = 0.5 if at_s is None else (at_s - start_s) / (end_s - start_s)
    x = place.rect.x0 + share * (place.rect.x1 - place.rect.x0)
    return round(x), round(view.widget.winfo_height() - (place.rect.y0 + place.rect.y1) / 2)


def drag(
    widget: tk.Widget, button: int, start: tuple[int, int], end: tuple[int, int], state: int = 0
) -> None:
    """Press, move, release."""
    widget.event_generate(f"<ButtonPress-{button}>", x=start[0], y=start[1], state=state)
    held = state | (0x80 << button)
    for share in (0.5, 1.0):
        x, y = (round(a + share * (b - a)) for a, b in zip(start, end, strict=True))
        widget.event_generate(f"<B{button}-Motion>", x=x, y=y, state=held)
    widget.event_generate(f"<ButtonRelease-{button}>", x=end[0], y=end[1], state=held)
    live(widget)


def test_a_click_puts_cursors_and_their_values_are_told(window: Window, plot: PlotView) -> None:
    series = plot.chart.model.series[0]
    for index, state in ((3, 0), (10, 1)):
        x, y = middle(plot, at_s=float(series.time_s[index]))
        plot.widget.event_generate("<ButtonPress-1>", x=x, y=y, state=state)
        plot.widget.event_generate("<ButtonRelease-1>", x=x, y=y, state=state)
    settle(window, plot)
    assert plot.chart.cursors_s == {"A": series.time_s[3], "B": series.time_s[10]}
    table = plot.read_out.table
    rows = {str(table.item(item, "values")[0]): table.item(item, "values") for item in table.get_children()}
    a, b = series.maximum[3], series.maximum[10]
    assert rows["temperature max"][1:4] == (f"{a:.1f} °C", f"{b:.1f} °C", f"{b - a:+.1f} °C")
    press(plot.widget, "<Shift-Left>")
    assert plot.chart.cursors_s["B"] == series.time_s[9]
    press(plot.widget, "<Escape>")
    settle(window, plot)
    assert not plot.read_out.winfo_manager()


def test_drag_pans_the_wheel_zooms_and_a_box_is_zoomed_to(window: Window, plot: PlotView) -> None:
    whole = plot.chart.viewport.window_s
    x, y = middle(plot, at_s=10.0)
    plot.widget.event_generate("<Button-4>", x=x, y=y)
    settle(window, plot)
    start_s, end_s = plot.chart.viewport.window_s
    assert end_s - start_s == pytest.approx(0.8 * (whole[1] - whole[0]))
    assert abs(middle(plot, at_s=10.0)[0] - x) <= 1
    drag(plot.widget, 1, (x, y), (x - 40, y))
    settle(window, plot)
    assert abs(middle(plot, at_s=10.0)[0] - (x - 40)) <= 1
    assert plot.chart.cursors_s == {}, "a drag is no click"
    rect = plot.chart.shown[0].place.rect
    height = plot.widget.winfo_height()
    corners = [(round(rect.x0 + share * (rect.x1 - rect.x0)),
                round(height - rect.y0 - share * (rect.y1 - rect.y0))) for share in (0.25, 0.75)]  # fmt: skip
    wanted = [plot.chart.shown[0].place.time_at(corner[0]) for corner in corners]
    values = [plot.chart.shown[0].place.value_at(height - corner[1]) for corner in corners]
    drag(plot.widget, 3, corners[0], corners[1])
    settle(window, plot)
    assert plot.chart.viewport.window_s == pytest.approx(wanted)
    assert plot.chart.shown[0].place.limits == pytest.approx(sorted(values))
    press(plot.widget, "<Home>")
    settle(window, plot)
    assert plot.chart.viewport.window_s == whole
    assert plot.chart.limits == {}


def test_a_pause_keeps_the_view_and_loses_nothing(
    window: Window, plot: PlotView, demo_records: list[Record]
) -> None:
    model = Model()
    half = len(demo_records) // 2
    model.feed(demo_records[:half])
    model.publish()
    plot.attach(model)
    settle(window, plot)
    press(window.root, "<Control-Shift-p>")
    before, seen = plot.chart.viewport.window_s, plot.point_count
    model.feed(demo_records[half:])
    model.publish()
    settle(window, plot)
    assert plot.chart.viewport.window_s == before
    assert f"{plot.point_count - seen} new rounds" in texts(plot)
    press(window.root, "<Control-Shift-p>")
    settle(window, plot)
    assert "paused" not in texts(plot)
    assert plot.chart.viewport.window_s[1] >= model.series[0].time_s[-1]


def test_what_is_shown_is_saved_as_it_is_shown(plot: PlotView, tmp_path: Path) -> None:
    plot.set_panes((Pane(0), Pane(1, (), with_all=True)))
    for suffix in ("png", "svg", "pdf"):
        plot.save(tmp_path / f"plot.{suffix}")
    with Image.open(tmp_path / "plot.png") as picture:
        assert picture.width > plot.widget.winfo_width()
    assert b"<svg" in (tmp_path / "plot.svg").read_bytes()[:1000]
    assert (tmp_path / "plot.pdf").read_bytes().startswith(b"%PDF")
    columns = plot.visible_columns()
    assert "humidity node 16" in columns
    assert len(columns["time_s"]) >= plot.point_count


def test_axes_are_chosen_and_the_tabs_are_there_by_key(window: Window, plot: PlotView) -> None:
    from desktop.plots.axes_dialog import AxesDialog
    from desktop.plots.feature import PlotsFeature
    from desktop.plots.live_features import LinksFeature, ValuesFeature

    dialog = AxesDialog(window.root, plot.chart.model, plot.chart.panes, plot.set_panes)
    dialog.rows[0].nodes.insert(0, "all")
    dialog.rows[0].nodes.event_generate("<KeyRelease>")
    dialog.rows[1].subject.current(0)
    dialog.rows[1].subject.event_generate("<<ComboboxSelected>>")
    dialog.rows[0].lines["minimum"].invoke()
    live(window.root)
    dialog.destroy()
    assert plot.chart.panes == (Pane(0, ("maximum", "average", "minimum"), with_all=True),)
    press(window.root, "<Control-Shift-m>")
    where = window.feature(PlotsFeature).where
    wait(window, lambda: where._map is not None, "the map")
    left, top = 0.3 * where.canvas.winfo_width(), 5
    assert where.text_at(left, top).startswith(f"node {where._map.nodes[0]} at ")  # type: ignore[union-attr]
    press(where.canvas, "<Right>")
    press(where.canvas, "<Down>")
    assert f"node {where._map.nodes[1]} at " in texts(where)  # type: ignore[union-attr]
    press(where.canvas, "<Return>")
    assert "A" in plot.chart.cursors_s
    press(window.root, "<Control-Shift-v>")
    values = window.feature(ValuesFeature).view
    wait(window, lambda: values.table.table.get_children(), "values")
    press(window.root, "<Control-Shift-l>")
    links = window.feature(LinksFeature).view
    wait(window, lambda: links.nodes.table.get_children(), "links")
    assert "16 nodes" in texts(links)


def test_a_table_makes_only_the_rows_in_sight(window: Window) -> None:
    from desktop.plots.table import VirtualTable

    made: list[int] = []

    def line(key: int) -> Line:
        made.append(key)
        return Line((str(key), "x"))

    sorts: list[tuple[int, bool]] = []
    frame = tk.Toplevel(window.root)
    frame.geometry("300x200")
    table = VirtualTable(
        frame, (Column("a", 4), Column("b", 4)), line,
        lambda: sorts.append((table.sorted_by, table.is_descending)),
    )  # fmt: skip
    table.pack(fill="both", expand=True)
    wait(window, lambda: table.table.winfo_height() > 100, "the table")
    made.clear()
    table.show(range(100_000))
    assert 2 <= len(made) <= 12
    press(table.table, "<End>")
    assert list(table.keys_in_sight)[-1] == 99_999
    press(table.table, "<Prior>")
    assert list(table.keys_in_sight)[-1] < 99_999
    press(table.table, "<Home>")
    assert table.keys_in_sight[0] == 0
    press(table.table, "<Return>")
    press(table.table, "<Right>")
    assert sorts == [(0, True), (1, False)]
    frame.destroy()
