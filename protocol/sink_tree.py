"""The sink tree (PROTOCOL.md sections 5 to 7): discovery, depth, data and help as one state machine.

Rules: a node knows its parent and its children only. It adopts a way to the root only if that way is better
than its own (feasible), so no loop can form. A child's report replaces, never adds. A report that may be
counted twice says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from protocol import serial_number
from protocol.node import ChildLost
from protocol.node_base import Handler
from protocol.outbox import Outbox
from protocol.packets import (
    BROADCAST,
    NO_HOP_COUNT,
    Ack,
    Depth,
    DropReason,
    Frame,
    FrameType,
    Help,
    Report,
    Sync,
)
from protocol.timing import Timing
from protocol.tree_joining import VAIN_CALLS
from protocol.tree_parts import State
from protocol.tree_rounds import Rounds
from protocol.way import FORGET_PERIODS, is_better


class SinkTreeNode(Rounds):
    """One node; the root if `root`. `metrics` are what its sensors measure, `seed` drives the jitter only.

    `first_counter` must not repeat recent ones after a restart: pass a random 24-bit number. `first_version`
    is the root's first round.
    """

    def __init__(
        self,
        node_id: int,
        *,
        seed: int,
        first_counter: int,
        now_ms: int,
        root: bool = False,
        timing: Timing | None = None,
        metrics: tuple[int, ...] = (0,),
        max_children: int = 32,
        first_version: int = 1,
    ) -> None:
        super().__init__(
            node_id,
            seed=seed,
            first_counter=first_counter,
            root=root,
            timing=timing or Timing(),
            metrics=metrics,
            max_children=max_children,
        )
        if root:
            self._start_root(serial_number.add(first_version, -1), now_ms)
        else:
            self._help_ms = now_ms + self._timing.listen_ms + self._jitter.below(10 * self._timing.jitter_ms)

    # --- the seam ----------------------------------------------------------------------------------------

    def handle_timer(self, now_ms: int) -> None:
        """See protocol.node.Node.handle_timer."""
        if self._is_due(self._next_round_ms(), now_ms):
            self._start_round(now_ms)
        if self._is_due(self._child_wait_ms, now_ms):
            self._seal(now_ms)
        if self._is_due(self._ack_ms, now_ms):
            self._no_answer(now_ms)
        if self._is_due(self._leaf_wait_ms, now_ms):
            self._leaf_wait_ms = None
            if not len(self.children):
                self._tell_depth(now_ms)
        if self._is_due(self._offer_ms, now_ms):
            self._take_offer(now_ms)
        if self._is_due(self._help_ms, now_ms):
            self._call_for_help(now_ms)

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """See protocol.node.Node.measure."""
        running = self._round
        if running is None or running.version != version or running.report is not None:
            return False
        running.readings = dict(readings)
        self._seal_if_complete(now_ms)
        return True

    def leave(self, now_ms: int) -> None:
        """See protocol.node.Node.leave."""
        if self._has_left:
            return
        self._has_left = True
        self.state, self.parent, self.way, self._round = State.SEEKING, None, None, None
        self.children.forget_all()
        self._child_wait_ms = self._leaf_wait_ms = self._ack_ms = self._offer_ms = self._help_ms = None
        self._outbox = Outbox()
        self._put(FrameType.GOODBYE, BROADCAST, now_ms)

    def next_deadline(self) -> int | None:
        """See protocol.node.Node.next_deadline."""
        earliest_ms = self._outbox.next_due_ms()
        for deadline_ms in (
            self._next_round_ms(),
            self._child_wait_ms,
            self._ack_ms,
            self._leaf_wait_ms,
            self._offer_ms,
            self._help_ms,
        ):
            if deadline_ms is not None and (earliest_ms is None or deadline_ms < earliest_ms):
                earliest_ms = deadline_ms
        return earliest_ms

    # --- frames received ---------------------------------------------------------------------------------

    def _on_discovery(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Sync)
        if frame.source == self.parent:
            self._follow(frame.payload, now_ms)
        elif self.state is State.SEEKING and self._is_feasible(frame.payload):
            self._consider(FrameType.DISC_ACK, frame.source, frame.payload.hop_count, now_ms)

    def _on_disc_ack(self, frame: Frame, now_ms: int) -> None:
        if self.state is not State.JOINED or frame.source == self.parent:
            self._drop(DropReason.STATE, frame.source)
        elif self._admit(frame.source):
            self._put(FrameType.DISC_ACK_ACK, frame.source, now_ms)
            self._tell_grown_depth(now_ms)

    def _on_disc_ack_ack(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Sync)
        if self._answers(FrameType.DISC_ACK, frame.source):
            self._join(frame.source, frame.payload, now_ms)

    def _on_depth(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Depth)
        child = self._child_of(frame)
        if child is not None:
            child.depth = frame.payload.depth
            self._tell_grown_depth(now_ms)

    def _on_data(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Report)
        child = self._child_of(frame)
        if child is not None:
            self._accept(child, frame.payload, now_ms)
            version = frame.payload.items.version
            assert version is not None  # packets.decode: a DATA has an aggregate
            self._put(FrameType.DATA_ACK, child.id, now_ms, version)
            self._seal_if_complete(now_ms)

    def _on_data_ack(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Ack)
        if frame.source != self.parent:
            self._drop(DropReason.STATE, frame.source)
            return
        running = self._round
        if self._request is FrameType.DATA and running and running.version == frame.payload.acked_version:
            running.acked = True
            self._end_request()
            self._link.answered(self._unanswered, now_ms - self._data_sent_ms)
            self._look_for_better(running.version, now_ms)
        self._unanswered = self._parent_calls = 0
        if frame.payload.sync.hop_count == NO_HOP_COUNT:
            self._lose_parent("it has no way to the root", now_ms)
        else:
            self._follow(frame.payload.sync, now_ms)

    def _on_help(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Help)
        wanted = frame.payload
        if frame.source == self.parent:
            self._parent_calls += 1
            if wanted.hop_count == NO_HOP_COUNT:
                self._lose_parent("it has started anew", now_ms)
            elif self._parent_calls > 1:
                self._lose_parent("it finds no way to the root", now_ms)
            return
        if self.state is not State.JOINED or self.way is None:
            return
        sought = wanted.hop_count != NO_HOP_COUNT
        if self.is_root and sought and serial_number.is_newer(wanted.version, self.way.version):
            # The node's clock may have run on until it forgets its way: no version is used twice (5.4).
            self._heard_version = serial_number.add(wanted.version, wanted.hop_count + FORGET_PERIODS)
            self.way = replace(self.way, origin_ms=now_ms - self.way.period_ms)  # the next round is due now
        self._offer_way(frame.source, wanted, now_ms)

    def _on_look(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Help)
        if frame.destination != BROADCAST:
            self._on_look_of_child(frame, frame.payload, now_ms)
        elif self.state is State.JOINED and frame.source != self.parent and frame.source not in self.children:
            self._offer_way(frame.source, frame.payload, now_ms)

    def _on_look_of_child(self, frame: Frame, known: Help, now_ms: int) -> None:
        """A child wants a newer way to help somebody: tell what is known here, or ask further up."""
        if self._child_of(frame) is None or self.way is None:
            return
        version, hop_count = self.way.distance
        if is_better((version, hop_count + 1), (known.version, known.hop_count)):
            self._put(FrameType.DISCOVERY, BROADCAST, self._after_jitter(now_ms))
        else:
            self._needs_newer_way(VAIN_CALLS, now_ms)

    def _on_help_ack(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Sync)
        if self.state is not State.SEEKING and self._offer_ms is None:
            return  # an offer that came late
        if frame.source == self.parent:
            return
        if self._is_feasible(frame.payload):
            self._consider(FrameType.HELP_ACK_DATA, frame.source, frame.payload.hop_count, now_ms)
        else:
            self._drop(DropReason.NOT_FEASIBLE, frame.source)

    def _on_help_ack_data(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Report)
        if self.state is not State.JOINED or self._round is None or frame.source == self.parent:
            self._drop(DropReason.STATE, frame.source)
        elif child := self._admit(frame.source):
            version = frame.payload.items.version
            if version is not None:
                self._accept(child, frame.payload, now_ms)
            child.depth = frame.payload.depth
            acked = self._round.version if version is None else version
            self._put(FrameType.HELP_CONFIRM, child.id, now_ms, acked)
            self._tell_grown_depth(now_ms)
            self._seal_if_complete(now_ms)

    def _on_help_confirm(self, frame: Frame, now_ms: int) -> None:
        assert isinstance(frame.payload, Ack)
        if not self._answers(FrameType.HELP_ACK_DATA, frame.source):
            return
        running = self._round
        if self._request_bears_report and running and running.version == frame.payload.acked_version:
            running.acked = True
        self._join(frame.source, frame.payload.sync, now_ms)

    def _on_goodbye(self, frame: Frame, now_ms: int) -> None:
        if frame.source == self.parent:
            self._lose_parent("it has said goodbye", now_ms)
        elif self.children.give_up(frame.source):
            self._events.append(ChildLost(frame.source))
            self._seal_if_complete(now_ms)

    _HANDLERS: ClassVar[Mapping[FrameType, Handler]] = {
        FrameType.DISCOVERY: _on_discovery,
        FrameType.DISC_ACK: _on_disc_ack,
        FrameType.DISC_ACK_ACK: _on_disc_ack_ack,
        FrameType.DEPTH: _on_depth,
        FrameType.DATA: _on_data,
        FrameType.DATA_ACK: _on_data_ack,
        FrameType.HELP: _on_help,
        FrameType.HELP_ACK: _on_help_ack,
        FrameType.HELP_ACK_DATA: _on_help_ack_data,
        FrameType.HELP_CONFIRM: _on_help_confirm,
        FrameType.LOOK: _on_look,
        FrameType.GOODBYE: _on_goodbye,
    }

    @staticmethod
    def _is_due(deadline_ms: int | None, now_ms: int) -> bool:
        return deadline_ms is not None and deadline_ms <= now_ms
