"""The primary's rounds and polls (PROTOCOL.md 13.1, 13.2)."""

from __future__ import annotations

from protocol import serial_number
from protocol.node import (
    MeasurementDue,
    PeerMissing,
    ReadingsHeard,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
)
from protocol.packets import HOST, MAX_U24, DropReason, Frame, FrameType, Pairs, Poll, Reading, Result
from protocol.polling_lease import PollingLease
from protocol.polling_round import PolledRound, TimedPoll

# So many beats are sent before the first round of a primary that heard nobody.
LONE_BEATS = 2
# After so many rounds without crowding more polls may wait at a time again.
CALM_ROUNDS = 8
# Missing so many rounds running, a peer is absent.
ABSENT_MISSES = 8


class PollingPrimary(PollingLease):
    """What a node does while it is the primary."""

    # --- rounds ------------------------------------------------------------------------------------------

    def _may_start(self, now_ms: int) -> bool:
        """Not yet if it is alone, and somebody may still contradict its first beats (13.3)."""
        is_alone = not self.peers.present
        return not is_alone or now_ms - self._primary_since_ms >= LONE_BEATS * self._timing.beat_ms

    def _start_round(self, now_ms: int) -> None:
        for peer_id in self.peers.present:
            if self.peers[peer_id].misses >= ABSENT_MISSES:
                self._lose(peer_id, f"missing in {ABSENT_MISSES} rounds")
        due_ms = self._next_round_ms
        self.began_ms = due_ms if now_ms - due_ms < self.period_ms else now_ms
        self.version = serial_number.add(self.version, 1)
        peers = [self.peers[peer_id] for peer_id in self.peers.present]
        self._round = PolledRound(self.version, self.began_ms, peers, self._timing, self._places)
        self._beat_ms = now_ms
        self._events.append(MeasurementDue(self.version))

    def _end_of_round_ms(self, running: PolledRound) -> int:
        """When the round ends if nothing more happens."""
        limit_ms = running.began_ms + 4 * self.period_ms // 5
        done_ms = running.done_ms() if running.is_measured else None
        return limit_ms if done_ms is None else min(done_ms, limit_ms)

    def _end_round_if_due(self, now_ms: int) -> None:
        running = self._round
        if running is None or now_ms < self._end_of_round_ms(running):
            return
        self._round = None
        self._adapt_places(running)
        for poll in running.polls.values():
            if poll.is_answered:
                continue
            self._events.append(PeerMissing(poll.peer.id, running.version))
            if poll.attempts:
                poll.peer.misses += 1
                poll.peer.round_trip.not_answered()
        if running.is_unanswered:
            self._check_cut_off(now_ms)
        else:
            self._answered_ms = now_ms
            self._report(running, now_ms)

    def _adapt_places(self, running: PolledRound) -> None:
        """Fewer polls at a time where the link does not carry them, and after a while more again."""
        self._calm_rounds = 0 if running.is_crowded else self._calm_rounds + 1
        if running.is_crowded:
            self._places = max(1, self._places // 2)
        elif self._calm_rounds >= CALM_ROUNDS:
            self._calm_rounds = 0
            self._places = min(2 * self._places, self._timing.concurrency)

    def _report(self, running: PolledRound, now_ms: int) -> None:
        duration_ms = min(now_ms - running.began_ms, MAX_U24)
        items = running.items(self._metrics[0])
        self._events.append(ReportSealed(running.version))
        self._events.append(RoundFinished(running.version, duration_ms, items))
        self._queue.put(now_ms, FrameType.RESULT, HOST, Result(duration_ms, items))

    def _check_cut_off(self, now_ms: int) -> None:
        if now_ms - self._answered_ms > self._timing.lease_ms + self.period_ms:
            for peer_id in self.peers.present:
                self._lose(peer_id, "nobody answers")
            self._step_down("nobody answers", now_ms)

    def _measured(self, running: PolledRound, pairs: Pairs, now_ms: int) -> None:
        """The primary's own readings."""
        running.is_measured = True
        running.add(self.node_id, pairs)
        self._events.append(ReadingsHeard(self.node_id, running.version, pairs))
        self._end_round_if_due(now_ms)

    def _lose(self, node_id: int, why: str) -> None:
        super()._lose(node_id, why)
        self._timed.pop(node_id, None)

    def _give_up(self, node_id: int, now_ms: int) -> None:
        """Nobody waits for who leaves: it is missing in the running round, unless it has answered."""
        running = self._round
        poll = running.polls.pop(node_id, None) if running is not None else None
        if running is not None and poll is not None and not poll.is_answered:
            self._events.append(PeerMissing(node_id, running.version))
            self._end_round_if_due(now_ms)

    # --- polls and answers -------------------------------------------------------------------------------

    def _polls_to_send(self, now_ms: int) -> list[tuple[int, Poll]]:
        """(peer, poll) that are due now: no more than places are free."""
        running = self._round
        polls: list[tuple[int, Poll]] = []
        while running is not None and (poll := running.next_poll(now_ms)) is not None:
            if poll.attempts:
                poll.peer.round_trip.not_answered()
            poll.attempts += 1
            poll.sent_ms = now_ms
            self._time_poll(poll.peer.id, running.version, poll.attempts, now_ms)
            polls.append((poll.peer.id, Poll(self.epoch, running.version, poll.attempts)))
        return polls

    def _time_poll(self, peer_id: int, version: int, attempt: int, now_ms: int) -> None:
        timed = self._timed.get(peer_id)
        if timed is None or now_ms - timed.sent_ms > self._timing.ack_timeouts.limit_ms:
            self._timed[peer_id] = TimedPoll(version, attempt, now_ms)

    def _response(self, source: int, reading: Reading, now_ms: int) -> None:
        """Measure the response time, if this answers the poll that is timed."""
        timed, peer = self._timed.get(source), self.peers.get(source)
        if timed is None or peer is None or serial_number.is_newer(timed.version, reading.version):
            return
        if (reading.version, reading.attempt) == (timed.version, timed.attempt):
            peer.round_trip.answered(now_ms - timed.sent_ms)
        del self._timed[source]

    def _on_reading(self, frame: Frame, now_ms: int) -> None:
        reading = frame.payload
        assert isinstance(reading, Reading)
        self._hear_at(frame.source, now_ms)
        if not self.is_primary or reading.epoch != self.epoch:
            self._drop(DropReason.STATE, frame.source)
            return
        self._response(frame.source, reading, now_ms)
        running = self._round
        if running is None or reading.version != running.version:
            self._drop(DropReason.STALE_VERSION, frame.source)
            return
        poll = running.polls.get(frame.source)
        if poll is None:
            self._drop(DropReason.STATE, frame.source)
        elif not poll.is_answered:
            poll.is_answered = running.has_answer = True
            poll.peer.misses = 0
            running.add(frame.source, reading.pairs)
            self._events.append(ReportAccepted(frame.source, running.version))
            self._events.append(ReadingsHeard(frame.source, running.version, reading.pairs))
            self._end_round_if_due(now_ms)
