"""Reads sealed frames without being a member: what whoever holds the keys can see on a link or in a log
(PROTOCOL.md 10.6). It learns lives, judges no replays, and says why a frame cannot be read."""

from __future__ import annotations

from collections.abc import Mapping

from protocol.keys import Keys, network_key, node_key
from protocol.packets import DropReason, peek_header
from protocol.sealing import HOST_TYPES, SealingKey, shown_number, unfit
from protocol.wire_format import COUNTER_MODULUS

_HALF = COUNTER_MODULUS >> 1
_LIFE_SHIFT = 24
# Lives that nodes used before they lost a counter, or were said to use; the latest is tried first.
_MAX_LIVES = 4


class SealedReader:
    """Opens sealed frames with the keys of one network.

    `keys` are anybody's: a member's open what the network key seals, and its own frames to the host; the
    master key opens everything, of every epoch up to the one after theirs. `lives` are where nodes began.
    """

    def __init__(
        self, keys: Keys, node_id: int | None = None, lives: Mapping[int, int] | None = None
    ) -> None:
        self._master = keys.master
        self._networks = [SealingKey(key) for key in _network_keys(keys)]
        self._nodes = {} if node_id is None else {node_id: SealingKey(keys.node)}
        self._newest: dict[int, int] = {}
        self._lives: dict[int, list[int]] = {source: [life] for source, life in (lives or {}).items()}

    def learn(self, frame: bytes) -> None:
        """Note the life that a frame shows, to be tried with others of its source; it may be forged."""
        if unfit(frame) is None and (shown := shown_number(frame)) is not None:
            _, source, _, _ = peek_header(frame)
            self._note(source, shown >> _LIFE_SHIFT)

    def open(self, frame: bytes) -> bytes | DropReason:
        """The frame as an open one, or why it cannot be read: unproven (its life is not known), or tag."""
        found = self.read(frame)
        return found if isinstance(found, DropReason) else found[1]

    def read(self, frame: bytes) -> tuple[int, bytes] | DropReason:
        """As `open`, with the frame's long counter."""
        reason = unfit(frame)
        if reason is not None:
            return reason
        first, source, _, counter = peek_header(frame)
        shown = shown_number(frame)
        numbers = self._candidates(source, counter) if shown is None else [shown]
        keys = self._keys_for(first & 0x1F, source)
        if not keys:
            return DropReason.TAG
        for number in numbers:
            for key in keys:
                opened = key.open(frame, number)
                if opened is not None:
                    self._note(source, number >> _LIFE_SHIFT)
                    self._newest[source] = number
                    if key is not keys[0]:  # the epoch that is used now is tried first
                        keys.remove(key)
                        keys.insert(0, key)
                    return number, opened
        return DropReason.TAG if numbers else DropReason.UNPROVEN

    def _candidates(self, source: int, counter: int) -> list[int]:
        """The long counters that a frame may have: nearest to the last one, then of other lives."""
        found = []
        newest = self._newest.get(source)
        if newest is not None:
            ahead = (counter - newest + _HALF) % COUNTER_MODULUS - _HALF
            found.append(max(0, newest + ahead))
        for life in self._lives.get(source, ()):
            number = life << _LIFE_SHIFT | counter
            if number not in found:
                found.append(number)
        return found

    def _note(self, source: int, life: int) -> None:
        lives = self._lives.setdefault(source, [])
        if life not in lives:
            lives.insert(0, life)
            del lives[_MAX_LIVES:]

    def _keys_for(self, frame_type: int, source: int) -> list[SealingKey]:
        if frame_type not in HOST_TYPES:
            return self._networks
        if source not in self._nodes and self._master is not None:
            self._nodes[source] = SealingKey(node_key(self._master, source))
        return [self._nodes[source]] if source in self._nodes else []


def _network_keys(keys: Keys) -> list[bytes]:
    found = [keys.network]
    if keys.master is not None:
        epochs = [keys.epoch + 1, *range(keys.epoch - 1, max(-1, keys.epoch - 9), -1)]
        found += [network_key(keys.master, epoch) for epoch in epochs if epoch <= 0xFFFF]
    elif keys.next_network is not None:
        found.append(keys.next_network)
    return found
