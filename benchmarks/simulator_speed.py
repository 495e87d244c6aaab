"""How fast the simulator is, from 100 to 10,000 nodes, and ns-3 beside it where it is installed.

A random field in which a node away from the border has 15 neighbours; a round every 10 s over the mica2's
radio at 19.2 kbit/s, with carrier sense and collisions. Both simulators use one thread and never wait, so
they are timed by processor time: what the wall clock shows on a machine that does nothing else. Machines
differ, so the ratios come first. Nothing here fails for being slow. README.md explains the table.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from protocol.packets import MAX_NODE_ID
from protocol.simulator.invariants import InvariantViolation
from protocol.simulator.medium import Air
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.topology import Topology, scattered
from protocol.timing import Timing

FIELDS = [100, 1_000, 10_000]
NEIGHBOURS = 15
RANGE_M = 10.0
PERIOD_S = 10
# Joining takes several times the frames of a steady round; by then nearly every node has its place.
WARM_ROUNDS = 10
# A measurement long enough to trust and short enough to wait for.
NODE_ROUNDS = 30_000
FEWEST_ROUNDS = 3
# ns-3 tries every node of the field for every frame: it gets one period of 10,000 nodes.
NS3_NODE_PERIODS = 10_000
NS3_FOLDER = Path(__file__).parent / "ns3"
NS3_TIMEOUT_S = 600
# With less of a core than this the wall clock shows other programs too.
OWN_CORE = 0.9


class Ns3Error(Exception):
    """ns-3 is installed, and its program could not be built or run."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a run took and brought: processor time `cpu_s` within `wall_s`."""

    nodes: int
    neighbours: float
    rounds: int
    warm_s: float
    wall_s: float
    cpu_s: float
    coverage: float
    frames: int

    @property
    def times_real_time(self) -> float:
        """Simulated seconds a processor second."""
        return self.rounds * PERIOD_S / self.cpu_s

    @property
    def us_per_node_round(self) -> float:
        """Processor time of one node in one round."""
        return self.cpu_s * 1_000_000 / (self.nodes * self.rounds)


@dataclass(frozen=True, slots=True)
class Peer:
    """What ns-3's program printed (lr_wpan_field.cpp)."""

    nodes: int
    neighbours: float
    simulated_s: float
    set_up_s: float
    wall_s: float
    cpu_s: float
    events: int
    frames_sent: int
    frames_received: int

    @property
    def times_real_time(self) -> float:
        """Simulated seconds a processor second."""
        return self.simulated_s / self.cpu_s


def field(nodes: int, seed: int) -> Topology:
    """The random square; lr_wpan_field.cpp draws its own by the same rule."""
    side_m = math.sqrt(nodes * math.pi / NEIGHBOURS) * RANGE_M
    return scattered(nodes, side_m, side_m, RANGE_M, seed)


def measure(nodes: int, seed: int, rounds: int, *, checks: bool) -> Measurement:
    """Run a field until its tree stands, then for so many rounds. Raises InvariantViolation."""
    summaries: list[RoundSummary] = []
    started_s = time.process_time()
    simulation = Simulation(
        field(nodes, seed),
        seed=seed,
        timing=Timing(period_ms=PERIOD_S * 1000),
        air=Air(collisions=True),
        on_round=summaries.append,
        checks=checks,
    )
    simulation.advance_to(simulation.round_start_ms(WARM_ROUNDS + 1) * 1000)
    summaries.clear()
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    warm_s = cpu_s - started_s
    simulation.advance_to(simulation.round_start_ms(WARM_ROUNDS + rounds + 1) * 1000)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    return Measurement(
        nodes=nodes,
        neighbours=sum(map(len, simulation.listeners.values())) / nodes,
        rounds=rounds,
        warm_s=warm_s,
        wall_s=wall_s,
        cpu_s=cpu_s,
        coverage=sum(s.counted for s in summaries) / (rounds * len(simulation.reachable)),
        frames=sum(s.traffic.frames for s in summaries),
    )


def build_ns3() -> Path | None:
    """The ns-3 program, built now; None where ns-3 is not installed. Raises Ns3Error."""
    if not (shutil.which("pkg-config") and shutil.which("make")):
        return None
    if subprocess.run(["pkg-config", "--exists", "ns3-lr-wpan"], check=False).returncode:
        return None
    _output_of(["make", "--no-print-directory", "-C", str(NS3_FOLDER)])
    return NS3_FOLDER.parent.parent / "build" / "benchmarks" / "lr_wpan_field"


def measure_ns3(program: Path, nodes: int, seed: int) -> Peer:
    """The same load in ns-3. Raises Ns3Error."""
    seconds = PERIOD_S * max(1, NS3_NODE_PERIODS // nodes)
    options = {"nodes": nodes, "seed": seed, "seconds": seconds, "range": RANGE_M}
    return Peer(**json.loads(_output_of([str(program), *(f"--{k}={v}" for k, v in options.items())])))


def _output_of(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=NS3_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        detail = getattr(error, "stderr", None) or str(error)
        raise Ns3Error(f"{command[0]}: {detail.strip()}; --no-ns3 leaves ns-3 out") from error
    return done.stdout


def rows_of(ours: Sequence[Measurement], peers: Mapping[int, Peer]) -> Iterator[tuple[str, ...]]:
    """The table, ratios first; costs are compared with the first field."""
    yield (
        *(
            "nodes",
            "x real time",
            "ns-3",
            "ours : ns-3",
            f"cost : {ours[0].nodes}",
            "us/node/round",
            "us/frame",
        ),
        *("coverage", "neighbours", "frames/node/round", "rounds", "warm-up s"),
    )
    for m in ours:
        peer = peers.get(m.nodes)
        yield (
            f"{m.nodes}",
            f"{m.times_real_time:.3g}",
            f"{peer.times_real_time:.3g}" if peer else "-",
            f"{m.times_real_time / peer.times_real_time:.2f}" if peer else "-",
            f"{m.us_per_node_round / ours[0].us_per_node_round:.2f}",
            f"{m.us_per_node_round:.0f}",
            f"{m.cpu_s * 1_000_000 / max(1, m.frames):.0f}",
            f"{m.coverage:.2%}",
            f"{m.neighbours:.1f}",
            f"{m.frames / (m.nodes * m.rounds):.2f}",
            f"{m.rounds}",
            f"{m.warm_s:.1f}",
        )


def report(ours: Sequence[Measurement], peers: Mapping[int, Peer]) -> None:
    """Print the table and what else there is to know."""
    rows = list(rows_of(ours, peers))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)))
    for peer in peers.values():
        print(
            f"ns-3, {peer.nodes} nodes: {peer.simulated_s:g} s in {peer.cpu_s:.2f} s, "
            f"set-up {peer.set_up_s:.2f} s; {peer.events} events, {peer.frames_sent} frames sent, "
            f"{peer.frames_received} received; {peer.neighbours:.1f} neighbours"
        )
    runs: list[Measurement | Peer] = [*ours, *peers.values()]
    least = min(run.cpu_s / run.wall_s for run in runs)
    if least < OWN_CORE:
        print(f"the machine was busy: a run had only {least:.0%} of a core, and ran slower for it")


def _nodes(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_NODE_ID:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of nodes; give 1 to {MAX_NODE_ID}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How fast the simulator is, and ns-3 beside it.")
    parser.add_argument("nodes", nargs="*", type=_nodes, default=FIELDS, help="(default: 100 1000 10000)")
    parser.add_argument("--seed", type=int, default=1, help="of the fields and the runs (default: 1)")
    parser.add_argument("--no-checks", action="store_true", help="without the invariants of every round")
    parser.add_argument("--no-ns3", action="store_true", help="without the peer")
    return parser.parse_args()


def main() -> int:
    """0 when all was measured, 1 when a run failed, 2 on bad usage."""
    args = _arguments()
    ours: list[Measurement] = []
    peers: dict[int, Peer] = {}
    try:
        program = None if args.no_ns3 else build_ns3()
        for nodes in args.nodes:
            print(f"{nodes} nodes ...", file=sys.stderr)
            rounds = max(FEWEST_ROUNDS, NODE_ROUNDS // nodes)
            ours.append(measure(nodes, args.seed, rounds, checks=not args.no_checks))
            if program is not None:
                peers[nodes] = measure_ns3(program, nodes, args.seed)
    except (InvariantViolation, Ns3Error) as error:
        print(f"simulator_speed: {error}", file=sys.stderr)
        return 1
    checks = "off" if args.no_checks else "on"
    print(f"T = {PERIOD_S} s, CC1000, CSMA with collisions, invariants {checks}, seed {args.seed}")
    report(ours, peers)
    if program is None and not args.no_ns3:
        print("ns-3 is not installed; on Debian: apt-get install libns3-dev")
    return 0


if __name__ == "__main__":
    sys.exit(main())
