"""A session's time as a strip: what happened when, how many were counted, and where the views are."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable
from tkinter.font import nametofont

from desktop import theme
from desktop.model.words import duration_label
from desktop.palette import Palette, mix
from desktop.replay.overview import Mark, Overview

_HEIGHT_EM, _LOW_EM = 3.8, 3.2
_MARKS_SHARE, _COUNTS_SHARE = 0.26, 0.68  # of the height: above this marks, above that counts, below the time
_PLACE_EM = 0.62  # a mark takes so much
_GRIP_EM = 0.6  # so near the pointer has hold of an edge
_LABEL_EM = 7
_TICKS_S = (
    1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400,
)  # fmt: skip
_COLORS = {
    Mark.JOINED: "joined",
    Mark.NEW: "count",
    Mark.DOUBT: "doubt",
    Mark.SEEKING: "seeking",
    Mark.LOST: "maximum",
}


class Strip(tk.Canvas):
    """`on_seek` gets a time that a person points at, `on_loop` the ends of a range; both in microseconds."""

    def __init__(
        self, master: tk.Misc, on_seek: Callable[[float], object], on_loop: Callable[[float, float], object]
    ) -> None:
        self._em = theme.em_px()
        super().__init__(
            master, height=round(_HEIGHT_EM * self._em), width=1, highlightthickness=1, takefocus=False,
            cursor="hand2",
        )  # fmt: skip
        self._on_seek, self._on_loop = on_seek, on_loop
        self._overview: Overview | None = None
        self._drawn: tuple[object, ...] | None = None
        self._grip: int | None = None  # which edge of the loop is dragged
        self._from_us: float | None = None  # where a new range begins, dragged with Shift
        self._sought_us: float | None = None
        self.bind("<Configure>", lambda event: self._draw())
        self.bind("<Button-1>", self._press)
        self.bind("<Shift-Button-1>", self._press_with_shift)
        self.bind("<B1-Motion>", self._drag)
        self.bind("<ButtonRelease-1>", self._release)
        self.bind("<Motion>", lambda event: self._explain(event.x))
        self.bind("<Leave>", lambda event: self.delete("hint"))
        self.repaint()

    def show(self, overview: Overview | None) -> None:
        """Draw that; None: there is nothing."""
        key = None if overview is None else overview.key
        is_same = key is not None and key == self._drawn
        self._overview = overview
        if overview is not None and is_same:
            self.move(overview.shown_us)
        else:
            self._draw()

    def make_low(self, is_low: bool) -> None:
        """Where there is little room, take less."""
        self.configure(height=round((_LOW_EM if is_low else _HEIGHT_EM) * self._em))

    def move(self, shown_us: float) -> None:
        """The views show that time now."""
        if self._overview is not None:
            x = self._x(shown_us)
            self.coords("head", x, 0, x, self.winfo_height())
            r = 0.42 * self._em
            self.coords("handle", x - r, 0, x + r, 0, x + r, 0.6 * r, x, 1.8 * r, x - r, 0.6 * r)
            self.tag_raise("head")
            self.tag_raise("handle")

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self.configure(
            background=palette.surface,
            highlightbackground=palette.border,
            highlightcolor=palette.border,
        )
        self._draw()

    # --- drawing -----------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self.delete("all")
        self._drawn = None if self._overview is None else self._overview.key
        overview, width = self._overview, self.winfo_width()
        if overview is None or width < 4 * self._em:
            return
        palette = theme.current()
        self._draw_loop(overview, palette)
        self._draw_time(overview, palette)
        self._draw_counts(overview, palette)
        self._draw_marks(overview, palette)
        self._draw_bookmarks(overview, palette)
        self.create_line(0, 0, 0, 0, fill=palette.text, width=max(1, self._em // 8), tags="head")
        self.create_polygon(0, 0, 0, 0, fill=palette.text, tags="handle")
        self.move(overview.shown_us)

    def _draw_loop(self, overview: Overview, palette: Palette) -> None:
        if overview.loop_us is None:
            return
        left, right = map(self._x, overview.loop_us)
        self.create_rectangle(left, 0, right, self.winfo_height(), fill=palette.selection, width=0)
        for x in (left, right):
            self.create_line(x, 0, x, self.winfo_height(), fill=palette.accent, width=max(2, self._em // 6))

    def _draw_time(self, overview: Overview, palette: Palette) -> None:
        """The line that time is on, as far as it can be shown, and the hours below."""
        y, width = self.winfo_height() * _COUNTS_SHARE, self.winfo_width()
        known = self._x(overview.analysed_us)
        thick = max(2, self._em // 5)
        self.create_line(0, y, width, y, fill=palette.border, width=thick, dash=(2, 4))
        self.create_line(0, y, known, y, fill=palette.link, width=thick)
        font = nametofont("TreeringLines") if "TreeringLines" in tk.font.names() else "TkDefaultFont"
        span_s = overview.span_us / 1e6
        most = max(1.0, width / (_LABEL_EM * self._em))
        tick_s = next(
            (tick for tick in _TICKS_S if span_s / tick <= most), math.ceil(span_s / most / 86_400) * 86_400
        )
        for number in range(int(span_s // tick_s) + 1):
            x = self._x(overview.start_us + number * tick_s * 1e6)
            self.create_line(x, y, x, y + 0.3 * self._em, fill=palette.muted)
            if x + 0.5 * _LABEL_EM * self._em <= width:
                self.create_text(
                    x + 0.3 * self._em, self.winfo_height() - 1, anchor="sw", fill=palette.muted, font=font,
                    text=duration_label(number * tick_s),
                )  # fmt: skip

    def _draw_counts(self, overview: Overview, palette: Palette) -> None:
        """How many were counted, from the least to the greatest of each pixel, and the line of the living."""
        width = self.winfo_width()
        places = max(1, width // 2)
        counts = overview.counts(places)
        if not counts:
            return
        top, bottom = self.winfo_height() * _MARKS_SHARE, self.winfo_height() * _COUNTS_SHARE - 2
        most = max(max(high, 0 if math.isnan(alive) else alive) for _, _, high, alive in counts) or 1
        scale = (bottom - top - 2) / most
        living = [
            part
            for place, _, _, alive in counts
            if not math.isnan(alive)
            for part in ((place + 0.5) * width / places, bottom - alive * scale)
        ]
        if len(living) >= 4:
            self.create_line(*living, fill=palette.muted, dash=(2, 3))
        line = []
        for place, low, high, _ in counts:
            x = (place + 0.5) * width / places
            line += [x, bottom - high * scale]
            if low < high:
                line += [x, bottom - low * scale]
        if len(line) >= 4:
            self.create_line(*line, fill=palette.count)

    def _draw_marks(self, overview: Overview, palette: Palette) -> None:
        """Shapes of their own, as the network's nodes: up who comes, down who goes."""
        size = _PLACE_EM * self._em
        places = max(1, int(self.winfo_width() / size))
        y, r = self.winfo_height() * _MARKS_SHARE * 0.55, 0.4 * size
        for place, mark in overview.marks(places):
            x = (place + 0.5) * self.winfo_width() / places
            fill = getattr(palette, _COLORS[mark])
            if mark is Mark.NEW:
                self.create_oval(x - r, y - r, x + r, y + r, fill=fill, width=0)
            elif mark is Mark.DOUBT:
                self.create_line(x - r, y - r, x + r, y + r, fill=fill, width=2)
                self.create_line(x - r, y + r, x + r, y - r, fill=fill, width=2)
            else:
                shapes = {
                    Mark.JOINED: (x - r, y + r, x, y - r, x + r, y + r),
                    Mark.LOST: (x - r, y - r, x + r, y - r, x, y + r),
                    Mark.SEEKING: (x, y - r, x + r, y, x, y + r, x - r, y),
                }
                self.create_polygon(*shapes[mark], fill=fill, outline=palette.surface)

    def _draw_bookmarks(self, overview: Overview, palette: Palette) -> None:
        """A flag each."""
        h, flag = self.winfo_height() * _COUNTS_SHARE, 0.5 * self._em
        for time_us, _ in overview.bookmarks:
            x = self._x(time_us)
            self.create_line(x, 0, x, h, fill=palette.accent)
            self.create_polygon(x, 0, x + flag, flag / 2, x, flag, fill=palette.accent)

    def _x(self, time_us: float) -> float:
        assert self._overview is not None
        return self._overview.share(time_us) * max(1, self.winfo_width() - 1)

    # --- the person --------------------------------------------------------------------------------------

    def _time_at(self, x: float) -> float:
        assert self._overview is not None
        return self._overview.time_at(x / max(1, self.winfo_width() - 1))

    def _press(self, event: tk.Event[tk.Misc]) -> None:
        if self._overview is None:
            return
        self._grip = self._edge_at(event.x)
        if self._grip is None:
            self._seek_soon(event.x)

    def _press_with_shift(self, event: tk.Event[tk.Misc]) -> str:
        if self._overview is not None:
            self._from_us = self._time_at(event.x)
        return "break"

    def _drag(self, event: tk.Event[tk.Misc]) -> None:
        overview = self._overview
        if overview is None:
            return
        here_us = self._time_at(event.x)
        if self._from_us is not None:
            self._on_loop(self._from_us, here_us)
        elif self._grip is not None and overview.loop_us is not None:
            self._on_loop(overview.loop_us[1 - self._grip], here_us)
        else:
            self._seek_soon(event.x)

    def _release(self, event: tk.Event[tk.Misc]) -> None:
        self._grip = self._from_us = None

    def _seek_soon(self, x: float) -> None:
        """Of many movements that wait the last counts."""
        if self._sought_us is None:
            self.after_idle(self._seek)
        self._sought_us = self._time_at(x)

    def _seek(self) -> None:
        sought_us, self._sought_us = self._sought_us, None
        if sought_us is not None:
            self._on_seek(sought_us)

    def _edge_at(self, x: float) -> int | None:
        """Which edge of the loop is there."""
        if self._overview is None or self._overview.loop_us is None:
            return None
        distances = [abs(self._x(edge) - x) for edge in self._overview.loop_us]
        nearest = min((0, 1), key=lambda edge: distances[edge])
        return nearest if distances[nearest] <= _GRIP_EM * self._em else None

    def _explain(self, x: float) -> None:
        """The time there, and what happened."""
        overview = self._overview
        self.delete("hint")
        if overview is None:
            return
        self.configure(cursor="sb_h_double_arrow" if self._edge_at(x) is not None else "hand2")
        time_us = self._time_at(x)
        within_us = overview.span_us * _PLACE_EM * self._em / max(1, self.winfo_width())
        text = duration_label((time_us - overview.start_us) / 1e6)
        bookmark = next((name for at, name in overview.bookmarks if abs(at - time_us) <= within_us), None)
        if bookmark is not None:
            text += f"  bookmark {bookmark}"
        elif (line := overview.nearest(time_us, within_us)) is not None:
            text = f"{duration_label((line.timestamp_us - overview.start_us) / 1e6)}  {line.text}"
        self._write_hint(x, text)

    def _write_hint(self, x: float, text: str) -> None:
        palette, width = theme.current(), self.winfo_width()
        y = self.winfo_height() * (_COUNTS_SHARE + _MARKS_SHARE) / 2
        is_left = x < width / 2
        at = x + self._em if is_left else x - self._em
        words = self.create_text(
            at, y, text=text, anchor="w" if is_left else "e", fill=palette.text, tags="hint"
        )
        left, top, right, bottom = self.bbox(words)
        ground = self.create_rectangle(
            left - 4, top - 2, right + 4, bottom + 2, fill=mix(palette.surface, palette.selection, 0.6),
            outline=palette.border, tags="hint",
        )  # fmt: skip
        self.tag_lower(ground, words)
        self.create_line(x, 0, x, self.winfo_height(), fill=palette.muted, dash=(1, 2), tags="hint")
