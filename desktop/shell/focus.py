"""Who has the keyboard."""

from __future__ import annotations

import tkinter as tk


def focused(window: tk.Misc) -> tk.Misc | None:
    """The widget of this app that has it; None while another program has it.

    An open list of a Combobox counts as the Combobox: tkinter's `focus_get` raises KeyError for what Tk made
    without an object.
    """
    name = str(window.tk.call("focus"))
    return window.nametowidget(name.partition(".popdown")[0]) if name else None
