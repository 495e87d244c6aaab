"""How many frames a second a bridge takes on one core, from the UDP socket until they are stored; how soon.

A sender, pinned to another core, plays the nodes of a polled network (a BEAT, then each node's READING, then
the RESULT of every round) at an offered rate. A process pinned to one core is the bridge: its real UdpLink,
Relay, SegmentedLog, FactLog, windows of a minute for each node, and Store, these two in threads of their own.
A rate is held if every reading is stored. The latency is from the sending of a reading's burst (of a
millisecond) until its commit. In the same run asyncio's bare datagram endpoint, which only counts, is offered
the same rates.

    .venv/bin/python -m benchmarks.bridge_rate                          # the ladder of rates, about 2 minutes
    .venv/bin/python -m benchmarks.bridge_rate --frames 10000000        # memory, at one rate

It prints, and fails for nothing but an error. README.md explains the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import socket
import struct
import sys
import tempfile
import time
from binascii import crc_hqx
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

from benchmarks.ports import free_port
from bridge.access import OPEN, RecordOpener
from bridge.event_loop import TURN_S
from bridge.log.fact_log import FactLog
from bridge.log.facts import Checkpoint, FactBatch
from bridge.log.runner import Runner
from bridge.log.segments import SegmentedLog
from bridge.log.settings import LogSettings
from bridge.relay import Relay
from bridge.store.store import Store
from bridge.stream.latency import LatencyHistogram
from bridge.stream.windows import Tumbling, Window
from bridge.udp_link import GROUP, LOOPBACK, WATCH_S, UdpLink
from protocol.aggregate import TEMPERATURE, Aggregate, metric_of
from protocol.observations import ReadingsSeen
from protocol.packets import BROADCAST, HOST, Beat, Frame, FrameType, Items, Reading, Result, encode

PRIMARY = 1
NODES = 200
RATES = (60_000, 80_000, 100_000, 110_000, 120_000, 140_000)
SECONDS = 8.0
WARM_S = 1.0
BURST_S = 0.001
WINDOW_S = 60.0
SAMPLED = 16  # one of so many readings is timed, so that the timing costs little
QUIET_S = WATCH_S + 0.2  # with nothing new for so long all has come that will, and what was lost is counted
STAMPS = 1 << 17  # send times of readings, in a ring
CONTROL_TIMEOUT_S = 600.0

_READING = struct.Struct(">BHHBHHHBBB")


# --- the sender ------------------------------------------------------------------------------------------


def frames_of(nodes: int) -> Iterator[bytes]:
    """A polled network's frames, round after round; a reading's number is version x nodes + its place."""
    counter = 0
    for count in range(1 << 62):
        version, counter = count & 0xFFFF, count & 0xFFFFFF
        beat = Beat(1, version, 0, 5_000, 10_000)
        yield encode(Frame(FrameType.BEAT, PRIMARY, BROADCAST, 2 * counter & 0xFFFFFF, beat))
        raws = [(count + node) * 37 % 101 + 80 for node in range(nodes)]
        for node, raw in enumerate(raws, PRIMARY + 1):
            body = _READING.pack(
                FrameType.READING, node, PRIMARY, counter >> 16, counter & 0xFFFF, 1, version, 1, 0, raw
            )
            yield body + crc_hqx(body, 0xFFFF).to_bytes(2, "big")
        highest = max(raws)
        found = Aggregate(version, highest, PRIMARY + 1 + raws.index(highest), min(65_535, sum(raws)), nodes)
        result = Result(100, Items(((TEMPERATURE.id, found),)))
        yield encode(Frame(FrameType.RESULT, PRIMARY, HOST, 2 * counter + 1 & 0xFFFFFF, result))


def check_frames(nodes: int) -> None:
    """What is written here by hand is what the protocol writes."""
    made = frames_of(nodes)
    next(made)
    reading = Reading(1, 0, 1, ((0, 80),))
    assert next(made) == encode(Frame(FrameType.READING, PRIMARY + 1, PRIMARY, 0, reading))


def send(control: Connection, core: int, nodes: int, stamps_name: str) -> None:
    """The sender's process: for each (address, rate, frames) send them, and answer what was sent."""
    _pin(core)
    stamps = SharedMemory(stamps_name)
    assert stamps.buf is not None
    times_ns = stamps.buf.cast("q")
    made, sent_readings = frames_of(nodes), 0
    while (order := control.recv()) is not None:
        address, rate, count = order
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect(address)
            first = sent_readings
            burst, is_reading = max(1, round(rate * BURST_S)), int(FrameType.READING)
            due_s = began_s = time.perf_counter()
            sent = late = 0
            while sent < count:
                frames = [next(made) for _ in range(min(burst, count - sent))]
                pause_s = due_s - time.perf_counter()
                if pause_s > 0:
                    time.sleep(pause_s)
                late += pause_s < -0.01
                now_ns = time.time_ns()
                for frame in frames:
                    if frame[0] == is_reading:
                        times_ns[sent_readings % STAMPS] = now_ns
                        sent_readings += 1
                    sender.send(frame)
                sent += len(frames)
                due_s += burst / rate
            took_s = time.perf_counter() - began_s
        control.send((sent, sent_readings - first, took_s, late))
    times_ns.release()
    stamps.close()


# --- the bridge ------------------------------------------------------------------------------------------


class Latencies:
    """Follows readings by their numbers, and notes of every SAMPLED how long ago it was sent."""

    def __init__(self, times_ns: memoryview, nodes: int) -> None:
        self.histogram = LatencyHistogram()
        self._times_ns = times_ns
        self._nodes = nodes
        self._version, self._first = 0, 0  # the number of that version's first reading

    def note(self, batch: FactBatch, now_ns: int) -> None:
        """Its readings have arrived now."""
        for fact in batch.facts[::SAMPLED]:
            if type(fact) is ReadingsSeen:
                if fact.version != self._version:
                    self._first += (fact.version - self._version & 0xFFFF) * self._nodes
                    self._version = fact.version
                sent_ns = self._times_ns[(self._first + fact.node - PRIMARY - 1) % STAMPS]
                self.histogram.record((now_ns - sent_ns) / 1e9)


# Takes a time and a value; makes that value of a raw reading.
Series = tuple[Callable[[float, float], Sequence[Window]], Callable[[float], float]]


class WindowConsumer:
    """Windows of every node and metric, in the metric's unit."""

    name = "windows"

    def __init__(self, latencies: Latencies) -> None:
        self.windows = 0
        self._latencies = latencies
        self._series: dict[tuple[int, int], Series] = {}

    def checkpoint(self) -> Checkpoint | None:
        """Never kept: windows begin anew."""
        return None

    def take(self, batch: FactBatch) -> None:
        """Each reading into its window."""
        windows, series = 0, self._series
        for fact in batch.facts:
            if type(fact) is ReadingsSeen:
                time_s = fact.timestamp_us / 1e6
                for pair in fact.pairs:
                    push, scaled = series.get((fact.node, pair[0])) or self._new_series(fact.node, pair[0])
                    windows += len(push(time_s, scaled(pair[1])))
        self.windows += windows
        self._latencies.note(batch, time.time_ns())

    def _new_series(self, node: int, metric: int) -> Series:
        return self._series.setdefault((node, metric), (Tumbling(WINDOW_S).push, metric_of(metric).scaled))

    def idle(self, now_us: int) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is kept."""


class TimedStore(Store):
    """The store, which notes when batches are committed."""

    def watch(self, latencies: Latencies) -> None:
        """Before it starts."""
        self._latencies = latencies
        self._uncommitted: list[FactBatch] = []

    def take(self, batch: FactBatch) -> None:
        """As the store does."""
        self._uncommitted.append(batch)
        super().take(batch)
        self._note_commit()

    def idle(self, now_us: int) -> None:
        """As the store does."""
        super().idle(now_us)
        self._note_commit()

    def _note_commit(self) -> None:
        if self._uncommitted and self.checkpoint() == self._uncommitted[-1].checkpoint:
            now_ns = time.time_ns()
            for batch in self._uncommitted:
                self._latencies.note(batch, now_ns)
            self._uncommitted.clear()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an offer. `windowed` and `stored` are quantiles in seconds: p50, p99, most."""

    received: int
    readings: int
    dropped: int
    windowed: Sequence[float]
    stored: Sequence[float]
    rss_mb: float
    cpu_s: float


def bridge(control: Connection, core: int, nodes: int, stamps_name: str, folder: Path) -> None:
    """The bridge's process: answers each "begin" with its address, each "end" with an Outcome."""
    _pin(core)
    sys.setswitchinterval(TURN_S)  # as bridge.event_loop does for the commands
    stamps = SharedMemory(stamps_name)
    assert stamps.buf is not None
    times_ns = stamps.buf.cast("q")
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(_bridge(control, nodes, times_ns, folder))
    times_ns.release()
    stamps.close()


def _ignore(facts: Sequence[object]) -> None:
    """The consumers have them."""


async def _bridge(control: Connection, nodes: int, times_ns: memoryview, folder: Path) -> None:
    windowed, stored = Latencies(times_ns, nodes), Latencies(times_ns, nodes)
    log = SegmentedLog(LogSettings(folder / "log"))
    fact_log = FactLog(log, lambda: RecordOpener(OPEN))
    store = TimedStore(folder / "store.sqlite", "benchmark")
    store.watch(stored)
    runners = [Runner(fact_log, store), Runner(fact_log, WindowConsumer(windowed))]
    for runner in runners:
        runner.start()
    relay, link = Relay(), UdpLink(GROUP, free_port(), LOOPBACK)
    relay.subscribe(lambda records: _ignore(fact_log.append(records)))
    await link.start(relay.attach(link), lambda state: None)

    def snapshot() -> Outcome:
        return Outcome(
            fact_log.records,
            store.readings,
            sum(link.drops.values()),
            _quantiles(windowed.histogram),
            _quantiles(stored.histogram),
            _rss_mb(),
            time.process_time(),
        )

    def clear() -> None:
        for latencies in (windowed, stored):
            latencies.histogram.clear()

    await _obey(control, link.address, snapshot, clear, lambda: store.readings)
    await link.close()
    for runner in runners:
        runner.stop()
    log.close()


class _Counting(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.count = 0

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.count += 1


def bare(control: Connection, core: int) -> None:
    """asyncio's own datagram endpoint in the bridge's place: it receives, and counts."""
    _pin(core)
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(_bare(control))


async def _bare(control: Connection) -> None:
    from bridge import receive_buffer

    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind((LOOPBACK, 0))
    receiver.setblocking(False)
    receive_buffer.enlarge(receiver)
    loop = asyncio.get_running_loop()
    transport, counting = await loop.create_datagram_endpoint(_Counting, sock=receiver)

    def snapshot() -> Outcome:
        lost = receive_buffer.dropped(receiver)
        return Outcome(counting.count, 0, lost, (), (), _rss_mb(), time.process_time())

    await _obey(control, receiver.getsockname(), snapshot, lambda: None, lambda: counting.count)
    transport.close()


async def _obey(
    control: Connection,
    address: object,
    snapshot: Callable[[], Outcome],
    clear: Callable[[], None],
    progress: Callable[[], int],
) -> None:
    """Answer the measuring process until it says None."""
    loop, orders = asyncio.get_running_loop(), asyncio.Queue[object]()
    loop.add_reader(control, lambda: orders.put_nowait(control.recv()))
    while (order := await orders.get()) is not None:
        if order == "begin":
            clear()
            control.send((address, snapshot()))
        else:
            seen = -1
            while progress() != seen:  # until nothing comes any more
                seen = progress()
                await asyncio.sleep(QUIET_S)
            control.send(snapshot())
    loop.remove_reader(control)


def _quantiles(histogram: LatencyHistogram) -> tuple[float, float, float]:
    return histogram.quantile(0.5), histogram.quantile(0.99), histogram.max_s


def _rss_mb() -> float:
    """Of this process, without what it shares."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1000
    return 0.0


def _pin(core: int) -> None:
    os.sched_setaffinity(0, {core})


# --- the measurement -------------------------------------------------------------------------------------


class Side:
    """A process, and the pipe to it."""

    def __init__(self, work: Callable[..., None], *args: object) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.control, theirs = spawn.Pipe()
        self.process = spawn.Process(target=work, args=(theirs, *args), daemon=True)
        self.process.start()

    def ask(self, order: object) -> Any:
        """Its answer."""
        self.control.send(order)
        if not self.control.poll(CONTROL_TIMEOUT_S):
            raise TimeoutError(f"no answer to {order}")
        return self.control.recv()

    def end(self) -> None:
        """Have it end by itself."""
        self.control.send(None)
        self.process.join(20)


def offer(sender: Side, receiver: Side, rate: int, count: int) -> tuple[str, bool]:
    """Offer that many frames at that rate: what to print, and whether all came through."""
    address, before = receiver.ask("begin")
    sent, readings, took_s, late = sender.ask((address, rate, count))
    after: Outcome = receiver.ask("end")
    received = after.received - before.received
    stored = after.readings - before.readings if after.readings else received
    lost = (readings if after.readings else sent) - stored
    cpu_us = 1e6 * (after.cpu_s - before.cpu_s) / received if received else 0.0
    parts = [
        f"{rate:>7,}/s offered, {sent / took_s:>9,.0f}/s sent: {received:>10,} received, {lost:>8,} lost",
        f"({after.dropped - before.dropped:,} by the system)",
        f"{cpu_us:4.1f} us of the core a frame, {after.rss_mb:,.0f} MB",
    ]
    for name, found_s in (("windowed", after.windowed), ("stored", after.stored)):
        if found_s:
            p50, p99, most = (1e3 * found for found in found_s)
            parts.append(f"{name} p50 {p50:.1f} p99 {p99:.1f} max {most:.1f} ms")
    if late:
        parts.append(f"(the sender was late {late} times)")
    return "  ".join(parts), lost == 0


def climb(args: argparse.Namespace, sender: Side, receiver: Side) -> None:
    """Offer one rate after the other, and say which was the highest that was held."""
    most = 0
    for rate in args.rates:
        text, is_held = offer(sender, receiver, rate, round(rate * args.seconds))
        print(text, flush=True)
        most = max(most, rate if is_held else 0)
    print(f"most without a loss: {most:,}/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, metavar="N", help="frames/s to offer")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="at each rate")
    parser.add_argument("--nodes", type=int, default=NODES)
    parser.add_argument("--frames", type=int, metavar="N", help="offer so many at the first rate, for memory")
    parser.add_argument("--no-bare", action="store_true", help="leave out asyncio's bare receiver")
    parser.add_argument("--folder", type=Path, help="for log and store (default: a temporary one)")
    args = parser.parse_args()
    check_frames(args.nodes)
    cores = sorted(os.sched_getaffinity(0))
    stamps = SharedMemory(create=True, size=8 * STAMPS)
    try:
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            sender = Side(send, cores[-2], args.nodes, stamps.name)
            _measure(args, sender, cores[-1], stamps.name, Path(folder))
            sender.end()
    finally:
        stamps.close()
        stamps.unlink()


def _measure(args: argparse.Namespace, sender: Side, core: int, stamps_name: str, folder: Path) -> None:
    receiver = Side(bridge, core, args.nodes, stamps_name, folder)
    print("bridge:")
    offer(sender, receiver, args.rates[0] // 2, round(args.rates[0] // 2 * WARM_S))
    if args.frames:
        step = max(1, args.frames // 10)
        for done in range(step, args.frames + 1, step):
            text, _ = offer(sender, receiver, args.rates[0], step)
            print(f"{done:>12,} frames  {text}", flush=True)
    else:
        climb(args, sender, receiver)
    receiver.end()
    if args.no_bare or args.frames:
        return
    receiver = Side(bare, core)
    print("asyncio's bare receiver:")
    climb(args, sender, receiver)
    receiver.end()


if __name__ == "__main__":
    main()
