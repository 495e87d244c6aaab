"""A package of benchmarks as one command: a subject is a module with add_arguments(parser) and main(args)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from types import ModuleType

from benchmarks.cores import BrokenError


def run(package: str, about: str, subjects: Mapping[str, ModuleType]) -> int:
    """0 when every claim holds, 1 when one fails or an invariant breaks, 2 on bad usage."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{package}", description=about)
    choices = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
    for name, module in subjects.items():
        headline = (module.__doc__ or "").partition("\n")[0]
        module.add_arguments(choices.add_parser(name, help=headline, description=module.__doc__))
    args = parser.parse_args()
    try:
        return int(subjects[args.subject].main(args))
    except BrokenError as error:
        print(f"{package}: {error}", file=sys.stderr)
        return 1
