"""When a token that gives no sign is taken for lost (PROTOCOL.md 12.5). All integers, as in C."""

from __future__ import annotations

from typing import NamedTuple

from protocol.node import Jitter
from protocol.timing import RingTiming

# Three days: a clock that wraps at 32 bits can compare times that are less than 2^31 ms apart, and a node
# that slept for long doubles what it waits.
LONGEST_DELAY_MS = 1 << 28


class Pace(NamedTuple):
    """How fast the ring is: the ack timeout of the node's successor, and over how long claims spread."""

    ack_timeout_ms: int
    jitter_ms: int


class Watch:
    """Expects the next sign by some time, and learns how much later than that signs come.

    `lost_ms` is when the token is taken for lost, if no sign comes until then. `pace` is always that of now.
    """

    def __init__(self, timing: RingTiming, jitter: Jitter, start_ms: int) -> None:
        self._jitter = jitter
        self._delay_ms = timing.first_delay_ms
        self._peak_ms = 0
        self._expected_ms = self.lost_ms = 0
        self.wait_until(
            start_ms + timing.listen_ms, Pace(timing.ack_timeouts.first_ms, timing.first_jitter_ms)
        )

    def heard(self, now_ms: int, next_ms: int, pace: Pace, is_known: bool) -> None:
        """A sign came; the next is expected by `next_ms`.

        Of a token of an epoch that was not known it tells less: that may stand for one that was lost, or for
        one that was taken for lost too soon. So it counts no longer than this node would have waited.
        """
        late_ms = now_ms - self._expected_ms
        if not is_known:
            late_ms = min(late_ms, self.lost_ms - self._expected_ms)
        self._was_late(late_ms)
        self.wait_until(next_ms, pace)

    def wait_until(self, time_ms: int, pace: Pace) -> None:
        """Nothing needs to come before that time; this is no news of how late signs are."""
        self._expected_ms = time_ms
        delay_ms = max(self._delay_ms, self._peak_ms)
        patience_ms = 2 * pace.ack_timeout_ms + 2 * delay_ms + self._jitter.below(pace.jitter_ms)
        self.lost_ms = time_ms + patience_ms

    def wait_longer(self, time_ms: int, pace: Pace) -> None:
        """As `wait_until`, if that is later than what was expected."""
        if time_ms > self._expected_ms:
            self.wait_until(time_ms, pace)

    def gave_up(self) -> None:
        """No sign came, and this node makes another token; if that was too soon, it is to wait longer."""
        self._was_late(self.lost_ms - self._expected_ms)

    def visited(self) -> None:
        """The token was here: the longest delay since the last visit counts, older ones fade."""
        self._delay_ms = max(self._peak_ms, self._delay_ms - self._delay_ms // 4)
        self._peak_ms = 0

    def _was_late(self, late_ms: int) -> None:
        self._peak_ms = max(self._peak_ms, min(late_ms, LONGEST_DELAY_MS))
