"""How fast is a long log open: its index beside tshark, the first view in the window, ten million in memory?

    python -m benchmarks.log_open [--packets 1000000] [--most 10000000] [--no-tshark]

The log is one of the demo tree; the longest one is the same frames again and again, at later times. The index
is made in a process of its own each time, from a log that the system has read before, as tshark's is.
`benchmarks.seek` measures how long a seek in such a log takes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.claims import Claim, report
from benchmarks.displays import xvfb
from benchmarks.long_log import long_log
from bridge.access import OPEN, RecordOpener
from desktop.packets.filter_syntax import parse
from desktop.packets.folder import folder_of
from desktop.packets.index import PacketIndex
from desktop.packets.opening import FrameOpener
from desktop.packets.selection import Selection

LEAST_RATE = 1_000_000  # packets/s
MOST_FIRST_VIEW_S, MOST_REOPEN_S, MOST_MEMORY_MIB = 1.0, 1.0, 512
FILTERS = ("type == data and src == 7", "type == data and src == 7 and count < 5")
_SLICE_S = 0.008  # as the window gives it
_MIB = 1 << 20
_TICKS = 3, 4  # the words of a packet's block that tell its time, the upper half first


def main() -> int:
    """0 if all claims hold."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--most", type=int, default=10_000_000)
    parser.add_argument("--no-tshark", action="store_true")
    parser.add_argument("--index", type=Path, help=argparse.SUPPRESS)  # what the processes of their own do
    args = parser.parse_args()
    if args.index:
        print(json.dumps(_indexed(args.index)))
        return 0
    log = long_log(args.packets)
    longest = _repeated(log, args.most)
    claims = _index_claims(log, with_tshark=not args.no_tshark)
    claims += _filter_claims(log)
    claims += _memory_claims(longest)
    claims.append(_window_claim(log))
    return report("opening a log", claims)


def _index_claims(log: Path, *, with_tshark: bool) -> list[Claim]:
    log.read_bytes()  # into the system's cache
    shutil.rmtree(folder_of(log), ignore_errors=True)
    new, kept = _measured(log), _measured(log)
    rate = new["packets"] / new["all_s"]
    claims = [
        Claim(f"index of at least {LEAST_RATE:,} packets/s", f"{rate:,.0f} packets/s", rate >= LEAST_RATE),
        Claim("  of processor time", f"{new['packets'] / new['cpu_s']:,.0f} packets/s"),
        Claim("its first packets", f"{new['first_s'] * 1000:.0f} ms"),
        Claim("opened again", f"{kept['all_s'] * 1000:.0f} ms", kept["all_s"] < MOST_REOPEN_S),
        Claim("  than to index it", f"{new['all_s'] / kept['all_s']:.0f} times as fast"),
        Claim("beside the log", f"{_size(folder_of(log)) / _size(log):.0%} of its size"),
    ]
    if with_tshark and shutil.which("tshark"):
        peer = _tshark_rate(log)
        claims.append(Claim("tshark -T fields in this run", f"{peer:,.0f} packets/s"))
        claims.append(Claim("  ours : tshark", f"{rate / peer:.1f}"))
    return claims


def _filter_claims(log: Path) -> list[Claim]:
    """How long until all of the log is judged, in slices as the window gives them."""
    index = PacketIndex(log)
    index.extend()
    claims = []
    for text in FILTERS:
        selection = Selection(index, parse(text), FrameOpener(RecordOpener(OPEN), index, {}))
        began_s, worst_s = time.perf_counter(), 0.0
        while not selection.is_complete:
            slice_s = time.perf_counter()
            selection.extend(_SLICE_S)
            worst_s = max(worst_s, time.perf_counter() - slice_s)
        took_s = time.perf_counter() - began_s
        figure = f"{took_s * 1000:.0f} ms for {len(selection):,}, slices of {worst_s * 1000:.0f} ms at most"
        claims.append(Claim(f"filter {text}", figure))
    index.close()
    return claims


def _memory_claims(log: Path) -> list[Claim]:
    shutil.rmtree(folder_of(log), ignore_errors=True)
    new, kept = _measured(log), _measured(log)
    packets, memory_mib = int(new["packets"]), max(new["memory_mib"], kept["memory_mib"])
    name = f"{packets:,} packets within {MOST_MEMORY_MIB} MiB"
    return [
        Claim(name, f"{memory_mib:.0f} MiB at most", memory_mib <= MOST_MEMORY_MIB),
        Claim("  before the log was opened", f"{new['before_mib']:.0f} MiB"),
        Claim("  indexed", f"{new['all_s']:.1f} s, {packets / new['all_s']:,.0f} packets/s"),
        Claim("  of processor time", f"{packets / new['cpu_s']:,.0f} packets/s"),
        Claim("  opened again", f"{kept['all_s'] * 1000:.0f} ms", kept["all_s"] < MOST_REOPEN_S),
    ]


def _window_claim(log: Path) -> Claim:
    """From the wish to open it, in a window that is there, to the network and packets on the screen."""
    shutil.rmtree(folder_of(log), ignore_errors=True)
    with xvfb() as display, tempfile.TemporaryDirectory() as home:
        os.environ |= {"DISPLAY": display, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        first_s = _first_view_s(log)
    name = f"window: first view within {MOST_FIRST_VIEW_S:g} s"
    return Claim(name, f"{first_s:.2f} s", first_s <= MOST_FIRST_VIEW_S)


def _first_view_s(log: Path) -> float:
    from desktop.packets.feature import PacketsFeature
    from desktop.sources.log import LogSource
    from desktop.window import Window, open_root

    window = Window(open_root("light"))
    view = window.feature(PacketsFeature).view
    window.root.update()
    began_s = time.perf_counter()
    window.start(LogSource(log))
    window.workspace.select(view)
    while not (view.table.sheet.data and window.workspace.network.node_count):
        window.root.update()
    window.root.winfo_pointerxy()  # a round trip to the X server: all is drawn
    took_s = time.perf_counter() - began_s
    window.close()
    return took_s


def _measured(log: Path) -> dict[str, float]:
    """As `_indexed`, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.log_open", "--index", str(log)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def _indexed(log: Path) -> dict[str, float]:
    before_mib = _memory_mib()
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    index = PacketIndex(log)
    index.extend(0.0)
    index.records(0, 50)
    first_s = time.perf_counter() - began_s
    index.extend()
    all_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_began_s
    # A list at its end, a filter by the headers: what a person looks at first.
    index.records(len(index) - 50, len(index))
    selection = Selection(index, parse(FILTERS[0]), FrameOpener(RecordOpener(OPEN), index, {}))
    selection.extend(60.0)
    packets = len(index)
    index.close()
    found = {"packets": packets, "first_s": first_s, "all_s": all_s, "cpu_s": cpu_s}
    return found | {"before_mib": before_mib, "memory_mib": _memory_mib()}


def _memory_mib() -> float:
    """The most that this process has had."""
    status = Path("/proc/self/status")
    if not status.exists():
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MIB
    # Unlike ru_maxrss it does not begin with what the parent had.
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _tshark_rate(log: Path) -> float:
    """Packets a second, of a process that tells the number of each."""
    command = ["tshark", "-r", str(log), "-T", "fields", "-e", "frame.number"]
    began_s = time.perf_counter()
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return told.count(b"\n") / (time.perf_counter() - began_s)


def _repeated(log: Path, packets: int) -> Path:
    """A log of so many packets, made of those again and again."""
    path = log.with_name(f"repeated-{packets}.pcapng")
    if path.exists():
        return path
    index = PacketIndex(log)
    index.extend()
    data = np.fromfile(log, np.uint32)
    starts = (index.offset // 4).astype(np.int64)
    times = index.time_us.astype(np.uint64)
    span_us = int(times[-1] - times[0]) + 1_000_000
    beside = path.with_suffix(f".{os.getpid()}")
    with beside.open("wb") as file:
        data[: starts[0]].tofile(file)
        for copy in range(-(-packets // len(index))):
            later = times + np.uint64(copy * span_us)
            data[starts + _TICKS[0]], data[starts + _TICKS[1]] = later >> 32, later & 0xFFFFFFFF
            left = packets - copy * len(index)
            data[starts[0] : starts[left] if left < len(starts) else len(data)].tofile(file)
    index.close()
    beside.replace(path)
    return path


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*")) if path.is_dir() else path.stat().st_size


if __name__ == "__main__":
    sys.exit(main())
