"""Ports for what tests and benchmarks run on this machine.

One that the system picks may be somebody else's by the time that it is used. So each process has a block of
its own, below what systems pick from, and holds it by listening at its first port.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Iterator

LOOPBACK = "127.0.0.1"
# Below Treering's own 28539, and below 32768, where Linux begins to pick.
BLOCK_PORTS = 200
BLOCKS = range(20_000, 28_000, BLOCK_PORTS)


def free_port() -> int:
    """A port that nobody has, for TCP on loopback or for a group by UDP; another one each time."""
    return next(_ports())


@functools.cache
def _ports() -> Iterator[int]:
    for first in BLOCKS:
        try:
            guard = socket.create_server((LOOPBACK, first))
        except OSError:
            continue
        with guard:
            while True:
                yield from filter(_is_free, range(first + 1, first + BLOCK_PORTS))
    raise RuntimeError(f"every block of ports from {BLOCKS.start} to {BLOCKS.stop - 1} is held by a process")


def _is_free(port: int) -> bool:
    try:
        socket.create_server((LOOPBACK, port)).close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("", port))
    except OSError:
        return False
    return True
