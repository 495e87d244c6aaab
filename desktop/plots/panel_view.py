"""The last finished round in the window: drawn once a round, and only while it is seen."""

from __future__ import annotations

import tkinter as tk
from tkinter.font import nametofont

from matplotlib.backends.backend_tkagg import FigureCanvasTkAgg
from matplotlib.figure import Figure

from desktop import theme
from desktop.model.model import Changes, Model
from desktop.model.readings import RoundReadings
from desktop.plots.panels import RoundPanels, summary_of
from desktop.view import View

_FIGURE_DPI = 96  # before matplotlib applies the screen's own scale
_SETTLE_MS = 150  # after the last of many changes of size


class PanelView(View):
    """A panel for each metric."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, "Round")
        self._model = Model()
        self._drawn: tuple[object, ...] = ()
        self._resize: str | None = None
        self._figure = Figure(dpi=_FIGURE_DPI)
        self._panels = RoundPanels(self._figure)
        self._canvas = FigureCanvasTkAgg(self._figure, self.body)
        widget = self._canvas.get_tk_widget()
        widget.configure(width=1, height=1)
        widget.pack(fill="both", expand=True)
        self._canvas.mpl_connect("resize_event", lambda event: self._draw_soon())
        self.bind("<Map>", lambda event: self._draw_soon(), add=True)
        self.repaint()

    @property
    def shown(self) -> RoundReadings | None:
        """The round that it shows."""
        return self._model.settled

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._model = model
        self._draw()
        model.subscribe(self._on_change)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self._canvas.get_tk_widget().configure(background=theme.current().surface)
        self._draw()

    def _on_change(self, changes: Changes) -> None:
        if changes.settled:
            self._draw()

    def _draw_soon(self) -> None:
        if self._resize is not None:
            self.after_cancel(self._resize)
        self._resize = self.after(_SETTLE_MS, self._draw)

    def _draw(self) -> None:
        shown, palette, font_pt = self.shown, theme.current(), self._font_pt()
        self.set_summary(summary_of(shown))
        wanted = (shown, palette, font_pt, tuple(self._figure.get_size_inches()))
        if self.winfo_ismapped() and wanted != self._drawn:
            self._drawn = wanted
            self._panels.show(shown, palette, font_pt)
            self._canvas.draw_idle()

    def _font_pt(self) -> float:
        """The size, at the figure's resolution, of a font a little smaller than the default."""
        size = int(nametofont("TkDefaultFont").actual("size"))
        size_px = -size if size < 0 else size * self.winfo_fpixels("1i") / 72
        return 0.85 * size_px * 72 / self._figure.dpi
