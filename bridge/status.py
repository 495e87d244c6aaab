"""The status of a bridge: what `treering bridge status`, the app and /status show; plain JSON objects."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TypedDict

RATE_SPAN_S = 10.0


class SegmentStatus(TypedDict):
    """A link. Rates are frames a second in the last RATE_SPAN_S; `fill` is its queue's, 0 to 1."""

    link: str
    is_up: bool
    reason: str
    frames_in: int
    frames_out: int
    rate_in: float
    rate_out: float
    drops: dict[str, int]
    unsent: int
    fill: float


class PeerStatus(TypedDict):
    """A node that was heard: bridge.peers.Peer."""

    node: int
    link: str
    address: str
    state: str
    first_seen_us: int
    last_heard_us: int
    frames: int
    lost_frames: int
    interval_s: float | None
    address_changes: int


class LogStatus(TypedDict):
    """The packet log's folder."""

    folder: str
    segments: int
    size_bytes: int
    free_bytes: int
    records: int
    lost_records: int


class QueueStatus(TypedDict):
    """What waited for a consumer in the last minute (bridge.log.consumer_queue): records and seconds.

    None: nothing told of it.
    """

    rate_per_s: float | None
    wait_s: float | None
    length: float | None
    littles_length: float | None
    mm1_length: float | None


class ConsumerStatus(TypedDict):
    """Who reads the log, and how far it is."""

    name: str
    state: str
    lag_records: int
    lag_s: float
    queue: QueueStatus
    taken: int
    retries: int
    last_error: str


class ActuatorStatus(TypedDict):
    """What an actuator was told and does."""

    name: str
    node: int
    actuator: int
    state: str
    value: int | None


class RuleStatus(TypedDict):
    """A rule, and whether it holds now."""

    name: str
    text: str
    is_active: bool
    since_us: int | None


class StreamStatus(TypedDict):
    """A named window or detector, and the newest number it gave."""

    name: str
    value: float | None
    unit: str
    time_us: int | None


class LatencyStatus(TypedDict):
    """A stage's latency in ms."""

    stage: str
    p50_ms: float
    p99_ms: float
    max_ms: float


class BridgeStatus(TypedDict):
    """All of it."""

    name: str
    version: str
    network: str
    node: int | None
    is_sealed: bool
    started_us: int
    now_us: int
    up_s: float
    segments: list[SegmentStatus]
    peers: list[PeerStatus]
    log: LogStatus
    consumers: list[ConsumerStatus]
    latencies: list[LatencyStatus]
    rules: list[RuleStatus]
    actuators: list[ActuatorStatus]
    streams: list[StreamStatus]
    warnings: list[str]


class Rates:
    """Rates of counters that only grow, over the last RATE_SPAN_S seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Mapping[str, int]]] = deque()

    def sample(self, counts: Mapping[str, int], now_s: float) -> None:
        """Note the counters as they are; to be called every second or so."""
        self._samples.append((now_s, dict(counts)))
        while len(self._samples) > 2 and self._samples[1][0] <= now_s - RATE_SPAN_S:
            self._samples.popleft()

    def of(self, name: str) -> float:
        """How fast that counter grew, per second; 0 while there are no two samples."""
        if len(self._samples) < 2:
            return 0.0
        (first_s, first), (last_s, last) = self._samples[0], self._samples[-1]
        grown = last.get(name, 0) - first.get(name, 0)
        return grown / (last_s - first_s) if last_s > first_s else 0.0
