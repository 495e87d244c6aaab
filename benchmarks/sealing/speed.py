"""How fast sealed frames are decoded in Python, against nothing but the decryption.

The frames are those of a simulated tree. A sealed frame is decoded when it is an open one with its CRC;
received, when also its bytes were judged, its header was read, and its sender's window moved. Beside them
stand bare calls of `cryptography`'s AESCCM.decrypt, with nonces and data that are ready. All take turns, and
the fastest turn of each counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from benchmarks.claims import Claim, report
from protocol import packets
from protocol.capture import Record
from protocol.replay_window import Senders
from protocol.sealing import HOST_TYPES, LIFE_TYPES, SealingKey, unfit
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import scattered

RATIO = 0.5
KEY = bytes(range(16))
LIFE = 7 << 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--frames", type=int, default=20_000, help="at a time (default: 20000)")
    parser.add_argument("--turns", type=int, default=15, help="of both (default: 15)")


def main(args: argparse.Namespace) -> int:
    """0 if decoding is at least half as fast as decryption alone."""
    times = measured(args.frames, args.turns)
    print("  ".join(f"{name} {us:.2f} us ({times['bare'] / us:.2f})" for name, us in times.items()))
    ratio = times["bare"] / times["decoded"]
    claim = Claim(f"speed of decoding : bare decryption, at least {RATIO}", f"{ratio:.2f}", ratio >= RATIO)
    return report(f"{args.frames} frames, {args.turns} turns", [claim])


def measured(frames: int, turns: int) -> dict[str, float]:
    """Microseconds a frame of each way."""
    opened = field_frames()
    numbers = [LIFE + 100 + place for place in range(frames)]
    key = SealingKey(KEY)
    sealed = [key.seal(opened[place % len(opened)], number) for place, number in enumerate(numbers)]
    ready = [
        (frame[1:3] + number.to_bytes(7, "big") + bytes(4), frame[8:], frame[:8])
        for frame, number in zip(sealed, numbers, strict=True)
    ]
    ways: dict[str, Callable[[], None]] = {
        "bare": lambda: _decrypt_all(ready),
        "decoded": lambda: _decode_all(sealed, numbers),
        "received": lambda: _receive_all(sealed),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, run in ways.items():
            start_s = time.process_time()
            run()
            times[name].append((time.process_time() - start_s) / frames * 1e6)
    return {name: min(found) for name, found in times.items()}


def field_frames() -> list[bytes]:
    """What is on the air of a tree of 20 in 30 rounds."""
    found: list[bytes] = []

    def take(record: Record) -> None:
        if record.frame[0] not in HOST_TYPES | LIFE_TYPES:
            found.append(record.frame)

    Simulation(scattered(20, 60, 60, 25, seed=1), seed=1, on_record=take).run(30)
    return found


def _decode_all(sealed: list[bytes], numbers: list[int]) -> None:
    key = SealingKey(KEY)
    for frame, number in zip(sealed, numbers, strict=True):
        if key.open(frame, number) is None:
            raise AssertionError("not opened")


def _receive_all(sealed: list[bytes]) -> None:
    key, senders = SealingKey(KEY), Senders(1024)
    for source in {packets.peek_header(frame)[1] for frame in sealed}:
        senders.prove(source, LIFE + 99)
    for frame in sealed:
        if unfit(frame) is not None:
            raise AssertionError("unfit")
        _, source, _, counter = packets.peek_header(frame)
        number = senders.locate(source, counter)
        if number < 0 or key.open(frame, number) is None:
            raise AssertionError("not opened")
        senders.take(source, number)


def _decrypt_all(ready: list[tuple[bytes, bytes, bytes]]) -> None:
    decrypt = AESCCM(KEY, tag_length=8).decrypt
    for nonce, data, associated in ready:
        decrypt(nonce, data, associated)
