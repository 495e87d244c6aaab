"""Cycles of garbage are looked for by the main thread alone while there is a window."""

from __future__ import annotations

import gc
import threading
import tkinter as tk
import weakref
from typing import TYPE_CHECKING

from tests.desktop.rig import wait

if TYPE_CHECKING:
    from desktop.window import Window


class Cycle:
    """Garbage that only a search for cycles finds."""

    def __init__(self, root: tk.Misc) -> None:
        self.itself = self
        self.variable = tk.StringVar(root)


def test_what_a_busy_thread_leaves_is_found_by_the_main_thread(window: Window) -> None:
    assert not gc.isenabled()
    found_by: list[threading.Thread] = []
    cycle = Cycle(window.root)
    gone = weakref.ref(cycle, lambda _: found_by.append(threading.current_thread()))
    del cycle
    kept: list[list[int]] = []

    def make_objects() -> None:
        kept.extend([] for _ in range(50_000))  # far beyond the threshold of a search

    thread = threading.Thread(target=make_objects)
    thread.start()
    thread.join(10)
    assert gone() is not None, "the busy thread has not looked"
    wait(window, lambda: gone() is None, "the search of the main thread")
    assert found_by == [threading.main_thread()]


def test_without_a_window_python_looks_by_itself_again(window: Window) -> None:
    window.close()
    assert gc.isenabled()


def test_what_lasts_as_long_as_the_window_is_searched_no_more(window: Window) -> None:
    window.furnish()
    assert gc.get_freeze_count() > 0
    window.close()
    assert gc.get_freeze_count() == 0
