#!/usr/bin/env python3
"""Make the pictures of the app in docs/ from the running program, on an Xvfb of its own.

    .venv/bin/python scripts/screenshots.py [NAME ...]

The demos run a little faster than usual, until a node has died and the network has closed over it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageGrab

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from desktop.demo import FIRST_KILL_ROUND  # noqa: E402
from desktop.palette import DARK, LIGHT, PALETTES  # noqa: E402
from desktop.sources import DemoSource  # noqa: E402
from protocol.packets import Network  # noqa: E402

if TYPE_CHECKING:
    from desktop.window import Window

SCREEN = "1280x900"
SPEED = 1.5
ROUND = FIRST_KILL_ROUND + 4
TIMEOUT_S = 60.0
SETTLE_S = 0.5  # for what glides, and for the plots
COLORS = 256


@dataclass(frozen=True)
class Shot:
    """One picture: which demo, until which round, in which theme; with the panels instead of the plots."""

    name: str
    network: Network
    round: int
    mode: str
    with_panels: bool = False
    speed: float = SPEED


SHOTS = (
    Shot("app-light", Network.TREE, ROUND, LIGHT),
    Shot("app-dark", Network.TREE, ROUND, DARK),
    Shot("ring-light", Network.RING, ROUND - 4, LIGHT, with_panels=True, speed=1.0),
    Shot("polling-dark", Network.POLLING, ROUND - 1, DARK, with_panels=True),
)


@contextmanager
def display() -> Iterator[str]:
    """An X server that is gone afterwards."""
    read_fd, write_fd = os.pipe()
    command = ["Xvfb", "-displayfd", str(write_fd), "-screen", "0", f"{SCREEN}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write_fd], stderr=subprocess.DEVNULL)
    os.close(write_fd)
    try:
        with os.fdopen(read_fd) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


def take(window: Window, shot: Shot, display_name: str) -> None:
    """Run the demo up to the round, and write the picture."""
    from desktop import theme

    root, workspace = window.root, window.workspace
    if theme.current() != PALETTES[shot.mode]:
        window.toggle_theme()
    if shot.with_panels != bool(workspace.panels.winfo_manager()):
        workspace.toggle_panels()
    window.start(DemoSource(shot.network, speed=shot.speed))
    deadline_s = time.monotonic() + TIMEOUT_S
    while (window.session and not (rows := window.session.model.rows)) or rows[-1].round < shot.round:
        root.update()
        if time.monotonic() > deadline_s:
            sys.exit(f"screenshots: {shot.name}: no round {shot.round} within {TIMEOUT_S:g} s")
    ready_s = time.monotonic() + SETTLE_S
    while time.monotonic() < ready_s:
        root.update()
    area = (0, 0, root.winfo_width(), root.winfo_rooty() + root.winfo_height())
    picture = ImageGrab.grab(area, xdisplay=display_name)
    path = ROOT / "docs" / f"{shot.name}.png"
    picture.quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")


def main() -> None:
    """Take those that are named, or all."""
    wanted = sys.argv[1:] or [shot.name for shot in SHOTS]
    with display() as name:
        os.environ["DISPLAY"] = name
        from desktop.window import Window, open_root

        window = Window(open_root(LIGHT))
        for shot in SHOTS:
            if shot.name in wanted:
                take(window, shot, name)
        window.close()


if __name__ == "__main__":
    main()
