"""An X server for a benchmark, a script or the tests alone, and what is seen of a program on it."""

from __future__ import annotations

import ctypes
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageGrab

SCREEN = "1280x860"
_END_S = 10.0
_SUBSTRUCTURE_NOTIFY_MASK = 1 << 19  # X.h
_MAP_NOTIFY = 19


@contextmanager
def xvfb(screen: str = SCREEN) -> Iterator[str]:
    """The name of a display that is gone afterwards. Raises OSError if there can be none."""
    read_fd, write_fd = os.pipe()
    # It stays as it is when nobody is connected for a moment.
    options = ("-screen", "0", f"{screen}x24", "-nolisten", "tcp", "-noreset")
    command = ["Xvfb", "-displayfd", str(write_fd), *options]
    server = subprocess.Popen(command, pass_fds=[write_fd], stderr=subprocess.DEVNULL)
    os.close(write_fd)
    try:
        with os.fdopen(read_fd) as answer:  # one line when it is ready, or the end when it has failed
            number = answer.readline().strip()
        if not number:
            raise OSError("Xvfb did not start; run `Xvfb :99` to see why")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(timeout=_END_S)


def picture(display: str) -> Image.Image:
    """What is on it now, RGB."""
    return ImageGrab.grab(xdisplay=display).convert("RGB")


def pixels(seen: Image.Image, colour: str) -> int:
    """How many are of just that colour, "#rrggbb"."""
    wanted = tuple(bytes.fromhex(colour[1:]))
    colours = seen.getcolors(seen.width * seen.height) or []
    return sum(count for count, rgb in colours if rgb == wanted)


class _MapEvent(ctypes.Structure):
    """XMapEvent of Xlib.h; the union of all events is 24 longs."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("event", ctypes.c_ulong),
        ("window", ctypes.c_ulong),
        ("override_redirect", ctypes.c_int),
        ("rest", ctypes.c_long * 24),
    )


class MapWatch:
    """Hears from the X server, without asking it over and over, when a program's window is mapped."""

    def __init__(self, display: str) -> None:
        self._x = ctypes.CDLL("libX11.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(display.encode()))
        if not self._display:
            raise OSError(f"no display {display}")
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        root = ctypes.c_ulong(self._x.XDefaultRootWindow(self._display))
        self._x.XSelectInput(self._display, root, ctypes.c_long(_SUBSTRUCTURE_NOTIFY_MASK))
        self._x.XSync(self._display, 0)

    def next_window(self, timeout_s: float) -> float:
        """When (time.monotonic) a window was mapped that is no menu or hint. Raises TimeoutError."""
        deadline_s = time.monotonic() + timeout_s
        event = _MapEvent()
        while True:
            while self._x.XPending(self._display):
                self._x.XNextEvent(self._display, ctypes.byref(event))
                if event.type == _MAP_NOTIFY and not event.override_redirect:
                    return time.monotonic()
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(f"no window within {timeout_s:g} s")
            select.select([self._x.XConnectionNumber(self._display)], [], [], left_s)

    def close(self) -> None:
        """Let the display go."""
        self._x.XCloseDisplay(self._display)
