"""What happens in a ring or a polled network, as lines of the event list: once, not in every round."""

from __future__ import annotations

from collections.abc import Iterator

from desktop.model.words import EventKind
from protocol.observations import (
    MemberFound,
    NodeLeft,
    NodeMissing,
    Observation,
    PassedOver,
    PrimaryChanged,
    ReadingsSeen,
    TokenMoved,
)
from protocol.packets import TokenId

News = tuple[EventKind, str]


class NetworkNews:
    """Remembers what was told already."""

    def __init__(self) -> None:
        self._away: set[int] = set()
        self._missing: set[int] = set()
        self._claimants: set[int] = set()
        self._token: TokenId | None = None
        self._passed_over_by: int | None = None

    def claimed(self, node: int) -> Iterator[News]:
        """A CLAIM was heard (PROTOCOL.md 12.5)."""
        if node not in self._claimants:
            self._claimants.add(node)
            yield EventKind.CLAIM, f"node {node} misses the token, and claims to make a new one"

    def of(self, seen: Observation) -> Iterator[News]:
        """The lines for what was observed."""
        match seen:
            case ReadingsSeen(node=node):  # most of what is seen
                if node in self._missing:
                    self._missing.discard(node)
                    yield EventKind.JOINED, f"node {node} answers again"
            case TokenMoved(token=token):
                yield from self._token_moved(token)
            case PassedOver(node=node, by=by):
                self._passed_over_by = by
                if node not in self._away:
                    self._away.add(node)
                    yield EventKind.LOST, f"node {node} is silent: {by} passed it over"
            case NodeLeft(node=node):
                self._away.add(node)
                self._missing.add(node)
                yield EventKind.LOST, f"node {node} has left: it said goodbye"
            case MemberFound(node=node):
                found = "is back in the ring" if node in self._away else "is heard"
                self._away.discard(node)
                yield EventKind.JOINED, f"node {node} {found}"
            case PrimaryChanged(primary=primary, previous=previous, epoch=epoch):
                before = "" if previous is None else f", after {previous}"
                yield EventKind.PRIMARY, f"node {primary} is the primary{before} (epoch {epoch})"
            case NodeMissing(node=node):
                if node not in self._missing:
                    self._missing.add(node)
                    yield EventKind.LOST, f"node {node} is missing: it did not answer"

    def _token_moved(self, token: TokenId) -> Iterator[News]:
        self._claimants.clear()
        old, self._token = self._token, token
        maker, self._passed_over_by = self._passed_over_by, None
        if old is None:
            yield EventKind.TOKEN, f"a token goes round, made by {token.generator} (epoch {token.epoch})"
        elif (old.epoch, old.generator) != (token.epoch, token.generator) and maker != token.generator:
            yield EventKind.TOKEN, f"node {token.generator} made a new token (epoch {token.epoch})"
