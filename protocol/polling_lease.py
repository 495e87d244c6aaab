"""Who is the primary of a polled network, and what version comes next (PROTOCOL.md 13.3, 13.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocol import serial_number
from protocol.node import BecamePrimary, SteppedDown
from protocol.packets import MAX_HEIRS, MAX_U24, Beat, Frame, Hello, Network, Pairs, Poll, Reading
from protocol.peer_node import PeerNode
from protocol.peers import MAX_PEERS, Peer
from protocol.polling_round import PolledRound, TimedPoll
from protocol.timing import PollingTiming

# What a node knows before it has heard of any epoch.
NO_EPOCH = 0
# After every heir that a beat can name.
MAX_RANK = MAX_HEIRS
# A quarter of the versions: a node that slept for long must not come round to older ones.
MAX_SKIP = 0x3FFF
LISTEN_STAGGERS = 2


def epoch_after(epoch: int) -> int:
    """The next epoch; 0 is none."""
    return serial_number.add(epoch, 1) or 1


def is_newer_epoch(a: int, b: int) -> bool:
    """Whether epoch `a` comes after `b`; any comes after none, and none after any."""
    return a != NO_EPOCH and (b == NO_EPOCH or serial_number.is_newer(a, b))


@dataclass(slots=True)
class Asked:
    """What a secondary was polled for last; `readings` is None until its sensor has answered."""

    primary: int
    epoch: int
    version: int
    attempt: int
    readings: Pairs | None = None

    def is_for(self, primary: int, poll: Poll) -> bool:
        """Whether that poll asks for the same, in whichever attempt."""
        return (self.primary, self.epoch, self.version) == (primary, poll.epoch, poll.version)


class PollingLease(PeerNode):
    """The state of a node; what has a public name is for watchers to read.

    `primary` is whom the node follows, itself while it is the primary. `version` is the newest that it
    knows, and began at `began_ms`; of a primary that has not begun a round, it is one below its first.
    """

    def __init__(
        self,
        node_id: int,
        *,
        seed: int,
        first_counter: int,
        now_ms: int,
        timing: PollingTiming | None = None,
        metrics: tuple[int, ...] = (0,),
        order: Sequence[int] = (),
        max_peers: int = MAX_PEERS,
        first_version: int = 1,
    ) -> None:
        timing = timing or PollingTiming()
        super().__init__(
            node_id,
            seed=seed,
            first_counter=first_counter,
            timeouts=timing.ack_timeouts,
            order=order,
            max_peers=max_peers,
        )
        for peer_id in self.peers.present:
            self.peers.lose(peer_id)  # configured, and not heard yet
        self.epoch = NO_EPOCH
        self.version = serial_number.add(first_version, -1)
        self.primary: int | None = None
        self._heirs: tuple[int, ...] = ()  # of the last beat that was followed and named any
        self.period_ms = timing.period_ms
        self.began_ms = now_ms - timing.period_ms
        self._timing = timing
        self._metrics = metrics
        self._round: PolledRound | None = None
        self._asked: Asked | None = None
        self._wait(now_ms + timing.lease_ms + LISTEN_STAGGERS * timing.stagger_ms)
        self._hello_ms = now_ms + self._jitter.below(timing.peers.hello_spread_ms)
        self._hello_wait_ms = timing.peers.hello_wait_ms
        # A primary's: since when it is one, when its last beat was sent and the next is due, and when it was
        # last answered.
        self._primary_since_ms = self._beat_sent_ms = self._beat_ms = self._answered_ms = now_ms
        self._timed: dict[int, TimedPoll] = {}
        # Polls that may wait at a time, and the rounds since they became fewer or more (13.2).
        self._places = timing.concurrency
        self._calm_rounds = 0

    @property
    def is_primary(self) -> bool:
        """Whether the node polls the others, and its lease was not over when it was last called."""
        return self.primary == self.node_id

    def may_report(self, now_ms: int) -> bool:
        """Whether the running round can have a result: somebody answered, or the node is alone (13.1)."""
        if not self.is_primary or self._round is None or now_ms >= self._own_lease_end_ms:
            return False
        return not self._round.is_unanswered

    @property
    def _next_round_ms(self) -> int:
        return self.began_ms + self.period_ms

    # --- who is there ------------------------------------------------------------------------------------

    def _hear_at(self, node_id: int, now_ms: int) -> None:
        peer = self._hear(node_id)
        if peer is not None:
            peer.heard = now_ms

    def _lose_silent(self, now_ms: int) -> None:
        """Who was not even overheard for two periods and a lease is absent until it says HELLO."""
        for peer_id in self.peers.present:
            if now_ms - self.peers[peer_id].heard > 2 * self.period_ms + self._timing.lease_ms:
                self._lose(peer_id, "silent for two periods")

    def _overhear(self, frame: Frame, now_ms: int) -> None:
        """A frame for somebody else: its sender is there, and may tell of a newer epoch."""
        if isinstance(frame.payload, Poll | Reading):
            self._hear_at(frame.source, now_ms)
            if is_newer_epoch(frame.payload.epoch, self.epoch):
                self._take_epoch(frame.payload.epoch, frame.payload.version, now_ms)

    # --- whom to follow ----------------------------------------------------------------------------------

    def _yields_to(self, source: int, epoch: int, now_ms: int) -> bool:
        """Whether a BEAT or POLL of that node makes it the primary for this one."""
        if epoch != self.epoch:
            return is_newer_epoch(epoch, self.epoch)
        if self.primary in (None, source) or self.peers.comes_before(source, self.primary or 0):
            return True
        return not self.is_primary and now_ms >= self._lease_end_ms

    def _follow(self, source: int, heard: Beat, now_ms: int) -> None:
        if self.epoch != heard.epoch or self.primary != source:
            self._turn_to(source, heard.epoch, heard.version, now_ms)
        self._heirs = heard.heirs or self._heirs
        if heard.version == self.version or serial_number.is_newer(heard.version, self.version):
            self.version = heard.version
        self.began_ms = now_ms - heard.age_ms
        self.period_ms = heard.period_ms
        self._wait(now_ms + heard.lease_ms)

    def _turn_to(self, source: int | None, epoch: int, version: int, now_ms: int) -> None:
        """Another primary (None: unknown) of that epoch, whose newest version is that (13.4)."""
        is_newer = is_newer_epoch(epoch, self.epoch)
        if self.is_primary:
            self._step_down(f"epoch {epoch} has another primary", now_ms)
        if self.epoch == NO_EPOCH:
            self.version = version
        elif (is_newer or self.primary is not None) and not serial_number.is_newer(version, self.version):
            self.version = serial_number.add(self.version, 1)
        self.epoch = epoch
        self.primary = source
        self._hello_within_spread(now_ms)

    def _take_epoch(self, epoch: int, version: int, now_ms: int) -> None:
        """A newer epoch, whose primary is not known yet."""
        self._turn_to(None, epoch, version, now_ms)
        self._learn_version(epoch, version, now_ms)
        self._wait(now_ms + self._timing.lease_ms)

    def _learn_version(self, epoch: int, version: int, now_ms: int, *, is_of_other: bool = False) -> None:
        """Somebody knows that version; it may void the running round (13.4)."""
        if epoch == NO_EPOCH:
            return
        running = self._round
        if running is not None and (
            serial_number.is_newer(version, running.version)
            or (version == running.version and (is_of_other or epoch != self.epoch))
        ):
            self._round = None
        if serial_number.is_newer(version, self.version):
            self.version = version
            if not self.is_primary:
                self.began_ms = now_ms - self.period_ms

    # --- taking over and stepping down -------------------------------------------------------------------

    def _wait(self, lease_end_ms: int) -> None:
        jitter_ms = self._timing.jitter_ms
        self._lease_end_ms = lease_end_ms
        self._takeover_jitter_ms = jitter_ms + self._jitter.below(jitter_ms)

    @property
    def _rank(self) -> int:
        """Of the standbys of a lost primary, how many take over before this one (13.3)."""
        heirs = [heir for heir in self._heirs if heir != self.primary]
        if self.node_id in heirs:
            return heirs.index(self.node_id)
        return MAX_RANK if heirs else min(self.peers.rank(self.node_id, besides=self.primary), MAX_RANK)

    @property
    def _takeover_ms(self) -> int:
        return self._lease_end_ms + self._rank * self._timing.stagger_ms + self._takeover_jitter_ms

    @property
    def _own_lease_end_ms(self) -> int:
        return self._beat_sent_ms + self._timing.lease_ms - self._timing.jitter_ms

    def _check_lease(self, now_ms: int) -> None:
        if self.is_primary and now_ms >= self._own_lease_end_ms:
            self._step_down("its lease ran out: it was stopped", now_ms)

    def _take_over(self, now_ms: int) -> None:
        if self.primary is not None:
            self._lose(self.primary, "its lease is over")
        self._lose_silent(now_ms)
        if self.epoch != NO_EPOCH:
            unheard_ms = max(0, now_ms - self.began_ms) + self._timing.lease_ms
            self.version = serial_number.add(self.version, 1 + min(unheard_ms // self.period_ms, MAX_SKIP))
        self.epoch = epoch_after(self.epoch)
        self.primary = self.node_id
        self._heirs = ()
        self.began_ms = max(self._next_round_ms, now_ms + self._timing.beat_ms) - self.period_ms
        self._asked = None
        self._primary_since_ms = self._beat_sent_ms = self._beat_ms = self._answered_ms = now_ms
        self._events.append(BecamePrimary(self.epoch))

    def _step_down(self, why: str, now_ms: int) -> None:
        """A standby from now on; nobody is to use the version of its round again."""
        self._events.append(SteppedDown(self.epoch, why))
        self.primary = None
        self.version = serial_number.add(self.version, 1)
        self._round = None
        self._wait(now_ms + self._timing.lease_ms)
        self._hello_within_spread(now_ms)

    # --- beats and HELLOs --------------------------------------------------------------------------------

    def _beat(self, now_ms: int) -> Beat:
        age_ms = min(max(0, now_ms - self.began_ms), MAX_U24)
        heirs = tuple(peer_id for peer_id in self.peers.present if self._answers(self.peers[peer_id]))
        lease_ms = self._timing.lease_ms
        return Beat(self.epoch, self.version, age_ms, self.period_ms, lease_ms, heirs[:MAX_HEIRS])

    def _answers(self, peer: Peer) -> bool:
        """Whether this primary heard that peer, and its last poll was answered if there was one."""
        return peer.heard >= self._primary_since_ms and not peer.misses

    def _beat_soon(self, now_ms: int) -> None:
        """In answer to somebody: not for each of many who ask at once."""
        self._beat_ms = min(self._beat_ms, max(now_ms, self._beat_sent_ms + self._timing.jitter_ms))

    def _hello(self, now_ms: int) -> Hello:
        """What to say now; the next one is due later."""
        timing = self._timing.peers
        limit_ms = timing.hello_wait_limit_ms
        if self.primary is not None:
            limit_ms = max(limit_ms, self.period_ms // 2)
        self._hello_ms = now_ms + self._hello_wait_ms
        self._hello_wait_ms = min(2 * self._hello_wait_ms, limit_ms)
        return Hello(Network.POLLING, self.epoch, self.version)

    def _hello_within_spread(self, now_ms: int) -> None:
        timing = self._timing.peers
        self._hello_ms = min(self._hello_ms, now_ms + self._jitter.below(timing.hello_spread_ms))
        self._hello_wait_ms = timing.hello_wait_ms

    def _no_hello(self, now_ms: int) -> None:
        """The primary knows this node; it says HELLO when it is not polled for two periods."""
        timing = self._timing.peers
        self._hello_ms = now_ms + 2 * self.period_ms + self._jitter.below(timing.hello_spread_ms)
        self._hello_wait_ms = timing.hello_wait_ms
