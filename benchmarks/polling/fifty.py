"""Fifty agents as processes, some slow, some dead: the time of a round, and of a takeover.

README.md explains the claims. Needs Linux and root: polls and readings are sent to single nodes.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.agents import Network, load, measured, missing
from benchmarks.claims import Claim, quantile, report
from benchmarks.polling.watch import NS_PER_MS, PolledWatch, Reported
from bridge.option_types import positive, whole
from bridge.options import period
from protocol.polling_primary import ABSENT_MISSES
from protocol.polling_round import SUSPECT_HOLD_DIVISOR
from protocol.timing import PollingTiming

MOST_TIMES_THE_SLOW = 1.5
MOST_TAKEOVER_MS = 2_000
# For so long one that is known to be slow keeps a place (PROTOCOL.md 13.2).
MOST_DELAY_MS = PollingTiming().slow_ms // SUSPECT_HOLD_DIVISOR
PATIENCE_S = 60
# For so many processes to come up on a busy machine.
START_PATIENCE_S = 240


@dataclass(frozen=True, slots=True)
class Takeover:
    """Milliseconds from the kill to a beat of another, and to its first result, which counts so many."""

    killed: int
    beat_ms: float
    result_ms: float
    count: int

    @property
    def line(self) -> str:
        """For people who watch."""
        found = f"first result after {self.result_ms:.0f} ms, counts {self.count}"
        return f"primary {self.killed}: takeover after {self.beat_ms:.0f} ms, {found}"


@dataclass(slots=True)
class Found:
    """What the run brought: rounds of prompt nodes only, with slow ones, and with dead ones too."""

    slow: frozenset[int]
    prompt: list[Reported] = field(default_factory=list)
    with_slow: list[Reported] = field(default_factory=list)
    with_dead: list[Reported] = field(default_factory=list)
    takeovers: list[Takeover] = field(default_factory=list)
    returned_as_primary: list[int] = field(default_factory=list)


class Trial:
    """The polled network, its agents slowed and killed."""

    def __init__(self, network: Network, watch: PolledWatch, args: argparse.Namespace) -> None:
        self._network = network
        self._watch = watch
        self._args = args
        self._random = random.Random(args.seed)
        self._everybody = range(1, args.agents + 1)
        self.found = Found(frozenset(self._random.sample(self._everybody, args.slow)))

    async def rounds(self) -> None:
        """Rounds of prompt nodes, then of slow ones among them, then with dead ones."""
        args, found = self._args, self.found
        prompt = [node for node in self._everybody if node not in found.slow]
        await self._start_all(prompt, args.agents - args.slow)
        found.prompt = await self._next_results(args.rounds, "prompt")
        await self._start_all(sorted(found.slow), args.agents)
        found.with_slow = await self._next_results(args.rounds, "with slow ones")
        living = [node for node in prompt if node != self._watch.primary]
        for node in self._random.sample(living, args.dead):
            self._network.kill(node)
        found.with_dead = await self._next_results(ABSENT_MISSES + args.rounds, "with slow and dead ones")

    async def take_over(self) -> Takeover:
        """Kill the primary at any moment, and have it back as a standby."""
        watch, network = self._watch, self._network
        await asyncio.sleep(self._random.uniform(0, self._args.period))
        killed = watch.primary
        assert killed is not None
        killed_ns = network.kill(killed)
        beat_ns = await network.until(
            lambda: min(
                (at for at, source in watch.beats_since(killed_ns) if source != killed), default=None
            ),
            "a standby's beat",
            PATIENCE_S,
        )
        result = await network.until(
            lambda: next((r for r in watch.results_since(killed_ns) if r.primary != killed), None),
            "a standby's result",
            PATIENCE_S,
        )
        restarted_ns = time.time_ns()
        self._start(killed)
        await network.until(
            lambda: any(_counts(r, killed) for r in watch.results_since(restarted_ns)),
            f"a result that counts {killed} again",
            PATIENCE_S,
        )
        if any(source == killed for _, source in watch.beats_since(killed_ns)):
            self.found.returned_as_primary.append(killed)
        beat_ms, result_ms = ((at_ns - killed_ns) / NS_PER_MS for at_ns in (beat_ns, result.time_ns))
        return Takeover(killed, beat_ms, result_ms, result.count)

    async def _start_all(self, nodes: Sequence[int], count: int) -> None:
        begun_ns = time.time_ns()
        for node in nodes:
            self._start(node)
        await self._network.until(
            lambda: any(r.count == count for r in self._watch.results_since(begun_ns)),
            f"a result that counts {count}",
            START_PATIENCE_S,
        )

    def _start(self, node: int) -> None:
        delay = ("--sensor-delay", str(self._args.slow_s)) if node in self.found.slow else ()
        self._network.start(node, *delay)

    async def _next_results(self, count: int, what: str) -> list[Reported]:
        """Of so many rounds from now on, with the running one."""
        begun_ns = time.time_ns()
        print(f"{count} rounds {what}: {load()}", file=sys.stderr)
        await self._network.until(
            lambda: len(self._watch.results_since(begun_ns)) >= count,
            f"{count} rounds",
            count * (self._args.period + 1) + PATIENCE_S,
        )
        return self._watch.results_since(begun_ns)[:count]


def _counts(reported: Reported, node: int) -> bool:
    """Whether the node's reading came before that result."""
    read = reported.round.read.get(node) if reported.round else None
    return read is not None and read[1] < reported.time_ns


async def measure(args: argparse.Namespace) -> tuple[Found, PolledWatch]:
    """Everything that is claimed. Raises AgentError."""
    watch = PolledWatch()
    options = ("--network", "polling", "--period", str(args.period))
    async with Network(options, watch.take, with_unicast=True) as network:
        trial = Trial(network, watch, args)
        await trial.rounds()
        for number in range(args.kills):
            takeover = await trial.take_over()
            trial.found.takeovers.append(takeover)
            print(f"kill {number + 1} of {args.kills}, {takeover.line}", file=sys.stderr)
    return trial.found, watch


# --- claims ----------------------------------------------------------------------------------------------


def claims(found: Found, watch: PolledWatch, agents: int, dead: int) -> Iterator[Claim]:
    """The promises, and what they stand on."""
    for what, results, count in (
        ("slow ones", found.with_slow, agents),
        ("slow and dead ones", found.with_dead, agents - dead),
    ):
        yield from _round_claims(what, results, found.slow, count)
    yield from _prompt_claims(found)
    if found.takeovers:
        beats_ms = [takeover.beat_ms for takeover in found.takeovers]
        holds = quantile(beats_ms, 0.99) <= MOST_TAKEOVER_MS
        yield Claim(f"kill to a standby's beat: p99 at most {MOST_TAKEOVER_MS} ms", _times(beats_ms), holds)
        results_ms = [takeover.result_ms for takeover in found.takeovers]
        yield Claim("kill to a standby's first result", _times(results_ms))
        fewest = min(takeover.count for takeover in found.takeovers)
        yield Claim("that counts, of the living but the killed", f"{fewest} of {agents - dead - 1} at least")
        returned = len(found.takeovers)
        yield Claim("killed ones that were counted again, or the run had ended", f"{returned} of {returned}")
        wrong = found.returned_as_primary
        yield Claim("none of them took over when it returned", f"{len(wrong)} did", not wrong)
    twice = watch.reported_twice()
    yield Claim(
        "versions reported twice, in the whole run", f"{len(twice)} of {len(watch.results)}", not twice
    )


def _round_claims(
    what: str, results: Sequence[Reported], slow: Collection[int], count: int
) -> Iterator[Claim]:
    shares: list[float] = []
    responses_ms: list[float] = []
    for result in results:
        response_ms = result.round.longest_response_ms(slow) if result.round else None
        if response_ms is not None:
            responses_ms.append(response_ms)
            shares.append(result.duration_ms / response_ms)
    if not shares:
        yield Claim(f"rounds with {what}: a slow one answered", "never", False)
        return
    durations_ms = [float(result.duration_ms) for result in results]
    yield Claim(f"rounds with {what}: time", _times(durations_ms))
    yield Claim("  slowest response on the wire", _times(responses_ms))
    yield Claim(
        f"  round : slowest response, at most {MOST_TIMES_THE_SLOW} in every round",
        _spread_of(shares, 2),
        max(shares) <= MOST_TIMES_THE_SLOW,
    )
    whole = sum(result.count >= count for result in results)
    yield Claim(f"  rounds that count all {count} living", f"{whole} of {len(results)}")


def _prompt_claims(found: Found) -> Iterator[Claim]:
    """How late the last of the prompt ones is read, in which company."""
    alone_ms = list(_last_prompt_ms(found.prompt, found.slow))
    if not alone_ms:
        return
    yield Claim("first poll to the last prompt reading, without slow ones", _times(alone_ms))
    longest_ms = quantile(alone_ms, 0.99) + MOST_DELAY_MS
    for what, results in (("slow ones", found.with_slow), ("slow and dead ones", found.with_dead)):
        times_ms = list(_last_prompt_ms(results, found.slow))
        if times_ms:
            holds = quantile(times_ms, 0.99) <= longest_ms
            yield Claim(f"  with {what}: p99 at most {MOST_DELAY_MS} ms more", _times(times_ms), holds)


def _last_prompt_ms(results: Sequence[Reported], slow: Collection[int]) -> Iterator[float]:
    for result in results:
        if result.round is not None:
            last_ms = result.round.last_reading_ms(result.round.read.keys() - slow)
            if last_ms is not None:
                yield last_ms


def _times(times_ms: Sequence[float]) -> str:
    return f"{_spread_of(times_ms, 0)} ms"


def _spread_of(values: Sequence[float], digits: int) -> str:
    p50, p99, most = (f"{quantile(values, share):.{digits}f}" for share in (0.5, 0.99, 1))
    return f"{len(values)}; p50 {p50}, p99 {p99}, max {most}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--agents", type=whole(3, 200), default=50, help="(default: 50; each needs 30 MB)")
    parser.add_argument("--slow", type=whole(1, 200), default=5, help="so many of them (default: 5)")
    parser.add_argument("--slow-s", type=positive, default=0.5, help="their sensors' delay (default: 0.5)")
    parser.add_argument(
        "--dead", type=whole(0, 200), default=5, help="so many others are killed (default: 5)"
    )
    parser.add_argument("--period", type=period, default=1.0, help="in seconds (default: 1)")
    parser.add_argument("--rounds", type=whole(1, 10_000), default=20, help="in each company (default: 20)")
    parser.add_argument(
        "--kills", type=whole(0, 10_000), default=100, help="of primaries (default: 100; 6 s each)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="of who is slow and dead, and of the moments (default: 1)"
    )


def main(args: argparse.Namespace) -> int:
    """0 when polling keeps its promises, or this cannot run here; 2 if that many cannot be slow and dead."""
    if args.slow + args.dead >= args.agents:
        print("fifty: give more --agents than --slow and --dead together", file=sys.stderr)
        return 2
    if lacking := missing(with_unicast=True):
        print(f"fifty: skipped, for want of {', '.join(lacking)}", file=sys.stderr)
        return 0
    before = load()
    outcome = measured("fifty", measure(args))
    if outcome is None:
        return 1
    found, watch = outcome
    title = (
        f"{args.agents} agents, {args.slow} slow ({args.slow_s:g} s), {args.dead} dead,"
        f" period {args.period:g} s, seed {args.seed}; before: {before}; after: {load()}"
    )
    return report(title, claims(found, watch, args.agents, args.dead))
