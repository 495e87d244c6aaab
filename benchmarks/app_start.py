#!/usr/bin/env python3
"""How long does the app take to start, packaged and from the clone, on an Xvfb of its own?

    make package && .venv/bin/python -m benchmarks.app_start [--runs 10] [--cold 3]

From the start of the process to its window being mapped, as the X server tells it; to the start page being
painted, and with `--demo` to the tree being there and moving, as pictures of the screen tell it (one every 20
to 40 ms). `processor` is what the process used of it until the window: on a machine with other work, how long
it would have taken without. Cold: the program's files are dropped from the page cache before each start.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageChops

from benchmarks.claims import Claim, print_table, quantile, report
from benchmarks.displays import MapWatch, picture, pixels, xvfb
from desktop.palette import LIGHT, PALETTES
from scripts.package import APP, size_bytes

TIMEOUT_S = 60.0
WINDOW_LIMIT_S, MOVING_LIMIT_S = 0.3, 3.0
PAINTED_PIXELS = 4_000  # of the borders of the cards of the start page, which have some 8,500
TREE_PIXELS = 5_000  # of joined nodes; sixteen of them have some 25,000
PROGRAMS: dict[str, Sequence[str]] = {
    "packaged": (str(APP / "treering"),),
    "from the clone": (sys.executable, "-m", "desktop.command"),
}
# What each reads when it starts.
PLACES: dict[str, Sequence[Path]] = {
    "packaged": (APP,),
    "from the clone": (Path(sys.prefix), Path(os.__file__).parent),
}
COLUMNS = ("", "window", "processor", "start page", "demo's tree", "tree moves")


class Start:
    """One start of the program, and the seconds to what is seen of it."""

    def __init__(self, command: Sequence[str], display: str, home: str) -> None:
        self._display = display
        env = {**os.environ, "DISPLAY": display, "HOME": home, "XDG_CONFIG_HOME": f"{home}/config"}
        env |= {f"XDG_{name}_HOME": f"{home}/{name.lower()}" for name in ("CACHE", "DATA", "STATE")}
        watch = MapWatch(display)
        try:
            self._began_s = time.monotonic()
            self.process = subprocess.Popen(
                [*command, "--theme", "light"], env=env, stderr=subprocess.DEVNULL
            )
            self.window_s = watch.next_window(TIMEOUT_S) - self._began_s
            self.processor_s = processor_s(self.process.pid)
        finally:
            watch.close()

    def until(self, is_seen: Callable[[Image.Image], bool]) -> float:
        """When that was seen. Raises TimeoutError."""
        while not is_seen(seen := picture(self._display)):
            if time.monotonic() - self._began_s > TIMEOUT_S:
                raise TimeoutError(f"not seen within {TIMEOUT_S:g} s")
        self.seen = seen
        return time.monotonic() - self._began_s

    def end(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def processor_s(pid: int) -> float:
    """What a process has used of the processor: proc(5), utime and stime."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_page(command: Sequence[str], display: str, home: str) -> list[float]:
    """Seconds to the window, of the processor's up to then, and to the start page."""
    border = PALETTES[LIGHT].border
    start = Start([*command, "desktop"], display, home)
    try:
        page_s = start.until(lambda seen: pixels(seen, border) > PAINTED_PIXELS)
        return [start.window_s, start.processor_s, page_s]
    finally:
        start.end()


def demo(command: Sequence[str], display: str, home: str) -> list[float]:
    """Seconds to the tree, and to it being another than at first."""
    joined = PALETTES[LIGHT].joined
    start = Start([*command, "desktop", "--demo"], display, home)
    try:
        tree_s = start.until(lambda seen: pixels(seen, joined) > TREE_PIXELS)
        first = _network(start.seen)
        return [
            tree_s,
            start.until(lambda seen: bool(ImageChops.difference(first, _network(seen)).getbbox())),
        ]
    finally:
        start.end()


def _network(seen: Image.Image) -> Image.Image:
    """Where the tree is drawn."""
    return seen.crop((0, seen.height // 6, seen.width // 2, seen.height // 2))


def forget(places: Sequence[Path]) -> None:
    """Drop all files there from the page cache, as after the computer was started."""
    for place in places:
        for path in place.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> int:
    """Measure, print; the exit code, 1 if a claim fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10, help="warm starts of each (default: 10)")
    parser.add_argument("--cold", type=int, default=3, help="cold starts of each (default: 3)")
    args = parser.parse_args()
    if not APP.is_dir():
        parser.error(f"{APP}: not there; run `make package` first")
    print(f"load {os.getloadavg()[0]:.1f} before; the package is {size_bytes(APP) / 1e6:.0f} MB\n")
    rows: list[Sequence[str]] = [COLUMNS]
    warm: dict[str, list[list[float]]] = {}
    with xvfb() as display, tempfile.TemporaryDirectory() as home:
        for name, command in PROGRAMS.items():
            start_page(command, display, home)
            demo(command, display, home)
            warm[name] = [
                start_page(command, display, home) + demo(command, display, home) for _ in range(args.runs)
            ]
            rows += _rows(f"{name}, warm", warm[name])
            cold = []
            for _ in range(args.cold):
                forget(PLACES[name])
                page = start_page(command, display, home)
                forget(PLACES[name])
                cold.append(page + demo(command, display, home))
            rows += _rows(f"{name}, cold", cold)
    print_table(rows)
    print()
    windows_s, processors_s, _, _, moving_s = zip(*warm["packaged"], strict=True)
    window_s, moves_s = quantile(windows_s, 0.5), quantile(moving_s, 0.5)
    return report(
        f"Medians of {args.runs} warm starts of the packaged app",
        [
            Claim(f"window within {WINDOW_LIMIT_S:g} s", f"{window_s:.2f} s", window_s <= WINDOW_LIMIT_S),
            Claim("of which the processor worked", f"{quantile(processors_s, 0.5):.2f} s"),
            Claim(f"tree moving within {MOVING_LIMIT_S:g} s", f"{moves_s:.2f} s", moves_s <= MOVING_LIMIT_S),
        ],
    )


def _rows(name: str, runs: Sequence[Sequence[float]]) -> list[list[str]]:
    """Median and worst of each column."""
    if not runs:
        return []
    columns = list(zip(*runs, strict=True))
    return [[name, *(f"{quantile(column, 0.5):.2f} s (max {max(column):.2f})" for column in columns)]]


if __name__ == "__main__":
    sys.exit(main())
