"""The keys that a member has in use: which seals what, and when the next epoch begins (PROTOCOL.md 10.4)."""

from __future__ import annotations

from protocol.keys import Keys, node_key
from protocol.packets import TYPE_MASK
from protocol.sealing import HOST_TYPES, SealingKey

_HOST_TYPE = [first & TYPE_MASK in HOST_TYPES for first in range(256)]


class Seals:
    """The keys of one member, ready for use."""

    def __init__(self, node_id: int, keys: Keys) -> None:
        self._node_id = node_id
        self._node = SealingKey(keys.node)
        self._nodes: dict[int, SealingKey] = {}
        self.change(keys)

    def change(self, keys: Keys) -> None:
        """Use these from now on."""
        self.keys = keys
        self._network = SealingKey(keys.network)
        self._next = None if keys.next_network is None else SealingKey(keys.next_network)

    def seal(self, frame: bytes, number: int) -> bytes:
        """The node's own open frame, sealed for whom it is for."""
        return (self._node if _HOST_TYPE[frame[0]] else self._network).seal(frame, number)

    def open(self, frame: bytes, number: int) -> bytes | None:
        """A member's frame as an open one; None if its tag is wrong.

        If it was sealed in the next epoch, that is the current one from now on.
        """
        opened = self._network.open(frame, number)
        if opened is None and self._next is not None:
            opened = self._next.open(frame, number)
            if opened is not None:
                self.change(self.keys.advanced())
        return opened

    def letters_of(self, node_id: int) -> SealingKey | None:
        """The key of that node's letters; None if it is not known here."""
        if node_id == self._node_id:
            return self._node
        if node_id not in self._nodes:
            if self.keys.master is None:
                return None
            self._nodes[node_id] = SealingKey(node_key(self.keys.master, node_id))
        return self._nodes[node_id]
