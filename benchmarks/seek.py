"""How long does a seek in a long log take, until it is seen? In the app's own window, with all its views.

    python -m benchmarks.seek [--packets 1000000] [--seeks 200] [--opened]

First the log is analysed as for a person who opens it for the first time, at the pace that the process has
beside the window; then the window goes to places by chance, forward and back. A seek is over when the X
server has answered after all that was to be drawn. With --opened the trail of a former run is used.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from _tkinter import DONT_WAIT
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.claims import Claim, print_table, quantile, report
from benchmarks.displays import xvfb
from benchmarks.long_log import long_log
from desktop.packets.folder import folder_of

if TYPE_CHECKING:
    from desktop.replay.replay import Replay
    from desktop.window import Window

MOST_SEEK_MS, MOST_FIRST_VIEW_S = 100, 1.0
SEED = 7
PLAYED_S = 8.0
_MIB = 1 << 20
_PATIENCE_S = 600


def main() -> int:
    """0 if all claims hold."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--seeks", type=int, default=200)
    parser.add_argument("--opened", action="store_true")
    args = parser.parse_args()
    log = long_log(args.packets)
    if not args.opened:
        shutil.rmtree(folder_of(log), ignore_errors=True)
    with xvfb("1280x900") as display, tempfile.TemporaryDirectory() as home:
        os.environ |= {"DISPLAY": display, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        return _run(log, args.seeks)


def _run(log: Path, seeks: int) -> int:
    from desktop.sources.log import LogSource
    from desktop.window import Window, open_root

    window = Window(open_root("light"))
    window.furnish()
    gc.freeze()  # as the app does
    began_s = time.monotonic()
    window.start(LogSource(log))
    session = window.session
    assert session is not None
    replay = session.replay
    assert replay is not None
    _until(window, lambda: bool(session.model.rows) and window.workspace.network.node_count > 0)
    first_s = time.monotonic() - began_s
    stalls_ms: list[float] = [0.0]
    _until(window, lambda: replay.is_complete and replay.position == len(replay.times), stalls_ms)
    analysed_s = time.monotonic() - began_s
    records = len(replay.times)
    took_ms, worked_ms = _seeks(window, replay, seeks)
    drags_ms = _steps(window, replay, seeks // 4)
    speed, played_ms = _play(window, replay)
    window.close()
    index_bytes = sum(file.stat().st_size for file in folder_of(log).rglob("*"))
    replay_bytes = sum(file.stat().st_size for file in (folder_of(log) / "replay").iterdir())
    worked = [quantile(worked_ms, share) for share in (0.5, 0.99)]
    print_table(
        [
            ("log", f"{records:,} packets, {log.stat().st_size / _MIB:.0f} MiB"),
            (
                "beside it",
                f"{index_bytes / _MIB:.1f} MiB, {replay_bytes / _MIB:.1f} MiB for replays",
            ),
            ("first view", f"{first_s:.2f} s"),
            ("analysed", f"{analysed_s:.1f} s, {records / analysed_s:,.0f} packets/s"),
            ("callbacks meanwhile", f"p99 {quantile(stalls_ms, 0.99):.0f} ms, most {max(stalls_ms):.0f} ms"),
            ("seeks", f"{len(took_ms)}: median {quantile(took_ms, 0.5):.0f} ms, most {max(took_ms):.0f} ms"),
            ("work of a seek", f"median {worked[0]:.0f} ms, p99 {worked[1]:.0f} ms of a processor"),
            ("load", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"),
            ("steps back", f"p99 {quantile(drags_ms, 0.99):.0f} ms"),
            ("played at 1000×", f"{speed:,.0f}×, callbacks p99 {quantile(played_ms, 0.99):.0f} ms"),
            ("memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"),
        ]
    )
    p99_ms, is_soon = quantile(took_ms, 0.99), first_s <= MOST_FIRST_VIEW_S
    first, seek = f"first view within {MOST_FIRST_VIEW_S:g} s", f"seek p99 under {MOST_SEEK_MS} ms"
    return report(
        "seeking",
        [Claim(first, f"{first_s:.2f} s", is_soon), Claim(seek, f"{p99_ms:.0f} ms", p99_ms < MOST_SEEK_MS)],
    )


def _seeks(window: Window, replay: Replay, count: int) -> tuple[list[float], list[float]]:
    """How long each took, and how much of a processor, in milliseconds."""
    from desktop.replay.feature import ReplayFeature

    feature, chance = window.feature(ReplayFeature), random.Random(SEED)
    took_ms, worked_ms = [], []
    for _ in range(count):
        _settle(window)
        time_us = replay.times.at(chance.randrange(len(replay.times)))
        began_s, worked_s = time.perf_counter(), time.process_time()
        feature.seek_time(time_us)
        _settle(window)
        took_ms.append((time.perf_counter() - began_s) * 1000)
        worked_ms.append((time.process_time() - worked_s) * 1000)
        assert replay.position == replay.times.records_until(time_us)
    return took_ms, worked_ms


def _steps(window: Window, replay: Replay, count: int) -> list[float]:
    from desktop.replay.feature import ReplayFeature

    feature = window.feature(ReplayFeature)
    took_ms = []
    for _ in range(count):
        began_s = time.perf_counter()
        window.perform(feature.back)
        _settle(window)
        took_ms.append((time.perf_counter() - began_s) * 1000)
    return took_ms


def _play(window: Window, replay: Replay) -> tuple[float, list[float]]:
    """How fast it was, and how long callbacks took meanwhile."""
    replay.seek(0)
    replay.set_speed(1000.0)
    replay.toggle()
    began_s, began_us = time.monotonic(), replay.times.at(0)
    played_ms: list[float] = [0.0]
    _until(window, lambda: time.monotonic() - began_s >= PLAYED_S, played_ms)
    passed_s, gone_s = time.monotonic() - began_s, (replay.times.at(replay.position) - began_us) / 1e6
    replay.toggle()
    return gone_s / passed_s, played_ms


def _settle(window: Window) -> None:
    """All that is due is drawn, and has arrived."""
    window.root.update_idletasks()
    while window.root.tk.dooneevent(DONT_WAIT):
        pass
    window.root.winfo_pointerxy()  # a round trip to the X server


def _until(window: Window, done: Callable[[], bool], stalls_ms: list[float] | None = None) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not done():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"waited {_PATIENCE_S} s")
        began_s = time.perf_counter()
        had_event = window.root.tk.dooneevent(DONT_WAIT)
        if stalls_ms is not None and had_event:
            stalls_ms.append((time.perf_counter() - began_s) * 1000)
        if not had_event:
            time.sleep(0.001)


if __name__ == "__main__":
    sys.exit(main())
