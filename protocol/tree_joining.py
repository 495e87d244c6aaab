"""A node's way to the root: whom it asks, when it leaves, and its requests (PROTOCOL.md 5.1 to 5.5)."""

from __future__ import annotations

from protocol.node import (
    ChildLost,
    Joined,
    ParentLost,
)
from protocol.packets import (
    BROADCAST,
    NO_HOP_COUNT,
    DropReason,
    FrameType,
    Help,
    Payload,
    Sync,
)
from protocol.parent_link import HYSTERESIS_ETX16, LOOK_ROUNDS
from protocol.rounds import Round
from protocol.tree_parts import NodeParts, Offer, State
from protocol.way import Way, age_unit_ms, clock_error_ms, is_better, is_usable

# The first call in vain is answered by somebody else, as a rule: a node acts on the second.
VAIN_CALLS = 2


class Joining(NodeParts):
    """The child's part of a node."""

    def _is_feasible(self, payload: Payload) -> bool:
        """Whether the sync offers a way that cannot close a loop (5.3)."""
        assert isinstance(payload, Sync)
        if not is_usable(payload):
            return False
        return self.way is None or is_better((payload.version, payload.hop_count), self.way.distance)

    def _is_fresh(self, now_ms: int) -> bool:
        return self.is_root or (self.way is not None and self.way.is_fresh(now_ms))

    def _offer_way(self, to: int, wanted: Help, now_ms: int) -> None:
        """Offer the own way to a node that seeks one, if it would be feasible there."""
        assert self.way is not None
        sought = wanted.hop_count != NO_HOP_COUNT
        if sought and not is_better(self.way.distance, (wanted.version, wanted.hop_count)):
            self._needs_newer_way(self._vain_calls + 1, now_ms)
            return
        if not self._is_fresh(now_ms):
            return
        if not self.children.has_room_for(to):
            self._drop(DropReason.TABLE_FULL, to)
            return
        self._put(FrameType.HELP_ACK, to, now_ms + self._jitter.below(self._timing.help_spread_ms))

    def _follow(self, sync: Sync, now_ms: int) -> None:
        """Take the way that the parent tells, if it may be taken.

        Children learn of another distance at once, and so does who called for help in vain (5.2).
        """
        if self._is_feasible(sync):
            before = self.way
            age_ms = sync.age * age_unit_ms(sync.period_ms) + self._link.delay_ms
            self.way = Way(sync.version, sync.hop_count + 1, now_ms - age_ms, sync.period_ms)
            is_other = before is not None and before.hop_count != self.way.hop_count
            is_newer = before is None or before.version != self.way.version
            is_awaited = is_newer and self._vain_calls >= VAIN_CALLS
            if is_newer:
                self._vain_calls = 0
            if (is_other and len(self.children)) or is_awaited:
                self._put(FrameType.DISCOVERY, BROADCAST, self._after_jitter(now_ms))

    def _needs_newer_way(self, vain_calls: int, now_ms: int) -> None:
        """So many calls were in vain for want of a newer way: in the end the parent may know one."""
        is_time = self._vain_calls < VAIN_CALLS <= vain_calls
        self._vain_calls = min(vain_calls, VAIN_CALLS)
        if is_time and self.parent is not None:
            self._put(FrameType.LOOK, self.parent, self._after_jitter(now_ms))

    def _look_for_better(self, version: int, now_ms: int) -> None:
        """Call for offers while keeping the parent, if its link is bad."""
        if self._link.is_bad() and (version + self.node_id) % LOOK_ROUNDS == 0:
            self._put(FrameType.LOOK, BROADCAST, now_ms)
            self._offer_ms = now_ms + self._timing.offer_window_ms + self._timing.help_spread_ms

    def _consider(self, request: FrameType, source: int, hop_count: int, now_ms: int) -> None:
        """Of the offers of a short window the cheapest is taken; of equal ones the first."""
        offer = Offer(self._link.cost(source, hop_count), request, source)
        if self._offer is None or offer.cost < self._offer.cost:
            self._offer = offer
        if self._timing.offer_window_ms == 0:
            self._take_offer(now_ms)
        elif self._offer_ms is None:
            self._help_ms = None
            spread_ms = self._timing.help_spread_ms if request is FrameType.HELP_ACK_DATA else 0
            self._offer_ms = now_ms + self._timing.offer_window_ms + spread_ms

    def _take_offer(self, now_ms: int) -> None:
        offer = self._offer
        self._offer = self._offer_ms = None
        if offer is None:
            return  # nobody answered who looked for a better parent
        if self.state is State.JOINED:
            assert self.way is not None
            assert self.parent is not None
            cost_now = self._link.cost(self.parent, self.way.hop_count - 1)
            if self._request is not None or offer.cost + HYSTERESIS_ETX16 > cost_now:
                return
            self._lose_parent("there is a better one", now_ms)
        # Many hear a DISCOVERY, and only one a HELP_ACK.
        due_ms = self._after_jitter(now_ms) if offer.request is FrameType.DISC_ACK else now_ms
        self._ask(offer.request, offer.source, due_ms)

    def _ask(self, request: FrameType, candidate: int, due_ms: int) -> None:
        """Begin to join that node."""
        self.state = State.JOINING
        self._candidate = candidate
        self._help_ms = None
        self._request_bears_report = self._round is not None and self._round.undelivered
        self._unanswered = 0
        self._send_request(request, candidate, due_ms)

    def _answers(self, request: FrameType, source: int) -> bool:
        """Whether an answer of `source` is what this joining node waits for; counted as dropped if not."""
        if self.state is State.JOINING and self._request is request and source == self._candidate:
            return True
        self._drop(DropReason.STATE, source)
        return False

    def _join(self, parent: int, sync: Sync, now_ms: int) -> None:
        by_discovery = self._request is FrameType.DISC_ACK
        self._unanswered = self._parent_calls = 0
        self._end_request()
        if not self._is_feasible(sync):
            self._drop(DropReason.NOT_FEASIBLE, parent)
            self._seek(now_ms)
            return
        self._link.begin(parent)
        self._follow(sync, now_ms)
        assert self.way is not None
        if self._round is None:
            # A clock that was ahead may have led this node into the next round before it was restarted.
            margin_ms = 2 * clock_error_ms(self.way.period_ms)
            self._round = Round(self.way.version_at(now_ms + margin_ms), acked=True)
        self.state = State.JOINED
        self.parent = parent
        self._candidate = None
        self._help_wait_ms = self._timing.help_wait_ms
        if self.children.remove(parent):
            self._events.append(ChildLost(parent))
        self._events.append(Joined(parent, self.way.hop_count))
        if by_discovery:
            self._told_depth = 0  # a DISC_ACK tells none
            self._tell_grown_depth(now_ms)
        if by_discovery or len(self.children):
            due_ms = self._after_jitter(now_ms)
            self._put(FrameType.DISCOVERY, BROADCAST, due_ms)
            self._leaf_wait_ms = due_ms + self._timing.leaf_wait_ms
        if self._round.undelivered:
            self._send_request(FrameType.DATA, parent, now_ms)

    def _lose_parent(self, why: str, now_ms: int) -> None:
        assert self.parent is not None
        self._events.append(ParentLost(self.parent, why))
        self.parent = None
        self._leaf_wait_ms = None
        self._offer = self._offer_ms = None
        self._end_request()
        self._seek(now_ms)

    def _seek(self, now_ms: int) -> None:
        self.state = State.SEEKING
        self._candidate = None
        self._help_ms = self._after_jitter(now_ms)

    def _call_for_help(self, now_ms: int) -> None:
        self._put(FrameType.HELP, BROADCAST, now_ms)
        self._help_ms = self._after_jitter(now_ms + self._help_wait_ms)
        self._help_wait_ms = min(2 * self._help_wait_ms, self._timing.help_wait_limit_ms)

    def _check_way(self, now_ms: int) -> None:
        """At every round: is the way to the root still worth following (5.4)?"""
        if self.is_root or self.way is None:
            return
        if self.state is State.JOINED and not self._is_fresh(now_ms):
            self._lose_parent("nothing new comes from the root", now_ms)
        elif self.state is State.JOINED and self._unanswered > self._timing.max_retries:
            # The round was too short for the ack timer to say so.
            self._lose_parent(f"no answer to {self._unanswered} tries", now_ms)
        elif self.state is State.SEEKING and self._offer is None:
            self._help_wait_ms = self._timing.help_wait_ms
            self._seek(now_ms)  # the neighbours learn of a newer version now: then they can help
        if self.state is not State.JOINED and self.way.is_lost(now_ms):
            self.way = None
            self._round = None
            self._child_wait_ms = None
            for child in self.children:
                self._events.append(ChildLost(child.id))
            self.children.forget_all()

    def _tell_grown_depth(self, now_ms: int) -> None:
        if self.children.depth > self._told_depth:
            self._tell_depth(now_ms)

    def _tell_depth(self, now_ms: int) -> None:
        if self.parent is not None:
            self._told_depth = self.children.depth
            self._put(FrameType.DEPTH, self.parent, now_ms)

    # --- requests and their answers ----------------------------------------------------------------------

    def _send_request(self, request: FrameType, destination: int, due_ms: int) -> None:
        """Ask and wait for the answer. Tries of DATA count on over rounds, until the parent answers any."""
        self._request = request
        self._unanswered += 1
        self._put(request, destination, due_ms)
        self._data_sent_ms = due_ms  # until it is: an answer that comes before is no round trip
        timeout_ms = self._link.ack_timeout_ms if request is FrameType.DATA else self._timing.ack_timeout_ms
        # Frames that collided must not meet again: the more tries, the more random the next.
        tries = min(self._unanswered, self._timing.max_retries + 1)
        self._ack_ms = due_ms + timeout_ms + self._jitter.below(tries * self._timing.jitter_ms)

    def _end_request(self) -> None:
        if self._request is not None:
            self._outbox.discard(self._request)
        self._request = None
        self._ack_ms = None

    def _no_answer(self, now_ms: int) -> None:
        destination = self.parent if self.state is State.JOINED else self._candidate
        assert destination is not None
        assert self._request is not None
        if self._request is FrameType.DATA:
            self._link.not_answered(self._unanswered)
        if self._unanswered <= self._timing.max_retries:
            self._send_request(self._request, destination, now_ms)
        elif self.state is State.JOINED:
            self._lose_parent(f"no answer to {self._unanswered} tries", now_ms)
        else:
            self._end_request()
            self._seek(now_ms)
