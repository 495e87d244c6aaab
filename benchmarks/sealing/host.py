"""Random messages sealed, opened and tampered with by the C core as this machine runs it."""

from __future__ import annotations

import argparse
from functools import partial
from itertools import islice
from random import Random

from benchmarks.claims import Claim, report
from benchmarks.cores import on_all_cores
from benchmarks.sealing.messages import TAG_BYTES, Message, messages, tampered
from firmware.native import ccm

MESSAGES_A_SEED = 10_000
SHOWN = 10  # failures; each is a line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--cases", type=int, default=1_000_000, help="messages at least (default: 1000000)")
    parser.add_argument("--from-seed", type=int, default=1, help="the first seed (default: 1)")


def main(args: argparse.Namespace) -> int:
    """0 if every message was sealed and opened as `cryptography` does it, and no tampered one was opened."""
    seeds = range(args.from_seed, args.from_seed - (-args.cases // MESSAGES_A_SEED))
    failures = [line for lines in on_all_cores(_failures_of_seed, seeds, "messages") for line in lines]
    for line in failures[:SHOWN]:
        print(line)
    claim = Claim("sealed or opened otherwise, or opened though forged", str(len(failures)), not failures)
    cases = len(seeds) * MESSAGES_A_SEED
    return report(f"{cases} messages of seeds {seeds[0]} to {seeds[-1]}, by `cryptography`", [claim])


def _failures_of_seed(seed: int) -> list[str]:
    rng = Random(-seed)
    found = map(partial(failure_of, rng=rng), islice(messages(seed), MESSAGES_A_SEED))
    return [f"seed {seed}: {line}" for line in found if line]


def failure_of(message: Message, rng: Random) -> str:
    """What the core did wrong with a message; nothing if all was right."""
    key, nonce, clear = message.key, message.nonce, message.clear
    sealed = ccm.seal(key, nonce, clear, message.secret)
    forged = tampered(message.sealed, rng)
    if sealed != message.sealed:
        return f"sealed wrong: {message}"
    if ccm.open_(key, nonce, sealed, len(clear)) != (True, message.opened + bytes(TAG_BYTES)):
        return f"opened wrong: {message}"
    if ccm.open_(key, nonce, forged, len(clear)) != (False, forged):
        return f"opened though forged, or not left as it was: {message}: {forged.hex()}"
    return ""
