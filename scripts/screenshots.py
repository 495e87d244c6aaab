#!/usr/bin/env python3
"""Make docs/app-light.png and docs/app-dark.png from the running program, on an Xvfb of its own.

    .venv/bin/python scripts/screenshots.py

The demo runs a little faster than usual, until a node has died and its children have found new parents.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageGrab

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from desktop.demo import FIRST_KILL_ROUND  # noqa: E402
from desktop.palette import DARK, LIGHT  # noqa: E402
from desktop.sources import DemoSource  # noqa: E402

SCREEN = "1280x900"
SPEED = 1.5
ROUND = FIRST_KILL_ROUND + 4
TIMEOUT_S = 60.0
COLORS = 256


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


def main() -> None:
    """Run the demo, and take both pictures."""
    with display() as name:
        os.environ["DISPLAY"] = name
        from desktop.window import Window, open_root

        window = Window(open_root(LIGHT))
        root = window.root
        window.start(DemoSource(SPEED))
        deadline_s = time.monotonic() + TIMEOUT_S
        while (window.session and not (rows := window.session.model.rows)) or rows[-1].round < ROUND:
            root.update()
            if time.monotonic() > deadline_s:
                sys.exit(f"screenshots: no round {ROUND} within {TIMEOUT_S:g} s")
        for mode in (LIGHT, DARK):
            root.update()
            area = (0, 0, root.winfo_width(), root.winfo_rooty() + root.winfo_height())
            picture = ImageGrab.grab(area, xdisplay=name)
            path = ROOT / "docs" / f"app-{mode}.png"
            picture.quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")
            window.toggle_theme()
        window.close()


if __name__ == "__main__":
    main()
