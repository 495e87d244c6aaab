"""The top line: what is shown, and the actions that are wanted most."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk
from tkinter.font import nametofont

import ttkbootstrap
from PIL import ImageTk

from desktop import theme
from desktop.actions import Action
from desktop.brand import mark
from desktop.palette import LIGHT, PALETTES


class Header(ttk.Frame):
    """A button for each action; see desktop.actions.Action for their looks."""

    def __init__(self, master: tk.Misc, actions: Sequence[Action]) -> None:
        em = theme.em_px()
        super().__init__(master, padding=(em, em // 2))
        self._mark_label = ttk.Label(self)
        self._mark_label.pack(side="left", padx=(0, em // 2))
        ttk.Label(self, text="Treering", style="Brand.TLabel").pack(side="left")
        self._buttons: dict[str, ttkbootstrap.Button] = {}
        at_end = [action for action in actions if not action.button]
        for action in (*at_end, *(action for action in reversed(actions) if action.button)):
            text = action.button
            button = ttkbootstrap.Button(
                self, text=text, icon=action.icon, icon_only=not text, command=action.run, bootstyle="ghost"
            )
            button.pack(side="right", padx=(em // 4, 0))
            hint = text.rstrip(" …") if text else action.label
            ttkbootstrap.ToolTip(button, text=f"{hint} ({action.shown_key})")
            self._buttons[action.key] = button
        self._title = ttk.Label(self, style="Muted.TLabel")
        # The last: in a narrow window it is the one that is cut.
        self._title.pack(side="left", padx=(round(1.5 * em), 0))
        self.repaint()

    def relabel(self, action: Action, text: str) -> None:
        """Change the text of that action's button."""
        button = self._buttons[action.key]
        if button.cget("text") != text:
            button.configure(text=text)

    def set_title(self, text: str) -> None:
        """Say what is shown."""
        self._title.configure(text=text)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        side_px = round(nametofont("TkDefaultFont").metrics("linespace") * 1.5)
        self._mark = ImageTk.PhotoImage(mark(side_px, theme.current()), master=self)
        self._mark_label.configure(image=self._mark)


def window_icon(root: tk.Tk) -> ImageTk.PhotoImage:
    """The mark as the window's icon; keep it, or Tk forgets it."""
    icon = ImageTk.PhotoImage(mark(64, PALETTES[LIGHT]), master=root)
    root.iconphoto(True, icon)  # type: ignore[arg-type]
    return icon
