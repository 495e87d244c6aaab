"""The C core under libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer.

`parser`: byte stream, frames, payloads. `nodes`: the three networks' nodes, fed with frames and time. The
long run is --executions 100000000.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.build import make
from benchmarks.cores import BrokenError
from benchmarks.fuzz import corpus
from firmware.native.library import BUILD

TARGETS = {"parser": 220, "nodes": 2000}  # and the longest input, bytes


@dataclass(frozen=True)
class Fuzzed:
    """What a run without a finding did."""

    executions: int
    seconds: int
    edges: int


def build() -> None:
    """Compile both targets (clang). Raises CalledProcessError and TimeoutExpired."""
    make("fuzz")


def fuzz(target: str, *, seed: int, seconds: int = 0, executions: int = 0) -> Fuzzed:
    """Run until so many seconds or executions are over (0: no limit). Raises BrokenError with the input."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "corpus"
        corpus.write(target, inputs)
        # What it counts as its own begins with the most that the process that starts it ever had.
        limits = ["-rss_limit_mb=0", "-malloc_limit_mb=512"]
        limits += [f"-max_total_time={seconds}"] if seconds else []
        limits += [f"-runs={executions}"] if executions else []
        ended = subprocess.run(
            [
                *(str(BUILD / f"fuzz-{target}"), f"-seed={seed}", f"-max_len={TARGETS[target]}", *limits),
                *(f"-artifact_prefix={folder}/", "-print_final_stats=1", str(inputs)),
            ],
            capture_output=True,
            text=True,
            errors="replace",
        )
        found = [path.read_bytes() for path in Path(folder).glob("*-*") if path.is_file()]
    if ended.returncode != 0:
        replay = (
            f"echo {found[0].hex()} | xxd -r -p >input && build/firmware/fuzz-{target} input" if found else ""
        )
        raise BrokenError(f"{target}, seed {seed}:\n{ended.stderr[-4000:]}\nreplay: {replay}")
    return read_summary(ended.stderr)


def read_summary(printed: str) -> Fuzzed:
    """The figures of libFuzzer's last lines."""
    done = re.search(r"Done (\d+) runs in (\d+) second", printed)
    edges = re.findall(r" cov: (\d+) ", printed)
    assert done, printed[-2000:]
    assert edges, printed[-2000:]
    return Fuzzed(int(done[1]), int(done[2]), int(edges[-1]))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--target", choices=TARGETS, action="append", help="one of them (both)")
    parser.add_argument("--executions", type=int, default=0, metavar="N", help="stop after so many")
    parser.add_argument("--seconds", type=int, default=0, metavar="S", help="stop after so long (60)")
    parser.add_argument("--seed", type=int, default=1)


def main(args: argparse.Namespace) -> int:
    build()
    seconds = args.seconds or (0 if args.executions else 60)
    for target in args.target or TARGETS:
        done = fuzz(target, seed=args.seed, seconds=seconds, executions=args.executions)
        print(f"{target}: {done.executions:,} executions in {done.seconds} s, {done.edges} edges, no finding")
    return 0
