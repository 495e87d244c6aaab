"""A polled network as its frames tell it (PROTOCOL.md section 13).

Of two primaries that are heard at once the one with the newer epoch is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol import serial_number
from protocol.aggregate import MAX_RAW
from protocol.observations import NodeMissing, Observation, PrimaryChanged, ReadingsSeen
from protocol.packets import MAX_NODE_ID, Beat, Frame, Hello, Items, Pairs, Poll, Reading, Result

# A primary that was not heard for so long is no more: whoever is heard then is shown.
GONE_US = 10_000_000
# Polls of a peer whose answers may still come, the oldest first to be forgotten.
MAX_POLLS = 16


@dataclass(slots=True)
class PolledPeer:
    """What is known of a secondary. `attempts` are the polls of the running round, `response_ms` its last
    response time, `version` the round of its last READING."""

    response_ms: int | None = None
    attempts: int = 0
    is_missing: bool = False
    version: int | None = None


@dataclass(slots=True)
class PolledState:
    """What is known of a polled network; its observer alone changes it. None stands for unknown.

    `version` is the running round, `peers` are all but the primary, `heirs` those who take over from it, in
    their order: of its last beat that named any, or of the primary before (13.3).
    """

    primary: int | None = None
    epoch: int | None = None
    version: int | None = None
    peers: dict[int, PolledPeer] = field(default_factory=dict)
    heirs: tuple[int, ...] = ()


class PollingObserver:
    """Follows the primary with the newest epoch."""

    def __init__(self) -> None:
        self.state = PolledState()
        self._lease_us = 0  # until when the primary has it, as far as was heard
        self._gone_us = 0
        self._began_us = 0  # when the running round was heard of first
        self._heard_us: dict[int, int] = {}
        self._polls: dict[int, dict[tuple[int, int], int]] = {}  # by peer: version and attempt, when
        self._readings: dict[int, Pairs] = {}  # of the running round
        self._is_over = False  # whether the round has its result
        self._takeovers = 0
        self._repaired: set[int] = set()

    def end_round(self) -> int:
        """There was a result: takeovers, and nodes missing or found again, since the last."""
        repairs = self._takeovers + len(self._repaired)
        self._takeovers = 0
        self._repaired.clear()
        return repairs

    def part(self, node_id: int, now_us: int) -> None:
        """That node has said goodbye. A primary is shown until there is another."""
        if node_id != self.state.primary:
            self.state.peers.setdefault(node_id, PolledPeer()).is_missing = True
            self._repaired.add(node_id)

    def learn(self, frame: Frame, now_us: int) -> list[Observation]:
        """What a frame tells of the network."""
        source = frame.source
        match frame.payload:
            case Beat() as beat:
                found = self._follow_primary(source, beat.epoch, beat.version, now_us)
                if source == self.state.primary and beat.epoch == self.state.epoch:
                    self.state.heirs = beat.heirs or self.state.heirs
                    self._lease_us = now_us + beat.lease_ms * 1000
                    self._gone_us = self._lease_us + GONE_US
                return found
            case Poll() as poll:
                found = self._follow_primary(source, poll.epoch, poll.version, now_us)
                if source == self.state.primary and frame.destination <= MAX_NODE_ID:
                    self._read_poll(frame.destination, poll, now_us)
                return found
            case Reading() as reading:
                seen = self.read_reading(source, frame.destination, reading, now_us)
                return [] if seen is None else [seen]
            case Result(_, items):
                return self._read_result(source, items, now_us)
            case Hello():
                self._hear(source, now_us)
        return []

    # --- the primary -------------------------------------------------------------------------------------

    def _follow_primary(self, source: int, epoch: int, version: int, now_us: int) -> list[Observation]:
        self._hear(source, now_us)
        if source != self.state.primary and not self._may_be_primary(epoch, now_us):
            return []
        if source == self.state.primary and self._is_older(epoch, now_us):
            return []
        found = self._change_primary(source, epoch, now_us)
        if version != self.state.version:
            self._begin_round(version, now_us)
        return found

    def _may_be_primary(self, epoch: int, now_us: int) -> bool:
        known = self.state.epoch
        if self.state.primary is None or known is None:
            return True
        if epoch == known:
            return now_us >= self._lease_us  # of two with one epoch, the other steps down
        return not self._is_older(epoch, now_us)

    def _is_older(self, epoch: int, now_us: int) -> bool:
        known = self.state.epoch
        return known is not None and now_us < self._gone_us and serial_number.is_newer(known, epoch)

    def _change_primary(self, source: int, epoch: int, now_us: int) -> list[Observation]:
        state, previous = self.state, self.state.primary
        state.epoch = epoch
        if source == previous:
            return []
        state.primary = source
        state.heirs = tuple(heir for heir in state.heirs if heir != source)
        state.peers.pop(source, None)
        if previous is not None:
            state.peers[previous] = PolledPeer()
            self._takeovers += 1
        return [PrimaryChanged(now_us, source, previous, epoch)]

    def _begin_round(self, version: int, now_us: int) -> None:
        self.state.version = version
        self._began_us = now_us
        self._readings.clear()
        self._is_over = False
        for peer in self.state.peers.values():
            peer.attempts = 0

    # --- the peers ---------------------------------------------------------------------------------------

    def _hear(self, node_id: int, now_us: int) -> None:
        self._heard_us[node_id] = now_us
        if node_id != self.state.primary and node_id not in self.state.peers:
            self.state.peers[node_id] = PolledPeer()

    def _read_poll(self, peer_id: int, poll: Poll, now_us: int) -> None:
        if peer_id == self.state.primary:
            return
        self.state.peers.setdefault(peer_id, PolledPeer()).attempts += 1
        polls = self._polls.setdefault(peer_id, {})
        polls[poll.version, poll.attempt] = now_us
        if len(polls) > MAX_POLLS:
            del polls[next(iter(polls))]

    def read_reading(
        self, source: int, destination: int, reading: Reading, now_us: int
    ) -> ReadingsSeen | None:
        """What a READING tells, if it is for the primary that is followed."""
        self._hear(source, now_us)
        state, version, pairs = self.state, reading.version, reading.pairs
        peer = state.peers.get(source)
        if peer is None or destination != state.primary:
            return None
        polls = self._polls.get(source)
        polled_us = polls.pop((version, reading.attempt), None) if polls else None
        if polled_us is not None:
            peer.response_ms = (now_us - polled_us) // 1000
        peer.version = version
        if version == state.version and not self._is_over:
            self._readings[source] = pairs
            if peer.is_missing:
                peer.is_missing = False
                self._repaired.add(source)
        own = pairs if len(pairs) < 2 else tuple(sorted(pairs))
        return ReadingsSeen(now_us, source, version, own)

    # --- the end of a round ------------------------------------------------------------------------------

    def _read_result(self, source: int, items: Items, now_us: int) -> list[Observation]:
        version = items.version
        if source != self.state.primary or version is None or version != self.state.version or self._is_over:
            return []
        self._is_over = True
        found: list[Observation] = []
        if any(peer.attempts for peer in self.state.peers.values()):
            found += self._missing(version, now_us)
        own = self._rest(items)
        return [*found, ReadingsSeen(now_us, source, version, own)] if own else found

    def _missing(self, version: int, now_us: int) -> list[Observation]:
        """Who did not answer: polled, or not even polled and silent since the round began."""
        found: list[Observation] = []
        for peer_id, peer in self.state.peers.items():
            is_silent = not peer.is_missing and self._heard_us.get(peer_id, 0) < self._began_us
            if peer_id in self._readings or not (peer.attempts or is_silent):
                continue
            if not peer.is_missing:
                peer.is_missing = True
                self._repaired.add(peer_id)
            found.append(NodeMissing(now_us, peer_id, version))
        return found

    def _rest(self, items: Items) -> Pairs:
        """The primary's own raw readings: what the result counts beyond the READINGs."""
        pairs = []
        for metric_id, aggregate in items.aggregates:
            told = [
                raw for readings in self._readings.values() for metric, raw in readings if metric == metric_id
            ]
            raw = aggregate.total - sum(told)
            if aggregate.count == len(told) + 1 and not aggregate.saturated and 0 <= raw <= MAX_RAW:
                pairs.append((metric_id, raw))
        return tuple(sorted(pairs))
