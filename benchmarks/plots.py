"""How fast is the app's plot? In a real window, with a matplotlib plot of the same data beside it.

    xvfb-run -a -s "-screen 0 1280x900x24" .venv/bin/python benchmarks/plots.py

Two loads: four lines of 100,000 rounds, and a day of readings at 10 a second of 50 nodes (43 million). A
frame is counted when the X server has answered after it: what was drawn has arrived.
"""

from __future__ import annotations

import argparse
import resource
import time
import tkinter as tk
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
from matplotlib.backends.backend_tkagg import FigureCanvasTkAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.claims import Claim, print_table, quantile, report
from desktop.model.history import NodeSeries, Series
from desktop.model.model import Model
from desktop.palette import LIGHT
from desktop.plots.pane import Pane
from desktop.plots.view import PlotView
from desktop.window import open_root
from protocol.aggregate import TEMPERATURE, Aggregate
from protocol.observer import RoundRow

WIDTH_PX, HEIGHT_PX = 1000, 600
ROUNDS, PERIOD_S = 100_000, 1.0
NODES, RATE, DAY_S = 50, 10, 86_400
LEAST_ROUNDS_FPS, LEAST_DAY_FPS = 30, 20
FRAMES = 120
_MIB = 1 << 20

Frame = Callable[[], object]
Line = tuple[NDArray[Any], NDArray[Any]]


def main() -> int:
    """Print both loads; 1 if a claim fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=FRAMES)
    frames = parser.parse_args().frames
    root = open_root(LIGHT)
    root.geometry(f"{WIDTH_PX + 40}x{HEIGHT_PX + 120}+0+0")
    claims = [*of_rounds(root, frames), *of_a_day(root, frames)]
    root.destroy()
    return report("\nclaims", claims)


def of_rounds(root: tk.Tk, frames: int) -> Iterator[Claim]:
    """Four lines of 100,000 samples: one more round and drawn again; and panned."""
    model, more = model_of_rounds()
    view = view_of(root, model, (Pane(0, ("maximum", "average", "minimum")), Pane(0, ("count",))))
    series = model.series[0]
    rows: list[tuple[str, str, str, str]] = [("four lines of 100,000", "median ms", "p99 ms", "frames/s")]

    def append() -> None:
        more()
        draw(view)

    ours = {"append": measured(root, append, frames)}
    view.zoom(0.5)
    ours["pan"] = measured(root, panning(view, 300.0), frames)
    view.destroy()
    columns = [series.column(name).values for name in ("maximum", "average", "minimum", "count")]
    naive, decimated = peers(root, [(series.time_s, column) for column in columns], 10, 10)
    for name, times in ours.items():
        rows.append(row(f"treering, {name}", times))
    rows += [row("matplotlib, naive, pan", naive), row("matplotlib, min-max, pan", decimated)]
    print_table(rows)
    for name, times in ours.items():
        fps = 1 / quantile(times, 0.5)
        ratios = (
            f"{median(naive) / median(times):.0f} x naive, {median(decimated) / median(times):.1f} x min-max"
        )
        yield Claim(f"four lines of 100,000, {name}: at least {LEAST_ROUNDS_FPS} frames/s",
                    f"{fps:.0f} ({ratios})", fps >= LEAST_ROUNDS_FPS)  # fmt: skip


def of_a_day(root: tk.Tk, frames: int) -> Iterator[Claim]:
    """50 nodes at 10 a second for a day: panned and zoomed, from all of it to seconds."""
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began_s = time.perf_counter()
    model = model_of_a_day()
    filled_s = time.perf_counter() - began_s
    view = view_of(root, model, (Pane(0, (), with_all=True),))
    began_s = time.perf_counter()
    draw(view)
    first_s = time.perf_counter() - began_s
    after_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    samples = NODES * RATE * DAY_S
    print(
        f"\na day of {NODES} nodes: {samples / 1e6:.1f} M samples, filled in {filled_s:.1f} s, first drawn in"
        f" {first_s * 1000:.0f} ms; {model.node_series.size_bytes / samples:.1f} bytes each,"
        f" {model.node_series.size_bytes / _MIB:.0f} MiB (process:"
        f" {(after_kib - before_kib) / 1024:.0f} MiB more)"
    )
    viewport = view.chart.viewport
    ours: dict[str, list[float]] = {}
    for name, span_s in {"pan, a day": DAY_S / 1.1, "pan, an hour": 3_600.0, "pan, a minute": 60.0}.items():
        viewport.look_at(DAY_S / 2 - span_s / 2, DAY_S / 2 + span_s / 2)
        ours[name] = measured(root, panning(view, span_s / 50), frames)
    viewport.follow(None)
    steps = count()

    def zoom() -> None:
        viewport.zoom(1 / 1.1 if next(steps) % frames < frames // 2 else 1.1, DAY_S * 0.4)
        draw(view)

    ours["zoom"] = measured(root, zoom, frames)
    print(f"of the points that there is room for, the last frame drew {view.chart.detail:.0%}")
    shown = [(one.time_s, one.value) for one in model.node_series.values()]
    view.destroy()
    few = 2
    naive, _ = peers(root, shown[:few], 2, 0)
    _, decimated = peers(root, shown, 0, 3)
    print_table([
        ("a day at 10/s of 50 nodes", "median ms", "p99 ms", "frames/s"),
        *(row(f"treering, {name}", times) for name, times in ours.items()),
        row(f"matplotlib, naive, {few} nodes, a day", naive),
        row("matplotlib, min-max of all, a day", decimated),
    ])  # fmt: skip
    for name, times in ours.items():
        fps = 1 / median(times)
        ratio = f", {median(decimated) / median(times):.0f} x min-max" if name == "pan, a day" else ""
        yield Claim(f"a day at 10/s of 50 nodes, {name}: at least {LEAST_DAY_FPS} frames/s",
                    f"{fps:.0f}{ratio}", fps >= LEAST_DAY_FPS)  # fmt: skip


def model_of_rounds() -> tuple[Model, Callable[[], None]]:
    """A model of that many rounds, and what adds one more."""
    random = np.random.default_rng(1)
    model = Model()
    series = model.series[0] = Series(TEMPERATURE)
    number = count()

    def more() -> None:
        i = next(number)
        most = int(130 + 30 * np.sin(i / 9_000) + random.integers(0, 8))
        aggregate = Aggregate(i % 65_536, most, 4, (most - 7) * 16, 16)
        result = RoundRow(round(i * PERIOD_S * 1e6), i, 0, aggregate, 0, 300, 20, 500, 0, 16)
        series.append(i * PERIOD_S, result)
        series.tell_least(i * PERIOD_S, result, most - 14 - int(random.integers(0, 4)))
        model.rows.append(result)

    for _ in range(ROUNDS):
        more()
    return model, more


def model_of_a_day() -> Model:
    """Noisy days of nodes that lie some degrees apart."""
    random = np.random.default_rng(2)
    model = Model()
    model.series[0] = Series(TEMPERATURE)
    times = np.arange(RATE * DAY_S, dtype=np.float64) / RATE
    day = (8 * np.sin(times * (2 * np.pi / DAY_S))).astype(np.float32)
    for node in range(1, NODES + 1):
        noise = random.standard_normal(len(times), np.float32) * 0.3
        series = NodeSeries()
        series.extend(times, np.float32(node * 0.4) + day + noise)
        model.node_series.put(node, 0, series)
    return model


def view_of(root: tk.Tk, model: Model, panes: tuple[Pane, ...]) -> PlotView:
    """A plot whose drawing has that size, and that shows all."""
    view = PlotView(root, on_metric=lambda metric_id: None)
    view.attach(model)
    view.set_panes(panes)
    size = WIDTH_PX, HEIGHT_PX
    for _ in range(2):  # the frame around the drawing takes some of the first
        view.place(x=0, y=0, width=size[0], height=size[1])
        for _ in range(20):
            root.update()
        size = 2 * WIDTH_PX - view.widget.winfo_width(), 2 * HEIGHT_PX - view.widget.winfo_height()
    drawn = view.widget.winfo_width(), view.widget.winfo_height()
    assert drawn == (WIDTH_PX, HEIGHT_PX), f"the plot is {drawn}"
    return view


def draw(view: PlotView) -> None:
    """Now, not when the next one is due."""
    view._update()


def panning(view: PlotView, step_s: float) -> Frame:
    """There and back."""
    steps = count()

    def pan() -> None:
        view.chart.viewport.pan(step_s if next(steps) // 20 % 2 == 0 else -step_s)
        draw(view)

    return pan


def peers(
    root: tk.Tk, lines: list[Line], all_frames: int, few_frames: int
) -> tuple[list[float], list[float]]:
    """Matplotlib with all points, and with the least and greatest of each pixel column of the data."""
    figure = Figure(dpi=96)
    canvas = FigureCanvasTkAgg(figure, root)
    canvas.get_tk_widget().configure(width=WIDTH_PX, height=HEIGHT_PX)
    canvas.get_tk_widget().pack(anchor="nw")
    axes = figure.subplots()
    artists = [axes.plot([], [])[0] for _ in lines]
    low = min(float(np.nanmin(values)) for _, values in lines)
    high = max(float(np.nanmax(values)) for _, values in lines)
    axes.set_ylim(low, high)
    last_s = float(lines[0][0][-1])
    for _ in range(5):
        root.update()
    steps = count()

    def pan(show: Callable[[Any, NDArray[Any], NDArray[Any]], object]) -> None:
        at_s = next(steps) * last_s / 500
        axes.set_xlim(at_s, at_s + last_s)
        for artist, (time_s, values) in zip(artists, lines, strict=True):
            show(artist, time_s, values)
        canvas.draw()

    def show_min_max(artist: Any, time_s: NDArray[Any], values: NDArray[Any]) -> None:
        per = max(1, len(values) // WIDTH_PX)
        whole = len(values) // per * per
        groups = values[:whole].reshape(-1, per)
        artist.set_data(
            np.repeat(time_s[:whole:per], 2),
            np.column_stack((groups.min(axis=1), groups.max(axis=1))).ravel(),
        )

    naive = measured(root, lambda: pan(lambda artist, *data: artist.set_data(*data)), all_frames)
    decimated = measured(root, lambda: pan(show_min_max), few_frames)
    canvas.get_tk_widget().destroy()
    return naive, decimated


def measured(root: tk.Tk, frame: Frame, frames: int) -> list[float]:
    """Seconds of each frame, until the X server has it."""
    times = []
    for _ in range(frames):
        began_s = time.perf_counter()
        frame()
        root.update()
        root.winfo_pointerx()  # an answer of the server: it has done what was asked before
        times.append(time.perf_counter() - began_s)
    return times


def median(times: list[float]) -> float:
    """Of the frames."""
    return quantile(times, 0.5)


def row(name: str, times: list[float]) -> tuple[str, str, str, str]:
    """Of the table."""
    middle, worst = quantile(times, 0.5), quantile(times, 0.99)
    return name, f"{1000 * middle:.1f}", f"{1000 * worst:.1f}", f"{1 / middle:.1f}"


if __name__ == "__main__":
    raise SystemExit(main())
