"""The sink tree (PROTOCOL.md sections 5 to 7): discovery, depth, data and help as one state machine.

Rules: a node knows its parent and its children only. It adopts a way to the root only if that way is better
than its own (feasible), so no loop can form. A child's report replaces, never adds. A report that may be
counted twice says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from protocol import packets, serial_number
from protocol.children import Child, Children
from protocol.node import (
    ChildJoined,
    ChildLost,
    Event,
    FrameDropped,
    Jitter,
    Joined,
    LinkName,
    MeasurementDue,
    ParentLost,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
)
from protocol.outbox import Outbox, Waiting
from protocol.packets import (
    BROADCAST,
    HOST,
    MAX_U24,
    NO_HOP_COUNT,
    Ack,
    Depth,
    DropReason,
    Empty,
    Frame,
    FrameError,
    FrameType,
    Help,
    Items,
    Payload,
    Report,
    Result,
    Sync,
)
from protocol.parent_link import HYSTERESIS_ETX16, LOOK_ROUNDS, ParentLink
from protocol.rounds import Round
from protocol.timing import SPREAD_GROWTH, Timing
from protocol.way import FORGET_PERIODS, Way, age_unit_ms, is_better, is_usable

# A driver drains the events after every call; this holds what one call can cause, several times over.
MAX_EVENTS = 256


class State(Enum):
    """PROTOCOL.md 5.1. The root is JOINED from the start."""

    SEEKING = "seeking"
    JOINING = "joining"
    JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Offer:
    """The best way to the root that was offered within the offer window; `request` asks for it."""

    cost: int
    request: FrameType
    source: int


class SinkTreeNode:
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
        if not 0 <= node_id <= packets.MAX_NODE_ID:
            raise ValueError(f"a node id is 0 to {packets.MAX_NODE_ID}, not {node_id}")
        self.node_id = node_id
        self.is_root = root
        self.state = State.SEEKING
        self.parent: int | None = None
        self.way: Way | None = None
        self.children = Children(node_id, max_children)
        self._timing = timing or Timing()
        self._metrics = metrics
        self._jitter = Jitter(seed)
        self._link = ParentLink(self._timing, self._jitter)
        self._counter = first_counter % packets.COUNTER_MODULUS
        self._outbox = Outbox()
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._round: Round | None = None
        self._told_depth = 0
        # The request that waits for an answer: DISC_ACK or HELP_ACK_DATA while joining, DATA once joined.
        self._request: FrameType | None = None
        self._candidate: int | None = None
        self._offer: Offer | None = None
        self._unanswered = 0
        self._parent_calls = 0
        self._could_not_help = False
        self._data_sent_ms = 0
        self._request_bears_report = False
        self._child_wait_ms: int | None = None
        self._ack_ms: int | None = None
        self._leaf_wait_ms: int | None = None
        # While joined: when looking for a better parent ends.
        self._offer_ms: int | None = None
        self._help_ms: int | None = None
        self._help_wait_ms = self._timing.help_wait_ms
        self._heard_version: int | None = None
        if root:
            self._start_root(serial_number.add(first_version, -1), now_ms)
        else:
            self._help_ms = now_ms + self._timing.listen_ms + self._jitter.below(10 * self._timing.jitter_ms)

    def _start_root(self, version: int, now_ms: int) -> None:
        period_ms = self._timing.period_ms
        origin_ms = now_ms + min(period_ms, self._timing.discovery_ms) - period_ms
        self.state = State.JOINED
        self.way = Way(version, 0, origin_ms, period_ms)
        self._round = Round(version, acked=True)
        self._put(FrameType.DISCOVERY, BROADCAST, now_ms)

    # --- the seam ----------------------------------------------------------------------------------------

    def receive(self, frame: bytes, now_ms: int) -> None:
        """See protocol.node.Node.receive."""
        try:
            got = packets.decode(frame)
        except FrameError as error:
            self._drop(error.reason, None)
            return
        if got.source == self.node_id:
            self._drop(DropReason.OWN_ID, got.source)
        elif got.destination in (self.node_id, BROADCAST):
            handler = self._HANDLERS.get(got.type)
            if handler is None:
                self._drop(DropReason.STATE, got.source)
            else:
                handler(self, got, now_ms)

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

    def next_deadline(self) -> int | None:
        """See protocol.node.Node.next_deadline."""
        deadlines = (
            self._next_round_ms(),
            self._child_wait_ms,
            self._ack_ms,
            self._leaf_wait_ms,
            self._offer_ms,
            self._help_ms,
            self._outbox.next_due_ms(),
        )
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """See protocol.node.Node.frames_to_send."""
        frames = []
        while (waiting := self._outbox.take_due(now_ms)) is not None:
            payload = self._payload(waiting, now_ms)
            if waiting.type is FrameType.DATA:
                self._data_sent_ms = now_ms
            frame = Frame(waiting.type, self.node_id, waiting.destination, self._counter, payload)
            self._counter = (self._counter + 1) % packets.COUNTER_MODULUS
            link = LinkName.HOST if waiting.destination == HOST else LinkName.AIR
            frames.append((link, packets.encode(frame)))
        return frames

    def next_event(self) -> Event | None:
        """See protocol.node.Node.next_event."""
        return self._events.popleft() if self._events else None

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
            self._ask_for_newer(now_ms)

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

    _HANDLERS: Mapping[FrameType, Callable[[SinkTreeNode, Frame, int], None]] = {
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
    }

    # --- the way to the root -----------------------------------------------------------------------------

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
            self._ask_for_newer(now_ms)
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
            if (is_other and len(self.children)) or (is_newer and self._could_not_help):
                self._could_not_help = False
                self._put(FrameType.DISCOVERY, BROADCAST, self._after_jitter(now_ms))

    def _ask_for_newer(self, now_ms: int) -> None:
        """Somebody needs a newer way than this node knows: the parent may know one."""
        if self.parent is not None and not self._could_not_help:
            self._could_not_help = True
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
            self._round = Round(self.way.version_at(now_ms), acked=True)
        self.state = State.JOINED
        self.parent = parent
        self._candidate = None
        self._help_wait_ms = self._timing.help_wait_ms
        if self.children.remove(parent):
            self._events.append(ChildLost(parent))
        self._events.append(Joined(parent, self.way.hop_count))
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

    # --- requests and their answers ----------------------------------------------------------------------

    def _send_request(self, request: FrameType, destination: int, due_ms: int) -> None:
        """Ask and wait for the answer. Tries of DATA count on over rounds, until the parent answers any."""
        self._request = request
        self._unanswered += 1
        self._put(request, destination, due_ms)
        timeout_ms = self._link.ack_timeout_ms if request is FrameType.DATA else self._timing.ack_timeout_ms
        self._ack_ms = self._after_jitter(due_ms + timeout_ms)

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
        if serial_number.distance(report.items.version, self._round.version) in (0, 1):
            self.children.store(child, report.items)
            self._events.append(ReportAccepted(child.id, report.items.version))
        else:
            self._drop(DropReason.STALE_VERSION, child.id)

    def _tell_grown_depth(self, now_ms: int) -> None:
        if self.children.depth > self._told_depth:
            self._tell_depth(now_ms)

    def _tell_depth(self, now_ms: int) -> None:
        if self.parent is not None:
            self._told_depth = self.children.depth
            self._put(FrameType.DEPTH, self.parent, now_ms)

    # --- rounds ------------------------------------------------------------------------------------------

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
            delay_ms = self._link.send_delay_ms(self._slot_ms(), is_leaf=not len(self.children))
            self._send_request(FrameType.DATA, self.parent, now_ms + delay_ms)

    # --- frames sent -------------------------------------------------------------------------------------

    def _put(self, frame_type: FrameType, destination: int, due_ms: int, acked_version: int = 0) -> None:
        if not self._outbox.put(Waiting(due_ms, frame_type, destination, acked_version)):
            self._drop(DropReason.QUEUE_FULL, self.node_id)

    def _payload(self, waiting: Waiting, now_ms: int) -> Payload:
        match waiting.type:
            case FrameType.DISC_ACK:
                return Empty()
            case FrameType.DEPTH:
                return Depth(self.children.depth)
            case FrameType.DATA | FrameType.HELP_ACK_DATA:
                return self._report_for(waiting)
            case FrameType.DATA_ACK | FrameType.HELP_CONFIRM:
                return Ack(waiting.acked_version, self._sync(now_ms))
            case FrameType.HELP | FrameType.LOOK:
                way = self.way
                return Help(way.version, way.hop_count) if way else Help(0, NO_HOP_COUNT)
            case FrameType.RESULT:
                assert self._round is not None
                assert self._round.report is not None
                return Result(self._round.duration_ms, self._round.report)
            case _:
                return self._sync(now_ms)

    def _report_for(self, waiting: Waiting) -> Report:
        self._told_depth = self.children.depth
        if waiting.type is FrameType.HELP_ACK_DATA and not self._request_bears_report:
            return Report(self._told_depth, Items())
        assert self._round is not None
        return Report(self._told_depth, self._round.items_for(waiting.destination))

    def _sync(self, now_ms: int) -> Sync:
        if self.way is None or self.state is not State.JOINED:
            return Sync(0, 0, NO_HOP_COUNT, 0)
        age = min((now_ms - self.way.origin_ms) // age_unit_ms(self.way.period_ms), MAX_U24)
        return Sync(self.way.version, age, self.way.hop_count, self.way.period_ms)

    def _after_jitter(self, time_ms: int) -> int:
        return time_ms + self._jitter.below(self._timing.jitter_ms)

    def _drop(self, reason: DropReason, source: int | None) -> None:
        self._events.append(FrameDropped(reason, source))

    @staticmethod
    def _is_due(deadline_ms: int | None, now_ms: int) -> bool:
        return deadline_ms is not None and deadline_ms <= now_ms
