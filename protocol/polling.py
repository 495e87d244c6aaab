"""Polling (PROTOCOL.md sections 11 and 13): one primary asks everybody, and a standby takes its place.

Rules: who would poll holds a lease, that its own beats renew. Of two primaries the newer epoch stays, of one
epoch the first in the order. A secondary gives its readings of a version to one primary only, and a round
that nobody answered has no result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from protocol.node import LinkName, MeasurementDue, ReportSealed
from protocol.node_base import Handler
from protocol.packets import (
    BROADCAST,
    MAX_PAIRS,
    Beat,
    DropReason,
    Frame,
    FrameType,
    Hello,
    Network,
    Poll,
    Reading,
)
from protocol.polling_lease import NO_EPOCH, Asked, is_newer_epoch
from protocol.polling_primary import PollingPrimary
from protocol.serial_number import is_newer
from protocol.timing import MAX_PERIOD_MS


class PollingNode(PollingPrimary):
    """One node; any of them becomes the primary. `metrics` are what its sensors measure, `seed` drives the
    jitter only, `order` is who stands in for whom (then by id).

    `first_counter` must not repeat recent ones after a restart: pass a random 24-bit number. `first_version`
    is the first round of a network that nobody knows yet. Raises ValueError for an id or an order that is
    none.
    """

    # --- the seam ----------------------------------------------------------------------------------------

    def receive(self, frame: bytes, now_ms: int) -> None:
        """See protocol.node.Node.receive."""
        self._check_lease(now_ms)
        super().receive(frame, now_ms)

    def handle_timer(self, now_ms: int) -> None:
        """See protocol.node.Node.handle_timer."""
        if self._has_left:
            return
        self._check_lease(now_ms)
        self._end_round_if_due(now_ms)
        if self.is_primary:
            if now_ms >= self._next_round_ms:
                if self._may_start(now_ms):
                    self._start_round(now_ms)
                else:
                    self.began_ms += self._timing.beat_ms
        elif now_ms - self._takeover_ms > self._timing.beat_ms:
            self._wait(now_ms + self._timing.lease_ms)  # it was stopped: what it missed waits to be read
        elif now_ms >= self._takeover_ms:
            self._take_over(now_ms)

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """See protocol.node.Node.measure."""
        self._check_lease(now_ms)
        pairs = tuple(sorted(readings.items()))[:MAX_PAIRS]
        running, asked = self._round, self._asked
        if running is not None and running.version == version and not running.is_measured:
            self._measured(running, pairs, now_ms)
            return True
        if asked is None or asked.version != version or asked.readings is not None:
            return False
        if (asked.primary, asked.epoch) != (self.primary, self.epoch):
            return False
        asked.readings = pairs
        self._events.append(ReportSealed(version))
        self._answer(asked, now_ms)
        return True

    def leave(self, now_ms: int) -> None:
        """See protocol.node.Node.leave."""
        super().leave(now_ms)
        self.primary = self._round = self._asked = None

    def next_deadline(self) -> int | None:
        """See protocol.node.Node.next_deadline."""
        if self._has_left:
            return self._queue.next_due_ms()
        if not self.is_primary:
            deadlines_ms = [self._takeover_ms, self._hello_ms]
        elif self._round is None:
            deadlines_ms = [self._beat_ms, self._next_round_ms]
        else:
            deadlines_ms = [self._beat_ms, self._end_of_round_ms(self._round)]
            poll_ms = self._round.next_poll_ms()
            if poll_ms is not None:
                deadlines_ms.append(poll_ms)
        queued_ms = self._queue.next_due_ms()
        return min(deadlines_ms) if queued_ms is None else min(queued_ms, *deadlines_ms)

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """See protocol.node.Node.frames_to_send."""
        self._check_lease(now_ms)
        frames = []
        if self.is_primary and now_ms >= self._beat_ms:
            frames.append(self._encode(FrameType.BEAT, BROADCAST, self._beat(now_ms)))
            self._beat_sent_ms = now_ms
            self._beat_ms = now_ms + self._timing.beat_ms
        if not self.is_primary and not self._has_left and now_ms >= self._hello_ms:
            frames.append(self._encode(FrameType.HELLO, BROADCAST, self._hello(now_ms)))
        frames += [self._encode(FrameType.POLL, peer, poll) for peer, poll in self._polls_to_send(now_ms)]
        return frames + [self._encode(*waiting) for waiting in self._queue.take_due(now_ms)]

    # --- frames received ---------------------------------------------------------------------------------

    def _on_hello(self, frame: Frame, now_ms: int) -> None:
        hello = frame.payload
        assert isinstance(hello, Hello)
        if hello.network != Network.POLLING:
            self._drop(DropReason.STATE, frame.source)
            return
        self._hear_at(frame.source, now_ms)
        if is_newer_epoch(hello.epoch, self.epoch):
            self._take_epoch(hello.epoch, hello.version, now_ms)
            return
        self._learn_version(hello.epoch, hello.version, now_ms)
        if self.is_primary and hello.epoch != self.epoch:
            self._beat_soon(now_ms)

    def _on_beat(self, frame: Frame, now_ms: int) -> None:
        beat = frame.payload
        assert isinstance(beat, Beat)
        if beat.epoch == NO_EPOCH or not 0 < beat.period_ms <= MAX_PERIOD_MS:
            self._drop(DropReason.STATE, frame.source)
            return
        self._hear_at(frame.source, now_ms)
        if self._yields_to(frame.source, beat.epoch, now_ms):
            self._follow(frame.source, beat, now_ms)
            return
        self._contradict(frame.source, beat.epoch, beat.version, now_ms)
        if beat.epoch != self.epoch:
            self._hello_within_spread(now_ms)

    def _on_goodbye(self, frame: Frame, now_ms: int) -> None:
        """A node leaves; a lease that it has is over (13.3)."""
        self._lose(frame.source, "has said goodbye")
        if frame.source == self.primary:
            self._wait(now_ms)
        self._give_up(frame.source, now_ms)

    def _on_poll(self, frame: Frame, now_ms: int) -> None:
        poll = frame.payload
        assert isinstance(poll, Poll)
        if poll.epoch == NO_EPOCH:
            self._drop(DropReason.STATE, frame.source)
            return
        self._hear_at(frame.source, now_ms)
        if not self._yields_to(frame.source, poll.epoch, now_ms):
            self._contradict(frame.source, poll.epoch, poll.version, now_ms)
            if poll.epoch != self.epoch:
                self._hello_ms = now_ms
            return
        if (frame.source, poll.epoch) != (self.primary, self.epoch):
            lease_ms, period_ms = self._timing.lease_ms, self.period_ms
            assumed = Beat(poll.epoch, poll.version, period_ms, period_ms, lease_ms)
            self._follow(frame.source, assumed, now_ms)
        self._asked_for(frame.source, poll, now_ms)

    def _contradict(self, source: int, epoch: int, version: int, now_ms: int) -> None:
        """Somebody else takes itself for the primary, and is wrong."""
        self._drop(DropReason.STATE, source)
        self._learn_version(epoch, version, now_ms, is_of_other=True)
        if self.is_primary:
            self._beat_soon(now_ms)

    _HANDLERS: ClassVar[Mapping[FrameType, Handler]] = {
        FrameType.HELLO: _on_hello,
        FrameType.BEAT: _on_beat,
        FrameType.POLL: _on_poll,
        FrameType.READING: PollingPrimary._on_reading,
        FrameType.GOODBYE: _on_goodbye,
    }

    # --- the secondary's part ----------------------------------------------------------------------------

    def _asked_for(self, primary: int, poll: Poll, now_ms: int) -> None:
        """A poll of the primary that this node follows (13.2)."""
        asked = self._asked
        if asked is not None and asked.is_for(primary, poll):
            self._answer(asked, now_ms)
            return
        if is_newer(self.version, poll.version) or (
            asked is not None and not is_newer(poll.version, asked.version)
        ):
            self._drop(DropReason.STALE_VERSION, primary)
            self._hello_ms = now_ms
            return
        self.version = poll.version
        self._asked = Asked(primary, poll.epoch, poll.version, poll.attempt)
        self._no_hello(now_ms)
        self._events.append(MeasurementDue(poll.version))

    def _answer(self, asked: Asked, now_ms: int) -> None:
        if asked.readings is not None:
            reading = Reading(asked.epoch, asked.version, asked.attempt, asked.readings)
            self._queue.put(now_ms, FrameType.READING, asked.primary, reading)
