"""Books of a token ring: whose readings are in which token (PROTOCOL.md 12.1 to 12.4)."""

from __future__ import annotations

from collections.abc import Iterable

from protocol.node import ReadingsAdded, RoundFinished, TokenMade, TokenPassed, TokenTaken
from protocol.packets import TokenId
from protocol.simulator.books import Books, Counted, Follow, keep, together

# A pass that comes so much later than those after it is of a token that is old to everybody.
KEPT_PASSES = 16
KEPT_RESULTS = 4

# The round that a token gathers (None: of a new token, no round yet), and whom it counts.
_Held = tuple[int | None, Counted]
_NOTHING: _Held = (None, ())


class RingTruth(Books):
    """Kept by the events of tokens.

    What a node passed on stays known by the token's name: the frame may come late, or twice, or to nobody.
    A token that comes with another round than it was passed with, or gets readings of another round, has
    begun that round: what it held of older ones counts no more.
    """

    def __init__(self, node_ids: Iterable[int]) -> None:
        super().__init__(node_ids)
        self._held: dict[int, _Held] = {}
        self._passed: dict[int, dict[TokenId, _Held]] = {node_id: {} for node_id in self._ids}
        self._results: dict[int, dict[int, Counted]] = {node_id: {} for node_id in self._ids}

    def restarted(self, node_id: int) -> None:
        """See Books."""
        self._held.pop(node_id, None)

    def follow(self) -> Follow:
        """See Books."""
        return {
            TokenMade: lambda node_id, event: self.made(node_id, event.parent),
            TokenTaken: lambda node_id, event: self.taken(
                node_id, event.previous, event.token, event.version
            ),
            TokenPassed: lambda node_id, event: self.passed(node_id, event.token),
            ReadingsAdded: lambda node_id, event: self.added(node_id, event.version),
            RoundFinished: lambda node_id, event: self.finished(node_id, event.version),
        }

    def made(self, node_id: int, parent: TokenId | None) -> None:
        """The token of `node_id` parted from one that it held, and counts the same, or it is new."""
        if parent is None:
            self._held.pop(node_id, None)

    def taken(self, node_id: int, previous: int, token: TokenId, version: int) -> None:
        """`node_id` holds what `previous` passed on under that name."""
        of_version, counted = self._passed.get(previous, {}).get(token, _NOTHING)
        self._held[node_id] = version, counted if of_version == version else ()

    def passed(self, node_id: int, token: TokenId) -> None:
        """`node_id` gives on what it holds, under that name."""
        keep(self._passed[node_id], token, self._held.get(node_id, _NOTHING), KEPT_PASSES)

    def added(self, node_id: int, version: int) -> None:
        """The readings of `node_id` are in the token that it holds."""
        self._held[node_id] = version, together(self._of_round(node_id, version), (self._bit[node_id],))

    def finished(self, node_id: int, version: int) -> None:
        """What `node_id` holds is the result of that round."""
        keep(self._results[node_id], version, self._of_round(node_id, version), KEPT_RESULTS)

    def _of_round(self, node_id: int, version: int) -> Counted:
        of_version, counted = self._held.get(node_id, _NOTHING)
        return counted if of_version == version else ()

    def _result(self, reporter: int, version: int) -> Counted:
        return self._results[reporter].get(version, ())
