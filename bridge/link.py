"""A link: one segment of the broadcast domain (a serial port, a UDP group, a node in this process)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.errors import TreeringError
from protocol.packets import DropReason


class LinkError(TreeringError):
    """A link that cannot be opened; the message names it, the cause and the remedy."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """A link works, or does not for `reason`."""

    link: str
    is_up: bool
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.link} is up" if self.is_up else f"{self.link} is down: {self.reason}"


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """What a link has not carried so far: its `drops` and `unsent`."""

    link: str
    drops: Mapping[DropReason, int]
    unsent: int


# Whole frames, in the order in which they came; at least one.
OnFrames = Callable[[Sequence[bytes]], None]
OnState = Callable[[LinkState], None]


class Link(Protocol):
    """All methods belong to the event loop's thread, and both callbacks are called there."""

    @property
    def name(self) -> str:
        """As in the log: `serial:/dev/ttyACM0`."""

    @property
    def drops(self) -> Counter[DropReason]:
        """What came in and was no frame of the network, by reason. What was no frame at all is in no log."""

    @property
    def unsent(self) -> int:
        """Frames given to `send` that were not sent: the link was down, or its queue full."""

    @property
    def fill(self) -> float:
        """How full the queue of frames to be sent is, 0 to 1; 0 where the system or nobody keeps one."""

    @property
    def is_tap(self) -> bool:
        """Whether a host listens there, the app or another bridge: it gets every frame (PROTOCOL.md 15.4)."""

    async def start(self, on_frames: OnFrames, on_state: OnState) -> None:
        """Open the link. Raises LinkError or UsageError; what fails later is retried; `on_state` tells."""

    def send(self, frame: bytes) -> None:
        """Send one whole frame, or count it in `unsent`. Never blocks and never raises."""

    async def close(self) -> None:
        """Close the link; harmless when it is not open."""


def one_by_one(take: Callable[[bytes], None]) -> OnFrames:
    """What `start` asks for, of something that takes a frame at a time."""

    def take_all(frames: Sequence[bytes]) -> None:
        for frame in frames:
            take(frame)

    return take_all
