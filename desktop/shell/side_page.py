"""A page beside the session: one card with a title, and a way back."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

import ttkbootstrap

from desktop import theme
from desktop.card import Card
from desktop.page import Page


class SidePage(Page):
    """`card` has the title; `leave` goes back to what was shown before."""

    def __init__(self, master: tk.Misc, title: str, leave: Callable[[], object]) -> None:
        em = theme.em_px()
        super().__init__(master, style="Ground.TFrame", padding=em // 2)
        self.title = title
        self.card = Card(self, title)
        self.card.pack(fill="both", expand=True)
        back = ttkbootstrap.Button(
            self.card.head, text="Back", icon="arrow-left", command=leave, bootstyle="ghost"
        )
        self.card.pack_control(back)
        ttkbootstrap.ToolTip(back, text="Back (Escape)")
