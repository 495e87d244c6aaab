"""What is known of one node, in a box beside it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator, Mapping

from desktop import theme
from desktop.model import Standing, TreeNode
from desktop.model_words import metric_label, value_label
from protocol.aggregate import Aggregate, metric_of


class NodeDetails:
    """A box on the canvas for the node that is `chosen`, if any; `now_us` is the time of the records."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._em = theme.em_px()
        self.chosen: int | None = None
        self.now_us = 0
        self._box = canvas.create_rectangle(0, 0, 0, 0, state="hidden")
        self._text = canvas.create_text(0, 0, anchor="nw", state="hidden", tags="details")

    def show(self, nodes: Mapping[int, TreeNode]) -> None:
        """Bring the text to the state of the node."""
        node = nodes.get(self.chosen) if self.chosen is not None else None
        state = "hidden" if node is None else "normal"
        palette = theme.current()
        self._canvas.itemconfigure(self._box, state=state, fill=palette.background, outline=palette.border)
        self._canvas.itemconfigure(self._text, state=state, fill=palette.text)
        if node is not None:
            self._canvas.itemconfigure(self._text, text="\n".join(_lines(node, self.now_us)))

    def place(self, places: Mapping[int, tuple[float, float]]) -> None:
        """Stand beside the node, within the canvas and above all else."""
        if self.chosen is None or self.chosen not in places:
            return
        x, y = places[self.chosen]
        self._canvas.coords(self._text, 0, 0)
        left, top, right, bottom = self._canvas.bbox(self._text)
        width, height, gap, pad = right - left, bottom - top, 3 * self._em, self._em * 0.7
        if x + gap + width + 2 * pad > self._canvas.winfo_width():
            x -= 2 * gap + width
        x = max(pad + 2, x + gap)
        y = min(max(pad + 2, y - height / 2), max(pad + 2, self._canvas.winfo_height() - height - pad - 2))
        self._canvas.coords(self._text, x, y)
        self._canvas.coords(self._box, x - pad, y - pad, x + width + pad, y + height + pad)
        self._canvas.tag_raise(self._box)
        self._canvas.tag_raise(self._text)


def _lines(node: TreeNode, now_us: int) -> Iterator[str]:
    yield f"node {node.id}: {node.standing.value}"
    if node.parent is not None:
        was = "" if node.standing is Standing.JOINED else "last "
        yield f"{was}parent {node.parent}"
    if node.standing is Standing.JOINED and node.hop_count is not None:
        yield f"{node.hop_count} hop{'s' if node.hop_count > 1 else ''} from the root"
    if node.quality is not None:
        yield f"{node.quality:.0%} of its last reports arrived"
    if node.last_heard_us is not None:
        yield f"heard {(now_us - node.last_heard_us) / 1e6:.1f} s ago"
    for metric_id, aggregate in sorted(node.aggregates.items()):
        yield from _report_lines(metric_id, aggregate)


def _report_lines(metric_id: int, aggregate: Aggregate) -> Iterator[str]:
    """The last report: of the node's whole subtree, itself included."""
    metric = metric_of(metric_id)
    name = metric_label(metric.name)
    if aggregate.average_raw is None:
        yield f"{name}: no reading"
        return
    average = value_label(metric.scaled(aggregate.average_raw), metric.unit)
    if aggregate.count == 1:
        yield f"{name} {average}"
        return
    yield f"{name} of {aggregate.count} nodes:"
    yield f"    average {average}"
    yield f"    max {value_label(metric.scaled(aggregate.max), metric.unit)} at {aggregate.max_id}"
