"""The window's own size and place: as last time, on the screens that are there now."""

from __future__ import annotations

import re
import tkinter as tk

import ttkbootstrap

from desktop import theme
from desktop.shell.memory import Memory

SIZE_PX, LEAST_SIZE_PX = (1280, 800), (760, 520)  # at the usual resolution
_NAME, _ZOOMED = "window", "window fills the screen"

Box = tuple[int, int, int, int]


def clamped(box: Box, least: tuple[int, int], screen: Box) -> Box:
    """(width, height, x, y) that is wholly on `screen`, as large as it was unless there is no room."""
    width, height, x, y = box
    screen_width, screen_height, left, top = screen
    width = max(min(width, screen_width), min(least[0], screen_width))
    height = max(min(height, screen_height), min(least[1], screen_height))
    x = max(left, min(x, left + screen_width - width))
    y = max(top, min(y, top + screen_height - height))
    return width, height, x, y


def restore(root: tk.Tk, memory: Memory) -> None:
    """Give the window the place it had, or the usual one in the middle."""
    # The system's bars, the title and the menu take some of the screen's height.
    margin_px = 7 * theme.em_px()
    screen = (
        root.winfo_vrootwidth() or root.winfo_screenwidth(),
        (root.winfo_vrootheight() or root.winfo_screenheight()) - margin_px,
        root.winfo_vrootx(),
        root.winfo_vrooty(),
    )
    least = ttkbootstrap.scale_size(root, LEAST_SIZE_PX)
    root.minsize(min(least[0], screen[0]), min(least[1], screen[1]))
    known = memory.numbers(_NAME, 4)
    if known is None:
        width, height = ttkbootstrap.scale_size(root, SIZE_PX)
        width, height, _, _ = clamped((width, height, 0, 0), tuple(least), screen)
        root.geometry(f"{width}x{height}")
    else:
        width, height, x, y = clamped((known[0], known[1], known[2], known[3]), tuple(least), screen)
        root.geometry(f"{width}x{height}+{x}+{y}")
    if memory.numbers(_ZOOMED, 1) == [1]:
        _zoom(root, True)


def remember(root: tk.Tk, memory: Memory) -> None:
    """Keep the place for the next time; of a window that fills the screen, the place it had before."""
    is_zoomed = _is_zoomed(root)
    memory.put(_ZOOMED, [int(is_zoomed)])
    found = re.fullmatch(r"(\d+)x(\d+)\+(-?\d+)\+(-?\d+)", root.geometry())
    if found and not is_zoomed and not root.attributes("-fullscreen"):
        memory.put(_NAME, [int(number) for number in found.groups()])


def toggle_full_screen(root: tk.Tk) -> None:
    """All of the screen for the window, without the system's bars; or back."""
    root.attributes("-fullscreen", not root.attributes("-fullscreen"))


def _is_zoomed(root: tk.Tk) -> bool:
    if root.tk.call("tk", "windowingsystem") == "x11":
        return bool(int(root.attributes("-zoomed")))
    return root.state() == "zoomed"


def _zoom(root: tk.Tk, zoomed: bool) -> None:
    if root.tk.call("tk", "windowingsystem") == "x11":
        root.attributes("-zoomed", zoomed)
    else:
        root.state("zoomed" if zoomed else "normal")
