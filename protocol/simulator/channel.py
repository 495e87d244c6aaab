"""The channel that the radios share: queues, carrier sense, collisions and what a link does to a frame.

Collisions are found when a frame ends, by looking at what else the receiver heard meanwhile. So the cost of a
frame grows with the neighbours of its receiver and not with the field.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable

from protocol.packets import BROADCAST
from protocol.simulator.clock import Clock
from protocol.simulator.medium import Air
from protocol.simulator.station import Station

# Frames that wait in one radio. A node retransmits after a quarter of a second, so a frame that stands behind
# many others is of no use any more; the node's own queue is as long.
MAX_QUEUED = 16
_MAX_FLIPS = 3


class Channel:
    """The air between stations.

    `deliver(station, frame)` is called for every frame that reaches a station, damaged or not, and
    `sent(station, frame)` when a station's frame has left whole, whoever hears it.
    """

    def __init__(
        self,
        air: Air,
        clock: Clock,
        rng: random.Random,
        *,
        deliver: Callable[[Station, bytes], None],
        sent: Callable[[Station, bytes], None],
    ) -> None:
        self.quality = air.quality
        self._radio = air.radio
        self._collisions = air.collisions
        self._link_loss = dict(air.link_loss)
        self._clock = clock
        self._random = rng.random
        self._rng = rng
        self._deliver = deliver
        self._sent = sent
        self._collided = 0
        self._queue_full = 0

    def take_lost(self) -> tuple[int, int]:
        """Since the last call: receptions that collisions destroyed, frames for which a radio had no room."""
        lost = self._collided, self._queue_full
        self._collided = self._queue_full = 0
        return lost

    def link_loss(self, speaker: int, listener: int) -> float:
        """What that link loses besides what every link does."""
        return self._link_loss.get((speaker, listener), 0.0)

    def set_link_loss(self, links: Iterable[tuple[int, int]], loss: float) -> None:
        """Make these links (speaker, listener) lose so much from now on, besides what every link does."""
        self._link_loss.update(dict.fromkeys(links, loss))

    def send(self, station: Station, frame: bytes) -> None:
        """Queue a frame behind those that the station's radio has; one too many is dropped and counted."""
        queue = station.queue
        if len(queue) >= MAX_QUEUED:
            self._queue_full += 1
            return
        queue.append(frame)
        if len(queue) == 1:
            self._take_turn(station, queue)

    # An event holds the queue that it is about: a station that lost power meanwhile has another one.

    def _take_turn(self, station: Station, queue: deque[bytes]) -> None:
        now_us, radio = self._clock.now_us, self._radio
        if not self._collisions:
            self._transmit(station, queue, now_us)
        elif radio.carrier_sense:
            backoff_us = int(self._random() * radio.first_backoff_us)
            self._clock.at(now_us + backoff_us, self._sense, station, queue)
        else:
            self._transmit(station, queue, now_us + radio.sense_delay_us)

    def _sense(self, station: Station, queue: deque[bytes]) -> None:
        """Send if nobody is heard; wait for another while if somebody is."""
        if station.queue is not queue:
            return
        now_us, radio = self._clock.now_us, self._radio
        for other in station.hears:
            if other.start_us <= now_us < other.end_us:
                backoff_us = 1 + int(self._random() * radio.busy_backoff_us)
                self._clock.at(now_us + backoff_us, self._sense, station, queue)
                return
        self._transmit(station, queue, now_us + radio.sense_delay_us)

    def _transmit(self, station: Station, queue: deque[bytes], start_us: int) -> None:
        station.previous_end_us = station.end_us
        station.start_us = start_us
        station.end_us = start_us + self._radio.airtime_us(len(queue[0]))
        self._clock.at(station.end_us, self._finish, station, queue)

    def _finish(self, station: Station, queue: deque[bytes]) -> None:
        if station.queue is not queue:
            return
        start_us, frame = station.start_us, queue.popleft()
        if queue:
            self._take_turn(station, queue)
        self._sent(station, frame)
        destination = frame[3] << 8 | frame[4]
        if destination == BROADCAST:
            for receiver in station.listeners.values():
                self._offer(station, receiver, frame, start_us)
        elif destination in station.listeners:
            self._offer(station, station.listeners[destination], frame, start_us)

    def _offer(self, speaker: Station, receiver: Station, frame: bytes, start_us: int) -> None:
        """Let `receiver` hear a frame that ends now, if nothing destroys it."""
        if receiver.node is None or receiver.on_since_us > start_us:
            return
        if self._collisions and self._is_disturbed(speaker, receiver, start_us):
            self._collided += 1
            return
        quality, chance = self.quality, self._random
        if quality.loss and chance() < quality.loss:
            return
        if self._link_loss and chance() < self.link_loss(speaker.node_id, receiver.node_id):
            return
        copies = 2 if quality.duplication and chance() < quality.duplication else 1
        for _ in range(copies):
            heard = self._damaged(frame) if quality.bit_flips and chance() < quality.bit_flips else frame
            if quality.delay_ms:
                delay_us = int(chance() * quality.delay_ms * 1000)
                self._clock.at(self._clock.now_us + delay_us, self._deliver, receiver, heard)
            else:
                self._deliver(receiver, heard)

    def _is_disturbed(self, speaker: Station, receiver: Station, start_us: int) -> bool:
        """Whether the receiver sent, or heard anybody else, between `start_us` and now."""
        now_us = self._clock.now_us
        if receiver.end_us > start_us and receiver.was_sending(start_us, now_us):
            return True
        for other in receiver.hears:
            if other.end_us > start_us and other is not speaker and other.was_sending(start_us, now_us):
                return True
        return False

    def _damaged(self, frame: bytes) -> bytes:
        number = int.from_bytes(frame, "big")
        for bit in self._rng.sample(range(8 * len(frame)), self._rng.randint(1, _MAX_FLIPS)):
            number ^= 1 << bit
        return number.to_bytes(len(frame), "big")
