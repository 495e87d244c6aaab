"""The timers and policies of PROTOCOL.md section 7, and the two named sets of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.round_trip import AckTimeouts

# Two hours: a way lives for at most 254 + 9 periods (PROTOCOL.md 5.4), and a clock that wraps at 32 bits can
# compare times that are less than 2^31 ms apart.
MAX_PERIOD_MS = 7_200_000
# The window over which leaves spread grows to so many times `spread_ms` at most.
SPREAD_GROWTH = 4


def check_period(period_ms: int) -> None:
    """Raises ValueError for a period that no network can have."""
    if not 0 < period_ms <= MAX_PERIOD_MS:
        raise ValueError(f"the period is 1 to {MAX_PERIOD_MS} ms, not {period_ms}")


@dataclass(frozen=True, slots=True)
class Timing:
    """PROTOCOL.md section 7; the period and discovery are the root's, the others learn the period from it."""

    period_ms: int = 5_000
    discovery_ms: int = 5_000
    jitter_ms: int = 100
    spread_ms: int = 500
    ack_timeout_ms: int = 250
    ack_timeout_least_ms: int = 100
    ack_timeout_limit_ms: int = 1_000
    max_retries: int = 4
    listen_ms: int = 1_000
    offer_window_ms: int = 100
    help_wait_ms: int = 400
    help_wait_limit_ms: int = 8_000
    leaf_wait_ms: int = 800
    missed_rounds: int = 2
    # In sixteenths of a try per report (ETX); 0: never look for a better parent.
    switch_etx16: int = 32

    def __post_init__(self) -> None:
        check_period(self.period_ms)

    @property
    def ack_timeouts(self) -> AckTimeouts:
        """For DATA_ACK."""
        return AckTimeouts(self.ack_timeout_ms, self.ack_timeout_least_ms, self.ack_timeout_limit_ms)

    @property
    def help_spread_ms(self) -> int:
        """The window over which helpers spread their offers."""
        return self.spread_ms // 2

    def hop_wait_ms(self, ack_timeout_ms: int) -> int:
        """The longest time that one hop may need when an answer is waited for so long."""
        tries = self.max_retries + 1
        return tries * ack_timeout_ms + tries * (tries + 1) // 2 * self.jitter_ms


# "classic" is the report of 2005: the first offer is taken and kept, a child that misses a round is given up
# at once, every leaf sends at once, and no timer is measured. Differences are these numbers only.
PROFILES: Mapping[str, Timing] = {
    "default": Timing(),
    "classic": Timing(
        jitter_ms=0,
        spread_ms=0,
        ack_timeout_least_ms=250,
        ack_timeout_limit_ms=250,
        max_retries=3,
        offer_window_ms=0,
        missed_rounds=1,
        switch_etx16=0,
    ),
}


@dataclass(frozen=True, slots=True)
class PeerTiming:
    """How nodes of a ring or of a polled network make themselves known (PROTOCOL.md section 11)."""

    hello_spread_ms: int = 200
    hello_wait_ms: int = 500
    hello_wait_limit_ms: int = 2_000


_PEERS = PeerTiming()
_PASS = AckTimeouts(100, 25, 1_000, least_margin_ms=20)
_POLL = AckTimeouts(500, 50, 10_000)


@dataclass(frozen=True, slots=True)
class RingTiming:
    """PROTOCOL.md 12.7."""

    period_ms: int = 5_000
    ack_timeouts: AckTimeouts = _PASS
    tries: int = 3
    measure_wait_ms: int = 250
    jitter_ms: int = 60
    first_jitter_ms: int = 500
    first_delay_ms: int = 100
    claim_least_ms: int = 60
    listen_ms: int = 400
    peers: PeerTiming = _PEERS

    def __post_init__(self) -> None:
        check_period(self.period_ms)


@dataclass(frozen=True, slots=True)
class PollingTiming:
    """PROTOCOL.md 13.5."""

    period_ms: int = 5_000
    ack_timeouts: AckTimeouts = _POLL
    tries: int = 2
    concurrency: int = 8
    slow_ms: int = 250
    beat_ms: int = 280
    lease_ms: int = 900
    stagger_ms: int = 150
    jitter_ms: int = 50
    peers: PeerTiming = _PEERS

    def __post_init__(self) -> None:
        check_period(self.period_ms)


# Of the nodes of any network.
AnyTiming = Timing | RingTiming | PollingTiming
