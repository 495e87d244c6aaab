"""The app in the hands of nobody who thinks: all actions in any state and order, any answer to a question.

`TREERING_MONKEY=<seed>:<moves>` replays a run, or makes a longer one.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import tempfile
import time
import tkinter as tk
import traceback
import webbrowser
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING, Any

import pytest
import ttkbootstrap
from serial.tools import list_ports

from desktop.dialogs import Dialog
from desktop.editor import provision_dialog
from desktop.keep import export_feature
from tests.desktop.rig import descendants, dialogs, live

if TYPE_CHECKING:
    from desktop.actions import Action
    from desktop.window import Window

SEED, MOVES = 7, 60
MOST_ANSWERS = 6  # to one dialog: then it is closed as its frame's button does it
ANSWER_MS = 30
PAUSE_S = 0.06  # between two moves at most
CLOSE_S = 20.0
LAST_WORDS = ("Quit",)  # what the monkey does at the end alone
SAID = (
    "", "0", "-1", "7", "65536", "nan", "1e999", "1:23", "#12", "#99999999999999999999", "83.5 s", "\u202ex",
    "type == data and src == 7", "((((", "../../x", "{}[] $x \\", "a" * 400,
)  # fmt: skip
KEYS = [
    "Up",
    "Down",
    "Left",
    "Right",
    "Return",
    "space",
    "Delete",
    "Escape",
    "Tab",
    "a",
    "plus",
    "Home",
    "End",
]


class Monkey:
    """Does whatever the seed says, and remembers it."""

    def __init__(self, window: Window, seed: int, files: list[str]) -> None:
        self.window = window
        self.done: list[str] = []
        self.errors: list[str] = []
        self._random = random.Random(seed)
        self._files = files
        self._answered: dict[str, int] = {}
        window.root.report_callback_exception = self._note
        self._timer = window.root.after(ANSWER_MS, self._answer)

    def play(self, moves: int) -> None:
        """So many moves; actions are chosen much oftener than mere clicks."""
        for _ in range(moves):
            if not self.window.root.children or self.errors:
                return
            try:
                if self._asked():
                    pass  # they have the keyboard and the mouse
                elif self._random.random() < 0.7:
                    self._act()
                else:
                    self._poke()
            except Exception as error:  # what a test calls itself is in no callback
                self._note(type(error), error, error.__traceback__)
            deadline_s = time.monotonic() + self._random.uniform(0, PAUSE_S)
            live(self.window.root)
            while time.monotonic() < deadline_s and self.window.root.children:
                live(self.window.root)
                time.sleep(0.005)

    def leave(self) -> None:
        """Close the window, whatever goes on."""
        deadline_s = time.monotonic() + CLOSE_S
        while self.window.root.children:
            assert time.monotonic() < deadline_s, f"the window is not closed in {CLOSE_S} s"
            self.done.append("close")
            self.window.close()

    def file(self, *args: Any, **options: Any) -> str:
        """What the system's file dialogs answer."""
        found = self._random.choice(self._files)
        self.done.append(f"    the file {found}")
        return found

    def _act(self) -> None:
        actions = [action for action in self.window.actions if action.label not in LAST_WORDS]
        page = self.window.shown_page
        there = [action for action in actions if action.page is page is not None]
        action: Action = self._random.choice(there if there and self._random.random() < 0.3 else actions)
        self.done.append(f"{action.menu}: {action.label}")
        self.window.perform(action)

    def _poke(self) -> None:
        seen = [widget for widget in descendants(self.window.root) if widget.winfo_viewable()]
        if not seen:
            return
        widget = self._random.choice(seen)
        x, y = (
            self._random.randrange(max(1, size)) for size in (widget.winfo_width(), widget.winfo_height())
        )
        number = self._random.choice((1, 1, 1, 3, 4, 5))
        self.done.append(f"button {number} at {x}, {y} of {widget.winfo_class()} {widget}")
        with contextlib.suppress(tk.TclError):  # a press may be its end
            for event in (f"<ButtonPress-{number}>", "<Motion>", f"<ButtonRelease-{number}>"):
                widget.event_generate(event, x=x, y=y)
                x += self._random.randrange(-40, 40)
            key = self._random.choice(KEYS)
            self.done.append(f"    key {key}")
            widget.event_generate(f"<{key}>")

    def _answer(self) -> None:
        """Somebody may wait for an answer: this is done while others wait."""
        self._timer = self.window.root.after(ANSWER_MS, self._answer)
        asked = self._asked()
        if not asked:
            return
        dialog, name = asked[-1], str(asked[-1])
        count = self._answered[name] = self._answered.get(name, 0) + 1
        self._fill(dialog)
        if not dialog.winfo_exists():
            return
        if count > MOST_ANSWERS:
            if isinstance(dialog, Dialog):
                self.done.append("    Escape")
                dialog.event_generate("<Escape>")
            else:
                dialog.destroy()
            return
        buttons = [
            widget
            for widget in descendants(dialog)
            if isinstance(widget, ttk.Button | tk.Button | ttk.Checkbutton | ttk.Radiobutton)
        ]
        if buttons and self._random.random() < 0.8:
            button = self._random.choice(buttons)
            self.done.append(f"    “{button.cget('text')}” in {dialog.title()}")
            button.invoke()
        else:
            self.done.append(f"    Escape in {dialog.title()}")
            dialog.event_generate("<Escape>")

    def _asked(self) -> list[tk.Toplevel]:
        return [dialog for dialog in dialogs(self.window) if dialog.winfo_viewable()]

    def _fill(self, dialog: tk.Toplevel) -> None:
        for widget in list(descendants(dialog)):
            if isinstance(widget, ttk.Entry) and widget.winfo_exists() and self._random.random() < 0.3:
                values = tuple(widget.cget("values")) if isinstance(widget, ttk.Combobox) else SAID
                if values:
                    text = str(self._random.choice(values))
                    self.done.append(f"    says {text!r}")
                    widget.delete(0, "end")
                    widget.insert(0, text)
                    if isinstance(widget, ttk.Combobox):
                        widget.set(text)
                        widget.event_generate("<<ComboboxSelected>>")
                    else:
                        widget.event_generate("<Return>")

    def _note(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        self.errors.append("".join(traceback.format_exception(kind, error, trace)))


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for all that is temporary; nothing outside can be reached."""
    room = tmp_path / "temporary"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    monkeypatch.setenv("TMPDIR", str(room))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setattr(list_ports, "comports", lambda *_: [])
    monkeypatch.setattr(webbrowser, "open", lambda url: True)
    for module in (export_feature, provision_dialog):
        monkeypatch.setattr(module, "reveal", lambda *_, **__: None)
    return room


@pytest.fixture
def files(demo_log: Path, tmp_path: Path) -> list[str]:
    """What may be chosen, to be read or to be written."""
    empty, noise, field = (tmp_path / name for name in ("empty.pcapng", "noise.pcapng", "x.treering.toml"))
    empty.touch()
    noise.write_bytes(random.Random(0).randbytes(3000))
    field.write_text('[field]\nname = "x"\n[[node]]\nid = "seven"\n')
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(demo_log.read_bytes()[:50_001])
    nowhere = tmp_path / "no" / "such" / "folder" / "file.csv"
    made = tmp_path / "made"
    made.mkdir()
    return ["", str(demo_log), *map(str, (empty, noise, field, cut, nowhere, made, made / "a"))]


def test_no_order_of_actions_breaks_the_app(
    window: Window, room: Path, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seed, moves = map(int, os.environ.get("TREERING_MONKEY", f"{SEED}:{MOVES}").split(":"))
    monkey = Monkey(window, seed, files)
    for name in ("get_open_filename", "get_save_filename", "get_directory"):
        monkeypatch.setattr(ttkbootstrap.Querybox, name, monkey.file)
    monkey.play(moves)
    if not monkey.errors:
        monkey.leave()
    said = "\n".join([*monkey.done[-60:], *monkey.errors[:3]])
    replay = f"TREERING_MONKEY={seed}:{moves} pytest {__file__}"
    assert not monkey.errors, f"{said}\n{replay}"
    assert not multiprocessing.active_children(), f"{said}\n{replay}"
    assert not list(room.iterdir()), f"{said}\n{replay}"
