"""The Python decoders under atheris: frames, byte streams, logs.

Whatever the bytes, they are a value or the decoder's own error; a frame that was read is written as it was.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.cores import BrokenError
from benchmarks.fuzz import corpus
from benchmarks.fuzz.core import Fuzzed, read_summary
from firmware.native.library import ROOT
from protocol.capture import CaptureWriter, Direction, Record
from protocol.framing import encode_stream

MAX_INPUT_BYTES = 600
# As benchmarks.fuzz.target numbers its readers.
FRAME, STREAM, LOG = b"\x00", b"\x01", b"\x02"


def write_corpus(folder: Path) -> None:
    """Every vector as a frame, as a stream and in a log."""
    folder.mkdir()
    frames = corpus.vector_frames()
    made = [FRAME + frame[: -corpus.CRC_BYTES] for frame in frames]
    made += [STREAM + encode_stream(frame) for frame in frames]
    for frame in frames:
        writer = CaptureWriter()
        record = writer.encode(Record(0, "air", Direction.INBOUND, frame))
        made.append(LOG + writer.header() + record)
    for number, seed in enumerate(made):
        (folder / f"seed-{number:04}").write_bytes(seed)


def fuzz(*, seed: int, seconds: int = 0, executions: int = 0) -> Fuzzed:
    """Run until so many seconds or executions are over (0: no limit). Raises BrokenError with the input."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "corpus"
        write_corpus(inputs)
        # What it counts as its own begins with the most that the process that starts it ever had.
        limits = ["-rss_limit_mb=0", "-malloc_limit_mb=512"]
        limits += [f"-max_total_time={seconds}"] if seconds else []
        limits += [f"-runs={executions}"] if executions else []
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "benchmarks.fuzz.target", f"-seed={seed}", *limits),
                *(f"-max_len={MAX_INPUT_BYTES}", f"-artifact_prefix={folder}/", str(inputs)),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            errors="replace",
        )
        found = [path.read_bytes() for path in Path(folder).glob("*-*") if path.is_file()]
    if ended.returncode != 0:
        replay = f"read_one(bytes.fromhex({found[0].hex()!r}))" if found else ""
        raise BrokenError(
            f"decoders, seed {seed}:\n{ended.stdout[-2000:]}{ended.stderr[-4000:]}\n"
            f"replay: from benchmarks.fuzz.target import read_one; {replay}"
        )
    return read_summary(ended.stderr)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--executions", type=int, default=0, metavar="N", help="stop after so many")
    parser.add_argument("--seconds", type=int, default=0, metavar="S", help="stop after so long (60)")
    parser.add_argument("--seed", type=int, default=1)


def main(args: argparse.Namespace) -> int:
    seconds = args.seconds or (0 if args.executions else 60)
    done = fuzz(seed=args.seed, seconds=seconds, executions=args.executions)
    print(f"decoders: {done.executions:,} executions in {done.seconds} s, {done.edges} edges, no finding")
    return 0
