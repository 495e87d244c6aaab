#!/usr/bin/env python3
"""Does the window keep up with 10,000 frames a second?

    .venv/bin/python -m benchmarks.live_app [--minutes 10] [--rate 10000] [--nodes 200] [--profile FILE]

A bridge's TCP stream of a simulated tree (live_stream.py), in a process of its own, into the real window on
an Xvfb, with the tree, four plots and the packet list open, recorded as always. In the same run a bare
receiver has the same stream and only counts.

A stall is how much later than asked for the main loop calls a timer of 10 ms: so long a key or a click would
have waited. `shown` is what the model was given.
"""

from __future__ import annotations

import argparse
import cProfile
import multiprocessing
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.claims import Claim, quantile, report
from benchmarks.displays import picture, xvfb
from benchmarks.live_stream import METRICS, Sent, count_bare, make_frames, send
from benchmarks.ports import LOOPBACK
from bridge.access import OPEN
from bridge.addresses import Address
from bridge.capture_file import READ_BYTES
from protocol.capture import CaptureReader

if TYPE_CHECKING:
    from desktop.model.model import Changes
    from desktop.window import Window

TIMER_MS = 10
STALL_LIMIT_MS = 50.0
MEMORY_LIMIT = 1.1  # at the end, of what it was after a minute
END_MS = 200
SETTLED_S = 60.0  # the model's and the views' bounded stores fill during this time
SCREEN = "1920x1080"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def memory_mb() -> float:
    """What the process holds in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES / 1e6


@dataclass
class Watch:
    """A timer on the main loop that notes how late it is, and what memory and processor are used."""

    window: Window
    stalls_ms: list[float] = field(default_factory=list)
    memory_mb: list[tuple[float, float]] = field(default_factory=list)  # after so many seconds
    began_s: float = field(default_factory=time.monotonic)
    began_cpu_s: tuple[float, float] = field(
        default_factory=lambda: (time.process_time(), time.thread_time())
    )
    _due_s: float = 0.0

    def start(self) -> None:
        self._ask()

    def cpu(self) -> tuple[float, float]:
        """Processors used since the beginning: by the process, and by the main thread."""
        passed_s = time.monotonic() - self.began_s
        process_s, main_s = self.began_cpu_s
        return (time.process_time() - process_s) / passed_s, (time.thread_time() - main_s) / passed_s

    def _ask(self) -> None:
        self._due_s = time.monotonic() + TIMER_MS / 1000
        self.window.root.after(TIMER_MS, self._called)

    def _called(self) -> None:
        now_s = time.monotonic()
        self.stalls_ms.append(max(0.0, (now_s - self._due_s) * 1000))
        passed_s = now_s - self.began_s
        if not self.memory_mb or passed_s >= self.memory_mb[-1][0] + 1:
            self.memory_mb.append((passed_s, memory_mb()))
        self._ask()


def opened(recording: Path, port: int) -> Window:
    """The window with all that is to be seen, connected."""
    from desktop.sources.bridge import BridgeSource
    from desktop.window import Window, open_root

    window = Window(open_root("light"), recording)
    window.root.geometry("1900x1040")
    window.furnish()
    window.start(BridgeSource(Address(LOOPBACK, port), access=OPEN))
    _show_packets(window)
    window.root.update()
    return window


def show_four_plots(window: Window) -> None:
    """An axis for each metric, as soon as there is any: until then the view has its usual axes."""
    from desktop.plots.pane import Pane

    plot = window.workspace.plot
    if plot.metric_id is None:
        window.root.after(END_MS, show_four_plots, window)
    else:
        plot.set_panes(tuple(Pane(metric) for metric in METRICS))


def _show_packets(window: Window) -> None:
    """The packet list in front of the other tabs."""
    for action in window.actions:
        if action.label.lower().startswith("packets"):
            action.run()
            return
    print("There is no packet list in this window.", file=sys.stderr)


def recorded(log: Path) -> int:
    """How many records are on file."""
    reader, count = CaptureReader(), 0
    with log.open("rb") as file:
        while data := file.read(READ_BYTES):
            count += len(reader.feed(data))
    return count


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run."""

    sent: Sent
    bare: tuple[int, float]  # frames, and seconds of processor time
    recorded: int
    shown: int
    not_shown: int
    watch: Watch
    cpu: tuple[float, float]


def run(args: argparse.Namespace, frames: Path, folder: Path, display: str) -> Outcome:
    """Send, receive, show. Raises what goes wrong in the window."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    begun = spawn.Event()
    seconds = args.minutes * 60
    sender = spawn.Process(target=send, args=(frames, args.rate, seconds, 2, there, begun), daemon=True)
    sender.start()
    there.close()  # so that its end is noticed
    port: int = here.recv()
    bare_here, bare_there = spawn.Pipe()
    bare = spawn.Process(target=count_bare, args=(port, bare_there), daemon=True)
    bare.start()
    bare_there.close()
    window = opened(folder / "live.pcapng", port)
    session = window.session
    assert session is not None
    shown = 0

    def count(changes: Changes) -> None:
        nonlocal shown
        shown += changes.frames

    session.model.subscribe(count)
    watch = Watch(window)
    answer: list[Sent] = []
    cpu = (0.0, 0.0)

    def look_for_end() -> None:
        nonlocal cpu
        if not here.poll():
            window.root.after(END_MS, look_for_end)
            return
        answer.append(here.recv())
        cpu = watch.cpu()
        if args.picture:
            picture(display).save(args.picture)
        window.root.after(END_MS, window.close)

    profiler = cProfile.Profile() if args.profile else None
    watch.start()
    begun.set()
    window.root.after(END_MS, look_for_end)
    show_four_plots(window)
    if profiler:
        profiler.runcall(window.root.mainloop)
        profiler.dump_stats(args.profile)
    else:
        window.root.mainloop()
    sender.join()
    outcome = Outcome(
        answer[0], bare_here.recv(), recorded(session.log), shown, session.not_shown, watch, cpu
    )
    bare.join()
    return outcome


def claims(outcome: Outcome, rate_hz: int) -> list[Claim]:
    """What has to hold, and what stands beside it."""
    sent, watch = outcome.sent, outcome.watch
    stalls = watch.stalls_ms
    p99_ms = quantile(stalls, 0.99)
    settled_mb = next((mb for s, mb in watch.memory_mb if s >= SETTLED_S), watch.memory_mb[-1][1])
    start_mb, end_mb = watch.memory_mb[0][1], watch.memory_mb[-1][1]
    lost = sent.frames - outcome.recorded
    unseen = sent.frames - outcome.shown
    process, main = outcome.cpu
    bare_frames, bare_s = outcome.bare
    return [
        Claim(f"sent, of {rate_hz:,} a second", f"{sent.frames / sent.seconds:,.0f} a second"),
        Claim("recorded: none lost", f"{outcome.recorded:,} of {sent.frames:,}", lost == 0),
        Claim("shown: none left out", f"{outcome.shown:,} of {sent.frames:,}", unseen == 0),
        Claim("not shown, as the window knows", f"{outcome.not_shown:,}"),
        Claim("given up by the bridge, for both receivers", f"{sent.unsent:,}", sent.unsent == 0),
        Claim("stall of the main thread, p50", f"{quantile(stalls, 0.5):.1f} ms"),
        Claim(f"stall, p99: at most {STALL_LIMIT_MS:g} ms", f"{p99_ms:.1f} ms", p99_ms <= STALL_LIMIT_MS),
        Claim("stall, longest", f"{max(stalls):.1f} ms"),
        Claim("memory at the start, after a minute", f"{start_mb:.0f} MB, {settled_mb:.0f} MB"),
        Claim("memory at the end: flat", f"{end_mb:.0f} MB", end_mb <= settled_mb * MEMORY_LIMIT),
        Claim("processors: app, its main thread", f"{process:.2f}, {main:.2f}"),
        Claim("bare receiver: frames, processors", f"{bare_frames:,}, {bare_s / sent.seconds:.3f}"),
    ]


def main() -> int:
    """Measure, print; the exit code, 1 if a claim fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="(default: 10)")
    parser.add_argument(
        "--rate", type=int, default=10_000, metavar="HZ", help="frames a second (default: 10000)"
    )
    parser.add_argument("--nodes", type=int, default=200, help="of the tree (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="(default: 1)")
    parser.add_argument("--frames", type=Path, metavar="FILE", help="keep the frames here, for the next run")
    parser.add_argument("--profile", metavar="FILE", help="profile the main thread (and slow it down)")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="save what is seen in the end")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, xvfb(SCREEN) as display:
        place = Path(folder)
        os.environ |= {"DISPLAY": display, "HOME": folder} | {
            f"XDG_{name}_HOME": str(place / name.lower()) for name in ("CACHE", "CONFIG", "DATA", "STATE")
        }
        frames = args.frames or place / "frames"
        if not frames.exists():
            wanted = round(args.minutes * 60 * args.rate)
            make_frames(frames, args.nodes, wanted, args.seed)
        print(f"load {os.getloadavg()[0]:.1f} before")
        outcome = run(args, frames, place, display)
    title = f"{args.minutes:g} minutes of {args.rate:,} frames/s of {args.nodes} nodes"
    return report(title, claims(outcome, args.rate))


if __name__ == "__main__":
    sys.exit(main())
