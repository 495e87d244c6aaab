"""A bridge's TCP stream of a simulated network, at any rate, and a bare receiver that only counts.

The frames are those of one long run of the simulator, so counters, versions and rounds go on as they should;
only time is pressed together. They go out by the listener and the streams of the bridge itself, with their
rule for who does not keep up: the oldest of 1024 waiting frames is given up, and counted.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

from benchmarks.ports import LOOPBACK
from bridge.addresses import Address
from bridge.link import Link, OnFrames
from bridge.tcp_listener import ListenSettings, TcpListener
from protocol.capture import Record
from protocol.simulator.medium import Air, Quality
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import scattered
from protocol.timing import Timing

METRICS = (0, 1, 2, 3)
PERIOD_MS = 20_000
ROOM_M = 10.0  # each node's share of the field, squared
RANGE_M = 25.0
LOSS = 0.02
TICK_S = 0.005
MOST_AT_ONCE = 500  # after this process had to wait: a stream gives up what is beyond 1024
DRAIN_S = 3.0  # for what is on its way when the last frame is sent


@dataclass(frozen=True, slots=True)
class Sent:
    """What the sender says in the end; `unsent` were given up, for all receivers together."""

    frames: int
    unsent: int
    seconds: float


def make_frames(path: Path, nodes: int, wanted: int, seed: int) -> None:
    """Write so many frames of such a tree, each with its length before it."""
    made = 0
    with path.open("wb") as file:

        def on_record(record: Record) -> None:
            nonlocal made
            file.write(struct.pack("B", len(record.frame)) + record.frame)
            made += 1

        side_m = nodes**0.5 * ROOM_M
        simulation = Simulation(
            scattered(nodes, side_m, side_m, RANGE_M, seed),
            seed=seed,
            timing=Timing(period_ms=PERIOD_MS),
            metrics=METRICS,
            air=Air(quality=Quality(loss=LOSS)),
            on_record=on_record,
            checks=False,  # simulated for its frames alone
        )
        while made < wanted:
            simulation.advance_to(simulation.clock.now_us + PERIOD_MS * 1000)


def read_frames(path: Path) -> Iterator[bytes]:
    """They, in order."""
    with path.open("rb") as file:
        while length := file.read(1):
            yield file.read(length[0])


def send(path: Path, rate_hz: int, seconds: float, receivers: int, port: Connection, begun: Event) -> None:
    """A process: say the port, wait for so many receivers, send for so long, say what was Sent."""
    asyncio.run(_send(path, rate_hz, seconds, receivers, port, begun))


async def _send(
    path: Path, rate_hz: int, seconds: float, receivers: int, port: Connection, begun: Event
) -> None:
    def attach(link: Link) -> OnFrames:
        return lambda frames: None

    settings = ListenSettings(Address(LOOPBACK, 0))
    listener = TcpListener(settings, attach, lambda link: None, lambda state: None)
    await listener.start()
    port.send(listener.address.port)
    while len(listener.clients) < receivers or not begun.is_set():
        await asyncio.sleep(TICK_S)
    clients, frames = list(listener.clients), read_frames(path)
    sent, total, start_s = 0, round(rate_hz * seconds), time.monotonic()
    while sent < total:
        await asyncio.sleep(TICK_S)
        due = min(total, sent + MOST_AT_ONCE, int((time.monotonic() - start_s) * rate_hz))
        for _ in range(due - sent):
            frame = next(frames)
            for client in clients:
                client.send(frame)
        sent = due
    took_s = time.monotonic() - start_s
    await asyncio.sleep(DRAIN_S)
    port.send(Sent(sent, sum(client.unsent for client in clients), took_s))
    await listener.close()


def count_bare(port_number: int, result: Connection) -> None:
    """A process: count the frames of that stream until it ends, and say how many, and the processor time."""
    frames, in_frame = 0, False
    with socket.create_connection((LOOPBACK, port_number)) as connection:
        connection.sendall(b"\0")
        while data := connection.recv(1 << 16):
            pieces = data.split(b"\0")
            # A frame ends at a 0x00 that something stands before.
            for piece in pieces[:-1]:
                frames += bool(piece) or in_frame
                in_frame = False
            in_frame = in_frame or bool(pieces[-1])
    result.send((frames, time.process_time()))
