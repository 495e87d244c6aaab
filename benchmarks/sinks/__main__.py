"""python -m benchmarks.sinks outage|kills: what an outage or a crash costs (benchmarks/README.md)."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.claims import report
from benchmarks.sinks import kills, outage


def main() -> int:
    """The exit code: 1 if a claim fails."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sinks", description=__doc__)
    subjects = parser.add_subparsers(dest="subject", required=True)
    outages = subjects.add_parser("outage", help="the broker, the database is killed and comes back")
    outages.add_argument("--seconds", type=float, default=60.0, help="without it (default: 60)")
    outages.add_argument("--rate", type=float, default=1_000.0, help="readings a second (default: 1000)")
    kill = subjects.add_parser("kills", help="the bridge is killed at random moments")
    kill.add_argument("--kills", type=int, default=100, help="so often (default: 100)")
    kill.add_argument("--seed", type=int, default=1, help="of the moments (default: 1)")
    args = parser.parse_args()
    if args.subject == "kills":
        return _kills(args.kills, args.seed)
    return _outages(outage.Plan(outage_s=args.seconds, rate_per_s=args.rate))


def _outages(plan: outage.Plan) -> int:
    failures = 0
    for name in outage.TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            outcome = outage.run(name, plan, Path(folder))
        title = f"{name} killed for {plan.outage_s:g} s at {plan.rate_per_s:g} readings/s"
        failures += report(title, outcome.claims())
    return int(failures > 0)


def _kills(count: int, seed: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        outcome = kills.run(count, seed, Path(folder))
    return report(f"the bridge killed {count} times at {kills.RATE_PER_S:g} readings/s", outcome.claims())


if __name__ == "__main__":
    sys.exit(main())
