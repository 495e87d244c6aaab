"""The figures that a polled network promises, each by a command: `python -m benchmarks.polling SUBJECT`."""

from __future__ import annotations

import argparse
import sys

from benchmarks.polling import exhaustive, fifty
from benchmarks.sink_tree.cores import BrokenError

SUBJECTS = {"exhaustive": exhaustive, "fifty": fifty}


def main() -> int:
    """0 when every claim holds, 1 when one fails or an invariant breaks, 2 on bad usage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.polling", description=__doc__)
    subjects = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
    for name, module in SUBJECTS.items():
        about = (module.__doc__ or "").partition("\n")[0]
        module.add_arguments(subjects.add_parser(name, help=about, description=module.__doc__))
    args = parser.parse_args()
    try:
        return int(SUBJECTS[args.subject].main(args))
    except BrokenError as error:
        print(f"polling: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
