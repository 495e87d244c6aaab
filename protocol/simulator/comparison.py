"""What one network costs and brings on a field, and how it takes a death: one column of a comparison.

Times are the world's. A round begins with its first measurement being due, of a tree with the root's (others
may be some milliseconds early), so that what nodes say of a round's age decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf

from protocol.capture import Record
from protocol.node import (
    BecamePrimary,
    Event,
    Joined,
    MeasurementDue,
    ParentLost,
    RoundFinished,
    TokenMade,
    TokenTaken,
)
from protocol.packets import peek_header
from protocol.simulator.faults import Freeze, Kill, Revive
from protocol.simulator.invariants import Limits
from protocol.simulator.scenario import Given, Scenario
from protocol.simulator.scenario_run import simulation_of
from protocol.simulator.simulation import AIR_LINK, FAULT_LEAD_MS
from protocol.simulator.summary import RoundSummary
from protocol.simulator.tally import Tally

DEATHS = (Kill, Freeze)
# A network that does not count every survivor so many rounds after a death is taken not to recover.
RECOVERY_ROUNDS = 10
# So long a tree's root stays away.
AWAY_ROUNDS = 3
# That results are right is checked. How long a network stops, and what becomes of one whose nodes do not hear
# each other, is what is compared: there it has no limit.
_LIMITS = Limits(two_tokens=inf, stop=inf, settle_ms=1 << 62)
# A version that is measured again so much later is that of another round: versions wrap.
_OLD_ROUNDS = 1_000


@dataclass(frozen=True, slots=True)
class Recovery:
    """How a network takes a death of these nodes.

    `result_ms` is the time from the death to the next result, `whole_ms` to the first result that counts
    every survivor with a way to who reports, of a round that began after the death; None if there was none.
    `lost` rounds of those due until then had no result.
    """

    died: tuple[int, ...]
    result_ms: float | None
    whole_ms: float | None
    lost: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One network on one field with one seed.

    Of `rounds` that were due `lost` had no result. `coverage` is as in Tally. `frames` and `bytes` are what
    all nodes send in a period, on average, and `busiest` the frames of the node that sends most.
    `latency_p50_ms` and `latency_p99_ms` are from the start of a round to its result; `oldest_ms` is the
    median age of the oldest reading in a result, `skew_ms` the median time between its first and last
    measurement. They are None if there was no result.

    `recovery` is from the worst of the field's own deaths (`is_own`), or from that of the node which the
    network misses most (see `worst_to_lose`), after the rounds that count; `root` is of a tree whose root
    dies and comes back.
    """

    network: str
    seed: int
    nodes: int
    rounds: int
    lost: int
    coverage: float
    frames: float
    bytes: float
    busiest: float
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    oldest_ms: float | None
    skew_ms: float | None
    is_own: bool
    recovery: Recovery | None
    root: Recovery | None


def on_network(scenario: Scenario, network: str) -> Scenario:
    """The scenario with that network, on the very field that a tree would have: with its range, where
    networks without a root would take none to mean that all nodes hear each other."""
    field = scenario.field
    if not isinstance(field, Given):
        field = replace(field, range_m=field.reach_m)
    scenario = replace(scenario, field=field, network=network, readings=False)
    known = scenario.kind.profiles
    return scenario if scenario.profile in known else replace(scenario, profile=next(iter(known)))


def figures_of(scenario: Scenario, warm_up_ms: int) -> Figures:
    """Run it: its rounds count from then on. Raises ValueError, InvariantViolation."""
    return _Trial(scenario, warm_up_ms).figures()


@dataclass(frozen=True, slots=True)
class _Result:
    """A result: when it came, when its round began, and whether it counts everybody who is reachable."""

    at_us: int
    began_us: int
    version: int
    times_us: Sequence[int]
    is_whole: bool
    summary: RoundSummary


class _Trial:
    """A run that is watched."""

    def __init__(self, scenario: Scenario, warm_up_ms: int) -> None:
        if scenario.field.size < 2:
            raise ValueError("a field of one node is no network; give it more nodes")
        self._scenario = scenario
        self._warm_up_us = warm_up_ms * 1000
        self._period_us = scenario.period_ms * 1000
        self._results: list[_Result] = []
        self._began_us: dict[int, int] = {}
        self._parents: dict[int, int] = {}
        self._special: int | None = None  # the token's holder, or the primary
        self._frames: Counter[int] = Counter()  # on the air, by their senders
        self._bytes = 0
        self._simulation = simulation_of(
            scenario,
            on_record=self._on_record,
            on_event=self._on_event,
            on_round=self._on_round,
            limits=_LIMITS,
        )
        self._root = self._simulation.topology.root

    def figures(self) -> Figures:
        """Run it."""
        rounds, simulation = self._scenario.rounds, self._simulation
        deaths = self._own_deaths()
        simulation.advance_to(self._warm_up_us)
        start_us = self._next_us(self._period_us // 2)
        end_us = start_us + rounds * self._period_us
        frames, sent_bytes, busiest = self._sent(start_us, end_us)
        recovery = root = None
        if deaths:
            simulation.advance_to(end_us + self._period_us)
            recovery = _worst(self._recovery(at_us, died) for at_us, died in deaths.items())
        else:
            recovery = self._kill(self.worst_to_lose)
            if self._scenario.kind.has_root:
                root = self._kill(lambda: self._root, AWAY_ROUNDS)
        counted = [result for result in self._results if start_us <= result.began_us < end_us]
        lost = max(0, rounds - len({result.version for result in counted}))
        p50_ms, p99_ms, oldest_ms, skew_ms = _times_ms(counted)
        return Figures(
            network=self._scenario.network,
            seed=self._scenario.seed,
            nodes=self._scenario.field.size,
            rounds=rounds,
            lost=lost if deaths or recovery is None else lost + recovery.lost,
            coverage=Tally([result.summary for result in counted], rounds).coverage,
            frames=frames / rounds,
            bytes=sent_bytes / rounds,
            busiest=busiest / rounds,
            latency_p50_ms=p50_ms,
            latency_p99_ms=p99_ms,
            oldest_ms=oldest_ms,
            skew_ms=skew_ms,
            is_own=bool(deaths),
            recovery=recovery,
            root=root,
        )

    def _sent(self, start_us: int, end_us: int) -> tuple[int, int, int]:
        """Run from the one time to the other; the frames and bytes of all nodes, and the frames of the
        busiest."""
        self._simulation.advance_to(start_us - 1)
        self._frames.clear()
        self._bytes = 0
        self._simulation.advance_to(end_us - 1)
        return self._frames.total(), self._bytes, max(self._frames.values(), default=0)

    def worst_to_lose(self) -> int | None:
        """Whom the network misses most now: the root's child with the largest subtree (a tree's root is
        irreplaceable, and is no part of the other networks); who holds the ring's token; the primary.

        None if there is nobody.
        """
        return self._largest_child() if self._scenario.kind.has_root else self._special

    # --- what happens ------------------------------------------------------------------------------------

    def _on_record(self, record: Record) -> None:
        if record.link == AIR_LINK:
            _, source, *_ = peek_header(record.frame)
            self._frames[source] += 1
            self._bytes += len(record.frame)

    def _on_round(self, summary: RoundSummary) -> None:
        self._summary = summary

    def _on_event(self, node_id: int, event: Event) -> None:
        match event:
            case MeasurementDue(version) if not self._scenario.kind.has_root or node_id == self._root:
                began_us, now_us = self._began_us.get(version), self._simulation.now_us
                if began_us is None or now_us - began_us > _OLD_ROUNDS * self._period_us:
                    self._began_us[version] = now_us
            case RoundFinished(version):
                self._finished(node_id, version)
            case Joined(parent):
                self._parents[node_id] = parent
            case ParentLost():
                self._parents.pop(node_id, None)
            case TokenTaken() | TokenMade() | BecamePrimary():
                self._special = node_id

    def _finished(self, node_id: int, version: int) -> None:
        """The summary of that result has just come."""
        simulation, truth = self._simulation, self._simulation.truth
        self._results.append(
            _Result(
                simulation.now_us,
                self._began_us.get(version, simulation.now_us),
                version,
                truth.times_us(node_id, version),
                simulation.reachable <= set(truth.contributors(node_id, version)),
                self._summary,
            )
        )

    def _largest_child(self) -> int | None:
        root, parents = self._root, self._parents
        sizes: Counter[int] = Counter()
        for node in self._simulation.alive & parents.keys():
            way = [node]  # upwards, to the root's child; a way that goes round leads nowhere
            while (parent := parents.get(way[-1], root)) != root and parent not in way:
                way.append(parent)
            if parents.get(way[-1]) == root:
                sizes[way[-1]] += 1
        return max(sizes, key=lambda child: (sizes[child], -child), default=None)

    # --- deaths ------------------------------------------------------------------------------------------

    def _own_deaths(self) -> dict[int, tuple[int, ...]]:
        """Who dies by the field's own faults, by the time."""
        simulation = self._simulation
        end_us = self._warm_up_us + self._scenario.rounds * self._period_us
        deaths: dict[int, tuple[int, ...]] = {}
        for fault in self._scenario.faults:
            if isinstance(fault.action, DEATHS):
                at_us = (simulation.round_start_ms(fault.round) - FAULT_LEAD_MS) * 1000
                if at_us >= end_us:
                    raise ValueError(
                        f"node {fault.action.node_id} dies before round {fault.round}, after the last that"
                        " counts; let it die earlier, or more rounds count"
                    )
                deaths[at_us] = (*deaths.get(at_us, ()), fault.action.node_id)
        return deaths

    def _kill(self, choose: Callable[[], int | None], away_rounds: int = 0) -> Recovery | None:
        """Let somebody die just before the next round, and come back if that is asked; wait until the network
        has recovered."""
        simulation = self._simulation
        simulation.advance_to(self._next_us(-FAULT_LEAD_MS * 1000))
        node_id, died_us = choose(), simulation.now_us
        if node_id is None:
            return None
        simulation.apply(Kill(node_id))
        if away_rounds:
            simulation.advance_to(died_us + away_rounds * self._period_us)
            simulation.apply(Revive(node_id))
        for end in range(away_rounds + 1, away_rounds + RECOVERY_ROUNDS + 1):
            simulation.advance_to(died_us + end * self._period_us)
            recovery = self._recovery(died_us, (node_id,))
            if recovery.whole_ms is not None:
                break
        return recovery

    def _recovery(self, died_us: int, died: tuple[int, ...]) -> Recovery:
        after = [result for result in self._results if result.at_us > died_us]
        begun = [result for result in after if result.began_us >= died_us]
        whole = next((result for result in begun if result.is_whole), None)
        until_us = whole.began_us if whole else self._simulation.now_us
        due = round((until_us - died_us) / self._period_us) + 1
        brought = {result.version for result in begun if result.began_us <= until_us}
        return Recovery(
            died,
            (after[0].at_us - died_us) / 1000 if after else None,
            (whole.at_us - died_us) / 1000 if whole else None,
            max(0, due - len(brought)),
        )

    def _next_us(self, after_start_us: int) -> int:
        """The next time that is so long after a round should begin, by the network's own rhythm."""
        now_us = self._simulation.now_us
        if not self._results:
            return now_us
        return now_us + (self._results[-1].began_us + after_start_us - now_us) % self._period_us


def _times_ms(results: Sequence[_Result]) -> tuple[float | None, ...]:
    """Median and 99th percentile of the latency, median age and median skew."""
    latencies_us = sorted(result.at_us - result.began_us for result in results)
    times_us = [
        (result.at_us, min(result.times_us), max(result.times_us)) for result in results if result.times_us
    ]
    return (
        _share_ms(latencies_us, 0.5),
        _share_ms(latencies_us, 0.99),
        _share_ms(sorted(at_us - first_us for at_us, first_us, _ in times_us), 0.5),
        _share_ms(sorted(last_us - first_us for _, first_us, last_us in times_us), 0.5),
    )


def _share_ms(sorted_us: Sequence[int], share: float) -> float | None:
    """What this share does not exceed."""
    if not sorted_us:
        return None
    return sorted_us[min(len(sorted_us) - 1, int(share * len(sorted_us)))] / 1000


def _worst(recoveries: Iterable[Recovery]) -> Recovery:
    """The longest, with the names of all who died."""
    found = list(recoveries)
    worst = max(
        found,
        key=lambda one: (
            inf if one.whole_ms is None else one.whole_ms,
            inf if one.result_ms is None else one.result_ms,
        ),
    )
    return replace(worst, died=tuple(dict.fromkeys(node for one in found for node in one.died)))
