"""Renewing a network's keys from its bridge, and leaving somebody out (PROTOCOL.md 10.4: epochs)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import replace

from bridge.access import Access, keep_keys
from bridge.driver import NodeDriver
from bridge.errors import UsageError
from protocol.capture import Record
from protocol.keys import MAX_EPOCH
from protocol.letters import Kind, Status
from protocol.node import Event, LetterAnswered, LetterUnanswered
from protocol.packets import FrameError, Result, decode

_log = logging.getLogger(__name__)
LISTEN_PERIODS, LISTEN_LEAST_S = 3, 5.0


def offered(access: Access, where: str | None, own_id: int) -> Access:
    """Access that notes the epoch to be offered, before anybody is sent its key.

    Nobody is offered the key of that epoch twice: who was left out since may have it. Raises UsageError.
    """
    keys = access.keys
    if keys is None or keys.master is None or keys.controller != own_id or where is None:
        raise UsageError(
            "--rekey is for the network's controller; give --keys with the master key, and its --id"
        )
    epoch = max(keys.epoch, keys.offered_epoch or 0) + 1
    if epoch > MAX_EPOCH:
        raise UsageError(f"{where}: epoch {MAX_EPOCH} is the last; provision the network anew")
    keys = replace(keys, offered_epoch=epoch)
    keep_keys(where, keys)
    return Access(keys)


class Rekeying:
    """Sends every member but the revoked the next network key, and begins the epoch when all have it.

    Members are those that the keys name, that are heard, and that results name.
    """

    def __init__(self, access: Access, where: str, own_id: int, revoked: Collection[int]) -> None:
        assert access.keys is not None
        assert access.keys.offered_epoch is not None  # see `offered`
        self.succeeded = False
        self._keys = access.keys
        self._epoch = access.keys.offered_epoch
        self._where = where
        self._left_out = {own_id, *revoked}
        self._members = set(access.keys.lives)
        self._waiting: set[int] = set()
        self._silent: set[int] = set()

    def start(self, node: NodeDriver, period_s: float) -> None:
        """Listen for some rounds who is there, and then tell them; to be called in the event loop."""
        self._node = node
        listen_s = max(LISTEN_LEAST_S, LISTEN_PERIODS * period_s)
        asyncio.get_running_loop().call_later(listen_s, self._tell_all)

    def take(self, opened: Record) -> None:
        """Learn who is there."""
        try:
            frame = decode(opened.frame)
        except FrameError:
            return
        self._members.add(frame.source)
        if isinstance(frame.payload, Result):
            links = frame.payload.items.links
            self._members.update(node for link in links for node in (link.child, link.parent))

    def heed(self, event: Event) -> None:
        """What the controller learns."""
        if not isinstance(event, LetterAnswered | LetterUnanswered) or event.kind is not Kind.REKEY:
            return
        self._waiting.discard(event.addressee)
        if isinstance(event, LetterUnanswered) or event.status != Status.DONE:
            self._silent.add(event.addressee)
        if not self._waiting:
            self._finish()

    def _tell_all(self) -> None:
        self._waiting = self._members - self._left_out
        _log.info("sending the key of epoch %d to %s", self._epoch, _named(self._waiting))
        for member in sorted(self._waiting):
            self._node.rekey(member, self._epoch)
        if not self._waiting:
            self._finish()

    def _finish(self) -> None:
        if self._silent:
            names = ",".join(map(str, sorted(self._silent)))
            _log.warning(
                "no answer of %s: the keys stay as they are; try again, or leave them out: --revoke %s",
                _named(self._silent),
                names,
            )
        else:
            keep_keys(self._where, replace(self._keys, epoch=self._epoch))
            self._node.begin_epoch()
            self.succeeded = True
            _log.info("epoch %d has begun; who was not sent its key is left out", self._epoch)


def _named(nodes: Collection[int]) -> str:
    if not nodes:
        return "nobody"
    return ("node " if len(nodes) == 1 else "nodes ") + ", ".join(map(str, sorted(nodes)))
