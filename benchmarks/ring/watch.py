"""What the frames to all tell of a ring on trial: rotations, who has the token, how a loss was met."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from protocol.packets import MUSTER, Claim, Frame, Result, Sign, Token

# A gap that ends with one of so many rotations after a kill may be the kill's doing.
AFFECTED_ROTATIONS = 3


@dataclass(frozen=True, slots=True)
class Rotation:
    """A round's token is back at its home: the first RESULT of that version."""

    time_ns: int
    version: int
    home: int
    count: int


@dataclass(frozen=True, slots=True)
class Said:
    """A SIGN, a CLAIM or a TOKEN, which only a tap that sees unicast frames hears."""

    time_ns: int
    source: int
    payload: Sign | Claim | Token


@dataclass(frozen=True, slots=True)
class Repair:
    """How the ring met a loss: milliseconds from the kill. None for what was not needed, or not heard.

    `missed_ms` until somebody passed it over, or claimed; `token_ms` until the next took a token.
    """

    missed_ms: float | None
    by_claim: bool
    token_ms: float | None
    rotation_ms: float


@dataclass(slots=True)
class RingWatch:
    """Everything heard, in order."""

    rotations: list[Rotation] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    _versions: set[int] = field(default_factory=set)

    def take(self, time_ns: int, frame: Frame) -> None:
        """The next frame."""
        match frame.payload:
            case Result(_, items) if items.version is not None:
                if items.version not in self._versions:
                    self._versions.add(items.version)
                    count = items.aggregates[0][1].count
                    self.rotations.append(Rotation(time_ns, items.version, frame.source, count))
            case Sign() | Claim() | Token() as payload:
                self.said.append(Said(time_ns, frame.source, payload))

    # --- where the token is ------------------------------------------------------------------------------

    def holder(self, time_ns: int) -> tuple[int | None, bool]:
        """Who has the token then, by the last sign of a holder, and whether it rests with its home.

        None while the token is on its way to the next, and while the result goes round: nobody then keeps
        the token for longer than its sign takes to come.
        """
        held = next(self._held_before(time_ns), None)
        last = self._last_rotation(time_ns)
        if held is None or last is None or isinstance(held.payload, Token):
            return None, False
        assert isinstance(held.payload, Sign)
        if held.payload.version != last.version:
            return held.source, False
        if held.source == last.home and self._has_come_back(last, time_ns):
            return held.source, True
        return None, False

    def was_visited_last(self, node: int) -> bool:
        """Whether it is the last that said it has the token of a round that is being gathered; or had it."""
        if not self.rotations:
            return False
        for said in reversed(self.said):
            if isinstance(said.payload, Sign) and said.payload.hold_ms:
                return said.source == node and said.payload.version != self.rotations[-1].version
        return False

    def _has_come_back(self, last: Rotation, time_ns: int) -> bool:
        """Whether the token was elsewhere since that rotation: then it has told its result too."""
        since = (said for said in self._held_before(time_ns) if said.source != last.home)
        latest = next(since, None)
        return latest is not None and latest.time_ns > last.time_ns

    def _last_rotation(self, time_ns: int) -> Rotation | None:
        """The last that was completed until then."""
        end = bisect_right(self.rotations, time_ns, key=lambda rotation: rotation.time_ns)
        return self.rotations[end - 1] if end else None

    def _held_before(self, time_ns: int) -> Iterator[Said]:
        """Signs of holders, and passes, the latest first."""
        end = bisect_right(self.said, time_ns, key=lambda said: said.time_ns)
        for at in range(end - 1, -1, -1):
            said = self.said[at]
            if isinstance(said.payload, Token) or (isinstance(said.payload, Sign) and said.payload.hold_ms):
                yield said

    # --- gaps --------------------------------------------------------------------------------------------

    def since(self, time_ns: int) -> Sequence[Rotation]:
        """Rotations completed after that."""
        return self.rotations[bisect_right(self.rotations, time_ns, key=lambda r: r.time_ns) :]

    def gaps_ms(self, from_ns: int, until_ns: int) -> list[float]:
        """Between rotations, of those gaps that end within that time."""
        return [
            (b.time_ns - a.time_ns) / 1e6
            for a, b in pairwise(self.rotations)
            if from_ns < b.time_ns <= until_ns
        ]

    def longest_gap_ms(self, killed_ns: int) -> float:
        """Of those that the kill may have made longer; there were AFFECTED_ROTATIONS since."""
        return max(self.gaps_ms(killed_ns, self.since(killed_ns)[AFFECTED_ROTATIONS - 1].time_ns))

    def repair(self, killed: int, killed_ns: int) -> Repair:
        """What was done about it until the first rotation after."""
        rotation_ns = self.since(killed_ns)[0].time_ns
        missed: Said | None = None
        taken: Said | None = None
        for said in self.said:
            if not killed_ns < said.time_ns <= rotation_ns or said.source == killed:
                continue
            if missed is None and _misses(said, killed):
                missed = said
            elif isinstance(said.payload, Sign) and said.payload.hold_ms and missed and taken is None:
                taken = said
        return Repair(
            missed_ms=(missed.time_ns - killed_ns) / 1e6 if missed else None,
            by_claim=missed is not None and isinstance(missed.payload, Claim),
            token_ms=(taken.time_ns - killed_ns) / 1e6 if taken else None,
            rotation_ms=(rotation_ns - killed_ns) / 1e6,
        )


def _misses(said: Said, killed: int) -> bool:
    if isinstance(said.payload, Sign):
        return said.payload.passed_over in (killed, MUSTER)
    return isinstance(said.payload, Claim)
