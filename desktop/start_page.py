"""What the window shows before there is a source: the ways to begin."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from dataclasses import dataclass
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.actions import Action
from desktop.connect.feature import SourcesFeature
from desktop.keep.files import FilesFeature
from desktop.page import Page


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to begin, or a few of a kind; `icon` names a Bootstrap Icon, `buttons` have their words."""

    icon: str
    title: str
    text: str
    buttons: Sequence[tuple[str, Action]]


def offers(sources: SourcesFeature, files: FilesFeature) -> list[Offer]:
    """The ways to begin."""
    return [
        Offer(
            "play-circle",
            "Demo network",
            "Simulated nodes, no hardware. Now and then one dies: watch the network repair itself.",
            [("Tree", sources.demo), ("Ring", sources.ring_demo), ("Polling", sources.polling_demo)],
        ),
        Offer(
            "usb-plug",
            "Live field",
            "A bridge, an Arduino on a serial port, or agents on the network. All of it is recorded.",
            [("Connect …", sources.connect)],
        ),
        Offer(
            "folder2-open",
            "Packet log",
            "What was recorded before, with the same pictures and the same numbers.",
            [("Open a log …", files.open)],
        ),
    ]


class StartPage(Page):
    """A card for each offer; the first is for whoever is here for the first time."""

    def __init__(self, master: tk.Misc, offers: Sequence[Offer]) -> None:
        super().__init__(master, style="Ground.TFrame")
        em = theme.em_px()
        middle = ttk.Frame(self, style="Ground.TFrame")
        middle.place(relx=0.5, rely=0.46, anchor="center")
        ttk.Label(middle, text="See what your field feels", style="Hero.Ground.TLabel").pack()
        summary = "Sensors form a tree, a ring or a star. Maximum, average and count come round by round."
        label = ttk.Label(middle, text=summary, style="Muted.Ground.TLabel")
        label.pack(pady=(em // 2, round(2.5 * em)))
        row = ttk.Frame(middle, style="Ground.TFrame")
        row.pack()
        self._icons: list[tuple[ttk.Label, str]] = []
        for column, offer in enumerate(offers):
            row.columnconfigure(column, uniform="card")
            card = self._card(row, offer, is_first=not column)
            card.grid(row=0, column=column, sticky="nsew", padx=em // 2)
        self.repaint()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        for label, icon in self._icons:
            label.configure(image=ttkbootstrap.Icon(icon, size=30, color=theme.current().accent))

    def _card(self, master: tk.Misc, offer: Offer, *, is_first: bool) -> ttk.Frame:
        em = theme.em_px()
        card = ttk.Frame(master, style="Card.TFrame", padding=round(1.6 * em))
        top = ttk.Frame(card)
        top.pack(fill="x")
        icon = ttk.Label(top)
        icon.pack(side="left")
        self._icons.append((icon, offer.icon))
        keys = "  ".join(action.shown_key for _, action in offer.buttons)
        ttk.Label(top, text=keys, style="Muted.TLabel").pack(side="right", anchor="n")
        ttk.Label(card, text=offer.title, style="Title.TLabel").pack(anchor="w", pady=(em, em // 3))
        text = ttk.Label(card, text=offer.text, style="Muted.TLabel", wraplength=17 * em, justify="left")
        text.pack(anchor="w")
        row = ttk.Frame(card)
        row.pack(side="bottom", fill="x", pady=(2 * em, 0))
        for column, (words, action) in enumerate(offer.buttons):
            row.columnconfigure(column, weight=1, uniform="button")
            button = ttkbootstrap.Button(
                row,
                text=words,
                command=action.run,
                bootstyle="primary" if is_first and not column else "primary-outline",
            )
            button.grid(row=0, column=column, sticky="ew", padx=(em // 3 if column else 0, 0))
        return card
