"""Reads sealed frames without being a member: what whoever holds the keys can see on a link or in a log
(PROTOCOL.md 10.6). It learns lives and epochs, drops what is old, and says why a frame cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from protocol.keys import MAX_EPOCH, Keys, network_key, node_key
from protocol.long_counter import LIFE_SHIFT
from protocol.packets import TYPE_MASK, DropReason, peek_header
from protocol.sealing import HOST_TYPES, SealingKey, shown_number, unfit
from protocol.wire_format import COUNTER_MODULUS

_HALF = COUNTER_MODULUS >> 1
# Lives that nodes used before they lost a counter, or were said to use; the latest is tried first.
_MAX_LIVES = 4
# How far behind the newest a frame of the same life may be: a copy that went another way.
_MAX_BEHIND = 64


@dataclass(frozen=True, slots=True)
class HeardSenders:
    """What a reader has learned, but for keys: lives by source, the likeliest first; the newest long counter
    by source, and by source and life; the oldest epoch that is not over."""

    lives: Mapping[int, list[int]]
    newest: Mapping[int, int]
    newest_of_life: Mapping[tuple[int, int], int]
    epoch: int


class SealedReader:
    """Opens sealed frames with the keys of one network.

    `keys` are anybody's: a member's open what the network key seals, and its own frames to the host; the
    master key opens everything, of every epoch up to the one after theirs. Of an epoch that is over nothing
    is opened any more: who was revoked has its key. `lives` are where nodes began.
    """

    def __init__(
        self, keys: Keys, node_id: int | None = None, lives: Mapping[int, int] | None = None
    ) -> None:
        self._master = keys.master
        # By epoch, the likeliest first.
        self._networks: dict[int | None, SealingKey] = {
            epoch: SealingKey(key) for epoch, key in _network_keys(keys)
        }
        self._nodes = {} if node_id is None else {node_id: SealingKey(keys.node)}
        self._newest: dict[int, int] = {}  # by source, in the life that was heard last
        self._newest_of_life: dict[tuple[int, int], int] = {}
        self._lives: dict[int, list[int]] = {source: [life] for source, life in (lives or {}).items()}

    def heard(self) -> HeardSenders:
        """What it has learned so far, for another reader with the same keys."""
        lives = {source: list(lives) for source, lives in self._lives.items()}
        epoch = min(epoch for epoch in self._networks if epoch is not None)
        return HeardSenders(lives, dict(self._newest), dict(self._newest_of_life), epoch)

    def recall(self, heard: HeardSenders) -> None:
        """Go on where that reader stood. Lives that are known already stay known."""
        for source, lives in heard.lives.items():
            others = [life for life in self._lives.get(source, ()) if life not in lives]
            self._lives[source] = [*lives, *others][:_MAX_LIVES]
        self._newest = dict(heard.newest)
        self._newest_of_life = dict(heard.newest_of_life)
        self._end_epochs_before(heard.epoch)

    def learn(self, frame: bytes) -> None:
        """Note the life that a member's frame shows, to be tried with others of its source."""
        if unfit(frame) is not None or (shown := shown_number(frame)) is None:
            return
        if any(key.open(frame, shown) is not None for key in self._networks.values()):
            self._note(peek_header(frame)[1], shown >> LIFE_SHIFT)

    def open(self, frame: bytes) -> bytes | DropReason:
        """The frame as an open one, or why it is not read: unproven (of a life not known), tag, replayed."""
        found = self.read(frame)
        return found if isinstance(found, DropReason) else found[1]

    def look(self, frame: bytes, lives: Iterable[int]) -> bytes | DropReason:
        """The frame as an open one, whenever it was sent: nothing is learned, and nothing is too old.

        `lives` are those that its source may have had. For one who leafs through a log.
        """
        reason = unfit(frame)
        if reason is not None:
            return reason
        first, source, _, counter = peek_header(frame)
        shown = shown_number(frame)
        numbers = [life << LIFE_SHIFT | counter for life in lives] if shown is None else [shown]
        for number in numbers:
            for key in self._keys_for(first & TYPE_MASK, source).values():
                opened = key.open(frame, number)
                if opened is not None:
                    return opened
        return DropReason.TAG if numbers else DropReason.UNPROVEN

    def read(self, frame: bytes) -> tuple[int, bytes] | DropReason:
        """As `open`, with the frame's long counter."""
        reason = unfit(frame)
        if reason is not None:
            return reason
        first, source, _, counter = peek_header(frame)
        shown = shown_number(frame)
        numbers = self._candidates(source, counter) if shown is None else [shown]
        keys = self._keys_for(first & TYPE_MASK, source)
        if not keys:
            return DropReason.TAG
        for number in numbers:
            for epoch, key in keys.items():
                opened = key.open(frame, number)
                if opened is not None:
                    return self._taken(source, number, epoch, opened)
        return DropReason.TAG if numbers else DropReason.UNPROVEN

    def _taken(
        self, source: int, number: int, epoch: int | None, opened: bytes
    ) -> tuple[int, bytes] | DropReason:
        """A member made that frame; it may be old."""
        life = number >> LIFE_SHIFT
        newest = max(number, self._newest_of_life.get((source, life), 0))
        if newest - number > _MAX_BEHIND:
            return DropReason.REPLAYED
        self._note(source, life)
        self._newest[source] = self._newest_of_life[source, life] = newest
        if epoch is not None:
            self._end_epochs_before(epoch)
        return number, opened

    def _end_epochs_before(self, epoch: int) -> None:
        if epoch in self._networks:
            for former in [e for e in self._networks if e is not None and e < epoch]:
                del self._networks[former]

    def _candidates(self, source: int, counter: int) -> list[int]:
        """The long counters that a frame may have: nearest to the last one, then of other lives."""
        found = []
        newest = self._newest.get(source)
        if newest is not None:
            ahead = (counter - newest + _HALF) % COUNTER_MODULUS - _HALF
            found.append(max(0, newest + ahead))
        for life in self._lives.get(source, ()):
            number = life << LIFE_SHIFT | counter
            if number not in found:
                found.append(number)
        return found

    def _note(self, source: int, life: int) -> None:
        lives = self._lives.setdefault(source, [])
        if life not in lives:
            lives.insert(0, life)
            del lives[_MAX_LIVES:]

    def _keys_for(self, frame_type: int, source: int) -> dict[int | None, SealingKey]:
        """By epoch; a node's own key has none."""
        if frame_type not in HOST_TYPES:
            return self._networks
        if source not in self._nodes and self._master is not None:
            self._nodes[source] = SealingKey(node_key(self._master, source))
        return {None: self._nodes[source]} if source in self._nodes else {}


def _network_keys(keys: Keys) -> list[tuple[int, bytes]]:
    found = [(keys.epoch, keys.network)]
    if keys.master is not None:
        epochs = [keys.epoch + 1, *range(keys.epoch - 1, max(-1, keys.epoch - 9), -1)]
        found += [(epoch, network_key(keys.master, epoch)) for epoch in epochs if epoch <= MAX_EPOCH]
    elif keys.next_epoch is not None and keys.next_network is not None:
        found.append((keys.next_epoch, keys.next_network))
    return found
