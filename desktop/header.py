"""The top line: what is shown, and the actions that are wanted most."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from functools import partial
from tkinter import ttk
from tkinter.font import nametofont

import ttkbootstrap
from PIL import ImageTk

from desktop import theme
from desktop.actions import Action
from desktop.brand import mark
from desktop.palette import LIGHT, PALETTES


class Header(ttk.Frame):
    """There at once with the name; `fill` gives it a button for each action. See Action for their looks.

    Where there is no room, the buttons lose their texts, and then the last ones go: menus have them all.
    """

    def __init__(self, master: tk.Misc) -> None:
        em = theme.em_px()
        super().__init__(master, padding=(em, em // 4))
        self.pack_propagate(False)  # the buttons follow the width; if it followed them, there would be no end
        self._mark_label = ttk.Label(self)
        self._mark_label.pack(side="left", padx=(0, em // 2))
        ttk.Label(self, text="Treering", style="Brand.TLabel").pack(side="left")
        self._buttons: dict[Action, _ActionButton] = {}
        self._title = ttk.Label(self, style="Muted.TLabel")
        self._title.pack(side="left", padx=(round(1.5 * em), 0))
        self._room = ttk.Frame(self)
        self._room.pack(side="right", before=self._title)  # before the title, which is cut first
        self.configure(height=round(2.2 * nametofont("TkDefaultFont").metrics("linespace")) + em // 2)
        self.bind("<Configure>", lambda event: self._fold(), add=True)
        self.repaint()

    def fill(self, actions: Sequence[Action], perform: Callable[[Action], object]) -> None:
        """A button for each action, those with texts before the others."""
        for action in sorted(actions, key=lambda action: not action.button):
            self._buttons[action] = _ActionButton(self._room, action, partial(perform, action))
        self._fold()

    def relabel(self, action: Action, text: str) -> None:
        """Change the text of that action's button."""
        if self._buttons[action].relabel(text):
            self._fold()

    def refresh(self, obstacle: Callable[[Action], str | None]) -> None:
        """What cannot be done now cannot be pressed."""
        for action, button in self._buttons.items():
            button.show_obstacle(obstacle(action))

    def _fold(self) -> None:
        em = theme.em_px()
        room_px = self.winfo_width() - self._mark_label.winfo_reqwidth() - 14 * em
        if not self._buttons or self.winfo_width() < 2:
            return
        buttons = list(self._buttons.values())
        folded = sum(button.full_px for button in buttons) > room_px
        for button in buttons:
            shown_px = button.fold(folded)
            room_px -= shown_px
            if room_px >= 0:
                button.pack(side="left", padx=(em // 4, 0))  # type: ignore[no-untyped-call]
            else:
                button.pack_forget()

    def set_title(self, text: str) -> None:
        """Say what is shown."""
        self._title.configure(text=text)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        side_px = round(nametofont("TkDefaultFont").metrics("linespace") * 1.5)
        self._mark = ImageTk.PhotoImage(mark(side_px, theme.current()), master=self)
        self._mark_label.configure(image=self._mark)


class _ActionButton(ttkbootstrap.Button):
    """The button of one action, with its text or as its icon alone."""

    def __init__(self, master: tk.Misc, action: Action, run: Callable[[], object]) -> None:
        self._text = action.button
        super().__init__(
            master,
            text=self._text,
            icon=action.icon,
            icon_only=not self._text,
            command=run,
            bootstyle="ghost",
        )
        name = action.button.rstrip(" …") or action.name
        self._what = f"{name} ({action.shown_key})" if action.shown_key else name
        self._tip = ttkbootstrap.ToolTip(self, text=self._what)
        self._is_folded = False
        self.full_px = self.winfo_reqwidth() + theme.em_px() // 4

    def relabel(self, text: str) -> bool:
        """Bear that text; whether it is another."""
        if text == self._text:
            return False
        self._text = text
        self._is_folded = False
        self.configure(text=text, icon_only=False)
        self.full_px = self.winfo_reqwidth() + theme.em_px() // 4
        return True

    def fold(self, folded: bool) -> int:
        """The icon alone, if `folded`; how wide that is."""
        if self._text and folded != self._is_folded:
            self._is_folded = folded
            self.configure(text="" if folded else self._text, icon_only=folded)
        return self.winfo_reqwidth() + theme.em_px() // 4

    def show_obstacle(self, problem: str | None) -> None:
        """Grey, and why, or as usual."""
        wanted = ("disabled",) if problem else ("!disabled",)
        if bool(problem) != self.instate(["disabled"]):
            self.state(wanted)
            self._tip.configure(text=f"{self._what}: {problem}" if problem else self._what)


def window_icon(root: tk.Tk) -> ImageTk.PhotoImage:
    """The mark as the window's icon; keep it, or Tk forgets it."""
    icon = ImageTk.PhotoImage(mark(64, PALETTES[LIGHT]), master=root)
    root.iconphoto(True, icon)  # type: ignore[arg-type]
    return icon
