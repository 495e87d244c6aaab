"""How fast fields of emulated boards are: the very images, joined to a tree, with a round every 5 s.

python -m benchmarks.emulator [BOARDS ...]

Grids in which a node hears its eight neighbours, over the mica2's radio with collisions, every invariant
checked; the root is a gateway's image on a Mega. One process on one core, which never waits: timed by
processor time. Then what each image leaves of its RAM. Only the floor can fail.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.claims import Claim, report
from bridge.cores import core_of
from bridge.scenarios import read_scenario
from bridge.simulate import simulation_of
from firmware.native.board import BOARD_HZ, MEGA
from firmware.native.boards import Boards
from firmware.native.eeprom import FieldSettings
from firmware.native.library import NotBuiltError
from protocol.proofs import INTRODUCTION_MS
from protocol.simulator.medium import Air
from protocol.simulator.scenario import AVR, BOARD_GATEWAY, Scenario
from protocol.simulator.sealed_nodes import master_key_of
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.topology import grid
from protocol.timing import Timing

FIELDS = [16, 100]
# Of a field of a hundred, times real time.
FLOOR = 2.0
# What neither data nor stack of an Uno should ever touch.
AIM_UNTOUCHED_BYTES = 600
FLOOR_BOARDS = 100
# Rounds in which the boards start and join. On an air with collisions a sealed field takes long, as all its
# nodes prove their counters to each other at once.
WARM_ROUNDS, SEALED_WARM_ROUNDS = 2, 16
ROUNDS = 6
SPACING_M, RANGE_M = 10.0, 15.0
# Timer 0 counts to 256 at 16 MHz / 64: what wakes a board that has nothing to do.
TICK_CYCLES = 64 * 256


@dataclass(frozen=True, slots=True)
class Speed:
    """Of `boards`: simulated seconds, processor seconds, the share of their time awake, readings counted."""

    network: str
    boards: int
    simulated_s: float
    cpu_s: float
    awake: float
    coverage: float

    @property
    def times_real_time(self) -> float:
        """Simulated seconds a second."""
        return self.simulated_s / self.cpu_s

    @property
    def us_per_tick(self) -> float:
        """Processor time for a board and a tick of its clock, with all that happens besides."""
        ticks = self.boards * self.simulated_s * BOARD_HZ / TICK_CYCLES
        return 1_000_000 * self.cpu_s / ticks


def measure(nodes: int, seed: int, *, sealed: bool) -> Speed:
    """A square field of about that many boards."""
    side = math.isqrt(nodes)
    topology = grid(side, side, SPACING_M, RANGE_M)
    settings = FieldSettings(
        master=master_key_of(seed) if sealed else None,
        gateways=(topology.root,),
        period_ms=Timing().period_ms,
    )
    boards = Boards(settings=settings, root_kind=MEGA)
    rounds: list[RoundSummary] = []
    simulation = Simulation(
        topology,
        seed=seed,
        make_node=boards.make_node,
        metrics=boards.metrics,
        air=Air(collisions=True),
        on_round=rounds.append,
        introduction_ms=INTRODUCTION_MS if sealed else 0,
    )
    boards.attach(simulation)
    warm_rounds = SEALED_WARM_ROUNDS if sealed else WARM_ROUNDS
    simulation.run(warm_rounds)
    began_us, began_s = simulation.now_us, time.process_time()
    simulation.run(warm_rounds + ROUNDS)
    cpu_s = time.process_time() - began_s
    reports = boards.finish()
    return Speed(
        "sealed" if sealed else "open",
        len(reports),
        (simulation.now_us - began_us) / 1_000_000,
        cpu_s,
        sum(board.busy_cycles for board in reports) / sum(board.cycles for board in reports),
        sum(found.counted for found in rounds[warm_rounds:]) / (ROUNDS * side * side),
    )


def claims_of(speed: Speed) -> list[Claim]:
    """The lines of one field."""
    name = f"{speed.boards} boards, {speed.network}"
    floor = speed.times_real_time >= FLOOR if speed.boards >= FLOOR_BOARDS else None
    return [
        Claim(f"{name}: times real time", f"{speed.times_real_time:.1f}", floor),
        Claim(f"{name}: board-seconds a second", f"{speed.boards * speed.times_real_time:.0f}"),
        Claim(f"{name}: processor time a board and tick", f"{speed.us_per_tick:.2f} us"),
        Claim(f"{name}: awake", f"{100 * speed.awake:.1f} % of the time"),
        Claim(f"{name}: readings counted", f"{100 * speed.coverage:.1f} %"),
    ]


def untouched(scenario: Scenario) -> list[Claim]:
    """What the images of that scenario's boards leave of their RAM, at least."""
    core = core_of(scenario)
    assert core.boards is not None
    simulation_of(scenario, core).run(scenario.rounds)
    least: dict[str, int] = {}
    for found in core.boards.finish():
        image = core.boards.kind_of(found.node_id).image
        least[image] = min(least.get(image, 1 << 16), found.untouched_bytes or 0)
    return [
        Claim(f"{Path(image).stem}: RAM never touched, sealed", f"{left} B (aim: {AIM_UNTOUCHED_BYTES} B)")
        for image, left in least.items()
    ]


def stack_claims() -> list[Claim]:
    """Of each image, in a field that works it hard: faults, a sealed network, letters aside."""
    fields = [
        replace(read_scenario("grid-16-links-80"), rounds=20, gateway=BOARD_GATEWAY),
        replace(read_scenario("ring-8"), rounds=12),
        replace(read_scenario("polling-8"), rounds=12),
    ]
    return [claim for field in fields for claim in untouched(replace(field, core=AVR, sealed=True))]


def main() -> int:
    """0 if the floor holds, 1 if not, 2 if the firmware is not built."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.emulator", description=__doc__)
    parser.add_argument(
        "nodes", nargs="*", type=int, metavar="NODES", help="square numbers (default: 16 100)"
    )
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    try:
        speeds = [
            measure(nodes, args.seed, sealed=sealed)
            for nodes in args.nodes or FIELDS
            for sealed in (False, True)
        ]
        stacks = stack_claims()
    except NotBuiltError as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    title = (
        f"{ROUNDS} rounds, T = 5 s, after {WARM_ROUNDS} in which the boards start and join"
        f" ({SEALED_WARM_ROUNDS} in a sealed field)"
    )
    return report(title, [claim for speed in speeds for claim in claims_of(speed)] + stacks)


if __name__ == "__main__":
    sys.exit(main())
