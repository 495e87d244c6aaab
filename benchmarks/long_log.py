"""A long packet log of the demo tree, made once and kept in the system's temporary folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from desktop.sources.demo import demo_simulation
from protocol.capture import CaptureWriter, Record


def long_log(packets: int) -> Path:
    """A log of so many packets: 16 nodes, of which one dies and comes back now and then."""
    path = Path(tempfile.gettempdir()) / "treering-benchmarks" / f"tree-{packets}.pcapng"
    if path.exists():
        return path
    path.parent.mkdir(exist_ok=True)
    print(f"making {path}, about {packets / 8_000:.0f} s ...", flush=True)
    writer, left = CaptureWriter(), packets
    beside = path.with_suffix(f".{os.getpid()}")
    with beside.open("wb") as file:
        file.write(writer.header())

        def write(record: Record) -> None:
            nonlocal left
            if left > 0:
                left -= 1
                file.write(writer.encode(record))

        simulation = demo_simulation(write)
        step_us = 60_000_000
        while left > 0:
            simulation.advance_to(simulation.clock.now_us + step_us)
    beside.replace(path)
    return path
