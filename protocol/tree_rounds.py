"""A node's children, its rounds and its reports (PROTOCOL.md section 6, child wait of section 7)."""

from __future__ import annotations

from protocol import serial_number
from protocol.children import Child
from protocol.node import (
    ChildJoined,
    ChildLost,
    MeasurementDue,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
)
from protocol.packets import (
    BROADCAST,
    HOST,
    MAX_U24,
    DropReason,
    Frame,
    FrameType,
    Report,
)
from protocol.rounds import Round
from protocol.timing import SPREAD_GROWTH
from protocol.tree_joining import Joining
from protocol.tree_parts import State
from protocol.way import Way, clock_error_ms


class Rounds(Joining):
    """The parent's part of a node, and the clockwork of both."""

    # --- children ----------------------------------------------------------------------------------------

    def _admit(self, node_id: int) -> Child | None:
        """The child of that id, taken now if it was none; None when the table is full."""
        child = self.children.get(node_id)
        if child is not None:
            return child
        if not self.children.has_room_for(node_id):
            self._drop(DropReason.TABLE_FULL, node_id)
            return None
        assert self._round is not None
        self._events.append(ChildJoined(node_id))
        return self.children.add(node_id, serial_number.add(self._round.version, 1))

    def _child_of(self, frame: Frame) -> Child | None:
        child = self.children.get(frame.source)
        if child is None:
            self._drop(DropReason.NOT_A_CHILD, frame.source)
        return child

    def _accept(self, child: Child, report: Report, now_ms: int) -> None:
        """Let a report with aggregates stand for the child, if it is of this round or the next (6.2)."""
        assert self._round is not None
        assert report.items.version is not None
        child.depth = report.depth
        child.missed_rounds = 0
        self._tell_grown_depth(now_ms)
        if self._may_count(report.items.version, now_ms):
            self.children.store(child, report.items)
            self._events.append(ReportAccepted(child.id, report.items.version))
        else:
            self._drop(DropReason.STALE_VERSION, child.id)

    def _may_count(self, version: int, now_ms: int) -> bool:
        """Whether a report is of the running round, or of the next and that is about to begin (6.2)."""
        assert self._round is not None
        assert self.way is not None
        ahead = serial_number.distance(version, self._round.version)
        early_ms = self.way.start_ms(version) - now_ms
        return ahead == 0 or (ahead == 1 and early_ms <= clock_error_ms(self.way.period_ms))

    # --- rounds ------------------------------------------------------------------------------------------

    def _start_root(self, version: int, now_ms: int) -> None:
        period_ms = self._timing.period_ms
        origin_ms = now_ms + min(period_ms, self._timing.discovery_ms) - period_ms
        self.state = State.JOINED
        self.way = Way(version, 0, origin_ms, period_ms)
        self._round = Round(version, acked=True)
        self._put(FrameType.DISCOVERY, BROADCAST, now_ms)

    def _next_round_ms(self) -> int | None:
        if self.way is None or self._round is None:
            return None
        return self.way.start_ms(serial_number.add(self._round.version, 1))

    def _start_round(self, now_ms: int) -> None:
        assert self.way is not None
        assert self._round is not None
        if self._round.undelivered:
            self.children.announce_all()
        if self.is_root:
            self._advance_root(now_ms)
        version = self.way.version_at(now_ms)
        if self._request is FrameType.DATA:
            self._end_request()
        self._outbox.discard(FrameType.RESULT)
        self._round = Round(version)
        self._request_bears_report = False
        wait_ms = self._child_wait_for_ms()
        self._child_wait_ms = max(
            self.way.running_since_ms(now_ms) + wait_ms,
            now_ms + min(wait_ms, self._hop_wait_ms()),  # a round entered late, after the clock was set
        )
        self._check_way(now_ms)
        if self._round is not None:
            self._events.append(MeasurementDue(version))

    def _advance_root(self, now_ms: int) -> None:
        """The root's way is the running round itself; after a restart it goes on from what it heard."""
        assert self.way is not None
        version = self.way.version_at(now_ms)
        origin_ms = self.way.running_since_ms(now_ms)
        if self._heard_version is not None and not serial_number.is_newer(version, self._heard_version):
            version = serial_number.add(self._heard_version, 1)
        self._heard_version = None
        self.way = Way(version, 0, origin_ms, self.way.period_ms)

    def _child_wait_for_ms(self) -> int:
        """How long to wait for the children, scaled by the distance to the furthest leaf (section 7)."""
        hops = self.children.depth + 1
        spread_ms = SPREAD_GROWTH * self._timing.spread_ms
        return min(hops * self._hop_wait_ms() + spread_ms, hops * self._slot_ms())

    def _hop_wait_ms(self) -> int:
        return self._timing.hop_wait_ms(self._link.ack_timeout_ms)

    def _slot_ms(self) -> int:
        """A hop's share of the period: all hops from the furthest leaf to the root have 4/5 of it."""
        assert self.way is not None
        return 4 * self.way.period_ms // 5 // (self.way.hop_count + self.children.depth + 1)

    def _seal_if_complete(self, now_ms: int) -> None:
        running = self._round
        if running is None or running.report is not None or running.readings is None:
            return
        if not self.children.owing(running.version):
            self._seal(now_ms)

    def _seal(self, now_ms: int) -> None:
        """Put the report of the round together and send it on."""
        running = self._round
        assert running is not None
        assert self.way is not None
        self._child_wait_ms = None
        is_leaf = not len(self.children)
        for lost in self.children.close_round(running.version, self._timing.missed_rounds):
            self._events.append(ChildLost(lost))
        running.report = self.children.compose(running.version, running.readings or {}, self._metrics[0])
        self._events.append(ReportSealed(running.version))
        if self.is_root:
            running.acked = True
            running.duration_ms = min(now_ms - self.way.start_ms(running.version), MAX_U24)
            self._events.append(RoundFinished(running.version, running.duration_ms, running.report))
            self._put(FrameType.RESULT, HOST, now_ms)
        elif self.state is State.JOINED:
            assert self.parent is not None
            delay_ms = self._link.send_delay_ms(self._slot_ms(), is_leaf)
            self._send_request(FrameType.DATA, self.parent, now_ms + delay_ms)
