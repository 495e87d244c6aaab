"""The figures that the token ring promises, each by a command: `python -m benchmarks.ring SUBJECT`."""

from __future__ import annotations

import argparse
import sys

from benchmarks.ring import corosync, exhaustive, failover, faults
from benchmarks.sink_tree.cores import BrokenError

SUBJECTS = {"faults": faults, "exhaustive": exhaustive, "failover": failover, "corosync": corosync}


def main() -> int:
    """0 when every claim holds, 1 when one fails or an invariant breaks, 2 on bad usage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ring", description=__doc__)
    subjects = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
    for name, module in SUBJECTS.items():
        about = (module.__doc__ or "").partition("\n")[0]
        module.add_arguments(subjects.add_parser(name, help=about, description=module.__doc__))
    args = parser.parse_args()
    try:
        return int(SUBJECTS[args.subject].main(args))
    except BrokenError as error:
        print(f"ring: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
