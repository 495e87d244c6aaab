"""What the tests of the bridge share: a loop with a bound, a serial line, frames, a link that remembers."""

from __future__ import annotations

import asyncio
import os
import select
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from bridge.link import LinkState, OnFrames, OnState
from protocol.aggregate import Aggregate
from protocol.framing import Deframer, encode_stream
from protocol.packets import (
    BROADCAST,
    MAX_AGGREGATES,
    MAX_LINKS,
    NO_HOP_COUNT,
    Depth,
    DropReason,
    Frame,
    FrameType,
    Help,
    Items,
    Link,
    Report,
    encode,
)

TIMEOUT_S = 20.0
POLL_S = 0.005
TERMINAL_BYTES = 20_480  # what a Linux pseudo-terminal takes that nobody reads


def run(main: Coroutine[Any, Any, None], timeout_s: float = 50.0) -> None:
    """Run `main` on the loop that the commands use."""

    async def bounded() -> None:
        async with asyncio.timeout(timeout_s):
            await main

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(bounded())


async def until(condition: Callable[[], object], timeout_s: float = TIMEOUT_S) -> None:
    """Wait for something that tells nobody."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come true in time"
        await asyncio.sleep(POLL_S)


def broadcast(source: int, counter: int = 1) -> bytes:
    """A frame for every neighbour: the call of a node that has just started."""
    return encode(Frame(FrameType.HELP, source, BROADCAST, counter, Help(0, NO_HOP_COUNT)))


def unicast(source: int, destination: int, counter: int = 1) -> bytes:
    """A frame for one neighbour."""
    return encode(Frame(FrameType.DEPTH, source, destination, counter, Depth(0)))


def longest(source: int, counter: int = 1) -> bytes:
    """A report with all that it can hold."""
    aggregates = tuple((metric, Aggregate(1, 2, 3, 4, 5)) for metric in range(MAX_AGGREGATES))
    items = Items(aggregates, (Link(1, 2, 255),) * MAX_LINKS, doubt=1)
    return encode(Frame(FrameType.DATA, source, 1, counter, Report(0, items)))


class Inbox:
    """Frames and states that a link has told."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.states: list[LinkState] = []

    async def next_frame(self) -> bytes:
        """The oldest frame, removed."""
        await until(lambda: self.frames)
        return self.frames.pop(0)

    async def state(self, *, is_up: bool) -> LinkState:
        """The last state, once it is that one."""
        await until(lambda: self.states and self.states[-1].is_up == is_up)
        return self.states[-1]


class Line:
    """A serial line behind a symbolic link, as the emulated board makes one; the test holds the other end."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.plug()

    def plug(self) -> None:
        """A new pseudo-terminal, under the same name."""
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        self.device = os.ttyname(slave)
        os.close(slave)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(self.device)
        self._deframer = Deframer()
        self._frames: list[bytes] = []

    def unplug(self) -> None:
        """The device goes, its name with it."""
        self.link.unlink()
        os.close(self._master)

    def write(self, data: bytes) -> None:
        """Bytes toward the link."""
        while data:
            select.select([], [self._master], [], TIMEOUT_S)
            data = data[os.write(self._master, data) :]

    def write_frame(self, frame: bytes) -> None:
        """A frame toward the link."""
        self.write(encode_stream(frame))

    def read(self) -> bytes:
        """What the link has written so far."""
        try:
            return os.read(self._master, 4096)
        except OSError:  # nothing, or the link has the port not open
            return b""

    async def next_frame(self) -> bytes:
        """The next frame from the link."""

        def received() -> bool:
            self._frames += self._deframer.feed(self.read())
            return bool(self._frames)

        await until(received)
        return self._frames.pop(0)


class MemoryLink:
    """A link that keeps what it is given, and receives what a test says."""

    def __init__(self, name: str, *, is_tap: bool = False) -> None:
        self.name = name
        self.is_tap = is_tap
        self.fill = 0.0
        self.drops: Counter[DropReason] = Counter()
        self.unsent = 0
        self.sent: list[bytes] = []
        self.is_open = False

    async def start(self, on_frames: OnFrames, on_state: OnState) -> None:
        """See bridge.link.Link.start."""
        self.is_open = True
        self._on_frames = on_frames
        on_state(LinkState(self.name, is_up=True))

    def receive(self, *frames: bytes) -> None:
        """They come in, in one batch."""
        self._on_frames(frames)

    def send(self, frame: bytes) -> None:
        """See bridge.link.Link.send."""
        self.sent.append(frame)

    async def close(self) -> None:
        """See bridge.link.Link.close."""
        self.is_open = False
