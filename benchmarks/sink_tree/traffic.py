"""One data frame a node and round, and far fewer control frames than fixed beacons would be.

Ideal links: nothing is lost, nothing collides. Random connected fields of 100 nodes, about 9 neighbours.
DATA_ACKs stand apart; control is every other frame on the air that is no DATA: joining, repairs, depths,
looking round.

The rival needs no control frame but a beacon of each node every B seconds, takes a neighbour for dead once
k beacons are missing, and repairs in no time. A death comes somewhere between two beacons, so it takes (k -
1/2) B on average; B is chosen such that this is our own mean repair time, from a node's death until a child
of it has a parent again. k = 1 favours the rival most, since with it one lost frame would break a link;
AODV's k is 2 (RFC 3561, ALLOWED_HELLO_LOSS).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.claims import Claim, mean, quantile, report
from benchmarks.cores import on_all_cores
from benchmarks.sink_tree.fields import connected_field, side_of
from protocol.node import Event, Joined
from protocol.simulator.faults import Kill, Revive
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.tally import Tally
from protocol.simulator.topology import Topology
from protocol.timing import PROFILES, Timing

NODES = 100
RANGE_M = 19.0
NEIGHBOURS = 9
SETTLED_ROUNDS = 6
OUTAGE_ROUNDS = 10
MOST_DATA = 1.1
LEAST_SAVING = 0.73
MISSED_BEACONS = (1, 2)
REPAIR_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Case:
    """One field; `deaths_a_round` nodes die in a round on average, each is back after OUTAGE_ROUNDS."""

    seed: int
    profile: str
    period_s: int
    rounds: int
    deaths_a_round: float = 0.0

    @property
    def timing(self) -> Timing:
        """The profile with that period."""
        return replace(PROFILES[self.profile], period_ms=1000 * self.period_s)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--seeds", type=int, default=20, help="(default: 20)")
    parser.add_argument("--rounds", type=int, default=100, help="that count (default: 100)")
    parser.add_argument(
        "--periods", type=int, nargs="+", default=(5, 10), metavar="S", help="(default: 5 10)"
    )
    parser.add_argument(
        "--deaths",
        type=float,
        default=0.1,
        help="of 100 nodes, in a round, each for 10 rounds (default: 0.1)",
    )


def main(args: argparse.Namespace) -> int:
    """0 if the default profile sends as little as it should."""
    claims: list[Claim] = []
    for profile in ("default", "classic"):
        for period_s in args.periods:
            claims += _of_profile(args, profile, period_s)
    return report(
        f"traffic: {args.seeds} fields of {NODES} nodes, {args.rounds} rounds, ideal links; "
        f"churn: {args.deaths:g} deaths a round, back after {OUTAGE_ROUNDS} rounds",
        claims,
    )


def _of_profile(args: argparse.Namespace, profile: str, period_s: int) -> list[Claim]:
    words = f"{profile}, T = {period_s} s"
    cases = [Case(seed, profile, period_s, args.rounds) for seed in range(1, args.seeds + 1)]
    churning = [replace(case, deaths_a_round=args.deaths) for case in cases]
    repairs_s = [t for ts in on_all_cores(repair_times_s, cases, f"{words}, repairs") for t in ts]
    static = list(on_all_cores(run, cases, f"{words}, static"))
    with_churn = list(on_all_cores(run, churning, f"{words}, churn"))
    judged = profile == "default"
    data = mean([tally.data.frames / tally.node_rounds for tally, _ in static])
    repair_s = mean(repairs_s)
    steady = mean([tally.control.frames / tally.node_rounds for tally, _ in static])
    with_set_up = mean([(tally.control.frames + set_up) / tally.node_rounds for tally, set_up in static])
    churned = mean([tally.control.frames / tally.node_rounds for tally, _ in with_churn])
    claims = [
        Claim(
            f"{words}: at most 1.1 DATA a node and round (the root sends none)",
            f"{data:.4f}",
            data <= MOST_DATA if judged else None,
        ),
        Claim(
            f"{words}: from a death until a child of it has a parent",
            f"mean {repair_s:.2f} s, p95 {quantile(repairs_s, 0.95):.2f} s, {len(repairs_s)} children",
        ),
    ]
    for missed in MISSED_BEACONS:
        beacons = period_s * (missed - 0.5) / repair_s
        for what, control in (
            ("static, set up", steady),
            ("static, with its set-up", with_set_up),
            ("with churn", churned),
        ):
            saving = 1 - control / beacons
            claims.append(
                Claim(
                    f"{words}, {what}: control 73 % below beacons, dead after {missed} missed",
                    f"{control:.4f} to {beacons:.3f} frames a node and round: {saving:.1%} below",
                    saving >= LEAST_SAVING if judged else None,
                )
            )
    return claims


def field_of(seed: int) -> Topology:
    """100 nodes."""
    return connected_field(NODES, side_of(NODES, RANGE_M, NEIGHBOURS), RANGE_M, seed)


def run(case: Case) -> tuple[Tally, int]:
    """The rounds that count, and the control frames of the set-up before them."""
    summaries: list[RoundSummary] = []
    simulation = Simulation(
        field_of(case.seed), seed=case.seed, timing=case.timing, on_round=summaries.append
    )
    simulation.advance_to(simulation.round_start_ms(SETTLED_ROUNDS + 1) * 1000)
    set_up = sum(summary.control.frames for summary in summaries)
    summaries.clear()
    end_us = simulation.round_start_ms(SETTLED_ROUNDS + case.rounds + 1) * 1000
    for time_us, action in _churn(simulation, case, end_us):
        simulation.advance_to(time_us)
        simulation.apply(action)
    simulation.advance_to(end_us)
    return Tally(summaries, case.rounds), set_up


def _churn(simulation: Simulation, case: Case, end_us: int) -> Sequence[tuple[int, Kill | Revive]]:
    """When which node dies and returns, in order."""
    rng = random.Random(f"churn {case.seed}")
    period_us = simulation.timing.period_ms * 1000
    others = [node for node in simulation.topology.places if node != simulation.topology.root]
    entries: list[tuple[int, Kill | Revive]] = []
    now_us = simulation.clock.now_us
    while case.deaths_a_round:
        now_us += int(rng.expovariate(case.deaths_a_round) * period_us)
        if now_us >= end_us:
            break
        node = rng.choice(others)
        entries.append((now_us, Kill(node)))
        entries.append((now_us + OUTAGE_ROUNDS * period_us, Revive(node)))
    return sorted((entry for entry in entries if entry[0] < end_us), key=lambda entry: entry[0])


def repair_times_s(case: Case) -> list[float]:
    """Nodes die one by one at random moments: how long each of their children has no parent."""
    rng = random.Random(f"repairs {case.seed}")
    field = field_of(case.seed)
    parent: dict[int, int] = {}
    orphans: set[int] = set()
    times_s: list[float] = []
    died_us = 0

    def on_event(node_id: int, event: Event) -> None:
        if isinstance(event, Joined):
            parent[node_id] = event.parent
            if node_id in orphans:
                orphans.remove(node_id)
                times_s.append((simulation.clock.now_us - died_us) / 1e6)

    simulation = Simulation(field, seed=case.seed, timing=case.timing, on_event=on_event)
    round_number = SETTLED_ROUNDS
    for victim in rng.sample([node for node in field.places if node != field.root], 5):
        died_us = int(
            (simulation.round_start_ms(round_number) + rng.random() * simulation.timing.period_ms) * 1000
        )
        simulation.advance_to(died_us)
        simulation.apply(Kill(victim))
        orphans.clear()
        orphans.update(node for node, of in parent.items() if of == victim and node in simulation.reachable)
        round_number += REPAIR_ROUNDS
        simulation.advance_to(simulation.round_start_ms(round_number) * 1000)
        times_s += [(simulation.clock.now_us - died_us) / 1e6] * len(orphans)  # longer than was waited for
    return times_s
