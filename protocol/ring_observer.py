"""A token ring as its frames tell it (PROTOCOL.md section 12).

SIGNs alone tell where the token is; TOKENs tell the turn, the home and the readings besides. Of two rings
that are heard at once the one with the newer token is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol import serial_number
from protocol.aggregate import MAX_RAW, Aggregate
from protocol.observations import MemberFound, Observation, PassedOver, ReadingsSeen, TokenMoved
from protocol.packets import MAX_NODE_ID, Claim, Frame, Hello, Pairs, Result, Sign, Token, TokenId
from protocol.token_order import is_newer, passed_on

# A token that was not heard of for so long beyond its hold is no more: whatever ring is heard then is shown.
GONE_US = 10_000_000


@dataclass(slots=True)
class RingState:
    """What is known of a ring; its observer alone changes it. None stands for unknown.

    `order` holds the members as the token visits them, absent ones where they stood; `absent` since when.
    `rotation_us` is how long the token took for its last whole turn, from a member back to it in one round.
    """

    order: list[int] = field(default_factory=list)
    holder: int | None = None
    previous: int | None = None
    home: int | None = None
    token: TokenId | None = None
    version: int | None = None
    turn: int | None = None
    absent: dict[int, int] = field(default_factory=dict)
    rotation_us: int | None = None


class RingObserver:
    """Follows the ring with the newest token."""

    def __init__(self) -> None:
        self.state = RingState()
        self._gone_us = 0  # when the token is too old to matter
        self._heard_us: dict[int, int] = {}
        self._visited_us: dict[int, tuple[int, int]] = {}  # the visit before the last, and the last
        self._versions: dict[int, int] = {}  # by member, that of the token's last visit
        self._last: tuple[int, Token] | None = None  # the last pass: to whom, and what
        self._repaired: set[int] = set()

    def end_round(self) -> int:
        """There was a result: how many nodes were passed over or found again since the last."""
        repairs = len(self._repaired)
        self._repaired.clear()
        return repairs

    def part(self, node_id: int, now_us: int) -> None:
        """That node has said goodbye."""
        self._join(node_id)
        self.state.absent[node_id] = now_us
        self._repaired.add(node_id)

    def learn(self, frame: Frame, now_us: int) -> list[Observation]:
        """What a frame tells of the ring."""
        source = frame.source
        match frame.payload:
            case Token() as token:
                return self._read_token(source, frame.destination, token, now_us)
            case Sign() as sign:
                return self._read_sign(source, sign, now_us)
            case Result(_, items):
                if items.version == self.state.version:
                    self.state.home, self.state.turn = source, 1
            case Hello() | Claim():
                return self._hear(source, now_us)
        return []

    # --- the token ---------------------------------------------------------------------------------------

    def _read_token(self, source: int, destination: int, token: Token, now_us: int) -> list[Observation]:
        if self._is_older(token.id, now_us) or destination > MAX_NODE_ID:
            return []
        found = self._hear(source, now_us)
        found += self._readings_in(source, destination, token, now_us)
        if token.id == self.state.token:
            return found  # another try, or its SIGN was faster
        self._join(destination)
        found += self._follow(source, destination, now_us)
        if token.follows <= MAX_NODE_ID and token.follows not in (source, destination):
            self._join(token.follows)
        self.state.home, self.state.turn = token.home, token.turn
        self._gone_us = now_us + token.period_ms * 1000 + GONE_US
        found.append(self._move(source, destination, token.id, token.version, now_us))
        return found

    def _read_sign(self, source: int, sign: Sign, now_us: int) -> list[Observation]:
        if self._is_older(sign.id, now_us):
            return []
        state, before = self.state, self.state.token
        found = self._hear(source, now_us)
        if sign.passed_over <= MAX_NODE_ID:
            found += self._pass_over(sign.passed_over, source, now_us)
        self._gone_us = max(self._gone_us, now_us + sign.hold_ms * 1000 + GONE_US)
        if not sign.hold_ms and state.holder != source:
            state.token = sign.id  # it knows of that one, and has none itself
            return found
        if state.version is not None and serial_number.is_newer(sign.version, state.version):
            state.turn = 0
        if state.holder == source:
            state.token, state.version = sign.id, sign.version
            return found
        is_next = before is not None and sign.id == passed_on(before)
        came_from = state.holder if is_next else None
        if came_from is not None:
            found += self._follow(came_from, source, now_us)
        found.append(self._move(came_from, source, sign.id, sign.version, now_us))
        return found

    def _is_older(self, token: TokenId, now_us: int) -> bool:
        known = self.state.token
        return known is not None and now_us < self._gone_us and is_newer(known, token)

    def _move(
        self, source: int | None, destination: int, token: TokenId, version: int, now_us: int
    ) -> TokenMoved:
        state = self.state
        if source is not None or destination != state.previous:  # else it never went away
            _, last_us = self._visited_us.get(destination, (0, 0))
            self._visited_us[destination] = last_us, now_us
            if last_us and version == self._versions.get(destination):
                state.rotation_us = now_us - last_us
            self._versions[destination] = version
        state.holder, state.previous = destination, source
        state.token, state.version = token, version
        return TokenMoved(now_us, source, destination, token, version, state.turn)

    # --- the members -------------------------------------------------------------------------------------

    def _hear(self, node_id: int, now_us: int) -> list[Observation]:
        is_known = node_id in self._heard_us
        is_back = self.state.absent.pop(node_id, None) is not None
        self._heard_us[node_id] = now_us
        self._join(node_id)
        if is_back:
            self._repaired.add(node_id)
        return [] if is_known and not is_back else [MemberFound(now_us, node_id)]

    def _join(self, node_id: int) -> None:
        """Until the token tells its place, a member stands by its id."""
        order = self.state.order
        if node_id not in order:
            higher = (place for place, other in enumerate(order) if other > node_id)
            order.insert(next(higher, len(order)), node_id)

    def _pass_over(self, node_id: int, by: int, now_us: int) -> list[Observation]:
        self._join(node_id)
        self._place_after(node_id, by)
        if node_id in self.state.absent:
            return []
        self.state.absent[node_id] = now_us
        self._repaired.add(node_id)
        return [PassedOver(now_us, node_id, by)]

    def _follow(self, first: int, then: int, now_us: int) -> list[Observation]:
        """The token goes from one to the other. Who stands between was left out, or never stood there."""
        turn_us, _ = self._visited_us.get(first, (0, 0))  # when the token was there a turn ago
        found: list[Observation] = []
        for node_id in self._between(first, then):
            is_silent = self._heard_us.get(node_id, 0) < turn_us
            if is_silent and node_id in self._visited_us and node_id not in self.state.absent:
                found += self._pass_over(node_id, first, now_us)
        self._place_after(then, first)
        return found

    def _place_after(self, node_id: int, first: int) -> None:
        order, absent = self.state.order, self.state.absent
        between = self._between(first, node_id)
        if node_id == first or all(other in absent or other not in self._visited_us for other in between):
            return
        order.remove(node_id)
        order.insert(order.index(first) + 1, node_id)

    def _between(self, first: int, last: int) -> list[int]:
        order = self.state.order
        a, b = order.index(first), order.index(last)
        return order[a + 1 : b] if a < b else order[a + 1 :] + order[:b]

    # --- readings ----------------------------------------------------------------------------------------

    def _readings_in(self, source: int, destination: int, token: Token, now_us: int) -> list[Observation]:
        """Of the items, and the sender's own: what it added to the token that it got."""
        found: list[Observation] = [
            ReadingsSeen(now_us, node, token.version, tuple(sorted(pairs))) for node, pairs in token.readings
        ]
        before = self._before(source, token)
        self._last = destination, token
        if token.turn == 0 and before is not None:
            own = added(before, dict(token.aggregates))
            if own:
                found.append(ReadingsSeen(now_us, source, token.version, own))
        return found

    def _before(self, source: int, token: Token) -> Mapping[int, Aggregate] | None:
        """The aggregates as `source` got them; none at the start of a round; None if that was not heard."""
        if self._last is None:
            return None
        destination, last = self._last
        if token.home == source and last.version != token.version:
            return {}
        is_next = destination == source and token.id == passed_on(last.id)
        return dict(last.aggregates) if is_next and last.version == token.version and not last.turn else None


def added(before: Mapping[int, Aggregate], after: Mapping[int, Aggregate]) -> Pairs:
    """The raw readings that `after` counts and `before` does not, where that is one a metric."""
    pairs = []
    for metric_id, aggregate in sorted(after.items()):
        earlier = before.get(metric_id)
        count, total = (earlier.count, earlier.total) if earlier else (0, 0)
        raw = aggregate.total - total
        if aggregate.count - count == 1 and not aggregate.saturated and 0 <= raw <= MAX_RAW:
            pairs.append((metric_id, raw))
    return tuple(pairs)
