"""How fast fields of emulated boards are: the very image, joined to a tree, with a round every 5 s.

python -m benchmarks.emulator [BOARDS ...]

Grids in which a node hears its eight neighbours, over the mica2's radio with collisions, every invariant
checked. One process on one core, which never waits: timed by processor time. Only the floor can fail.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass

from benchmarks.claims import Claim, report
from firmware.native.board import BOARD_HZ
from firmware.native.boards import Boards
from firmware.native.library import NotBuiltError
from protocol.simulator.medium import Air
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.topology import grid

FIELDS = [16, 100]
# Of a field of a hundred, times real time.
FLOOR = 2.0
FLOOR_BOARDS = 100
WARM_ROUNDS = 2
ROUNDS = 6
SPACING_M, RANGE_M = 10.0, 15.0
# Timer 0 counts to 256 at 16 MHz / 64: what wakes a board that has nothing to do.
TICK_CYCLES = 64 * 256


@dataclass(frozen=True, slots=True)
class Speed:
    """Of `boards`: simulated seconds, processor seconds, the share of their time awake, readings lost."""

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


def measure(nodes: int, seed: int) -> Speed:
    """A square field of about that many nodes, one of which is the root and no board."""
    side = math.isqrt(nodes)
    boards = Boards()
    rounds: list[RoundSummary] = []
    simulation = Simulation(
        grid(side, side, SPACING_M, RANGE_M),
        seed=seed,
        make_node=boards.make_node,
        metrics=boards.metrics,
        air=Air(collisions=True),
        on_round=rounds.append,
    )
    boards.attach(simulation)
    simulation.run(WARM_ROUNDS)
    began_us, began_s = simulation.now_us, time.process_time()
    simulation.run(WARM_ROUNDS + ROUNDS)
    cpu_s = time.process_time() - began_s
    reports = boards.finish()
    return Speed(
        len(reports),
        (simulation.now_us - began_us) / 1_000_000,
        cpu_s,
        sum(board.busy_cycles for board in reports) / sum(board.cycles for board in reports),
        sum(found.counted for found in rounds[WARM_ROUNDS:]) / (ROUNDS * side * side),
    )


def claims_of(speed: Speed) -> list[Claim]:
    """The lines of one field."""
    name = f"{speed.boards} boards"
    floor = speed.times_real_time >= FLOOR if speed.boards + 1 >= FLOOR_BOARDS else None
    return [
        Claim(f"{name}: times real time", f"{speed.times_real_time:.1f}", floor),
        Claim(f"{name}: board-seconds a second", f"{speed.boards * speed.times_real_time:.0f}"),
        Claim(f"{name}: processor time a board and tick", f"{speed.us_per_tick:.2f} us"),
        Claim(f"{name}: awake", f"{100 * speed.awake:.1f} % of the time"),
        Claim(f"{name}: readings counted", f"{100 * speed.coverage:.1f} %"),
    ]


def main() -> int:
    """0 if the floor holds, 1 if not, 2 if the firmware is not built."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.emulator", description=__doc__)
    parser.add_argument(
        "nodes", nargs="*", type=int, metavar="NODES", help="square numbers (default: 16 100)"
    )
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    try:
        speeds = [measure(nodes, args.seed) for nodes in args.nodes or FIELDS]
    except NotBuiltError as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    title = f"{ROUNDS} rounds, T = 5 s, after {WARM_ROUNDS} in which the boards start and join"
    return report(title, [claim for speed in speeds for claim in claims_of(speed)])


if __name__ == "__main__":
    sys.exit(main())
