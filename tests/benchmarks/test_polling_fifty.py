"""What the benchmark of fifty polled agents reads off the frames that it hears."""

from __future__ import annotations

from benchmarks.polling.fifty import Found, Takeover, claims
from benchmarks.polling.watch import PolledWatch
from protocol.aggregate import Aggregate
from protocol.packets import BROADCAST, HOST, Beat, Frame, FrameType, Items, Poll, Reading, Result

MS = 1_000_000
SLOW = frozenset({3})


class Polled:
    """Frames as a primary and its secondaries send them; times in milliseconds."""

    def __init__(self) -> None:
        self.watch = PolledWatch()
        self.beat(0)

    def beat(self, time_ms: int, source: int = 1, epoch: int = 1) -> None:
        beat = Beat(epoch, 0, 0, 1_000, 900)
        self.watch.take(time_ms * MS, Frame(FrameType.BEAT, source, BROADCAST, 1, beat))

    def poll(self, time_ms: int, node: int, version: int, attempt: int = 1) -> None:
        poll = Poll(1, version, attempt)
        self.watch.take(time_ms * MS, Frame(FrameType.POLL, 1, node, 1, poll))

    def reading(self, time_ms: int, node: int, version: int, attempt: int = 1) -> None:
        reading = Reading(1, version, attempt, ((0, 100),))
        self.watch.take(time_ms * MS, Frame(FrameType.READING, node, 1, 1, reading))

    def result(self, time_ms: int, version: int, duration_ms: int, source: int = 1) -> None:
        items = Items(((0, Aggregate(version, 1, 1, 3, 3)),))
        self.watch.take(time_ms * MS, Frame(FrameType.RESULT, source, HOST, 1, Result(duration_ms, items)))

    def round(self, version: int, duration_ms: int) -> None:
        """2 is prompt, 3 takes 400 ms and is asked twice."""
        began_ms = 1_000 * version
        self.poll(began_ms, 2, version)
        self.poll(began_ms + 1, 3, version)
        self.reading(began_ms + 3, 2, version)
        self.poll(began_ms + 301, 3, version, attempt=2)
        self.reading(began_ms + 401, 3, version)
        self.result(began_ms + duration_ms, version, duration_ms)


def test_a_response_is_timed_from_the_poll_that_the_reading_answers() -> None:
    polled = Polled()
    polled.round(1, 402)
    running = polled.watch.results[0].round
    assert running is not None
    assert running.response_ms(3) == 400
    assert running.longest_response_ms({2, 3}) == 400
    assert running.last_reading_ms({2}) == 3
    assert running.response_ms(4) is None


def verdicts(polled: Polled, takeovers: list[Takeover]) -> dict[str, bool | None]:
    found = Found(SLOW, with_slow=polled.watch.results, with_dead=polled.watch.results, takeovers=takeovers)
    return {claim.what: claim.holds for claim in claims(found, polled.watch, agents=3, dead=0)}


def test_every_round_is_held_against_its_own_slowest_response() -> None:
    polled = Polled()
    for version, duration_ms in ((1, 402), (2, 600)):
        polled.round(version, duration_ms)
    assert False not in verdicts(polled, []).values()
    polled.round(3, 601)
    assert False in verdicts(polled, []).values()


def test_rounds_in_which_no_slow_one_answers_prove_nothing() -> None:
    polled = Polled()
    polled.poll(1_000, 2, 1)
    polled.reading(1_002, 2, 1)
    polled.result(1_003, 1, 3)
    assert verdicts(polled, [])["rounds with slow ones: a slow one answered"] is False


def test_a_version_with_two_results_is_reported_twice_by_whomever() -> None:
    polled = Polled()
    polled.round(1, 402)
    assert polled.watch.reported_twice() == {}
    polled.result(1_500, 1, 500, source=2)
    assert polled.watch.reported_twice() == {1: [1, 2]}
    assert verdicts(polled, [])["versions reported twice, in the whole run"] is False


def test_one_takeover_in_a_hundred_may_take_longer() -> None:
    polled = Polled()
    polled.round(1, 402)
    late, prompt = Takeover(1, 2_001, 2_500, 2), Takeover(1, 2_000, 2_500, 2)
    assert False not in verdicts(polled, [late, *[prompt] * 99]).values()
    assert False in verdicts(polled, [late, late, *[prompt] * 98]).values()
