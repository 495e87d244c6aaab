"""The timers of PROTOCOL.md section 7."""

from __future__ import annotations

from dataclasses import dataclass

# Two hours: a way lives for at most 254 + 9 periods (PROTOCOL.md 5.4), and a clock that wraps at 32 bits can
# compare times that are less than 2^31 ms apart.
MAX_PERIOD_MS = 7_200_000


@dataclass(frozen=True, slots=True)
class Timing:
    """PROTOCOL.md section 7; the period and discovery are the root's, the others learn the period from it."""

    period_ms: int = 5_000
    discovery_ms: int = 3_000
    jitter_ms: int = 100
    ack_timeout_ms: int = 250
    max_retries: int = 3
    listen_ms: int = 1_000
    help_wait_ms: int = 400
    help_wait_limit_ms: int = 8_000
    leaf_wait_ms: int = 800
    missed_rounds: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.period_ms <= MAX_PERIOD_MS:
            raise ValueError(f"the period is 1 to {MAX_PERIOD_MS} ms, not {self.period_ms}")

    @property
    def hop_wait_ms(self) -> int:
        """The longest time that one hop may need."""
        return (self.max_retries + 1) * (self.ack_timeout_ms + self.jitter_ms) + self.jitter_ms
