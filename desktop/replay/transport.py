"""The line below the views: step, play, how fast, and the strip of the session's time."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.actions import Action
from desktop.model.words import duration_label
from desktop.replay.overview import Overview
from desktop.replay.playback import SPEEDS
from desktop.replay.strip import Strip

_WIDE_EM = 52  # from this width on all is in one line
_UNITS = ("packet", "round")
EMPTY = "Time appears here with the first packet"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the controls say: `speed` is asked for, `real_speed` what could be held, if that is less.

    A session that `can_be_live` goes on meanwhile. `read_share` is how much of the log has been read, where
    the place that a person wants is further on.
    """

    is_playing: bool
    speed: float
    real_speed: float | None
    loops: bool
    by_round: bool
    can_be_live: bool
    is_live: bool
    read_share: float | None = None


@dataclass(frozen=True, slots=True)
class Controls:
    """What a person does here, but for the actions."""

    seek: Callable[[float], object]
    loop: Callable[[float, float], object]
    set_speed: Callable[[float], object]
    set_by_round: Callable[[bool], object]


def speed_label(speed: float) -> str:
    """As people read it."""
    return f"{speed:g}×"


def _rounded(speed: float) -> float:
    """To two figures: it changes all the time."""
    return float(f"{speed:.2g}")


class Transport(ttk.Frame):
    """`actions` are step back, play or pause, step forward, loop, and to the newest."""

    def __init__(self, master: tk.Misc, actions: tuple[Action, ...], controls: Controls) -> None:
        self._em = theme.em_px()
        super().__init__(master, style="Card.TFrame", padding=(self._em // 2, self._em // 4))
        self._controls = controls
        self._bar = ttk.Frame(self)
        back, play, forward, loop, live = actions
        self._button(back, "skip-backward-fill")
        self._play = self._button(play, "play-fill")
        self._button(forward, "skip-forward-fill")
        self._unit = self._chooser(_UNITS, 6, lambda place: controls.set_by_round(bool(place)), "a step is a")
        self._time = ttk.Label(self._bar, anchor="center")
        self._time.pack(side="left", padx=self._em // 2)
        names = [speed_label(speed) for speed in SPEEDS]
        self._speed = self._chooser(
            names, 6, lambda place: controls.set_speed(SPEEDS[place]), "how fast it plays"
        )
        self._loop = self._button(loop, "repeat")
        self._live = ttkbootstrap.Button(
            self._bar, text="LIVE", command=live.run, bootstyle="primary-outline", takefocus=True
        )
        self._live_hint = ttkbootstrap.ToolTip(self._live, text=f"{live.label} ({live.shown_key})")
        self._live.pack(side="left", padx=(self._em // 4, self._em // 2))
        self.strip = Strip(self, controls.seek, controls.loop)
        self._empty = ttk.Label(self, text=EMPTY, style="Muted.TLabel")
        self._shown: Shown | None = None
        self._span_us = 0
        self._start_us = 0
        self._is_wide: bool | None = None
        self.bind("<Configure>", lambda event: self._arrange(event.width))

    def show(self, shown: Shown, overview: Overview | None) -> None:
        """Bring all to that; None: nothing has come yet."""
        if shown != self._shown:
            self._shown = shown
            self._show_controls(shown)
        self._start_us = overview.start_us if overview else 0
        self._span_us = overview.end_us - overview.start_us if overview else 0
        self.strip.show(overview)
        if overview is None:
            self._empty.place(in_=self.strip, relx=0.5, rely=0.5, anchor="center")
            self._time.configure(text="")
        else:
            self._empty.place_forget()
            self.move(overview.shown_us)

    def _show_controls(self, shown: Shown) -> None:
        self._play.configure(icon="pause-fill" if shown.is_playing or shown.is_live else "play-fill")
        self._loop.configure(bootstyle="primary" if shown.loops else "ghost")
        self._live.configure(
            text="LIVE" if shown.can_be_live else "END",
            bootstyle="primary" if shown.is_live else "primary-outline",
        )
        place = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - shown.speed))
        real = shown.real_speed
        self._speed.set(speed_label(SPEEDS[place]) if real is None else f"≈ {_rounded(real):g}×")
        self._unit.set(_UNITS[shown.by_round])

    def move(self, shown_us: float) -> None:
        """The views show that time now."""
        at, whole = duration_label((shown_us - self._start_us) / 1e6), duration_label(self._span_us / 1e6)
        text = f"{at} / {whole}"
        if self._shown is not None and self._shown.read_share is not None:
            text = f"reading … {self._shown.read_share:.0%}"
        if self._time.cget("text") != text:
            self._time.configure(text=text, width=2 * len(whole) + 3)
        self.strip.move(shown_us)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self.strip.repaint()

    def _button(self, action: Action, icon: str) -> ttkbootstrap.Button:
        button = ttkbootstrap.Button(
            self._bar, icon=icon, icon_only=True, command=action.run, bootstyle="ghost"
        )
        ttkbootstrap.ToolTip(button, text=f"{action.label} ({action.shown_key})")
        button.pack(side="left")
        return button

    def _chooser(
        self, names: tuple[str, ...] | list[str], width: int, on_choice: Callable[[int], object], hint: str
    ) -> ttk.Combobox:
        box = ttk.Combobox(self._bar, values=list(names), width=width, state="readonly")

        def choose(_event: object) -> None:
            box.selection_clear()
            on_choice(box.current())

        box.bind("<<ComboboxSelected>>", choose)
        ttkbootstrap.ToolTip(box, text=hint)
        box.pack(side="left", padx=self._em // 4)
        return box

    def _arrange(self, width: int) -> None:
        """Where there is no room beside the controls the strip stands above them."""
        is_wide = width >= _WIDE_EM * self._em
        if is_wide == self._is_wide:
            return
        self._is_wide = is_wide
        self._bar.pack_forget()
        self.strip.pack_forget()
        self.strip.make_low(not is_wide)
        if is_wide:
            self._bar.pack(side="left")
            self.strip.pack(side="left", fill="x", expand=True)
        else:
            self.strip.pack(side="top", fill="x")
            self._bar.pack(side="top")
